import type { ConditionMetric, Reading } from "../../drivers/kit/reading.ts";

/** The conditions of one epoch as last told, by refid and what they are on. Present ones are the state in the birth. */
export type Conditions = ReadonlyMap<string, Condition>;
export type Condition = { readonly metric: ConditionMetric; readonly present: boolean; readonly word: string | undefined };
export type AlertEdge = {
  readonly metric: ConditionMetric;
  readonly edge: "onset" | "clear" | "change";
  /** "start": it was already present when the epoch first heard of it. */
  readonly cause: "device" | "start";
  readonly word: string | undefined;
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
    const { metric, present, word } = reading;
    // One event code may stand for several conditions ("below its limit"), told apart by what they are on.
    const key = `${metric.refid} ${metric.on}`;
    const before = (next ?? known).get(key);
    if (before?.present === present && before.word === word) continue;
    next ??= new Map(known);
    next.set(key, { metric, present, word });
    const edge = edgeOf(before, present);
    if (edge !== undefined) edges.push({ metric, edge, cause: before === undefined ? "start" : "device", word });
  }
  return { known: next ?? known, edges };
}

function edgeOf(before: Condition | undefined, present: boolean): AlertEdge["edge"] | undefined {
  if (before === undefined || !before.present) return present ? "onset" : undefined;
  return present ? "change" : "clear";
}
