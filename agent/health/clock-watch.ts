import { type Duration, isDue, Milliseconds, type Mono, Seconds, type Wall } from "../../config/units.ts";
import type { ClockQuality, Effects } from "../effects/effects.ts";
import { Fault } from "../fault/fault.ts";
import type { ClockReading } from "../model/model.ts";

/** A difference between the two clocks that grew by more than this within one tick is a step; less is slew, and blocks tell it. */
const STEP = Milliseconds(100);
/** How often the source of time is asked. */
const ASK_EVERY = Seconds(10);
/** No clock that is right shows less, whatever a build says of its own time. */
const FLOOR_LEAST = Date.UTC(2020, 0, 1);

/** The wall clock as the host believes it, with its quality; tells when it steps or its quality changes. */
export class ClockWatch {
  readonly #effects: Pick<Effects, "clock" | "host">;
  #quality: ClockQuality = { known: "unsynced", source: "" };
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
    const fresh = this.#pending;
    this.#pending = undefined;
    const otherQuality = fresh !== undefined && (fresh.known !== this.#quality.known || fresh.source !== this.#quality.source);
    if (fresh !== undefined) this.#quality = fresh;
    const isStep = Math.abs(stepped) > STEP;
    return { changed: otherQuality || isStep, stepped: isStep ? (stepped as Duration) : undefined };
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
      this.#pending = await this.#effects.host.clockQuality();
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
