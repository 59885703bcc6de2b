import { decimalText } from "../../drivers/kit/decimal.ts";
import { mdcCode } from "../../drivers/kit/mdc.ts";
import type { Metric, Reading } from "../../drivers/kit/reading.ts";

type Row = Readonly<Record<string, unknown>>;

/**
 * What one frame told, as a line of JSON: what the wire would carry, in words instead of numbers. Digits stay texts, so that nothing is
 * rounded; "no value" is null. Undefined where the frame told nothing.
 */
export function readingRow(t_ms: number, readings: readonly Reading[]): Row | undefined {
  if (readings.length === 0) return undefined;
  const deviceTime = readings.find((reading) => reading.told === "deviceTime")?.value;
  const told = readings.flatMap((reading) => (reading.told === "deviceTime" ? [] : [rowOf(reading)]));
  return { t_ms, ...(deviceTime === undefined ? {} : { deviceTime }), readings: told };
}

function rowOf(reading: Exclude<Reading, { told: "deviceTime" }>): Row {
  // JSON leaves out what is undefined.
  const about = { node: reading.node, reason: reading.reason, qualifiers: reading.qualifiers, demo: reading.demo, stored: reading.stored };
  switch (reading.told) {
    case "number":
    case "text": {
      const { metric, value, validity } = reading;
      const said = typeof value === "string" ? value : decimalText(value);
      return { ...metricRow(metric), value: said, validity, ...about };
    }
    case "absent":
      return { ...metricRow(reading.metric), value: null, validity: reading.validity, ...about };
    case "wave": {
      const { metric, first, samples, absent, gapBefore, validity, rate = metric.rate, scale = metric.scale } = reading;
      const points = scale?.map(({ raw, physical }) => ({ raw, physical: decimalText(physical) }));
      return { ...metricRow(metric), rate: rate?.join("/"), scale: points, first, gapBefore, samples, absent, validity, ...about };
    }
    case "condition": {
      const { metric, present, word, rank } = reading;
      return { ...metricRow(metric), on: metric.on, present, word, rank, ...about };
    }
    case "identity":
      return { fact: reading.fact, value: reading.value, ...about };
    case "unreadable":
      return { unreadable: reading.bytes, about: reading.about, ...about };
    case "removed":
      return { removed: true, ...about };
  }
}

/** A private name has no code. */
function metricRow({ kind, refid, name, unit, ucum }: Metric): Row {
  const code = mdcCode(refid);
  const named = { ...(code === 0 ? {} : { code }), ...(name === undefined ? {} : { name }) };
  return { kind, refid, ...named, ...(unit === undefined ? {} : { unit }), ...(ucum === undefined ? {} : { ucum }) };
}
