import { describe, expect, test } from "vitest";
import { LANES } from "../../agent/model/model.ts";
import { SEGMENT_BYTES } from "../../agent/spool/segment.ts";
import { MiB } from "../../config/units.ts";
import { type MemoryDisk, settle } from "./fakes.ts";
import { Bench, namesIn, RUNTIME, SPOOL } from "./spool-bench.ts";

/** Stored bytes that change by themselves: each loss is told exactly, and what stands beside it is delivered. */

const REPORTS = `${SPOOL}/report-1.seg`;
const LONG = "x".repeat(30_000);

/** Off line: so many reports, each a commit of its own; returns where each begins, and the end. */
async function offline(count: number, size = MiB(64)): Promise<{ bench: Bench; starts: number[] }> {
  const bench = await Bench.start({ size });
  const starts: number[] = [];
  for (let at = 0; at < count; at++) {
    starts.push(lengthOf(bench.disk));
    bench.keep("report");
    await bench.pass(300);
  }
  return { bench, starts: [...starts, lengthOf(bench.disk)] };
}
/** Behind the last byte of units that is not zero. */
const lengthOf = (disk: MemoryDisk, path = REPORTS): number =>
  Math.max(64, (disk.files.get(path) ?? new Uint8Array()).subarray(0, SEGMENT_BYTES - 64).findLastIndex((byte) => byte !== 0) + 1);
const flip = (disk: MemoryDisk, at: number, path = REPORTS): void => {
  disk.files.get(path)![at]! ^= 0x55;
};
const reports = (names: readonly string[]): string[] => names.filter((name) => name.startsWith("report"));
const corrupt = ({ spool }: Bench): number => Number(spool.corrupt?.context.bytes ?? 0);
async function started(disk: MemoryDisk, run = 8n): Promise<{ next: Bench; names: string[] }> {
  const next = await Bench.start({ disk, run });
  next.spool.connected();
  return { next, names: reports(namesIn(await next.everything())) };
}

describe("the last commit of a segment that is damaged while nothing runs", () => {
  test.for([
    ["a byte of it", 60, 61],
    ["its mark", 0, 1],
    ["all of it", 0, 10_000],
  ] as const)("is told after a kill: %s", async ([, from, to]) => {
    const { bench, starts } = await offline(4);
    const disk = bench.disk.copy();
    disk.files.get(REPORTS)!.fill(0, starts[3]! + from, Math.min(starts[3]! + to, starts[4]!));
    const { next, names } = await started(disk);
    expect(names).toEqual(["report/1/0", "report/1/1", "report/1/2"]);
    expect(corrupt(next)).toBe(starts[4]! - starts[3]!);
    expect(next.unexplained).toBe(0);
  });

  test("is told after a clean stop, also where the power was cut then", async () => {
    const { bench, starts } = await offline(4);
    await bench.spool.stop(bench.clock.now());
    const disk = bench.disk.copy();
    for (const path of [...disk.files.keys()]) if (path.startsWith(RUNTIME)) disk.files.delete(path);
    flip(disk, starts[3]! + 40);
    const { next } = await started(disk);
    expect(corrupt(next)).toBe(starts[4]! - starts[3]!);
  });

  test("is told after a power cut where a later segment knows better", async () => {
    const bench = await Bench.start();
    while (!bench.disk.files.has(`${SPOOL}/report-2.seg`)) {
      for (let count = 0; count < 4; count++) bench.keep("report", 1, LONG);
      await bench.pass(300);
    }
    const whole = await started(bench.disk.copy());
    const disk = bench.disk.copy();
    for (const path of [...disk.files.keys()]) if (path.startsWith(RUNTIME)) disk.files.delete(path);
    const end = lengthOf(disk);
    flip(disk, end - 10);
    const { next, names } = await started(disk);
    expect(whole.names.length - names.length).toBeGreaterThan(0);
    expect(corrupt(next)).toBeGreaterThan(1000);
    const again = await Bench.start({ disk: next.disk.copy(), run: 9n });
    expect(corrupt(again), "as long as the file is there").toBe(corrupt(next));
  });

  test("is not told where the power cut may have torn it", async () => {
    const { bench, starts } = await offline(4);
    const disk = bench.disk.copy();
    for (const path of [...disk.files.keys()]) if (path.startsWith(RUNTIME)) disk.files.delete(path);
    disk.files.delete(`${SPOOL}/cursors.json`);
    flip(disk, starts[3]! + 40);
    expect(corrupt((await started(disk)).next)).toBe(0);
  });

  test("is not told where a kill tore it: the ring has it", async () => {
    const { bench } = await offline(3);
    const before = bench.disk.files.get(REPORTS)!.slice();
    bench.disk.hold();
    bench.keep("report");
    bench.turn();
    bench.spool.closeBlocks();
    const disk = bench.disk.copy();
    const torn = before.slice();
    torn.set([0x42, 0x55, 0x4e, 0x32, 9, 9, 9], lengthOf(bench.disk));
    disk.files.set(REPORTS, torn);
    const { next, names } = await started(disk);
    expect(names).toEqual(["report/1/0", "report/1/1", "report/1/2", "report/1/3"]);
    expect(corrupt(next)).toBe(0);
  });
});

describe("a commit that goes bad while the agent runs", () => {
  test.each([0, 1, 2, 3])("number %i is told, leaves the ledger, and its neighbours are delivered", async (bad) => {
    const { bench, starts } = await offline(4);
    flip(bench.disk, starts[bad]! + 50);
    bench.spool.connected();
    const out = await bench.everything();
    expect(reports(namesIn(out))).toEqual([0, 1, 2, 3].filter((n) => n !== bad).map((n) => `report/1/${n}`));
    expect(corrupt(bench)).toBe(starts[bad + 1]! - starts[bad]!);
    expect(bench.spool.ledger().report).toMatchObject({ made: 4, dropped: 1, waiting: 3 });
    bench.answer(out);
    expect([bench.unexplained, bench.waiting, bench.unequal]).toEqual([0, 0, []]);
    bench.keep("report");
    bench.spool.disconnected();
    await bench.pass(400);
    bench.spool.connected();
    expect(reports(namesIn(await bench.everything()))).toEqual(["report/1/4"]);
  });

  test("is waited for as long as something of it is under way from memory", async () => {
    const bench = await Bench.start();
    bench.keep("report");
    await bench.pass(300);
    bench.spool.connected();
    bench.keep("report");
    await bench.pass(120);
    const live = bench.live();
    expect(reports(namesIn(live))).toEqual(["report/1/1"]);
    await bench.pass(300);
    const end = lengthOf(bench.disk);
    flip(bench.disk, end - 10);
    const old = await bench.backlog();
    expect(reports(namesIn(old))).toEqual(["report/1/0"]);
    expect(bench.spool.ledger().report).toMatchObject({ dropped: 0, waiting: 2 });
    bench.answer(old);
    bench.answer(live);
    await bench.backlog();
    expect(bench.spool.ledger().report).toMatchObject({ delivered: 2, dropped: 0, waiting: 0 });
    expect(bench.unexplained).toBe(0);
  });

  test("and was under way when its connection ended is told then", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    bench.keep("report");
    await bench.pass(120);
    bench.live();
    await bench.pass(300);
    flip(bench.disk, lengthOf(bench.disk) - 10);
    expect(await bench.backlog()).toEqual([]);
    bench.spool.disconnected();
    bench.spool.connected();
    expect(await bench.everything()).toEqual([]);
    expect(bench.spool.ledger().report).toMatchObject({ made: 1, dropped: 1, waiting: 0 });
    expect(bench.unexplained).toBe(0);
  });

  test("costs a segment that gives way for room no more than itself", async () => {
    const bench = await Bench.start({ size: MiB(5) });
    const keepOn = async (): Promise<void> => {
      for (let count = 0; count < 3; count++) bench.keep("wave", 1, LONG);
      await bench.pass(300);
    };
    while (!bench.disk.files.has(`${SPOOL}/wave-2.seg`)) await keepOn();
    flip(bench.disk, 300_000, `${SPOOL}/wave-1.seg`);
    while (bench.gaps.length === 0) await keepOn();
    const named = bench.gaps.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    const { dropped } = bench.spool.ledger().wave;
    expect(dropped - named).toBe(3);
    expect(corrupt(bench)).toBeGreaterThan(90_000);
    expect([bench.unexplained, bench.unequal]).toEqual([0, []]);
  });
});

describe("segments under other names", () => {
  test("are still what their headers say: files that were exchanged cost nothing", async () => {
    const bench = await Bench.start();
    for (let round = 0; round < 3; round++) {
      for (const lane of LANES) bench.keep(lane);
      await bench.pass(300);
    }
    const disk = bench.disk.copy();
    const [one, other] = [`${SPOOL}/wave-1.seg`, `${SPOOL}/report-1.seg`];
    const [waves, found] = [disk.files.get(one)!, disk.files.get(other)!];
    disk.files.set(one, found);
    disk.files.set(other, waves);
    const next = await Bench.start({ disk, run: 8n });
    next.spool.connected();
    const out = await next.everything();
    const expected = LANES.flatMap((lane) => [0, 1, 2].map((n) => `${lane}/1/${n}`));
    expect(namesIn(out).sort()).toEqual(expected.sort());
    expect(corrupt(next)).toBe(0);
    next.answer(out);
    await settle();
    for (const lane of LANES) next.keep(lane);
    next.spool.disconnected();
    await next.pass(400);
    const last = await next.restart(9n);
    last.spool.connected();
    expect(namesIn(await last.everything()).length).toBe(4);
  });
});
