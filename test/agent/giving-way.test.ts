import { describe, expect, test } from "vitest";
import { AGE_MAX } from "../../agent/spool/giving-way.ts";
import { type Bytes, MiB } from "../../config/units.ts";
import { Bench, namesIn } from "./spool-bench.ts";

/** What the spool may hold at most, lane by lane, and that each loss is told before it happens. */

const LONG = "x".repeat(30_000);
const files = (bench: Bench): number => [...bench.disk.files.keys()].filter((path) => path.endsWith(".seg")).length;
const named = (bench: Bench): Set<string> =>
  new Set(
    bench.gaps.flatMap(({ lane, epoch, first, last }) =>
      Array.from({ length: last - first + 1 }, (_, at) => `${lane}/${epoch}/${first + at}`),
    ),
  );

describe("a spool of alerts alone", () => {
  test("keeps within its size: the oldest go, each by name, and the newest are delivered (R34)", async () => {
    const bench = await Bench.start({ size: MiB(5) });
    let made = 0;
    while (named(bench).size < 60) {
      expect(made).toBeLessThan(1000);
      for (let count = 0; count < 4; count++) bench.keep("alert", 1, LONG);
      made += 4;
      await bench.pass(40);
    }
    expect(files(bench)).toBeLessThanOrEqual(5);
    const lost = [...named(bench)];
    expect(lost).toEqual(Array.from({ length: lost.length }, (_, n) => `alert/1/${n}`));
    expect([bench.unexplained, bench.unequal]).toEqual([0, []]);
    bench.spool.connected();
    const alerts = namesIn(await bench.everything()).filter((name) => name.startsWith("alert"));
    expect(alerts).toEqual(Array.from({ length: made - lost.length }, (_, at) => `alert/1/${lost.length + at}`));
  });

  test("gives way only when waves and reports have, and events before alerts (R34)", async () => {
    const bench = await Bench.start({ size: MiB(6) });
    const order: string[] = [];
    for (let round = 0; round < 200 && !order.includes("event"); round++) {
      if (round < 20) bench.keep(round % 2 === 0 ? "wave" : "report", 1, LONG);
      for (let count = 0; count < 3; count++) bench.keep(round % 3 === 0 ? "alert" : "event", 1, LONG);
      await bench.pass(300);
      for (const { lane } of bench.gaps) if (!order.includes(lane)) order.push(lane);
    }
    expect(order.indexOf("event")).toBeGreaterThanOrEqual(0);
    expect(order.filter((lane) => lane === "alert")).toEqual([]);
  });
});

test("on a file system that has nothing left to spare the oldest gives way instead of the last bytes (R34)", async () => {
  const bench = await Bench.start();
  let left = { bytes: MiB(100), inodes: 1000 };
  bench.disk.free = () => Promise.resolve({ bytes: left.bytes as Bytes, inodes: left.inodes });
  const fill = async (): Promise<void> => {
    for (let count = 0; count < 3; count++) bench.keep("wave", 1, LONG);
    await bench.pass(300);
  };
  while (files(bench) < 3) await fill();
  expect(bench.gaps).toEqual([]);
  for (const tight of [
    { bytes: MiB(3), inodes: 1000 },
    { bytes: MiB(100), inodes: 10 },
  ]) {
    left = tight;
    const before = named(bench).size;
    for (let round = 0; round < 30; round++) await fill();
    expect(named(bench).size).toBeGreaterThan(before);
    expect(files(bench)).toBeLessThanOrEqual(3);
    left = { bytes: MiB(100), inodes: 1000 };
  }
  expect(bench.unexplained).toBe(0);
});

test("what is too old by the clock that does not step expires, by name, whatever the wall clock says (R34)", async () => {
  const bench = await Bench.start();
  bench.keep("report");
  bench.keep("wave");
  await bench.pass(300);
  bench.clock.step(20 * 365 * 86_400_000);
  const next = await bench.restart(8n);
  await next.pass(61_000);
  expect(next.gaps).toEqual([]);
  next.clock.pass(AGE_MAX);
  await next.pass(61_000);
  expect(next.gaps.map(({ lane, first, last, reason }) => `${lane} ${first}-${last} ${reason}`).sort()).toEqual([
    "report 0-0 expired",
    "wave 0-0 expired",
  ]);
  expect([next.unexplained, next.unequal]).toEqual([0, []]);
});
