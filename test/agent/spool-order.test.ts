import { describe, expect, test } from "vitest";
import { NOTHING_KNOWN } from "../../agent/spool/cursors.ts";
import { encodeSegmentHeader, encodeUnit, SEGMENT_BYTES, type StoredBlock, UNITS_END, UNITS_START } from "../../agent/spool/segment.ts";
import { LaneStore } from "../../agent/spool/store.ts";
import { blockBytes, MemoryDisk, nameOf, storeParts } from "./fakes.ts";

/** Segments that starts put together, and do not come to their end: what a power cut leaves is still in order. */

const FOLDER = "/state/spool";
const KEYS = new MemoryDisk();
const block = (number: number): StoredBlock => {
  const name = nameOf("alert", number);
  return { name, bytes: blockBytes(name, [number], 1, "x"), records: 1 };
};

/** One segment for each list of blocks, the oldest first. */
async function diskWith(segments: readonly (readonly number[])[]): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const seal = await storeParts(disk, 1, KEYS).keyring.seal();
  for (const [at, numbers] of segments.entries()) {
    const [order, generation] = [at + 1, BigInt(at + 1)];
    const bytes = new Uint8Array(SEGMENT_BYTES);
    for (const end of [0, UNITS_END]) bytes.set(encodeSegmentHeader({ lane: "alert", generation, order }), end);
    bytes.set(encodeUnit(numbers.map(block), { generation, offset: UNITS_START, seal }), UNITS_START);
    disk.files.set(`${FOLDER}/alert-${order}.seg`, bytes);
  }
  return disk;
}

/** A power cut at its worst: of each file what stood in it when it was synced last. Writes to some of them take long. */
function mediumOf(disk: MemoryDisk, slow: readonly string[]): MemoryDisk {
  const medium = disk.copy();
  disk.fails = (operation, path) => {
    if (operation === "write" && slow.includes(path)) disk.slowNext = 1;
    if (operation === "sync") medium.files.set(path, disk.files.get(path)!.slice());
    return false;
  };
  return medium;
}

/** What a start does until it has read all that is there. */
async function started(disk: MemoryDisk, seed: number): Promise<LaneStore> {
  const store = new LaneStore(storeParts(disk, seed, KEYS), FOLDER, "alert");
  for (const name of await disk.list(FOLDER)) await store.recover(`${FOLDER}/${name}`, NOTHING_KNOWN, () => undefined);
  await store.settle();
  return store;
}

async function numbersIn(store: LaneStore): Promise<number[]> {
  const numbers: number[] = [];
  for (let next = await store.load(); next.length > 0; next = await store.load()) numbers.push(...next.map((one) => one.block.name.number));
  return numbers;
}

describe("blocks that are moved into a new segment", () => {
  test.each([0, 1, 2])(
    "are sent in order after a power cut, also behind %i starts that were killed before they moved any",
    async (killed) => {
      // Two starts have moved the block 2 alone, and lost their power before the segment that it came from was forgotten.
      const disk = await diskWith([[1], [2], [2], [2], [3]]);
      const medium = mediumOf(disk, [`${FOLDER}/alert-3.seg`, `${FOLDER}/alert-4.seg`]);
      for (let seed = 2; seed < 2 + killed; seed++) await started(disk, seed);
      const store = await started(disk, 10);
      const { blocks, forget } = await store.scraps();
      expect(blocks.map(({ name }) => name.number)).toEqual([1, 2, 3]);
      await store.append(blocks, () => false);
      await forget();
      expect(await numbersIn(await started(medium, 11))).toEqual([1, 2, 3]);
    },
  );
});
