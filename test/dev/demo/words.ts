import { MDC_TABLE } from "../../../drivers/kit/mdc.table.ts";
import { MISCF_ALARMS, MISCF_FIELDS } from "../../../drivers/puritan-bennett-840/miscf.table.ts";
import { type Metric, VALIDITY } from "../../../proto/messages.ts";

/** Codes and reference ids in words for people. Only for the screen: nothing is compared by them. */

const NAMES: Readonly<Record<string, string>> = {
  MDC_PULS_OXIM_SAT_O2: "SpO2",
  MDC_PULS_OXIM_PULS_RATE: "pulse rate",
  MDC_PULS_OXIM_PLETH: "pleth",
  "nonin.perfusion": "perfusion",
  "nonin.artefact": "artefact",
  MDC_EVT_SENSOR_DISCONN: "finger sensor off",
  MDC_EVT_SIG_LO: "signal lost track",
  MDC_EVT_BATT_LO: "battery low",
};
const FIELDS = new Map(MISCF_FIELDS.map(([number, , , , , label]) => [`f${number}`, label]));
const ALARMS = new Map(MISCF_ALARMS.map(([number, , refid, , label]) => [refid === "" ? `pb840.f${number}` : refid, label]));

export const metricName = ({ refid, name = "" }: Pick<Metric, "refid" | "name">): string => NAMES[refid] ?? FIELDS.get(name) ?? refid;
export const conditionName = (driver: string, refid: string): string =>
  (driver === "puritan-bennett-840" ? ALARMS.get(refid) : undefined) ?? NAMES[refid] ?? refid;

const UNITS: Readonly<Record<string, string>> = {
  MDC_DIM_PERCENT: "%",
  MDC_DIM_BEAT_PER_MIN: "/min",
  MDC_DIM_RESP_PER_MIN: "/min",
  MDC_DIM_PER_MIN: "/min",
  MDC_DIM_CM_H2O: "cmH2O",
  MDC_DIM_X_L: "L",
  MDC_DIM_X_L_PER_MIN: "L/min",
  MDC_DIM_MILLI_L: "mL",
  MDC_DIM_SEC: "s",
  MDC_DIM_MILLI_M: "mm",
  MDC_DIM_KILO_G: "kg",
  MDC_DIM_DIMLESS: "",
};
const REFIDS = new Map(MDC_TABLE.map(([refid, , , code]) => [code, refid]));

export function unitName({ unit, ucum }: Metric): string {
  if (unit === undefined || unit === 0) return ucum ?? "";
  const refid = REFIDS.get(unit) ?? String(unit);
  return UNITS[refid] ?? refid.replace("MDC_DIM_", "").toLowerCase();
}

const VALIDITIES = new Map<number, string>(Object.entries(VALIDITY).map(([word, number]) => [number, word.replaceAll("_", " ")]));

export function validityName(validity: number, reason: string | undefined): string {
  const word = VALIDITIES.get(validity) ?? `not usable (${validity})`;
  return reason === undefined ? word : `${word}: ${reason.replaceAll("_", " ")}`;
}
