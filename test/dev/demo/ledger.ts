import { TICK } from "../../../agent/main.ts";
import type { Metric } from "../../../proto/messages.ts";
import type { Received } from "../../support/central.ts";
import type { LedgerEntry } from "../../support/emulated-device.ts";
import { alertFaults } from "./edges.ts";

/**
 * The two ledgers: what each emulated device sent, counted by itself in units (a packet, an answer), against what the centre
 * received after removing duplicates. Pure. A unit may be missing only where `excuse` finds a reason in times that were measured
 * from outside the agent; everything else that is missing is lost, and everything received that nobody sent is invented.
 */

/** One time during which one agent process held a port, in monotonic nanoseconds. */
export type Hold = {
  /** The port was first seen in the process's descriptors. */
  readonly from: bigint;
  /** Just before SIGKILL; undefined where it was not killed. */
  readonly killed: bigint | undefined;
};
export type DeviceBook = {
  readonly device: string;
  /** Under what name the device's own ledger has a metric. */
  readonly keyOf: (metric: Metric) => string;
  /** Names that the device's own ledger does not keep; all others must be in it. */
  readonly beyond: (key: string) => boolean;
  /** "unasked": it streams by itself; "asked": only when the agent asks. */
  readonly speaks: "unasked" | "asked";
  readonly sent: readonly LedgerEntry[];
  /** In order of time. */
  readonly holds: readonly Hold[];
};
export type DeviceTally = {
  readonly device: string;
  /** Since its port was first opened: what came before was nobody's to hear. */
  readonly sent: number;
  /** Units that arrived, each once. */
  readonly received: number;
  /** Missing, with no excuse yet: while the demo runs they may be on their way, in the end they are lost. */
  readonly onTheWay: number;
  /** Missing, and in the time in which nobody could have heard it. */
  readonly unheard: number;
  /** Missing without an excuse, one line each. */
  readonly lost: readonly string[];
  /** Received, but never sent so; one line each. */
  readonly invented: readonly string[];
  readonly absences: readonly Absence[];
};
/** From one kill until the device was heard again. */
export type Absence = {
  /** Kill to the port being open again, measured. */
  readonly away: bigint;
  /** Kill to the first byte of the next unit that arrived; undefined while none has. */
  readonly silent: bigint | undefined;
  /** The most that `silent` may be: away, a tick and a unit. */
  readonly limit: bigint;
};

export const TICK_NS = BigInt(TICK * 1e6);

export function tally(book: DeviceBook, received: readonly Received[]): DeviceTally {
  const own = received.filter((record) => record.device.device === book.device).sort(inTime);
  const lost: string[] = [];
  const invented: string[] = [];
  const reports = own.filter(isReport);
  const told = reports.filter(({ body }) => body.observations.length > 0);
  invented.push(...cutFaults(book, reports));
  const matched = matchLast(book.sent, told, (entry, report) => sameReport(book, entry, report));
  told.forEach((report, at) => {
    if (matched[at] === undefined) invented.push(`${book.device}: a report that it never sent (${reportText(book, report)})`);
  });
  const arrived = new Set(matched);
  let unheard = 0;
  let before = 0;
  book.sent.forEach((entry, at) => {
    if (arrived.has(at)) return;
    if (excuse(entry, book.holds) === undefined)
      lost.push(`${book.device}: unit ${at} (device time ${entry.unit.deviceTime}) did not arrive (${whenText(entry, book.holds)})`);
    else if (entry.firstByteAt < (book.holds[0]?.from ?? entry.lastByteAt)) before += 1;
    else unheard += 1;
  });
  const onTheWay = lost.length;
  for (const faults of [waveFaults(book, own), alertFaults(book, own, told, matched)]) {
    lost.push(...faults.lost);
    invented.push(...faults.invented);
  }
  const first = (at: number | undefined) => (at === undefined ? undefined : book.sent[at]?.firstByteAt);
  const heardAt = matched.map(first).filter((at) => at !== undefined);
  return {
    device: book.device,
    sent: book.sent.length - before,
    received: arrived.size - (arrived.has(undefined) ? 1 : 0),
    onTheWay,
    unheard,
    lost,
    invented,
    absences: absences(book, heardAt),
  };
}

/** Why a unit need not arrive: bytes of it left while no agent held the port, or in the tick before a kill. */
export function excuse({ firstByteAt, lastByteAt }: LedgerEntry, holds: readonly Hold[]): "nobody listened" | "killed" | undefined {
  const hold = holds.findLast(({ from }) => from <= firstByteAt);
  if (hold === undefined) return "nobody listened";
  if (hold.killed === undefined || lastByteAt < hold.killed - TICK_NS) return undefined;
  return firstByteAt > hold.killed ? "nobody listened" : "killed";
}

/** What a report says otherwise than the last unit that was begun before it. */
function reportText({ sent, keyOf }: DeviceBook, { epoch, n, at, deviceTime, body }: Of<"report">): string {
  const unit = sent.findLast(({ firstByteAt }) => firstByteAt <= at)?.unit;
  const told: [name: string, came: string | null | undefined, was: string | null | undefined][] = [
    ["device time", deviceTime, unit?.deviceTime],
    ...body.observations.map(({ metric, value }): [string, string | null, string | null | undefined] => {
      const key = keyOf(metric);
      return [key, value, unit?.observations[key]];
    }),
  ];
  const other = told.filter(([, came, was]) => came !== was).map(([name, came, was]) => `${name} ${came} instead of ${was}`);
  return [`epoch ${epoch}, n ${n}`, ...other.slice(0, DIFFERENCES_TOLD)].join(", ");
}
const DIFFERENCES_TOLD = 4;

/** How a unit lies to the time in which its port was held: the first thing that whoever looks for a loss wants to know. */
function whenText({ firstByteAt, lastByteAt }: LedgerEntry, holds: readonly Hold[]): string {
  const hold = holds.findLast(({ from }) => from <= firstByteAt);
  if (hold === undefined) return "before the port was opened";
  const began = `it began ${milliseconds(firstByteAt - hold.from)} after the port was opened`;
  return hold.killed === undefined ? began : `${began} and ended ${milliseconds(hold.killed - lastByteAt)} before the kill`;
}

/** Undefined: it has not ended. */
export const milliseconds = (time: bigint | undefined): string => (time === undefined ? "good" : `${(Number(time) / 1e6).toFixed(1)} ms`);

/**
 * The bound: from the kill until the device is heard again passes no more than the time until the port is open, a tick,
 * and one unit (the one under way when it was opened). A device that streams late by itself is not the agent's fault.
 */
function absences({ holds, sent, speaks }: DeviceBook, heardAt: readonly bigint[]): Absence[] {
  const unit = sent.reduce((longest, { firstByteAt, lastByteAt }) => max(longest, lastByteAt - firstByteAt), 0n);
  return holds.flatMap(({ killed }, at) => {
    const next = holds[at + 1];
    if (killed === undefined || next === undefined) return [];
    const away = next.from - killed;
    const back = heardAt.find((first) => first >= killed && (next.killed === undefined || first < next.killed));
    const whole = sent.find(({ firstByteAt }) => firstByteAt >= next.from)?.firstByteAt;
    const late = speaks === "unasked" && whole !== undefined ? max(0n, whole - next.from - unit - TICK_NS) : 0n;
    return [{ away, silent: back === undefined ? undefined : back - killed, limit: away + TICK_NS + unit + late }];
  });
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

// ── Which unit a record is of ───────────────────────────────────────────────────────────────────────────────────────

export type Of<K extends Received["body"]["kind"]> = Received & { readonly body: Extract<Received["body"], { kind: K }> };
export const isReport = (record: Received): record is Of<"report"> => record.body.kind === "report";
const isWave = (record: Received): record is Of<"wave"> => record.body.kind === "wave";

/** In the order in which they happened: runs follow one another in time, and n tells within one tick. */
const inTime = (a: Received, b: Received): number => {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  return a.epoch - b.epoch || a.n - b.n;
};

/**
 * For each record the unit it is of, both in order, none twice; undefined where there is none. The last that fits is taken: a
 * record comes after its unit, so of two equal units the later one before it is its own. Begun before, not ended before: the end
 * is told when its last write has returned, and on a busy machine the agent has read it and gone on by then.
 */
function matchLast<R extends Received>(
  sent: readonly LedgerEntry[],
  records: readonly R[],
  same: (entry: LedgerEntry, record: R) => boolean,
): readonly (number | undefined)[] {
  const matched = new Array<number | undefined>(records.length);
  let before = sent.length;
  for (let at = records.length - 1; at >= 0; at -= 1) {
    const record = records[at]!;
    const unit = sent.slice(0, before).findLastIndex((entry) => entry.firstByteAt <= record.at && same(entry, record));
    if (unit === -1) continue;
    matched[at] = unit;
    before = unit;
  }
  return matched;
}

/** Value by value, in the device's own digits; nothing more and nothing less. */
function sameReport({ keyOf, beyond }: DeviceBook, { unit }: LedgerEntry, { body, deviceTime }: Of<"report">): boolean {
  if (deviceTime !== unit.deviceTime) return false;
  const wanted = unit.observations;
  const told = body.observations.filter(({ metric }) => keyOf(metric) in wanted || !beyond(keyOf(metric)));
  const keys = new Set(told.map(({ metric }) => keyOf(metric)));
  if (keys.size !== told.length || told.length !== Object.keys(wanted).length) return false;
  return told.every(({ metric, value, validity }) => wanted[keyOf(metric)] === value && (value === null) === (validity !== 0));
}

/** A report without a value tells of a unit that was cut when the port was opened: once, first in its epoch, less than a unit. */
function cutFaults({ device, sent }: DeviceBook, reports: readonly Of<"report">[]): string[] {
  const bytes = Math.max(0, ...sent.map(({ unit }) => unit.bytes));
  return reports.flatMap(({ body, epoch, n }) => {
    if (body.unreadable === 0 || (body.observations.length === 0 && n === 0 && body.unreadable < bytes)) return [];
    return [`${device}: ${body.unreadable} bytes given up in the middle (epoch ${epoch}, n ${n})`];
  });
}

// ── Waves ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export type Faults = { readonly lost: readonly string[]; readonly invented: readonly string[] };

/** Sample by sample; and the sample count goes on by what was sent in between. */
function waveFaults(book: DeviceBook, own: readonly Received[]): Faults {
  const lost: string[] = [];
  const invented: string[] = [];
  const keys = new Set(book.sent.flatMap(({ unit }) => Object.keys(unit.waves)));
  for (const record of own.filter(isWave)) {
    if (!keys.has(book.keyOf(record.body.metric))) invented.push(`${book.device}: a wave of ${record.body.metric.refid}`);
  }
  for (const key of keys) {
    const blocks = own.filter(isWave).filter(({ body }) => book.keyOf(body.metric) === key);
    const matched = matchLast(book.sent, blocks, ({ unit }, { body }) => sameSamples(unit.waves[key], body.samples));
    const arrived = new Set(matched);
    blocks.forEach(({ epoch, n, body }, at) => {
      if (matched[at] === undefined)
        invented.push(`${book.device}: a block of ${key} that it never sent (epoch ${epoch}, n ${n}: ${body.samples.join(" ")})`);
    });
    book.sent.forEach((entry, at) => {
      if (entry.unit.waves[key] === undefined || arrived.has(at) || excuse(entry, book.holds) !== undefined) return;
      lost.push(`${book.device}: the ${key} block of unit ${at} did not arrive (${entry.unit.waves[key]?.join(" ")})`);
    });
    invented.push(...countFaults(book, key, blocks, matched));
  }
  return { lost, invented };
}

function countFaults({ device, sent }: DeviceBook, key: string, blocks: readonly Of<"wave">[], matched: readonly (number | undefined)[]) {
  const before: number[] = [];
  sent.reduce((sum, { unit }, at) => {
    before[at] = sum;
    return sum + (unit.waves[key]?.length ?? 0);
  }, 0);
  const base = new Map<string, number>();
  return blocks.flatMap(({ run, epoch, n, body }, at) => {
    const unit = matched[at];
    if (unit === undefined) return [];
    const offset = body.first - before[unit]!;
    const attachment = `${run}/${epoch}`;
    const known = base.get(attachment) ?? offset;
    base.set(attachment, known);
    return offset === known ? [] : [`${device}: ${key} counts its samples wrongly (epoch ${epoch}, n ${n})`];
  });
}

const sameSamples = (sent: readonly number[] | undefined, received: readonly number[]): boolean =>
  sent !== undefined && sent.length === received.length && sent.every((sample, at) => sample === received[at]);

// ── Numbers without holes ───────────────────────────────────────────────────────────────────────────────────────────

/** Every stream of every epoch is there from 0 to its last, whatever the devices say. One line for each hole. */
export function holes(received: readonly Received[]): string[] {
  const streams = new Map<string, Set<number>>();
  for (const { run, epoch, stream, n } of received) {
    const name = `run ${run.toString(16)}, epoch ${epoch}, stream ${stream}`;
    streams.set(name, (streams.get(name) ?? new Set()).add(n));
  }
  return [...streams].flatMap(([name, numbers]) => {
    const last = Math.max(...numbers);
    return last + 1 === numbers.size ? [] : [`${name}: ${last + 1 - numbers.size} of ${last + 1} numbers are missing`];
  });
}
