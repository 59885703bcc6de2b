import { decimalFromText } from "../kit/decimal.ts";
import { type ConditionMetric, type Metric, type Reading, unitOf, type ValueMetric } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";
import { ALARMS, LAST_VALUES, PARAMETERS } from "./parameters.table.ts";
import { UNITS } from "./units.table.ts";

/** One parameter. `refid` "": no MDC term, so "bcc.INM2"; `unit`: MDC, "" where there is none or none is documented. */
export type ParameterRow = readonly [
  parameter: string,
  kind: ValueMetric["kind"],
  /** "ends", "tops": BB-6, BB-7; "counter": BB-5; "unit": its unit is the parameter with a U behind its name (BB-8). */
  form: "number" | "ends" | "tops" | "counter" | "unit" | "word",
  refid: string,
  unit: string,
  label: string,
];
export type AlarmRow = readonly [parameter: string, refid: string, on: string, label: string];

/** What the other parameters of this answer say of one pump, and why its counters are doubtful, where they are (BB-5). */
export type Beside = { readonly values: ReadonlyMap<string, string>; readonly counters: CounterDoubt };
export type CounterDoubt = "after_gap" | undefined;
type Parameter = { readonly form: ParameterRow[2]; readonly metric: ValueMetric };

const nameOf = (parameter: string, refid: string): string => (refid === "" ? `bcc.${parameter}` : refid);
const PARAMETER: ReadonlyMap<string, Parameter> = new Map(
  PARAMETERS.map(([parameter, kind, form, refid, unit]) => [
    parameter,
    { form, metric: { kind, refid: nameOf(parameter, refid), name: parameter, ...(unit === "" ? {} : { unit }) } },
  ]),
);
const ALARM: ReadonlyMap<string, ConditionMetric> = new Map(
  ALARMS.map(([parameter, refid, on]) => [
    parameter,
    {
      kind: "condition",
      refid: nameOf(parameter, refid),
      name: parameter,
      nature: "technical",
      on: PARAMETER.get(on)?.metric.refid ?? "device",
    },
  ]),
);
const UNIT_CODES = Array.from({ length: 254 }, (_, i) => i + 1);
const UNIT: ReadonlyMap<number, string> = new Map(UNITS);
/** BB-8: the unit comes with the value, so that each unit is a metric of its own; its name holds the pump's code. */
const unitWith = (code: number) => unitOf(UNIT.get(code) ?? `{bcc.unit.${code}}`);
const WITH_UNIT: ReadonlyMap<string, ValueMetric> = new Map(
  [...PARAMETER].flatMap(([parameter, { form, metric }]) =>
    form === "unit"
      ? UNIT_CODES.map((code) => [`${parameter} ${code}`, { ...metric, name: `${parameter} ${code}`, ...unitWith(code) }] as const)
      : [],
  ),
);

export const PARAMETER_METRICS: readonly Metric[] = [
  ...[...PARAMETER.values()].map(({ metric }) => metric),
  ...ALARM.values(),
  ...WITH_UNIT.values(),
];
/** Parameters with a value, alarms aside. */
export const VALUE_NAMES: readonly string[] = [...PARAMETER.keys()];
export const isKnown = (parameter: string): boolean => PARAMETER.has(parameter) || ALARM.has(parameter);

/** What one quadruple says. Nothing for a parameter that no table knows. */
export function parameterReadings(parameter: string, text: string, beside: Beside): readonly Reading[] {
  const alarm = ALARM.get(parameter);
  if (alarm !== undefined) {
    if (text === "0" || text === "1") return [{ told: "condition", metric: alarm, present: text === "1" }];
    return [notRead(parameter, text)];
  }
  const known = PARAMETER.get(parameter);
  if (known === undefined) return [];
  const { form } = known;
  const metric = form === "unit" ? withUnit(parameter, known.metric, beside) : known.metric;
  const absent = noValue(text, metric);
  if (absent !== undefined) return [absent];
  if (form === "word") return [{ told: "text", metric, value: text }];
  if (parameter === "INDORT" && beside.values.get("INDOCAL") === "0")
    return [{ told: "absent", metric, validity: "not_available", reason: "not_applicable" }]; // BB-8
  const value = decimalFromText(text);
  if (value === undefined) return [{ told: "absent", metric, validity: "invalid", reason: "not_a_number" }, notRead(parameter, text)];
  if (form === "ends" && text === LAST_VALUES[parameter]) return [{ told: "absent", metric, validity: "overflow", reason: "end_of_field" }];
  const doubt = doubtOf(parameter, text, { form, metric, beside });
  return [{ told: "number", metric, value, ...(doubt === undefined ? {} : { validity: "questionable", reason: doubt }) }];
}

/** BB-20. A unit that is not sent any more is not known. */
export const notSent = (metric: ValueMetric): Reading => ({ told: "absent", metric, validity: "not_available", reason: "not_sent" });
export const missingReadings = (parameter: string): readonly Reading[] => {
  const known = PARAMETER.get(parameter);
  return known === undefined ? [] : [notSent(known.metric)];
};

/** BB-6: no value is not zero. Undefined where the text is a value. */
export function noValue(text: string, metric: ValueMetric): Reading | undefined {
  const absent = (reason: Word): Reading => ({ told: "absent", metric, validity: "not_available", reason });
  if (text === "_NV") return absent("no_value");
  if (text === "_NA") return absent("temporarily");
  return text === "" ? absent("blank") : undefined;
}

function doubtOf(parameter: string, text: string, of: Parameter & { readonly beside: Beside }): Word | undefined {
  if (of.form === "counter") return of.beside.counters;
  if (of.form === "tops" && text === LAST_VALUES[parameter]) return "end_of_field"; // BB-7
  return of.form === "unit" && of.metric.unit === undefined && of.metric.ucum === undefined ? "unit_unknown" : undefined;
}

function withUnit(parameter: string, metric: ValueMetric, { values }: Beside): ValueMetric {
  const code = values.get(`${parameter}U`) ?? "";
  return WITH_UNIT.get(`${parameter} ${/^\d+$/.test(code) ? Number(code) : code}`) ?? metric;
}

/** The doubt record of one quadruple: how many bytes, and which. */
const notRead = (parameter: string, text: string): Reading => ({
  told: "unreadable",
  bytes: new TextEncoder().encode(text).length,
  reason: "value_unknown",
  about: parameter,
});
