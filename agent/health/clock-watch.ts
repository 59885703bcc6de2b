import { CLOCK_DRIFT, type Duration, elapsed, isDue, Milliseconds, type Mono, Seconds, type Wall } from "../../config/units.ts";
import type { ClockQuality, Effects } from "../effects/effects.ts";
import { Fault } from "../fault/fault.ts";
import type { ClockReading } from "../model/model.ts";

/** A difference between the two clocks that grew by more than this within one tick is a step; less is slew, and blocks tell it. */
const STEP = Milliseconds(100);
/** How often the source of time is asked. */
const ASK_EVERY = Seconds(10);
/** No clock that is right shows less, whatever a build says of its own time. */
const FLOOR_LEAST = Date.UTC(2020, 0, 1);

type Vouched = Exclude<ClockQuality, { known: "unsynced" }>;

/** The wall clock as the host believes it, with its quality; tells when it steps or its quality changes. */
export class ClockWatch {
  readonly #effects: Pick<Effects, "clock" | "host">;
  #quality: ClockQuality = { known: "unsynced", source: "" };
  /** The last time that a source vouched for the clock as it goes now. */
  #vouched: { readonly quality: Vouched; readonly at: Mono } | undefined;
  /** What the source said before the clock stepped says nothing of it any more. */
  #overtaken: Wall | undefined;
  #pending: ClockQuality | undefined;
  #askedAt: Mono | undefined;
  #asking = false;
  #offset: number | undefined;
  readonly #floor: Wall;
  /** Set while the clock shows a time before this program was made, which cannot be. A clock above it is not therefore right. */
  fault: Fault | undefined;

  /** `madeAt`: when this program was made. Nothing that was seen later raises the floor: one wild step would lock the box out. */
  constructor(effects: Pick<Effects, "clock" | "host">, madeAt: Wall) {
    this.#effects = effects;
    this.#floor = Math.max(FLOOR_LEAST, madeAt) as Wall;
  }

  read(): ClockReading {
    const { clock } = this.#effects;
    return { mono: clock.now(), wall: clock.wall(), quality: this.#quality };
  }

  /** True when a new mapping must be told: the clock stepped, or the source of time thinks otherwise of it. */
  tick(now: Mono): { readonly changed: boolean; readonly stepped: Duration | undefined } {
    if (!this.#asking && isDue(this.#askedAt, ASK_EVERY, now)) void this.#ask(now);
    this.#judge(this.#effects.clock.wall());
    const offset = this.#effects.clock.wall() - Number(now / 1_000_000n);
    const stepped = this.#offset === undefined ? 0 : offset - this.#offset;
    this.#offset = offset;
    const isStep = Math.abs(stepped) > STEP;
    if (isStep) this.#distrust();
    const fresh = this.#pending;
    this.#pending = undefined;
    const before = this.#quality;
    if (fresh !== undefined) this.#quality = this.#believed(fresh, now);
    const otherQuality = before.known !== this.#quality.known || before.source !== this.#quality.source;
    return { changed: otherQuality || isStep, stepped: isStep ? (stepped as Duration) : undefined };
  }

  /** Who set it, and whether rightly, nobody knows before the source has answered anew: it is asked in the next tick. */
  #distrust(): void {
    this.#overtaken = this.#vouched?.quality.answered ?? this.#overtaken;
    this.#vouched = undefined;
    this.#quality = { known: "unsynced", source: this.#quality.source };
    this.#pending = undefined;
    this.#askedAt = undefined;
  }

  /**
   * | the source says          | believed                                                                               |
   * |--------------------------|----------------------------------------------------------------------------------------|
   * | good                     | good                                                                                   |
   * | good, before a step      | unsynced                                                                               |
   * | nothing (any more)       | holdover since it last vouched, worse by the drift from then on; unsynced where it never did |
   */
  #believed(fresh: ClockQuality, now: Mono): ClockQuality {
    if (fresh.known !== "unsynced") {
      if (fresh.answered !== undefined && fresh.answered === this.#overtaken) return { known: "unsynced", source: fresh.source };
      this.#vouched = { quality: fresh, at: now };
      return fresh;
    }
    if (this.#vouched === undefined) return fresh;
    const { quality, at } = this.#vouched;
    const uncertainty = (quality.uncertainty + elapsed(at, now) * CLOCK_DRIFT) as Duration;
    return { known: "holdover", source: quality.source, uncertainty };
  }

  #judge(wall: Wall): void {
    if (wall >= this.#floor) this.fault = undefined;
    // Made once, and not at every tick.
    else this.fault ??= beforeFloor(wall, this.#floor);
  }

  async #ask(now: Mono): Promise<void> {
    this.#asking = true;
    this.#askedAt = now;
    try {
      const quality = await this.#effects.host.clockQuality();
      // Where the clock stepped meanwhile, it is asked again.
      if (this.#askedAt === now) this.#pending = quality;
    } finally {
      this.#asking = false;
    }
  }
}

function beforeFloor(wall: Wall, floor: Wall): Fault {
  const [shown, made] = [wall, floor].map((time) => new Date(time).toISOString());
  const observed = `The clock of this box says ${shown?.slice(0, 16).replace("T", " ")} UTC, but this program was made on ${made?.slice(0, 10)}`;
  return new Fault("clock.before_floor", `${observed}: good certificates will look as if they were not valid yet`);
}
