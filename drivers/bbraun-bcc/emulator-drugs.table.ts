/** What the emulated pumps give. Unit codes as in the paper; 33 is one that it does not name. */
export type Drug = {
  readonly long: string;
  readonly short: string;
  readonly id: string;
  readonly concentration: string;
  readonly concentrationUnit: string;
  /** 0: no dose mode. */
  readonly doseMode: string;
  readonly doseUnit: string;
  /** mL/h, in hundredths. */
  readonly rates: readonly [low: number, high: number];
  /** Dose rate of 1 mL/h. */
  readonly dose: number;
};

export const DRUGS: readonly [Drug, ...Drug[]] = [
  { long: "Norepinephrine", short: "Norepi", id: "101", concentration: "0.10", concentrationUnit: "31", doseMode: "1", doseUnit: "71", rates: [80, 900], dose: 0.021 },
  { long: "Propofol \u{E021} 2%", short: "Propofol\u{E021}", id: "207", concentration: "20.0", concentrationUnit: "31", doseMode: "1", doseUnit: "69", rates: [300, 2400], dose: 0.25 },
  { long: "NaCl 0.9%", short: "NaCl", id: "003", concentration: "_NV", concentrationUnit: "_NV", doseMode: "0", doseUnit: "_NV", rates: [2000, 15000], dose: 0 },
  { long: "Insulin", short: "Insulin", id: "310", concentration: "1.00", concentrationUnit: "33", doseMode: "2", doseUnit: "63", rates: [30, 400], dose: 1 },
  { long: "Sufentanil Größe M", short: "Sufenta", id: "402", concentration: "5.00", concentrationUnit: "32", doseMode: "2", doseUnit: "51", rates: [20, 600], dose: 5 },
  { long: "Kaliumchlorid 7.45%", short: "KCl", id: "118", concentration: "1.00", concentrationUnit: "34", doseMode: "2", doseUnit: "57", rates: [100, 2000], dose: 1 },
];

/** Texts about people: they are sent, and no reader may tell, keep or write them anywhere. */
export const PEOPLE: readonly (readonly [parameter: string, text: string])[] = [
  ["PATID", "PX-4711-0815"],
  ["PATIDBADGE", "BADGE-99-31"],
  ["PATIDDRUG", "DRUGPX-55"],
  ["NURSEID", "NURSE-0042"],
  ["DRUGORDERNO", "ORDER-777-1"],
  ["PATW", "81.5"],
  ["PATH", "187"],
  ["PATAGE", "63"],
];

/** Conditions that come and go; the paper's list. */
export const ALARMS: readonly [string, ...string[]] = ["INA1", "INA2", "INA3", "INA5", "INA7", "INA8", "INA9", "INA11", "INA12", "INA14", "INA15", "INA16"];
/** Of these the pump goes on running: they are pre-alarms. */
export const PRE_ALARMS: readonly string[] = ["INA11", "INA12"];
