/**
 * What is measured at this bedside. A numeric object has one part or, as a compound, several in the order sent. Of a part: physio id,
 * unit word, power of ten, between what it moves as an integer, and its reference id: the MDC term of the
 * paper or the code table, or the name of a private id (IV-6).
 */
export type PartRow = readonly [physio: number, unit: number, exponent: number, low: number, high: number, refid: string];
export type NumericRow = {
  readonly handle: number;
  readonly context: number;
  readonly label: number;
  /** As shown in English and in German. */
  readonly names: readonly [string, string];
  readonly parts: readonly PartRow[];
};

export const NUMERICS: readonly NumericRow[] = [
  { handle: 0x8010, context: 1, label: 0x00024182, names: ["HR", "HF"], parts: [[0x4182, 0x0aa0, 0, 48, 152, "MDC_ECG_HEART_RATE"]] },
  { handle: 0x83d5, context: 1, label: 0x00024bb8, names: ["SpO2", "SpO2"], parts: [[0x4bb8, 0x0220, -1, 860, 1000, "MDC_PULS_OXIM_SAT_O2"]] },
  { handle: 0x83dc, context: 1, label: 0x00024822, names: ["Pulse", "Puls"], parts: [[0x4822, 0x0aa0, 0, 48, 152, "MDC_PULS_OXIM_PULS_RATE"]] },
  { handle: 0x83e3, context: 1, label: 0x00024bb0, names: ["Perf", "Perf"], parts: [[0x4bb0, 0x0200, -1, 3, 120, "MDC_PULS_OXIM_PERF_REL"]] },
  { handle: 0x82ba, context: 1, label: 0x0002500a, names: ["RR", "AF"], parts: [[0x500a, 0x0ae0, 0, 6, 38, "MDC_RESP_RATE"]] },
  {
    handle: 0x891a, context: 0, label: 0x00024a14, names: ["ABP", "ABP"],
    parts: [
      [0x4a17, 0x0f20, 0, 60, 120, "MDC_PRESS_BLD_ART_ABP_MEAN"],
      [0x4a15, 0x0f20, 0, 90, 170, "MDC_PRESS_BLD_ART_ABP_SYS"],
      [0x4a16, 0x0f20, 0, 45, 95, "MDC_PRESS_BLD_ART_ABP_DIA"],
    ],
  },
  {
    handle: 0x826a, context: 1, label: 0x00024a04, names: ["NBP", "NBP"],
    parts: [
      [0x4a05, 0x0f20, 0, 90, 170, "MDC_PRESS_BLD_NONINV_SYS"],
      [0x4a06, 0x0f20, 0, 45, 95, "MDC_PRESS_BLD_NONINV_DIA"],
      [0x4a07, 0x0f20, 0, 60, 120, "MDC_PRESS_BLD_NONINV_MEAN"],
    ],
  },
  { handle: 0x826d, context: 1, label: 0x0002f0e5, names: ["Pulse", "Puls"], parts: [[0xf0e5, 0x0aa0, 0, 48, 152, "intellivue.F0E5"]] },
  { handle: 0x8921, context: 0, label: 0x0002480a, names: ["Pulse", "Puls"], parts: [[0x480a, 0x0aa0, 0, 48, 152, "MDC_PULS_RATE"]] },
  { handle: 0x8a10, context: 0, label: 0x000250b0, names: ["etCO2", "etCO2"], parts: [[0x50b0, 0x0f20, 0, 22, 60, "MDC_AWAY_CO2_ET"]] },
  { handle: 0x8a40, context: 0, label: 0x00024b48, names: ["Temp", "Temp"], parts: [[0x4b48, 0x17a0, -2, 3480, 3990, "MDC_TEMP"]] },
  { handle: 0x8a50, context: 0, label: 0x0002f04e, names: ["BIS", "BIS"], parts: [[0xf04e, 0x0200, 0, 20, 98, "intellivue.F04E"]] },
  { handle: 0x8649, context: 0, label: 0x00025804, names: ["PPC", "PPC"], parts: [] },
  { handle: 0x867b, context: 0, label: 0x00024bc4, names: ["SpO2po", "SpO2po"], parts: [] },
];

/**
 * A wave object: samples of 16 bits in a block of 256 ms, how many of their bits are significant, scale as two points of raw and
 * physical (mantissa, exponent; 0x7fffff is not a number).
 */
export type WaveRow = {
  readonly handle: number;
  readonly context: number;
  readonly label: number;
  readonly names: readonly [string, string];
  readonly unit: number;
  readonly count: number;
  readonly significant: number;
  readonly ticks: number;
  readonly scale: readonly [low: readonly [number, number], high: readonly [number, number], rawLow: number, rawHigh: number];
  /** More than one: a compound. Physio id, MDC term, between what the samples move. */
  readonly parts: readonly (readonly [physio: number, refid: string, low: number, high: number])[];
};
export const WAVES: readonly WaveRow[] = [
  {
    handle: 0x02ae, context: 0, label: 0x00020102, names: ["II", "II"], unit: 0x10b2, count: 128, significant: 14, ticks: 16,
    scale: [[-4096, -2], [40955, -3], 0, 16383],
    parts: [
      [0x0102, "MDC_ECG_ELEC_POTL_II", 7900, 9400],
      [0x0101, "MDC_ECG_ELEC_POTL_I", 7950, 8900],
    ],
  },
  {
    handle: 0x03da, context: 0, label: 0x00024bb4, names: ["Pleth", "Pleth"], unit: 0x0200, count: 32, significant: 12, ticks: 64,
    scale: [[0x7fffff, 0], [0x7fffff, 0], 0, 4095],
    parts: [[0x4bb4, "MDC_PULS_OXIM_PLETH", 700, 3300]],
  },
  {
    handle: 0x02b8, context: 0, label: 0x00025000, names: ["Resp", "Resp"], unit: 0x10c0, count: 16, significant: 12, ticks: 128,
    scale: [[-6, -1], [19, -1], 0, 4095],
    parts: [[0x5000, "MDC_RESP", 300, 3700]],
  },
  {
    handle: 0x091c, context: 1, label: 0x00024a14, names: ["ABP", "ABP"], unit: 0x0f20, count: 32, significant: 13, ticks: 64,
    scale: [[-40, 0], [520, 0], 160, 9120],
    parts: [[0x4a14, "MDC_PRESS_BLD_ART_ABP", 1300, 3600]],
  },
];

/**
 * Alarms that this monitor may raise: source, code, type bits, English and German text, and the condition as which a reader tells it:
 * of the quantity that is its source, of its event, or of any other of its kind.
 */
export type AlertRow = readonly [source: number, code: number, type: number, english: string, german: string, refid: string];
export const ALERTS: readonly AlertRow[] = [
  [0x4182, 0x0028, 0x0200, "** HR 121 > 120", "** HF 121 > 120", "intellivue.high.4182"],
  [0x4bb8, 0x003e, 0x0400, "*** DESAT 79 < 80", "*** DESAT 79 < 80", "intellivue.low.4BB8"],
  [0x500a, 0x0088, 0x0400, "*** APNEA 0:20", "*** APNOE 0:20", "MDC_EVT_BREATH_ABSENT"],
  [0x4261, 0x0042, 0x0100, "* PVC/min HIGH", "* VES/min HOCH", "intellivue.alert.physiological"],
  [0x4bb8, 0x0134, 0x0001, "SpO2 NO SENSOR", "SpO2 KEIN SENSOR", "MDC_EVT_SENSOR_DISCONN"],
  [0x0102, 0x0112, 0x0002, "!! ECG LEADS OFF", "!! EKG ELEKTR. AB", "MDC_EVT_LEADS_OFF"],
  [0x4a04, 0x0162, 0x0004, "!!! NBP EQUIP MALF", "!!! NBP GERAETEFEHLER", "MDC_EVT_MSMT_ERR"],
];
