import { describe, expect, test } from "vitest";
import { nodeSeals } from "../../agent/effects/node/seals.ts";
import { crc32 } from "../../agent/spool/crc32.ts";
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
const KEY = new Uint8Array(32).fill(7);
const PLACE = { generation: GENERATION, offset: UNITS_START, seal: nodeSeals()(KEY) };

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
    const unit = encodeUnit(BLOCKS, PLACE);
    expect(unit.length).toBe(unitLength(BLOCKS));
    const file = await fileWith(unit);
    expect(await readUnit(file, PLACE)).toEqual({ offset: UNITS_START, length: unit.length, records: 3, blocks: BLOCKS });
  });

  test("torn at any byte is no unit", async () => {
    const unit = encodeUnit(BLOCKS, PLACE);
    for (let cut = 0; cut < unit.length; cut++) {
      const file = await fileWith(unit.subarray(0, cut));
      expect(await readUnit(file, PLACE), `cut at ${cut}`).toBeUndefined();
    }
  });

  test("with any byte changed is no unit", async () => {
    const unit = encodeUnit(BLOCKS, PLACE);
    for (let at = 0; at < unit.length; at++) {
      const bad = unit.slice();
      bad[at]! ^= 0x04;
      expect(await readUnit(await fileWith(bad), PLACE), `byte ${at}`).toBeUndefined();
    }
  });

  test("altered by somebody who knows the check is no unit either, nor at another place or in another generation", async () => {
    const check = (unit: Uint8Array): Uint8Array => {
      new DataView(unit.buffer).setUint32(24, crc32(unit.subarray(28), crc32(unit.subarray(0, 24))), true);
      return unit;
    };
    expect(check(encodeUnit(BLOCKS, PLACE))).toEqual(encodeUnit(BLOCKS, PLACE));
    for (const at of [8, 12, 32, 100, encodeUnit(BLOCKS, PLACE).length - 1]) {
      const bad = encodeUnit(BLOCKS, PLACE);
      bad[at]! ^= 0x01;
      expect(await readUnit(await fileWith(check(bad)), PLACE), `byte ${at}`).toBeUndefined();
    }
    const moved = await fileWith(encodeUnit(BLOCKS, PLACE), UNITS_START + 512);
    expect(await readUnit(moved, { ...PLACE, offset: UNITS_START + 512 })).toBeUndefined();
    const renamed = encodeUnit(BLOCKS, PLACE);
    new DataView(renamed.buffer).setBigUint64(16, GENERATION + 1n, true);
    expect(await readUnit(await fileWith(check(renamed)), { ...PLACE, generation: GENERATION + 1n })).toBeUndefined();
  });

  test("shows nothing of what is in it, and under another key only how many records that is", async () => {
    const unit = encodeUnit(BLOCKS, PLACE);
    expect(Buffer.from(unit).includes(Buffer.from(BLOCKS[0]!.bytes.subarray(0, 12)))).toBe(false);
    const other = { ...PLACE, seal: nodeSeals()(new Uint8Array(32).fill(8)) };
    expect(await readUnit(await fileWith(unit), other)).toEqual({ offset: UNITS_START, length: unit.length, sealedRecords: 3 });
  });

  test("of another generation is refused: it was left by an earlier use of the file", async () => {
    const file = await fileWith(encodeUnit(BLOCKS, PLACE));
    expect(await readUnit(file, { ...PLACE, generation: GENERATION + 1n })).toBeUndefined();
  });

  test("does not carry a block that does not hold under the name it is filed under", async () => {
    const wrong = { ...stored(3), name: nameOf("wave", 4) };
    const read = await readUnit(await fileWith(encodeUnit([BLOCKS[0]!, wrong], PLACE)), PLACE);
    expect(read).toMatchObject({ blocks: [BLOCKS[0]], records: 2 });
  });

  test("is not read beyond the end of the segment", async () => {
    const file = await fileWith(encodeUnit(BLOCKS, PLACE), SEGMENT_BYTES - 16);
    expect(await readUnit(file, { ...PLACE, offset: SEGMENT_BYTES - 16 })).toBeUndefined();
    expect(await readUnit(file, { ...PLACE, offset: SEGMENT_BYTES })).toBeUndefined();
    const claims = encodeUnit(BLOCKS, PLACE);
    new DataView(claims.buffer).setUint32(4, 0xffff_fff0, true);
    expect(await readUnit(await fileWith(claims), PLACE)).toBeUndefined();
  });
});
