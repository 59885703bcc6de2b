import type { DiskFile, Seal } from "../effects/effects.ts";
import { nextUnitBehind, readUnit, type SegmentHeader, type StoredBlock, UNITS_START, type Unit } from "./segment.ts";
import { type Counts, type Tally, tallyOf } from "./tally.ts";

/** A unit never fills a segment alone, so that one commit of a full ring is several units. */
const UNIT_MAX = 256 * 1024;
/** What is known of a segment while the process lives. */
export type Segment = {
  readonly path: string;
  readonly file: DiskFile;
  readonly generation: bigint;
  /** Grows with every segment of the lane that is begun: the backlog's order of age. */
  readonly order: number;
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
  /** Given up for room: nothing of it is sent any more. */
  condemned: boolean;
};
export type Partial = { readonly length: number; readonly blocks: number; readonly done: Set<string>; readonly claimed: Set<string> };

/** Nothing of the failed commit is kept here, and the file is never written or synced again. */
export function retire(segment: Segment, end: number): void {
  segment.closed = true;
  segment.retired = true;
  segment.end = end;
}

export const newSegment = (path: string, file: DiskFile, { generation, order }: SegmentHeader): Segment => ({
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
  condemned: false,
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

/** What waits in a recovered unit, by key: never its bytes, since a backlog may be larger than memory. */
export type RecoveredUnit = {
  readonly segment: Segment;
  readonly offset: number;
  readonly length: number;
  readonly keys: readonly { readonly key: string; readonly records: number; readonly tally: Tally }[];
};

/**
 * Reads what an earlier run left, up to the last good unit; before `saved` all is delivered. Damage, and what nobody can open, is
 * passed over.
 */
export async function walkSegment(
  segment: Segment,
  { saved, seal }: { readonly saved: number; readonly seal: Seal },
  seen: (block: StoredBlock) => void,
): Promise<{ readonly units: readonly RecoveredUnit[]; readonly corruptBytes: number; readonly sealedRecords: number }> {
  const { file, generation } = segment;
  const units: RecoveredUnit[] = [];
  let [corruptBytes, sealedRecords] = [0, 0];
  segment.closed = true;
  for (let at = UNITS_START; ; ) {
    const unit = await readUnit(file, { offset: at, generation, seal });
    if (unit !== undefined && "sealedRecords" in unit) {
      if (at >= saved) sealedRecords += unit.sealedRecords;
      segment.holes.set(at, at + unit.length);
      at += unit.length;
      segment.end = at;
      continue;
    }
    if (unit === undefined) {
      const next = await nextUnitBehind(file, { offset: at, generation, seal });
      if (next === undefined) break;
      segment.holes.set(at, next);
      corruptBytes += next - at;
      at = next;
      continue;
    }
    for (const block of unit.blocks) seen(block);
    at = unit.offset + unit.length;
    segment.end = at;
    if (at <= saved) {
      segment.cursor = at;
      continue;
    }
    const keys = unit.blocks.map((block) => ({ key: keyOf(block), records: block.records, tally: tallyOf(block.bytes) }));
    units.push({ segment, offset: unit.offset, length: unit.length, keys });
  }
  segment.committed = segment.end;
  return { units, corruptBytes, sealedRecords };
}

/** Blocks that nobody has answered or is sending. */
export function unansweredIn(segment: Segment, { offset, blocks }: Unit): readonly StoredBlock[] {
  const partial = segment.partial.get(offset);
  if (partial === undefined) return blocks;
  return blocks.filter((block) => !partial.done.has(keyOf(block)) && !partial.claimed.has(keyOf(block)));
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
