import { describe, expect, test } from "vitest";
import { verifyBlock } from "../../agent/spool/block.ts";
import { crc32 } from "../../agent/spool/crc32.ts";
import { LastSeen, namesIn } from "../../agent/spool/names.ts";
import { decodeBatch } from "../../proto/codec.ts";
import { blockBytes, nameOf } from "./fakes.ts";

const NAME = nameOf("report", 5);
const PIECES = [1, 2, 3, 4].map((count) => blockBytes(NAME, [0, 1, 2, 3].slice(0, count)).length);
const WHOLE = blockBytes(NAME, [0, 1, 2, 3]);

test("crc32 is the one of IEEE 802.3, and goes on where it left off", () => {
  const nine = new TextEncoder().encode("123456789");
  expect(crc32(nine)).toBe(0xcbf43926);
  expect(crc32(nine.subarray(4), crc32(nine.subarray(0, 4)))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array())).toBe(0);
});

describe("a block", () => {
  test("holds as a whole, and consumers read through its checks", () => {
    expect(verifyBlock(WHOLE, NAME)).toEqual({ length: WHOLE.length, records: 4 });
    expect(decodeBatch(WHOLE)?.records.map(({ n }) => n)).toEqual([0, 1, 2, 3]);
  });

  test("torn at any byte is valid up to its last good check, and no further", () => {
    for (let cut = 0; cut <= WHOLE.length; cut++) {
      const whole = PIECES.filter((length) => length <= cut);
      const expected = whole.length === 0 ? undefined : { length: whole.at(-1)!, records: whole.length };
      expect(verifyBlock(WHOLE.subarray(0, cut), NAME), `cut at ${cut}`).toEqual(expected);
    }
  });

  test("torn at any byte into zeros or into an older block is valid up to its last good check", () => {
    const older = blockBytes(nameOf("report", 4), [9, 10, 11, 12, 13]);
    for (let cut = 0; cut < WHOLE.length; cut++) {
      const whole = PIECES.filter((length) => length <= cut);
      const expected = whole.length === 0 ? undefined : { length: whole.at(-1)!, records: whole.length };
      for (const rest of [new Uint8Array(64), older.subarray(cut)]) {
        const torn = new Uint8Array(Math.max(cut + rest.length, WHOLE.length));
        torn.set(WHOLE.subarray(0, cut));
        torn.set(rest, cut);
        expect(verifyBlock(torn, NAME), `cut at ${cut}`).toEqual(expected);
      }
    }
  });

  test("with any bit turned is not believed beyond the check before it", () => {
    for (let at = 0; at < WHOLE.length; at++) {
      const bad = WHOLE.slice();
      bad[at]! ^= 1 << (at % 8);
      const good = PIECES.filter((length) => length <= at);
      expect(verifyBlock(bad, NAME)?.length, `byte ${at}`).toBe(good.at(-1));
    }
  });

  test("holds under its own name only", () => {
    for (const other of [nameOf("report", 6), nameOf("wave", 5), nameOf("report", 5, 8n), nameOf("alert", 5)])
      expect(verifyBlock(WHOLE, other)).toBeUndefined();
  });

  test("is nothing where nothing stands", () => {
    expect(verifyBlock(new Uint8Array(), NAME)).toBeUndefined();
    expect(verifyBlock(new Uint8Array(200), NAME)).toBeUndefined();
  });
});

describe("the names in a block", () => {
  test("are run, lane, epoch and n, in order", () => {
    expect(namesIn({ name: NAME, bytes: blockBytes(NAME, [3, 4], 9) })).toEqual([
      { run: 7n, lane: "report", epoch: 9, n: 3 },
      { run: 7n, lane: "report", epoch: 9, n: 4 },
    ]);
    expect(namesIn({ name: NAME, bytes: Uint8Array.of(0xff, 0xff) })).toEqual([]);
  });

  test("tell the last of each stream of one run, in whatever order the blocks are seen", () => {
    const seen = new LastSeen([7n]);
    const see = (lane: "report" | "wave", numbers: number[], epoch: number, run = 7n) =>
      seen.see({ name: nameOf(lane, 1, run), bytes: blockBytes(nameOf(lane, 1, run), numbers, epoch) });
    see("report", [5, 6], 1);
    see("report", [0, 1], 1);
    see("wave", [2], 1);
    see("report", [9], 2);
    see("report", [99], 1, 8n);
    expect(seen.of(7n)).toEqual([
      { epoch: 1, lane: "report", n: 6 },
      { epoch: 1, lane: "wave", n: 2 },
      { epoch: 2, lane: "report", n: 9 },
    ]);
  });
});
