import { after, type Bytes, type Duration, elapsed, Milliseconds, type Mono, Seconds } from "../../config/units.ts";
import type { Disk } from "../effects/effects.ts";
import { asFault, type Fault } from "../fault/fault.ts";
import { type ClockReading, LANES, type Lane, type LastKnown, type RunId } from "../model/model.ts";
import { writeCursors } from "./cursors.ts";
import { type Gap, GapBook, rangesOf } from "./gaps.ts";
import { type Block, type Entry, LaneWriter, type Wire } from "./lane.ts";
import { blockOf, isParked, isUrgent, isVolatile, type LaneLedger, type LaneState, type Outgoing } from "./lane-state.ts";
import { namesIn } from "./names.ts";
import { perLane, type Recovered } from "./recovery.ts";
import { Ring } from "./ring.ts";
import { SEGMENT_BYTES } from "./segment.ts";
import type { Kept } from "./store.ts";

export type { LaneLedger, Outgoing } from "./lane-state.ts";

/** How long before the window's end a commit begins: one reading tick, the timer's own lateness, and the disk's time. */
const COMMIT_LEAD = Milliseconds(60);
/** After a failed commit the next one waits; live sending does not. */
const COMMIT_RETRY = Seconds(1);
/** How old a cursor may be. Losing it costs duplicates with equal names. */
const CURSOR_EVERY = Seconds(10);
/** A lane whose message the broker refused rests this long. */
const PARK_TIME = Seconds(30);
/** What found no room in the ring waits in memory, alerts and events for the disk, others for the broker; at most this many blocks. */
const MEMORY_BLOCKS_MAX = 1000;

export type SpoolOptions = {
  readonly disk: Disk;
  readonly spoolDir: string;
  readonly run: RunId;
  readonly window: Duration;
  readonly pace: Duration;
  readonly size: Bytes;
  readonly clock: () => ClockReading;
  readonly wire: Wire;
  readonly gapEntry: (gap: Gap) => Entry;
};
/**
 * Delivered or durable, whichever is first. A record is in the ring when the turn of its stamp ends; it is on flash when its
 * window ends without an answer; only an answer of the broker, or a gap that names it, takes it away.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #lanes: Record<Lane, LaneState>;
  readonly #gaps = new GapBook();
  #online = false;
  #connection = 0;
  #committing: Promise<void> | undefined;
  #retryAt: Mono | undefined;
  #cursorsAt: Mono | undefined;
  #cursorsDirty = false;
  /** Why nothing can be kept now; undefined while the disk takes commits. */
  degraded: Fault | undefined;

  constructor(options: SpoolOptions, recovered: Recovered) {
    this.#options = options;
    this.degraded = recovered.fault;
    this.#lanes = perLane((lane) => {
      const ring = new Ring(recovered.rings[lane], options.run, lane);
      const writer = new LaneWriter({ lane, run: options.run, ring, wire: options.wire, closed: (block) => this.#closed(lane, block) });
      const live = recovered.homeless[lane].map((block): Block => blockOf(block, options.clock().mono));
      return {
        writer,
        ring,
        store: recovered.stores[lane],
        live,
        loaded: [],
        loading: false,
        parkedUntil: undefined,
        adopted: recovered.adopted[lane],
        delivered: 0,
        dropped: 0,
      };
    });
  }

  /** Takes a record; it has its number now, and is in the ring when the turn ends. */
  keep(lane: Lane, entry: Entry): void {
    const { n, tooLong } = this.#lanes[lane].writer.add(entry, this.#options.clock);
    if (tooLong) this.#lose(lane, [{ run: this.#options.run, epoch: entry.epoch, lane, n }], "too_long");
  }

  /** Ends the turn: alerts and events become a message at once, reports and waves wait for their pace. */
  endTurn(): void {
    for (const lane of LANES) {
      if (isUrgent(lane)) this.#lanes[lane].writer.close();
      else this.#lanes[lane].writer.endTurn();
    }
  }

  /** A step of the clock begins new blocks, so that each head tells one mapping. */
  closeBlocks(): void {
    for (const lane of LANES) this.#lanes[lane].writer.close();
  }

  /** Closes what its pace has ended, and begins a commit where a window ends. */
  tick(now: Mono): void {
    // Off line nothing waits for a message: a block grows until its window ends, so that a window costs one commit, not two.
    const age = this.#online ? this.#options.pace : ((this.#options.window - COMMIT_LEAD) as Duration);
    for (const lane of LANES) this.#lanes[lane].writer.closeIfOlder(age, now);
    this.#commitIfDue(now);
    if (this.#cursorsDirty && (this.#cursorsAt === undefined || elapsed(this.#cursorsAt, now) >= CURSOR_EVERY))
      void this.#writeCursors(now);
  }

  /** Puts on flash what is closed and waits. Throws Fault `disk.*`. */
  async commitNow(): Promise<void> {
    await this.#committing;
    const due = this.#uncommitted(() => true);
    if (due.length > 0) await this.#commit(due);
  }

  connected(): void {
    this.#online = true;
  }

  /** Nothing is under way any more: what is on flash joins the backlog, what is not waits for the next message or its window. */
  disconnected(): void {
    this.#online = false;
    this.#connection += 1;
    for (const lane of LANES) {
      const state = this.#lanes[lane];
      state.parkedUntil = undefined;
      state.loaded = [];
      for (const block of state.live) {
        block.inFlight = false;
        if (isVolatile(block)) this.#giveUp(lane, block, "ring_full");
      }
      state.live = state.live.filter((block) => block.kept === undefined && !block.released);
      state.store.rewind();
    }
  }

  /** The next live batch in order of urgency. It counts as under way from now on. */
  nextLive(now: Mono): Outgoing | undefined {
    for (const lane of LANES) {
      const state = this.#lanes[lane];
      if (isParked(state, now)) continue;
      const block = state.live.find((one) => !one.inFlight && one.kept === undefined);
      if (block === undefined) continue;
      block.inFlight = true;
      return { lane, range: "live", volatile: isVolatile(block), bytes: block.bytes, of: block };
    }
    return undefined;
  }

  /** The next batch of the backlog, in order of urgency, oldest first. Undefined also while it is being read. */
  nextBacklog(now: Mono): Outgoing | undefined {
    for (const lane of LANES) {
      const state = this.#lanes[lane];
      if (isParked(state, now)) continue;
      const loaded = state.loaded.shift();
      if (state.loaded.length === 0) this.#load(state);
      if (loaded !== undefined) return { lane, range: "backlog", volatile: false, bytes: loaded.block.bytes, of: loaded };
    }
    return undefined;
  }

  /** The broker answered. 0x00 and 0x10 release the batch; from 0x80 on the lane rests and the batch stays. */
  answered(outgoing: Outgoing, code: number, now: Mono): void {
    const state = this.#lanes[outgoing.lane];
    if (code >= 0x80) {
      state.parkedUntil = after(now, PARK_TIME);
      if ("block" in outgoing.of) state.loaded.unshift(outgoing.of);
      else this.#refused(state, outgoing.of);
      return;
    }
    if ("block" in outgoing.of) this.#released(state, outgoing.of.kept);
    else this.#releasedBlock(state, outgoing.of);
  }

  ledger(): Readonly<Record<Lane, LaneLedger>> {
    return perLane((lane) => {
      const { writer, live, store, adopted, delivered, dropped } = this.#lanes[lane];
      const inMemory = live.reduce((sum, block) => sum + (block.kept === undefined && !block.released ? block.records : 0), 0);
      return { made: writer.made, adopted, delivered, dropped, waiting: writer.openRecords + inMemory + store.waiting };
    });
  }

  get sizes(): { readonly ring: number; readonly flash: number; readonly written: number } {
    const states = LANES.map((lane) => this.#lanes[lane]);
    const sum = (of: (state: LaneState) => number) => states.reduce((total, state) => total + of(state), 0);
    return {
      ring: sum((state) => state.ring.used),
      flash: sum((state) => state.store.bytes),
      written: sum((state) => state.store.written),
    };
  }

  /** Stored bytes that failed their check and were passed over. */
  get corruptBytes(): number {
    return LANES.reduce((sum, lane) => sum + this.#lanes[lane].store.corruptBytes, 0);
  }

  /** What was lost becomes gap events of this turn. */
  tellGaps(): void {
    for (const gap of this.#gaps.take()) this.keep("event", this.#options.gapEntry(gap));
  }

  /** Highest number of every stream of this run. */
  last(): readonly LastKnown[] {
    return LANES.flatMap((lane) => [...this.#lanes[lane].writer.next].map(([epoch, next]) => ({ epoch, lane, n: next - 1 })));
  }

  /** The epoch is over: its streams are not counted on. */
  endEpoch(epoch: number): void {
    for (const lane of LANES) this.#lanes[lane].writer.forget(epoch);
  }

  /** Puts on flash what is not delivered. Throws Fault `disk.*` where it cannot; the rings still hold it then. */
  async stop(now: Mono): Promise<void> {
    this.closeBlocks();
    await this.commitNow();
    await this.#writeCursors(now);
    for (const lane of LANES) await this.#lanes[lane].store.close();
  }

  #closed(lane: Lane, block: Block): void {
    const state = this.#lanes[lane];
    state.live.push(block);
    // A broker that is connected may take nothing either.
    const homeless = block.slot === undefined && (state.live.length > MEMORY_BLOCKS_MAX || (!isUrgent(lane) && !this.#online));
    if (!homeless) return;
    this.#giveUp(lane, block, "ring_full");
    state.live.pop();
  }

  #giveUp(lane: Lane, block: Block, reason: "ring_full" | "spool_full"): void {
    block.released = true;
    if (block.slot !== undefined) this.#lanes[lane].ring.release(block.slot);
    this.#lose(lane, namesIn(block), reason);
  }

  #lose(lane: Lane, names: Parameters<typeof rangesOf>[0], reason: Gap["reason"]): void {
    for (const range of rangesOf(names)) {
      this.#lanes[lane].dropped += range.last - range.first + 1;
      this.#gaps.add(range, reason);
    }
  }

  #refused(state: LaneState, block: Block): void {
    block.inFlight = false;
    if (block.kept === undefined) return;
    state.store.giveBack(block.kept);
    state.live = state.live.filter((one) => one !== block);
  }

  #releasedBlock(state: LaneState, block: Block): void {
    block.inFlight = false;
    block.released = true;
    if (block.slot !== undefined) state.ring.release(block.slot);
    state.live = state.live.filter((one) => one !== block);
    if (block.kept === undefined) state.delivered += block.records;
    else this.#released(state, block.kept);
  }

  #released(state: LaneState, kept: Kept): void {
    state.store.release(kept);
    state.delivered += kept.records;
    this.#cursorsDirty = true;
  }

  #load(state: LaneState): void {
    if (state.loading || !this.#online || state.store.waiting === 0) return;
    state.loading = true;
    const connection = this.#connection;
    void state.store
      .load()
      .then((loaded) => {
        if (connection === this.#connection) state.loaded.push(...loaded);
        else for (const { kept } of loaded) state.store.giveBack(kept);
      })
      .catch((caught: unknown) => {
        this.degraded = asFault(caught, "disk.failed", "The backlog cannot be read");
      })
      .finally(() => {
        state.loading = false;
      });
  }

  #uncommitted(due: (block: Block, lane: Lane) => boolean): { lane: Lane; block: Block }[] {
    return LANES.flatMap((lane) =>
      this.#lanes[lane].live
        .filter((block) => block.kept === undefined && !block.released && !isVolatile(block) && due(block, lane))
        .map((block) => ({ lane, block })),
    );
  }

  #commitIfDue(now: Mono): void {
    if (this.#committing !== undefined || (this.#retryAt !== undefined && now < this.#retryAt)) return;
    const isDue = (block: Block, lane: Lane) => isUrgent(lane) || elapsed(block.firstAt, now) >= this.#options.window - COMMIT_LEAD;
    const due = this.#uncommitted(isDue);
    if (due.length === 0) return;
    this.#retryAt = undefined;
    // Off line all that waits goes with it: one commit a window, not one a lane.
    this.#committing = this.#commit(this.#online ? due : this.#uncommitted(() => true))
      .catch((caught: unknown) => {
        this.degraded = asFault(caught, "disk.failed", "A commit to flash failed");
        this.#retryAt = after(this.#options.clock().mono, COMMIT_RETRY);
      })
      .finally(() => {
        this.#committing = undefined;
      });
  }

  async #commit(due: readonly { lane: Lane; block: Block }[]): Promise<void> {
    const of = (lane: Lane) => due.filter((one) => one.lane === lane).map((one) => one.block);
    await this.#makeRoom(LANES.filter((lane) => of(lane).length > 0 && this.#lanes[lane].store.needsFile(of(lane))).length);
    const results = await Promise.allSettled(LANES.map((lane) => this.#commitLane(lane, of(lane))));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    this.degraded = undefined;
  }

  async #commitLane(lane: Lane, all: readonly Block[]): Promise<void> {
    // While room was made some may have been answered, and some committed with the gaps.
    const blocks = all.filter((block) => block.kept === undefined && !block.released);
    if (blocks.length === 0) return;
    const answered: Kept[] = [];
    await this.#lanes[lane].store.append(blocks, (block, kept) => {
      if (block.released) answered.push(kept);
      return this.#keptOnFlash(lane, block, kept);
    });
    this.#settleCommitted(lane, answered);
  }

  #keptOnFlash(lane: Lane, block: Block, kept: Kept): boolean {
    block.kept = kept;
    if (block.slot !== undefined) this.#lanes[lane].ring.release(block.slot);
    return block.inFlight || block.released;
  }

  /** What was answered before it was on flash is delivered; what is not under way leaves memory and is backlog now. */
  #settleCommitted(lane: Lane, answered: readonly Kept[]): void {
    const state = this.#lanes[lane];
    for (const kept of answered) {
      state.store.release(kept);
      this.#cursorsDirty = true;
    }
    state.live = state.live.filter((block) => block.kept === undefined || block.inFlight);
  }

  /** Keeps the spool within its size: free files of any lane go first, then the oldest waves, then the oldest reports. */
  async #makeRoom(files: number): Promise<void> {
    if (files === 0) return;
    const used = () => LANES.reduce((sum, lane) => sum + this.#lanes[lane].store.fileBytes, 0);
    while (used() + files * SEGMENT_BYTES > this.#options.size) {
      if (await this.#discardOne()) continue;
      if (!(await this.#dropOne())) return;
    }
  }

  async #discardOne(): Promise<boolean> {
    for (const lane of [...LANES].reverse()) if (await this.#lanes[lane].store.discardFree()) return true;
    return false;
  }

  /** The gap is on flash before what it names is gone. */
  async #dropOne(): Promise<boolean> {
    for (const lane of ["wave", "report"] as const) {
      const { store } = this.#lanes[lane];
      const lost = await store.condemnOldest();
      if (lost === undefined) continue;
      this.#lose(
        lane,
        lost.flatMap((block) => [...namesIn(block)]),
        "spool_full",
      );
      this.tellGaps();
      this.#lanes.event.writer.close();
      await this.#commitLane(
        "event",
        this.#uncommitted((_block, of) => of === "event").map((one) => one.block),
      );
      await store.discardCondemned();
      return true;
    }
    return false;
  }

  async #writeCursors(now: Mono): Promise<void> {
    this.#cursorsDirty = false;
    this.#cursorsAt = now;
    const { disk, spoolDir } = this.#options;
    try {
      await writeCursors(
        disk,
        spoolDir,
        LANES.flatMap((lane) => this.#lanes[lane].store.cursors()),
      );
    } catch (caught) {
      this.degraded = asFault(caught, "disk.failed", "The spool's cursors cannot be written");
    }
  }
}
