// Facts: README.md, GE-18 and GE-19. Data only, one row a line.

/**
 * A waveform: its subrecord type, our name of it, MDC term ("": private), samples a second, power of ten of one count
 * ("": a bit pattern without a scale), unit.
 */
export type WaveRow = readonly [type: number, name: string, term: string, samples: number, exponent: number | "", unit: string];

export const WAVES: readonly WaveRow[] = [
  [1, "ecg1", "", 300, 0, "MDC_DIM_MICRO_VOLT"],
  [2, "ecg2", "", 300, 0, "MDC_DIM_MICRO_VOLT"],
  [3, "ecg3", "", 300, 0, "MDC_DIM_MICRO_VOLT"],
  [4, "p1", "", 100, -2, "MDC_DIM_MMHG"],
  [5, "p2", "", 100, -2, "MDC_DIM_MMHG"],
  [6, "p3", "", 100, -2, "MDC_DIM_MMHG"],
  [7, "p4", "", 100, -2, "MDC_DIM_MMHG"],
  [8, "pleth", "MDC_PULS_OXIM_PLETH", 100, -2, "MDC_DIM_PERCENT"],
  [9, "co2", "", 25, -2, "MDC_DIM_PERCENT"],
  [10, "o2", "MDC_CONC_AWAY_O2", 25, -2, "MDC_DIM_PERCENT"],
  [11, "n2o", "MDC_CONC_AWAY_N2O", 25, -2, "MDC_DIM_PERCENT"],
  [12, "aa", "", 25, -2, "MDC_DIM_PERCENT"],
  [13, "awp", "MDC_PRESS_AWAY", 25, -1, "MDC_DIM_CM_H2O"],
  [14, "flow", "MDC_FLOW_AWAY", 25, -1, "MDC_DIM_X_L_PER_MIN"],
  [15, "resp", "MDC_RESP", 25, -2, "MDC_DIM_X_OHM"],
  [16, "p5", "", 100, -2, "MDC_DIM_MMHG"],
  [17, "p6", "", 100, -2, "MDC_DIM_MMHG"],
  [18, "eeg1", "", 100, -1, "MDC_DIM_MICRO_VOLT"],
  [19, "eeg2", "", 100, -1, "MDC_DIM_MICRO_VOLT"],
  [20, "eeg3", "", 100, -1, "MDC_DIM_MICRO_VOLT"],
  [21, "eeg4", "", 100, -1, "MDC_DIM_MICRO_VOLT"],
  [23, "vol", "", 25, 0, "MDC_DIM_MILLI_L"],
  [24, "tono_press", "", 25, -1, "MDC_DIM_MILLI_BAR"],
  [29, "spiro_loop", "", 25, "", ""],
  [32, "entropy", "", 100, -1, "MDC_DIM_MICRO_VOLT"],
  [35, "bis", "", 300, 0, "MDC_DIM_MICRO_VOLT"],
  [36, "p7", "", 100, -2, "MDC_DIM_MMHG"],
  [37, "p8", "", 100, -2, "MDC_DIM_MMHG"],
  [38, "pleth2", "", 100, -2, "MDC_DIM_PERCENT"],
  [39, "resp_100", "", 100, -2, "MDC_DIM_X_OHM"],
];
