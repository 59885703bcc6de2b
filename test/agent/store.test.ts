import { describe, expect, test } from "vitest";
import { SEGMENT_BYTES, type StoredBlock } from "../../agent/spool/segment.ts";
import { type Kept, LaneStore, type Loaded } from "../../agent/spool/store.ts";
import { blockBytes, MemoryDisk, nameOf, settle, storeParts } from "./fakes.ts";

const FOLDER = "/state/spool";
const KEYS = new MemoryDisk();
const block = (number: number, text = "x"): StoredBlock => {
  const name = nameOf("wave", number);
  return { name, bytes: blockBytes(name, [number], 1, text), records: 1 };
};
const big = (number: number): StoredBlock => block(number, "x".repeat(30_000));
const idle = () => false;
const numbers = (loaded: readonly Loaded[]): number[] => loaded.map((one) => one.block.name.number);

function newStore(disk = new MemoryDisk(), seed = 1) {
  return { disk, store: new LaneStore(storeParts(disk, seed, KEYS), FOLDER, "wave") };
}
async function loadAll(store: LaneStore): Promise<Loaded[]> {
  const all: Loaded[] = [];
  for (let next = await store.load(); next.length > 0; next = await store.load()) all.push(...next);
  return all;
}
/** A store whose first segment is full and closed, and which goes on in a second one. */
async function twoSegments() {
  const { disk, store } = newStore();
  let number = 0;
  while (disk.count("open", FOLDER) < 2) await store.append([big(++number)], idle);
  return { disk, store, last: number };
}

describe("a lane's store", () => {
  test("gives back what was appended, oldest first, each block once", async () => {
    const { store } = newStore();
    await store.append([block(1), block(2)], idle);
    await store.append([block(3)], idle);
    expect(numbers(await loadAll(store))).toEqual([1, 2, 3]);
    expect(await loadAll(store)).toEqual([]);
    expect(store.waiting).toBe(3);
  });

  test("does not give what is under way from memory, until its connection ends", async () => {
    const { store } = newStore();
    await store.append([block(1), block(2)], ({ name }) => name.number === 1);
    expect(numbers(await loadAll(store))).toEqual([2]);
    store.rewind();
    expect(numbers(await loadAll(store))).toEqual([1, 2]);
  });

  test("never gives again what was delivered, in whatever order the answers came", async () => {
    const { store } = newStore();
    for (const number of [1, 2, 3, 4]) await store.append([block(number), block(number + 10)], idle);
    const loaded = await loadAll(store);
    for (const index of [5, 0, 3]) store.release(loaded[index]!.kept);
    store.rewind();
    const again = await loadAll(store);
    expect(numbers(again)).toEqual([11, 2, 3, 4, 14]);
    expect(store.waiting).toBe(5);
    for (const { kept } of again) store.release(kept);
    expect(store.waiting).toBe(0);
    store.rewind();
    expect(await loadAll(store)).toEqual([]);
  });

  test("gives again what was given back", async () => {
    const { store } = newStore();
    await store.append([block(1)], idle);
    await store.append([block(2)], idle);
    const [first] = await loadAll(store);
    store.giveBack(first!.kept);
    expect(numbers(await loadAll(store))).toEqual([1]);
  });

  test("keeps nothing of a failed commit, and never writes or syncs that file again", async () => {
    for (const step of ["write", "sync"] as const) {
      const { disk, store } = newStore();
      await store.append([block(1)], idle);
      const path = `${FOLDER}/wave-1.seg`;
      disk.fails = (operation, on) => operation === step && on === path;
      await expect(store.append([block(2)], idle)).rejects.toMatchObject({ key: "disk.failed" });
      disk.fails = () => false;
      const before = disk.count("write", path) + disk.count("sync", path);
      await store.append([block(2)], idle);
      const loaded = await loadAll(store);
      expect(numbers(loaded)).toEqual([1, 2]);
      for (const { kept } of loaded) store.release(kept);
      await settle();
      await store.append([block(3)], idle);
      expect(disk.count("write", path) + disk.count("sync", path)).toBe(before);
      expect(store.waiting).toBe(1);
    }
  });

  test("leaves no more files than it counts, however often the disk fails", async () => {
    for (const step of ["open", "write", "sync", "syncFolder"] as const) {
      const { disk, store } = newStore();
      disk.fails = (operation) => operation === step;
      for (let attempt = 0; attempt < 20; attempt++) {
        await store.append([block(1)], idle).then(
          () => expect.fail("the disk does not take it"),
          () => undefined,
        );
        await settle();
      }
      expect(disk.files.size, `files left where ${step} fails`).toBeLessThanOrEqual(2);
      expect(disk.files.size * SEGMENT_BYTES).toBeLessThanOrEqual(store.fileBytes + SEGMENT_BYTES);
    }
  });

  test("leaves no more files than it counts where only the sync of a used segment fails", async () => {
    const { disk, store } = newStore();
    for (let attempt = 0; attempt < 20; attempt++) {
      disk.fails = () => false;
      await store.append([block(attempt)], idle);
      disk.fails = (operation) => operation === "sync";
      await store.append([block(100)], idle).then(
        () => expect.fail("the disk does not take it"),
        () => undefined,
      );
      disk.fails = () => false;
      store.rewind();
      for (const { kept } of await loadAll(store)) store.release(kept);
      await settle();
    }
    expect(disk.files.size * SEGMENT_BYTES).toBeLessThanOrEqual(store.fileBytes + SEGMENT_BYTES);
  });

  test("uses a delivered segment's file again", async () => {
    const { disk, store } = await twoSegments();
    for (const { kept } of await loadAll(store)) store.release(kept);
    await settle();
    expect(store.waiting).toBe(0);
    for (let number = 100; number < 170; number++) {
      await store.append([big(number)], idle);
      for (const { kept } of await loadAll(store)) store.release(kept);
      await settle();
    }
    expect(disk.files.size).toBe(2);
  });
});

describe("a new run", () => {
  async function recovered(disk: MemoryDisk, cursors: ReturnType<LaneStore["cursors"]> = []) {
    const next = new LaneStore(storeParts(disk, 2, KEYS), FOLDER, "wave");
    const seen: number[] = [];
    for (const name of await disk.list(FOLDER))
      await next.recover(`${FOLDER}/${name}`, { cursors, ends: [] }, ({ name: of }) => seen.push(of.number));
    await next.settle();
    return { next, seen };
  }

  test("finds what waits, from the saved cursor on", async () => {
    const { disk, store } = newStore();
    for (const number of [1, 2, 3]) await store.append([block(number)], idle);
    const [first] = await store.load();
    store.release(first!.kept);
    const { next, seen } = await recovered(disk.copy(), store.cursors());
    expect(seen).toEqual([1, 2, 3]);
    expect(numbers(await loadAll(next))).toEqual([2, 3]);
    expect(next.waiting).toBe(2);
    const without = await recovered(disk.copy());
    expect(numbers(await loadAll(without.next))).toEqual([1, 2, 3]);
  });

  test.each([
    ["first", 0, [2, 3]],
    ["middle", 1, [1, 3]],
  ] as const)("passes over a damaged %s unit, says how many bytes, and delivers its neighbours", async (_which, damaged, left) => {
    const { disk, store } = newStore();
    const places: number[] = [];
    for (const number of [1, 2, 3]) await store.append([block(number)], (_block, kept) => places.push(kept.unit) < 0);
    const spoilt = disk.copy();
    const [bytes] = [...spoilt.files.values()];
    bytes![places[damaged]! + 40]! ^= 0x01;
    const { next } = await recovered(spoilt);
    expect(next.corruptBytes).toBe(places[damaged + 1]! - places[damaged]!);
    expect(next.waiting).toBe(2);
    const loaded = await loadAll(next);
    expect(numbers(loaded)).toEqual(left);
    for (const { kept } of loaded) next.release(kept);
    await settle();
    expect([next.waiting, next.bytes]).toEqual([0, 0]);
  });

  test("does not believe a cursor beyond the end of a segment", async () => {
    const { disk, store } = newStore();
    await store.append([block(1)], idle);
    const hostile = store.cursors().map((entry) => ({ ...entry, cursor: 1e9 }));
    expect(numbers(await loadAll((await recovered(disk.copy(), hostile)).next))).toEqual([1]);
  });

  test("does not take the empty end of a segment for damage", async () => {
    const { disk, store } = newStore();
    await store.append([block(1)], idle);
    expect((await recovered(disk.copy())).next.corruptBytes).toBe(0);
  });

  test("does not trust a cursor of another generation", async () => {
    const { disk, store } = newStore();
    await store.append([block(1)], idle);
    const cursors = store.cursors().map((entry) => ({ ...entry, cursor: 9999, generation: "1" }));
    expect(numbers(await loadAll((await recovered(disk.copy(), cursors)).next))).toEqual([1]);
  });

  test("cuts a torn last commit, at whatever byte", async () => {
    const { disk, store } = newStore();
    const path = `${FOLDER}/wave-1.seg`;
    await store.append([block(1)], idle);
    const before = disk.files.get(path)!.slice();
    await store.append([block(2), block(3)], idle);
    const after = disk.files.get(path)!.slice();
    const from = before.findIndex((byte, at) => byte !== after[at]);
    const to = after.findLastIndex((byte, at) => byte !== before[at]) + 1;
    for (let cut = from; cut <= to; cut++) {
      const torn = new MemoryDisk();
      const bytes = before.slice();
      bytes.set(after.subarray(from, cut), from);
      torn.files.set(path, bytes);
      const { next } = await recovered(torn);
      expect(numbers(await loadAll(next)), `cut at ${cut}`).toEqual(cut === to ? [1, 2, 3] : [1]);
    }
  });

  test("syncs what it found before anything of it is given out", async () => {
    const { disk, store } = newStore();
    await store.append([block(1)], idle);
    const copy = disk.copy();
    await recovered(copy);
    expect(copy.count("sync", `${FOLDER}/wave-1.seg`)).toBe(1);
  });

  test("never appends to a segment of a run before", async () => {
    const { disk, store } = newStore();
    await store.append([block(1)], idle);
    const { next } = await recovered(disk);
    await next.append([block(2)], idle);
    expect(disk.files.size).toBe(2);
    expect(numbers(await loadAll(next))).toEqual([1, 2]);
  });
});

describe("reading the backlog", () => {
  test("while the connection ends gives nothing to the new one twice", async () => {
    const { disk, store } = newStore();
    await store.append([block(1), block(2)], idle);
    disk.hold();
    const old = store.load();
    await settle();
    store.rewind();
    const fresh = store.load();
    disk.letGo();
    expect(numbers(await old), "nobody would take what the old one gave").toEqual([]);
    expect(numbers(await fresh)).toEqual([1, 2]);
    expect(await loadAll(store)).toEqual([]);
  });

  test("while the last answer for it comes gives nothing that was delivered", async () => {
    const { disk, store } = newStore();
    const places: Kept[] = [];
    await store.append([block(1)], (_one, kept) => {
      places.push(kept);
      return true;
    });
    disk.hold();
    const loading = store.load();
    await settle();
    store.release(places[0]!);
    disk.letGo();
    expect(await loading).toEqual([]);
    expect(store.waiting).toBe(0);
  });

  test("while a commit is under way stops before it", async () => {
    const { disk, store } = newStore();
    await store.append([block(1)], idle);
    disk.fails = () => false;
    let syncing = false;
    disk.fails = (operation) => {
      syncing ||= operation === "sync";
      return false;
    };
    disk.hold();
    const appending = store.append([block(2)], idle);
    const loading = store.load();
    disk.letGo();
    while (!syncing) await Promise.resolve();
    disk.hold();
    await settle();
    expect(numbers(await Promise.race([loading, settle().then(() => [])]))).toEqual([1]);
    disk.letGo();
    await appending;
    expect(numbers(await loadAll(store))).toEqual([2]);
  });

  test("of a segment that is given up meanwhile gives nothing of it", async () => {
    for (const slow of [0, 1, 2]) {
      const { disk, store, last } = await twoSegments();
      disk.slowNext = slow;
      const loading = store.load();
      const giving = store.condemnOldest();
      const loaded = numbers(await loading);
      const lost = ((await giving) ?? []).map(({ name }) => name.number);
      await store.discardCondemned();
      const rest = numbers(await loadAll(store));
      expect([...lost, ...loaded, ...rest].sort((a, b) => a - b)).toEqual(Array.from({ length: last }, (_, n) => n + 1));
      expect(lost.length).toBeGreaterThan(30);
    }
  });
});
