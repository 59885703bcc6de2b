import { MDC_TABLE } from "../../../drivers/kit/mdc.table.ts";
import { MISCF_ALARMS, MISCF_FIELDS } from "../../../drivers/puritan-bennett-840/miscf.table.ts";
import { type Metric, VALIDITY } from "../../../proto/messages.ts";

/** Codes and reference ids in words for people. Only for the screen: nothing is compared by them. */

const NAMES: Readonly<Record<string, string>> = {
  MDC_PULS_OXIM_SAT_O2: "SpO2",
  MDC_PULS_OXIM_PULS_RATE: "pulse",
  MDC_PULS_OXIM_PERF_REL: "perfusion",
  MDC_PULS_OXIM_PLETH: "pleth",
  MDC_ECG_HEART_RATE: "heart rate",
  MDC_ECG_ELEC_POTL_II: "ECG II",
  MDC_RESP_RATE: "resp.",
  MDC_PRESS_BLD_ART_ABP_SYS: "ABP sys",
  MDC_PRESS_BLD_ART_ABP_DIA: "dia",
  MDC_PRESS_BLD_ART_ABP_MEAN: "ABP mean",
  MDC_PRESS_BLD_NONINV_MEAN: "NIBP mean",
  MDC_CONC_AWAY_CO2_ET: "etCO2",
  MDC_PRESS_AWAY: "airway pressure",
  MDC_VOL_AWAY_TIDAL_EXP: "VTe",
  MDC_VENT_VOL_MINUTE_EXP: "MV",
  MDC_VENT_PRESS_AWAY_MAX: "Ppeak",
  MDC_VENT_PRESS_AWAY_END_EXP_POS: "PEEP",
  MDC_FLOW_FLUID_PUMP: "rate",
  MDC_VOL_FLUID_DELIV: "given",
  MDC_DRUG_NAME_TYPE: "drug",
  "nonin.perfusion": "perfusion",
  "nonin.artefact": "artefact",
  MDC_EVT_SENSOR_DISCONN: "finger sensor off",
  MDC_EVT_SIG_LO: "signal lost track",
  MDC_EVT_BATT_LO: "battery low",
};
const FIELDS = new Map(MISCF_FIELDS.map(([number, , , , , label]) => [`f${number}`, label]));
const ALARMS = new Map(MISCF_ALARMS.map(([number, , refid, , label]) => [refid === "" ? `pb840.f${number}` : refid, label]));

export const metricName = ({ refid, name = "" }: Pick<Metric, "refid" | "name">): string => NAMES[refid] ?? FIELDS.get(name) ?? refid;
/** "MDC_EVT_LEADS_OFF" is "leads off", "ge.co2.air_leak" is "co2 air leak". */
export const conditionName = (driver: string, refid: string): string =>
  (driver === "puritan-bennett-840" ? ALARMS.get(refid) : undefined) ?? NAMES[refid] ?? plainName(refid);
const plainName = (refid: string): string =>
  refid.startsWith("MDC_EVT_")
    ? refid.slice("MDC_EVT_".length).replaceAll("_", " ").toLowerCase()
    : refid.replace(/^[a-z0-9]+\./, "").replaceAll(/[._]/g, " ");

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
  MDC_DIM_MMHG: "mmHg",
  MDC_DIM_MILLI_BAR: "mbar",
  MDC_DIM_KILO_PASCAL: "kPa",
  MDC_DIM_DEGC: "°C",
  MDC_DIM_MILLI_L_PER_HR: "mL/h",
  MDC_DIM_MILLI_L_PER_MIN: "mL/min",
  MDC_DIM_L_PER_MIN: "L/min",
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
