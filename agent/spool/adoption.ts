import type { Disk } from "../effects/effects.ts";
import { asFault, type Fault } from "../fault/fault.ts";
import type { Lane } from "../model/model.ts";
import type { BlockName } from "./block.ts";
import { type Known, savedCursor, savedEnd } from "./cursors.ts";
import type { Keyring } from "./keyring.ts";
import { Numbers } from "./numbers.ts";
import type { Places } from "./places.ts";
import { readHeaders, type SegmentHeader, type StoredBlock, UNITS_END, UNITS_START, type Unit } from "./segment.ts";
import { keyOf, newSegment, passDelivered, type Segment } from "./segment-state.ts";
import { add, type Counts, type Tally, take, tallyOf } from "./tally.ts";
import { placesIn } from "./walk.ts";

/** Read, and not counted yet. Of its blocks only the numbers are kept: a backlog may be larger than memory. */
type Recovered = {
  readonly segment: Segment;
  readonly header: SegmentHeader;
  readonly numbers: Numbers;
  first: BlockName | undefined;
  repeats: boolean;
};
/** Whose records that is; and why something was not counted, which is as it was. */
export type Settled = { readonly found: Tally; readonly refused: Fault | undefined };
type Parts = { readonly disk: Disk; readonly keyring: Keyring; readonly lane: Lane; readonly places: Places; readonly segments: Segment[] };

/** Takes over what earlier runs left of one lane. */
export class Adoption {
  readonly #parts: Parts;
  /** Blocks of earlier runs that came from a ring: a file that is read later may hold them, too. */
  readonly #fromRing = new Numbers();
  #recovered: Recovered[] = [];
  /** The highest of what was read. */
  order = 0;
  corruptBytes = 0;
  sealedRecords = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  cameFromRing(blocks: readonly StoredBlock[]): void {
    for (const { name } of blocks) this.#fromRing.add(name);
  }

  knows(path: string): boolean {
    return this.#recovered.some(({ segment }) => segment.path === path);
  }

  /** See `LaneStore`. */
  async recover(path: string, known: Known, seen: (block: StoredBlock) => void): Promise<Lane> {
    const { disk, keyring, lane, places } = this.#parts;
    const seal = await keyring.seal();
    const file = await disk.open(path, "existing");
    try {
      const { header, lostBytes } = await readHeaders(file, lane);
      if (header !== undefined && header.lane !== lane) {
        await file.close();
        return header.lane;
      }
      this.corruptBytes += lostBytes;
      if (header === undefined) {
        places.give({ path, file });
        return lane;
      }
      await file.sync();
      const segment = newSegment(path, file, header);
      const saved = savedCursor(known.cursors, header.generation);
      const one: Recovered = { segment, header, numbers: new Numbers(), first: undefined, repeats: false };
      const filled = savedEnd(known, header.generation);
      for await (const place of placesIn(segment, { from: UNITS_START, until: UNITS_END, filled, seal })) {
        const end = place.offset + place.length;
        segment.end = end;
        if (place.is === "unit") {
          for (const block of place.unit.blocks) seen(block);
          if (end <= saved) segment.cursor = end;
          else count(one, place.unit.blocks);
          continue;
        }
        segment.holes.set(place.offset, end);
        if (place.is === "damage") this.corruptBytes += place.length;
        else if (place.offset >= saved) this.sealedRecords += place.records;
      }
      segment.closed = true;
      segment.committed = segment.end;
      this.order = Math.max(this.order, header.order);
      this.#recovered.push(one);
      return lane;
    } catch (caught) {
      await file.close();
      throw caught;
    }
  }

  /** See `LaneStore`. */
  async settle(): Promise<Settled> {
    const { segments } = this.#parts;
    for (const one of this.#recovered) this.#place(one);
    const all = this.#recovered.sort((a, b) => a.segment.order - b.segment.order);
    const seen = new Numbers();
    this.#recovered = [];
    let refused: Fault | undefined;
    for (const one of all) {
      const fresh = !one.repeats && !seen.meets(one.numbers) && !this.#fromRing.meets(one.numbers);
      if (fresh) seen.join(one.numbers);
      else
        await this.#passRepeats(one, seen).catch((caught: unknown) => {
          refused ??= asFault(caught, "disk.failed", `Cannot read ${one.segment.path}`);
          this.#recovered.push(one);
        });
    }
    const recovered = all.filter((one) => !this.#recovered.includes(one));
    segments.push(...recovered.map(({ segment }) => segment));
    segments.sort((a, b) => a.order - b.order);
    // Where files come late, the one that is written now may not be the newest any more.
    for (const segment of segments.slice(0, -1)) segment.closed = true;
    for (const { header } of recovered) this.#checkEnd(header);
    const found: Counts = new Map();
    for (const { segment } of recovered) {
      add(found, segment.waitingOf);
      passDelivered(segment);
    }
    return { found, refused };
  }

  /**
   * Without a header its age is told by its blocks: behind every segment that holds an earlier one of the same run, or a copy of it. A
   * crash while a segment is emptied may tear a header, too: what was copied from it is then sent from where it was copied to.
   */
  #place({ segment, header, first }: Recovered): void {
    if (header.order > 0 || first === undefined) return;
    const before = this.#recovered.filter(({ numbers, segment: other }) => other !== segment && numbers.reaches(first));
    segment.order = Math.max(0, ...before.map((one) => one.segment.order)) + 0.5;
  }

  /** The segment before one that is here was filled up to a place that is known. */
  #checkEnd({ before }: SegmentHeader): void {
    const segment = this.#parts.segments.find(({ generation }) => generation === before?.generation);
    if (segment === undefined || before === undefined || segment.end >= before.end) return;
    this.corruptBytes += before.end - segment.end;
    segment.holes.set(segment.end, before.end);
    segment.end = before.end;
    segment.committed = before.end;
  }

  /** Of a block that stands in two segments the one in the older counts, so that it is sent once and in its order. */
  async #passRepeats({ segment }: Recovered, seen: Numbers): Promise<void> {
    const seal = await this.#parts.keyring.seal();
    const repeats: { readonly unit: Unit; readonly twice: readonly StoredBlock[] }[] = [];
    for await (const place of placesIn(segment, { from: segment.cursor, until: segment.end, filled: segment.end, seal })) {
      if (place.is !== "unit") continue;
      const twice = place.unit.blocks.filter(({ name }) => !seen.add(name) || this.#fromRing.has(name));
      if (twice.length > 0) repeats.push({ unit: place.unit, twice });
    }
    for (const { unit, twice } of repeats) {
      for (const block of twice) {
        segment.waiting -= block.records;
        take(segment.waitingOf, tallyOf(block.bytes));
      }
      const { offset, length, blocks } = unit;
      segment.partial.set(offset, { length, blocks: blocks.length, done: new Set(twice.map(keyOf)), claimed: new Set() });
    }
  }
}

function count(one: Recovered, blocks: readonly StoredBlock[]): void {
  const { segment, numbers } = one;
  one.first ??= blocks[0]?.name;
  for (const block of blocks) {
    if (!numbers.add(block.name)) one.repeats = true;
    segment.waiting += block.records;
    add(segment.waitingOf, tallyOf(block.bytes));
  }
}
