/**
 * What the emulated monitor knows of the subrecords, from the protocol paper: where a group lies, which i16 follow its header, the
 * power of ten of each, the term that the driver's README has for it ("": it goes by its place, "ge.p1.hr", or its label decides), and
 * between what it moves at this bedside ([0, 0]: it is never measured).
 */
export type FieldRow = readonly [name: string, exponent: number, refid: string, low: number, high: number];
export type GroupRow = {
  readonly name: string;
  readonly class: 0 | 1 | 2 | 3;
  readonly at: number;
  /** Six bytes: status u32, label u16. */
  readonly header: boolean;
  /** What its label says: LABELS. */
  readonly site: "" | "pressure" | "temperature" | "agent";
  readonly label: number;
  /** At switch-on a module for it is there. */
  readonly there: boolean;
  readonly fields: readonly FieldRow[];
};

export const GROUPS: readonly GroupRow[] = [
  {
    name: "ecg", class: 0, at: 4, header: true, site: "", label: 1, there: true,
    fields: [
      ["hr", 0, "MDC_ECG_HEART_RATE", 55, 145],
      ["st1", -2, "", -180, 180],
      ["st2", -2, "", -180, 180],
      ["st3", -2, "", -180, 180],
      ["imp_rr", 0, "MDC_TTHOR_RESP_RATE", 8, 34],
    ],
  },
  {
    name: "p1", class: 0, at: 20, header: true, site: "pressure", label: 1, there: true,
    fields: [["sys", -2, "", 8800, 17200], ["dia", -2, "", 4100, 9600], ["mean", -2, "", 6100, 12300], ["hr", 0, "", 55, 145]],
  },
  {
    name: "p2", class: 0, at: 34, header: true, site: "pressure", label: 2, there: true,
    fields: [["sys", -2, "", 1400, 3600], ["dia", -2, "", -200, 1500], ["mean", -2, "", 200, 2300], ["hr", 0, "", 55, 145]],
  },
  {
    name: "p3", class: 0, at: 48, header: true, site: "pressure", label: 7, there: true,
    fields: [["sys", -2, "", 600, 2600], ["dia", -2, "", 200, 1500], ["mean", -2, "", 400, 2100], ["hr", 0, "", 0, 0]],
  },
  {
    name: "p4", class: 0, at: 62, header: true, site: "pressure", label: 12, there: false,
    fields: [["sys", -2, "", 900, 3000], ["dia", -2, "", 200, 1500], ["mean", -2, "", 400, 2100], ["hr", 0, "", 55, 145]],
  },
  {
    name: "nibp", class: 0, at: 76, header: true, site: "", label: 3, there: true,
    fields: [
      ["sys", -2, "MDC_PRESS_BLD_NONINV_SYS", 8800, 17200],
      ["dia", -2, "MDC_PRESS_BLD_NONINV_DIA", 4100, 9600],
      ["mean", -2, "MDC_PRESS_BLD_NONINV_MEAN", 6100, 12300],
      ["hr", 0, "MDC_PULS_RATE_NON_INV", 55, 145],
    ],
  },
  { name: "t1", class: 0, at: 90, header: true, site: "temperature", label: 1, there: true, fields: [["temp", -2, "", 3480, 3990]] },
  { name: "t2", class: 0, at: 98, header: true, site: "temperature", label: 7, there: true, fields: [["temp", -2, "", 2900, 3650]] },
  { name: "t3", class: 0, at: 106, header: true, site: "temperature", label: 13, there: true, fields: [["temp", -2, "", 3400, 3900]] },
  { name: "t4", class: 0, at: 114, header: true, site: "temperature", label: 14, there: false, fields: [["temp", -2, "", 3400, 3900]] },
  {
    name: "spo2", class: 0, at: 122, header: true, site: "", label: 0, there: true,
    fields: [
      ["spo2", -2, "MDC_PULS_OXIM_SAT_O2", 8600, 10000],
      ["pr", 0, "MDC_PULS_OXIM_PULS_RATE", 55, 145],
      ["ir_amp", -2, "MDC_PULS_OXIM_PERF_REL", 20, 1900],
      ["svo2", -2, "", 0, 0],
    ],
  },
  {
    name: "co2", class: 0, at: 136, header: true, site: "", label: 9, there: true,
    fields: [
      ["et", -2, "MDC_CONC_AWAY_CO2_ET", 290, 690],
      ["fi", -2, "MDC_CONC_AWAY_CO2_INSP", 0, 60],
      ["rr", 0, "MDC_CO2_RESP_RATE", 8, 34],
      ["amb_press", -1, "MDC_PRESS_AIR_AMBIENT", 7390, 7680],
    ],
  },
  {
    name: "o2", class: 0, at: 150, header: true, site: "", label: 0, there: true,
    fields: [["et", -2, "MDC_CONC_AWAY_O2_ET", 1800, 9000], ["fi", -2, "MDC_CONC_AWAY_O2_INSP", 2100, 9500]],
  },
  {
    name: "n2o", class: 0, at: 160, header: true, site: "", label: 0, there: true,
    fields: [["et", -2, "MDC_CONC_AWAY_N2O_ET", 0, 6000], ["fi", -2, "MDC_CONC_AWAY_N2O_INSP", 0, 6500]],
  },
  {
    name: "aa", class: 0, at: 170, header: true, site: "agent", label: 6, there: true,
    fields: [["et", -2, "", 0, 650], ["fi", -2, "", 0, 720], ["mac", -2, "", 0, 180]],
  },
  {
    name: "flow_vol", class: 0, at: 182, header: true, site: "", label: 4, there: true,
    fields: [
      ["rr", 0, "", 8, 34],
      ["ppeak", -2, "MDC_PRESS_AWAY_INSP_MAX", 1200, 4200],
      ["peep", -2, "MDC_VENT_PRESS_AWAY_END_EXP_POS", 0, 1600],
      ["pplat", -2, "MDC_PRESS_RESP_PLAT", 1000, 3400],
      ["tv_insp", -1, "MDC_VOL_AWAY_TIDAL_INSP", 2800, 7200],
      ["tv_exp", -1, "MDC_VOL_AWAY_TIDAL_EXP", 2700, 7100],
      ["compliance", -2, "MDC_COMPL_LUNG", 1800, 7600],
      ["mv_exp", -2, "MDC_VOL_MINUTE_AWAY_EXP", 280, 1560],
    ],
  },
  {
    name: "co_wedge", class: 0, at: 204, header: true, site: "", label: 0, there: true,
    fields: [
      ["co", 0, "MDC_OUTPUT_CARD", 2200, 9400],
      ["blood_temp", -2, "MDC_TEMP_BLD", 3480, 3990],
      ["ref", -2, "", 0, 0],
      ["pcwp", -2, "MDC_PRESS_BLD_ART_PULM_WEDGE", 300, 2400],
    ],
  },
  {
    name: "nmt", class: 0, at: 218, header: true, site: "", label: 0, there: true,
    fields: [["t1", -1, "", 0, 1000], ["ratio", -1, "", 0, 1000], ["ptc", 0, "", 0, 0]],
  },
  {
    name: "ecg_extra", class: 0, at: 230, header: false, site: "", label: 0, there: true,
    fields: [["hr_ecg", 0, "", 55, 145], ["hr_max", 0, "", 60, 160], ["hr_min", 0, "", 40, 120]],
  },
  { name: "svo2", class: 0, at: 236, header: true, site: "", label: 2, there: true, fields: [["svo2", -2, "MDC_SAT_O2_VEN", 5200, 8600]] },
  {
    name: "p5", class: 0, at: 244, header: true, site: "pressure", label: 13, there: true,
    fields: [["sys", -2, "", 900, 3000], ["dia", -2, "", -300, 1500], ["mean", -2, "", 100, 2100], ["hr", 0, "", 55, 145]],
  },
  {
    name: "p6", class: 0, at: 258, header: true, site: "pressure", label: 14, there: false,
    fields: [["sys", -2, "", 900, 3000], ["dia", -2, "", 200, 1500], ["mean", -2, "", 400, 2100], ["hr", 0, "", 55, 145]],
  },
  {
    name: "gasex", class: 3, at: 4, header: true, site: "", label: 0, there: true,
    fields: [
      ["vo2", -1, "", 1200, 4400],
      ["vco2", -1, "MDC_FLOW_CO2_PROD_RESP", 1100, 3900],
      ["ee", 0, "", 0, 0],
      ["rq", -3, "", 640, 1250],
    ],
  },
  {
    name: "flow_vol2", class: 3, at: 18, header: true, site: "", label: 0, there: true,
    fields: [
      ["ipeep", -2, "MDC_PRESS_AWAY_END_EXP_POS_INTRINSIC", 0, 900],
      ["pmean", -2, "", 500, 2200],
      ["raw", -2, "MDC_RES_AWAY", 500, 2600],
      ["mv_insp", -2, "MDC_VOL_MINUTE_AWAY_INSP", 290, 1590],
      ["epeep", -2, "", 0, 1600],
      ["mv_spont", -2, "", 0, 900],
      ["ie_ratio", -2, "MDC_RATIO_IE", 20, 130],
      ["insp_time", -2, "", 60, 260],
      ["exp_time", -2, "", 90, 520],
      ["static_compliance", -2, "MDC_COMPL_LUNG_STATIC", 1800, 7600],
      ["static_pplat", -2, "", 1000, 3400],
      ["static_peepe", -2, "", 0, 1600],
      ["static_peepi", -2, "", 0, 900],
    ],
  },
];

/**
 * GE-5: what a label says of its group: kind of group, number, the monitor's word for it, and the MDC terms of the first values of the
 * group ("": none, the value goes by its place). A number without a row is that of row -1, and told as its digits.
 */
export type LabelRow = readonly [site: string, label: number, text: string, refids: readonly string[]];

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
  ["agent", -1, "", ["MDC_CONC_AWAY_AGENT_ET", "MDC_CONC_AWAY_AGENT_INSP"]],
  ["agent", 0, "unknown", ["MDC_CONC_AWAY_AGENT_ET", "MDC_CONC_AWAY_AGENT_INSP"]],
  ["agent", 1, "none", ["MDC_CONC_AWAY_AGENT_ET", "MDC_CONC_AWAY_AGENT_INSP"]],
  ["agent", 2, "HAL", ["MDC_CONC_AWAY_AGENT_ET", "MDC_CONC_AWAY_AGENT_INSP"]],
  ["agent", 3, "ENF", ["MDC_CONC_AWAY_AGENT_ET", "MDC_CONC_AWAY_AGENT_INSP"]],
  ["agent", 4, "ISO", ["MDC_CONC_AWAY_ISOFL_ET", "MDC_CONC_AWAY_ISOFL_INSP"]],
  ["agent", 5, "DES", ["MDC_CONC_AWAY_DESFL_ET", "MDC_CONC_AWAY_DESFL_INSP"]],
  ["agent", 6, "SEV", ["MDC_CONC_AWAY_SEVOFL_ET", "MDC_CONC_AWAY_SEVOFL_INSP"]],
];

/** Bits of a group's header that are told as the digits of their number: group, name, word, first bit, how many. */
export const WORDS: readonly (readonly [group: string, name: string, word: "status" | "label", from: number, count: number])[] = [
  ["ecg", "source", "status", 3, 4],
  ["nibp", "label", "label", 0, 16],
  ["co2", "status", "status", 0, 32],
];

/** Conditions: reference id, group and status bit, and the bit that switches it off (-1: none). */
export const CONDITIONS: readonly (readonly [refid: string, group: string, bit: number, unless: number])[] = [
  ["MDC_EVT_ECG_ASYSTOLE", "ecg", 2, -1],
  ["ge.ecg.channel_1_off", "ecg", 11, -1],
  ["ge.ecg.channel_2_off", "ecg", 12, -1],
  ["ge.ecg.channel_3_off", "ecg", 13, -1],
  ["MDC_EVT_APNEA", "co2", 2, 8],
  ["ge.co2.apnoea_resp", "co2", 7, 8],
  ["ge.co2.occlusion", "co2", 5, -1],
  ["ge.co2.air_leak", "co2", 6, -1],
  ["ge.flow_vol.disconnection", "flow_vol", 2, -1],
  ["ge.flow_vol.obstruction", "flow_vol", 5, -1],
  ["ge.flow_vol.leak", "flow_vol", 6, -1],
];

/** The value that is a bit field; of each part: name, first bit, how many, its "no value" (-1: none), whether a trend has it. */
export const BIT_FIELD = { group: "nmt", field: "ptc", specialMax: -31_000 } as const;
export const PARTS: readonly (readonly [name: string, from: number, count: number, none: number, trend: boolean])[] = [
  ["ptc", 0, 5, 31, true],
  ["tof_count", 5, 4, -1, false],
  ["current", 9, 7, -1, true],
];

/** Wave type, samples a second, between what it moves, reference id. */
export const WAVES: readonly (readonly [type: number, rate: number, low: number, high: number, refid: string])[] = [
  [1, 300, -400, 1300, "ge.wave.ecg1"],
  [2, 300, -300, 1100, "ge.wave.ecg2"],
  [3, 300, -200, 900, "ge.wave.ecg3"],
  [4, 100, 5000, 13000, "ge.wave.p1"],
  [5, 100, 200, 1400, "ge.wave.p2"],
  [6, 100, 500, 1500, "ge.wave.p3"],
  [7, 100, 500, 1500, "ge.wave.p4"],
  [16, 100, 300, 1500, "ge.wave.p5"],
  [17, 100, 300, 1500, "ge.wave.p6"],
  [8, 100, -200, 300, "MDC_PULS_OXIM_PLETH"],
  [9, 25, 0, 520, "ge.wave.co2"],
  [10, 25, 3300, 4100, "MDC_CONC_AWAY_O2"],
  [11, 25, 0, 300, "MDC_CONC_AWAY_N2O"],
  [12, 25, 120, 210, "ge.wave.aa"],
  [13, 25, 30, 260, "MDC_PRESS_AWAY"],
  [14, 25, -420, 460, "MDC_FLOW_AWAY"],
  [15, 25, -120, 130, "MDC_RESP"],
  [18, 100, -500, 500, "ge.wave.eeg1"],
  [19, 100, -500, 500, "ge.wave.eeg2"],
  [20, 100, -500, 500, "ge.wave.eeg3"],
  [21, 100, -500, 500, "ge.wave.eeg4"],
  [23, 25, 0, 520, "ge.wave.vol"],
  [32, 100, -300, 300, "ge.wave.entropy"],
  [35, 300, -60, 60, "ge.wave.bis"],
  [39, 100, -120, 130, "ge.wave.resp_100"],
];
