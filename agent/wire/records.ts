import { mdcTerm, mdcUnit } from "../../drivers/kit/mdc.ts";
import type { Kind, Metric, Reading } from "../../drivers/kit/reading.ts";
import {
  type Body,
  CATEGORY,
  CAUSE,
  CONFIDENCE,
  EDGE,
  NATURE,
  type Observation,
  PRIORITY,
  VALIDITY,
  type Metric as WireMetric,
} from "../../proto/messages.ts";
import type { AlertEdge } from "../alerts/edges.ts";

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
  const term = mdcTerm(metric.refid);
  const sure = term === undefined || term.confidence === "A";
  return {
    id,
    code: term?.code ?? 0,
    refid: metric.refid,
    category: CATEGORY_OF[metric.kind],
    ...(metric.unit === undefined ? {} : { unit: mdcUnit(metric.unit) }),
    ...(metric.ucum === undefined ? {} : { ucum: metric.ucum }),
    ...(sure ? {} : { confidence: CONFIDENCE[term.confidence] }),
    ...(metric.name === undefined ? {} : { name: metric.name }),
    ...(metric.kind === "wave" ? wireWaveShape(metric) : {}),
  };
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
  const unreadable: { bytes: number; reason?: string }[] = [];
  for (const reading of readings) {
    if (reading.told === "number" || reading.told === "text" || reading.told === "absent") observations.push(observation(reading, idOf));
    if (reading.told === "unreadable")
      unreadable.push(reading.reason === undefined ? { bytes: reading.bytes } : { bytes: reading.bytes, reason: reading.reason });
  }
  if (observations.length === 0 && unreadable.length === 0) return undefined;
  return { kind: "report", report: { observations, unreadable } };
}

function observation(reading: Told<"number"> | Told<"text"> | Told<"absent">, idOf: IdOf): Observation {
  return {
    metric: idOf(reading.metric),
    ...(reading.told === "number" ? { value: { kind: "decimal", decimal: reading.value } as const } : {}),
    ...(reading.told === "text" ? { value: { kind: "text", text: reading.value } as const } : {}),
    ...(reading.validity === undefined ? {} : { validity: VALIDITY[reading.validity] }),
    ...(reading.reason === undefined ? {} : { reason: reading.reason }),
  };
}

export function waveBody(reading: Told<"wave">, idOf: IdOf): Body {
  return { kind: "wave", wave: { metric: idOf(reading.metric), first: reading.first, samples: reading.samples } };
}

export function alertBody({ metric, edge, cause, word }: AlertEdge, idOf: IdOf): Body {
  return {
    kind: "alert",
    alert: {
      metric: idOf(metric),
      edge: EDGE[edge],
      cause: CAUSE[cause],
      nature: NATURE[metric.nature],
      priority: priorityOf(word),
      on: metric.on,
      ...(word === undefined ? {} : { word }),
    },
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
