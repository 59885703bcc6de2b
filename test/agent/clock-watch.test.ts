import { describe, expect, test } from "vitest";
import type { ClockQuality } from "../../agent/effects/effects.ts";
import { ClockWatch } from "../../agent/health/clock-watch.ts";
import { Milliseconds, type Wall } from "../../config/units.ts";
import { StillClock, settle } from "./fakes.ts";

const SYNCED: ClockQuality = { known: "synced", source: "chrony", uncertainty: Milliseconds(2) };

function newWatch(quality: ClockQuality = { known: "unsynced", source: "" }, madeAt = 0) {
  const clock = new StillClock();
  const source = { quality, asked: 0 };
  const clockQuality = async (): Promise<ClockQuality> => {
    source.asked += 1;
    return source.quality;
  };
  const watch = new ClockWatch({ clock, host: { clockQuality } as never }, madeAt as Wall);
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

  test("whose source is lost is in holdover, worse by the drift, whatever time the clock shows (R43)", async () => {
    const { source, tick, watch } = newWatch(SYNCED);
    await tick();
    await tick();
    source.quality = { known: "unsynced", source: "none" };
    await tick(10_000);
    expect((await tick()).changed).toBe(true);
    for (let hour = 0; hour < 24; hour++) await tick(3_600_000);
    await tick();
    const { quality } = watch.read();
    expect(quality).toMatchObject({ known: "holdover", source: "chrony" });
    expect("uncertainty" in quality ? quality.uncertainty : 0).toBeCloseTo(2 + 86_400 * 0.1, -1);
    source.quality = SYNCED;
    await tick(10_000);
    expect((await tick()).changed).toBe(true);
    expect(watch.read().quality).toEqual(SYNCED);
  });

  test.each([
    ["an hour", 3_600_000],
    ["twenty years", 20 * 8766 * 3_600_000],
    ["twenty years back", -20 * 8766 * 3_600_000],
  ])("that somebody sets by %s is unsynced at once, and until its source has answered anew (R43)", async (_what, step) => {
    const answered = 1 as Wall;
    const { clock, source, tick, watch } = newWatch({ ...SYNCED, answered });
    await tick();
    await tick();
    expect(watch.read().quality.known).toBe("synced");
    for (const by of [step, -step]) {
      const asked = source.asked;
      clock.step(by);
      expect(await tick()).toMatchObject({ changed: true });
      expect(watch.read().quality.known).toBe("unsynced");
      await tick();
      expect(source.asked, "asked in the next tick").toBe(asked + 1);
      for (let count = 0; count < 5; count++) await tick(10_000);
      expect(watch.read().quality, "what it said before").toEqual({ known: "unsynced", source: "chrony" });
    }
    source.quality = { ...SYNCED, answered: 2 as Wall };
    await tick(10_000);
    expect((await tick()).changed).toBe(true);
    expect(watch.read().quality.known).toBe("synced");
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

  test("that shows a time before this program was made is told in one line until it is set right, and the step with it (R12)", async () => {
    const { clock, tick, watch } = newWatch(undefined, Date.UTC(2025, 10, 20, 8));
    await tick();
    expect(watch.fault).toBeUndefined();
    const right = clock.wall();
    clock.step(-right);
    expect((await tick()).changed).toBe(true);
    const fault = watch.fault;
    expect([fault?.key, fault?.number]).toEqual(["clock.before_floor", "BED-140"]);
    expect(fault?.message).toBe(
      "The clock of this box says 1970-01-01 00:00 UTC, but this program was made on 2025-11-20: " +
        "good certificates will look as if they were not valid yet",
    );
    await tick();
    expect(watch.fault, "one and the same").toBe(fault);
    clock.step(right);
    expect((await tick()).changed).toBe(true);
    expect(watch.fault).toBeUndefined();
  });

  test.each([
    ["one day before the build", Date.UTC(2026, 0, 2), true],
    ["the day of the build", Date.UTC(2026, 0, 1), false],
    ["any later day, however late", Date.UTC(2025, 0, 1), false],
  ])("at %s is judged by the build's own date (R12)", async (_what, madeAt, wrong) => {
    const { tick, watch } = newWatch(undefined, madeAt);
    await tick();
    expect(watch.fault !== undefined).toBe(wrong);
  });

  test("before 2020 is wrong also where the build does not know its time (R12)", async () => {
    const { clock, tick, watch } = newWatch();
    clock.step(Date.UTC(2019, 11, 31) - clock.wall());
    await tick();
    expect(watch.fault?.key).toBe("clock.before_floor");
    expect(watch.fault?.message).toContain("says 2019-12-31 00:00 UTC");
  });
});
