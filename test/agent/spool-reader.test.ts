import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { LANES, type Lane } from "../../agent/model/model.ts";
import { recoverSpool } from "../../agent/spool/recovery.ts";
import { type Random, randomOf } from "../drivers/streams.ts";
import { GCM_CASES } from "./aes-gcm.table.ts";
import { type MemoryDisk, settle, storeParts } from "./fakes.ts";
import { Bench, FOLDERS, namesIn, RUNTIME, SPOOL } from "./spool-bench.ts";
import { type Found, namesFound, python, readDisk } from "./spool-reader.ts";

/** A reader in Python that knows FORMAT.md only finds on the disk what the spool put there: the paper is enough to read it by. */

const REPORTS = `${SPOOL}/report-1.seg`;
const BACK = 1_048_512;

/** Offline: five reports and five alerts, each in a unit of its own. */
async function fiveUnits(): Promise<MemoryDisk> {
  const bench = await Bench.start();
  for (let unit = 0; unit < 5; unit++) {
    bench.keep("report");
    bench.keep("alert");
    await bench.pass(300);
  }
  return bench.disk.copy();
}
const numbered = (lane: Lane, ...numbers: readonly number[]): string[] => numbers.map((n) => `${lane}/1/${n}`);
const flip = (disk: MemoryDisk, path: string, at: number): void => {
  disk.files.get(path)![at]! ^= 0x55;
};

/** What the spool's own next start makes of the disk. */
async function nextStart(disk: MemoryDisk): Promise<{ waiting: Record<Lane, string[]>; corrupt: number; sealed: number }> {
  const { stores } = await recoverSpool(storeParts(disk.copy(), 99), FOLDERS, { run: 99n, bootId: "b" });
  const bench = await Bench.start({ disk: disk.copy(), run: 99n });
  bench.spool.connected();
  const waiting: Record<Lane, string[]> = { alert: [], event: [], report: [], wave: [] };
  for (const one of await bench.everything()) waiting[one.lane].push(...namesIn([one]));
  const sum = (of: "corruptBytes" | "sealedRecords"): number => LANES.reduce((all, lane) => all + stores[lane][of], 0);
  return { waiting, corrupt: sum("corruptBytes"), sealed: sum("sealedRecords") };
}
async function expectAgreement(disk: MemoryDisk): Promise<Found> {
  const [found, spool] = [readDisk(disk), await nextStart(disk)];
  for (const lane of LANES) expect(namesFound(lane, found.waiting[lane]), lane).toEqual(spool.waiting[lane]);
  expect(found.damage.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(spool.corrupt);
  expect(found.sealed.reduce((sum, { records, delivered }) => sum + (delivered ? 0 : records), 0)).toBe(spool.sealed);
  expect(found.odd).toEqual([]);
  return found;
}

test("the reader's AES-256-GCM opens what NIST sealed, and nothing with a false tag", () => {
  expect(python("aes_gcm.py", [], JSON.stringify(GCM_CASES))).toEqual(GCM_CASES.map(({ opened }) => opened));
});

describe("a reader that knows the paper only", { timeout: 30_000 }, () => {
  test("finds every record of every lane on flash, in order", async () => {
    const bench = await Bench.start({ run: 0x8102_0304_0506_0708n });
    const made: Record<Lane, string[]> = { alert: [], event: [], report: [], wave: [] };
    for (let at = 0; at < 30; at++) {
      for (const lane of LANES) {
        bench.keep(lane, 1 + (at % 3), "x".repeat(at * at * 5));
        made[lane].push(`${lane}/${1 + (at % 3)}/${Math.floor(at / 3)}`);
      }
      await bench.pass(at % 7 === 0 ? 300 : 20);
    }
    await bench.pass(300);
    const found = await expectAgreement(bench.disk);
    for (const lane of LANES) {
      expect(namesFound(lane, found.lanes[lane])).toEqual(made[lane]);
      expect(found.lanes[lane].map(({ number }) => number)).toEqual(found.lanes[lane].map((_, at) => at + 1));
      expect(new Set(found.lanes[lane].map(({ run }) => run))).toEqual(new Set([String(0x8102_0304_0506_0708n)]));
    }
    expect(found).toMatchObject({ key: "spool.key", damage: [], sealed: [], free: [], oneEnded: {} });
  });

  test.for([
    ["the mark", 0],
    ["the length", 4],
    ["the generation", 16],
    ["the key's id", 28],
    ["what is sealed", 60],
  ] as const)("loses one unit and tells its bytes where one byte of %s is another", async ([, at]) => {
    const disk = await fiveUnits();
    const third = readDisk(disk).lanes.report[2]!;
    flip(disk, REPORTS, third.offset + at);
    const found = await expectAgreement(disk);
    expect(found.damage).toEqual([{ segment: "report-1.seg", offset: third.offset, bytes: 152 }]);
    expect(namesFound("report", found.lanes.report)).toEqual(numbered("report", 0, 1, 3, 4));
    expect(namesFound("alert", found.lanes.alert)).toEqual(numbered("alert", 0, 1, 2, 3, 4));
  });

  test("tells a damaged last unit where ring, cursors or the next segment know of it, and takes it for the end where nothing does", async () => {
    const disk = await fiveUnits();
    const last = readDisk(disk).lanes.report[4]!;
    flip(disk, REPORTS, last.offset + 60);
    const found = await expectAgreement(disk);
    expect(found.damage).toEqual([{ segment: "report-1.seg", offset: last.offset, bytes: 152 }]);
    expect(namesFound("report", found.lanes.report)).toEqual(numbered("report", 0, 1, 2, 3));
    flip(disk, `${RUNTIME}/report.ring`, 5);
    expect((await expectAgreement(disk)).damage).toEqual([]);
    const next = await Bench.start({ disk: disk.copy(), run: 98n });
    await next.spool.stop(next.clock.now());
    await expectAgreement(next.disk);
  });

  test("loses a unit whose check holds and whose tag does not", async () => {
    const disk = await fiveUnits();
    const { offset } = readDisk(disk).lanes.report[2]!;
    const file = disk.files.get(REPORTS)!;
    const bytes = new DataView(file.buffer, file.byteOffset + offset, 152);
    bytes.setUint8(60, bytes.getUint8(60) ^ 1);
    bytes.setUint32(24, crc32(file.subarray(offset + 28, offset + 152), crc32(file.subarray(offset, offset + 24))), true);
    expect((await expectAgreement(disk)).damage).toEqual([{ segment: "report-1.seg", offset, bytes: 152 }]);
  });

  test.for([
    ["front", 9, "back", 64],
    ["back", BACK + 9, "front", 0],
  ] as const)("loses nothing with the header at the %s", async ([, at, left, told]) => {
    const disk = await fiveUnits();
    flip(disk, REPORTS, at);
    const found = await expectAgreement(disk);
    expect(found).toMatchObject({ oneEnded: { "report-1.seg": left }, free: [] });
    expect(found.damage.map(({ bytes }) => bytes)).toEqual(told === 0 ? [] : [told]);
    expect(namesFound("report", found.lanes.report)).toEqual(numbered("report", 0, 1, 2, 3, 4));
  });

  test("takes a segment without a header for what its units say, and as free where it begins with zeros or nothing holds", async () => {
    const disk = await fiveUnits();
    flip(disk, REPORTS, 9);
    flip(disk, REPORTS, BACK + 9);
    const found = await expectAgreement(disk);
    expect(found).toMatchObject({ free: [], unknown: [], damage: [{ offset: 0, bytes: 64 }] });
    expect(namesFound("report", found.lanes.report)).toEqual(numbered("report", 0, 1, 2, 3, 4));
    const zeros = disk.copy();
    zeros.files.get(REPORTS)!.fill(0, 0, 64);
    expect(await expectAgreement(zeros)).toMatchObject({ free: ["report-1.seg"], unknown: [], damage: [] });
    disk.files.get(REPORTS)!.fill(7, 0, 2000);
    const damage = [{ segment: "report-1.seg", offset: 0, bytes: BACK + 24 }];
    expect(await expectAgreement(disk)).toMatchObject({ free: ["report-1.seg"], unknown: ["report-1.seg"], damage });
  });

  test("opens with the key's copy, and tells the records that are sealed under a lost key", async () => {
    const disk = await fiveUnits();
    flip(disk, "/state/spool.key", 20);
    expect(await expectAgreement(disk)).toMatchObject({ key: "spool.key.copy", sealed: [], damage: [] });
    flip(disk, "/state/spool.key.copy", 20);
    const found = await expectAgreement(disk);
    expect(found).toMatchObject({ key: null, damage: [], lanes: { report: [], alert: [] } });
    expect(found.sealed.map(({ records }) => records)).toEqual(Array.from({ length: 10 }, () => 1));
  });
});

describe("what is delivered", { timeout: 30_000 }, () => {
  test("is marked by its unit's place before the cursor; of a unit that is delivered in part, nothing", async () => {
    const first = await Bench.start();
    for (let block = 0; block < 6; block++) {
      first.keep("report");
      await first.pass(300);
    }
    const bench = await first.restart(8n);
    for (const _ of [0, 1]) {
      bench.keep("report");
      await bench.pass(300);
    }
    bench.spool.connected();
    const out = await bench.backlog();
    const delivered = async (...answered: readonly number[]): Promise<number> => {
      bench.answer(answered.map((at) => out[at]!));
      await bench.pass(12_000);
      return (await expectAgreement(bench.disk)).lanes.report.filter((block) => block.delivered).length;
    };
    const together = readDisk(bench.disk).lanes.report.slice(0, 6);
    expect(new Set(together.map(({ offset }) => offset)), "the next start puts nearly empty segments together").toEqual(new Set([64]));
    expect(await delivered(0, 1, 2)).toBe(0);
    expect(await delivered(4, 5)).toBe(0);
    expect(await delivered(3)).toBe(6);
    expect(await delivered(6)).toBe(7);
    const harmed = bench.disk.copy();
    flip(harmed, `${SPOOL}/${together[0]!.segment}`, 64 + 60);
    expect((await expectAgreement(harmed)).damage, "damage is told though it was delivered").toHaveLength(1);
  });

  test("leaves a segment free when all of it is, and its place is used again for other units", async () => {
    const bench = await Bench.start();
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < 4; at++) bench.keep("wave", 1, "y".repeat(9000));
      await bench.pass(300);
      await expectAgreement(bench.disk);
      const next = await bench.restart(BigInt(round + 20));
      next.spool.connected();
      next.answer(await next.everything());
      await next.pass(3000);
      const found = await expectAgreement(next.disk);
      expect(found.waiting.wave).toEqual([]);
    }
  });
});

describe("a ring", { timeout: 30_000 }, () => {
  test("holds what is not on flash yet, and of a torn block the turns before the tear", async () => {
    const bench = await Bench.start();
    bench.keep("report");
    await bench.pass(300);
    bench.disk.hold();
    for (let turn = 0; turn < 4; turn++) {
      for (let at = 0; at < 3; at++) bench.keep("report", 1, "q".repeat(40));
      bench.turn();
    }
    const disk = bench.disk.copy();
    const ring = `${RUNTIME}/report.ring`;
    expect(namesFound("report", (await expectAgreement(disk)).waiting.report)).toHaveLength(13);
    const left: number[] = [];
    for (let at = 64; at < disk.files.get(ring)!.length; at += 150) {
      const torn = disk.copy();
      flip(torn, ring, at);
      left.push(namesFound("report", (await expectAgreement(torn)).waiting.report).length);
    }
    expect(left).toEqual([...left].sort((one, other) => one - other));
    expect(new Set(left)).toEqual(new Set([1, 4, 7, 10]));
  });
});

test("at whatever step a start is killed, each block counts once", { timeout: 60_000 }, async () => {
  const bench = await Bench.start();
  for (let block = 0; block < 3; block++) {
    bench.keep("report");
    await bench.pass(300);
  }
  bench.disk.hold();
  bench.keep("report");
  bench.turn();
  const disk = bench.disk.copy();
  const steps: MemoryDisk[] = [];
  disk.fails = (operation, path) => {
    if ((operation === "write" || operation === "sync") && path.startsWith(SPOOL)) steps.push(disk.copy());
    return false;
  };
  await Bench.start({ disk, run: 8n });
  expect(steps.length).toBeGreaterThan(5);
  let twice = 0;
  for (const step of steps) {
    const found = await expectAgreement(step);
    expect(namesFound("report", found.waiting.report)).toEqual(numbered("report", 0, 1, 2, 3));
    twice += found.twice.length;
  }
  expect(twice).toBeGreaterThan(0);
});

/** Some minutes of a gateway, at the end of which it is killed and perhaps a byte of its disk is another. */
async function life(random: Random): Promise<MemoryDisk> {
  let bench = await Bench.start({ run: 1n });
  const sent: ReturnType<Bench["live"]> = [];
  for (let step = 0; step < 60; step++) {
    const kind = random.below(12);
    if (kind < 5) for (let at = random.below(4); at >= 0; at--) bench.keep(LANES[random.below(4)]!, 1, "x".repeat(random.below(3000)));
    else if (kind < 8) await bench.pass(20 + random.below(300));
    else if (kind === 8) bench.spool.connected();
    else if (kind === 9) sent.push(...bench.live(), ...(await bench.backlog()));
    else if (kind === 10) bench.answer(sent.splice(0, random.below(6)));
    else if (random.below(3) === 0) {
      sent.length = 0;
      bench = await bench.restart(BigInt(step + 2));
    }
    await settle();
  }
  if (random.below(2) === 0) bench.disk.hold();
  for (const lane of LANES) bench.keep(lane);
  bench.turn();
  const disk = bench.disk.copy();
  const written = [...disk.files.keys()].filter((path) => /\.(seg|ring|key)$/.test(path) && disk.files.get(path)!.length > 0);
  const path = written[random.below(written.length)]!;
  const at = random.below(Math.min(disk.files.get(path)!.length, 4000));
  // No check covers the blanks of a segment's header.
  if (random.below(3) > 0) flip(disk, path, path.endsWith(".seg") && at >= 24 && at < 64 ? at + 40 : at);
  return disk;
}

test.for([1, 2, 3, 4, 5, 6])("both readers agree on what a gateway leaves, seed %i", { timeout: 30_000 }, async (seed) => {
  await expectAgreement(await life(randomOf(seed)));
});
