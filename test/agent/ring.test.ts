import { describe, expect, test } from "vitest";
import { BLOCK_MAX } from "../../agent/spool/block.ts";
import { RING_BYTES, Ring, readRing, readRingEnd, type Slot } from "../../agent/spool/ring.ts";
import { randomOf } from "../drivers/streams.ts";
import { blockBytes, MemoryDisk, nameOf } from "./fakes.ts";

const PATH = "/run/report.ring";
async function newRing(disk = new MemoryDisk(), run = 7n) {
  const file = await disk.open(PATH, "create");
  const bytes = () => disk.files.get(PATH)!;
  return { disk, ring: new Ring(file, run, "report"), bytes, found: () => readRing(bytes()) };
}
const records = (number: number, count: number, run = 7n): Uint8Array =>
  blockBytes(
    nameOf("report", number, run),
    Array.from({ length: count }, (_, n) => n),
  );
/** A closed block. */
function put(ring: Ring, number: number, bytes: Uint8Array): Slot | undefined {
  const slot = ring.begin(number, bytes);
  if (slot !== undefined) ring.close(slot, bytes.length);
  return slot;
}

describe("a ring", () => {
  test("gives back the blocks that were put into it, in order of their numbers", async () => {
    const { ring, found } = await newRing();
    const whole = [1, 2, 3].map((number) => records(number, number));
    for (const [index, bytes] of whole.entries()) put(ring, index + 1, bytes);
    expect(found().map(({ name }) => name.number)).toEqual([1, 2, 3]);
    expect(found().map(({ bytes }) => bytes)).toEqual(whole);
    expect(found().map(({ records: count, released }) => [count, released])).toEqual([1, 2, 3].map((count) => [count, false]));
  });

  test("holds an open block turn by turn", async () => {
    const { ring, found } = await newRing();
    const whole = records(1, 3);
    const first = records(1, 1);
    const slot = ring.begin(1, first)!;
    expect(found()[0]?.records).toBe(1);
    ring.append(slot, first.length, whole.subarray(first.length));
    expect(found()[0]).toMatchObject({ bytes: whole, records: 3 });
  });

  test("torn by a kill in the midst of a turn still holds the turns before", async () => {
    const { ring, bytes } = await newRing();
    const pieces = [1, 2, 3].map((count) => records(1, count));
    const slot = ring.begin(1, pieces[0]!)!;
    ring.append(slot, pieces[0]!.length, pieces[1]!.subarray(pieces[0]!.length));
    const before = bytes().slice();
    for (let cut = 0; cut < pieces[2]!.length - pieces[1]!.length; cut++) {
      const torn = new Uint8Array(before.length + cut);
      torn.set(before);
      torn.set(pieces[2]!.subarray(pieces[1]!.length, pieces[1]!.length + cut), before.length);
      expect(readRing(torn)).toMatchObject([{ records: 2, bytes: pieces[1]! }]);
    }
  });

  test("cut at any byte gives only blocks and pieces that are whole", async () => {
    const { ring, bytes } = await newRing();
    put(ring, 1, records(1, 2));
    put(ring, 2, records(2, 2));
    const file = bytes();
    for (let cut = 0; cut <= file.length; cut++) {
      for (const { name, bytes: held, records: count } of readRing(file.subarray(0, cut)))
        expect(held).toEqual(records(name.number, count));
    }
    expect(readRing(file)).toHaveLength(2);
  });

  test("with any byte changed gives no block that was never put", async () => {
    const { ring, bytes } = await newRing();
    put(ring, 1, records(1, 2));
    put(ring, 2, records(2, 1));
    for (let at = 0; at < bytes().length; at++) {
      const bad = bytes().slice();
      bad[at]! ^= 0x41;
      for (const found of readRing(bad)) {
        expect([1, 2]).toContain(found.name.number);
        expect(found.name).toMatchObject({ run: 7n, lane: "report" });
        expect(found.bytes).toEqual(records(found.name.number, found.records));
      }
    }
  });

  test("says that a block was released, so that a recovery does not take it again", async () => {
    const { ring, found } = await newRing();
    const slot = put(ring, 1, records(1, 1))!;
    put(ring, 2, records(2, 1));
    ring.release(slot);
    ring.release(slot);
    expect(found().map(({ released }) => released)).toEqual([true, false]);
  });

  test("is full when there is no room for a longest block, and has room again when its oldest is released", async () => {
    const { ring, found } = await newRing();
    const slots: Slot[] = [];
    const bytes = records(1, 1);
    for (let number = 1; ; number++) {
      // Never closed, so each keeps the room of a longest block.
      const slot = ring.begin(number, bytes);
      if (slot === undefined) break;
      slots.push(slot);
    }
    expect(slots.length).toBe(Math.floor((RING_BYTES - 64) / (BLOCK_MAX + 64)));
    expect(ring.used).toBeLessThanOrEqual(RING_BYTES);
    ring.release(slots[1]!);
    expect(ring.begin(100, bytes)).toBeUndefined();
    ring.release(slots[0]!);
    expect(ring.begin(101, records(101, 1))?.offset).toBe(64);
    expect(found().map(({ name }) => name.number)).toContain(101);
  });

  test("gives no block of an earlier lap once its place holds another", async () => {
    const { ring, found } = await newRing();
    const slot = put(ring, 1, records(1, 40))!;
    ring.release(slot);
    put(ring, 2, records(2, 1));
    expect(found().map(({ name }) => name.number)).toEqual([2]);
  });

  test("gives no block of another run that a lap before left under its own header", async () => {
    const { disk, ring } = await newRing(new MemoryDisk(), 6n);
    put(ring, 1, records(1, 3, 6n));
    const old = disk.files.get(PATH)!.slice();
    const next = new Ring(await disk.open(PATH, "existing"), 7n, "report");
    next.begin(1, records(1, 1, 7n));
    expect(readRing(disk.files.get(PATH)!)).toMatchObject([{ name: { run: 7n }, records: 1 }]);
    // The new header over the old body: torn between the two.
    const torn = old.slice();
    torn.set(disk.files.get(PATH)!.subarray(64, 64 + 24), 64);
    expect(readRing(torn)).toEqual([]);
  });

  test("notes how far flash is filled, and is read as none where the note does not hold", async () => {
    const { disk, ring, found } = await newRing();
    put(ring, 1, records(1, 2));
    expect(readRingEnd(disk.files.get(PATH)!)).toBeUndefined();
    ring.note({ generation: 0x8877_6655_4433_2211n, end: 4711 });
    expect(readRingEnd(disk.files.get(PATH)!)).toEqual({ generation: 0x8877_6655_4433_2211n, end: 4711 });
    expect(found().map(({ name }) => name.number)).toEqual([1]);
    for (let at = 0; at < 20; at++) {
      const bad = disk.files.get(PATH)!.slice();
      bad[at]! ^= 0x10;
      expect(readRingEnd(bad), `byte ${at}`).toBeUndefined();
    }
  });

  for (const seed of [1, 2])
    test(`never writes over what it still holds (seed ${seed})`, async () => {
      const random = randomOf(seed);
      const { ring, found } = await newRing();
      const live: { number: number; slot: Slot; bytes: Uint8Array }[] = [];
      let laps = 0;
      let refused = 0;
      for (let number = 1; number <= 200; number++) {
        const bytes = blockBytes(nameOf("report", number), [0, 1], 1, "x".repeat(random.below(28_000)));
        const slot = put(ring, number, bytes);
        if (slot === undefined) refused += 1;
        else {
          if (slot.offset === 64) laps += 1;
          live.push({ number, slot, bytes });
        }
        while (live.length > 0 && (slot === undefined || random.below(100) < 8)) {
          const [gone] = live.splice(random.below(Math.min(3, live.length)), 1);
          ring.release(gone!.slot);
          if (slot === undefined && random.below(40) === 0) break;
        }
        expect(ring.used).toBeLessThanOrEqual(RING_BYTES);
        if (number % 100 !== 0) continue;
        const held = found().filter(({ released }) => !released);
        expect(held.map((one) => [one.name.number, one.bytes.length])).toEqual(
          live.map((one) => [one.number, one.bytes.length]).sort((a, b) => a[0]! - b[0]!),
        );
      }
      expect(laps).toBeGreaterThan(1);
      expect(refused).toBeGreaterThan(0);
    });
});
