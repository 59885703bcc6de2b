import { after, type Bytes, type Duration, elapsed, type Mono, Seconds } from "../../config/units.ts";
import { decodeBatch } from "../../proto/codec.ts";
import type { Disk } from "../effects/effects.ts";
import type { Fault } from "../fault/fault.ts";
import { type ClockReading, LANES, type Lane, type LastKnown, type RunId } from "../model/model.ts";
import { Committer } from "./committer.ts";
import { FillRate } from "./fill-rate.ts";
import { type Gap, GapBook, rangesOf } from "./gaps.ts";
import { type Block, type Entry, LaneWriter, type Wire } from "./lane.ts";
import {
  blockOf,
  deviceLedgersOf,
  fillOf,
  isParked,
  isUrgent,
  isVolatile,
  type LaneLedger,
  type LaneState,
  ledgerOf,
  type Outgoing,
  sizesOf,
} from "./lane-state.ts";
import { CountedFault, corruption, keyLost } from "./losses.ts";
import { namesIn } from "./names.ts";
import { perLane, type Recovered } from "./recovery.ts";
import type { StoredBlock } from "./segment.ts";
import type { Kept } from "./store.ts";
import { type DeviceLedger, LaneBook, tallyOf } from "./tally.ts";
import type { Troubles } from "./troubles.ts";

export type { LaneLedger, Outgoing } from "./lane-state.ts";

/** The rings count as good again so long after the last refusal. */
const RING_REST = Seconds(60);
/** A lane whose message the broker refused rests this long. */
const PARK_TIME = Seconds(30);
/** What found no room in the ring waits in memory, alerts and events for the disk, others for the broker; at most this many blocks. */
const MEMORY_BLOCKS_MAX = 1000;

/** Pace and window: how often a message is sent, and by when a record is on flash. Size: of all files on flash. */
export type SpoolLimits = { readonly pace: Duration; readonly window: Duration; readonly size: Bytes };

export type SpoolOptions = {
  readonly disk: Disk;
  readonly spoolDir: string;
  readonly run: RunId;
  /** As they are now: settings may change while records wait. */
  readonly limits: () => SpoolLimits;
  readonly clock: () => ClockReading;
  readonly wire: Wire;
  readonly gapEntry: (gap: Gap) => Entry;
};
/** Bytes. Size: the limit. Fill rate: bytes a second that would go to flash if no broker answered; undefined: not known yet. */
export type SpoolSizes = ReturnType<typeof sizesOf> & { readonly size: Bytes; readonly fillRate: number | undefined };

/**
 * Delivered or durable, whichever is first. A record is in the ring when the turn of its stamp ends; it is on flash when its
 * window ends without an answer; only an answer of the broker, or a gap that names it, takes it away.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #lanes: Record<Lane, LaneState>;
  readonly #fillRate: FillRate;
  readonly #gaps = new GapBook();
  readonly #committer: Committer;
  readonly #troubles: Troubles;
  readonly #sealed = new CountedFault(keyLost);
  readonly #corrupt = new CountedFault(corruption);
  readonly #startFault: Fault | undefined;
  #ringFault: { readonly fault: Fault; readonly at: Mono } | undefined;
  /** Of the epochs that speak. */
  readonly #devices = new Map<number, string>();
  #online = false;
  #connection = 0;

  constructor(options: SpoolOptions, recovered: Recovered) {
    this.#options = options;
    this.#startFault = recovered.faults.ring;
    const { mono } = options.clock();
    this.#fillRate = new FillRate(mono);
    this.#lanes = perLane((lane) => {
      const ring = recovered.rings[lane];
      const writer = new LaneWriter({ lane, run: options.run, ring, wire: options.wire, closed: (block) => this.#closed(lane, block) });
      const live = recovered.homeless[lane].map((block): Block => blockOf(block, mono));
      const book = new LaneBook();
      for (const adopted of [recovered.stores[lane].waitingOf, ...live.map(({ bytes }) => tallyOf(bytes))]) book.add("adopted", adopted);
      return {
        writer,
        ring,
        store: recovered.stores[lane],
        live,
        loaded: [],
        loading: false,
        parkedUntil: undefined,
        book,
      };
    });
    this.#committer = new Committer(
      { ...options, lanes: this.#lanes, now: () => options.clock().mono, lose: (lane, lost, reason) => this.#gaveUp(lane, lost, reason) },
      recovered,
    );
    this.#troubles = this.#committer.troubles;
  }

  /** Takes a record; it has its number now, and is in the ring when the turn ends. */
  keep(lane: Lane, entry: Entry): void {
    const { writer, book } = this.#lanes[lane];
    const { n, tooLong } = writer.add(entry, this.#options.clock);
    const device = this.#deviceOf(entry.epoch);
    book.made(device);
    if (!tooLong) return;
    this.#gaps.add({ run: this.#options.run, epoch: entry.epoch, lane, first: n, last: n }, "too_long");
    book.drop("too_long", new Map([[device, 1]]));
  }

  /** As its blocks call it. */
  #deviceOf(epoch: number): string {
    const known = this.#devices.get(epoch);
    if (known !== undefined) return known;
    const name = decodeBatch(this.#options.wire.device(epoch))?.devices[0]?.device ?? "";
    this.#devices.set(epoch, name);
    return name;
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
    // Off line nothing waits for a message.
    const age = this.#online ? this.#options.limits().pace : this.#committer.blockAge;
    for (const lane of LANES) this.#lanes[lane].writer.closeIfOlder(age, now);
    this.#committer.tick(now, this.#online ? "online" : "offline");
    this.#watchRings(now);
    this.#fillRate.tick(() => fillOf(LANES.map((lane) => this.#lanes[lane])), now);
  }

  /** Why a kill would cost what is on its way; also for a while after the last refusal. */
  get ringFault(): Fault | undefined {
    return this.#ringFault?.fault ?? this.#startFault;
  }

  /** Why something cannot be kept on flash now; undefined while the disk takes what it is given. */
  get degraded(): Fault | undefined {
    return this.#troubles.keeping;
  }

  /** Why something that an earlier time kept cannot be read now: it stays where it is and is tried again. */
  get unread(): Fault | undefined {
    return this.#troubles.reading;
  }

  /** Puts on flash what is closed and waits. Throws Fault `disk.*`. */
  commitNow(): Promise<void> {
    return this.#committer.commitNow();
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
      return {
        lane,
        range: "live",
        volatile: isVolatile(block) || (block.held && block.slot === undefined) || this.#troubles.has(lane),
        bytes: block.bytes,
        of: block,
      };
    }
    return undefined;
  }

  /** The next batch of the backlog, in order of urgency, oldest first. Undefined also while it is being read. */
  nextBacklog(now: Mono): Outgoing | undefined {
    for (const lane of LANES) {
      const state = this.#lanes[lane];
      if (isParked(state, now)) continue;
      const loaded = state.loaded.shift();
      if (state.loaded.length === 0) this.#load(lane, now);
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
    this.#countGone();
    return perLane((lane) => ledgerOf(this.#lanes[lane]));
  }

  /** The ledger of each lane, device by device; "" is the gateway itself. For who asks: it looks at every block in memory. */
  deviceLedgers(): Readonly<Record<Lane, ReadonlyMap<string, DeviceLedger>>> {
    this.#countGone();
    return perLane((lane) => deviceLedgersOf(this.#lanes[lane]));
  }

  get sizes(): SpoolSizes {
    const states = LANES.map((lane) => this.#lanes[lane]);
    const { limits, clock } = this.#options;
    return { ...sizesOf(states), size: limits().size, fillRate: this.#fillRate.perSecond(fillOf(states), clock().mono) };
  }

  /** Records of earlier runs that were sealed under a key that is gone. */
  get keyLost(): Fault | undefined {
    return this.#sealed.of(this.#sum(({ sealedRecords }) => sealedRecords));
  }

  /** Stored bytes that failed their check and were passed over. */
  get corrupt(): Fault | undefined {
    return this.#corrupt.of(this.#sum(({ corruptBytes }) => corruptBytes));
  }

  #sum(of: (store: LaneState["store"]) => number): number {
    return LANES.reduce((sum, lane) => sum + of(this.#lanes[lane].store), 0);
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
    this.#devices.delete(epoch);
  }

  /** Puts on flash what is not delivered. Throws Fault `disk.*` where it cannot; the rings still hold it then. */
  async stop(now: Mono): Promise<void> {
    this.closeBlocks();
    // What found no room just now is named as well.
    this.tellGaps();
    this.closeBlocks();
    await this.commitNow();
    await this.#committer.saveCursors(now, "synced");
    for (const lane of LANES) await this.#lanes[lane].store.close();
  }

  #watchRings(now: Mono): void {
    for (const lane of LANES) {
      const { ring } = this.#lanes[lane];
      if (ring.fault !== undefined) this.#ringFault = { fault: ring.fault, at: now };
      ring.fault = undefined;
    }
    // Pages that a full tmpfs has given once can be written on and on, so that refusals come and go.
    if (this.#ringFault !== undefined && elapsed(this.#ringFault.at, now) >= RING_REST) this.#ringFault = undefined;
  }

  #closed(lane: Lane, block: Block): void {
    const state = this.#lanes[lane];
    state.live.push(block);
    // A broker that is connected may take nothing either.
    const homeless =
      block.slot === undefined && (state.live.length > MEMORY_BLOCKS_MAX || (!isUrgent(lane) && !this.#online && !block.held));
    if (!homeless) return;
    this.#giveUp(lane, block, "ring_full");
    state.live.pop();
  }

  #giveUp(lane: Lane, block: Block, reason: "ring_full"): void {
    block.released = true;
    if (block.slot !== undefined) this.#lanes[lane].ring.release(block.slot);
    this.#lose(lane, [block], reason);
  }

  /** Its gap is in a block of its own when this returns. */
  #gaveUp(lane: Lane, lost: readonly StoredBlock[], reason: Gap["reason"]): void {
    this.#lose(lane, lost, reason);
    this.tellGaps();
    this.#lanes.event.writer.close();
  }

  /** The one place where what is lost with whole blocks is told: by name as gaps, and in the ledger. */
  #lose(lane: Lane, blocks: readonly Pick<StoredBlock, "name" | "bytes">[], reason: Gap["reason"]): void {
    for (const range of rangesOf(blocks.flatMap(namesIn))) this.#gaps.add(range, reason);
    for (const { bytes } of blocks) this.#lanes[lane].book.drop(reason, tallyOf(bytes));
  }

  /** What went bad while it waited is in the ledger; nobody knows its names. */
  #countGone(): void {
    for (const lane of LANES) this.#lanes[lane].book.drop("corrupt", this.#lanes[lane].store.takeGone());
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
    if (block.kept === undefined) state.book.add("delivered", tallyOf(block.bytes));
    else this.#released(state, block.kept);
  }

  #released(state: LaneState, kept: Kept): void {
    state.store.release(kept);
    // What was the newest segment may be done with.
    state.ring.note(state.store.newest);
    state.book.add("delivered", kept.tally);
    this.#committer.moved();
  }

  #load(lane: Lane, now: Mono): void {
    const state = this.#lanes[lane];
    if (state.loading || !this.#online || state.store.waiting === 0) return;
    if (this.#troubles.has(`backlog ${lane}`) && !this.#troubles.readAgain(now)) return;
    state.loading = true;
    const connection = this.#connection;
    void this.#committer
      .try(`backlog ${lane}`, async () => {
        const loaded = await state.store.load();
        if (connection === this.#connection) state.loaded.push(...loaded);
        else for (const { kept } of loaded) state.store.giveBack(kept);
      })
      .finally(() => {
        state.loading = false;
      });
  }
}
