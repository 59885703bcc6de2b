import { after, type Duration, elapsed, Milliseconds, Minutes, type Mono, Seconds } from "../../config/units.ts";

/** A session that ends this soon after a refusal, with its code, ended for it. */
const ENDS_WITHIN = Seconds(5);
/** How long what cost a session is not sent again: doubled each time, up to the cap. */
export const BAR_FIRST = Minutes(1);
export const BAR_CAP = Minutes(15);

/**
 * Some brokers answer a message that they refuse and end the session for it (HiveMQ: PUBACK 0x87, then DISCONNECT 0x87). One leaf
 * that may not be written would then keep everything else from being told, alerts among it: so it is barred for a while, over
 * connections, and the others go on. A session that ends for any other reason lifts every bar, for the rules may have been put right.
 */
export class Refusals<Place extends string> {
  readonly #barred = new Map<Place, { readonly code: number; readonly until: Mono; readonly time: Duration }>();
  #last: { readonly place: Place; readonly code: number; readonly at: Mono } | undefined;

  /** What the broker answered to a message there. */
  answered(place: Place, code: number, now: Mono): void {
    if (code >= 0x80) this.#last = { place, code, at: now };
    else this.#barred.delete(place);
  }

  /** The session is over, with that code of the broker's if it gave one. True: for a refusal, and what caused it is barred now. */
  ended(code: unknown, now: Mono): boolean {
    const last = this.#last;
    this.#last = undefined;
    if (last === undefined || last.code !== code || elapsed(last.at, now) > ENDS_WITHIN) {
      this.#barred.clear();
      return false;
    }
    const before = this.#barred.get(last.place)?.time;
    const time = before === undefined ? BAR_FIRST : Milliseconds(Math.min(BAR_CAP, before * 2));
    this.#barred.set(last.place, { code: last.code, until: after(now, time), time });
    return true;
  }

  /** The broker's code of before, where a message there is not to be sent now. */
  barred(place: Place, now: Mono): number | undefined {
    const bar = this.#barred.get(place);
    return bar === undefined || now >= bar.until ? undefined : bar.code;
  }
}
