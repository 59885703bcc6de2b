import { describe, expect, test } from "vitest";
import { FillRate } from "../../agent/spool/fill-rate.ts";
import { after, type Mono, Seconds } from "../../config/units.ts";
import { Bench } from "./spool-bench.ts";

const START = 1_000_000_000n as Mono;
const at = (seconds: number): Mono => after(START, Seconds(seconds));

describe("the rate at which flash would fill", () => {
  test("is not known before a minute has passed, and then the mean since the start", () => {
    const rate = new FillRate(START);
    expect(rate.perSecond(5900, at(59))).toBeUndefined();
    expect(rate.perSecond(6000, at(60))).toBe(100);
    expect(rate.perSecond(0, at(60))).toBe(0);
  });

  test("forgets what is older than a day", () => {
    const rate = new FillRate(START);
    const day = 86_400;
    let bytes = 0;
    for (let second = 0; second <= 2 * day; second += 30) {
      bytes += second < day ? 3000 : 30;
      rate.tick(() => bytes, at(second));
    }
    expect(rate.perSecond(bytes, at(2 * day))).toBeCloseTo(1, 1);
  });

  test("counts also what is answered before it would go there", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    expect(bench.spool.sizes.fillRate).toBeUndefined();
    for (let second = 0; second < 61; second++) {
      bench.keep("report", 1, "x".repeat(100));
      bench.clock.pass(1000);
      bench.turn();
      bench.answer(bench.live());
    }
    const { fillRate = 0, flash, used, size } = bench.spool.sizes;
    expect([flash, used]).toEqual([0, 0]);
    expect(size).toBe(64 * 2 ** 20);
    expect(fillRate).toBeGreaterThan(150);
    expect(fillRate).toBeLessThan(400);
  });

  test("goes with what is used: all of a segment that is closed, and of the open one what is written", async () => {
    const bench = await Bench.start();
    bench.keep("report");
    await bench.pass(400);
    const { used, flash } = bench.spool.sizes;
    expect(used).toBe(flash + 64);
    const next = await bench.restart(8n);
    expect(next.spool.sizes.used, "nothing is appended to what an earlier run left").toBeLessThanOrEqual(2 ** 20);
  });
});
