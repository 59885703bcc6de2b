import type { Disk, Entropy } from "../effects/effects.ts";
import { asFault, assert, type Fault } from "../fault/fault.ts";
import type { Lane } from "../model/model.ts";
import { type CursorEntry, savedCursor } from "./cursors.ts";
import type { Keyring } from "./keyring.ts";
import { Places } from "./places.ts";
import { type Scraps, takeScraps } from "./scraps.ts";
import {
  encodeUnit,
  readHeaders,
  readUnit,
  SEGMENT_BYTES,
  type StoredBlock,
  UNITS_END,
  UNITS_START,
  type Unit,
  unitLength,
  writeHeaders,
} from "./segment.ts";
import {
  behindHoles,
  type Kept,
  keyOf,
  type Loaded,
  newSegment,
  type Partial,
  passDelivered,
  placeOf,
  type RecoveredUnit,
  retire,
  type Segment,
  splitUnits,
  unansweredIn,
  walkSegment,
} from "./segment-state.ts";
import { add, type Counts, type Tally, take } from "./tally.ts";

export type { Kept, Loaded } from "./segment-state.ts";

export type StoreParts = { readonly disk: Disk; readonly entropy: Entropy; readonly keyring: Keyring };

/** One lane's segments on flash: appended by commits, drained in order, recycled when delivered. */
export class LaneStore {
  readonly #disk: Disk;
  readonly #lane: Lane;
  readonly #entropy: Entropy;
  readonly #keyring: Keyring;
  readonly #places: Places;
  readonly #segments: Segment[] = [];
  readonly #condemned: Segment[] = [];
  /** Blocks of earlier runs that came from a ring: a file that is read later may hold them, too. */
  readonly #fromRing = new Set<string>();
  #order = 0;
  #rewinds = 0;
  /** Read, and not counted yet. */
  readonly #recovered: { readonly segment: Segment; readonly units: readonly RecoveredUnit[] }[] = [];
  #written = 0;
  /** Bytes that failed their check and were passed over. */
  corruptBytes = 0;
  /** Records of earlier runs that were sealed under a key that is gone. */
  sealedRecords = 0;

  constructor({ disk, entropy, keyring }: StoreParts, folder: string, lane: Lane) {
    this.#disk = disk;
    this.#lane = lane;
    this.#entropy = entropy;
    this.#keyring = keyring;
    this.#places = new Places(disk, folder, lane);
  }

  /** Bytes handed to the disk since start. */
  get written(): number {
    return this.#written + this.#places.written;
  }

  /** Records that wait on flash, delivered ones excluded. */
  get waiting(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.waiting, 0);
  }

  /** The same, by device. */
  get waitingOf(): Tally {
    const counts: Counts = new Map();
    for (const segment of this.#segments) add(counts, segment.waitingOf);
    return counts;
  }

  /** Bytes that wait on flash, with what stands between them. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.end - segment.cursor, 0);
  }

  /** Files on flash, in use or free, in bytes. */
  get fileBytes(): number {
    return (this.#segments.length + this.#condemned.length + this.#places.free) * SEGMENT_BYTES;
  }

  /** Of these bytes, what nothing more can be written to before it is delivered. */
  get usedBytes(): number {
    const used = this.#segments.reduce((sum, { closed, end }) => sum + (closed ? SEGMENT_BYTES : end), 0);
    return used + this.#condemned.length * SEGMENT_BYTES;
  }

  /** Removes a file that holds nothing. False when there is none. */
  discardFree(): Promise<boolean> {
    return this.#places.discardFree();
  }

  /** Whether the next append would need a file that does not exist yet. */
  needsFile(blocks: readonly StoredBlock[]): boolean {
    const current = this.#segments.at(-1);
    const fits = current !== undefined && !current.closed && current.end + unitLength(blocks) <= UNITS_END;
    return !fits && this.#places.free === 0;
  }

  /**
   * Takes over what an earlier run left: syncs it, since it was read from a cache that a power cut would still empty, then reads
   * it. Calls `seen` for every block that is found, delivered or not. Nothing of it is sent or counted before `settle`.
   * Throws Fault `disk.*`; then the file is as it was, and may be tried again.
   */
  async recover(path: string, cursors: readonly CursorEntry[], seen: (block: StoredBlock) => void): Promise<void> {
    const known = [...this.#segments, ...this.#condemned, ...this.#recovered.map(({ segment }) => segment)];
    if (this.#places.knows(path) || known.some((segment) => segment.path === path)) return;
    const seal = await this.#keyring.seal();
    const file = await this.#disk.open(path, "existing");
    try {
      const found = await readHeaders(file);
      const isForeign = typeof found === "object" && found.header.lane !== this.#lane;
      if (found === "damaged" || found?.damaged === true || isForeign) this.corruptBytes += UNITS_START;
      const header = found === "damaged" || isForeign ? undefined : found?.header;
      if (header === undefined) {
        this.#places.give({ path, file });
        return;
      }
      await file.sync();
      const segment = newSegment(path, file, header);
      const saved = savedCursor(cursors, path, header.generation);
      const { units, corruptBytes, sealedRecords } = await walkSegment(segment, { saved, seal }, seen);
      this.corruptBytes += corruptBytes;
      this.sealedRecords += sealedRecords;
      this.#order = Math.max(this.#order, header.order);
      this.#recovered.push({ segment, units });
    } catch (caught) {
      await file.close();
      throw caught;
    }
  }

  /**
   * Counts what was recovered as waiting, the oldest segment first, and returns whose records that is. Of a block that a crash
   * during the moving of scraps left in two segments the older one counts, so that it is sent once and in its order.
   */
  settle(): Tally {
    const found: Counts = new Map();
    const recovered = this.#recovered.splice(0);
    this.#segments.push(...recovered.map(({ segment }) => segment));
    this.#segments.sort((a, b) => a.order - b.order);
    // Where files come late, the one that is written now may not be the newest any more.
    for (const segment of this.#segments.slice(0, -1)) segment.closed = true;
    const units = recovered.flatMap((one) => one.units).sort((a, b) => a.segment.order - b.segment.order || a.offset - b.offset);
    const waiting = new Set<string>();
    for (const { segment, offset, length, keys } of units) {
      const isTwice = (key: string): boolean => waiting.has(key) || this.#fromRing.has(key);
      const twice = keys.filter(({ key }) => isTwice(key));
      for (const { key, records, tally } of keys) {
        if (!isTwice(key)) {
          segment.waiting += records;
          for (const counts of [segment.waitingOf, found]) add(counts, tally);
        }
        waiting.add(key);
      }
      if (twice.length === 0) continue;
      segment.partial.set(offset, { length, blocks: keys.length, done: new Set(twice.map(({ key }) => key)), claimed: new Set() });
    }
    for (const { segment } of recovered) passDelivered(segment);
    this.#recycle();
    return found;
  }

  /** These were taken from a ring, and are not sent again from a file that could not be read in time. */
  cameFromRing(blocks: readonly StoredBlock[]): void {
    for (const block of blocks) this.#fromRing.add(keyOf(block));
  }

  /** Makes sure that the next append finds a file. Throws Fault `disk.*`. */
  async prepare(): Promise<void> {
    await this.#keyring.seal();
    if (this.needsFile([])) this.#places.give(await this.#places.take());
  }

  /**
   * Durable when it resolves. `kept` is told each block's place in the same turn in which it counts as waiting, and answers
   * whether the block is under way from memory. Throws Fault `disk.*`; then none is kept and the file is not used again.
   */
  async append<B extends StoredBlock>(blocks: readonly B[], kept: (block: B, place: Kept) => boolean): Promise<void> {
    const written: { segment: Segment; offset: number; length: number; unit: readonly B[] }[] = [];
    const touched = new Map<Segment, number>();
    const seal = await this.#keyring.seal();
    try {
      for (const unit of splitUnits(blocks)) {
        const segment = await this.#writable(unitLength(unit));
        if (!touched.has(segment)) touched.set(segment, segment.end);
        const offset = segment.end;
        const bytes = encodeUnit(unit, { generation: segment.generation, offset, seal });
        segment.end += bytes.length;
        await segment.file.write(offset, bytes);
        this.#written += bytes.length;
        written.push({ segment, offset, length: bytes.length, unit });
      }
      for (const segment of touched.keys()) await segment.file.sync();
    } catch (caught) {
      for (const [segment, end] of touched) retire(segment, end);
      this.#recycle();
      throw caught;
    }
    for (const { segment, offset, length, unit } of written) {
      segment.committed = offset + length;
      const partial: Partial = { length, blocks: unit.length, done: new Set(), claimed: new Set() };
      for (const block of unit) {
        const place = placeOf(segment, offset, block);
        segment.waiting += block.records;
        add(segment.waitingOf, place.tally);
        if (kept(block, place)) partial.claimed.add(place.key);
      }
      if (partial.claimed.size > 0) segment.partial.set(offset, partial);
    }
  }

  /**
   * The next unit's blocks that nobody has answered or is sending, oldest first; empty when the backlog is read to its end.
   * Throws Fault `disk.*` where only what cannot be read is left.
   */
  async load(): Promise<readonly Loaded[]> {
    const rewinds = this.#rewinds;
    let refused: Fault | undefined;
    // A copy: while one is read, the one before it may be recycled, and the walk would pass over the next.
    for (const segment of [...this.#segments]) {
      while (segment.readAt < segment.committed && !segment.condemned) {
        segment.readAt = behindHoles(segment, segment.readAt);
        if (segment.readAt >= segment.committed) break;
        const unit = await this.#read(segment, segment.readAt).catch((caught: unknown) => {
          refused = asFault(caught, "disk.failed", `Cannot read ${segment.path}`);
          return "refused" as const;
        });
        // While it was read a connection ended: what was passed over as under way is not any more.
        if (rewinds !== this.#rewinds) return [];
        // It waits, and what stands behind it does not wait for it.
        if (unit === "refused") break;
        // While it was read the segment may have been given up: what is told as lost is not sent.
        if (segment.condemned) break;
        if (unit === undefined) {
          // What it held waits for ever in the ledger, and becomes unexplained when the segment is done: nobody knows its names.
          this.corruptBytes += segment.committed - segment.readAt;
          segment.holes.set(segment.readAt, segment.committed);
          break;
        }
        segment.readAt = unit.offset + unit.length;
        // While it was read the last answer for it may have come.
        const loaded = unit.offset < segment.cursor ? [] : this.#open(segment, unit);
        if (loaded.length === 0) continue;
        const partial = segment.partial.get(unit.offset) ?? {
          length: unit.length,
          blocks: unit.blocks.length,
          done: new Set(),
          claimed: new Set(),
        };
        for (const { kept } of loaded) partial.claimed.add(kept.key);
        segment.partial.set(unit.offset, partial);
        return loaded;
      }
    }
    if (refused !== undefined) throw refused;
    return [];
  }

  #open(segment: Segment, unit: Unit): Loaded[] {
    return unansweredIn(segment, unit).map((block) => ({ block, kept: placeOf(segment, unit.offset, block) }));
  }

  /** The block was delivered. */
  release(kept: Kept): void {
    const { segment } = kept;
    const partial = segment.partial.get(kept.unit);
    assert(partial?.claimed.has(kept.key) === true, "only a block that is under way can be delivered");
    partial.done.add(kept.key);
    partial.claimed.delete(kept.key);
    segment.waiting -= kept.records;
    take(segment.waitingOf, kept.tally);
    passDelivered(segment);
    this.#recycle();
  }

  /** The block was not delivered and waits again. */
  giveBack(kept: Kept): void {
    kept.segment.partial.get(kept.unit)?.claimed.delete(kept.key);
    kept.segment.readAt = Math.min(kept.segment.readAt, kept.unit);
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
   * Gives up the oldest segment that is neither being written nor under way, and returns what is lost with it; nothing of it is
   * sent any more. Its file stays until `discardCondemned`, so that the loss can be told before it happens. Undefined: there is none.
   */
  async condemnOldest(): Promise<readonly StoredBlock[] | undefined> {
    const underWay = (one: Segment) => [...one.partial.values()].some((partial) => partial.claimed.size > 0);
    const segment = this.#segments.find((one) => (one !== this.#segments.at(-1) || one.closed) && !underWay(one));
    if (segment === undefined) return undefined;
    segment.closed = true;
    segment.condemned = true;
    const lost = await this.#waitingIn(segment).catch((caught: unknown) => {
      segment.condemned = false;
      throw caught;
    });
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    this.#condemned.push(segment);
    return lost;
  }

  /** Segments that are given up, and whose files are still there. */
  get condemned(): number {
    return this.#condemned.length;
  }

  /** What was condemned is told; its files may be used again. */
  async discardCondemned(): Promise<void> {
    for (const segment of this.#condemned.splice(0)) await this.#erase(segment);
  }

  /** See `takeScraps`. */
  scraps(): Promise<Scraps> {
    return takeScraps(this.#segments, { waitingIn: (segment) => this.#waitingIn(segment), erase: (segment) => this.#erase(segment) });
  }

  async #waitingIn(segment: Segment): Promise<readonly StoredBlock[]> {
    const waiting: StoredBlock[] = [];
    for (let at = segment.cursor; at < segment.end; ) {
      at = behindHoles(segment, at);
      const unit = await this.#read(segment, at);
      if (unit === undefined) break;
      waiting.push(...unansweredIn(segment, unit));
      at = unit.offset + unit.length;
    }
    return waiting;
  }

  async #read({ file, generation }: Segment, offset: number): Promise<Unit | undefined> {
    const unit = await readUnit(file, { offset, generation, seal: await this.#keyring.seal() });
    return unit === undefined || "sealedRecords" in unit ? undefined : unit;
  }

  cursors(): readonly CursorEntry[] {
    return this.#segments.map(({ path, generation, cursor }) => ({ path, generation: generation.toString(), cursor }));
  }

  /** What is in the files is synced, so that nothing depends on how they close. */
  async close(): Promise<void> {
    for (const { path, file } of [...this.#segments, ...this.#condemned])
      await file.close().catch((caught: unknown) => asFault(caught, "disk.failed", `Cannot close ${path}`));
    await this.#places.close();
  }

  async #writable(length: number): Promise<Segment> {
    const current = this.#segments.at(-1);
    if (current !== undefined && !current.closed && current.end + length <= UNITS_END) return current;
    if (current !== undefined) current.closed = true;
    const place = await this.#places.take();
    const generation = new DataView(this.#entropy.bytes(8).buffer).getBigUint64(0, true);
    this.#order += 1;
    const header = { lane: this.#lane, generation, order: this.#order };
    await writeHeaders(place.file, header);
    const segment = newSegment(place.path, place.file, header);
    this.#segments.push(segment);
    return segment;
  }

  #recycle(): void {
    for (let at = this.#segments.length - 1; at >= 0; at--) {
      const segment = this.#segments[at]!;
      if (!segment.closed || segment.cursor < segment.end) continue;
      this.#segments.splice(at, 1);
      void this.#erase(segment);
    }
  }

  #erase(segment: Segment): Promise<void> {
    return segment.retired ? this.#places.abandon(segment) : this.#places.erase(segment);
  }
}
