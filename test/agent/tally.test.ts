import { describe, expect, test } from "vitest";
import { DEVICES_MAX, LaneBook, OTHERS, tallyOf } from "../../agent/spool/tally.ts";
import type { Device } from "../../proto/messages.ts";
import { blockBytes, entryOf, nameOf } from "./fakes.ts";
import { Bench } from "./spool-bench.ts";

const device = (epoch: number): Device => (epoch === 0 ? { epoch } : { epoch, device: `dv-${epoch}` });
const of = (bench: Bench, name: string) => bench.spool.deviceLedgers().report.get(name);

describe("whose records a block holds", () => {
  test("is told by the block itself, record by record; where no device stands it is the gateway", async () => {
    const bench = await Bench.start({ device });
    for (const epoch of [0, 1, 2, 1, 300]) bench.keep("report", epoch);
    bench.spool.closeBlocks();
    const [one] = bench.live();
    expect([...tallyOf(one!.bytes)]).toEqual([
      ["", 1],
      ["dv-1", 2],
      ["dv-2", 1],
      ["dv-300", 1],
    ]);
    expect([...tallyOf(blockBytes(nameOf("wave", 1), [0, 1, 2]))]).toEqual([["", 3]]);
    expect(tallyOf(new Uint8Array(100)).size).toBe(0);
    expect(tallyOf(one!.bytes.subarray(0, 40)).size, "cut anywhere it counts what is whole").toBeLessThanOrEqual(1);
  });
});

describe("a device's ledger", () => {
  test("follows its records from the stamp over flash to the answer, and over a kill", async () => {
    const bench = await Bench.start({ device });
    bench.keep("report", 1);
    expect(of(bench, "dv-1"), "open, in memory").toEqual({ made: 1, adopted: 0, delivered: 0, waiting: 1, dropped: {} });
    bench.keep("report", 2);
    await bench.pass(400);
    expect(of(bench, "dv-2"), "on flash").toEqual({ made: 1, adopted: 0, delivered: 0, waiting: 1, dropped: {} });
    bench.keep("report", 1);
    bench.turn();

    const next = await bench.restart(8n, undefined, device);
    expect(of(next, "dv-1"), "one from flash, one from the ring").toEqual({ made: 0, adopted: 2, delivered: 0, waiting: 2, dropped: {} });
    next.spool.connected();
    next.keep("report", 1);
    next.spool.closeBlocks();
    next.answer(await next.everything());
    expect(of(next, "dv-1")).toEqual({ made: 1, adopted: 2, delivered: 3, waiting: 0, dropped: {} });
    expect(of(next, "dv-2")).toEqual({ made: 0, adopted: 1, delivered: 1, waiting: 0, dropped: {} });
    expect(next.unequal).toEqual([]);
  });

  test("takes over later what a start could not read", async () => {
    const bench = await Bench.start({ device });
    bench.keep("report", 1);
    await bench.pass(400);
    const disk = bench.disk.copy();
    disk.fails = (operation, path) => operation === "open" && path.endsWith("report-1.seg");
    const next = await Bench.start({ disk, clock: bench.clock, run: 8n, device });
    expect(of(next, "dv-1")).toBeUndefined();
    disk.fails = () => false;
    await next.pass(3000);
    expect(of(next, "dv-1")).toEqual({ made: 0, adopted: 1, delivered: 0, waiting: 1, dropped: {} });
    expect(next.unequal).toEqual([]);
  });

  test("names what was dropped and why, and goes on after its epoch ended", async () => {
    const bench = await Bench.start({ device });
    bench.spool.keep("report", entryOf(bench.clock, 1, "x".repeat(40_000)));
    bench.keep("report", 1);
    bench.spool.endEpoch(1);
    bench.keep("report", 2);
    expect(of(bench, "dv-1")).toMatchObject({ made: 2, waiting: 1, dropped: { too_long: 1 } });
    expect(bench.unequal).toEqual([]);
  });

  test("is kept for so many devices; those that come later are counted together, and nothing is lost by it", () => {
    const book = new LaneBook();
    for (let at = 0; at < DEVICES_MAX + 5; at++) book.made(`dv-${at}`);
    const late = `dv-${DEVICES_MAX + 1}`;
    book.add(
      "delivered",
      new Map([
        ["dv-0", 1],
        [late, 1],
      ]),
    );
    const told = book.ledger(new Map([[late, 2]]));
    expect(told.size).toBe(DEVICES_MAX + 1);
    expect(told.get(OTHERS)).toEqual({ made: 5, adopted: 0, delivered: 1, waiting: 2, dropped: {} });
  });
});
