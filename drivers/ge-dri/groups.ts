import { type ConditionMetric, numeric, unitOf, type ValueMetric } from "../kit/reading.ts";
import type { Word as Reason } from "../kit/words.table.ts";
import { type Family, LABELS } from "./labels.table.ts";
import { GROUPS, type GroupRow, VALUES, type ValueRow } from "./phdb.table.ts";
import { type Bits, CONDITIONS, type Effect, PARTS, QUALIFIERS, WORDS } from "./signs.table.ts";

/** Displayed values bear the terms; a trend's are values of another time and other averaging, and private throughout. */
export type Series = "" | "trend_10s." | "trend_60s.";

export type Value = {
  readonly name: string;
  readonly at: number;
  readonly exponent: number;
  /** What it is called where no label, or another group of the same label, has its term. */
  readonly own: ValueMetric;
  /** By the label's number; -1 for every number without a row (GE-5). */
  readonly byLabel: ReadonlyMap<number, ValueMetric>;
  readonly qualifiers: readonly Qualifier[];
};
export type Qualifier = { readonly bits: Bits; readonly bit: number; readonly effect: Effect; readonly reason: Reason };
export type Word = { readonly metric: ValueMetric; readonly bits: Bits; readonly from: number; readonly count: number };
export type Part = {
  readonly metric: ValueMetric;
  readonly at: number;
  readonly from: number;
  readonly count: number;
  readonly none: number;
  readonly told: boolean;
};
export type Condition = { readonly metric: ConditionMetric; readonly bit: number; readonly unless: number };
export type Group = {
  readonly classNumber: number;
  readonly at: number;
  readonly label: { readonly metric: ValueMetric; readonly texts: ReadonlyMap<number, string>; readonly mask: number } | undefined;
  readonly values: readonly Value[];
  readonly words: readonly Word[];
  readonly parts: readonly Part[];
  readonly conditions: readonly Condition[];
};

/** The groups of one kind of subrecord, in the order of the table. Conditions are of now: a trend has none. */
export const groupsOf = (series: Series): readonly Group[] => GROUPS.map((row) => groupOf(row, series));

function groupOf([classNumber, group, at, family]: GroupRow, series: Series): Group {
  const own = ([name]: readonly [string, ...unknown[]]): boolean => name.startsWith(`${group}.`);
  return {
    classNumber,
    at,
    label: family === "" ? undefined : labelOf(`${series}${group}.label`, family),
    values: VALUES.filter(own).map((row) => valueFrom(row, { group, family, series })),
    words: WORDS.filter(own).map(([name, bits, from, count]) => ({ metric: state(`${series}${name}`), bits, from, count })),
    parts: PARTS.filter(own).map(([name, partAt, from, count, none, unit, trend]) => ({
      metric: numberMetric(`${series}${name}`, "", unit),
      at: partAt,
      from,
      count,
      none,
      told: series === "" || trend === "told",
    })),
    conditions: series === "" ? CONDITIONS.filter(([of]) => of === group).map(conditionOf) : [],
  };
}

const refidOf = (name: string): string => `ge.${name}`;
const state = (name: string): ValueMetric => ({ kind: "enumeration", refid: refidOf(name), name });

function numberMetric(name: string, term: string, unit: string): ValueMetric {
  return numeric(term === "" ? refidOf(name) : term, undefined, { name, ...unitOf(unit) });
}

/** Saturations have two bits for their label, the others the whole word. */
const labelOf = (name: string, family: Family): Group["label"] => ({
  metric: state(name),
  texts: new Map(LABELS.filter(([of, number]) => of === family && number >= 0).map(([, number, label]) => [number, label])),
  mask: family === "saturation" ? 0x3 : 0xffff,
});

type Owner = { readonly group: string; readonly family: Family | ""; readonly series: Series };

function valueFrom([short, at, exponent, term, unit]: ValueRow, { group, family, series }: Owner): Value {
  const name = `${series}${short}`;
  const chosen = /^LABEL_(\d)$/.exec(term)?.[1];
  const own = numberMetric(name, series === "" && chosen === undefined ? term : "", unit);
  return {
    name,
    at,
    exponent,
    own,
    byLabel: chosen === undefined || series !== "" ? new Map() : labelledMetrics(own, { family, column: Number(chosen) }),
    qualifiers: QUALIFIERS.filter(([of, , , , , values]) => of === group && (values.length === 0 || values.includes(short))).map(
      ([, bits, bit, effect, reason]) => ({ bits, bit, effect, reason }),
    ),
  };
}

/** One metric a term: two labels with the same term continue the same series. */
function labelledMetrics(
  own: ValueMetric,
  { family, column }: { readonly family: Family | ""; readonly column: number },
): ReadonlyMap<number, ValueMetric> {
  const byTerm = new Map<string, ValueMetric>([["", own]]);
  const byLabel = new Map<number, ValueMetric>();
  for (const [of, number, , terms] of LABELS) {
    if (of !== family) continue;
    const term = terms[column] ?? "";
    const metric = byTerm.get(term) ?? { ...own, refid: term };
    byTerm.set(term, metric);
    byLabel.set(number, metric);
  }
  return byLabel;
}

const conditionOf = ([, bit, term, nature, on, name, unless]: (typeof CONDITIONS)[number]): Condition => ({
  metric: { kind: "condition", refid: term === "" ? refidOf(name) : term, name, nature, on },
  bit,
  unless,
});

/** Every metric that these groups may tell, each once. */
export function metricsOf(groups: readonly Group[]): readonly ValueMetric[] {
  return [
    ...new Set(
      groups.flatMap(({ label, values, words, parts }) => [
        ...(label === undefined ? [] : [label.metric]),
        ...values.flatMap(({ own, byLabel }) => [own, ...byLabel.values()]),
        ...words.map(({ metric }) => metric),
        ...parts.map(({ metric }) => metric),
      ]),
    ),
  ];
}
