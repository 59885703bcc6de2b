import type { Mono } from "../../config/units.ts";
import type { Lane } from "../model/model.ts";
import type { Block, LaneWriter } from "./lane.ts";
import type { Ring } from "./ring.ts";
import type { StoredBlock } from "./segment.ts";
import type { LaneStore, Loaded } from "./store.ts";

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
  adopted: number;
  delivered: number;
  dropped: number;
};

export const isUrgent = (lane: Lane): boolean => lane === "alert" || lane === "event";
export const isVolatile = (block: Block): boolean =>
  block.slot === undefined && block.kept === undefined && !isUrgent(block.name.lane) && !block.adopted;
export const isParked = (state: LaneState, now: Mono): boolean => state.parkedUntil !== undefined && now < state.parkedUntil;

export function blockOf(stored: StoredBlock, now: Mono): Block {
  return { ...stored, firstAt: now, slot: undefined, kept: undefined, inFlight: false, released: false, adopted: true };
}
