import { decimal } from "../kit/decimal.ts";
import { type ConditionMetric, numeric, type Reading, type Validity, type ValueMetric } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";

/** What every format of these oximeters tells, in one set of names. */
export const SPO2 = numeric("MDC_PULS_OXIM_SAT_O2", "MDC_DIM_PERCENT", { name: "SpO2-D" });
export const PULSE = numeric("MDC_PULS_OXIM_PULS_RATE", "MDC_DIM_BEAT_PER_MIN", { name: "HR-D" });
export const ARTEFACT: ValueMetric = { kind: "enumeration", refid: "nonin.artefact", name: "artefact" };
export const PERFUSION: ValueMetric = { kind: "enumeration", refid: "nonin.perfusion", name: "perfusion" };
const technical = (refid: string, name: string, on: string): ConditionMetric => ({
  kind: "condition",
  refid,
  name,
  nature: "technical",
  on,
});
export const SENSOR_ALARM = technical("MDC_EVT_SENSOR_DISCONN", "sensor alarm", SPO2.refid);
export const OUT_OF_TRACK = technical("MDC_EVT_SIG_LO", "out of track", SPO2.refid);
export const BATTERY_LOW = technical("MDC_EVT_BATT_LO", "low battery", "device");

/** OX1-4, OX1-5. */
export const NO_VALUE = { spo2: 127, pulse: 511 } as const;

/** OX1-6: with one of these the device goes on showing numbers that it no longer measures. */
export function heldBecause(flags: { readonly sensorAlarm: boolean; readonly outOfTrack: boolean }): Word | undefined {
  return flags.sensorAlarm ? "sensor_alarm" : flags.outOfTrack ? "out_of_track" : undefined;
}

type Judged = {
  /** What is sent where there is no value. */
  readonly none: number;
  readonly held: Word | undefined;
  /** OX1-15: a bit that some models have and others reserve, so that a number beside it is doubted, not taken away. */
  readonly disconnected: boolean;
};
export function numberOrNone(metric: ValueMetric, value: number, { none, held, disconnected }: Judged): Reading {
  const absent = (validity: Validity, reason: Word): Reading => ({ told: "absent", metric, validity, reason });
  if (value === none) return absent("not_available", "no_value");
  if (held !== undefined) return absent("invalid", held);
  const number = { told: "number", metric, value: decimal(value) } as const;
  return disconnected ? { ...number, validity: "questionable", reason: "sensor_disconnected" } : number;
}
