import { type ConditionMetric, type Metric, unitOf, type ValueMetric, type WaveMetric } from "../kit/reading.ts";
import { ANAESTHESIA_MEASURED, type CodeRow, CURVES, ICU_ALARMS, ICU_MEASURED, ICU_SETTINGS } from "./codes.table.ts";

/** Which list the device's codes are read by (MB-30). */
export type Family = "icu" | "anaesthesia" | "unknown";
/** Pages of values: measured, low and high limits (code pages 1 and 2), settings, texts, and the priorities of alarms. */
export type Page = "m1" | "m2" | "l1" | "h1" | "l2" | "h2" | "s" | "t" | "p1" | "p2";
export type AlarmPage = "a1" | "a2";

export const hexOf = (code: number): string => code.toString(16).toUpperCase().padStart(2, "0");

const CODES = Array.from({ length: 256 }, (_, code) => code);

const KINDS: Readonly<Record<Page, ValueMetric["kind"]>> = {
  m1: "numeric",
  m2: "numeric",
  l1: "setting",
  h1: "setting",
  l2: "setting",
  h2: "setting",
  s: "setting",
  t: "text",
  p1: "numeric",
  p2: "numeric",
};

function valueMetric(page: Page, code: number, { refid = "", unit = "" } = {}): ValueMetric {
  const name = `${page.length === 2 ? `${page}.` : page}${hexOf(code)}`;
  return { kind: KINDS[page], refid: refid === "" ? `medibus.${name}` : refid, name, ...unitOf(unit) };
}

/** A series is term and unit (MB-4). */
export const seriesOf = ({ refid, unit, ucum }: Metric): string => `${refid} ${unit ?? ucum ?? ""}`;

type Values = Readonly<Partial<Record<Page, ReadonlyMap<number, ValueMetric>>>>;
/** What a code is where no list knows it: its own name and no unit (MB-31). */
const unlisted = (page: Page): ReadonlyMap<number, ValueMetric> => new Map(CODES.map((code) => [code, valueMetric(page, code)]));
const UNLISTED: Readonly<Record<Page, ReadonlyMap<number, ValueMetric>>> = {
  m1: unlisted("m1"),
  m2: unlisted("m2"),
  l1: unlisted("l1"),
  h1: unlisted("h1"),
  l2: unlisted("l2"),
  h2: unlisted("h2"),
  s: unlisted("s"),
  t: unlisted("t"),
  p1: unlisted("p1"),
  p2: unlisted("p2"),
};
type List = ReadonlyMap<number, ValueMetric>;
type Rows = { readonly page: Page; readonly all: readonly CodeRow[]; readonly known: readonly List[] };
/** What two lists call by the same code, term and unit is one metric. */
function listOf({ page, all, known }: Rows, of?: "limit"): List {
  const metric = ([code, refid, unit]: CodeRow): ValueMetric => {
    const own = valueMetric(page, code, of === "limit" ? { unit } : { refid, unit });
    return known.flatMap((list) => list.get(code) ?? []).find((one) => one.refid === own.refid && seriesOf(one) === seriesOf(own)) ?? own;
  };
  return new Map(all.map((row) => [row[0], metric(row)]));
}
/** A limit is in the unit of what it limits. */
function measured(all: readonly CodeRow[], known: Values): Values {
  const listsOf = (page: "m1" | "l1" | "h1"): Rows => ({ page, all, known: [UNLISTED[page], known[page] ?? new Map()] });
  return { m1: listOf(listsOf("m1")), l1: listOf(listsOf("l1"), "limit"), h1: listOf(listsOf("h1"), "limit") };
}
const ICU: Values = { ...measured(ICU_MEASURED, {}), s: listOf({ page: "s", all: ICU_SETTINGS, known: [UNLISTED.s] }) };
const ANAESTHESIA: Values = measured(ANAESTHESIA_MEASURED, ICU);
const LISTS: Readonly<Record<Family, Values>> = { icu: ICU, anaesthesia: ANAESTHESIA, unknown: {} };

export const metricAt = (family: Family, page: Page, code: number): ValueMetric =>
  LISTS[family][page]?.get(code) ?? UNLISTED[page].get(code)!;

/** A device does not say whether an alarm is about the patient; of what no list knows the graver is supposed (MB-32). */
const ALARMS = {
  a1: new Map(CODES.map((code) => [code, unlistedAlarm("a1", code)])),
  a2: new Map(CODES.map((code) => [code, unlistedAlarm("a2", code)])),
};
function unlistedAlarm(page: AlarmPage, code: number): ConditionMetric {
  const name = `${page}.${hexOf(code)}`;
  return { kind: "condition", refid: `medibus.${name}`, name, nature: "physiological", on: "device" };
}
type Listed = { readonly page: AlarmPage; readonly code: number; readonly priority: number; readonly metric: ConditionMetric };
const LISTED: readonly Listed[] = ICU_ALARMS.map(([page, code, priority, refid, nature, on]) => {
  const name = `a${page}.${hexOf(code)}.${priority}`;
  return { page: `a${page}`, code, priority, metric: { kind: "condition", refid, name, nature, on } };
});

export const alarmOf = (page: AlarmPage, code: number): ConditionMetric => ALARMS[page].get(code)!;
/** Code and priority together name a condition; undefined where the pair is not in the list. */
export const listedAlarmOf = (family: Family, page: AlarmPage, code: number, priority: number | undefined): ConditionMetric | undefined =>
  family === "icu" ? LISTED.find((one) => one.page === page && one.code === code && one.priority === priority)?.metric : undefined;
/** The listed condition of a code, whatever its priority: for its end. */
export const listedAlarmsOf = (page: AlarmPage, code: number): readonly ConditionMetric[] =>
  LISTED.filter((one) => one.page === page && one.code === code).map(({ metric }) => metric);

/** Rate and scale are told by the device. */
export const CURVE_METRICS: ReadonlyMap<number, WaveMetric> = new Map(
  CURVES.map(([code, refid, unit]) => {
    const name = `w${hexOf(code)}`;
    return [code, { kind: "wave", refid: refid === "" ? `medibus.${name}` : refid, name, ...unitOf(unit) }];
  }),
);

export const TIME: ValueMetric = { kind: "text", refid: "medibus.time", name: "time" };
export const VERSION: ValueMetric = { kind: "text", refid: "medibus.version", name: "version" };
export const BREATH: ValueMetric = { kind: "enumeration", refid: "medibus.breath", name: "breath" };

export const METRICS: readonly Metric[] = [
  ...new Set([ICU, ANAESTHESIA, UNLISTED].flatMap((list) => Object.values(list).flatMap((page) => [...page.values()]))),
  ...ALARMS.a1.values(),
  ...ALARMS.a2.values(),
  ...LISTED.map(({ metric }) => metric),
  ...CURVE_METRICS.values(),
  TIME,
  VERSION,
  BREATH,
];
