import type { About, Reading } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";
import { type Group, RACK } from "./block.ts";
import { type CounterDoubt, missingReadings, notSent, noValue, parameterReadings } from "./parameter.ts";
import { IDENTITIES } from "./parameters.table.ts";
import { DELIVERED, deliveredRate } from "./rate.ts";

/** BB-16: pillar and slot, as the rack counts them. */
export const nodeOf = (slot: string): readonly string[] => [...slot];
export const removed = (slot: string, reason: Word): Reading => ({ told: "removed", node: nodeOf(slot), reason });

/** All that one answer says of one pump, or of the rack. `missing`: parameters that it does not say any more. */
export function groupReadings({ slot, time, values }: Group, counters: CounterDoubt, missing: readonly string[]): readonly Reading[] {
  if (values.size === 0) return [];
  const about: About = slot === RACK ? {} : { node: nodeOf(slot) };
  const readings: Reading[] = [];
  if (time !== undefined) readings.push({ told: "deviceTime", value: time }); // BB-16
  if (slot !== RACK) readings.push(...identity(values));
  for (const [parameter, text] of values) readings.push(...parameterReadings(parameter, text, { values, counters }));
  readings.push(...missing.flatMap(missingReadings));
  const delivered = slot === RACK ? undefined : deliveredRate(values);
  if (delivered !== undefined) readings.push(delivered);
  else if (missing.includes("INRT")) readings.push(notSent(DELIVERED));
  return readings.map((reading) => ({ ...reading, ...about }));
}

/** BB-17. */
function identity(values: ReadonlyMap<string, string>): readonly Reading[] {
  const facts = new Map<string, Reading>();
  for (const [parameter, fact] of IDENTITIES) {
    const value = values.get(parameter);
    if (value === undefined || noValue(value, DELIVERED) !== undefined || facts.has(fact)) continue;
    facts.set(fact, { told: "identity", fact, value });
  }
  return [...facts.values()];
}
