import type { Range } from "./waves.ts";

/**
 * What a message cannot be read without, and what has been told of it. Plain data, bounded by the limits below; what does not fit
 * is refused aloud, and nothing is given up for it.
 */
export type Memory = {
  readonly cycle: Cycle;
  readonly told: readonly ToldKey[];
  readonly layouts: readonly Layout[];
  readonly places: readonly Place[];
  /** Conditions that are present, by their keys. */
  readonly alerts: readonly string[];
  /** Ticks of the newest answer of each kind; -1: there was none in this association. */
  readonly newest: Newest;
};
export type Newest = { readonly numerics: number; readonly alerts: number };

/** Linked answers to a poll of numerics, as far as they have come. `count` 0: none; -1: one is missing; `last`: none is to follow. */
export type Cycle = { readonly invoke: number; readonly count: number; readonly last: boolean; readonly turn: number };
/** Eight digits of the object, four of the quantity, four of the unit, one of the turn in which it was told last. */
export type ToldKey = string;
export type Layout = {
  /** Context and handle, four digits each. */
  readonly at: string;
  readonly samples: number;
  readonly bits: number;
  /** Bits of a sample; what stands above them are marks. */
  readonly significant: number;
  readonly period: number;
  readonly unit: number;
  readonly range: Range;
  /** Sample values that are no samples. */
  readonly special: readonly number[];
};
/** Where a wave is. */
export type Place = {
  readonly physio: number;
  /** The object that tells it; "": of an association before. */
  readonly at: string;
  /** Number of the next sample. It never falls, so that no number stands for two samples. */
  readonly next: number;
  readonly invoke: number;
  readonly sequence: number;
  /** Ticks of the last block; -1: there was none in this association. */
  readonly time: number;
};

export const TOLD_MAX = 256;
/** Public clients speak of up to three ECG waves beside eight others; one object may have layouts of two lengths. */
export const LAYOUTS_MAX = 24;
export const PLACES_MAX = 16;
export const ALERTS_MAX = 48;
export const SPECIAL_MAX = 4;
export const TURNS = 10;
/** Of all of it as JSON, in characters. */
export const MEMORY_MAX = 16_384;

export const START: Memory = {
  cycle: { invoke: 0, count: 0, last: false, turn: 0 },
  told: [],
  layouts: [],
  places: [],
  alerts: [],
  newest: { numerics: -1, alerts: -1 },
};

/** A new association: handles and layouts of the one before mean nothing any more; conditions and sample numbers go on. */
export function associated(memory: Memory): Memory {
  const places = memory.places.map((place) => ({ ...place, at: "", time: -1 }));
  return { ...START, places, alerts: memory.alerts };
}
