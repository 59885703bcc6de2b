import { describe, expect, test } from "vitest";
import { LANES } from "../../agent/model/model.ts";
import { RECORD_MAX } from "../../agent/spool/block.ts";
import { RING_BYTES } from "../../agent/spool/ring.ts";
import type { Outgoing } from "../../agent/spool/spool.ts";
import { MiB } from "../../config/units.ts";
import { decodeBatch } from "../../proto/codec.ts";
import { entryOf, settle } from "./fakes.ts";
import { Bench, namesIn, RUNTIME, SPOOL } from "./spool-bench.ts";

/** What a ring sets aside for a block that begins. */
const BLOCK_ROOM = 65_600;
const LONG = "x".repeat(30_000);
/** Fills the ring of a lane while the disk takes nothing; returns how many records went in. */
async function fillRing(bench: Bench, lane: "report" | "wave" | "alert"): Promise<number> {
  bench.disk.hold();
  let count = 0;
  while (bench.spool.sizes.ring + BLOCK_ROOM <= RING_BYTES) {
    bench.keep(lane, 1, LONG);
    bench.keep(lane, 1, LONG);
    count += 2;
    bench.turn();
    bench.spool.closeBlocks();
    bench.clock.pass(20);
  }
  return count;
}

/** What is in no ring. (While the disk hangs, everything is volatile.) */
const ringless = (one: Outgoing): boolean => one.volatile && "slot" in one.of && one.of.slot === undefined;

describe("a full ring", () => {
  test("lets reports and waves go out live as volatile, and releases them like others", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    const before = await fillRing(bench, "report");
    for (let more = 0; more < 4; more++) {
      bench.keep("report");
      bench.spool.closeBlocks();
    }
    const out = bench.live();
    const volatile = out.filter(ringless);
    expect(namesIn(out)).toHaveLength(before + 4);
    expect(volatile.length).toBeGreaterThan(0);
    expect(volatile.length).toBeLessThanOrEqual(4);
    bench.answer(out);
    bench.disk.letGo();
    await bench.pass(60);
    expect(bench.spool.ledger().report).toMatchObject({ made: before + 4, delivered: before + 4, dropped: 0, waiting: 0 });
  });

  test("off line costs the newest reports, and a gap names them", async () => {
    const bench = await Bench.start();
    const before = await fillRing(bench, "report");
    for (let more = 0; more < 6; more++) {
      bench.keep("report", 1, LONG);
      bench.turn();
      bench.spool.closeBlocks();
    }
    bench.turn();
    const { dropped } = bench.spool.ledger().report;
    expect(dropped).toBeGreaterThan(0);
    const last = before + 5;
    const first = last - dropped + 1;
    const gap = (n: number) => ({ run: 7n, epoch: 1, lane: "report", first: n, last: n, reason: "ring_full" });
    expect(bench.gaps).toEqual(Array.from({ length: dropped }, (_, at) => gap(first + at)));
    bench.disk.letGo();
    await bench.pass(400);
    expect(bench.unexplained).toBe(0);
    bench.spool.connected();
    const names = namesIn(await bench.everything()).filter((name) => name.startsWith("report"));
    expect(names).toHaveLength(last + 1 - dropped);
  });

  test("costs what is volatile and unanswered when the connection ends, by name", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    const before = await fillRing(bench, "wave");
    for (let more = 0; more < 3; more++) {
      bench.keep("wave");
      bench.spool.closeBlocks();
    }
    const volatile = bench.live().filter(ringless);
    const lost = namesIn(volatile);
    bench.spool.disconnected();
    bench.turn();
    const told = bench.gaps.flatMap(({ lane, epoch, first, last }) =>
      Array.from({ length: last - first + 1 }, (_, at) => `${lane}/${epoch}/${first + at}`),
    );
    expect(told).toEqual(lost);
    bench.disk.letGo();
    await bench.pass(400);
    expect(bench.spool.ledger().wave).toMatchObject({ made: before + 3, dropped: lost.length, waiting: before + 3 - lost.length });
  });

  test("never loses an alert: it waits in memory for the disk", async () => {
    const bench = await Bench.start();
    const before = await fillRing(bench, "alert");
    for (let more = 0; more < 5; more++) {
      bench.keep("alert");
      bench.turn();
    }
    bench.spool.connected();
    expect(bench.live().some(ringless)).toBe(true);
    bench.spool.disconnected();
    bench.turn();
    expect(bench.gaps).toEqual([]);
    bench.disk.letGo();
    await bench.pass(100);
    bench.spool.connected();
    expect(namesIn(await bench.everything())).toHaveLength(before + 5);
    expect(bench.spool.ledger().alert).toMatchObject({ dropped: 0 });
  });

  test("does not fill the memory where the broker takes nothing either", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    await fillRing(bench, "report");
    bench.live();
    for (let more = 0; more < 3000; more++) {
      bench.keep("report");
      bench.spool.closeBlocks();
    }
    bench.spool.tellGaps();
    expect(bench.spool.ledger().report.dropped).toBeGreaterThan(0);
    expect(bench.gaps.map(({ reason }) => reason)).toEqual(["ring_full"]);
    bench.spool.disconnected();
    bench.disk.letGo();
    await bench.pass(400);
    expect(bench.unexplained).toBe(0);
  });
});

describe("a record that cannot be kept", () => {
  test("because it is too long is named by a gap, and its number is not used again", async () => {
    const bench = await Bench.start();
    bench.keep("report");
    bench.keep("report", 1, "x".repeat(RECORD_MAX));
    bench.keep("report");
    await bench.pass(400);
    expect(bench.gaps).toEqual([{ run: 7n, epoch: 1, lane: "report", first: 1, last: 1, reason: "too_long" }]);
    bench.spool.connected();
    expect(namesIn(await bench.everything())).toEqual(expect.arrayContaining(["report/1/0", "report/1/2"]));
    expect(bench.unexplained).toBe(0);
  });

  test("as the first of its block leaves no stale head for those that follow", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    bench.keep("report", 1, "x".repeat(RECORD_MAX));
    await bench.pass(60_000);
    bench.clock.step(3_600_000);
    bench.spool.closeBlocks();
    bench.keep("report");
    bench.turn();
    const reports = () => bench.live().filter(({ lane }) => lane === "report");
    expect(reports(), "its own pace has not ended").toEqual([]);
    await bench.pass(120);
    const [batch] = reports();
    expect(decodeBatch(batch!.bytes)?.head?.clock?.utcUs).toBe((bench.clock.wall() - 120) * 1000);
  });

  test("because it cannot be encoded takes no number, and does not spoil its block", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    const metric = { kind: "numeric", refid: "MDC_PULS_OXIM_SAT_O2" } as const;
    bench.keep("report");
    const broken = () =>
      bench.spool.keep("report", {
        ...entryOf(bench.clock, 1),
        encode: (_name, idOf) => {
          idOf(metric);
          throw new RangeError("the wire cannot carry it");
        },
      });
    expect(broken).toThrow(RangeError);
    let id = 0;
    bench.spool.keep("report", {
      ...entryOf(bench.clock, 1),
      encode: (name, idOf) => {
        id = idOf(metric);
        return entryOf(bench.clock, 1).encode(name, idOf);
      },
    });
    await bench.pass(120);
    const out = bench.live();
    expect(namesIn(out)).toEqual(["report/1/0", "report/1/1"]);
    expect(out.flatMap(({ bytes }) => metricsOf(bytes))).toContainEqual([id, metric.refid]);
    bench.answer(out);
    expect(bench.unexplained).toBe(0);
  });
});

describe("a full spool", () => {
  test("gives up the oldest waves first, then the oldest reports, never an alert or event", async () => {
    const bench = await Bench.start({ size: MiB(5) });
    const lost: string[] = [];
    let told = 0;
    for (let round = 0; round < 85; round++) {
      bench.keep("alert");
      for (let count = 0; count < 3; count++) bench.keep("wave", 1, LONG);
      if (round > 20) for (let count = 0; count < 3; count++) bench.keep("report", 1, LONG);
      await bench.pass(300);
      for (const { lane, first, last, reason } of bench.gaps.slice(told)) {
        expect(reason).toBe("spool_full");
        for (let n = first; n <= last; n++) lost.push(`${lane}/1/${n}`);
      }
      told = bench.gaps.length;
      expect(LANES.reduce((sum, lane) => sum + bench.spool.ledger()[lane].dropped, 0)).toBe(lost.length);
    }
    expect(lost.some((name) => name.startsWith("wave"))).toBe(true);
    expect(lost.some((name) => name.startsWith("report"))).toBe(true);
    expect(lost.filter((name) => /alert|event/.test(name))).toEqual([]);
    expect(lost.findIndex((name) => name.startsWith("report"))).toBeGreaterThan(lost.findIndex((name) => name.startsWith("wave")));
    for (const lane of ["wave", "report"]) {
      const numbers = lost.filter((name) => name.startsWith(lane)).map((name) => Number(name.split("/")[2]));
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, n) => n));
    }
    bench.spool.connected();
    const rest = namesIn(await bench.everything());
    expect(rest.filter((name) => lost.includes(name))).toEqual([]);
    expect(new Set([...rest, ...lost]).size).toBe(rest.length + lost.length);
    expect(bench.unexplained).toBe(0);
    expect([...bench.disk.files.keys()].filter((path) => path.endsWith(".seg")).length).toBeLessThanOrEqual(5);
  });

  test("gives up waves although its reports are older", async () => {
    const bench = await Bench.start({ size: MiB(5) });
    const fill = async (lane: "report" | "wave", rounds: number): Promise<void> => {
      for (let round = 0; round < rounds && bench.gaps.length === 0; round++) {
        for (let count = 0; count < 3; count++) bench.keep(lane, 1, LONG);
        await bench.pass(300);
      }
    };
    await fill("report", 15);
    expect(bench.gaps).toEqual([]);
    await fill("wave", 60);
    expect(new Set(bench.gaps.map(({ lane, reason }) => `${lane} ${reason}`))).toEqual(new Set(["wave spool_full"]));
  });

  test("has told a loss on flash before the bytes are gone", async () => {
    const bench = await Bench.start({ size: MiB(4) });
    for (let round = 0; bench.gaps.length === 0; round++) {
      expect(round).toBeLessThan(400);
      bench.disk.done.length = 0;
      for (let count = 0; count < 3; count++) bench.keep("wave", 1, LONG);
      await bench.pass(300);
    }
    const { done } = bench.disk;
    const toldAt = done.findIndex((one) => one.startsWith(`sync ${SPOOL}/event`));
    const goneAt = done.findIndex((one, at) => at > 0 && /^(write|remove)/.test(one) && one.includes("/wave-1.seg"));
    expect(toldAt).toBeGreaterThanOrEqual(0);
    expect(goneAt).toBeGreaterThan(toldAt);
  });
});

describe("a failing disk", () => {
  test("is told as degraded, costs no reading while the broker answers, and is over when a commit succeeds", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    bench.disk.fails = (operation, path) => operation === "sync" && path.startsWith(SPOOL);
    bench.keep("alert");
    bench.keep("report");
    bench.turn();
    await settle();
    await bench.pass(1000);
    expect(bench.spool.degraded?.key).toBe("disk.failed");
    const out = bench.live();
    expect(namesIn(out).sort()).toEqual(["alert/1/0", "report/1/0"]);
    bench.answer(out);
    expect(bench.waiting).toBe(0);
    bench.disk.fails = () => false;
    bench.keep("alert");
    await bench.pass(2000);
    expect(bench.spool.degraded).toBeUndefined();
    expect(bench.unexplained).toBe(0);
  });

  test("is tried again after a second, not in every tick", async () => {
    const bench = await Bench.start();
    bench.disk.fails = (operation, path) => operation === "sync" && path.startsWith(SPOOL);
    bench.keep("alert");
    await bench.pass(5000);
    const tries = bench.disk.count("sync", SPOOL);
    expect(tries).toBeGreaterThanOrEqual(4);
    expect(tries).toBeLessThanOrEqual(6);
  });

  test("loses nothing that then goes to flash", async () => {
    const bench = await Bench.start();
    bench.disk.fails = (operation, path) => operation === "sync" && path.startsWith(SPOOL);
    for (let round = 0; round < 10; round++) {
      for (const lane of LANES) bench.keep(lane);
      await bench.pass(200);
    }
    bench.disk.fails = () => false;
    await bench.pass(2000);
    const next = await bench.restart(8n);
    next.spool.connected();
    const names = namesIn(await next.everything());
    expect(new Set(names).size).toBe(40);
  });
});

describe("a disk that hangs", () => {
  test("is told within a second, live is volatile meanwhile, and nothing is lost when it answers again (R33)", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    bench.disk.hold();
    bench.keep("alert");
    await bench.pass(900);
    expect(bench.spool.degraded).toBeUndefined();
    await bench.pass(200);
    expect(bench.spool.degraded?.key).toBe("disk.slow");
    for (const lane of LANES) bench.keep(lane);
    await bench.pass(200);
    const live = bench.live();
    expect(live.map(({ volatile }) => volatile)).toEqual([true, true, true, true, true]);
    const segments = () => [...bench.disk.files.keys()].filter((path) => path.endsWith(".seg")).length;
    bench.answer(live);
    bench.disk.letGo();
    await bench.pass(100);
    expect(bench.spool.degraded).toBeUndefined();
    await bench.pass(3000);
    expect([bench.waiting, bench.unexplained, bench.gaps]).toEqual([0, 0, []]);
    expect(segments(), "none was made only to try").toBe(1);
  });
});

describe("a runtime directory that refuses", () => {
  const refuse = (bench: Bench) => {
    bench.disk.fails = (operation, path) => operation === "writeNow" && path.startsWith(RUNTIME);
  };

  test("costs no record while flash is good: what no ring holds is on flash when its window ends (R33)", async () => {
    const bench = await Bench.start();
    refuse(bench);
    for (const lane of LANES) bench.keep(lane);
    await bench.pass(400);
    expect(bench.spool.ringFault?.key).toBe("disk.failed");
    expect(bench.spool.degraded).toBeUndefined();
    expect(bench.gaps).toEqual([]);
    const next = await bench.restart(8n);
    next.spool.connected();
    expect(namesIn(await next.everything()).sort()).toEqual(["alert/1/0", "event/1/0", "report/1/0", "wave/1/0"]);
  });

  test("makes live volatile until flash has it, and is forgotten a minute after the last refusal (R33)", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    refuse(bench);
    bench.keep("report");
    await bench.pass(120);
    const [out] = bench.live();
    expect(out?.volatile).toBe(true);
    bench.disk.fails = () => false;
    bench.answer([out!]);
    bench.keep("report");
    await bench.pass(120);
    expect(bench.live().map(({ volatile }) => volatile)).toEqual([false]);
    expect(bench.spool.ringFault).toBeDefined();
    await bench.pass(60_000);
    expect(bench.spool.ringFault).toBeUndefined();
    expect(bench.unexplained).toBe(0);
  });

  test("and a disk that refuses, too, lose what the memory does not hold, by name", async () => {
    const bench = await Bench.start();
    bench.disk.fails = (operation) => operation === "writeNow" || operation === "sync";
    for (let more = 0; more < 1100; more++) {
      bench.keep("report");
      bench.spool.closeBlocks();
    }
    await bench.pass(100);
    expect(bench.spool.ledger().report).toMatchObject({ made: 1100, dropped: 100, waiting: 1000 });
    expect(bench.gaps).toEqual([{ run: 7n, epoch: 1, lane: "report", first: 1000, last: 1099, reason: "ring_full" }]);
  });
});

function metricsOf(bytes: Uint8Array): [number, string][] {
  return (decodeBatch(bytes)?.metrics ?? []).map(({ id, refid }) => [id, refid]);
}
