import { describe, expect, test } from "vitest";
import { GapBook, rangesOf } from "../../agent/spool/gaps.ts";
import { randomOf } from "../drivers/streams.ts";

const range = (first: number, last: number, epoch = 1, lane: "report" | "wave" = "report") => ({ run: 7n, epoch, lane, first, last });

describe("lost records", () => {
  test("become ranges without holes, a stream each", () => {
    const names = [0, 1, 2, 5, 6].map((n) => ({ run: 7n, epoch: 1, lane: "report" as const, n }));
    names.splice(2, 0, { run: 7n, epoch: 2, lane: "report", n: 0 });
    expect(rangesOf(names)).toEqual([range(0, 2), range(0, 0, 2), range(5, 6)]);
    expect(rangesOf([])).toEqual([]);
  });

  test("that follow one another are told as one gap", () => {
    const book = new GapBook();
    book.add(range(0, 3), "ring_full");
    book.add(range(4, 4), "ring_full");
    book.add(range(0, 0, 1, "wave"), "ring_full");
    book.add(range(5, 9), "ring_full");
    expect(book.take()).toEqual([
      { ...range(0, 9), reason: "ring_full" },
      { ...range(0, 0, 1, "wave"), reason: "ring_full" },
    ]);
    expect(book.take()).toEqual([]);
  });

  test("with a hole between, of another reason, run or epoch are gaps of their own", () => {
    const book = new GapBook();
    book.add(range(0, 1), "ring_full");
    book.add(range(3, 3), "ring_full");
    book.add(range(4, 4), "too_long");
    book.add({ ...range(4, 4), run: 8n }, "ring_full");
    book.add(range(4, 4, 2), "ring_full");
    expect(book.take()).toHaveLength(5);
  });

  for (const seed of [1, 2, 3])
    test(`are all told, each once (seed ${seed})`, () => {
      const random = randomOf(seed);
      const book = new GapBook();
      const lost = new Set<string>();
      const told: string[] = [];
      const next = [0, 0, 0];
      const tell = () => {
        for (const { epoch, lane, first, last } of book.take()) for (let n = first; n <= last; n++) told.push(`${lane}/${epoch}/${n}`);
      };
      for (let step = 0; step < 2000; step++) {
        const epoch = random.below(3);
        const first = next[epoch]! + random.below(3);
        const last = first + random.below(4);
        next[epoch] = last + 1;
        for (let n = first; n <= last; n++) lost.add(`report/${epoch}/${n}`);
        book.add(range(first, last, epoch), random.below(5) === 0 ? "spool_full" : "ring_full");
        if (random.below(50) === 0) tell();
      }
      tell();
      expect(told.sort()).toEqual([...lost].sort());
    });
});
