import { mdcTerm } from "../../drivers/kit/mdc.ts";
import type { ConditionMetric, Kind, Metric, Reading } from "../../drivers/kit/reading.ts";
import {
  type ActiveCondition,
  type Body,
  CATEGORY,
  CAUSE,
  CONFIDENCE,
  EDGE,
  NATURE,
  type Observation,
  PRIORITY,
  type Unreadable,
  VALIDITY,
  type Metric as WireMetric,
} from "../../proto/messages.ts";
import type { AlertEdge, Condition, Said } from "../alerts/edges.ts";

/** Readings in the words of the wire. Nothing is computed here: values, units and words go through as the driver told them. */

export type IdOf = (metric: Metric) => number;
type Told<T extends Reading["told"]> = Extract<Reading, { told: T }>;

const CATEGORY_OF: Readonly<Record<Kind, number>> = {
  numeric: CATEGORY.measurement,
  wave: CATEGORY.measurement,
  setting: CATEGORY.setting,
  enumeration: CATEGORY.state,
  text: CATEGORY.state,
  condition: CATEGORY.condition,
};

/** How a batch introduces a metric. A code below confidence A goes with its confidence and the device's own name. */
export function wireMetric(id: number, metric: Metric): WireMetric {
  return {
    id,
    ...wireName(metric),
    category: CATEGORY_OF[metric.kind],
    ...(metric.unit === undefined ? {} : wireUnit(metric.unit)),
    ...(metric.ucum === undefined ? {} : { ucum: metric.ucum }),
    ...(metric.kind === "wave" ? wireWaveShape(metric) : {}),
  };
}

function wireName({ refid, name }: Metric): Pick<WireMetric, "code" | "refid" | "name" | "confidence"> {
  const term = mdcTerm(refid);
  const sure = term === undefined || term.confidence === "A";
  return {
    code: term?.code ?? 0,
    refid,
    ...(sure ? {} : { confidence: CONFIDENCE[term.confidence] }),
    ...(name === undefined ? {} : { name }),
  };
}

/** A code below confidence A goes with its confidence and the unit's reference id: a wrong unit is as bad as a wrong value. */
function wireUnit(unit: string): Pick<WireMetric, "unit" | "unitConfidence" | "unitRefid"> {
  const term = mdcTerm(unit);
  if (term === undefined || term.confidence === "A") return { unit: term?.code ?? 0 };
  return { unit: term.code, unitConfidence: CONFIDENCE[term.confidence], unitRefid: unit };
}

function wireWaveShape({ rate, scale }: Extract<Metric, { kind: "wave" }>): Partial<WireMetric> {
  return {
    ...(rate === undefined ? {} : { rateSamples: rate[0], rateSeconds: rate[1] }),
    ...(scale === undefined ? {} : { scale: { low: scale[0], high: scale[1] } }),
  };
}

/** All values of one frame; undefined where the frame told none. */
export function reportBody(readings: readonly Reading[], idOf: IdOf): Body | undefined {
  const observations: Observation[] = [];
  const unreadable: Unreadable[] = [];
  for (const reading of readings) {
    if (reading.told === "number" || reading.told === "text" || reading.told === "absent") observations.push(observation(reading, idOf));
    if (reading.told === "unreadable") unreadable.push(unreadableOf(reading));
  }
  if (observations.length === 0 && unreadable.length === 0) return undefined;
  return { kind: "report", report: { observations, unreadable } };
}

function observation(reading: Told<"number"> | Told<"text"> | Told<"absent">, idOf: IdOf): Observation {
  return {
    metric: idOf(reading.metric),
    ...(reading.told === "number" ? { value: { kind: "decimal", decimal: reading.value } as const } : {}),
    ...(reading.told === "text" ? { value: { kind: "text", text: reading.value } as const } : {}),
    ...doubtOf(reading),
    ...(reading.stored === undefined ? {} : { stored: reading.stored }),
  };
}

const unreadableOf = ({ bytes, reason, about }: Told<"unreadable">): Unreadable => ({
  bytes,
  ...(reason === undefined ? {} : { reason }),
  ...(about === undefined ? {} : { about }),
});

/** How far a value or a block of samples may be believed, as far as there is anything to say. */
function doubtOf({ validity, reason, demo, qualifiers }: Told<"number" | "text" | "absent" | "wave">) {
  return {
    ...(validity === undefined ? {} : { validity: VALIDITY[validity] }),
    ...(reason === undefined ? {} : { reason }),
    ...(demo === undefined ? {} : { demo }),
    ...(qualifiers === undefined ? {} : { qualifiers }),
  };
}

export function waveBody(reading: Told<"wave">, idOf: IdOf): Body {
  const { metric, first, samples, absent, gapBefore } = reading;
  return {
    kind: "wave",
    wave: {
      metric: idOf(metric),
      first,
      samples,
      ...(gapBefore === undefined ? {} : { gapBefore }),
      ...(absent === undefined ? {} : { absent }),
      ...doubtOf(reading),
    },
  };
}

export function alertBody({ metric, edge, cause, ...said }: AlertEdge, idOf: IdOf): Body {
  return { kind: "alert", alert: { metric: idOf(metric), edge: EDGE[edge], cause: CAUSE[cause], ...conditionOf(metric, said) } };
}

/** A condition that is present, as the birth tells it: the same words as its last edge. */
export function activeCondition({ metric, ...said }: Condition): ActiveCondition {
  return { ...wireName(metric), ...conditionOf(metric, said) };
}

function conditionOf(metric: ConditionMetric, { word, rank, demo, qualifiers }: Said) {
  return {
    nature: NATURE[metric.nature],
    priority: priorityOf(word),
    on: metric.on,
    ...(word === undefined ? {} : { word }),
    ...(rank === undefined ? {} : { devicePriority: rank }),
    ...(demo ? { demo } : {}),
    ...(qualifiers.length === 0 ? {} : { qualifiers }),
  };
}

/** Only where the device's own word is one of IEC 60601-1-8; anything else is carried as the word alone. */
function priorityOf(word: string | undefined): number {
  switch (word?.toLowerCase()) {
    case "low":
      return PRIORITY.low;
    case "medium":
      return PRIORITY.medium;
    case "high":
      return PRIORITY.high;
    default:
      return 0;
  }
}
