// Facts: README.md, IV-22, IV-23. Data only, one row a line.
import type { Word } from "../kit/words.table.ts";

/** Priority and kind of an alert by its type word. */
export const ALERT_TYPES: readonly (readonly [type: number, nature: "technical" | "physiological", priority: "low" | "medium" | "high"])[] = [
  [0x0001, "technical", "low"],
  [0x0002, "technical", "medium"],
  [0x0004, "technical", "high"],
  [0x0100, "physiological", "low"],
  [0x0200, "physiological", "medium"],
  [0x0400, "physiological", "high"],
];

/** What stands beside an alert in its state word. 0008, new, is left out: that is what an onset says. */
export const ALERT_STATES: readonly (readonly [bit: number, word: Word])[] = [
  [0x8000, "inhibited"],
  [0x4000, "suspended"],
  [0x2000, "latched"],
  [0x1000, "silenced"],
];

/** The whole monitor is in a mode in which an alert is none of a patient: it is marked as such. */
export const ALERT_DEMOS: readonly (readonly [bit: number, word: Word])[] = [
  [0x0400, "test"],
  [0x0100, "demo"],
];
/** The monitor watches nobody: told in the condition's word, behind its priority, which then is none. */
export const ALERT_STANDBY = 0x0200;

/** Events that concern the device as a whole here, by the reference ids of their terms, whose codes are the alert codes. */
export const ALERT_EVENTS: readonly (readonly [refid: string, nature: "technical" | "physiological"])[] = [
  ["MDC_EVT_DISCONN", "technical"],
  ["MDC_EVT_MALF", "technical"],
  ["MDC_EVT_NOISY", "technical"],
  ["MDC_EVT_OBSTRUC", "technical"],
  ["MDC_EVT_BREATH_ABSENT", "physiological"],
  ["MDC_EVT_CALIB_FAIL", "technical"],
  ["MDC_EVT_BATT_LO", "technical"],
  ["MDC_EVT_EQUIP_MALF", "technical"],
  ["MDC_EVT_LEAD_DISCONN", "technical"],
  ["MDC_EVT_LEADS_OFF", "technical"],
  ["MDC_EVT_SENSOR_DISCONN", "technical"],
  ["MDC_EVT_SENSOR_MALF", "technical"],
  ["MDC_EVT_TUBE_OCCL", "technical"],
  ["MDC_EVT_TUBE_DISCONN", "technical"],
  ["MDC_EVT_FLUID_LINE_OCCL", "technical"],
  ["MDC_EVT_FLOW_LO", "technical"],
  ["MDC_EVT_MSMT_DISCONN", "technical"],
  ["MDC_EVT_MSMT_ERR", "technical"],
  ["MDC_EVT_MSMT_FAIL", "technical"],
  ["MDC_EVT_SIG_LO", "technical"],
  ["MDC_EVT_APNEA", "physiological"],
  ["MDC_EVT_ECG_ASYSTOLE", "physiological"],
  ["MDC_EVT_ECG_BRADY_EXTREME", "physiological"],
  ["MDC_EVT_ECG_TACHY_EXTREME", "physiological"],
  ["MDC_EVT_ECG_V_TACHY", "physiological"],
  ["MDC_EVT_DESAT", "physiological"],
];

/** Events that concern a quantity: private names, since one frame must not tell a reference id twice. */
export const LIMIT_EVENTS: readonly (readonly [refid: string, word: string])[] = [
  ["MDC_EVT_HI", "high"],
  ["MDC_EVT_HI_GT_LIM", "above-limit"],
  ["MDC_EVT_LO", "low"],
  ["MDC_EVT_LO_LT_LIM", "below-limit"],
];
