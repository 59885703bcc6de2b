import { describe, expect, test } from "vitest";
import type { ClockQuality } from "../../agent/effects/effects.ts";
import { ClockWatch } from "../../agent/health/clock-watch.ts";
import { Milliseconds } from "../../config/units.ts";
import { StillClock, settle } from "./fakes.ts";

const SYNCED: ClockQuality = { known: "synced", source: "chrony", uncertainty: Milliseconds(2) };

function newWatch(quality: ClockQuality = { known: "unsynced", source: "" }) {
  const clock = new StillClock();
  const source = { quality, asked: 0 };
  const clockQuality = async (): Promise<ClockQuality> => {
    source.asked += 1;
    return source.quality;
  };
  const watch = new ClockWatch({ clock, host: { clockQuality } as never });
  const tick = async (time = 20) => {
    const told = watch.tick(clock.pass(time));
    await settle();
    return told;
  };
  return { clock, source, watch, tick };
}
const SAME = { changed: false, stepped: undefined };

describe("the clock of the host", () => {
  test("that goes on as it did is not told again, whatever a tick took", async () => {
    const { tick } = newWatch();
    for (const time of [20, 20, 500, 3000, 20]) expect(await tick(time)).toEqual(SAME);
  });

  test("that steps either way by more than 100 ms is told with the step", async () => {
    const { clock, tick } = newWatch();
    await tick();
    for (const step of [3_600_000, -3_600_000, 101, -101]) {
      clock.step(step);
      const { changed, stepped } = await tick();
      expect(changed).toBe(true);
      expect(stepped).toBeCloseTo(step, 0);
      expect(await tick()).toEqual(SAME);
    }
  });

  test("that is slewed is not a step", async () => {
    const { clock, tick } = newWatch();
    await tick();
    for (let count = 0; count < 50; count++) {
      clock.step(5);
      expect(await tick()).toEqual(SAME);
    }
  });

  test("that becomes known, or comes from another source, is told once", async () => {
    const { source, tick, watch } = newWatch();
    await tick();
    expect(await tick()).toEqual(SAME);
    source.quality = SYNCED;
    await tick(10_000);
    expect(await tick()).toEqual({ changed: true, stepped: undefined });
    expect(watch.read().quality).toEqual(SYNCED);
    source.quality = { ...SYNCED, uncertainty: Milliseconds(9) };
    await tick(10_000);
    expect(await tick(), "only less certain").toEqual(SAME);
    expect(watch.read().quality).toMatchObject({ uncertainty: 9 });
    source.quality = { ...SYNCED, source: "timesyncd" };
    await tick(10_000);
    expect((await tick()).changed).toBe(true);
  });

  test("is asked every ten seconds, and one question at a time", async () => {
    const { source, tick } = newWatch();
    for (let count = 0; count < 1000; count++) await tick();
    expect(source.asked).toBe(2);
  });

  test("tells both clocks of one instant", async () => {
    const { clock, watch } = newWatch();
    clock.pass(1234);
    expect(watch.read()).toEqual({ mono: clock.now(), wall: clock.wall(), quality: { known: "unsynced", source: "" } });
  });
});
