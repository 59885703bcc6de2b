import type { Mono } from "../../config/units.ts";
import type { DiskFile } from "../effects/effects.ts";
import { type SegmentHeader, type StoredBlock, UNITS_START, type Unit } from "./segment.ts";
import { type Counts, type Tally, tallyOf } from "./tally.ts";

/** A unit never fills a segment alone, so that one commit of a full ring is several units. */
const UNIT_MAX = 256 * 1024;
/** What is known of a segment while the process lives. */
export type Segment = {
  readonly path: string;
  readonly file: DiskFile;
  readonly generation: bigint;
  /** Grows with every segment of the lane that is begun: the backlog's order of age. */
  order: number;
  /** Behind the last good unit, or the one that is being written. */
  end: number;
  /** Behind the last unit whose commit is finished: only up to here is anything read for sending. */
  committed: number;
  /** Everything before it is delivered. */
  cursor: number;
  /** Where the drain reads next; set back to the cursor when a connection ends. */
  readAt: number;
  /** Records that wait in it, and whose they are. */
  waiting: number;
  readonly waitingOf: Counts;
  /** Units of which some blocks were answered, or are under way from memory. By offset. */
  readonly partial: Map<number, Partial>;
  /** Damaged places: where each begins, and where the next good unit stands. */
  readonly holes: Map<number, number>;
  /** Recovered, retired or full: nothing is appended any more. */
  closed: boolean;
  /** A failed write or sync: the file is not used again. */
  retired: boolean;
  /** How far it was written when it was last looked at, and since when no more came. */
  written: { readonly end: number; readonly at: Mono } | undefined;
  /** Given up for room: nothing of it is sent any more. */
  condemned: boolean;
  /** Something in it does not hold any more, and some of that is under way from memory: what is lost is not known yet. */
  doubtful: boolean;
};
export type Partial = { readonly length: number; readonly blocks: number; readonly done: Set<string>; readonly claimed: Set<string> };

/** Nothing of the failed commit is kept here, and the file is never written or synced again. */
export function retire(segment: Segment, end: number): void {
  segment.closed = true;
  segment.retired = true;
  segment.end = end;
}

export const newSegment = (path: string, file: DiskFile, { generation, order }: Pick<SegmentHeader, "generation" | "order">): Segment => ({
  path,
  file,
  generation,
  order,
  end: UNITS_START,
  committed: UNITS_START,
  cursor: UNITS_START,
  readAt: UNITS_START,
  waiting: 0,
  waitingOf: new Map(),
  partial: new Map(),
  holes: new Map(),
  closed: false,
  retired: false,
  written: undefined,
  condemned: false,
  doubtful: false,
});

export const keyOf = (block: StoredBlock): string => `${block.name.run}/${block.name.number}`;

export function splitUnits<B extends StoredBlock>(blocks: readonly B[]): B[][] {
  const units: B[][] = [];
  let length = 0;
  for (const block of blocks) {
    length += block.bytes.length;
    if (units.length === 0 || length > UNIT_MAX) {
      units.push([]);
      length = block.bytes.length;
    }
    units.at(-1)!.push(block);
  }
  return units;
}

/** Blocks that nobody has answered or is sending. */
export function unansweredIn(segment: Segment, { offset, blocks }: Unit): readonly StoredBlock[] {
  const partial = segment.partial.get(offset);
  if (partial === undefined) return blocks;
  return blocks.filter((block) => !partial.done.has(keyOf(block)) && !partial.claimed.has(keyOf(block)));
}

/** Whether the answer for anything that is kept there is still to come. */
export function isUnderWay({ partial }: Segment, { offset, length }: { readonly offset: number; readonly length: number }): boolean {
  return [...partial].some(([at, { claimed }]) => at >= offset && at < offset + length && claimed.size > 0);
}

/** What did not hold is looked at once more when the last answer that was waited for has come. */
export function lookAgain(segment: Segment): void {
  if (!segment.doubtful || isUnderWay(segment, { offset: 0, length: segment.committed })) return;
  segment.doubtful = false;
  segment.readAt = segment.cursor;
}

/** Several may stand one behind the other. */
export function behindHoles({ holes }: Segment, offset: number): number {
  let at = offset;
  for (let next = holes.get(at); next !== undefined; next = holes.get(at)) at = next;
  return at;
}

/** Moves the cursor behind everything that is delivered, and reading at least to it. */
export function passDelivered(segment: Segment): void {
  for (;;) {
    segment.cursor = behindHoles(segment, segment.cursor);
    const first = segment.partial.get(segment.cursor);
    if (first === undefined || first.done.size < first.blocks) break;
    segment.partial.delete(segment.cursor);
    segment.cursor += first.length;
  }
  segment.readAt = Math.max(segment.readAt, segment.cursor);
}

/** A block on flash. */
export type Kept = {
  readonly segment: Segment;
  readonly unit: number;
  readonly key: string;
  readonly records: number;
  readonly tally: Tally;
};
/** A block read back for sending. */
export type Loaded = { readonly block: StoredBlock; readonly kept: Kept };

export const placeOf = (segment: Segment, unit: number, block: StoredBlock): Kept => ({
  segment,
  unit,
  key: keyOf(block),
  records: block.records,
  tally: tallyOf(block.bytes),
});
