import { mdcCode } from "../kit/mdc.ts";
import type { ConditionMetric } from "../kit/reading.ts";
import { ALERT_EVENTS, LIMIT_EVENTS } from "./alert.table.ts";
import { hex, QUANTITIES } from "./numerics.ts";

type Nature = ConditionMetric["nature"];
/** An alert that a monitor lists. */
export type Named = { readonly nature: Nature; readonly code: number; readonly source: number };

const WORD = 0x1_0000;
const NATURES: readonly Nature[] = ["technical", "physiological"];
const LETTER: Readonly<Record<Nature, string>> = { technical: "T", physiological: "P" };
const ANY = "any";

const rows: readonly (readonly [key: string, metric: ConditionMetric])[] = [
  ...NATURES.map((nature) => {
    const refid = `intellivue.alert.${nature}`;
    return [`${LETTER[nature]} ${ANY}`, { kind: "condition", refid, name: `${LETTER[nature]} other`, nature, on: "device" }] as const;
  }),
  ...ALERT_EVENTS.map(([refid, nature]) => {
    const key = `${LETTER[nature]} ${hex(mdcCode(refid) % WORD)}`;
    return [key, { kind: "condition", refid, name: key, nature, on: "device" }] as const;
  }),
  ...LIMIT_EVENTS.flatMap(([event, word]) =>
    QUANTITIES.map(([id, on]) => {
      const key = `P ${hex(mdcCode(event) % WORD)} ${hex(id)}`;
      return [key, { kind: "condition", refid: `intellivue.${word}.${hex(id)}`, name: key, nature: "physiological", on }] as const;
    }),
  ),
];
const BY_KEY: ReadonlyMap<string, ConditionMetric> = new Map(rows);

export const CONDITIONS: readonly ConditionMetric[] = rows.map(([, metric]) => metric);

/** The key of the condition under which an alert is told: of its event and source, of its event, or of any other of its nature. */
export function conditionKey({ nature, code, source }: Named): string {
  const event = `${LETTER[nature]} ${hex(code)}`;
  return [`${event} ${hex(source)}`, event].find((key) => BY_KEY.has(key)) ?? `${LETTER[nature]} ${ANY}`;
}

export const conditionOf = (key: string): ConditionMetric | undefined => BY_KEY.get(key);
