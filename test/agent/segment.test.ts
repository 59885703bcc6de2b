import { describe, expect, test } from "vitest";
import {
  encodeSegmentHeader,
  encodeUnit,
  readSegmentHeader,
  readUnit,
  SEGMENT_BYTES,
  type StoredBlock,
  UNITS_START,
  unitLength,
} from "../../agent/spool/segment.ts";
import { blockBytes, MemoryDisk, nameOf } from "./fakes.ts";

const stored = (number: number, count = 2): StoredBlock => {
  const name = nameOf("wave", number);
  const numbers = Array.from({ length: count }, (_, n) => n);
  return { name, bytes: blockBytes(name, numbers), records: count };
};
const BLOCKS = [stored(1), stored(2, 1)];
const GENERATION = 0x1122334455667788n;

async function fileWith(bytes: Uint8Array, at = UNITS_START) {
  const disk = new MemoryDisk();
  const file = await disk.open("/state/spool/wave-1.seg", "create");
  await file.write(0, new Uint8Array(4096));
  await file.write(at, bytes);
  return file;
}

describe("a segment's header", () => {
  const header = { lane: "wave", generation: GENERATION, order: 12 } as const;
  test("is read as it was written", () => {
    expect(readSegmentHeader(encodeSegmentHeader(header))).toEqual(header);
  });
  test("with a byte changed is no header", () => {
    for (let at = 0; at < 24; at++) {
      const bad = encodeSegmentHeader(header);
      bad[at]! ^= 0x10;
      expect(readSegmentHeader(bad), `byte ${at}`).toBeUndefined();
    }
    expect(readSegmentHeader(new Uint8Array(UNITS_START))).toBeUndefined();
    expect(readSegmentHeader(encodeSegmentHeader(header).subarray(0, 30))).toBeUndefined();
  });
});

describe("a unit, one commit on flash,", () => {
  test("is read as it was written, with the names of its blocks", async () => {
    const unit = encodeUnit(BLOCKS, GENERATION);
    expect(unit.length).toBe(unitLength(BLOCKS));
    const file = await fileWith(unit);
    expect(await readUnit(file, UNITS_START, GENERATION)).toEqual({ offset: UNITS_START, length: unit.length, records: 3, blocks: BLOCKS });
  });

  test("torn at any byte is no unit", async () => {
    const unit = encodeUnit(BLOCKS, GENERATION);
    for (let cut = 0; cut < unit.length; cut++) {
      const file = await fileWith(unit.subarray(0, cut));
      expect(await readUnit(file, UNITS_START, GENERATION), `cut at ${cut}`).toBeUndefined();
    }
  });

  test("with any byte changed is no unit; only four bytes of its header mean nothing", async () => {
    const unit = encodeUnit(BLOCKS, GENERATION);
    for (let at = 0; at < unit.length; at++) {
      const bad = unit.slice();
      bad[at]! ^= 0x04;
      const read = await readUnit(await fileWith(bad), UNITS_START, GENERATION);
      if (at >= 28 && at < 32) expect(read?.blocks).toEqual(BLOCKS);
      else expect(read, `byte ${at}`).toBeUndefined();
    }
  });

  test("of another generation is refused: it was left by an earlier use of the file", async () => {
    const file = await fileWith(encodeUnit(BLOCKS, GENERATION));
    expect(await readUnit(file, UNITS_START, GENERATION + 1n)).toBeUndefined();
  });

  test("does not carry a block that does not hold under the name it is filed under", async () => {
    const wrong = { ...stored(3), name: nameOf("wave", 4) };
    const read = await readUnit(await fileWith(encodeUnit([BLOCKS[0]!, wrong], GENERATION)), UNITS_START, GENERATION);
    expect(read?.blocks).toEqual([BLOCKS[0]]);
    expect(read?.records).toBe(2);
  });

  test("is not read beyond the end of the segment", async () => {
    const file = await fileWith(encodeUnit(BLOCKS, GENERATION), SEGMENT_BYTES - 16);
    expect(await readUnit(file, SEGMENT_BYTES - 16, GENERATION)).toBeUndefined();
    expect(await readUnit(file, SEGMENT_BYTES, GENERATION)).toBeUndefined();
    const claims = encodeUnit(BLOCKS, GENERATION);
    new DataView(claims.buffer).setUint32(4, 0xffff_fff0, true);
    expect(await readUnit(await fileWith(claims), UNITS_START, GENERATION)).toBeUndefined();
  });
});
