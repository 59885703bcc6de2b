import { decimal, decimalFromText } from "../kit/decimal.ts";
import type { Reading, ValueMetric } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";
import {
  type AlarmPage,
  alarmOf,
  type Family,
  listedAlarmOf,
  listedAlarmsOf,
  metricAt,
  type Page,
  seriesOf,
  TIME,
  VERSION,
} from "./metrics.ts";

/** Codes that the last answer of a page held, a bit for each: eight words of 32. */
export type Codes = readonly number[];
export const NO_CODES: Codes = [0, 0, 0, 0, 0, 0, 0, 0];
export const has = (codes: Codes, code: number): boolean => ((codes[code >> 5] ?? 0) & (1 << (code & 31))) !== 0;
const codesOf = (all: readonly number[]): Codes =>
  NO_CODES.map((_, word) => all.reduce((bits, code) => (code >> 5 === word ? bits | (1 << (code & 31)) : bits), 0));
const gone = (before: Codes, now: Codes): readonly number[] =>
  Array.from({ length: 256 }, (_, code) => code).filter((code) => has(before, code) && !has(now, code));

/** What an answer tells, and the codes that it held. */
export type Told = { readonly readings: readonly Reading[]; readonly codes: Codes };
type Entry = { readonly code: number; readonly bytes: number; readonly readings: readonly Reading[] };

const CODE = /^[0-9A-F]{2}$/;
const unreadable = (bytes: number, reason: Word): Reading => ({ told: "unreadable", bytes, reason });
const notANumber = (bytes: number, { name = "" }: ValueMetric): Reading => ({
  told: "unreadable",
  bytes,
  reason: "not_a_number",
  about: name,
});
const absent = (metric: ValueMetric, reason: Word): Reading => ({ told: "absent", metric, validity: "not_available", reason });

/** MB-5, MB-8: what an earlier answer held and this one does not is absent, once; a value in another code of the series goes before. */
function told(entries: readonly Entry[], missing: (codes: Codes) => readonly Reading[]): Told {
  const series = new Set<string>();
  const fresh = (reading: Reading): boolean => !("metric" in reading) || !series.has(seriesOf(reading.metric));
  const keep = (readings: readonly Reading[]): readonly Reading[] => {
    for (const reading of readings) if ("metric" in reading) series.add(seriesOf(reading.metric));
    return readings;
  };
  const codes = codesOf(entries.map(({ code }) => code));
  const values = entries.flatMap(({ bytes, readings }) => (readings.every(fresh) ? keep(readings) : [unreadable(bytes, "told_twice")]));
  return { readings: [...values, ...missing(codes).filter(fresh)], codes };
}

/** Cuts a text into entries of equal length that begin with a code; undefined where it cannot be so. */
function cut(text: string, length: number, codeAt = 0): readonly { readonly code: number; readonly entry: string }[] | undefined {
  if (text.length % length !== 0) return undefined;
  const entries = Array.from({ length: text.length / length }, (_, i) => text.slice(i * length, (i + 1) * length));
  if (!entries.every((entry) => CODE.test(entry.slice(codeAt, codeAt + 2)))) return undefined;
  return entries.map((entry) => ({ code: Number.parseInt(entry.slice(codeAt, codeAt + 2), 16), entry }));
}

/** MB-20: code and four characters, of settings five. */
export function values(
  text: string,
  { family, page, before }: { readonly family: Family; readonly page: Page; readonly before: Codes },
): Told {
  const entries = cut(text, page === "s" ? 7 : 6);
  if (entries === undefined) return { readings: [unreadable(text.length, "layout")], codes: before };
  return told(
    entries.map(({ code, entry }) => ({ code, bytes: entry.length, readings: number(metricAt(family, page, code), entry.slice(2)) })),
    (now) => gone(before, now).map((code) => absent(metricAt(family, page, code), "not_sent")),
  );
}

/** MB-6: blanks around the number are padding; its digits, point and trailing zeros stay. */
function number(metric: ValueMetric, field: string): readonly Reading[] {
  const text = field.trim();
  if (text === "") return [absent(metric, "blank")];
  const value = text.startsWith("+") ? undefined : decimalFromText(text);
  if (value !== undefined) return [{ told: "number", metric, value }];
  return [{ told: "absent", metric, validity: "invalid", reason: "not_a_number" }, notANumber(field.length, metric)];
}

const PRIORITY_ZERO = 0x30;
const PRIORITY_MAX = 31;
/** Conditions as listed, and by their code alone. */
export type Alarms = { readonly plain: Codes; readonly listed: Codes };
export const NO_ALARMS: Alarms = { plain: NO_CODES, listed: NO_CODES };

/** MB-21, MB-32: priority, code and a phrase of twelve characters. What is no longer sent is over. */
export function alarms(
  text: string,
  { family, page, before }: { readonly family: Family; readonly page: AlarmPage; readonly before: Alarms },
): { readonly readings: readonly Reading[]; readonly alarms: Alarms } {
  const entries = cut(text, 15, 1);
  if (entries === undefined) return { readings: [unreadable(text.length, "layout")], alarms: before };
  const sent = entries.map(({ code, entry }) => {
    const priority = entry.charCodeAt(0) - PRIORITY_ZERO;
    const known = priority >= 1 && priority <= PRIORITY_MAX;
    return { code, entry, priority: known ? priority : undefined, listed: listedAlarmOf(family, page, code, priority) };
  });
  const priorityPage = page === "a1" ? "p1" : "p2";
  const alarmsNow: Alarms = {
    plain: codesOf(sent.flatMap(({ code, listed }) => (listed === undefined ? [code] : []))),
    listed: codesOf(sent.flatMap(({ code, listed }) => (listed === undefined ? [] : [code]))),
  };
  const over = [
    ...gone(before.plain, alarmsNow.plain).map((code) => alarmOf(page, code)),
    ...gone(before.listed, alarmsNow.listed).flatMap((code) => listedAlarmsOf(page, code)),
  ];
  const both = ({ plain, listed }: Alarms): Codes => plain.map((word, i) => word | listed[i]!);
  const { readings } = told(
    sent.flatMap(({ code, entry, priority, listed }): readonly Entry[] => {
      const word = entry.slice(3).trimEnd();
      const metric = listed ?? alarmOf(page, code);
      const rank = priority === undefined ? {} : { rank: String(priority) };
      const condition: Reading = { told: "condition", metric, present: true, ...(word === "" ? {} : { word }), ...rank };
      return [
        { code, bytes: entry.length, readings: [condition] },
        { code, bytes: 1, readings: rankReading(metricAt(family, priorityPage, code), priority) },
      ];
    }),
    () => [
      ...over.map((metric): Reading => ({ told: "condition", metric, present: false })),
      ...gone(both(before), both(alarmsNow)).map((code) => absent(metricAt(family, priorityPage, code), "not_sent")),
    ],
  );
  return { readings, alarms: alarmsNow };
}

function rankReading(metric: ValueMetric, priority: number | undefined): readonly Reading[] {
  if (priority !== undefined) return [{ told: "number", metric, value: decimal(priority) }];
  return [{ told: "absent", metric, validity: "invalid", reason: "not_a_number" }, notANumber(1, metric)];
}

const ENTRY_HEAD = 3;
const LENGTH_ZERO = 0x30;
const ETX = "\x03";
/** MB-22: code, length, text, ETX. Verbatim. */
export function texts(text: string, { family, before }: { readonly family: Family; readonly before: Codes }): Told {
  const entries: Entry[] = [];
  for (let at = 0; at < text.length; ) {
    const length = text.charCodeAt(at + 2) - LENGTH_ZERO;
    const end = at + ENTRY_HEAD + length;
    const code = text.slice(at, at + 2);
    if (!(CODE.test(code) && length >= 0 && text[end] === ETX)) return { readings: [unreadable(text.length, "layout")], codes: before };
    const metric = metricAt(family, "t", Number.parseInt(code, 16));
    const value = text.slice(at + ENTRY_HEAD, end);
    const reading: Reading = value.trim() === "" ? absent(metric, "blank") : { told: "text", metric, value };
    entries.push({ code: Number.parseInt(code, 16), bytes: end + 1 - at, readings: [reading] });
    at = end + 1;
  }
  return told(entries, (now) => gone(before, now).map((code) => absent(metricAt(family, "t", code), "not_sent")));
}

const TIME_LENGTH_MAX = 32;
/** MB-7: the device's own time, verbatim. */
export function time(text: string): readonly Reading[] {
  if (text.trim() === "") return [absent(TIME, "blank")];
  if (text.length > TIME_LENGTH_MAX) return [unreadable(text.length, "layout")];
  return [
    { told: "deviceTime", value: text },
    { told: "text", metric: TIME, value: text },
  ];
}

const IDENTITY = /^([0-9A-F]{4})'([^']{1,32})'(\d\d\.\d\d):(\d\d\.\d\d)$/;
const ICU_IDS: readonly string[] = ["8210", "8230", "8240", "8250", "8260"];
const ANAESTHESIA_NAMES = /^(Primus|Apollo)\b/;
/** MB-30: id of the model family, name, version of the device, version of the protocol. There is no serial number. */
export function identity(text: string): { readonly readings: readonly Reading[]; readonly family: Family } {
  const [, id, name, version, protocol] = IDENTITY.exec(text) ?? [];
  if (id === undefined || name === undefined || version === undefined || protocol === undefined)
    return { readings: text === "" ? [] : [unreadable(text.length, "no_identity")], family: "unknown" };
  return {
    readings: [
      { told: "identity", fact: "model", value: `${id} ${name}` },
      { told: "identity", fact: "firmware", value: version },
      { told: "text", metric: VERSION, value: protocol },
    ],
    family: ICU_IDS.includes(id) ? "icu" : ANAESTHESIA_NAMES.test(name) ? "anaesthesia" : "unknown",
  };
}
