import { decimalFromText } from "../kit/decimal.ts";
import { type ConditionMetric, type Reading, unitOf, type ValueMetric } from "../kit/reading.ts";

/** One field of an answer. `refid` "": no MDC term, so "pb840.f71"; `unit`: MDC, else UCUM, "" where none is documented. */
export type FieldRow = readonly [
  number: number,
  kind: ValueMetric["kind"],
  /** "limit": OFF means that there is none; "manoeuvre": zero may mean never measured (PB-2); "word": any text. */
  form: "number" | "limit" | "manoeuvre" | "word",
  refid: string,
  unit: string,
  label: string,
];
/** One alarm field. `on`: a field of the same answer ("f71") or "device". */
export type AlarmRow = readonly [number: number, nature: ConditionMetric["nature"], refid: string, on: string, label: string];

export type Field = { readonly number: number; readonly form: FieldRow[2]; readonly metric: ValueMetric };
export type Alarm = { readonly number: number; readonly metric: ConditionMetric };

/** Words that may stand where a number is expected (PB-5). */
const WORDS: readonly string[] = ["ON", "OFF", "ALERT"];
const PRESENT: readonly string[] = ["LOW", "MEDIUM", "HIGH", "ALARM"];

/** `letter` tells the answers apart: "f" of MISCF, "a" of MISCA. */
export function fieldsOf(letter: "f" | "a", rows: readonly FieldRow[]): readonly Field[] {
  return rows.map(([number, kind, form, refid, unit]) => {
    const name = `${letter}${number}`;
    return { number, form, metric: { kind, refid: refid === "" ? `pb840.${name}` : refid, name, ...unitOf(unit) } };
  });
}

export function alarmsOf(letter: "f" | "a", rows: readonly AlarmRow[], fields: readonly Field[]): readonly Alarm[] {
  return rows.map(([number, nature, refid, on]) => {
    const name = `${letter}${number}`;
    const about = fields.find(({ metric }) => metric.name === on)?.metric.refid ?? "device";
    return { number, metric: { kind: "condition", refid: refid === "" ? `pb840.${name}` : refid, name, nature, on: about } };
  });
}

/** What a printed field says, PB-2 apart: `printed` still has its padding. */
export function fieldReadings({ form, metric }: Field, printed: string): readonly Reading[] {
  const text = printed.trim();
  if (text === "") return [{ told: "absent", metric, validity: "not_available", reason: "not_applicable" }]; // PB-4
  if (form === "word") return [{ told: "text", metric, value: text }];
  const value = decimalFromText(text);
  if (value !== undefined) return [{ told: "number", metric, value }]; // PB-1
  if (form === "limit" && text === "OFF") return [{ told: "absent", metric, validity: "not_available", reason: "off" }]; // PB-10
  if (WORDS.includes(text)) return [{ told: "text", metric, value: text }]; // PB-5
  return [{ told: "absent", metric, validity: "invalid", reason: "not_a_number" }, notRead(metric, printed)]; // PB-4
}

/** PB-5: NORMAL and RESET are both "not present", and the word RESET tells that a person ended it. A blank says nothing. */
export function alarmReadings({ metric }: Alarm, printed: string): readonly Reading[] {
  const word = printed.trim();
  if (word === "") return [];
  if (word === "NORMAL") return [{ told: "condition", metric, present: false }];
  if (word === "RESET" || PRESENT.includes(word)) return [{ told: "condition", metric, present: word !== "RESET", word }];
  return [notRead(metric, printed)];
}

/** The doubt record of one field: how many bytes, and which. */
const notRead = (metric: Field["metric"] | Alarm["metric"], printed: string): Reading => ({
  told: "unreadable",
  bytes: printed.length,
  reason: "value_unknown",
  about: metric.name ?? metric.refid,
});
