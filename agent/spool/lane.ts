import { type Duration, elapsed, type Mono, microseconds } from "../../config/units.ts";
import type { Metric } from "../../drivers/kit/reading.ts";
import { asFault } from "../fault/fault.ts";
import type { ClockReading, Lane, RunId } from "../model/model.ts";
import { BLOCK_MAX, type BlockName, CHECK_LENGTH, checkSeed, RECORD_MAX, sealPiece } from "./block.ts";
import type { Ring, Slot } from "./ring.ts";
import type { Kept } from "./store.ts";

/** How the parts of a batch are written; the spool itself does not look inside a record. */
export type Wire = {
  head(lane: Lane, clock: ClockReading): Uint8Array;
  device(epoch: number): Uint8Array;
  metric(id: number, metric: Metric): Uint8Array;
};
/** A record that wants to be kept. `encode` is called once, at the stamp. */
export type Entry = {
  readonly epoch: number;
  readonly at: Mono;
  readonly encode: (name: { readonly n: number; readonly atUs: number }, idOf: (metric: Metric) => number) => Uint8Array;
};

/** A closed block that still waits in memory, in the ring, or in an unanswered message. */
export type Block = {
  readonly name: BlockName;
  readonly firstAt: Mono;
  readonly bytes: Uint8Array;
  readonly records: number;
  slot: Slot | undefined;
  kept: Kept | undefined;
  /** A publish of it is unanswered on the present connection. */
  inFlight: boolean;
  released: boolean;
  /** Held in memory until flash takes it: of an earlier run, or refused by the ring (which is not the same as a ring that is full). */
  readonly held: boolean;
};

type OpenBlock = {
  readonly number: number;
  readonly firstAt: Mono;
  readonly baseUs: number;
  readonly pieces: Uint8Array[];
  length: number;
  running: number;
  records: number;
  readonly metrics: Map<Metric, number>;
  readonly epochs: Set<number>;
  slot: Slot | undefined;
  held: boolean;
  /** Not yet in the ring: what this turn added. */
  turn: Uint8Array[];
  turnLength: number;
};

/** The writing end of a lane: stamps become blocks, each turn ends in the ring. */
export class LaneWriter {
  readonly #lane: Lane;
  readonly #run: RunId;
  readonly #ring: Ring;
  readonly #wire: Wire;
  readonly #closed: (block: Block) => void;
  readonly #next = new Map<number, number>();
  #open: OpenBlock | undefined;
  #number = 0;
  made = 0;
  /** Bytes of the blocks that were closed. */
  bytes = 0;
  blocks = 0;

  constructor(options: { lane: Lane; run: RunId; ring: Ring; wire: Wire; closed: (block: Block) => void }) {
    this.#lane = options.lane;
    this.#run = options.run;
    this.#ring = options.ring;
    this.#wire = options.wire;
    this.#closed = options.closed;
  }

  get openRecords(): number {
    return this.#open?.records ?? 0;
  }

  /** What is in it so far. */
  get openBytes(): Uint8Array {
    return this.#open === undefined ? new Uint8Array() : join([...this.#open.pieces, ...this.#open.turn]);
  }

  /** The numbers given so far: epoch → the next n. */
  get next(): ReadonlyMap<number, number> {
    return this.#next;
  }

  /** The epoch is over: nothing more is numbered in it. */
  forget(epoch: number): void {
    this.#next.delete(epoch);
  }

  /**
   * Gives the record its number and adds it to the open block. Returns the number, and whether the record was too long to keep.
   * Throws what `encode` throws; then nothing was numbered and nothing added.
   */
  add(entry: Entry, clock: () => ClockReading): { readonly n: number; readonly tooLong: boolean } {
    const n = this.#next.get(entry.epoch) ?? 0;
    if (this.#open !== undefined && this.#open.length + this.#open.turnLength + RECORD_MAX + CHECK_LENGTH > BLOCK_MAX) this.close();
    const block = this.#open ?? this.#begin(clock());
    const parts = this.#encode(block, entry, n);
    this.#next.set(entry.epoch, n + 1);
    this.made += 1;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length > RECORD_MAX) {
      // What it has introduced was not written: nothing more may be added behind it.
      this.close();
      return { n, tooLong: true };
    }
    this.#open = block;
    block.turn.push(...parts);
    block.turnLength += length;
    block.records += 1;
    block.epochs.add(entry.epoch);
    return { n, tooLong: false };
  }

  /** The record as bytes, behind the device and the metrics that the block has not introduced yet. */
  #encode(block: OpenBlock, entry: Entry, n: number): readonly Uint8Array[] {
    const parts: Uint8Array[] = block.epochs.has(entry.epoch) ? [] : [this.#wire.device(entry.epoch)];
    const fresh: Metric[] = [];
    const idOf = (metric: Metric): number => {
      const known = block.metrics.get(metric);
      if (known !== undefined) return known;
      const id = block.metrics.size + 1;
      block.metrics.set(metric, id);
      fresh.push(metric);
      parts.push(this.#wire.metric(id, metric));
      return id;
    };
    try {
      parts.push(entry.encode({ n, atUs: microseconds(entry.at) - block.baseUs }, idOf));
    } catch (caught) {
      for (const metric of fresh) block.metrics.delete(metric);
      throw caught;
    }
    return parts;
  }

  /** Ends the turn: what was added is in the ring when this returns, and survives the death of the process. */
  endTurn(): void {
    const block = this.#open;
    if (block === undefined || block.records === 0 || block.turn.length === 0) return;
    const piece = join(block.turn);
    const { field, running } = sealPiece(piece, block.running);
    const bytes = join([piece, field]);
    this.#toRing(block, bytes);
    block.pieces.push(bytes);
    block.length += bytes.length;
    block.running = running;
    block.turn = [];
    block.turnLength = 0;
  }

  /** Closes the open block when it is older than the pace. */
  closeIfOlder(than: Duration, now: Mono): void {
    if (this.#open !== undefined && elapsed(this.#open.firstAt, now) >= than) this.close();
  }

  close(): void {
    const block = this.#open;
    if (block === undefined || block.records === 0) return;
    this.endTurn();
    this.#open = undefined;
    if (block.slot !== undefined) this.#ring.close(block.slot, block.length);
    const { firstAt, records, slot, held } = block;
    const name = { run: this.#run, lane: this.#lane, number: block.number };
    this.bytes += block.length;
    this.blocks += 1;
    this.#closed({
      name,
      firstAt,
      records,
      slot,
      bytes: join(block.pieces),
      kept: undefined,
      inFlight: false,
      released: false,
      held,
    });
  }

  #begin(clock: ClockReading): OpenBlock {
    this.#number += 1;
    const name = { run: this.#run, lane: this.#lane, number: this.#number };
    const head = this.#wire.head(this.#lane, clock);
    return {
      number: this.#number,
      firstAt: clock.mono,
      baseUs: microseconds(clock.mono),
      pieces: [],
      length: 0,
      running: checkSeed(name),
      records: 0,
      metrics: new Map(),
      epochs: new Set(),
      slot: undefined,
      held: this.#ring.missing,
      turn: [head],
      turnLength: head.length,
    };
  }

  /** A full ring or a failing tmpfs costs the block its place, not the reading its way: it goes on from memory, and to flash in time. */
  #toRing(block: OpenBlock, bytes: Uint8Array): void {
    try {
      if (block.length === 0) block.slot = this.#ring.begin(block.number, bytes);
      else if (block.slot !== undefined) this.#ring.append(block.slot, block.length, bytes);
    } catch (caught) {
      this.#ring.fault = asFault(caught, "disk.failed", "The runtime directory cannot be written");
      block.held = true;
      if (block.slot !== undefined) this.#ring.abandon(block.slot);
      block.slot = undefined;
    }
  }
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
