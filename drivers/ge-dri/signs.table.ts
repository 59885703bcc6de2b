// Facts: README.md, GE-4, GE-6 to GE-8 and GE-23 to GE-27. Data only, one row a line.
import type { ConditionMetric } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";

/** Which word of a group's header holds the bits. */
export type Bits = "status" | "label";

/** Bits that are told as the digits of their number: name, word, first bit, how many. The group is what stands before the dot. */
export type WordRow = readonly [name: string, bits: Bits, from: number, count: number];

export const WORDS: readonly WordRow[] = [
  ["ecg.source", "status", 3, 4],
  ["ecg.lead_1", "label", 8, 4],
  ["ecg.lead_2", "label", 4, 4],
  ["ecg.lead_3", "label", 0, 4],
  ["nibp.label", "label", 0, 16],
  ["spo2.label", "label", 0, 2],
  ["co2.status", "status", 0, 32],
  ["flow_vol.tv_base", "status", 8, 2],
  ["nmt.mode", "status", 2, 2],
  ["spo2_2.label", "label", 0, 2],
];

/** Part of a value that is a bit field: name, @, first bit, how many, its "no value" (-1: none), unit, absent in a trend. */
export type PartRow = readonly [name: string, at: number, from: number, count: number, none: number, unit: string, trend: "told" | "absent"];

export const PARTS: readonly PartRow[] = [
  ["nmt.ptc", 228, 0, 5, 31, "MDC_DIM_DIMLESS", "told"],
  ["nmt.tof_count", 228, 5, 4, -1, "MDC_DIM_DIMLESS", "absent"],
  ["nmt.current", 228, 9, 7, -1, "mA", "told"],
];

/**
 * What a bit says of values: "off": they are not measured; "calibrating": so is the number, where one is sent; "doubt": the number is
 * questionable; "remark": the number is valid. The first row that holds is told. Values "": all of the group.
 */
export type Effect = "off" | "calibrating" | "doubt" | "remark";
export type QualifierRow = readonly [group: string, bits: Bits, bit: number, effect: Effect, reason: Word, values: readonly string[]];

export const QUALIFIERS: readonly QualifierRow[] = [
  ["ecg", "status", 7, "doubt", "noise", ["ecg.hr", "ecg.st1", "ecg.st2", "ecg.st3"]],
  ["ecg", "status", 8, "doubt", "artefact", ["ecg.hr", "ecg.st1", "ecg.st2", "ecg.st3"]],
  ["ecg_extra", "status", 7, "doubt", "noise", []],
  ["ecg_extra", "status", 8, "doubt", "artefact", []],
  ["arrh", "status", 7, "doubt", "noise", []],
  ["arrh", "status", 8, "doubt", "artefact", []],
  ["ecg12", "status", 7, "doubt", "noise", []],
  ["ecg12", "status", 8, "doubt", "artefact", []],
  ["p1", "status", 2, "calibrating", "zeroing", []],
  ["p2", "status", 2, "calibrating", "zeroing", []],
  ["p3", "status", 2, "calibrating", "zeroing", []],
  ["p4", "status", 2, "calibrating", "zeroing", []],
  ["p5", "status", 2, "calibrating", "zeroing", []],
  ["p6", "status", 2, "calibrating", "zeroing", []],
  ["p7", "status", 2, "calibrating", "zeroing", []],
  ["p8", "status", 2, "calibrating", "zeroing", []],
  ["nibp", "label", 7, "calibrating", "calibrating", []],
  ["nibp", "label", 5, "doubt", "measurement_ongoing", []],
  ["nibp", "label", 8, "remark", "older_than_60s", []],
  ["co2", "status", 3, "calibrating", "calibrating", ["co2.et", "co2.fi", "co2.rr"]],
  ["co2", "status", 4, "calibrating", "zeroing", ["co2.et", "co2.fi", "co2.rr"]],
  ["co2", "status", 9, "remark", "wet_gas", ["co2.et", "co2.fi"]],
  ["o2", "status", 3, "off", "measurement_off", []],
  ["o2", "status", 2, "calibrating", "calibrating", []],
  ["n2o", "status", 3, "off", "measurement_off", []],
  ["n2o", "status", 2, "calibrating", "calibrating", []],
  ["aa", "status", 3, "off", "measurement_off", []],
  ["aa", "status", 2, "calibrating", "calibrating", []],
  ["flow_vol", "status", 7, "off", "measurement_off", []],
  ["flow_vol", "status", 3, "calibrating", "calibrating", []],
  ["flow_vol", "status", 4, "calibrating", "zeroing", []],
  ["co_wedge", "label", 0, "remark", "older_than_60s", ["co_wedge.co"]],
  ["co_wedge", "label", 1, "remark", "older_than_60s", ["co_wedge.pcwp"]],
  ["svo2", "status", 5, "doubt", "not_calibrated", []],
  ["svo2", "status", 8, "doubt", "check_catheter", []],
  ["svo2", "status", 9, "doubt", "intensity_shift", []],
  ["eeg", "status", 13, "doubt", "artefact", ["eeg.ampl_1", "eeg.sef_1", "eeg.mf_1", "eeg.delta_1", "eeg.theta_1", "eeg.alpha_1", "eeg.beta_1", "eeg.bsr_1"]],
  ["eeg", "status", 14, "doubt", "artefact", ["eeg.ampl_2", "eeg.sef_2", "eeg.mf_2", "eeg.delta_2", "eeg.theta_2", "eeg.alpha_2", "eeg.beta_2", "eeg.bsr_2"]],
  ["eeg", "status", 15, "doubt", "artefact", ["eeg.ampl_3", "eeg.sef_3", "eeg.mf_3", "eeg.delta_3", "eeg.theta_3", "eeg.alpha_3", "eeg.beta_3", "eeg.bsr_3"]],
  ["eeg", "status", 16, "doubt", "artefact", ["eeg.ampl_4", "eeg.sef_4", "eeg.mf_4", "eeg.delta_4", "eeg.theta_4", "eeg.alpha_4", "eeg.beta_4", "eeg.bsr_4"]],
  ["eeg", "status", 17, "doubt", "noise", ["eeg.ampl_1", "eeg.sef_1", "eeg.mf_1", "eeg.delta_1", "eeg.theta_1", "eeg.alpha_1", "eeg.beta_1", "eeg.bsr_1"]],
  ["eeg", "status", 18, "doubt", "noise", ["eeg.ampl_2", "eeg.sef_2", "eeg.mf_2", "eeg.delta_2", "eeg.theta_2", "eeg.alpha_2", "eeg.beta_2", "eeg.bsr_2"]],
  ["eeg", "status", 19, "doubt", "noise", ["eeg.ampl_3", "eeg.sef_3", "eeg.mf_3", "eeg.delta_3", "eeg.theta_3", "eeg.alpha_3", "eeg.beta_3", "eeg.bsr_3"]],
  ["eeg", "status", 20, "doubt", "noise", ["eeg.ampl_4", "eeg.sef_4", "eeg.mf_4", "eeg.delta_4", "eeg.theta_4", "eeg.alpha_4", "eeg.beta_4", "eeg.bsr_4"]],
  ["spi", "status", 6, "doubt", "noise", []],
  ["bal", "status", 2, "off", "measurement_off", []],
];

/** A condition: its group, status bit, term ("": private), nature, what it is on, name, and the bit that switches it off (-1: none). */
export type ConditionRow = readonly [group: string, bit: number, term: string, nature: ConditionMetric["nature"], on: string, name: string, unless: number];

export const CONDITIONS: readonly ConditionRow[] = [
  ["ecg", 2, "MDC_EVT_ECG_ASYSTOLE", "physiological", "MDC_ECG_HEART_RATE", "ecg.asystole", -1],
  ["ecg", 11, "", "technical", "MDC_ECG_HEART_RATE", "ecg.channel_1_off", -1],
  ["ecg", 12, "", "technical", "MDC_ECG_HEART_RATE", "ecg.channel_2_off", -1],
  ["ecg", 13, "", "technical", "MDC_ECG_HEART_RATE", "ecg.channel_3_off", -1],
  ["co2", 2, "MDC_EVT_APNEA", "physiological", "MDC_CO2_RESP_RATE", "co2.apnoea", 8],
  ["co2", 7, "", "physiological", "MDC_TTHOR_RESP_RATE", "co2.apnoea_resp", 8],
  ["co2", 5, "", "technical", "MDC_CONC_AWAY_CO2_ET", "co2.occlusion", -1],
  ["co2", 6, "", "technical", "MDC_CONC_AWAY_CO2_ET", "co2.air_leak", -1],
  ["flow_vol", 2, "", "technical", "MDC_PRESS_AWAY_INSP_MAX", "flow_vol.disconnection", -1],
  ["flow_vol", 5, "", "technical", "MDC_PRESS_AWAY_INSP_MAX", "flow_vol.obstruction", -1],
  ["flow_vol", 6, "", "technical", "MDC_PRESS_AWAY_INSP_MAX", "flow_vol.leak", -1],
  ["svo2", 3, "", "technical", "MDC_SAT_O2_VEN", "svo2.faulty_cable", -1],
  ["svo2", 4, "", "technical", "MDC_SAT_O2_VEN", "svo2.no_cable", -1],
  ["eeg", 7, "", "technical", "ge.eeg.femg", "eeg.headbox_off", -1],
  ["eeg", 9, "", "technical", "ge.eeg.ampl_1", "eeg.channel_1_off", -1],
  ["eeg", 10, "", "technical", "ge.eeg.ampl_2", "eeg.channel_2_off", -1],
  ["eeg", 11, "", "technical", "ge.eeg.ampl_3", "eeg.channel_3_off", -1],
  ["eeg", 12, "", "technical", "ge.eeg.ampl_4", "eeg.channel_4_off", -1],
  ["ent", 2, "", "technical", "ge.ent.se", "ent.cable_off", -1],
  ["ent", 3, "", "technical", "ge.ent.se", "ent.no_sensor", -1],
  ["ent", 4, "", "technical", "ge.ent.se", "ent.sensor_off", -1],
];
