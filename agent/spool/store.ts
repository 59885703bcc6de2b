import { type Duration, elapsed, type Mono } from "../../config/units.ts";
import type { Disk, Entropy } from "../effects/effects.ts";
import { asFault, assert } from "../fault/fault.ts";
import type { Lane } from "../model/model.ts";
import { Adoption, type Settled } from "./adoption.ts";
import type { CursorEntry, Known } from "./cursors.ts";
import type { Keyring } from "./keyring.ts";
import { Places } from "./places.ts";
import { Reading } from "./reading.ts";
import { type Scraps, takeScraps } from "./scraps.ts";
import { encodeUnit, SEGMENT_BYTES, type SegmentEnd, type StoredBlock, UNITS_END, unitLength, writeHeaders } from "./segment.ts";
import {
  type Kept,
  type Loaded,
  lookAgain,
  newSegment,
  type Partial,
  passDelivered,
  placeOf,
  retire,
  type Segment,
  splitUnits,
} from "./segment-state.ts";
import { add, type Counts, type Tally, take } from "./tally.ts";

export type { Kept, Loaded } from "./segment-state.ts";

export type StoreParts = { readonly disk: Disk; readonly entropy: Entropy; readonly keyring: Keyring };

/** One lane's segments on flash: appended by commits, drained in order, recycled when delivered. */
export class LaneStore {
  readonly #lane: Lane;
  readonly #entropy: Entropy;
  readonly #keyring: Keyring;
  readonly #places: Places;
  readonly #adoption: Adoption;
  readonly #reading: Reading;
  readonly #segments: Segment[] = [];
  readonly #condemned: Segment[] = [];
  #order = 0;
  #damagedMayGo = false;
  #written = 0;

  constructor({ disk, entropy, keyring }: StoreParts, folder: string, lane: Lane) {
    this.#lane = lane;
    this.#entropy = entropy;
    this.#keyring = keyring;
    this.#places = new Places(disk, folder, lane);
    this.#adoption = new Adoption({ disk, keyring, lane, places: this.#places, segments: this.#segments });
    this.#reading = new Reading(this.#segments, keyring, () => this.#recycle());
  }

  /** Bytes that failed their check and were passed over. */
  get corruptBytes(): number {
    return this.#adoption.corruptBytes + this.#reading.corruptBytes;
  }

  /** Records of earlier runs that were sealed under a key that is gone. */
  get sealedRecords(): number {
    return this.#adoption.sealedRecords;
  }

  /** Whose records have gone bad while they waited, since it was asked last. They do not wait any more. */
  takeGone(): Tally {
    return this.#reading.takeGone();
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

  /** Whether the file is one of these, in use, free or given up. */
  knows(path: string): boolean {
    const segments = [...this.#segments, ...this.#condemned];
    return this.#places.knows(path) || this.#adoption.knows(path) || segments.some((segment) => segment.path === path);
  }

  /**
   * Takes over what an earlier run left: syncs it, since it was read from a cache that a power cut would still empty, then reads
   * it. Calls `seen` for every block that is found, delivered or not. Nothing of it is sent or counted before `settle`. Returns
   * the lane that it belongs to; where that is another one, nothing is taken over.
   * Throws Fault `disk.*`; then the file is as it was, and may be tried again.
   */
  recover(path: string, known: Known, seen: (block: StoredBlock) => void): Promise<Lane> {
    return this.knows(path) ? Promise.resolve(this.#lane) : this.#adoption.recover(path, known, seen);
  }

  /**
   * Counts what was recovered as waiting, the oldest segment first, and returns whose records that is. Of a block that a crash
   * during the moving of scraps left in two segments the older one counts, so that it is sent once and in its order.
   */
  async settle(): Promise<Settled> {
    const settled = await this.#adoption.settle();
    this.#order = Math.max(this.#order, this.#adoption.order);
    for (const segment of this.#takeDone()) await this.#erase(segment);
    return settled;
  }

  /** These were taken from a ring, and are not sent again from a file that could not be read in time. */
  cameFromRing(blocks: readonly StoredBlock[]): void {
    this.#adoption.cameFromRing(blocks);
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
        // A power cut never leaves a unit without the one before it.
        await written.at(-1)?.segment.file.sync();
        const segment = await this.#writable(unitLength(unit));
        if (!touched.has(segment)) touched.set(segment, segment.end);
        const offset = segment.end;
        const bytes = encodeUnit(unit, { generation: segment.generation, offset, seal });
        segment.end += bytes.length;
        await segment.file.write(offset, bytes);
        this.#written += bytes.length;
        written.push({ segment, offset, length: bytes.length, unit });
      }
      await written.at(-1)?.segment.file.sync();
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
  load(): Promise<readonly Loaded[]> {
    return this.#reading.load();
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
    lookAgain(segment);
    this.#recycle();
  }

  /** The block was not delivered and waits again. */
  giveBack(kept: Kept): void {
    kept.segment.partial.get(kept.unit)?.claimed.delete(kept.key);
    kept.segment.readAt = Math.min(kept.segment.readAt, kept.unit);
    lookAgain(kept.segment);
  }

  /** Nothing is under way any more: what was not answered is read again. */
  rewind(): void {
    this.#reading.rewind();
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
    const lost = await this.#reading.waitingIn(segment).catch((caught: unknown) => {
      segment.condemned = false;
      throw caught;
    });
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    this.#condemned.push(segment);
    return lost;
  }

  /**
   * Whether the oldest segment was last written so long ago, as far as this process knows; to be asked now and then. Nothing more is
   * written to it then.
   */
  isTooOld(now: Mono, age: Duration): boolean {
    for (const segment of this.#segments) if (segment.written?.end !== segment.end) segment.written = { end: segment.end, at: now };
    const [oldest] = this.#segments;
    if (oldest?.written === undefined || elapsed(oldest.written.at, now) < age) return false;
    oldest.closed = true;
    return true;
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
    return takeScraps(this.#segments, {
      waitingIn: (segment) => this.#reading.waitingIn(segment),
      erase: (segment) => this.#erase(segment),
      syncFree: () => this.#places.syncFree(),
    });
  }

  cursors(): readonly CursorEntry[] {
    return this.#segments.map(({ path, generation, cursor, committed }) => ({
      path,
      generation: generation.toString(),
      cursor,
      end: committed,
    }));
  }

  /** How far the newest segment is filled; undefined where there is none. */
  get newest(): SegmentEnd | undefined {
    const segment = this.#segments.at(-1);
    return segment === undefined ? undefined : { generation: segment.generation, end: segment.committed };
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
    // True when it is said: a commit that goes on in another segment has synced this one.
    const before = current === undefined ? undefined : { generation: current.generation, end: current.end };
    const header = { lane: this.#lane, generation, order: this.#order, before };
    await writeHeaders(place.file, header);
    const segment = newSegment(place.path, place.file, header);
    this.#segments.push(segment);
    return segment;
  }

  /** What does not hold has been told: files that hold nothing else may be used again. */
  letDamagedGo(): void {
    this.#damagedMayGo = true;
    this.#recycle();
  }

  #recycle(): void {
    for (const segment of this.#takeDone()) void this.#erase(segment);
  }

  /** Takes out what nothing waits in any more. */
  #takeDone(): readonly Segment[] {
    const done: Segment[] = [];
    for (let at = this.#segments.length - 1; at >= 0; at--) {
      const segment = this.#segments[at]!;
      if (!segment.closed || segment.cursor < segment.end || (segment.holes.size > 0 && !this.#damagedMayGo)) continue;
      this.#segments.splice(at, 1);
      done.push(segment);
    }
    return done;
  }

  #erase(segment: Segment): Promise<void> {
    return segment.retired ? this.#places.abandon(segment) : this.#places.erase(segment);
  }
}
