import { Milliseconds } from "../../config/units.ts";
import { CLOCK_GRAIN, type Emulator, nextRandom, type Sent } from "../kit/emulator.ts";

/**
 * Masimo's three oximeters at their output "ASCII 1", written from the paper alone: a line a second. The sensor falls off now and then:
 * first the numbers go on being printed beside EXC 000820, then there are dashes.
 */
export type MasimoState = {
  readonly random: number;
  readonly lines: number;
  readonly now: Situation;
  readonly left: number;
  readonly turn: number;
};
type Model = "rad-5" | "rad-8" | "radical-7";
type Fate = "printed" | "void" | "dashes";
/** `on`: the conditions that stand then. */
type Situation = {
  readonly exc: number;
  readonly alarm: number;
  readonly numbers: Fate;
  readonly on: readonly string[];
  readonly only?: Model;
};

const LINE_MS = 1000;
const ORDINARY: Situation = { exc: 0x800, alarm: 0, numbers: "printed", on: [] };
const OFF = ["MDC_EVT_SENSOR_DISCONN"];
const LOW_AND_TRENDS = ["masimo.spco_low", "masimo.spmet_low", "masimo.desat_index", "masimo.pi_delta"];
const SITUATIONS: readonly Situation[] = [
  { exc: 0x820, alarm: 0, numbers: "void", on: OFF },
  { exc: 0x801, alarm: 0, numbers: "dashes", on: [] },
  { exc: 0x804, alarm: 0, numbers: "printed", on: [] },
  { exc: 0x808, alarm: 0, numbers: "printed", on: [] },
  { exc: 0x800, alarm: 0x20, numbers: "printed", on: [] },
  { exc: 0x800, alarm: 0x12, numbers: "printed", on: ["MDC_EVT_DESAT"] },
  { exc: 0xc00, alarm: 0x15, numbers: "printed", on: ["masimo.spo2_high", "MDC_EVT_HI_GT_LIM"] },
  { exc: 0x800, alarm: 0x58, numbers: "printed", on: ["MDC_EVT_LO_LT_LIM", "MDC_EVT_BATT_LO"] },
  { exc: 0x200800, alarm: 0x510, numbers: "printed", on: ["masimo.spco_high", "masimo.spmet_high"], only: "radical-7" },
  { exc: 0x020800, alarm: 0x3a10, numbers: "printed", on: LOW_AND_TRENDS, only: "radical-7" },
  { exc: 0x008800, alarm: 0, numbers: "void", on: [], only: "radical-7" },
];
const FALLEN: Situation = { exc: 0x820, alarm: 0, numbers: "dashes", on: OFF };
/** Words of two digits end before the alarms of SpCO and what follows it. */
const SHORT = ["masimo.spo2_high", "MDC_EVT_DESAT", "MDC_EVT_HI_GT_LIM", "MDC_EVT_LO_LT_LIM", "MDC_EVT_BATT_LO", ...OFF];
const LONG = ["masimo.spco_high", "masimo.spmet_high", ...LOW_AND_TRENDS];

export const masimoEmulator = (model: Model): Emulator<MasimoState> => ({
  id: "masimo-ascii",
  speed: 9600,
  unchecked: true,
  start: (seed) => ({ random: seed, lines: 0, now: ORDINARY, left: 3, turn: seed }),
  step: (state, _heard, at) => {
    const sends: Sent[] = [];
    let now = state;
    // It was switched on before somebody listened: what comes first is the end of a line.
    if (now.lines === 0) sends.push({ bytes: new TextEncoder().encode(" EXC=000800\r\n") });
    for (; now.lines * LINE_MS <= at + CLOCK_GRAIN; now = nextLine(now, model)) sends.push(line(now, model));
    return { state: now, sends, next: Milliseconds(now.lines * LINE_MS - at) };
  },
});
export const masimoAsciiEmulator = masimoEmulator("radical-7");

/** One situation after the other, an ordinary one between; each lasts up to three lines. */
function nextLine({ random, lines, now, left, turn }: MasimoState, model: Model): MasimoState {
  const [later, chance] = nextRandom(random);
  const next = { random: later, lines: lines + 1 };
  if (left > 1) return { ...next, now, left: left - 1, turn };
  const open = SITUATIONS.filter(({ only }) => only === undefined || only === model);
  const lasts = 1 + Math.floor(chance * 3);
  if (now === SITUATIONS[0]) return { ...next, now: FALLEN, left: lasts, turn };
  if (now !== ORDINARY) return { ...next, now: ORDINARY, left: 1, turn };
  return { ...next, now: open[Math.abs(turn) % open.length]!, left: lasts, turn: turn + 1 };
}

/** Item, term, digits before and behind the point (`+` is a sign), what follows them, the least and the highest whole number. */
const ITEMS = [
  ["SPO2", "MDC_PULS_OXIM_SAT_O2", "3", "%", 85, 100],
  ["BPM", "MDC_PULS_OXIM_PULS_RATE", "3", "", 55, 120],
  ["PI", "MDC_PULS_OXIM_PERF_REL", "2.2", "%", 0, 19],
  ["SPCO", "masimo.spco", "2.1", "%", 0, 39],
  ["SPMET", "masimo.spmet", "2.1", "%", 0, 14],
  ["DESAT", "masimo.desat", "2", "", 0, 99],
  ["PIDELTA", "masimo.pidelta", "+2", "", 0, 99],
  ["PVI", "masimo.pvi", "3", "", 0, 100],
] as const;
const ITEMS_OF: Readonly<Record<Model, number>> = { "rad-5": 3, "rad-8": 7, "radical-7": 8 };

function line({ random, lines, now }: MasimoState, model: Model): Sent {
  const observations: Record<string, string | null> = {};
  const printed = ITEMS.slice(0, ITEMS_OF[model]).map(([item, refid, form, behind, least, highest], i) => {
    // A Rad-8 has the items of rainbow, and never a value for them.
    const isMissing = now.numbers === "dashes" || (model === "rad-8" && i > 2);
    const [, chance] = nextRandom(random + i);
    const { text, value } = isMissing ? { text: dashesOf(form), value: null } : digitsOf(form, { least, highest, chance });
    observations[refid] = now.numbers === "void" ? null : value;
    return `${item}=${text}${behind}`;
  });
  const short = model === "rad-5";
  const alarm = hex(now.alarm, short ? 2 : 4);
  const exc = hex(now.exc, short ? 3 : 6);
  const deviceTime = `02/24/18 ${[(lines / 3600) % 24, (lines / 60) % 60, lines % 60].map((part) => two(Math.floor(part))).join(":")}`;
  const serial = short ? [] : ["SN=0000145838"];
  const bytes = new TextEncoder().encode(`${[deviceTime, ...serial, ...printed, `ALARM=${alarm}`, `EXC=${exc}`].join(" ")}\r\n`);
  const conditions = Object.fromEntries([...SHORT, ...(short ? [] : LONG)].map((one) => [one, now.on.includes(one)]));
  const said = { ...observations, "masimo.alarm": alarm, "masimo.exc": exc };
  return { bytes, unit: { bytes: bytes.length, deviceTime, observations: said, waves: {}, conditions } };
}

const two = (value: number): string => String(value).padStart(2, "0");
const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, "0");
const dashesOf = (form: string): string => form.replace(/\d/g, (count) => "-".repeat(Number(count)));

/** Some digits of a form: "2.1" may be printed as 04.5, and its value is then 4.5. */
function digitsOf(form: string, { least, highest, chance }: Range): { readonly text: string; readonly value: string } {
  const sign = form.startsWith("+") ? (chance < 0.5 ? "-" : "+") : "";
  const [whole, fraction] = form.replace("+", "").split(".").map(Number) as [number, number?];
  const digits = String(least + Math.floor(chance * (highest + 1 - least))).padStart(whole, "0");
  const behind = fraction === undefined ? "" : `.${String(Math.floor(chance * 997) % 10 ** fraction).padStart(fraction, "0")}`;
  const value = `${Number(digits)}${behind}`;
  return { text: `${sign}${digits}${behind}`, value: sign === "-" && value !== "0" ? `-${value}` : value };
}
type Range = { readonly least: number; readonly highest: number; readonly chance: number };
