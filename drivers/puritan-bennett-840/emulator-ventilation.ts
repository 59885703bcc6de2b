import { type Dice, roll } from "../kit/emulator-dice.ts";
import type { Fields } from "./emulator-fields.ts";

/**
 * What happens at the bed: settings of a way of ventilation, values of the last breath, manoeuvres that were or were not done,
 * alarms that come and go. One call of `nextBreath` a time the ventilator is asked.
 */

export type Model = "840" | "980";

export type Ventilation = {
  readonly random: number;
  readonly model: Model;
  readonly serial: string;
  /** The device's clock at switch-on, in ms since 1970 without any zone. */
  readonly clock: number;
  readonly way: Way;
  /** Answers until somebody changes the way of ventilation. */
  readonly wayLeft: number;
  /** Manoeuvre → its results, once it was done (PB-2). */
  readonly manoeuvres: Readonly<Partial<Record<ManoeuvreName, readonly string[]>>>;
  /** Alarm field → word; a field that is missing is NORMAL. */
  readonly alarms: Fields;
  readonly miscf: Fields;
  readonly misca: Fields;
};

type Way = (typeof WAYS)[number];
const WAYS = ["A/C VC", "A/C PC", "SIMV VC+", "SPONT PS", "SPONT PA", "BILEVL PC"] as const;
type ManoeuvreName = keyof typeof MANOEUVRES;

/** Fields of a manoeuvre in MISCF, and what stands there while it was never done. */
const MANOEUVRES = {
  expiratoryPause: { fields: [90, 91], never: ["0.0", "0.0"] },
  inspiratoryPause: { fields: [92, 93, 94], never: ["0.0", "0.0", "0.0"] },
  negativeForce: { fields: [102], never: ["0.0"] },
  occlusion: { fields: [103], never: ["0.0"] },
  vitalCapacity: { fields: [104], never: ["0.000"] },
} as const;
const MANOEUVRE_NAMES = Object.keys(MANOEUVRES) as [ManoeuvreName, ...ManoeuvreName[]];

const ALARM_FIRST = 106;
const ALARM_LAST = 153;
/** On the 980: prox inop. */
const ALARM_980 = 160;

export function switchedOn(seed: number, model: Model): Ventilation {
  const dice = roll(seed);
  const clock = Date.UTC(2026, dice.between(0, 11), dice.between(10, 28), dice.between(0, 23), dice.between(0, 59), dice.between(0, 59));
  const way = dice.one(WAYS);
  const serial = `35${String(dice.between(0, 99_999_999)).padStart(8, "0")}`;
  const start = { model, serial, clock, way, wayLeft: dice.between(12, 40), manoeuvres: {}, miscf: {}, misca: {} };
  // RESET: was active, reset by hand, as one field of the recorded answer has it.
  return { ...start, alarms: { [dice.between(ALARM_FIRST, 136)]: "RESET" }, random: dice.state() };
}

export function nextBreath(before: Ventilation, at: number): Ventilation {
  const dice = roll(before.random);
  const changes = before.wayLeft <= 0;
  const now: Ventilation = {
    ...before,
    way: changes ? dice.one(WAYS) : before.way,
    wayLeft: changes ? dice.between(12, 40) : before.wayLeft - 1,
    manoeuvres: nextManoeuvres(before.manoeuvres, dice),
    alarms: nextAlarms(before, dice),
  };
  const miscf = settingsPort(now, at, dice);
  return { ...now, miscf, misca: olderAnswer(miscf), random: dice.state() };
}

function nextManoeuvres(done: Ventilation["manoeuvres"], dice: Dice): Ventilation["manoeuvres"] {
  if (!dice.happens(0.08)) return done;
  const name = dice.one(MANOEUVRE_NAMES);
  return { ...done, [name]: manoeuvreResults(name, dice) };
}
function manoeuvreResults(name: ManoeuvreName, dice: Dice): readonly string[] {
  switch (name) {
    case "expiratoryPause":
      // One of two results may truly be 0.0; it goes out as printed then (PB-2).
      return [dice.happens(0.4) ? "0.0" : dice.near(1.5, 1, 1), dice.near(6, 1, 1)];
    case "inspiratoryPause":
      return [dice.near(34, 8, 1), dice.near(11, 4, 1), dice.near(19, 4, 1)];
    case "negativeForce":
      return [dice.near(-32, 9, 1)];
    case "occlusion":
      return [dice.near(-3, 1.5, 1)];
    case "vitalCapacity":
      return [dice.near(1.6, 0.6, 3)];
  }
}

function nextAlarms({ alarms, model }: Ventilation, dice: Dice): Fields {
  const next: Record<number, string> = {};
  for (const [field, word] of Object.entries(alarms)) {
    const later = nextWord(word, dice);
    if (later !== "NORMAL") next[Number(field)] = later;
  }
  if (dice.happens(0.3)) {
    const field = model === "980" && dice.happens(0.1) ? ALARM_980 : dice.between(ALARM_FIRST, ALARM_LAST);
    next[field] ??= dice.one(["LOW", "MEDIUM", "HIGH"]);
  }
  return next;
}
function nextWord(word: string, dice: Dice): string {
  if (word === "RESET") return dice.happens(0.3) ? dice.one(["NORMAL", "NORMAL", "HIGH"]) : word;
  if (dice.happens(0.3)) return dice.one(["NORMAL", "RESET"]);
  return dice.happens(0.2) ? dice.one(["MEDIUM", "HIGH"]) : word;
}

// ── MISCF ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const two = (value: number): string => String(value).padStart(2, "0");

function settingsPort(now: Ventilation, at: number, dice: Dice): Fields {
  const clock = new Date(now.clock + at);
  const active = Object.values(now.alarms).some((word) => word !== "RESET");
  const manoeuvres = MANOEUVRE_NAMES.flatMap((name) => {
    const results = now.manoeuvres[name] ?? MANOEUVRES[name].never;
    return MANOEUVRES[name].fields.map((field, index): [number, string] => [field, results[index] ?? ""]);
  });
  const words: Record<number, string> = {};
  for (let field = ALARM_FIRST; field <= ALARM_LAST; field++) words[field] = now.alarms[field] ?? "NORMAL";
  return {
    5: `${two(clock.getUTCHours())}:${two(clock.getUTCMinutes())}`,
    6: `${now.model} ${now.serial}`,
    7: `${MONTHS[clock.getUTCMonth()]} ${two(clock.getUTCDate())} ${clock.getUTCFullYear()}`,
    ...USUAL_SETTINGS,
    ...settings(now.way),
    ...measured(now.way, dice),
    ...Object.fromEntries(manoeuvres),
    105: active && dice.happens(0.4) ? "ON" : "OFF",
    ...words,
    ...(now.model === "980" ? only980(now.alarms, dice) : {}),
  };
}

/** As the recorded answer has them. */
const USUAL_SETTINGS: Fields = {
  ...{ 8: "INVASIVE", 12: "V-Trig", 16: "21", 18: "5.0", 20: "20", 21: "0.500", 22: "20.0", 23: "55.0", 24: "100", 27: "RAMP", 28: "VC" },
  ...{ 33: "OFF", 34: "50", 36: "23.000", 37: "4.500", 38: "1200", 39: "350", 40: "1200", 41: "255", 42: "40", 44: "4.5", 45: "3.0" },
  ...{ 53: "HME", 55: "Enabled", 56: "75", 60: "50.0", 66: "ADULT" },
};
/** Apnoea ventilation by pressure instead of volume. */
const APNOEA_BY_PRESSURE: Fields = { 21: "", 23: "", 25: "15.0", 26: "1.00", 27: "", 28: "PC", 29: "1.00", 30: "3.00" };

function settings(way: Way): Fields {
  switch (way) {
    case "A/C VC":
      return { 9: "A/C", 10: "VC", 13: "14.0", 14: "0.365", 15: "55.0", 19: "0.0", 32: "RAMP" };
    case "A/C PC":
      return {
        ...{ 9: "A/C", 10: "PC", 12: "P-Trig", 13: "16.0", 17: "2.0", 35: "8", 43: "900", 44: "", 45: "", 46: "18.0", 47: "1.10" },
        ...{ 48: "1.00", 49: "2.41", 50: "I-TIME", 57: "50", 68: "2.65", ...APNOEA_BY_PRESSURE },
      };
    case "SIMV VC+":
      return {
        ...{ 9: "SIMV", 10: "VC+", 11: "PS", 13: "10.0", 14: "0.420", 16: "40", 31: "10.0", 32: "SQUARE", 33: "ON", 35: "6", 43: "1100" },
        ...{ 47: "1.20", 53: "HEATED EXP TUBE", 54: "0.480", 57: "60", 59: "25" },
      };
    case "SPONT PS":
      return { 8: "NIV", 9: "SPONT", 11: "PS", 16: "35", 31: "12.0", 43: "1000", 57: "40", 59: "30", 65: "1.8" };
    case "SPONT PA":
      return { 9: "SPONT", 11: "PA", 43: "1000", 51: "7.5", 52: "ET", 58: "60", 59: "3", 61: "0.400" };
    case "BILEVL PC":
      return { 9: "BILEVL", 10: "PC", 11: "PS", 13: "8.0", 31: "5.0", 57: "50", 59: "25", 62: "22.0", 63: "6.0", 64: "2.50", 67: "5.00" };
  }
}

/** The breath just over: how fast, how big, at what pressure. */
const BREATHS: Readonly<Record<Way, { readonly rate: number; readonly volume: number; readonly peak: number; readonly mean: number }>> = {
  "A/C VC": { rate: 14, volume: 0.375, peak: 24, mean: 8.6 },
  "A/C PC": { rate: 17, volume: 0.41, peak: 23, mean: 10.2 },
  "SIMV VC+": { rate: 15, volume: 0.43, peak: 21, mean: 9.1 },
  "SPONT PS": { rate: 22, volume: 0.36, peak: 17, mean: 8 },
  "SPONT PA": { rate: 26, volume: 0.33, peak: 19, mean: 8.8 },
  "BILEVL PC": { rate: 12, volume: 0.48, peak: 22.5, mean: 12.4 },
};

function measured(way: Way, dice: Dice): Fields {
  const breath = BREATHS[way];
  const rate = dice.near(breath.rate, way === "A/C VC" ? 0.6 : 3, 1);
  const volume = dice.near(breath.volume, 0.04, 3);
  const peak = dice.near(breath.peak, 2, 1);
  const expiratory = dice.near(3.2, 1.7, 2);
  return {
    ...{ 69: dice.near(breath.peak - 1, 1, 1), 70: rate, 71: volume, 72: (Number(rate) * Number(volume)).toFixed(3), 73: peak },
    ...{
      74: dice.near(breath.mean, 1, 1),
      75: expiratory,
      76: `1:${expiratory}`,
      77: String(dice.between(20, 22)),
      87: dice.near(5.6, 0.4, 1),
    },
    ...{ 96: dice.near(24, 5, 1), 97: dice.near(6, 1.5, 1), 99: dice.near(95, 12, 1) },
    // A zero here is a value (PB-4): the flow had ended before the next breath.
    100: dice.happens(0.5) ? "0.0" : dice.near(4, 3, 1),
    ...(way === "A/C VC" ? {} : { 78: dice.near(breath.volume + 0.02, 0.03, 3) }),
    ...(way.startsWith("A/C") ? {} : spontaneous(way, rate, volume, dice)),
  };
}

function spontaneous(way: Way, rate: string, volume: string, dice: Dice): Fields {
  const index = (Number(rate) / Number(volume)).toFixed(1);
  return {
    ...{ 84: dice.near(1.3, 0.5, 1), 85: index, 86: dice.near(0.33, 0.08, 2), 88: dice.near(0.9, 0.2, 2), 89: dice.near(4.1, 1.5, 3) },
    ...{ 98: dice.near(48, 9, 1), 154: dice.near(Number(volume), 0.03, 3) },
    ...(way === "SPONT PS" && dice.happens(0.3) ? { 95: "ALERT" } : {}),
    ...(way === "SPONT PA" ? assisted(dice) : {}),
  };
}
const assisted = (dice: Dice): Fields => ({
  ...{ 79: dice.near(1.2, 0.9, 1), 80: dice.near(11, 3, 1), 81: dice.near(7, 2, 1), 82: dice.near(28, 6, 1), 83: dice.near(36, 7, 1) },
  155: dice.near(0.7, 0.3, 1),
});
const only980 = (alarms: Fields, dice: Dice): Fields => ({
  ...{ 156: "Enabled", 157: dice.near(6, 4, 1), 158: dice.near(1.5, 1, 2), 159: String(dice.between(4, 40)) },
  ...{ [ALARM_980]: alarms[ALARM_980] ?? "NORMAL", 161: dice.near(38, 4, 1) },
});

// ── MISCA ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The older answer tells the same breath, with fewer digits for volumes. */
function olderAnswer(miscf: Fields): Fields {
  const same = (field: number): string => miscf[field] ?? "";
  const shorter = (field: number, decimals: number): string => (same(field) === "" ? "" : Number(same(field)).toFixed(decimals));
  const alarm = (field: number): string => (["NORMAL", "RESET"].includes(same(field)) ? same(field) : "ALARM");
  const time = { 5: same(5), 6: same(6), 8: same(7), 60: same(5), 62: same(7) };
  return {
    ...time,
    ...{ 9: same(9) === "A/C" ? "CMV" : same(9), 10: same(13), 11: shorter(14, 2), 12: shorter(15, 0), 13: same(16), 14: same(17) },
    ...{ 15: same(18), 16: same(19), 21: "20", 22: "0.50", 23: "20.0", 24: "55", 25: "100", 26: shorter(31, 0), 27: "RAMP", 30: same(33) },
    ...{ 34: shorter(70, 0), 35: shorter(71, 2), 36: shorter(72, 2), 37: shorter(89, 1), 38: same(73), 39: same(74), 40: same(69) },
    ...{ 41: same(75), 42: same(34), 45: "0.35", 46: shorter(37, 1), 47: same(42) },
    ...{ 48: alarm(110), 51: alarm(117), 52: alarm(118), 53: alarm(112), 54: alarm(122), 55: alarm(121), 56: "NORMAL", 57: alarm(106) },
    ...{ 63: same(92), 64: same(93), 65: same(96), 66: shorter(97, 2), 67: shorter(102, 0), 68: same(104), 69: shorter(98, 0) || "0" },
    ...{ 70: shorter(44, 0), 71: shorter(45, 0), 83: "NOOP C", 84: "24.00", 85: "0", 86: "0.00", 87: "20", 88: "0", 89: "20.0" },
    ...{ 90: "0.00", 91: "100", 92: "50", 93: "OFF", 94: "NORMAL", 95: "NORMAL", 96: "0.00", 97: "0.00", 98: "0.00", 99: "0.00" },
    101: same(76),
  };
}
