import { type Duration, elapsed, Milliseconds, type Mono, Seconds } from "../../config/units.ts";
import type { ClockQuality, Effects } from "../effects/effects.ts";
import type { ClockReading } from "../model/model.ts";

/** A difference between the two clocks that grew by more than this within one tick is a step; less is slew, and blocks tell it. */
const STEP = Milliseconds(100);
/** How often the source of time is asked. */
const ASK_EVERY = Seconds(10);

/** The wall clock as the host believes it, with its quality; tells when it steps or its quality changes. */
export class ClockWatch {
  readonly #effects: Pick<Effects, "clock" | "host">;
  #quality: ClockQuality = { known: "unsynced", source: "" };
  #pending: ClockQuality | undefined;
  #askedAt: Mono | undefined;
  #asking = false;
  #offset: number | undefined;

  constructor(effects: Pick<Effects, "clock" | "host">) {
    this.#effects = effects;
  }

  read(): ClockReading {
    const { clock } = this.#effects;
    return { mono: clock.now(), wall: clock.wall(), quality: this.#quality };
  }

  /** True when a new mapping must be told: the clock stepped, or the source of time thinks otherwise of it. */
  tick(now: Mono): { readonly changed: boolean; readonly stepped: Duration | undefined } {
    if (!this.#asking && (this.#askedAt === undefined || elapsed(this.#askedAt, now) >= ASK_EVERY)) void this.#ask(now);
    const offset = this.#effects.clock.wall() - Number(now / 1_000_000n);
    const stepped = this.#offset === undefined ? 0 : offset - this.#offset;
    this.#offset = offset;
    const fresh = this.#pending;
    this.#pending = undefined;
    const otherQuality = fresh !== undefined && (fresh.known !== this.#quality.known || fresh.source !== this.#quality.source);
    if (fresh !== undefined) this.#quality = fresh;
    const isStep = Math.abs(stepped) > STEP;
    return { changed: otherQuality || isStep, stepped: isStep ? (stepped as Duration) : undefined };
  }

  async #ask(now: Mono): Promise<void> {
    this.#asking = true;
    this.#askedAt = now;
    try {
      this.#pending = await this.#effects.host.clockQuality();
    } finally {
      this.#asking = false;
    }
  }
}
