import { describe, expect, test } from "vitest";
import { LANES } from "../../agent/model/model.ts";
import { decodeBatch } from "../../proto/codec.ts";
import { settle } from "./fakes.ts";
import { Bench, namesIn, SPOOL } from "./spool-bench.ts";

const numbered = (lane: string, count: number, from = 0, epoch = 1): string[] =>
  Array.from({ length: count }, (_, n) => `${lane}/${epoch}/${from + n}`);

describe("a record", () => {
  test("is numbered from 0 without a hole in each stream of each epoch", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    for (let round = 0; round < 5; round++) {
      for (const lane of LANES) for (const epoch of [1, 2]) bench.keep(lane, epoch);
      await bench.pass(20);
    }
    await bench.pass(100);
    const expected = LANES.flatMap((lane) => [...numbered(lane, 5, 0, 1), ...numbered(lane, 5, 0, 2)]);
    expect(namesIn(await bench.everything()).sort()).toEqual(expected.sort());
    expect(bench.spool.last()).toContainEqual({ epoch: 2, lane: "wave", n: 4 });
  });

  test("is in its ring when the turn of its stamp ends", async () => {
    const bench = await Bench.start();
    const kept: string[] = [];
    for (let turn = 0; turn < 60; turn++) {
      for (let count = turn % 3; count > 0; count--) {
        kept.push(`report/1/${kept.length}`);
        bench.keep("report");
      }
      bench.spool.endTurn();
      expect(bench.inRing("report")).toEqual(kept);
    }
  });

  test("answered before its window ends is never written to flash", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    for (let round = 0; round < 20; round++) {
      bench.keep("report");
      bench.keep("wave");
      await bench.pass(120);
      bench.answer(bench.live());
    }
    await bench.pass(1000);
    expect(bench.flashWrites()).toBe(0);
    expect(bench.inRing("report")).toEqual([]);
    expect(bench.waiting).toBe(0);
  });

  test("without an answer is on flash before its window ends, and its place in the ring is free", async () => {
    for (const online of [true, false]) {
      const bench = await Bench.start();
      if (online) bench.spool.connected();
      bench.keep("report");
      bench.turn();
      const kept = bench.clock.now();
      if (online) await bench.pass(100);
      if (online) expect(bench.live()).toHaveLength(1);
      while (bench.disk.count("sync", `${SPOOL}/report`) < 2) await bench.pass(20);
      expect(Number(bench.clock.now() - kept) / 1e6).toBeLessThanOrEqual(250);
      await settle();
      expect(bench.inRing("report")).toEqual([]);
      expect(bench.unexplained).toBe(0);
    }
  });

  test("of an alert or event is committed at the end of its turn, not after a window", async () => {
    const bench = await Bench.start();
    bench.keep("alert");
    bench.keep("event");
    bench.turn();
    await settle();
    for (const lane of ["alert", "event"]) expect(bench.disk.count("sync", `${SPOOL}/${lane}`)).toBeGreaterThan(0);
  });

  test("begins a new block after a step of the clock, whose head tells the new mapping", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    bench.keep("report");
    bench.turn();
    bench.clock.step(3_600_000);
    bench.spool.closeBlocks();
    bench.keep("report");
    await bench.pass(120);
    const heads = bench.live().map(({ bytes }) => decodeBatch(bytes)?.head?.clock);
    expect(heads).toHaveLength(2);
    expect(heads[1]!.utcUs - heads[0]!.utcUs).toBe(3_600_000_000);
  });

  test("tells its own time: the block's mapping plus nothing, whenever in the block it came", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    bench.keep("report");
    await bench.pass(60);
    bench.keep("report");
    await bench.pass(60);
    const batch = decodeBatch(bench.live()[0]!.bytes)!;
    expect(batch.records.map(({ atUs }) => atUs)).toEqual([0, 60_000]);
  });
});

describe("an answer of the broker", () => {
  for (const code of [0x00, 0x10])
    test(`0x${code.toString(16)} releases the batch for ever`, async () => {
      const bench = await Bench.start();
      bench.spool.connected();
      bench.keep("report");
      await bench.pass(120);
      bench.answer(bench.live(), code);
      bench.spool.disconnected();
      bench.spool.connected();
      await bench.pass(400);
      expect(await bench.everything()).toEqual([]);
      expect(bench.spool.ledger().report).toMatchObject({ made: 1, delivered: 1, waiting: 0 });
    });

  test("from 0x80 on parks the lane for 30 s, keeps the records, and leaves the other lanes alone", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    bench.keep("report");
    bench.keep("wave");
    await bench.pass(120);
    const first = bench.live();
    bench.answer(
      first.filter(({ lane }) => lane === "report"),
      0x87,
    );
    bench.answer(first.filter(({ lane }) => lane === "wave"));
    bench.keep("report");
    bench.keep("wave");
    await bench.pass(300);
    expect(namesIn(await bench.everything())).toEqual(["wave/1/1"]);
    expect(bench.spool.ledger().report.waiting).toBe(2);
    await bench.pass(30_000);
    expect(namesIn(await bench.everything()).filter((name) => name.startsWith("report"))).toEqual(numbered("report", 2));
    expect(bench.unexplained).toBe(0);
  });

  test("from 0x80 on to a batch of the backlog offers the same batch first when the lane is unparked", async () => {
    const bench = await Bench.start();
    bench.keep("alert");
    await bench.pass(40);
    bench.keep("alert");
    await bench.pass(40);
    bench.spool.connected();
    const [first, ...rest] = await bench.backlog();
    bench.answer([first!], 0x97);
    bench.answer(rest);
    expect(await bench.everything()).toEqual([]);
    await bench.pass(30_000);
    expect(namesIn(await bench.everything())).toEqual(["alert/1/0"]);
  });

  test("is waited for while the batch is committed: what is answered meanwhile is delivered, once", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    bench.keep("report");
    await bench.pass(120);
    const batch = bench.live();
    bench.disk.hold();
    await bench.pass(200);
    bench.answer(batch);
    bench.disk.letGo();
    await bench.pass(40);
    expect(bench.spool.ledger().report).toMatchObject({ delivered: 1, waiting: 0 });
    bench.spool.disconnected();
    bench.spool.connected();
    expect(await bench.everything()).toEqual([]);
    expect(bench.unexplained).toBe(0);
  });

  test("in the very moment in which the commit ends is taken once", async () => {
    for (let moment = 0; moment < 40; moment++) {
      const bench = await Bench.start();
      bench.spool.connected();
      bench.keep("report");
      await bench.pass(120);
      const batch = bench.live();
      bench.disk.hold();
      await bench.pass(200);
      bench.disk.letGo();
      for (let turn = 0; turn < moment; turn++) await Promise.resolve();
      bench.answer(batch);
      await bench.pass(40);
      expect(bench.spool.degraded, `after ${moment} turns`).toBeUndefined();
      expect(bench.spool.ledger().report).toMatchObject({ delivered: 1, waiting: 0 });
    }
  });
});

describe("when a connection ends", () => {
  test("what is on flash unanswered joins the backlog once, what is not is live again", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    bench.keep("report");
    await bench.pass(120);
    bench.live();
    await bench.pass(200);
    bench.keep("report");
    await bench.pass(120);
    bench.live();
    expect(await bench.everything()).toEqual([]);
    bench.spool.disconnected();
    bench.spool.connected();
    const again = await bench.everything();
    expect(again.map(({ range }) => range)).toEqual(["live", "backlog"]);
    expect(namesIn(again)).toEqual(["report/1/1", "report/1/0"]);
    await bench.pass(400);
    expect(await bench.everything()).toEqual([]);
  });

  test("during a commit what was under way joins the backlog once", async () => {
    for (const moment of ["before", "after"] as const) {
      const bench = await Bench.start();
      bench.spool.connected();
      bench.keep("report");
      await bench.pass(120);
      bench.live();
      bench.disk.hold();
      await bench.pass(140);
      if (moment === "before") bench.spool.disconnected();
      bench.disk.letGo();
      await settle();
      if (moment === "after") bench.spool.disconnected();
      bench.spool.connected();
      await bench.pass(40);
      expect(namesIn(await bench.everything())).toEqual(["report/1/0"]);
      expect(await bench.everything()).toEqual([]);
      expect(bench.unexplained).toBe(0);
    }
  });

  test("while the backlog is being read, each of its batches is given to the next connection once", async () => {
    for (let moment = 0; moment < 25; moment++) {
      const bench = await Bench.start();
      bench.keep("report");
      await bench.pass(300);
      bench.keep("report");
      await bench.pass(300);
      bench.spool.connected();
      expect(bench.spool.nextBacklog(bench.clock.now())).toBeUndefined();
      for (let turn = 0; turn < moment; turn++) await Promise.resolve();
      bench.spool.disconnected();
      bench.spool.connected();
      expect(namesIn(await bench.everything()), `after ${moment} turns`).toEqual(numbered("report", 2));
    }
  });

  test("the backlog is sent oldest first in each lane, alerts and events before reports, reports before waves", async () => {
    const bench = await Bench.start();
    for (let round = 0; round < 6; round++) {
      for (const lane of ["wave", "report", "event", "alert"] as const) bench.keep(lane);
      await bench.pass(300);
    }
    bench.spool.connected();
    const names = namesIn(await bench.backlog());
    for (const lane of LANES) expect(names.filter((name) => name.startsWith(lane))).toEqual(numbered(lane, 6));
    expect(names[0]).toBe("alert/1/0");
    expect(names.indexOf("wave/1/0")).toBeGreaterThan(names.indexOf("report/1/5"));
    expect(names.indexOf("report/1/0")).toBeGreaterThan(names.indexOf("event/1/5"));
  });

  test("live batches go before the backlog, and nothing released is sent again", async () => {
    const bench = await Bench.start();
    for (let round = 0; round < 10; round++) {
      bench.keep("report");
      await bench.pass(300);
    }
    bench.spool.connected();
    const delivered = new Set<string>();
    for (let round = 0; round < 30; round++) {
      bench.keep("report");
      await bench.pass(120);
      const out = await bench.everything();
      for (const name of namesIn(out)) {
        expect(delivered.has(name), name).toBe(false);
        delivered.add(name);
      }
      bench.answer(out);
      if (round % 7 === 3) bench.spool.disconnected();
      if (round % 7 === 3) bench.spool.connected();
    }
    expect(delivered.size).toBe(40);
    expect(bench.waiting).toBe(0);
  });
});
