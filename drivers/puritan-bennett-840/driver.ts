import { Milliseconds, Minutes, Seconds } from "../../config/units.ts";
import { bytesOf } from "../kit/bytes.ts";
import { type DeviceClock, milliseconds } from "../kit/clock.ts";
import { type Decoded, driver, type Line, type Step, type Template } from "../kit/driver.ts";
import { everyLine } from "../kit/line.ts";
import type { Metric, Reading, ValueMetric } from "../kit/reading.ts";
import { ANSWER_BYTES_MAX, FIELD_FIRST, type PrintedAnswer, readAnswer } from "./answer.ts";
import { type Alarm, alarmReadings, alarmsOf, type Field, fieldReadings, fieldsOf } from "./field.ts";
import { MISCA_ALARMS, MISCA_FIELDS, MISCA_MANOEUVRES } from "./misca.table.ts";
import { MISCF_980_ALARMS, MISCF_980_FIELDS, MISCF_ALARMS, MISCF_FIELDS, MISCF_MANOEUVRES } from "./miscf.table.ts";

/** How one kind of answer is read. */
type Layout = {
  readonly date: number;
  readonly fields: readonly Field[];
  readonly alarms: readonly Alarm[];
  readonly manoeuvres: readonly (readonly number[])[];
  /** Fields without a documented meaning: carried as text (PB-8). */
  readonly undocumented: readonly Field[];
};

const TIME = 5;
const ID = 6;
const SHORT_BLANK = 7; // MISCA has no field of this meaning, and its date is field 8 (PB-7).
const MISCF_LAST = 173;
const MISCA_LAST = 101;

const MISCF_ALL = fieldsOf("f", MISCF_FIELDS);
const MISCF = layout("f", {
  date: 7,
  last: MISCF_LAST,
  fields: MISCF_ALL,
  alarms: alarmsOf("f", MISCF_ALARMS, MISCF_ALL),
  manoeuvres: MISCF_MANOEUVRES,
});
const MISCA_ALL = fieldsOf("a", MISCA_FIELDS);
const MISCA = layout("a", {
  date: 8,
  last: MISCA_LAST,
  fields: MISCA_ALL,
  alarms: alarmsOf("a", MISCA_ALARMS, MISCA_ALL),
  manoeuvres: MISCA_MANOEUVRES,
});
const MISCF_980 = variant980(MISCF);

/** Manoeuvres that have had a result in this attachment, by their first field's name. At most eight. */
type Memory = { readonly measured: readonly string[] };
const START: Memory = { measured: [] };

const command = (text: string): Template => ({ holes: [], encode: () => bytesOf(`${text}\r`) });
/** Nothing else exists on this port, and none of it touches a therapy. */
const TX = { RSET: command("RSET"), SNDF: command("SNDF"), SNDA: command("SNDA") };

const ANSWER_WITHIN = Seconds(2); // PB-13
const POLL_PAUSE = Seconds(1);
const RESET_PAUSE = Milliseconds(100);
const FAILURES_MAX = 3;

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
/** PB-7: `DEC 16 2026 05:04`, minutes only, no zone. */
const CLOCK: DeviceClock = {
  grain: Minutes(1),
  read: (text) => {
    const [, name = "", ...numbers] = /^([A-Z]{3}) (\d\d) (\d{4}) (\d\d):(\d\d)$/.exec(text) ?? [];
    const [day = 0, year = 0, hour = 0, minute = 0] = numbers.map(Number);
    return milliseconds({ year, month: MONTHS.indexOf(name) + 1, day, hour, minute, second: 0 });
  },
};

/** Puritan Bennett 840 and 980, settings port: SNDF (or, of old software, SNDA) is asked every second. */
export const puritanBennett840 = driver({
  id: "puritan-bennett-840",
  device: "Puritan Bennett 840 and 980, settings port",
  grade: "capture",
  line: { speed: 9600, format: "8N1", modemLines: "untouched" }, // PB-14
  otherLines: everyLine([2400, 4800, 9600, 19_200, 38_400, 115_200], ["8N1", "8E1", "8O1"]),
  quiet: Seconds(10),
  proof: 1,
  frame: { delimited: { start: "MISC", end: "\x03\r", lengthMax: ANSWER_BYTES_MAX, accepts: (frame) => readAnswer(frame) !== undefined } },
  scrub: "nobody",
  clock: CLOCK,
  metrics: [...metricsOf(MISCF), ...metricsOf(MISCA), ...metricsOf(MISCF_980).filter(({ refid }) => refid.startsWith("pb980."))],
  tx: TX,
  memory: START,
  decode,
  run,
  firstRequest: "harmless", // Both words make a report be printed, and nothing else.
});

// ── Reading an answer ───────────────────────────────────────────────────────────────────────────────────────────────

function decode(frame: Uint8Array, memory: Memory): Decoded<Memory> {
  const answer = readAnswer(frame);
  if (answer === undefined) return { readings: [{ told: "unreadable", bytes: frame.length, reason: "no_answer" }], memory };
  const read = layoutOf(answer);
  const printed = (number: number): string | undefined => answer.fields[number - FIELD_FIRST];
  const readings: Reading[] = [...about(answer, read)];
  for (const field of read.fields) {
    const text = printed(field.number);
    if (text !== undefined && field.form !== "manoeuvre") readings.push(...fieldReadings(field, text));
  }
  let measured = memory.measured;
  for (const numbers of read.manoeuvres) {
    const fields = read.fields.filter(({ number }) => numbers.includes(number));
    const told = fields.flatMap((field) => fieldReadings(field, printed(field.number) ?? ""));
    const key = fields[0]!.metric.name ?? "";
    if (told.some(isResult) && !measured.includes(key)) measured = [...measured, key];
    readings.push(...manoeuvreReadings(told, measured.includes(key)));
  }
  for (const field of read.undocumented) {
    const text = printed(field.number)?.trim() ?? "";
    if (text !== "") readings.push({ told: "text", metric: field.metric, value: text }); // PB-8
  }
  for (const alarm of read.alarms) readings.push(...alarmReadings(alarm, printed(alarm.number) ?? ""));
  const beyond = answer.fields.slice((answer.command === "MISCF" ? MISCF_LAST : MISCA_LAST) + 1 - FIELD_FIRST).join(",");
  if (beyond.length > 0) readings.push({ told: "unreadable", bytes: beyond.length, reason: "fields_unknown" });
  return { readings, memory: measured === memory.measured ? memory : { measured } };
}

function about({ fields }: PrintedAnswer, { date }: Layout): readonly Reading[] {
  const printed = (number: number): string => (fields[number - FIELD_FIRST] ?? "").trim();
  const [model = "", serial = ""] = printed(ID).split(/ +/);
  const time = `${printed(date)} ${printed(TIME)}`.trim(); // PB-7
  return [
    ...(time === "" ? [] : [{ told: "deviceTime", value: time } as const]),
    { told: "identity", fact: "model", value: model }, // PB-12
    { told: "identity", fact: "serial", value: serial },
  ];
}

const isResult = (reading: Reading): boolean => reading.told === "number" && reading.value.mantissa !== 0n;

/** PB-2: a manoeuvre whose fields are all zero was never done; one that was done is told whole, zeros included. */
function manoeuvreReadings(told: readonly Reading[], measured: boolean): readonly Reading[] {
  const results = told.some(isResult);
  return told.map((reading): Reading => {
    if (reading.told !== "number") return reading;
    if (results) return { ...reading, reason: "age_unknown" };
    // It had a result before: cleared since, or truly zero now; the device does not say.
    const reason = measured ? "zero_again" : "never_measured";
    return { told: "absent", metric: reading.metric, validity: "not_available", reason };
  });
}

// ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────────────

type Asking = Line<Memory, typeof TX>;

function* run(line: Asking): Step<void> {
  yield* line.send("RSET"); // once; it answers nothing
  yield* line.sleep(RESET_PAUSE); // it empties the receive buffer, and a request behind it must not go with that
  let knowsFull = false;
  for (let failures = 0; failures < FAILURES_MAX; yield* line.sleep(POLL_PAUSE)) {
    const answered: Told = yield* poll(line, knowsFull);
    knowsFull ||= answered === "MISCF";
    failures = answered === "none" ? failures + 1 : 0;
  }
}

/** SNDA is asked only of a ventilator that has never answered SNDF (PB-13): a full answer that was cut is no old software. */
function* poll(line: Asking, knowsFull: boolean): Step<Told> {
  yield* line.send("SNDF");
  const full = yield* line.expect(ANSWERS, ANSWER_WITHIN);
  if (full.got === "answer") return commandOf(full.seen.frame);
  if (knowsFull || full.got === "broken") return "none";
  yield* line.send("SNDA");
  const short = yield* line.expect(ANSWERS, ANSWER_WITHIN);
  return short.got === "answer" ? commandOf(short.seen.frame) : "none";
}

type Told = PrintedAnswer["command"] | "none";
const commandOf = (frame: Uint8Array): Told => readAnswer(frame)?.command ?? "none";

/** Any answer will do: one that comes late belongs to the request before, and is as good. */
const ANSWERS = { answer: (frame: Uint8Array) => readAnswer(frame) !== undefined };

// ── Layouts ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function layoutOf({ command: name, fields }: PrintedAnswer): Layout {
  if (name === "MISCA") return MISCA;
  return fields[ID - FIELD_FIRST]?.startsWith("980") ? MISCF_980 : MISCF; // PB-9
}

function layout(letter: "f" | "a", { last, ...known }: Omit<Layout, "undocumented"> & { readonly last: number }): Layout {
  const documented = new Set([TIME, ID, known.date, ...[...known.fields, ...known.alarms].map(({ number }) => number)]);
  const numbers = Array.from({ length: last - SHORT_BLANK + 1 }, (_, i) => SHORT_BLANK + i).filter((number) => !documented.has(number));
  return {
    ...known,
    undocumented: fieldsOf(
      letter,
      numbers.map((number) => [number, "text", "word", "", "", "undocumented"]),
    ),
  };
}

/** PB-9: the 980 uses three numbers otherwise; its own metrics carry its own name. */
function variant980(base: Layout): Layout {
  const named = <M extends ValueMetric | Alarm["metric"]>(metric: M): M => ({ ...metric, refid: metric.refid.replace("pb840.", "pb980.") });
  const fields = fieldsOf("f", MISCF_980_FIELDS).map((field) => ({ ...field, metric: named(field.metric) }));
  const alarms = alarmsOf("f", MISCF_980_ALARMS, fields).map((alarm) => ({ ...alarm, metric: named(alarm.metric) }));
  const other = new Set([...fields, ...alarms].map(({ number }) => number));
  const kept = <T extends { readonly number: number }>(all: readonly T[]): readonly T[] => all.filter(({ number }) => !other.has(number));
  return {
    ...base,
    fields: [...kept(base.fields), ...fields],
    alarms: [...kept(base.alarms), ...alarms],
    undocumented: kept(base.undocumented),
  };
}

function metricsOf({ fields, alarms, undocumented }: Layout): readonly Metric[] {
  return [...fields, ...undocumented, ...alarms].map(({ metric }) => metric);
}
