import { type Duration, Milliseconds } from "../../config/units.ts";
import { FAULT_ALIASES, FAULT_TABLE, TIME_PARAMETERS } from "./emulator-faults.table.ts";

/**
 * Faults in words. On a command line they stand in a row, in a script one a line:
 *
 *   KIND[@FROM[+TIME]][:PARAMETER[,PARAMETER…]]     silence@10s+5s   flip:every=20   noise:bytes=40,every=7   late:2s,every=5
 *
 * FROM counts from switch-on; without it the fault is there from the beginning, without +TIME for ever. The first parameter of a
 * kind may stand without its name. `swap` takes the name of a device instead.
 */

export type FaultKind = (typeof FAULT_TABLE)[number]["kind"];
type Parameter = "every" | "bits" | "bytes" | "times" | "time" | "pause";
export type Fault = {
  readonly kind: FaultKind;
  readonly from: Duration;
  /** First instant at which it is over; infinite: it stays. */
  readonly until: Duration;
  /** Every parameter of its kind: counts, and times in ms. */
  readonly parameters: Readonly<Partial<Record<Parameter, number>>>;
  /** Of a swap: name of the device that comes; undefined: another of the same kind. */
  readonly device?: string;
};
export type Faults = { readonly faults: readonly Fault[] } | Mistake;
/** What was expected, in one line with an example. */
export type Mistake = { readonly mistake: string };

const KINDS = new Map(FAULT_TABLE.map((row) => [row.kind as string, row]));
const NAMES = FAULT_TABLE.map(({ kind }) => kind).join(", ");
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000 };
const EXAMPLES = {
  silence: "silence@10s+5s",
  unplug: "unplug@10s+3s",
  swap: "swap@1m",
  flip: "flip:every=20",
  checksum: "checksum:every=4",
  cut: "cut:every=3",
  noise: "noise:bytes=40,every=7",
  repeat: "repeat:every=6",
  late: "late:2s,every=5",
  split: "split:bytes=3,pause=5ms",
} as const satisfies Record<FaultKind, string>;
/** For people: one of each kind. */
export const exampleOf = (kind: FaultKind): string => EXAMPLES[kind];

/** A time in words: "10s", "250ms", "1m", "2.5min". Undefined where it is none. */
export function timeOf(word: string): Duration | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|min)$/.exec(word);
  return match === null ? undefined : Milliseconds(Number(match[1]) * UNITS[match[2]!]!);
}

/** Faults in a row. A part without "=" begins the next fault: "garbage,unplug@10s", "noise:bytes=40,every=7,flip". */
export function faultsOf(words: string): Faults {
  const faults: Fault[] = [];
  const alone: string[] = [];
  for (const part of words.split(",").map((one) => one.trim())) {
    if (/^[a-z]+=/.test(part) && alone.length > 0) alone.push(`${alone.pop()},${part}`);
    else alone.push(part);
  }
  for (const word of alone) {
    const read = faultOf(word);
    if ("mistake" in read) return read;
    faults.push(read);
  }
  return { faults };
}

function faultOf(word: string): Fault | Mistake {
  const match = /^([a-z]+)(?:@([^:+]*)(?:\+([^:]*))?)?(?::(.*))?$/.exec(word);
  if (match === null) return { mistake: `"${word}" is no fault: expected KIND@FROM+TIME:PARAMETERS, for example  ${EXAMPLES.silence}` };
  const [, name = "", from, lasts, rest] = match;
  const row = KINDS.get(Object.hasOwn(FAULT_ALIASES, name) ? FAULT_ALIASES[name as keyof typeof FAULT_ALIASES] : name);
  if (row === undefined) return { mistake: `"${name}" is no fault; there are: ${NAMES}; for example  ${EXAMPLES.flip}` };
  const example = `for example  ${EXAMPLES[row.kind]}`;
  const begins = from === undefined ? Milliseconds(0) : timeOf(from);
  if (begins === undefined) return { mistake: `"${from}" in "${word}" is no time: expected 250ms, 10s or 1m, ${example}` };
  const time = lasts === undefined ? Milliseconds(Number.POSITIVE_INFINITY) : timeOf(lasts);
  if (time === undefined) return { mistake: `"${lasts}" in "${word}" is no time: expected 250ms, 10s or 1m, ${example}` };
  if (row.kind === "swap" && lasts !== undefined)
    return { mistake: `"${word}": what was swapped stays; swap back by a second one, ${example}` };
  const window = { kind: row.kind, from: begins, until: Milliseconds(begins + time) };
  if (row.kind === "swap") return { ...window, parameters: {}, ...(rest === undefined || rest === "" ? {} : { device: rest }) };
  const parameters = parametersOf(word, rest, row.parameters, example);
  return "mistake" in parameters ? parameters : { ...window, parameters };
}

function parametersOf(word: string, rest: string | undefined, known: Fault["parameters"], example: string): Fault["parameters"] | Mistake {
  const names = Object.keys(known) as Parameter[];
  const given: Partial<Record<Parameter, number>> = {};
  for (const [at, one] of (rest === undefined ? [] : rest.split(",")).entries()) {
    const [name, value] = one.includes("=") ? one.split("=", 2) : [at === 0 ? names[0] : undefined, one];
    const parameter = names.find((wanted) => wanted === name);
    if (parameter === undefined || value === undefined) {
      const takes = names.length === 0 ? "takes no parameter" : `takes ${names.join(", ")}`;
      return { mistake: `"${one}" in "${word}" was not understood: this fault ${takes}, ${example}` };
    }
    const isTime = TIME_PARAMETERS.some((time) => time === parameter);
    const number = isTime ? timeOf(value) : countOf(value);
    const wanted = isTime ? "a time such as 2s" : `a whole number from 1 to ${COUNT_MAX}`;
    if (number === undefined) return { mistake: `"${one}" in "${word}": ${parameter} is ${wanted}, ${example}` };
    given[parameter] = number;
  }
  return { ...known, ...given };
}
const COUNT_MAX = 100_000;
function countOf(word: string): number | undefined {
  const count = /^\d{1,6}$/.test(word) ? Number(word) : 0;
  return count >= 1 && count <= COUNT_MAX ? count : undefined;
}

const timeWords = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

/** The fault in its own words, with every parameter: what `faultsOf` reads again. */
export function faultWords({ kind, from, until, parameters, device }: Fault): string {
  const lasts = Number.isFinite(until) ? `+${timeWords(until - from)}` : "";
  const window = from === 0 && lasts === "" && kind !== "swap" ? "" : `@${timeWords(from)}${lasts}`;
  const told = Object.entries(parameters).map(([name, value]) =>
    TIME_PARAMETERS.some((time) => time === name) ? `${name}=${timeWords(value)}` : `${name}=${value}`,
  );
  const rest = kind === "swap" ? (device ?? "") : told.join(",");
  return `${kind}${window}${rest === "" ? "" : `:${rest}`}`;
}

// ── Scripts ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Everything that a run depends on: equal scripts, equal bytes (as far as the device is asked the same at the same times). */
export type FaultScript = { readonly device?: string; readonly seed?: number; readonly faults: readonly Fault[] };

/** A line each: `device NAME`, `seed N`, or one fault; what follows a # is a remark. */
export function scriptOf(text: string): FaultScript | Mistake {
  let device: string | undefined;
  let seed: number | undefined;
  const faults: Fault[] = [];
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = whole.replace(/#.*$/, "").trim();
    const [, name, value] = /^(device|seed)\s+(\S+)$/.exec(line) ?? [];
    if (line === "") continue;
    if (name === "device") device = value;
    else if (name === "seed") {
      seed = seedOf(value!);
      if (seed === undefined) return { mistake: `line ${index + 1}: "${value}" is no seed: expected a whole number from 0 to ${SEED_MAX}` };
    } else {
      const read = faultOf(line);
      if ("mistake" in read) return { mistake: `line ${index + 1}: ${read.mistake}` };
      faults.push(read);
    }
  }
  return { faults, ...(device === undefined ? {} : { device }), ...(seed === undefined ? {} : { seed }) };
}
const SEED_MAX = 4_294_967_295;
export function seedOf(word: string): number | undefined {
  const seed = /^\d{1,10}$/.test(word) ? Number(word) : Number.NaN;
  return seed <= SEED_MAX ? seed : undefined;
}

export const scriptText = ({ device, seed, faults }: FaultScript): string =>
  [
    "# Faults of an emulated device; replay with  ./build.sh dev emulate --script FILE",
    ...(device === undefined ? [] : [`device ${device}`]),
    ...(seed === undefined ? [] : [`seed ${seed}`]),
    ...faults.map(faultWords),
    "",
  ].join("\n");
