import { asFault, type Fault } from "../fault/fault.ts";
import type { Keyring } from "./keyring.ts";
import { readUnit, type StoredBlock, type Unit } from "./segment.ts";
import {
  behindHoles,
  isUnderWay,
  keyOf,
  type Loaded,
  type Partial,
  passDelivered,
  placeOf,
  type Segment,
  unansweredIn,
} from "./segment-state.ts";
import { add, type Counts, type Tally, take, tallyOf } from "./tally.ts";
import { type Place, placesIn } from "./walk.ts";

/** Reads one lane's segments back: for sending, and to know what is lost where they are given up or have gone bad. */
export class Reading {
  readonly #segments: readonly Segment[];
  readonly #keyring: Keyring;
  readonly #passed: () => void;
  #rewinds = 0;
  #gone: Counts = new Map();
  /** Bytes that did not hold any more, and were passed over. */
  corruptBytes = 0;

  /** `passed`: a segment may be done with, since what waited in it has gone bad. */
  constructor(segments: readonly Segment[], keyring: Keyring, passed: () => void) {
    this.#segments = segments;
    this.#keyring = keyring;
    this.#passed = passed;
  }

  /** Whose records have gone bad since it was asked last. */
  takeGone(): Tally {
    const gone = this.#gone;
    if (gone.size > 0) this.#gone = new Map();
    return gone;
  }

  /** See `LaneStore`. */
  async load(): Promise<readonly Loaded[]> {
    const rewinds = this.#rewinds;
    let refused: Fault | undefined;
    // A copy: while one is read, the one before it may be recycled, and the walk would pass over the next.
    for (const segment of [...this.#segments]) {
      while (segment.readAt < segment.committed && !segment.condemned) {
        segment.readAt = behindHoles(segment, segment.readAt);
        if (segment.readAt >= segment.committed) break;
        const unit = await this.#unitAt(segment, segment.readAt).catch((caught: unknown) => {
          refused = asFault(caught, "disk.failed", `Cannot read ${segment.path}`);
          return "refused" as const;
        });
        // While it was read a connection ended: what was passed over as under way is not any more.
        if (rewinds !== this.#rewinds) return [];
        // It waits, and what stands behind it does not wait for it.
        if (unit === "refused") break;
        // While it was read the segment may have been given up: what is told as lost is not sent.
        if (segment.condemned) break;
        if (unit === "damaged") continue;
        segment.readAt = unit.offset + unit.length;
        // While it was read the last answer for it may have come.
        const loaded = unit.offset < segment.cursor ? [] : claim(segment, unit);
        if (loaded.length > 0) return loaded;
      }
    }
    if (refused !== undefined) throw refused;
    return [];
  }

  /** Nothing is under way any more: what was not answered is read again. */
  rewind(): void {
    this.#rewinds += 1;
    for (const segment of this.#segments) {
      segment.readAt = segment.cursor;
      for (const partial of segment.partial.values()) partial.claimed.clear();
    }
  }

  /**
   * Every block of a segment that nobody has answered or is sending. What does not hold any more is passed over from now on and
   * leaves the ledger, exactly: what waited is known, and what of it can still be read. Throws Fault `disk.*`.
   */
  async waitingIn(segment: Segment): Promise<readonly StoredBlock[]> {
    const { units } = await this.#survey(segment);
    return units.flatMap((unit) => unansweredIn(segment, unit));
  }

  /** Passes over what is damaged, as far as it goes. */
  async #unitAt(segment: Segment, offset: number): Promise<Unit | "damaged"> {
    const { file, generation } = segment;
    const unit = await readUnit(file, { offset, generation, seal: await this.#keyring.seal() });
    if (unit !== undefined && !("sealedRecords" in unit)) return unit;
    const { busy } = await this.#survey(segment);
    for (const place of busy) if (segment.readAt === place.offset) segment.readAt += place.length;
    this.#passed();
    return "damaged";
  }

  async #survey(segment: Segment): Promise<{ readonly units: readonly Unit[]; readonly busy: readonly Place[] }> {
    const seal = await this.#keyring.seal();
    for (;;) {
      const { cursor, committed } = segment;
      const places: Place[] = [];
      for await (const place of placesIn(segment, { from: cursor, until: committed, filled: committed, seal })) places.push(place);
      const units = places.flatMap((place) => (place.is === "unit" ? [place.unit] : []));
      const damage = places.filter(({ is }) => is !== "unit");
      if (damage.length === 0) return { units, busy: [] };
      // Nothing more is written to a file that decays. What was being written is there in a moment, and is looked at as well.
      segment.closed = true;
      if (segment.committed !== committed) continue;
      // What is under way from memory will be answered or come to nothing: until then nobody knows what is lost.
      segment.doubtful = damage.some((place) => isUnderWay(segment, place));
      if (segment.doubtful) return { units, busy: damage };
      this.#lose(segment, units, damage);
      return { units, busy: [] };
    }
  }

  #lose(segment: Segment, units: readonly Unit[], damage: readonly Place[]): void {
    for (const { offset, length } of damage) {
      segment.holes.set(offset, offset + length);
      this.corruptBytes += length;
      for (const at of segment.partial.keys()) if (at >= offset && at < offset + length) segment.partial.delete(at);
    }
    const gone: Counts = new Map(segment.waitingOf);
    segment.waiting = 0;
    segment.waitingOf.clear();
    for (const unit of units) {
      if (unit.offset < segment.cursor) continue;
      const done = segment.partial.get(unit.offset)?.done;
      for (const block of unit.blocks) {
        if (done?.has(keyOf(block)) === true) continue;
        const tally = tallyOf(block.bytes);
        segment.waiting += block.records;
        add(segment.waitingOf, tally);
        take(gone, tally);
      }
    }
    add(this.#gone, gone);
    passDelivered(segment);
  }
}

/** Counts what nobody has answered or is sending as under way. */
function claim(segment: Segment, unit: Unit): readonly Loaded[] {
  const loaded = unansweredIn(segment, unit).map((block) => ({ block, kept: placeOf(segment, unit.offset, block) }));
  if (loaded.length === 0) return [];
  const partial: Partial = segment.partial.get(unit.offset) ?? {
    length: unit.length,
    blocks: unit.blocks.length,
    done: new Set(),
    claimed: new Set(),
  };
  for (const { kept } of loaded) partial.claimed.add(kept.key);
  segment.partial.set(unit.offset, partial);
  return loaded;
}
