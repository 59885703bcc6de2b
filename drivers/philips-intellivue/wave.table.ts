// Facts: README.md, IV-18, IV-19. Data only, one row a line.

/** Waves by the reference id of their term, whose code is their physiological id, and the unit in which they are read. */
export const WAVE_TERMS: readonly (readonly [refid: string, unit: string])[] = [
  ["MDC_ECG_ELEC_POTL", "MDC_DIM_MILLI_VOLT"],
  ["MDC_ECG_ELEC_POTL_I", "MDC_DIM_MILLI_VOLT"],
  ["MDC_ECG_ELEC_POTL_II", "MDC_DIM_MILLI_VOLT"],
  ["MDC_ECG_ELEC_POTL_III", "MDC_DIM_MILLI_VOLT"],
  ["MDC_ECG_ELEC_POTL_AVR", "MDC_DIM_MILLI_VOLT"],
  ["MDC_ECG_ELEC_POTL_AVL", "MDC_DIM_MILLI_VOLT"],
  ["MDC_ECG_ELEC_POTL_AVF", "MDC_DIM_MILLI_VOLT"],
  ["MDC_ECG_ELEC_POTL_V", "MDC_DIM_MILLI_VOLT"],
  ["MDC_ECG_ELEC_POTL_V1", "MDC_DIM_MILLI_VOLT"],
  ["MDC_ECG_ELEC_POTL_V2", "MDC_DIM_MILLI_VOLT"],
  ["MDC_ECG_ELEC_POTL_V3", "MDC_DIM_MILLI_VOLT"],
  ["MDC_ECG_ELEC_POTL_V4", "MDC_DIM_MILLI_VOLT"],
  ["MDC_ECG_ELEC_POTL_V5", "MDC_DIM_MILLI_VOLT"],
  ["MDC_ECG_ELEC_POTL_V6", "MDC_DIM_MILLI_VOLT"],
  ["MDC_PULS_OXIM_PLETH", "MDC_DIM_DIMLESS"],
  ["MDC_PRESS_BLD_AORT", "MDC_DIM_MMHG"],
  ["MDC_PRESS_BLD_ART_ABP", "MDC_DIM_MMHG"],
  ["MDC_PRESS_BLD_ART_PULM", "MDC_DIM_MMHG"],
  ["MDC_PRESS_BLD_ART_UMB", "MDC_DIM_MMHG"],
  ["MDC_PRESS_BLD_VEN_CENT", "MDC_DIM_MMHG"],
  ["MDC_PRESS_INTRA_CRAN", "MDC_DIM_MMHG"],
  ["MDC_RESP", "MDC_DIM_X_OHM"],
  ["MDC_AWAY_CO2", "MDC_DIM_MMHG"],
];

/** Ticks of 1/8000 s from sample to sample that are read. */
export const WAVE_PERIODS: readonly number[] = [16, 32, 64, 128, 256];

/** Scales that are known before a monitor tells them: unit, physical ends as FLOAT words, raw ends. */
export const WAVE_SCALES: readonly (readonly [unit: string, low: number, high: number, lowRaw: number, highRaw: number])[] = [
  ["MDC_DIM_MILLI_VOLT", 0xfefff000, 0xfd009ffb, 0x0000, 0x3fff],
  ["MDC_DIM_MMHG", 0x00ffffd8, 0x00000208, 0x00a0, 0x23a0],
  ["MDC_DIM_X_OHM", 0xfffffffa, 0xff000013, 0x0000, 0x0fff],
];

/** Both physical ends are this where a wave has no scale. */
export const NO_SCALE = 0x007fffff;
