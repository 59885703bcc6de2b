// Facts: README.md, IV-3. Data only, one row a line.

/** Units in which one quantity may be sent. A unit word outside its row is not read: a quantity does not change its nature. */
export const UNIT_KIN: readonly (readonly string[])[] = [
  ["MDC_DIM_MMHG", "MDC_DIM_KILO_PASCAL", "MDC_DIM_CM_H2O", "MDC_DIM_MILLI_BAR"],
  ["MDC_DIM_BEAT_PER_MIN", "MDC_DIM_RESP_PER_MIN", "MDC_DIM_PER_MIN"],
  ["MDC_DIM_X_L", "MDC_DIM_MILLI_L"],
  ["MDC_DIM_X_L_PER_MIN", "MDC_DIM_MILLI_L_PER_MIN", "MDC_DIM_X_L_PER_SEC"],
  ["MDC_DIM_SEC", "MDC_DIM_MILLI_SEC", "MDC_DIM_MIN", "MDC_DIM_HR"],
  ["MDC_DIM_MILLI_VOLT", "MDC_DIM_MICRO_VOLT"],
  ["MDC_DIM_MILLI_M", "MDC_DIM_CENTI_M"],
  ["MDC_DIM_DEGC", "[degF]"],
];

/** Unit words whose MDC unit is not known here, in UCUM. */
export const UCUM_UNITS: readonly (readonly [word: number, ucum: string])[] = [
  [0x0592, "mL/m2"],
  [0x1140, "[degF]"],
];

/** Gases may be sent as a partial pressure or as a share, whatever the usual unit of their term is. */
export const GAS_UNITS: readonly string[] = ["MDC_DIM_MMHG", "MDC_DIM_KILO_PASCAL", "MDC_DIM_PERCENT"];
export const GASES: readonly string[] = [
  "MDC_AWAY_CO2",
  "MDC_AWAY_CO2_ET",
  "MDC_CONC_AWAY_CO2_ET",
  "MDC_CONC_AWAY_CO2_INSP",
  "MDC_AWAY_CO2_INSP_MIN",
  "MDC_CONC_AWAY_O2_INSP",
  "MDC_CONC_AWAY_O2_ET",
  "MDC_CONC_AWAY_O2_EXP",
  "MDC_CONC_AWAY_N2O_ET",
  "MDC_CONC_AWAY_N2O_INSP",
  "MDC_CONC_AWAY_SEVOFL_ET",
  "MDC_CONC_AWAY_SEVOFL_INSP",
  "MDC_CONC_AWAY_DESFL_ET",
  "MDC_CONC_AWAY_DESFL_INSP",
  "MDC_CONC_AWAY_ISOFL_ET",
  "MDC_CONC_AWAY_ISOFL_INSP",
  "intellivue.51D8",
  "intellivue.51DC",
  "intellivue.51E0",
  "intellivue.51E4",
  "intellivue.51E8",
  "intellivue.5218",
  "intellivue.521C",
  "intellivue.526C",
  "intellivue.5270",
  "intellivue.537C",
  "intellivue.5380",
  "intellivue.5384",
  "intellivue.5388",
];
