import type { Lane, Range, RunId } from "../model/model.ts";

/** Why records will not come. */
export type GapReason = "ring_full" | "spool_full" | "too_long" | "corrupt" | "expired";
export type Gap = Range & { readonly reason: GapReason };

/** Collects lost numbers and tells them as few ranges as possible. */
export class GapBook {
  readonly #open = new Map<string, Gap>();
  readonly #done: Gap[] = [];

  add(range: Range, reason: GapReason): void {
    const key = `${range.run}/${range.epoch}/${range.lane}/${reason}`;
    const open = this.#open.get(key);
    if (open !== undefined && open.last + 1 === range.first) {
      this.#open.set(key, { ...open, last: range.last });
      return;
    }
    if (open !== undefined) this.#done.push(open);
    this.#open.set(key, { ...range, reason });
  }

  /** Everything collected; the book is empty afterwards. */
  take(): readonly Gap[] {
    const gaps = [...this.#done.splice(0), ...this.#open.values()];
    this.#open.clear();
    return gaps;
  }
}

/** Names (lane, epoch, n) as ranges without holes, in order of n. */
export function rangesOf(
  names: Iterable<{ readonly run: RunId; readonly epoch: number; readonly lane: Lane; readonly n: number }>,
): readonly Range[] {
  const ranges: Range[] = [];
  const last = new Map<string, number>();
  for (const { run, epoch, lane, n } of names) {
    const key = `${run}/${epoch}/${lane}`;
    const at = last.get(key);
    const range = at === undefined ? undefined : ranges[at];
    if (at !== undefined && range !== undefined && range.last + 1 === n) ranges[at] = { ...range, last: n };
    else {
      last.set(key, ranges.length);
      ranges.push({ run, epoch, lane, first: n, last: n });
    }
  }
  return ranges;
}
