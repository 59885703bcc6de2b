import { elapsed, type Mono, Seconds } from "../../config/units.ts";
import type { Unread } from "../effects/effects.ts";
import type { Discarded } from "./attachment.ts";
import type { LinkCounts } from "./link.ts";

/** Discarded bytes are told at most this often. */
const EVERY = Seconds(60);

/** What a port was sent and did not become readings, summed up and told once in a while. */
export class Discards {
  readonly #location: string;
  readonly #tell: (what: Discarded) => void;
  #at: Mono;
  #told = { bytes: 0, broken: 0 };
  #untold: Unread = NOTHING_UNREAD;
  #unread: Unread = NOTHING_UNREAD;

  constructor(location: string, tell: (what: Discarded) => void, now: Mono) {
    this.#location = location;
    this.#tell = tell;
    this.#at = now;
  }

  /** Of a network port, since its session began. */
  get unread(): Unread {
    return this.#unread;
  }

  isDue(now: Mono): boolean {
    return elapsed(this.#at, now) >= EVERY;
  }

  addUnread(more: Unread): void {
    this.#unread = sum(this.#unread, more);
    this.#untold = sum(this.#untold, more);
  }

  /** `beyond`: readings of nodes that are more than are published. */
  tell(counts: Readonly<LinkCounts>, beyond: number, now: Mono): void {
    const bytes = counts.discarded - this.#told.bytes;
    const framesBroken = counts.broken - this.#told.broken;
    this.#told = { bytes: counts.discarded, broken: counts.broken };
    this.#at = now;
    if (bytes > 0) this.#say({ bytes, framesBroken, reason: "broken" });
    if (beyond > 0) this.#say({ readings: beyond, reason: "nodes_full" });
    const { strangers, overrun } = this.#untold;
    this.#untold = NOTHING_UNREAD;
    if (strangers.packets > 0) this.#say({ bytes: strangers.bytes, framesBroken: strangers.packets, reason: "stranger" });
    if (overrun.packets > 0) this.#say({ bytes: overrun.bytes, framesBroken: overrun.packets, reason: "overrun" });
  }

  unproved(bytes: number, readings: number): void {
    this.#say({ bytes, readings, reason: "unproved" });
  }

  #say(what: Partial<Discarded> & Pick<Discarded, "reason">): void {
    this.#tell({ location: this.#location, bytes: 0, framesBroken: 0, readings: 0, ...what });
  }
}

const NONE = { packets: 0, bytes: 0 };
export const NOTHING_UNREAD: Unread = { strangers: NONE, overrun: NONE };

const sum = (one: Unread, more: Unread): Unread => ({
  strangers: added(one.strangers, more.strangers),
  overrun: added(one.overrun, more.overrun),
});
const added = (one: typeof NONE, more: typeof NONE): typeof NONE => ({
  packets: one.packets + more.packets,
  bytes: one.bytes + more.bytes,
});
