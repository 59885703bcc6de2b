import type { Reading, ValueMetric } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";
import type { Subrecord } from "./frame.ts";
import { exists, groupConditions, groupReadings, isActive, type Place, placeOf } from "./group-reading.ts";
import { type Group, groupsOf, metricsOf, type Series } from "./groups.ts";

const SUBRECORD_BYTES = 278;
const CLASS_AT = 276;
const CLASSES = 4;
/** GE-16: subrecord types that are read. 4, auxiliary, is not asked for. */
const SERIES_OF: ReadonlyMap<number, Series> = new Map([
  [1, ""],
  [2, "trend_10s."],
  [3, "trend_60s."],
]);
const GROUPS: ReadonlyMap<Series, readonly Group[]> = new Map([...SERIES_OF.values()].map((series) => [series, groupsOf(series)]));
const DISPLAYED = GROUPS.get("") ?? [];

const timeMetric = (series: Series): ValueMetric => ({ kind: "text", refid: `ge.${series}time`, name: `${series}time` });
const TIMES: ReadonlyMap<Series, ValueMetric> = new Map([...SERIES_OF.values()].map((series) => [series, timeMetric(series)]));
const DISPLAYED_METRICS = metricsOf(DISPLAYED);
const CONDITIONS = DISPLAYED.flatMap(({ conditions }) => conditions.map(({ metric }) => metric));

export const PHYSIOLOGICAL_METRICS = [...TIMES.values(), ...[...GROUPS.values()].flatMap(metricsOf), ...CONDITIONS];

/** What the last displayed record of each class told, by number in the lists above, and what was present then. Bounded by the lists. */
export type Shown = { readonly told: readonly number[]; readonly present: readonly number[] };
export const NOTHING_SHOWN: readonly Shown[] = Array.from({ length: CLASSES }, () => ({ told: [], present: [] }));

type Part = { readonly series: Series; readonly classNumber: number; readonly view: DataView };
export type Told = { readonly readings: readonly Reading[]; readonly shown: readonly Shown[] };

/** Subrecords of one physiological record. `time` is the record's own, Unix seconds. */
export function physiologicalReadings(subrecords: readonly Subrecord[], time: number, shown: readonly Shown[]): Told {
  const parts: Part[] = [];
  const readings: Reading[] = [];
  for (const { type, view } of subrecords) {
    const part = partOf(type, view);
    if (typeof part === "string") readings.push({ told: "unreadable", bytes: view.byteLength, reason: part });
    else if (parts.some(({ series, classNumber }) => series === part.series && classNumber === part.classNumber))
      readings.push({ told: "unreadable", bytes: view.byteLength, reason: "subrecord_repeated" });
    else parts.push(part);
  }
  readings.push(...timeReadings(parts, time), ...trendReadings(parts));
  const now = displayed(parts, shown);
  return { readings: [...readings, ...now.readings], shown: now.shown };
}

/** Or why the subrecord cannot be read. */
function partOf(type: number, view: DataView): Part | Word {
  const series = SERIES_OF.get(type);
  if (series === undefined) return "subrecord_unknown";
  if (view.byteLength !== SUBRECORD_BYTES) return "subrecord_length";
  const classNumber = (view.getUint16(CLASS_AT, true) >> 8) & 0xf;
  return classNumber < CLASSES ? { series, classNumber, view } : "class_unknown";
}

/** GE-10. A displayed subrecord usually has the record's own time, which is told with everything. */
function timeReadings(parts: readonly Part[], time: number): readonly Reading[] {
  return [...TIMES].flatMap(([series, metric]) => {
    const sent = parts.find((part) => part.series === series)?.view.getUint32(0, true);
    return sent === undefined || (series === "" && sent === time) ? [] : [{ told: "text", metric, value: String(sent) } as const];
  });
}

const trendReadings = (parts: readonly Part[]): readonly Reading[] =>
  parts.filter(({ series }) => series !== "").flatMap((part) => placesOf(part).flatMap((place) => groupReadings(place, new Set())));

const placesOf = ({ series, classNumber, view }: Part): readonly Place[] =>
  (GROUPS.get(series) ?? []).filter((group) => group.classNumber === classNumber).map((group) => placeOf(group, view));

function displayed(parts: readonly Part[], shown: readonly Shown[]): Told {
  const now = parts.filter(({ series }) => series === "");
  const places = now.toSorted((a, b) => a.classNumber - b.classNumber).flatMap(placesOf);
  const claimed = new Set<string>();
  // A pressure that is measured comes before one that is not, so that it keeps the term of a label that both have.
  const values = [...places.filter(isActive), ...places.filter((place) => !isActive(place))].flatMap((place) =>
    groupReadings(place, claimed),
  );
  const conditions = places.flatMap(groupConditions);
  const classes = now.map(({ classNumber }) => classNumber);
  const readings = [...values, ...gone(values, places, { shown, classes }), ...conditions, ...over(conditions, { shown, classes })];
  return { readings, shown: shown.map((before, n) => (classes.includes(n) ? shownOf(n, values, conditions) : before)) };
}

type Before = { readonly shown: readonly Shown[]; readonly classes: readonly number[] };

/** GE-3, GE-5: what this record does not tell any more is absent, once. A term that goes on under another group is told already. */
function gone(values: readonly Reading[], places: readonly Place[], { shown, classes }: Before): readonly Reading[] {
  const refids = new Set(values.map((reading) => ("metric" in reading ? reading.metric.refid : "")));
  const missing: ValueMetric[] = [];
  for (const metric of classes.flatMap((n) => shown[n]?.told ?? []).flatMap((number) => DISPLAYED_METRICS[number] ?? [])) {
    if (refids.has(metric.refid)) continue;
    refids.add(metric.refid);
    missing.push(metric);
  }
  if (missing.length === 0) return [];
  const there = new Set(metricsOf(places.filter(exists).map(({ group }) => group)));
  return missing.map((metric) => ({
    told: "absent",
    metric,
    validity: "not_available",
    reason: there.has(metric) ? "label_changed" : "module_gone",
  }));
}

/** A condition whose group says nothing any more is not present: nothing would ever end it else. */
function over(conditions: readonly Reading[], { shown, classes }: Before): readonly Reading[] {
  const told = new Set(conditions.map((reading) => ("metric" in reading ? reading.metric : undefined)));
  const before = classes.flatMap((n) => shown[n]?.present ?? []).flatMap((number) => CONDITIONS[number] ?? []);
  return before.filter((metric) => !told.has(metric)).map((metric) => ({ told: "condition", metric, present: false }));
}

function shownOf(classNumber: number, values: readonly Reading[], conditions: readonly Reading[]): Shown {
  return {
    told: values.flatMap((reading) => {
      const number = "metric" in reading ? (VALUE_NUMBERS.get(reading.metric) ?? -1) : -1;
      return number >= 0 && CLASS_OF_VALUE[number] === classNumber ? [number] : [];
    }),
    present: conditions.flatMap((reading) => {
      const number = reading.told === "condition" && reading.present ? CONDITIONS.indexOf(reading.metric) : -1;
      return number >= 0 && CLASS_OF_CONDITION[number] === classNumber ? [number] : [];
    }),
  };
}

const VALUE_NUMBERS: ReadonlyMap<unknown, number> = new Map(DISPLAYED_METRICS.map((metric, number) => [metric, number]));
const CLASS_OF_VALUE = DISPLAYED.flatMap((group) => metricsOf([group]).map(() => group.classNumber));
const CLASS_OF_CONDITION = DISPLAYED.flatMap(({ classNumber, conditions }) => conditions.map(() => classNumber));
