import { describe, expect, test } from "vitest";
import { nodeSeals } from "../../agent/effects/node/seals.ts";
import { LANES } from "../../agent/model/model.ts";
import { NOTHING_KNOWN } from "../../agent/spool/cursors.ts";
import { lookAgain, lookAtSegment, lookAtSpool, type SegmentLook } from "../../agent/spool/look.ts";
import { encodeSegmentHeader, encodeUnit, SEGMENT_BYTES, type StoredBlock, UNITS_END, UNITS_START } from "../../agent/spool/segment.ts";
import { blockBytes, type MemoryDisk, nameOf } from "./fakes.ts";
import { Bench } from "./spool-bench.ts";

const seal = nodeSeals()(new Uint8Array(32).fill(5));
const PARTS = { seals: nodeSeals() };
const block = (number: number, records = 2): StoredBlock => {
  const name = nameOf("report", number);
  const numbers = Array.from({ length: records }, (_, at) => at);
  return { name, bytes: blockBytes(name, numbers), records };
};
const GENERATION = 0x1122_3344_5566_7788n;

/** A segment with these commits, and where each begins; written over an older one, if one is given. */
function segmentOf(units: readonly (readonly StoredBlock[])[], generation = GENERATION, over = new Uint8Array(SEGMENT_BYTES)) {
  const bytes = over.slice();
  const header = encodeSegmentHeader({ lane: "report", generation, order: 1 });
  for (const at of [0, UNITS_END]) bytes.set(header, at);
  const starts: number[] = [];
  let offset = UNITS_START;
  for (const blocks of units) {
    const unit = encodeUnit(blocks, { generation, offset, seal });
    bytes.set(unit, offset);
    starts.push(offset);
    offset += unit.length;
  }
  return { bytes, starts, end: offset };
}
const about = { file: "report-1.seg", lane: "report", known: NOTHING_KNOWN, seal } as const;
const look = (bytes: Uint8Array, more: Partial<Parameters<typeof lookAtSegment>[1]> = {}): Promise<SegmentLook> =>
  lookAtSegment(bytes, { ...about, ...more });
const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const other = bytes.slice();
  other[at]! ^= 0x10;
  return other;
};
const places = ({ damaged }: SegmentLook) => damaged.map(({ offset, bytes, why }) => [offset, bytes, why]);

describe("a look at a segment", () => {
  test("counts what waits and what is delivered, and tells when the first and the last of it was stamped", async () => {
    const { bytes, starts, end } = segmentOf([[block(1)], [block(2), block(3)], [block(4, 5)]]);
    expect(await look(bytes)).toMatchObject({
      is: "used",
      units: 3,
      waiting: { blocks: 4, records: 11, bytes: end - UNITS_START },
      delivered: { blocks: 0, records: 0, bytes: 0 },
      oldest: 0,
      newest: 0.004,
      sealed: [],
      damaged: [],
    });
    const cursors = [{ path: "/var/lib/bedside/spool/report-1.seg", generation: GENERATION.toString(), cursor: starts[1]! }];
    expect(await look(bytes, { known: { cursors, ends: [] } })).toMatchObject({
      waiting: { blocks: 3, records: 9 },
      delivered: { blocks: 1, records: 2, bytes: starts[1]! - UNITS_START },
    });
  });

  test("finds one wrong bit anywhere in what is in use, the last commit included, and says where", async () => {
    const old = segmentOf([[block(7)], [block(8)], [block(9)], [block(10)]], 3n).bytes;
    for (const over of [undefined, old]) {
      const { bytes, starts, end } = segmentOf([[block(1)], [block(2)]], GENERATION, over);
      expect((await look(bytes)).damaged).toEqual([]);
      const heads = starts.flatMap((start) => Array.from({ length: 32 }, (_, at) => start + at));
      const bodies = Array.from({ length: Math.floor((end - UNITS_START) / 29) }, (_, at) => UNITS_START + at * 29);
      for (const at of [...heads, ...bodies]) {
        const which = at < starts[1]! ? 0 : 1;
        const [[offset, , why] = []] = places(await look(flipped(bytes, at)));
        expect([offset, why], `byte ${at}`).toEqual([starts[which], which === 0 ? "unit" : "last_unit"]);
      }
      for (const at of [0, 5, 20, 40]) expect(places(await look(flipped(bytes, at)))).toEqual([[0, 64, "front_header"]]);
      for (const at of [0, 5, 20, 40]) expect(places(await look(flipped(bytes, UNITS_END + at)))).toEqual([[UNITS_END, 64, "back_header"]]);
    }
  });

  test("does not take for damage what a segment held before, or a crash while one is emptied", async () => {
    const old = segmentOf([[block(7)], [block(8)], [block(9)]], 3n).bytes;
    for (const units of [[], [[block(1)]], [[block(1), block(2)]]])
      expect((await look(segmentOf(units, 4n, old).bytes)).damaged).toEqual([]);
    const half = segmentOf([[block(1)]]).bytes.fill(0, UNITS_END);
    expect(await look(half)).toMatchObject({ is: "used", damaged: [], waiting: { records: 2 } });
    const emptied = half.fill(0, 0, UNITS_START);
    expect(await look(emptied)).toMatchObject({ is: "free", damaged: [] });
    expect(await look(new Uint8Array(100)), "made, and not written to its length yet").toMatchObject({ is: "free", damaged: [] });
  });

  test("tells whole commits that no key here opens by their plain heads", async () => {
    const { bytes, starts, end } = segmentOf([[block(1)], [block(2), block(3, 4)]]);
    const other = nodeSeals()(new Uint8Array(32).fill(6));
    const { sealed, waiting, damaged, oldest, units } = await look(bytes, { seal: other });
    expect(sealed).toEqual([{ file: "report-1.seg", offset: starts[0], bytes: end - 64, blocks: 3, records: 8, keyId: seal.id }]);
    expect(units).toBe(2);
    const third = encodeUnit([block(9)], { generation: GENERATION, offset: end, seal: other });
    const mixed = bytes.slice();
    mixed.set(third, end);
    expect(await look(mixed, { seal: nodeSeals()(new Uint8Array(32)) })).toMatchObject({
      sealed: [
        { offset: 64, records: 8, keyId: seal.id },
        { offset: end, records: 2, bytes: third.length, keyId: other.id },
      ],
    });
    expect([waiting.records, damaged, oldest]).toEqual([0, [], undefined]);
    expect(places(await look(flipped(bytes, starts[0]! + 50), { seal: other })), "damage is seen without a key").toMatchObject([
      [starts[0], starts[1]! - starts[0]!, "unit"],
    ]);
  });

  test("tells a commit that is altered under a right check, and one that lacks what its head promises", async () => {
    const moved = segmentOf([[block(1)], [block(2)]]);
    const foreign = encodeUnit([block(3)], { generation: GENERATION, offset: 4096, seal });
    moved.bytes.set(foreign, UNITS_START);
    expect(places(await look(moved.bytes))[0]?.[2]).toBe("seal");
    const short = { ...block(2), bytes: block(2).bytes.map((byte, at) => (at === 30 ? byte ^ 1 : byte)) };
    const { bytes, starts } = segmentOf([[block(1), short]]);
    expect(places(await look(bytes))).toMatchObject([[starts[0], expect.any(Number), "blocks"]]);
    const fewer = segmentOf([[{ ...block(1), records: 3 }]]);
    expect(places(await look(fewer.bytes)), "fewer records than it says").toMatchObject([[64, expect.any(Number), "blocks"]]);
  });

  test("tells a file that is none: headers gone, another lane's, too short", async () => {
    const { bytes } = segmentOf([[block(1)]]);
    const headless = flipped(flipped(bytes, 0), UNITS_END);
    expect(await look(headless), "its units say what it is").toMatchObject({
      is: "used",
      waiting: { records: 2 },
      damaged: [{ why: "front_header" }, { why: "back_header" }],
    });
    expect(await look(flipped(headless, 100))).toMatchObject({
      is: "unknown",
      damaged: [{ why: "both_headers", bytes: SEGMENT_BYTES - 40 }],
    });
    const named = { is: "used", lane: "report", waiting: { records: 2 }, damaged: [{ why: "other_lane", bytes: 0 }] };
    expect(await look(bytes, { lane: "wave" })).toMatchObject(named);
    expect(await look(bytes.subarray(0, 5000))).toMatchObject({ is: "unknown", damaged: [{ why: "too_short", bytes: 5000 }] });
    const zeroed = segmentOf([[block(1)], [block(2)]]);
    zeroed.bytes.fill(0, zeroed.starts[1], zeroed.starts[1]! + 40);
    expect(places(await look(zeroed.bytes)), "a sector of zeros at the end").toMatchObject([
      [zeroed.starts[1], expect.any(Number), "last_unit"],
    ]);
  });
});

describe("a look at the spool", () => {
  async function backlog(): Promise<MemoryDisk> {
    const bench = await Bench.start();
    for (let count = 0; count < 4; count++) {
      for (const lane of LANES) bench.keep(lane);
      await bench.pass(400);
    }
    return bench.disk;
  }

  test("finds what a run left, lane by lane, and only reads", async () => {
    const disk = await backlog();
    const [before, done] = [disk.copy(), disk.done.length];
    const { segments, key, foreign } = await lookAtSpool({ disk, ...PARTS }, "/state");
    expect(segments.map(({ lane, is, waiting }) => [lane, is, waiting.records])).toEqual([...LANES].map((lane) => [lane, "used", 4]));
    expect([key["spool.key"], key["spool.key.copy"], foreign]).toEqual(["good", "good", []]);
    expect(disk.done.slice(done).filter((one) => !/^(read|list) /.test(one))).toEqual([]);
    expect(disk.files).toEqual(before.files);
  });

  test("goes on without a key, and past a file that cannot be read or is not ours", async () => {
    const disk = await backlog();
    disk.files.delete("/state/spool.key");
    disk.files.set("/state/spool.key.copy", new Uint8Array(3));
    disk.files.set("/state/spool/notes.txt", new Uint8Array(3));
    disk.fails = (operation, path) => operation === "read" && path.endsWith("wave-1.seg");
    const { segments, key, foreign } = await lookAtSpool({ disk, ...PARTS }, "/state");
    expect(key).toEqual({ id: undefined, "spool.key": "missing", "spool.key.copy": "damaged" });
    expect(foreign).toEqual(["notes.txt"]);
    expect(segments.flatMap(({ sealed }) => sealed).reduce((sum, { records }) => sum + records, 0)).toBe(12);
    expect(segments.flatMap(({ damaged }) => damaged)).toMatchObject([{ file: "wave-1.seg", offset: 0, why: "cannot_be_read" }]);
    expect(disk.files.has("/state/spool.key"), "nothing is repaired").toBe(false);
  });

  test("looks again only where something did not hold, and believes what holds then", async () => {
    const disk = await backlog();
    const good = disk.files.get("/state/spool/event-1.seg")!;
    disk.files.set("/state/spool/event-1.seg", flipped(good, 100));
    const first = await lookAtSpool({ disk, ...PARTS }, "/state");
    expect(first.segments.flatMap(({ damaged }) => damaged)).toMatchObject([{ file: "event-1.seg" }]);
    const done = disk.done.length;
    expect((await lookAgain({ disk, ...PARTS }, "/state", first)).segments.flatMap(({ damaged }) => damaged)).toHaveLength(1);
    expect(disk.done.slice(done).filter((one) => one.endsWith(".seg"))).toEqual(["read /state/spool/event-1.seg"]);
    disk.files.set("/state/spool/event-1.seg", flipped(good, UNITS_END));
    expect(
      (await lookAgain({ disk, ...PARTS }, "/state", first)).segments.flatMap(({ damaged }) => damaged),
      "was not there before",
    ).toEqual([]);
    disk.files.set("/state/spool/event-1.seg", good);
    expect((await lookAgain({ disk, ...PARTS }, "/state", first)).segments.flatMap(({ damaged }) => damaged)).toEqual([]);
    disk.files.delete("/state/spool/event-1.seg");
    expect((await lookAgain({ disk, ...PARTS }, "/state", first)).segments).toHaveLength(3);
  });
});
