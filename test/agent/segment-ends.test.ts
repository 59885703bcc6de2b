import { describe, expect, test } from "vitest";
import { NOTHING_KNOWN } from "../../agent/spool/cursors.ts";
import { SEGMENT_BYTES, type StoredBlock, UNITS_END, UNITS_START } from "../../agent/spool/segment.ts";
import { LaneStore } from "../../agent/spool/store.ts";
import { blockBytes, MemoryDisk, nameOf, storeParts } from "./fakes.ts";

/** A header at both ends: what happens to a segment whose ends are damaged. */

const FOLDER = "/state/spool";
const KEYS = new MemoryDisk();
const PATH = `${FOLDER}/wave-1.seg`;
const block = (number: number, text = "x"): StoredBlock => {
  const name = nameOf("wave", number);
  return { name, bytes: blockBytes(name, [number], 1, text), records: 1 };
};

async function written(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const store = new LaneStore(storeParts(disk, 1, KEYS), FOLDER, "wave");
  await store.append([block(1), block(2)], () => false);
  return disk;
}
async function recovered(disk: MemoryDisk) {
  const store = new LaneStore(storeParts(disk, 2, KEYS), FOLDER, "wave");
  await store.recover(PATH, NOTHING_KNOWN, () => undefined);
  await store.settle();
  const numbers: number[] = [];
  for (let next = await store.load(); next.length > 0; next = await store.load()) numbers.push(...next.map((one) => one.block.name.number));
  return { numbers, corrupt: store.corruptBytes, free: !store.needsFile([]) };
}
const harmed = async (harm: (bytes: Uint8Array) => void) => {
  const disk = await written();
  harm(disk.files.get(PATH)!);
  return recovered(disk);
};
const FILLS = [0x00, 0xff, 0xa5];

describe("of a segment's two headers", () => {
  test("any one may be gone, whatever stands in its place: nothing is lost", async () => {
    for (const fill of FILLS) {
      const first = await harmed((bytes) => bytes.fill(fill, 0, UNITS_START));
      expect([fill, first.numbers, first.corrupt > 0]).toEqual([fill, [1, 2], fill !== 0]);
      const second = await harmed((bytes) => bytes.fill(fill, UNITS_END, SEGMENT_BYTES));
      expect([fill, second.numbers, second.corrupt]).toEqual([fill, [1, 2], 0]);
    }
    for (let at = 0; at < 24; at++) {
      const { numbers, corrupt } = await harmed((bytes) => {
        bytes[at]! ^= 0x10;
      });
      expect([at, numbers, corrupt]).toEqual([at, [1, 2], UNITS_START]);
    }
  });

  test("both may be gone: the units say what it is, and nothing else is lost", async () => {
    for (const fill of FILLS.slice(1)) {
      const { numbers, corrupt } = await harmed((bytes) => {
        bytes.fill(fill, 0, UNITS_START);
        bytes.fill(fill, UNITS_END, SEGMENT_BYTES);
      });
      expect([numbers, corrupt]).toEqual([[1, 2], UNITS_START]);
    }
  });

  test("both may be gone with all between them: all of it is told, and the file is used again", async () => {
    const { numbers, corrupt, free } = await harmed((bytes) => bytes.fill(0xa5));
    expect([numbers, corrupt, free]).toEqual([[], SEGMENT_BYTES, true]);
  });

  test("none stands in one that is done with, and no unit ever reaches the second one", async () => {
    const disk = new MemoryDisk();
    const store = new LaneStore(storeParts(disk, 3, KEYS), FOLDER, "wave");
    for (let number = 1; disk.files.size < 2; number++) {
      await store.append([block(number, "x".repeat(9_000 + number))], () => false);
      const end = disk.files.get(PATH)!.subarray(UNITS_END);
      expect(new DataView(end.buffer, end.byteOffset).getUint32(0, true)).toBe(0x31475342);
    }
    for (let next = await store.load(); next.length > 0; next = await store.load()) for (const { kept } of next) store.release(kept);
    const bytes = disk.files.get(PATH)!;
    expect([...bytes.subarray(0, UNITS_START), ...bytes.subarray(UNITS_END)].every((byte) => byte === 0)).toBe(true);
  });
});
