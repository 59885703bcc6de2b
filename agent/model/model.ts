import type { Mono, Wall } from "../../config/units.ts";
import type { ClockQuality } from "../effects/effects.ts";

/** The vocabulary of the agent: types only. */

/** A kind of record, a queue of the spool, and a leaf of the topic tree: one word, three uses of one thing. In order of urgency. */
export type Lane = "alert" | "event" | "report" | "wave";
export const LANES: readonly Lane[] = ["alert", "event", "report", "wave"];

/** A process start: random, so that no name depends on a file. */
export type RunId = bigint;

/** At `mono` of this boot the host believed it was `wall`. */
export type ClockReading = { readonly mono: Mono; readonly wall: Wall; readonly quality: ClockQuality };

/** Numbers of a stream without a hole: first to last, both included. */
export type Range = { readonly run: RunId; readonly epoch: number; readonly lane: Lane; readonly first: number; readonly last: number };
/** The last record that is known of a stream. */
export type LastKnown = { readonly epoch: number; readonly lane: Lane; readonly n: number };
