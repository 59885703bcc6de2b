import type { Mono } from "../../config/units.ts";
import type { Lane } from "../model/model.ts";
import type { Block, LaneWriter } from "./lane.ts";
import type { Homeless } from "./recovery.ts";
import type { Ring } from "./ring.ts";
import { BLOCK_COST } from "./segment.ts";
import type { LaneStore, Loaded } from "./store.ts";
import { add, type Counts, type DeviceLedger, type LaneBook, tallyOf } from "./tally.ts";

/** A batch on its way out. */
export type Outgoing = {
  readonly lane: Lane;
  readonly range: "live" | "backlog";
  /** Sent from memory only: lost if this connection ends before its answer. */
  readonly volatile: boolean;
  readonly bytes: Uint8Array;
  readonly of: Block | Loaded;
};
export type LaneLedger = {
  readonly made: number;
  readonly adopted: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly waiting: number;
};

export type LaneState = {
  readonly writer: LaneWriter;
  readonly ring: Ring;
  readonly store: LaneStore;
  /** Closed blocks that wait, or whose message is unanswered. Oldest first. */
  live: Block[];
  /** Read back from flash, not yet sent. */
  loaded: Loaded[];
  loading: boolean;
  parkedUntil: Mono | undefined;
  readonly book: LaneBook;
};

export const isUrgent = (lane: Lane): boolean => lane === "alert" || lane === "event";
export const isVolatile = (block: Block): boolean =>
  block.slot === undefined && block.kept === undefined && !isUrgent(block.name.lane) && !block.held;
export const isParked = (state: LaneState, now: Mono): boolean => state.parkedUntil !== undefined && now < state.parkedUntil;

export function blockOf(homeless: Homeless, now: Mono): Block {
  return { ...homeless, firstAt: now, kept: undefined, inFlight: false, released: false, held: true };
}

export function ledgerOf({ writer, live, store, book }: LaneState): LaneLedger {
  const inMemory = live.reduce((sum, block) => sum + (block.kept === undefined && !block.released ? block.records : 0), 0);
  return { made: writer.made, ...book.totals, waiting: writer.openRecords + inMemory + store.waiting };
}

/** Device by device. Counts what waits anew, block by block, so it is for who asks, and not for every turn. */
export function deviceLedgersOf({ writer, live, store, book }: LaneState): ReadonlyMap<string, DeviceLedger> {
  const waiting: Counts = new Map(store.waitingOf);
  const inMemory = live.filter((block) => block.kept === undefined && !block.released).map(({ bytes }) => bytes);
  for (const bytes of [...inMemory, writer.openBytes]) add(waiting, tallyOf(bytes));
  return book.ledger(waiting);
}

/** What would go to flash if no broker answered, since the start. */
export const fillOf = (states: readonly LaneState[]): number =>
  states.reduce((sum, { writer }) => sum + writer.bytes + writer.blocks * BLOCK_COST, 0);

/** Bytes; `used`: what is not free for more. */
export function sizesOf(states: readonly LaneState[]): {
  readonly ring: number;
  readonly flash: number;
  readonly written: number;
  readonly used: number;
} {
  const sum = (of: (state: LaneState) => number) => states.reduce((total, state) => total + of(state), 0);
  return {
    ring: sum((state) => state.ring.used),
    flash: sum((state) => state.store.bytes),
    written: sum((state) => state.store.written),
    used: sum((state) => state.store.usedBytes),
  };
}
