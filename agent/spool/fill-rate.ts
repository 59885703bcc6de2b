import { type Duration, elapsed, isDue, Minutes, type Mono } from "../../config/units.ts";

/** A rate over less says nothing of a day. */
const SPAN_MIN = Minutes(1);
const SAMPLE_EVERY = Minutes(1);
/** A day of samples: what is told is the rate of the last day. */
const SAMPLES_MAX = 24 * 60;

/** Bytes a second that would go to flash if no broker answered, over the last day or since the start. */
export class FillRate {
  readonly #samples: { readonly at: Mono; readonly bytes: number }[];

  constructor(now: Mono) {
    this.#samples = [{ at: now, bytes: 0 }];
  }

  /** `bytes`: made since the start. */
  tick(bytes: () => number, now: Mono): void {
    if (!isDue(this.#samples.at(-1)?.at, SAMPLE_EVERY, now)) return;
    this.#samples.push({ at: now, bytes: bytes() });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  /** Undefined before a minute has passed. */
  perSecond(bytes: number, now: Mono): number | undefined {
    const [first] = this.#samples;
    if (first === undefined) return undefined;
    const span: Duration = elapsed(first.at, now);
    return span < SPAN_MIN ? undefined : ((bytes - first.bytes) / span) * 1000;
  }
}
