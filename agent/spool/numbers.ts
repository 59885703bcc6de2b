type Range = { readonly first: number; last: number };

/** Numbers of blocks, run by run, as ranges: a backlog of weeks is few of them, since blocks are numbered one after the other. */
export class Numbers {
  readonly #runs = new Map<bigint, Range[]>();

  /** False where it was there already. */
  add({ run, number }: { readonly run: bigint; readonly number: number }): boolean {
    const ranges = this.#runs.get(run) ?? [];
    if (ranges.length === 0) this.#runs.set(run, ranges);
    const at = placeOf(ranges, number);
    const [before, behind] = [ranges[at - 1], ranges[at]];
    if (before !== undefined && number <= before.last) return false;
    if (before?.last === number - 1) {
      before.last = behind?.first === number + 1 ? behind.last : number;
      if (before.last !== number) ranges.splice(at, 1);
    } else if (behind?.first === number + 1) ranges[at] = { first: number, last: behind.last };
    else ranges.splice(at, 0, { first: number, last: number });
    return true;
  }

  has({ run, number }: { readonly run: bigint; readonly number: number }): boolean {
    const ranges = this.#runs.get(run) ?? [];
    const before = ranges[placeOf(ranges, number) - 1];
    return before !== undefined && number <= before.last;
  }

  /** Whether it has this number of the run, or a lower one. */
  reaches({ run, number }: { readonly run: bigint; readonly number: number }): boolean {
    const [first] = this.#runs.get(run) ?? [];
    return first !== undefined && first.first <= number;
  }

  /** Whether both have a number. */
  meets(other: Numbers): boolean {
    for (const [run, ranges] of other.#runs) {
      const own = this.#runs.get(run) ?? [];
      for (const { first, last } of ranges) {
        const before = own[placeOf(own, last) - 1];
        if (before !== undefined && before.last >= first) return true;
      }
    }
    return false;
  }

  /** Takes over all of another that has none of these. */
  join(other: Numbers): void {
    for (const [run, ranges] of other.#runs) {
      const joined: Range[] = [];
      for (const { first, last } of [...(this.#runs.get(run) ?? []), ...ranges].sort((a, b) => a.first - b.first)) {
        const before = joined.at(-1);
        if (before !== undefined && before.last + 1 === first) before.last = last;
        else joined.push({ first, last });
      }
      this.#runs.set(run, joined);
    }
  }
}

/** Behind every range that begins at or before the number. */
function placeOf(ranges: readonly Range[], number: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.first <= number) low = middle + 1;
    else high = middle;
  }
  return low;
}
