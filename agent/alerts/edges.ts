import type { ConditionMetric, Reading } from "../../drivers/kit/reading.ts";
import type { Word } from "../../drivers/kit/words.table.ts";

/** The conditions of one epoch as last told, by refid and what they are on. Present ones are the state in the birth. */
export type Conditions = ReadonlyMap<string, Condition>;
export type Condition = Said & { readonly metric: ConditionMetric; readonly present: boolean };
/** What the device says of a condition, beside that it is there. */
export type Said = {
  readonly word: string | undefined;
  readonly rank: string | undefined;
  readonly demo: boolean;
  readonly qualifiers: readonly Word[];
};
export type AlertEdge = Said & {
  readonly metric: ConditionMetric;
  readonly edge: "onset" | "clear" | "change";
  /** "start": it was already present when the epoch first heard of it. */
  readonly cause: "device" | "start";
};

export const NO_CONDITIONS: Conditions = new Map();

/**
 * A condition that is told again without a change makes no record. A new epoch knows none, so one that is present makes an
 * onset with cause "start", and one that is not present makes nothing.
 */
export function nextConditions(
  known: Conditions,
  readings: readonly Reading[],
): { readonly known: Conditions; readonly edges: readonly AlertEdge[] } {
  const edges: AlertEdge[] = [];
  let next: Map<string, Condition> | undefined;
  for (const reading of readings) {
    if (reading.told !== "condition") continue;
    const { metric, present } = reading;
    // One event code may stand for several conditions ("below its limit"), told apart by what they are on.
    const key = `${metric.refid} ${metric.on}`;
    const before = (next ?? known).get(key);
    if (before?.present === present && isSaid(reading, before)) continue;
    const said = saidOf(reading);
    next ??= new Map(known);
    next.set(key, { metric, present, ...said });
    const edge = edgeOf(before, present);
    if (edge !== undefined) edges.push({ metric, edge, cause: before === undefined ? "start" : "device", ...said });
  }
  return { known: next ?? known, edges };
}

type Told = Extract<Reading, { told: "condition" }>;
const NONE: readonly Word[] = [];
const saidOf = ({ word, rank, demo, qualifiers = NONE }: Told): Said => ({ word, rank, demo: demo === true, qualifiers });

function isSaid({ word, rank, demo, qualifiers = NONE }: Told, before: Said): boolean {
  if (word !== before.word || rank !== before.rank || (demo === true) !== before.demo) return false;
  return qualifiers.length === before.qualifiers.length && qualifiers.every((one, i) => one === before.qualifiers[i]);
}

function edgeOf(before: Condition | undefined, present: boolean): AlertEdge["edge"] | undefined {
  if (before === undefined || !before.present) return present ? "onset" : undefined;
  return present ? "change" : "clear";
}
