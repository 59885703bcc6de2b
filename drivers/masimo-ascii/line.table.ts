import type { Word } from "../kit/words.table.ts";
/** Item, term, unit, picture of its digits (MA-10). */
export const NUMBERS: readonly (readonly [item: string, refid: string, unit: string | undefined, picture: string])[] = [
  ["SPO2", "MDC_PULS_OXIM_SAT_O2", "MDC_DIM_PERCENT", "000"],
  ["BPM", "MDC_PULS_OXIM_PULS_RATE", "MDC_DIM_BEAT_PER_MIN", "000"],
  ["PI", "MDC_PULS_OXIM_PERF_REL", "MDC_DIM_PERCENT", "00.00"],
  ["SPCO", "masimo.spco", "MDC_DIM_PERCENT", "00.0"],
  ["SPMET", "masimo.spmet", "MDC_DIM_PERCENT", "00.0"],
  ["DESAT", "masimo.desat", undefined, "00"],
  ["PIDELTA", "masimo.pidelta", undefined, "+00"],
  ["PVI", "masimo.pvi", undefined, "000"],
];

/**
 * MA-3: word, term, how many digits it may have, the bits that the documents know: of ALARM also 10 (alarm active) and 20 (silenced),
 * which are told within the word only.
 */
export const WORDS: readonly (readonly [item: "ALARM" | "EXC", refid: string, widths: readonly number[], known: number])[] = [
  ["ALARM", "masimo.alarm", [2, 4], 0x003f7f],
  ["EXC", "masimo.exc", [3, 6], 0x7ffdff],
];

/**
 * MA-2: bit of EXC, what it makes of a number printed, reason, and the only item that it touches. The worst first. Nothing about a number
 * say 100 (incompatible sensor), 800 (Masimo SET), 2000 and 4000 (cable's life, incompatible cable), 40000 (sensor's life), 80000 (emitter's
 * temperature) and 100000 (current limit).
 */
export type Effect = "invalid" | "calibration_ongoing" | "questionable";
export const EXCEPTIONS: readonly (readonly [bit: number, effect: Effect, reason: Word, only?: string])[] = [
  [0x000001, "invalid", "no_sensor"],
  [0x000002, "invalid", "defective_sensor"],
  [0x000020, "invalid", "sensor_off"],
  [0x000080, "invalid", "unrecognised_sensor"],
  [0x001000, "invalid", "no_cable"],
  [0x008000, "invalid", "unrecognised_cable"],
  [0x010000, "invalid", "defective_cable"],
  [0x020000, "calibration_ongoing", "calibrating"],
  [0x000004, "questionable", "low_perfusion"],
  [0x000008, "questionable", "pulse_search"],
  [0x000010, "questionable", "interference"],
  [0x000040, "questionable", "ambient_light"],
  [0x000400, "questionable", "low_signal_iq"],
  [0x200000, "questionable", "low_spco_confidence", "SPCO"],
  [0x400000, "questionable", "low_spmet_confidence", "SPMET"],
];

/** Word, bit, term, nature, what it is on, the device's name of it. */
export type ConditionRow = readonly [
  word: "ALARM" | "EXC",
  bit: number,
  refid: string,
  nature: "physiological" | "technical",
  on: string,
  name: string,
];
export const CONDITIONS: readonly ConditionRow[] = [
  ["ALARM", 0x0001, "masimo.spo2_high", "physiological", "MDC_PULS_OXIM_SAT_O2", "SpO2 high"],
  ["ALARM", 0x0002, "MDC_EVT_DESAT", "physiological", "MDC_PULS_OXIM_SAT_O2", "SpO2 low"],
  ["ALARM", 0x0004, "MDC_EVT_HI_GT_LIM", "physiological", "MDC_PULS_OXIM_PULS_RATE", "pulse rate high"],
  ["ALARM", 0x0008, "MDC_EVT_LO_LT_LIM", "physiological", "MDC_PULS_OXIM_PULS_RATE", "pulse rate low"],
  ["ALARM", 0x0040, "MDC_EVT_BATT_LO", "technical", "device", "low battery"],
  ["ALARM", 0x0100, "masimo.spco_high", "physiological", "masimo.spco", "SpCO high"],
  ["ALARM", 0x0200, "masimo.spco_low", "physiological", "masimo.spco", "SpCO low"],
  ["ALARM", 0x0400, "masimo.spmet_high", "physiological", "masimo.spmet", "SpMet high"],
  ["ALARM", 0x0800, "masimo.spmet_low", "physiological", "masimo.spmet", "SpMet low"],
  ["ALARM", 0x1000, "masimo.desat_index", "physiological", "masimo.desat", "desat index"],
  ["ALARM", 0x2000, "masimo.pi_delta", "physiological", "masimo.pidelta", "PI delta"],
  ["EXC", 0x000020, "MDC_EVT_SENSOR_DISCONN", "technical", "device", "sensor off"],
];
