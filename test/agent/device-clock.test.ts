import { describe, expect, test } from "vitest";
import { deviceClockText } from "../../agent/cli/device-clock-text.ts";
import type { ClockQuality } from "../../agent/effects/effects.ts";
import {
  AGREE_AFTER,
  CLOCK_UNKNOWN,
  type DeviceOffset,
  isLookDue,
  LOOK_EVERY,
  latestOffset,
  nextDeviceClock,
  TELL_EVERY,
  timeOnLine,
} from "../../agent/session/device-clock.ts";
import { type Duration, Milliseconds, Minutes, Seconds } from "../../config/units.ts";
import { puritanBennett840 } from "../../drivers/puritan-bennett-840/driver.ts";
import { randomOf } from "../drivers/streams.ts";
import { StillClock } from "./fakes.ts";

const HOUR = 3_600_000;
const UNSYNCED: ClockQuality = { known: "unsynced", source: "none" };
const SYNCED: ClockQuality = { known: "synced", source: "timesyncd", uncertainty: Milliseconds(5000) };

/** A device whose clock is `ahead` of true time, and a gateway whose clock begins right. What was told is kept. */
class Pair {
  readonly clock = new StillClock();
  readonly told: DeviceOffset[] = [];
  quality: ClockQuality = SYNCED;
  /** True time less what the gateway's clock shows. */
  wrong = 0;
  state = CLOCK_UNKNOWN;
  looks = 0;
  readonly grain: Duration;
  ahead: number;
  constructor(ahead: number, grain: Duration = Seconds(1)) {
    this.ahead = ahead;
    this.grain = grain;
  }
  /** Only the gateway's clock moves. */
  stepGateway(by: number): void {
    this.clock.step(by);
    this.wrong -= by;
  }
  /** One stamp that is `late` on its way; `damaged` by so much. */
  stamp({ late = 0, underWay = 20, damaged = 0 } = {}): void {
    const at = this.clock.now();
    if (!isLookDue(this.state, at)) return;
    this.looks += 1;
    const showing = this.clock.wall() + this.wrong + this.ahead - late;
    const shown = Math.floor(showing / this.grain) * this.grain + damaged;
    const against = { mono: at, wall: this.clock.wall(), quality: this.quality };
    const { state, tell } = nextDeviceClock(this.state, { shown, grain: this.grain, underWay: Milliseconds(underWay), against });
    this.state = state;
    if (tell !== undefined) this.told.push(tell);
  }
  /** A stamp each second. */
  run(seconds: number, damagedAt = -1): this {
    for (let second = 0; second < seconds; second++) {
      this.clock.pass(1000);
      this.stamp({ damaged: second === damagedAt ? -7 * HOUR : 0 });
    }
    return this;
  }
}

describe("the clock of a device", () => {
  test.each([
    ["23 min 40 s behind", -1_420_000, Seconds(1)],
    ["right", 0, Seconds(1)],
    ["20 years ahead", 20 * 8766 * HOUR, Seconds(1)],
    ["40 s behind, and counts minutes", -40_000, Minutes(1)],
  ])("that is %s is told once with a bound that holds the truth", (_what, ahead, grain) => {
    const { told } = new Pair(ahead, grain).run(3600);
    expect(told).toHaveLength(1);
    expect(Math.abs(told[0]!.offset - ahead)).toBeLessThanOrEqual(told[0]!.bound);
    expect(told[0]!.bound).toBe(grain / 2 + 10);
    expect(told[0]!.step).toBeUndefined();
  });

  test("lies within its bound however long a frame was on its way, as long as that was no longer than it says", () => {
    const random = randomOf(7);
    for (let round = 0; round < 2000; round++) {
      const ahead = random.below(10 * HOUR) - 5 * HOUR;
      const pair = new Pair(ahead, random.below(2) === 0 ? Seconds(1) : Minutes(1));
      for (let count = 0; count < 3; count++) {
        pair.clock.pass(3000 + random.below(20_000));
        const underWay = random.below(1500);
        pair.stamp({ underWay, late: random.below(underWay + 1) });
        const now = latestOffset(pair.state);
        if (now !== undefined) expect(Math.abs(now.offset - ahead), `round ${round}`).toBeLessThanOrEqual(now.bound);
      }
    }
  });

  test("is looked at every ten seconds, and sooner only where it says something new", () => {
    const pair = new Pair(0).run(601);
    expect(pair.looks).toBe(2 + 59);
    expect([LOOK_EVERY, AGREE_AFTER]).toEqual([10_000, 3000]);
  });

  test.each([
    ["an hour ahead in spring", HOUR],
    ["an hour back in autumn", -HOUR],
    ["set by three seconds", 3000],
    ["set by twenty years", -20 * 8766 * HOUR],
  ])("that jumps %s is told as a step, with when it was last seen before", (_what, by) => {
    const pair = new Pair(5000).run(100);
    const before = pair.clock.now();
    pair.ahead += by;
    pair.run(100);
    expect(pair.told).toHaveLength(2);
    const { step, offset, bound, against } = pair.told[1]!;
    expect(Math.abs(step!.by - by)).toBeLessThanOrEqual(2 * bound);
    expect(Math.abs(offset - 5000 - by)).toBeLessThanOrEqual(bound);
    expect(step!.after).toBeLessThanOrEqual(before);
    expect(Number(against.mono - before) / 1e6, "told within a look and an agreement").toBeLessThanOrEqual(LOOK_EVERY + AGREE_AFTER + 1000);
  });

  test("does not jump by a single stamp that is damaged, nor begins by one", () => {
    const later = new Pair(0).run(100, 50);
    expect(later.told).toHaveLength(1);
    const first = new Pair(0).run(100, 0);
    expect(first.told).toHaveLength(1);
    expect(Math.abs(first.told[0]!.offset)).toBeLessThanOrEqual(first.told[0]!.bound);
  });

  test("does not jump when the gateway's own clock does: the offset moves, and is told as no step (R43)", () => {
    const pair = new Pair(2000).run(100);
    for (const by of [HOUR, -HOUR, 20 * 8766 * HOUR, -40 * 8766 * HOUR]) {
      pair.told.length = 0;
      pair.stepGateway(by);
      pair.run(120);
      expect(pair.told.map(({ step }) => step)).toEqual([undefined]);
      expect(Math.abs(pair.told[0]!.offset - 2000 - pair.wrong)).toBeLessThanOrEqual(pair.told[0]!.bound);
    }
  });

  test("that is compared in 1970 can be placed later: offset and the gateway's belief stand beside each other", () => {
    const pair = new Pair(-90_000);
    pair.quality = UNSYNCED;
    pair.stepGateway(-pair.clock.wall());
    pair.run(30);
    const { offset, against, bound } = pair.told[0]!;
    expect(against.quality.known).toBe("unsynced");
    expect(offset).toBeGreaterThan(50 * 8766 * HOUR);
    // A ClockMapping of that boot says what the time really was.
    expect(Math.abs(offset + against.wall - (against.wall + pair.wrong) + 90_000)).toBeLessThanOrEqual(bound);
    pair.told.length = 0;
    pair.quality = SYNCED;
    pair.stepGateway(pair.wrong);
    pair.run(90);
    expect(pair.told).toMatchObject([{ against: { quality: { known: "synced" } } }]);
    expect(Math.abs(pair.told[0]!.offset + 90_000)).toBeLessThanOrEqual(bound);
  });

  test("that drifts is told anew when it is elsewhere than was told, and never as a step", () => {
    const pair = new Pair(0);
    // Far worse than any: 1 s in 100 s.
    for (let second = 0; second < 2000; second++) {
      pair.ahead += 10;
      pair.run(1);
    }
    expect(pair.told.length).toBeGreaterThan(4);
    expect(pair.told.length).toBeLessThanOrEqual(2000 / (TELL_EVERY / 1000));
    expect(pair.told.map(({ step }) => step)).toEqual(pair.told.map(() => undefined));
  });

  test("that stands still is believed at no time again", () => {
    const pair = new Pair(0).run(60);
    for (let second = 0; second < 600; second++) {
      pair.ahead -= 1000;
      pair.run(1);
    }
    expect(pair.told).toHaveLength(1);
  });

  test("is bounded by the line: 1225 bytes at 9600 take 1.4 s", () => {
    expect(timeOnLine(1225, puritanBennett840)).toBeCloseTo(1403.6, 0);
  });
});

describe("a person is told of a device's clock", () => {
  const clock = (offsetMs: number, more = {}) => ({ offsetMs, boundMs: 520, at: "", against: "synced" as const, ...more });
  test.each([
    ["23 min 40 s behind", -1_420_000, 0, "is 23 min 40 s behind the local time of this box (± 1 s)"],
    ["right", 300, 0, undefined],
    ["off by less than its bound and a second", -1500, 0, undefined],
    ["off by a little more", 2100, 0, "is 2 s ahead of the local time of this box (± 1 s)"],
    ["right in the zone of this box", HOUR, HOUR, undefined],
    ["an hour ahead", HOUR + 700, 0, "is 1 h ahead of the local time of this box (± 1 s); probably daylight saving"],
    ["an hour behind in its zone", HOUR, 2 * HOUR, "is 1 h behind the local time of this box (± 1 s); probably daylight saving"],
    ["of another zone", -5 * HOUR, 0, "is 5 h behind the local time of this box (± 1 s); perhaps another time zone"],
    ["years off", -3 * 8766 * HOUR - 25 * HOUR, 0, "is 3 years 1 days behind the local time of this box (± 1 s)"],
  ])("where it is %s", (_what, offset, zone, text) => {
    expect(deviceClockText(clock(offset), zone)).toBe(text);
  });

  test("and of a clock that counts minutes only what is beyond that", () => {
    expect(deviceClockText(clock(-30_000, { boundMs: 30_720 }), 0)).toBeUndefined();
    expect(deviceClockText(clock(-95_000, { boundMs: 30_720 }), 0)).toBe("is 1 min 35 s behind the local time of this box (± 31 s)");
  });

  test("but not blamed by a box that does not know the time itself", () => {
    expect(deviceClockText(clock(2 * HOUR, { against: "unsynced" }), 0)).toBe(
      "is 2 h ahead of the local time of this box (± 1 s); but nobody vouches for the clock of this box",
    );
  });
});
