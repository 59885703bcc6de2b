import { Seconds } from "../../config/units.ts";
import { type DeviceClock, fullYear, milliseconds } from "../kit/clock.ts";
import { decimalFromText } from "../kit/decimal.ts";
import { type Decoded, driver } from "../kit/driver.ts";
import { type ConditionMetric, numeric, type Reading, type Validity, type ValueMetric } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";
import { CONDITIONS, EXCEPTIONS, NUMBERS, WORDS } from "./line.table.ts";

const numbers = NUMBERS.map(([item, refid, unit, picture]) => ({ item, picture, metric: numeric(refid, unit, { name: item }) }));
const words = WORDS.map(([item, refid, widths, known]) => {
  return { item, widths, known, metric: { kind: "text", refid, name: item } satisfies ValueMetric };
});
const conditions = CONDITIONS.map(([item, bit, refid, nature, on, name]) => {
  return { item, bit, metric: { kind: "condition", refid, name, nature, on } satisfies ConditionMetric };
});

const LINE_BYTES_MAX = 300; // MA-11
const LINE = /^(\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d)((?: +[A-Z][A-Z0-9]*=[!-~]+)+) *\r?\n$/; // MA-4, MA-6, MA-9
const DASHES = /^[+-]?-+(?:\.-+)?$/; // MA-7

/** MA-4: MM/DD/YY HH:MM:SS, no zone. */
const CLOCK: DeviceClock = {
  grain: Seconds(1),
  read: (text) => {
    if (!/^\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d$/.test(text)) return undefined;
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = text.split(/[/ :]/).map(Number);
    return milliseconds({ year: fullYear(year), month, day, hour, minute, second });
  },
};

/** Masimo Rad-5, Rad-8 and Radical-7, output "ASCII 1": a line a second, unasked. */
export const masimoAscii = driver({
  id: "masimo-ascii",
  device: "Masimo Rad-5, Rad-8 and Radical-7, output ASCII 1",
  grade: "capture",
  line: { speed: 9600, format: "8N1", modemLines: "untouched" }, // MA-5
  quiet: Seconds(5), // MA-11
  proof: 2, // MA-12
  frame: { delimited: { end: "\n", lengthMax: LINE_BYTES_MAX, accepts: (frame) => lineOf(frame) !== undefined } },
  scrub: "nobody",
  clock: CLOCK,
  metrics: [...numbers, ...words, ...conditions].map(({ metric }) => metric),
  tx: {},
  memory: {},
  decode,
});

type Items = ReadonlyMap<string, string>;
/** MA-6, MA-10: every part is an item, known items look as they must, none comes twice, SPO2 and BPM are there. */
function lineOf(frame: Uint8Array): { readonly time: string; readonly items: Items } | undefined {
  const [, time, parts] = LINE.exec(String.fromCharCode(...frame)) ?? [];
  if (time === undefined || parts === undefined) return undefined;
  const all = parts.trim().split(/ +/);
  const items = new Map(all.map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)]));
  const isWhole = items.size === all.length && items.has("SPO2") && items.has("BPM");
  return isWhole && [...items].every(isWellFormed) ? { time, items } : undefined;
}

function isWellFormed([item, text]: readonly [string, string]): boolean {
  if (item === "SN") return /^\d{10}$/.test(text) || DASHES.test(text); // MA-8
  const widths = words.find((one) => one.item === item)?.widths;
  if (widths !== undefined) return /^[0-9A-F]+$/i.test(text) && widths.includes(text.length);
  const known = numbers.find((one) => one.item === item);
  const digits = text.replace(/%$/, "");
  return known === undefined || DASHES.test(digits) || digits.replace(/\d/g, "0").replace(/^-/, "+") === known.picture;
}

function decode(frame: Uint8Array, memory: object): Decoded<object> {
  const line = lineOf(frame);
  if (line === undefined) return { readings: [{ told: "unreadable", bytes: frame.length, reason: "no_line" }], memory };
  const { time, items } = line;
  const serial = items.get("SN");
  const readings: readonly Reading[] = [
    { told: "deviceTime", value: time },
    ...(serial === undefined || DASHES.test(serial) ? [] : [{ told: "identity", fact: "serial", value: serial } as const]), // MA-8
    ...numbers.flatMap(({ item, metric }) => numberOf(items, item, metric)),
    ...words.flatMap(({ item, known, metric }): Reading[] => {
      const value = items.get(item);
      if (value === undefined) return [];
      const isKnown = (Number.parseInt(value, 16) & ~known) === 0;
      return [{ told: "text", metric, value }, ...(isKnown ? [] : [unread(value, "unknown_bit")])];
    }),
    ...conditions.flatMap(({ item, bit, metric }): Reading[] => {
      const value = items.get(item);
      // A word of two digits has no room for what a shorter device does not watch.
      if (value === undefined || bit >= 16 ** value.length) return [];
      return [{ told: "condition", metric, present: (Number.parseInt(value, 16) & bit) !== 0 }];
    }),
    ...[...items].flatMap(([item, value]) => (READ.has(item) ? [] : [unread(`${item}=${value}`, "unknown_item")])),
  ];
  return { readings, memory };
}
const READ: ReadonlySet<string> = new Set(["SN", ...[...numbers, ...words].map(({ item }) => item)]);
const unread = (text: string, reason: Word): Reading => ({ told: "unreadable", bytes: text.length, reason });

function numberOf(items: Items, item: string, metric: ValueMetric): readonly Reading[] {
  const text = items.get(item);
  if (text === undefined) return [];
  const value = decimalFromText(text.replace(/%$/, "")); // MA-1
  if (value === undefined) return [{ told: "absent", metric, validity: "not_available", reason: "no_value" }]; // MA-7
  const doubt = doubtOf(items.get("EXC"), item);
  if (doubt === undefined) return [{ told: "number", metric, value }];
  // MA-2: the device goes on printing numbers while its sensor is off.
  return [doubt.validity === "invalid" ? { told: "absent", metric, ...doubt } : { told: "number", metric, value, ...doubt }];
}

function doubtOf(exc: string | undefined, item: string): { readonly validity: Validity; readonly reason: Word } | undefined {
  if (exc === undefined) return { validity: "questionable", reason: "no_exc" }; // MA-13
  const set = Number.parseInt(exc, 16);
  for (const [bit, effect, reason, only = item] of EXCEPTIONS) if ((set & bit) !== 0 && only === item) return { validity: effect, reason };
  return undefined;
}
