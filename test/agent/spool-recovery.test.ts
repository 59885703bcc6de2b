import { describe, expect, test } from "vitest";
import { LANES, type Lane } from "../../agent/model/model.ts";
import { recoverSpool } from "../../agent/spool/recovery.ts";
import { readRunFile, writeRunFile } from "../../agent/spool/run-file.ts";
import { encodeSegmentHeader } from "../../agent/spool/segment.ts";
import { type MemoryDisk, settle, storeParts } from "./fakes.ts";
import { Bench, FOLDERS, namesIn, RUNTIME, SPOOL } from "./spool-bench.ts";

/** A run that is killed with something on flash, something in every ring, and one report answered. */
async function killed(): Promise<{ disk: MemoryDisk; waiting: string[] }> {
  const bench = await Bench.start();
  bench.keep("report");
  bench.keep("alert");
  await bench.pass(300);
  bench.spool.connected();
  bench.keep("report");
  await bench.pass(120);
  bench.answer(bench.live().filter(({ lane }) => lane === "report"));
  bench.disk.hold();
  for (const lane of LANES) bench.keep(lane);
  bench.keep("wave");
  bench.turn();
  bench.keep("wave");
  bench.spool.endTurn();
  const waiting = ["report/1/0", "alert/1/0", "report/1/2", "alert/1/1", "event/1/0", "wave/1/0", "wave/1/1", "wave/1/2"];
  return { disk: bench.disk.copy(), waiting };
}

/** A start has some hundred steps, each on a copy of all files. */
const STEPS_MS = 90_000;

describe("what a killed run left", () => {
  test("is all that was stamped and not answered, each record once, from flash and ring", async () => {
    const { disk, waiting } = await killed();
    const next = await Bench.start({ disk, run: 8n });
    expect(next.waiting).toBe(waiting.length);
    next.spool.connected();
    const out = await next.everything();
    expect(namesIn(out).sort()).toEqual([...waiting].sort());
    expect(out.every(({ range }) => range === "backlog")).toBe(true);
    next.answer(out);
    expect(next.waiting).toBe(0);
    expect(next.unexplained).toBe(0);
    for (const lane of LANES) expect(next.spool.ledger()[lane].adopted).toBe(next.spool.ledger()[lane].delivered);
  });

  test("is not what was answered, also where its bytes still stand in the ring", async () => {
    const bench = await Bench.start();
    bench.spool.connected();
    bench.keep("report");
    await bench.pass(120);
    const [first] = bench.live();
    bench.keep("report");
    bench.turn();
    bench.spool.closeBlocks();
    bench.answer(bench.live());
    expect(first).toBeDefined();
    const next = await bench.restart(8n);
    next.spool.connected();
    expect(namesIn(await next.everything())).toEqual(["report/1/0"]);
  });

  test("is numbered as it was, while the new run counts from 0 under its own name", async () => {
    const { disk } = await killed();
    const next = await Bench.start({ disk, run: 8n });
    next.keep("report");
    expect(next.spool.last()).toEqual([{ epoch: 1, lane: "report", n: 0 }]);
  });

  test("survives that its successors are killed at once, again and again, and is still given once (R35)", async () => {
    const { disk, waiting } = await killed();
    let bench = await Bench.start({ disk, run: 8n });
    for (let run = 9n; run < 15n; run++) bench = await bench.restart(run);
    bench.spool.connected();
    expect(namesIn(await bench.everything()).sort()).toEqual([...waiting].sort());
    const segments = [...bench.disk.files.keys()].filter((path) => path.endsWith(".seg"));
    expect(segments.length, "a box that restarts often does not fill its spool with air").toBeLessThanOrEqual(8);
  });

  test(
    "survives that its successor is killed at any step of its start (R35)",
    async () => {
      const { disk, waiting } = await killed();
      const steps = await stepsOfStart(disk.copy());
      expect(steps).toBeGreaterThan(20);
      for (let step = 1; step <= steps; step++) {
        const torn = disk.copy();
        await killedAt(torn, step);
        const next = await Bench.start({ disk: torn.copy(), run: 9n });
        next.spool.connected();
        expect(namesIn(await next.everything()).sort(), `killed at step ${step}`).toEqual([...waiting].sort());
        expect(next.unexplained).toBe(0);
      }
    },
    STEPS_MS,
  );

  test("is still in the rings where flash takes nothing, and goes out live until it does", async () => {
    const { disk, waiting } = await killed();
    disk.fails = (operation, path) => operation === "write" && path.endsWith(".seg");
    const next = await Bench.start({ disk, run: 8n });
    expect(next.spool.degraded?.key).toBe("disk.failed");
    expect(next.waiting).toBe(waiting.length);
    const again = await next.restart(9n);
    expect(again.waiting).toBe(waiting.length);
    again.spool.connected();
    expect(new Set(namesIn(await again.everything()))).toEqual(new Set(waiting));
  });

  test("with a torn last turn in a ring is whole up to the turn before", async () => {
    const { disk } = await killed();
    const path = `${RUNTIME}/wave.ring`;
    const ring = disk.files.get(path)!;
    const end = ring.findLastIndex((byte) => byte !== 0) + 1;
    const lastPiece = 20;
    for (let cut = 1; cut <= lastPiece; cut++) {
      const torn = disk.copy();
      torn.files.get(path)!.fill(0, end - cut);
      const next = await Bench.start({ disk: torn, run: 8n });
      expect(next.spool.ledger().wave.adopted, `${cut} bytes torn`).toBe(2);
    }
  });
});

describe("the end of a run", () => {
  const START = { run: 8n, bootId: "b" };
  const recover = (disk: MemoryDisk, now = START) => recoverSpool(storeParts(disk, 3), FOLDERS, now);

  test("is told as killed with its last numbers where the host did not restart, as power where it did", async () => {
    const { disk } = await killed();
    const last = [
      { epoch: 1, lane: "alert", n: 1 },
      { epoch: 1, lane: "event", n: 0 },
      { epoch: 1, lane: "report", n: 2 },
      { epoch: 1, lane: "wave", n: 2 },
    ];
    const { untold } = await recover(disk.copy());
    expect(untold).toMatchObject([{ run: 7n, how: "killed" }]);
    expect([...untold[0]!.last].sort((a, b) => a.lane.localeCompare(b.lane))).toEqual(last);
    expect((await recover(disk.copy(), { run: 8n, bootId: "c" })).untold).toMatchObject([{ run: 7n, how: "power" }]);
  });

  test("is told as clean with the numbers that it wrote itself", async () => {
    const bench = await Bench.start();
    const last = [{ epoch: 1, lane: "report" as Lane, n: 99 }];
    await writeRunFile(bench.disk, "/state", { format: 1, run: 7n, bootId: "b", startCount: 4, clean: true, last, untold: [] });
    const recovered = await recover(bench.disk.copy());
    expect(recovered.untold).toEqual([{ run: 7n, how: "clean", last }]);
    expect(recovered.startCount).toBe(5);
  });

  test("is handed on by each run that died before it told it, oldest first", async () => {
    const { disk } = await killed();
    await recover(disk);
    await recover(disk, { run: 9n, bootId: "b" });
    const { untold, startCount } = await recover(disk, { run: 10n, bootId: "c" });
    expect(untold.map(({ run, how }) => [run, how])).toEqual([
      [7n, "killed"],
      [8n, "killed"],
      [9n, "power"],
    ]);
    expect(startCount).toBe(4);
    expect((await readRunFile(disk, "/state"))?.untold).toHaveLength(3);
  });

  test("of no run is told at the first start", async () => {
    const { untold, startCount } = await recover((await Bench.start()).disk.copy(), { run: 7n, bootId: "b" });
    expect([untold.length, startCount]).toEqual([1, 2]);
  });
});

describe("a clean stop", () => {
  test("puts on flash what was not answered and leaves the cursors of what was", async () => {
    const bench = await Bench.start();
    for (let round = 0; round < 4; round++) {
      bench.keep("report");
      await bench.pass(300);
    }
    bench.spool.connected();
    const out = await bench.everything();
    bench.answer(out.slice(0, 2));
    bench.keep("wave");
    bench.spool.disconnected();
    await bench.spool.stop(bench.clock.now());
    await settle();
    for (const lane of LANES) expect(bench.inRing(lane)).toEqual([]);
    const next = await bench.restart(8n);
    next.spool.connected();
    expect(namesIn(await next.everything()).sort()).toEqual(["report/1/2", "report/1/3", "wave/1/0"]);
  });
});

describe("foreign or broken files in the spool", () => {
  test("do not stop a start, and a segment of another lane is not read as one of this", async () => {
    const { disk, waiting } = await killed();
    disk.files.set(`${SPOOL}/wave-77.seg`, encodeSegmentHeader({ lane: "report", generation: 5n, order: 1 }));
    disk.files.set(`${SPOOL}/report-x.seg`, Uint8Array.of(1, 2, 3));
    disk.files.set(`${SPOOL}/event-9.seg`, new Uint8Array(10));
    disk.files.set(`${SPOOL}/notes.txt`, Uint8Array.of(1));
    disk.files.set(`${RUNTIME}/report.old`, Uint8Array.of(9, 9, 9));
    for (const cursors of ["", "{", "[]", "null", '{"a":1}', "[null]", '[{"path":7}]']) {
      const copy = disk.copy();
      copy.files.set(`${SPOOL}/cursors.json`, new TextEncoder().encode(cursors));
      const next = await Bench.start({ disk: copy, run: 8n });
      expect(next.waiting, `cursors ${cursors}`).toBe(waiting.length);
    }
  });
});

async function stepsOfStart(disk: MemoryDisk): Promise<number> {
  disk.done.length = 0;
  await recoverSpool(storeParts(disk, 3), FOLDERS, { run: 8n, bootId: "b" });
  return disk.done.length;
}

/** The process is no more at that operation: it is not done, and nothing after it. */
async function killedAt(disk: MemoryDisk, step: number): Promise<void> {
  const at = disk.done.length + step;
  disk.fails = () => disk.done.length >= at;
  await recoverSpool(storeParts(disk, 3), FOLDERS, { run: 8n, bootId: "b" }).then(
    () => undefined,
    () => undefined,
  );
}
