// What the nine replies of enumeration_replies.hex hold, read by eye and by another program. Data only, one row a line.

/** Line, byte at which the value begins (its physiological id), what must be told of it, and the id. */
export const VECTOR_NUMERICS: readonly (readonly [
  line: number,
  at: number,
  refid: string,
  text: string,
  unit: string,
  words: string,
  physio: number,
])[] = [
  [2, 662, "MDC_PRESS_BLD_ART_ABP_MEAN", "91", "MDC_DIM_MMHG", "demo", 0x4a17],
  [2, 672, "MDC_PRESS_BLD_ART_ABP_SYS", "120", "MDC_DIM_MMHG", "demo", 0x4a15],
  [2, 682, "MDC_PRESS_BLD_ART_ABP_DIA", "70", "MDC_DIM_MMHG", "demo", 0x4a16],
  [2, 766, "MDC_PULS_RATE", "60", "MDC_DIM_BEAT_PER_MIN", "demo+alarm_inhibited", 0x480a],
  [2, 880, "MDC_PRESS_BLD_NONINV_SYS", "120", "MDC_DIM_MMHG", "demo", 0x4a05],
  [2, 890, "MDC_PRESS_BLD_NONINV_DIA", "80", "MDC_DIM_MMHG", "demo", 0x4a06],
  [2, 900, "MDC_PRESS_BLD_NONINV_MEAN", "90", "MDC_DIM_MMHG", "demo", 0x4a07],
  [3, 150, "intellivue.F0E5", "60", "MDC_DIM_BEAT_PER_MIN", "demo", 0xf0e5],
  [3, 234, "MDC_ECG_HEART_RATE", "60", "MDC_DIM_BEAT_PER_MIN", "demo", 0x4182],
  [3, 318, "MDC_RESP_RATE", "15", "MDC_DIM_RESP_PER_MIN", "demo+alarm_inhibited", 0x500a],
  [3, 660, "MDC_PULS_OXIM_SAT_O2", "95.0", "MDC_DIM_PERCENT", "demo", 0x4bb8],
  [3, 744, "MDC_PULS_OXIM_PULS_RATE", "60", "MDC_DIM_BEAT_PER_MIN", "demo+alarm_inhibited", 0x4822],
  [3, 834, "MDC_PULS_OXIM_PERF_REL", "10.0", "MDC_DIM_DIMLESS", "demo", 0x4bb0],
];

/** Line, byte of the first sample, number of samples of 16 bits, what must be told: reference id, number of the first sample, rate. */
export const VECTOR_WAVES: readonly (readonly [
  line: number,
  at: number,
  count: number,
  refid: string,
  first: number,
  rate: readonly [number, number],
])[] = [
  [6, 306, 32, "MDC_PRESS_BLD_ART_ABP", 0, [125, 1]],
  [6, 1080, 32, "MDC_PULS_OXIM_PLETH", 0, [125, 1]],
  [7, 72, 32, "MDC_PRESS_BLD_ART_ABP", 128, [125, 1]],
  [7, 846, 32, "MDC_PULS_OXIM_PLETH", 128, [125, 1]],
  [7, 1078, 16, "MDC_RESP", 0, [125, 2]],
];

/** Relative time of each line: in the event of line 1, in the poll result of the others. */
export const VECTOR_TICKS: readonly string[] = [
  "223918080",
  "224490240",
  "224490240",
  "224490240",
  "224518144",
  "224526336",
  "224534528",
  "224654080",
  "224678656",
];
