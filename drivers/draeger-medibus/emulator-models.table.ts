/** What each emulated device tells: codes as in the paper's lists; middle, spread and decimals are made up. */

/** [code, middle, spread, decimals] */
type Quantity = readonly [code: string, middle: number, spread: number, decimals: number];
type Text = readonly [code: string, text: string];
/** Phrases have at most 12 characters; $& is LOW, "# is HIGH, '@ is ALARM. Without a priority in the paper: 1. */
export type Alarm = readonly [code: string, priority: number, phrase: string];
/** MB-32: alarms of ventilators of which the paper gives page, code and priority, which together name a condition. */
export const PAIRS: readonly string[] = ["27 10.30", "27 19.29", "27 98.29", "27 9A.30", "2E 6A.30"];
export const PAIRED: readonly string[] = ["8210", "8230", "8240", "8250", "8260"];
export type Trace = {
  readonly code: string;
  readonly interval: number; // µs
  readonly low: number;
  readonly high: number;
  readonly bins: number;
  readonly shape: "pressure" | "flow" | "volume" | "gas" | "pulse";
};
export type Model = {
  readonly id: string;
  readonly name: string;
  readonly software: string;
  readonly medibus: string;
  /** It talks only to a host that has told its id. */
  readonly demandsId: boolean;
  readonly data1: readonly Quantity[];
  readonly data2: readonly Quantity[];
  readonly low1: readonly Quantity[];
  readonly high1: readonly Quantity[];
  readonly settings: readonly Quantity[];
  /** One of them at a time, and what is always there. */
  readonly modes: readonly (readonly Text[])[];
  readonly texts: readonly Text[];
  /** The first one is always there, the others come and go. */
  readonly alarms1: readonly Alarm[];
  readonly alarms2: readonly Alarm[];
  readonly traces: readonly Trace[];
};

export const EVITA_4: Model = {
  id: "8240",
  name: "Evita 4",
  software: "04.12",
  medibus: "04.03",
  demandsId: true,
  data1: [
    ["07", 48, 12, 1], // compliance L/bar
    ["08", 11, 4, 1], // resistance mbar/L/s
    ["09", 210, 40, 0], // VCO2 mL/min
    ["72", -1.2, 0.6, 1], // P0.1 mbar
    ["73", 9, 2, 0], // mean Paw mbar
    ["74", 19, 3, 0], // plateau mbar
    ["78", 5.5, 0.6, 1], // PEEP mbar
    ["79", 6, 1, 1], // intrinsic PEEP mbar
    ["7D", 24, 4, 0], // peak Paw mbar
    ["88", 480, 60, 0], // Vte mL
    ["8D", -36, 7, 0], // NIF mbar
    ["B5", 6, 4, 0], // spontaneous rate 1/min
    ["B7", 2.4, 0.8, 2], // spontaneous MV L/min
    ["B9", 7.2, 1.2, 1], // minute volume L/min
    ["C1", 36, 2, 0], // airway temperature C
    ["D6", 15, 4, 0], // rate 1/min
    ["DB", 5.1, 0.5, 1], // etCO2 %
    ["E1", 78, 25, 0], // pulse 1/min
    ["E3", 5.2, 0.5, 1], // etCO2 kPa
    ["E6", 39, 4, 0], // etCO2 mmHg
    ["E7", 1, 0.2, 1], // I part
    ["E8", 2, 0.8, 1], // E part
    ["EB", 96, 3, 0], // SpO2 %
    ["F0", 45, 6, 0], // FiO2 %
    ["3C", 12, 9, 0], // not in the paper
  ],
  data2: [
    ["15", 3.2, 1, 1], // not in the paper
    ["4F", 140, 60, 0], // not in the paper
  ],
  low1: [
    ["B9", 4, 0.4, 1],
    ["E6", 30, 1, 0],
    ["EB", 90, 1, 0],
  ],
  high1: [
    ["7D", 40, 1, 0],
    ["B9", 12, 0.4, 1],
    ["D6", 30, 1, 0],
    ["E6", 60, 1, 0],
  ],
  settings: [
    ["01", 45, 0, 0], // O2 %
    ["04", 0.48, 0.02, 3], // Vt L
    ["05", 1.7, 0, 2], // Ti s
    ["07", 1, 0, 1], // I
    ["08", 2, 0.1, 1], // E
    ["09", 12, 0, 1], // rate 1/min
    ["0B", 5, 0, 1], // PEEP mbar
    ["12", 10, 1, 0], // ASB mbar
    ["13", 40, 0, 0], // Pmax mbar
    ["16", 35, 0, 0], // tachypnoea rate
    ["29", 5, 0, 1], // flow trigger L/min
    ["2E", 0.2, 0, 2], // ramp s
  ],
  modes: [[["01", "IPPV"]], [["07", "SIMV/ASB"]], [["0A", "CPAP"]], [["2D", "BIPAP/ASB"]], [["0B", "CPAP/ASB"], ["11", "Apnoea Ventilation"]]],
  texts: [
    ["20", "Adult"],
    ["22", "CO2 mmHg"],
    ["48", "IV"],
  ],
  alarms1: [
    ["AC", 1, "MV '@ OFF"],
    ["10", 30, "PAW \"#"],
    ["19", 29, "MV $&"],
    ["27", 28, "ETCO2 $&"],
    ["28", 28, "ETCO2 \"#"],
    ["42", 30, "FLOW SENSOR?"],
    ["90", 29, "RATE \"#"],
    ["98", 29, "APNEA"],
    ["9A", 30, "DISCONNECT."],
    ["9F", 31, "DEVICE FAIL."],
    ["35", 1, "SPO2 SENSOR?"],
    ["6E", 7, "CLEAN FILTER"], // not in the paper
  ],
  alarms2: [
    ["66", 1, "'@ OFF"],
    ["6A", 30, "TUBE BLOCKED"],
    ["93", 1, "APNEA VENT."],
    ["5A", 1, "ON BATTERY"],
    ["5C", 1, "BATTERY $&"],
    ["91", 1, "DATA LOST"],
  ],
  traces: [
    { code: "00", interval: 16000, low: -10, high: 100, bins: 880, shape: "pressure" },
    { code: "01", interval: 16000, low: -200, high: 200, bins: 1600, shape: "flow" },
    { code: "03", interval: 16000, low: 0, high: 2000, bins: 2000, shape: "volume" },
    { code: "06", interval: 16000, low: -20, high: 100, bins: 1120, shape: "gas" },
    { code: "02", interval: 16000, low: 0, high: 100, bins: 255, shape: "pulse" },
    { code: "1C", interval: 16000, low: -10, high: 100, bins: 880, shape: "pressure" },
  ],
};

export const SAVINA: Model = {
  id: "8250",
  name: "Savina",
  software: "03.01",
  medibus: "04.00",
  demandsId: false,
  data1: [
    ["69", 0.3, 0.1, 1], // Tplat s
    ["6F", 1.6, 0.2, 1], // Ti s
    ["71", 4, 1, 0], // min Paw mbar
    ["73", 10, 2, 0],
    ["74", 21, 3, 0],
    ["76", 640, 90, 0], // peak flow mL/s
    ["78", 6, 1, 0],
    ["7D", 26, 4, 0],
    ["82", 0.51, 0.06, 2], // Vte L
    ["B9", 8.4, 1.1, 1],
    ["C6", 92, 4, 0], // battery %
    ["D6", 16, 3, 0],
    ["E7", 1, 0, 1],
    ["E8", 2.1, 0.4, 1],
    ["F0", 40, 2, 0],
  ],
  data2: [],
  low1: [["B9", 5, 0.2, 1]],
  high1: [
    ["7D", 45, 1, 0],
    ["B9", 14, 0.3, 1],
  ],
  settings: [
    ["01", 40, 0, 0],
    ["04", 0.5, 0, 3],
    ["05", 1.6, 0, 2],
    ["09", 15, 0, 1],
    ["0B", 6, 0, 1],
    ["13", 45, 0, 0],
  ],
  modes: [[["01", "IPPV"]], [["02", "IPPV/Assist"]], [["06", "SIMV"]], [["0A", "CPAP"]]],
  texts: [["49", "NIV"]],
  alarms1: [
    ["08", 1, "O2 $&"],
    ["10", 30, "PAW \"#"],
    ["19", 29, "MV $&"],
    ["4B", 1, "BATTERY"],
    ["9B", 1, "MV \"#"],
    ["DA", 30, "PEEP \"#"],
  ],
  alarms2: [["68", 1, "'@ OFF"], ["95", 1, "STANDBY"]],
  traces: [],
};

export const ATLAN: Model = {
  id: "5555",
  name: "Atlan A3xx",
  software: "01.10",
  medibus: "06.00",
  demandsId: false,
  data1: [
    ["05", 18, 6, 0], // pressure mbar
    ["06", 52, 9, 0], // compliance mL/mbar
    ["6B", 1004, 3, 0], // ambient mbar
    ["73", 8, 2, 0],
    ["74", 17, 2, 0],
    ["78", 5, 1, 0],
    ["7D", 20, 3, 0],
    ["88", 470, 40, 0],
    ["AC", 0.9, 0.1, 1], // insp. MAC
    ["AD", 0.8, 0.1, 1], // exp. MAC
    ["B0", 2.1, 0.2, 1], // insp. sevoflurane %
    ["B1", 1.8, 0.2, 1], // exp. sevoflurane %
    ["B9", 5.9, 0.6, 1],
    ["D9", 12, 2, 0], // rate
    ["DB", 5.2, 0.3, 1],
    ["DD", 0, 0, 0], // N2O flow mL/min
    ["DE", 600, 80, 0], // air flow mL/min
    ["E2", 400, 60, 0], // O2 flow mL/min
    ["EF", 38, 3, 0],
    ["F0", 42, 3, 0],
  ],
  data2: [],
  low1: [["F0", 20, 0, 0]],
  high1: [["7D", 40, 1, 0]],
  settings: [["01", 40, 2, 0]],
  modes: [[["59", "Volume"]], [["5A", "Pressure"]], [["2B", "Man/Spont"]]],
  texts: [["37", "Carrier Air"]],
  alarms1: [
    ["AC", 1, "MV '@ OFF"],
    ["10", 30, "PAW \"#"],
    ["19", 29, "MV $&"],
  ],
  alarms2: [
    ["38", 9, "FRESH GAS"],
    ["CA", 12, "NO AIR"],
    ["CB", 11, "NO N2O"],
  ],
  traces: [{ code: "00", interval: 20000, low: -10, high: 90, bins: 1000, shape: "pressure" }],
};
