// Facts: README.md, GE-2 and GE-5. Data only, one row a line.
import type { Validity } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";

/** A value that is none: what is told instead. */
export type SpecialRow = readonly [value: number, validity: Validity, reason: Word];

/** GE-2. From -32001 downwards every value is special; what stands not here is told as unreadable beside it. */
export const SPECIALS: readonly SpecialRow[] = [
  [-32767, "invalid", "invalid"],
  [-32766, "not_available", "not_updated"],
  [-32765, "invalid", "discontinuity"],
  [-32764, "underflow", "under_range"],
  [-32763, "overflow", "over_range"],
  [-32762, "calibration_ongoing", "not_calibrated"],
];

/** What a label says of the values of its group: its terms, in the order LABEL_0, LABEL_1, LABEL_2. "": no term of its own. */
export type Family = "pressure" | "temperature" | "agent" | "saturation";
export type LabelRow = readonly [family: Family, number: number, label: string, terms: readonly string[]];

/** Number -1 stands for every number that is not in the table. */
export const LABELS: readonly LabelRow[] = [
  ["pressure", -1, "", ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN"]],
  ["pressure", 1, "ART", ["MDC_PRESS_BLD_ART_ABP_SYS", "MDC_PRESS_BLD_ART_ABP_DIA", "MDC_PRESS_BLD_ART_ABP_MEAN"]],
  ["pressure", 2, "CVP", ["", "", "MDC_PRESS_BLD_VEN_CENT_MEAN"]],
  ["pressure", 3, "PA", ["MDC_PRESS_BLD_ART_PULM_SYS", "MDC_PRESS_BLD_ART_PULM_DIA", "MDC_PRESS_BLD_ART_PULM_MEAN"]],
  ["pressure", 4, "RAP", ["", "", "MDC_PRESS_BLD_ATR_RIGHT_MEAN"]],
  ["pressure", 5, "RVP", ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN"]],
  ["pressure", 6, "LAP", ["", "", "MDC_PRESS_BLD_ATR_LEFT_MEAN"]],
  ["pressure", 7, "ICP", ["", "", "MDC_PRESS_INTRA_CRAN_MEAN"]],
  ["pressure", 8, "ABP", ["MDC_PRESS_BLD_ART_ABP_SYS", "MDC_PRESS_BLD_ART_ABP_DIA", "MDC_PRESS_BLD_ART_ABP_MEAN"]],
  ["pressure", 9, "P1", ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN"]],
  ["pressure", 10, "P2", ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN"]],
  ["pressure", 11, "P3", ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN"]],
  ["pressure", 12, "P4", ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN"]],
  ["pressure", 13, "P5", ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN"]],
  ["pressure", 14, "P6", ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN"]],
  ["pressure", 15, "SP", ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN"]],
  ["pressure", 16, "FEM", ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN"]],
  ["pressure", 17, "UAC", ["MDC_PRESS_BLD_ART_UMB_SYS", "MDC_PRESS_BLD_ART_UMB_DIA", "MDC_PRESS_BLD_ART_UMB_MEAN"]],
  ["pressure", 18, "UVC", ["", "", "MDC_PRESS_BLD_VEN_UMB_MEAN"]],
  ["pressure", 19, "ICP2", ["", "", "MDC_PRESS_INTRA_CRAN_MEAN"]],
  ["pressure", 20, "P7", ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN"]],
  ["pressure", 21, "P8", ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN"]],
  ["pressure", 22, "FEMV", ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN"]],
  ["temperature", -1, "", ["MDC_TEMP"]],
  ["temperature", 1, "ESO", ["MDC_TEMP_ESOPH"]],
  ["temperature", 2, "NASO", ["MDC_TEMP_NASOPH"]],
  ["temperature", 3, "TYMP", ["MDC_TEMP_TYMP"]],
  ["temperature", 4, "RECT", ["MDC_TEMP_RECT"]],
  ["temperature", 5, "BLAD", ["MDC_TEMP_FOLEY"]],
  ["temperature", 6, "AXIL", ["MDC_TEMP_AXIL"]],
  ["temperature", 7, "SKIN", ["MDC_TEMP_SKIN"]],
  ["temperature", 8, "AIRW", ["MDC_TEMP_AWAY"]],
  ["temperature", 9, "ROOM", ["MDC_TEMP_ROOM"]],
  ["temperature", 10, "MYO", ["MDC_TEMP"]],
  ["temperature", 11, "T1", ["MDC_TEMP"]],
  ["temperature", 12, "T2", ["MDC_TEMP"]],
  ["temperature", 13, "T3", ["MDC_TEMP"]],
  ["temperature", 14, "T4", ["MDC_TEMP"]],
  ["temperature", 15, "CORE", ["MDC_TEMP_CORE"]],
  ["temperature", 16, "SURF", ["MDC_TEMP"]],
  ["temperature", 17, "T5", ["MDC_TEMP"]],
  ["temperature", 18, "T6", ["MDC_TEMP"]],
  ["agent", -1, "", ["MDC_CONC_AWAY_AGENT_ET", "MDC_CONC_AWAY_AGENT_INSP"]],
  ["agent", 0, "unknown", ["MDC_CONC_AWAY_AGENT_ET", "MDC_CONC_AWAY_AGENT_INSP"]],
  ["agent", 1, "none", ["MDC_CONC_AWAY_AGENT_ET", "MDC_CONC_AWAY_AGENT_INSP"]],
  ["agent", 2, "HAL", ["MDC_CONC_AWAY_AGENT_ET", "MDC_CONC_AWAY_AGENT_INSP"]],
  ["agent", 3, "ENF", ["MDC_CONC_AWAY_AGENT_ET", "MDC_CONC_AWAY_AGENT_INSP"]],
  ["agent", 4, "ISO", ["MDC_CONC_AWAY_ISOFL_ET", "MDC_CONC_AWAY_ISOFL_INSP"]],
  ["agent", 5, "DES", ["MDC_CONC_AWAY_DESFL_ET", "MDC_CONC_AWAY_DESFL_INSP"]],
  ["agent", 6, "SEV", ["MDC_CONC_AWAY_SEVOFL_ET", "MDC_CONC_AWAY_SEVOFL_INSP"]],
  ["saturation", -1, "", ["MDC_SAT_O2"]],
  ["saturation", 0, "SO2", ["MDC_SAT_O2"]],
  ["saturation", 1, "SaO2", ["MDC_SAT_O2_ART"]],
  ["saturation", 2, "SvO2", ["MDC_SAT_O2_VEN"]],
];
