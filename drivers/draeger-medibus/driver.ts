import { Seconds } from "../../config/units.ts";
import { type DeviceClock, fullYear, milliseconds } from "../kit/clock.ts";
import { type Decoded, driver } from "../kit/driver.ts";
import { everyLine } from "../kit/line.ts";
import { type Alarms, alarms, type Codes, identity, NO_ALARMS, NO_CODES, type Told, texts, time, values } from "./answers.ts";
import { type Curves, confirmed, forgotten, NO_CURVES, offered, record, settled } from "./curves.ts";
import { type AlarmPage, type Family, METRICS, type Page } from "./metrics.ts";
import { type Memory, run, TX } from "./talk.ts";
import { ABORT, CODE, ESC, FRAMING, GO_ON, NAK, SOH, STOP_SENDING, textOf } from "./telegram.ts";

/** Pages of values by the code that asks for them (MB-14). */
const PAGES: Readonly<Record<number, Page>> = { 36: "m1", 37: "l1", 38: "h1", 43: "m2", 44: "l2", 45: "h2", 41: "s" };
const ALARM_PAGES: Readonly<Record<number, AlarmPage>> = { 39: "a1", 46: "a2" };

/** What decode has learned. Serialisable; under 4 KB. */
type Learned = Memory & {
  readonly family: Family;
  /** Codes that the last answer of each page held, for this epoch. */
  readonly held: Readonly<Partial<Record<Page, Codes>>>;
  readonly alarms: Readonly<Record<AlarmPage, Alarms>>;
  readonly curves: Curves;
};
const START: Learned = {
  identified: false,
  family: "unknown",
  commands: { count: 0, last: [] },
  stops: 0,
  stopped: false,
  held: {},
  alarms: { a1: NO_ALARMS, a2: NO_ALARMS },
  curves: NO_CURVES,
};

/** As the device writes them, without umlauts (see read): German, and English where they differ. */
const MONTHS: readonly (readonly string[])[] = [
  ...[["JAN"], ["FEB"], ["MAR", "MRZ"], ["APR"], ["MAI", "MAY"], ["JUN"]],
  ...[["JUL"], ["AUG"], ["SEP"], ["OKT", "OCT"], ["NOV"], ["DEZ", "DEC"]],
];
/** MB-7: `11:11:1911-NOV-93`, time and date without a space between them, padded in old devices; no zone. */
const CLOCK: DeviceClock = {
  grain: Seconds(1),
  read: (text) => {
    const parts = /^ ?([ \d]?\d):([ \d]\d):([ \d]\d)([ \d]\d)-(\D{3})-(\d\d)$/.exec(text.trimEnd());
    if (parts === null) return undefined;
    const [, , , , , name = ""] = parts;
    const month = MONTHS.findIndex((names) => names.includes(name.toUpperCase().replace(/^M[^A-Z]R$/, "MAR"))) + 1;
    const [, hour = 0, minute = 0, second = 0, day = 0, , year = 0] = parts.map(Number);
    return milliseconds({ year: fullYear(year), month, day, hour, minute, second });
  },
};

/** Dräger Medibus: ventilators and anaesthesia machines; asked page by page, curves in between. */
export const draegerMedibus = driver({
  id: "draeger-medibus",
  device: "Dräger Evita, Savina, Primus, Apollo and kin, Medibus",
  grade: "document",
  line: { speed: 19_200, format: "8E1", modemLines: "untouched" }, // MB-16
  otherLines: everyLine([1200, 2400, 4800, 9600, 19_200, 38_400], ["8E1", "8N1", "8O1"]),
  quiet: Seconds(12), // MB-53: a command may be answered after 10 s
  proof: 2, // MB-10: an 8-bit sum alone is weak
  frame: FRAMING,
  scrub: "nobody",
  clock: CLOCK,
  metrics: METRICS,
  tx: TX,
  memory: START,
  decode,
  run,
  firstRequest: "harmless", // MB-60: ICC and who are you.
  leave: "STOP",
});

function decode(frame: Uint8Array, memory: Learned, gap: number): Decoded<Learned> {
  const mark = frame[0];
  const code = frame[1];
  if (mark === STOP_SENDING) return silent({ ...memory, stopped: true, stops: memory.stops + 1 }); // MB-12
  if (mark === GO_ON) return silent({ ...memory, stopped: false });
  if (mark === ABORT) return silent(memory);
  if (mark !== undefined && mark >= 0xd0) {
    const { readings, curves } = record(frame, memory.curves, gap);
    return { readings, memory: { ...memory, curves } };
  }
  if (code !== undefined && frame.length >= 5 && mark === ESC) return silent(commanded(code, memory));
  if (code !== undefined && frame.length >= 5 && mark === SOH) {
    const { readings, memory: next } = answered(code, textOf(frame), memory);
    const unread = settled(next.curves);
    return { readings: [...readings, ...unread.readings], memory: { ...next, curves: unread.curves } };
  }
  return { readings: [{ told: "unreadable", bytes: frame.length, reason: "no_telegram" }], memory };
}

const silent = (memory: Learned): Decoded<Learned> => ({ readings: [], memory });

/** MB-50: ICC makes either side forget all but the codes seen. */
const initialised = (memory: Learned): Learned => ({ ...memory, identified: false, curves: forgotten(memory.curves) });

const COMMANDS_KEPT = 8;
function commanded(code: number, memory: Learned): Learned {
  const { count, last } = memory.commands;
  const heard = { ...memory, commands: { count: count + 1, last: [...last, code].slice(-COMMANDS_KEPT) } };
  if (code === CODE.icc) return initialised(heard);
  return code === CODE.curvesChanged ? { ...heard, curves: forgotten(memory.curves) } : heard; // MB-44
}
/** Their answers say nothing but that they were heard: NOP, ICC, STOP, NAK. */
const EMPTY: readonly number[] = [CODE.nothing, CODE.icc, CODE.stop, NAK];

function answered(code: number, text: string, memory: Learned): Decoded<Learned> {
  const page = PAGES[code];
  const alarmPage = ALARM_PAGES[code];
  if (page !== undefined) return paged(page, memory, (before) => values(text, { family: memory.family, page, before }));
  if (alarmPage !== undefined) {
    const { readings, alarms: now } = alarms(text, { family: memory.family, page: alarmPage, before: memory.alarms[alarmPage] });
    return { readings, memory: { ...memory, alarms: { ...memory.alarms, [alarmPage]: now } } };
  }
  switch (code) {
    case CODE.texts:
      return paged("t", memory, (before) => texts(text, { family: memory.family, before }));
    case CODE.time:
      return { readings: time(text), memory };
    case CODE.identity: {
      const { readings, family } = identity(text);
      return { readings, memory: { ...memory, identified: true, family } };
    }
    case CODE.curves: {
      const { readings, curves } = offered(text, memory.curves);
      return { readings, memory: { ...memory, curves } };
    }
    case CODE.configure:
      return silent({ ...memory, curves: confirmed(memory.curves) });
  }
  const known = EMPTY.includes(code);
  const next = code === CODE.icc ? initialised(memory) : memory;
  return { readings: known && text === "" ? [] : [{ told: "unreadable", bytes: text.length, reason: "not_asked" }], memory: next };
}

function paged(page: Page, memory: Learned, read: (before: Codes) => Told): Decoded<Learned> {
  const { readings, codes } = read(memory.held[page] ?? NO_CODES);
  return { readings, memory: { ...memory, held: { ...memory.held, [page]: codes } } };
}
