import { WAVE_BLOCK } from "../../../agent/session/wave-blocks.ts";
import type { Received } from "../../support/central.ts";
import type { LedgerEntry } from "../../support/emulated-device.ts";
import { type DeviceBook, type Hold, SETTLED_NS, TICK_NS } from "./book.ts";
import { alertFaults } from "./edges.ts";
import { isReport, keyIn, matchLast, named, type Of, type Share, type SharedEntry, sameReport, sharesOf } from "./shares.ts";
import { waveTally } from "./waves.ts";

/**
 * The two ledgers: what each emulated device sent, counted by itself in units (a packet, an answer), against what the centre
 * received after removing duplicates. Pure. A unit may be missing only where `excuses` finds a reason in times that were measured
 * from outside the agent; everything else that is missing is lost, and everything received that nobody sent is invented.
 */

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

const WAVE_BLOCK_NS = BigInt(WAVE_BLOCK * 1e6);

export function tally(book: DeviceBook, received: readonly Received[]): DeviceTally {
  const { device, sent, holds } = book;
  const own = received.filter((record) => record.device.device === device);
  const shares = sharesOf(sent, own).map((share) => ({ share, ...compared(book, share) }));
  const arrived = [...new Set(shares.flatMap((one) => one.arrived))].toSorted((a, b) => a - b);
  const heardAt = arrived.map((at) => sent[at]!.firstByteAt);
  const isExcused = excuses(book);
  const missing = shares.flatMap((one) => one.missing);
  const lost = missing.filter((one) => !isExcused(one));
  const onTheWay = new Set(lost.map(({ at }) => at));
  const has = new Set(arrived);
  const silent = new Set(missing.map(({ at }) => at));
  // What a unit without values said is seen in the alerts alone.
  const unheard = sent.filter((_, at) => !onTheWay.has(at) && !has.has(at) && (silent.has(at) || isExcused({ at, of: "values" })));
  const before = unheard.filter(({ firstByteAt }) => firstByteAt < (holds[0]?.from ?? firstByteAt + 1n)).length;
  const alerts = shares.map(({ share, told }) => alertFaults(book, share, told, ({ at }) => isExcused({ at, of: "values" })));
  return {
    device,
    sent: sent.length - before,
    received: sent.length - unheard.length - onTheWay.size,
    onTheWay: onTheWay.size,
    unheard: unheard.length - before,
    lost: [...lost.map(({ at, what }) => `${what} (${whenText(sent[at]!, holds)})`), ...alerts.flatMap((one) => one.lost)],
    invented: [...shares, ...alerts].flatMap(({ invented }) => invented),
    absences: absences(book, heardAt),
  };
}

/** Of unit `at` something did not arrive; values are told at once, samples when their block is full. */
type Missing = { readonly at: number; readonly of: "values" | "samples"; readonly what: string };
type Told = { readonly record: Of<"report">; readonly entry: SharedEntry | undefined };
type Compared = {
  readonly told: readonly Told[];
  /** Units of which values or samples arrived. */
  readonly arrived: readonly number[];
  readonly missing: readonly Missing[];
  readonly invented: readonly string[];
};

function compared(book: DeviceBook, share: Share): Compared {
  const who = named(book.device, share.place);
  const reports = share.records.filter(isReport);
  const telling = reports.filter(({ body }) => body.observations.length > 0);
  const speaking = share.entries.filter(({ unit }) => Object.keys(unit.observations).length > 0);
  const matched = matchLast(speaking, telling, (entry, report) => sameReport(entry, report, book.beyond));
  const told = telling.map((record, at) => ({ record, entry: matched[at] }));
  const heard = new Set(matched);
  const waves = waveTally(book, share);
  const sampled = share.entries.filter((entry) => Object.keys(entry.unit.waves).length > 0);
  return {
    told,
    arrived: [...speaking.filter((entry) => heard.has(entry)), ...sampled.filter((entry) => !waves.missing.has(entry))].map(({ at }) => at),
    missing: [
      ...speaking
        .filter((entry) => !heard.has(entry) && !isToldOnce(entry))
        .map(({ at, unit }) => ({ at, of: "values", what: `${who}: unit ${at} (device time ${unit.deviceTime}) did not arrive` }) as const),
      ...[...waves.missing].map(
        ([{ at }, keys]) => ({ at, of: "samples", what: `${who}: samples of ${keys.join(", ")} of unit ${at} did not arrive` }) as const,
      ),
    ],
    invented: [
      ...cutFaults(book, share, reports),
      ...told
        .filter(({ entry }) => entry === undefined)
        .map(({ record }) => `${who}: a report that it never sent (${reportText(speaking, record)})`),
      ...waves.invented,
    ],
  };
}

/** Only that something is over, which another reader was told before a kill. */
const isToldOnce = ({ unit: { observations, edges = [] } }: SharedEntry): boolean =>
  Object.keys(observations).every((key) => edges.includes(key));

/**
 * Why a unit need not arrive. Bytes of it left while no agent held the port, or just before a kill. Where frames have no start mark, it is
 * what ends first behind the opened port. And of a device that is asked, what it goes on sending to the one that was killed, for as long
 * as its talk takes to begin anew.
 */
function excuses(book: DeviceBook): (missing: Pick<Missing, "at" | "of">) => boolean {
  const { sent, holds, isUnmarked, givesUpMs = Number.POSITIVE_INFINITY } = book;
  return ({ at, of }) => {
    const entry = sent[at]!;
    if (isUnheard(entry, book, of === "samples" ? WAVE_BLOCK_NS : 0n)) return true;
    const hold = holds.findLastIndex(({ from }) => from <= entry.firstByteAt);
    if (of === "samples" && Number(entry.lastByteAt - entry.firstByteAt) > givesUpMs * 1e6) return true;
    if (isUnmarked === true && (at === 0 || sent[at - 1]!.firstByteAt < holds[hold]!.from)) return true;
    return isOld(book, entry.firstByteAt);
  };
}

/** It may be of the talk with the agent that was killed before. */
function isOld({ holds, speaks, settlesMs = 0 }: DeviceBook, at: bigint): boolean {
  const hold = holds.findLastIndex(({ from }) => from <= at);
  return speaks === "asked" && hold > 0 && at < holds[hold]!.from + BigInt(settlesMs * 1e6);
}

/** Bytes of it left while no agent held the port, or so shortly before a kill that what is stamped `late` was not stamped yet. */
function isUnheard({ firstByteAt, lastByteAt }: LedgerEntry, { holds, breathless }: DeviceBook, late: bigint): boolean {
  const hold = holds.findLast(({ from }) => from <= firstByteAt);
  const margin = late + (breathless === true ? SETTLED_NS : TICK_NS);
  return hold === undefined || (hold.killed !== undefined && lastByteAt >= hold.killed - margin);
}

/** What a report says otherwise than the last unit that was begun before it. */
function reportText(sent: readonly LedgerEntry[], { epoch, n, at, deviceTime, body }: Of<"report">): string {
  const unit = sent.findLast(({ firstByteAt }) => firstByteAt <= at)?.unit;
  const told: [name: string, came: string | null | undefined, was: string | null | undefined][] = [
    ["device time", deviceTime, unit?.deviceTime],
    ...body.observations.map(({ metric, value }): [string, string | null, string | null | undefined] => {
      const key = keyIn(unit?.observations ?? {}, metric);
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
function absences({ holds, sent, speaks, settlesMs = 0 }: DeviceBook, heardAt: readonly bigint[]): Absence[] {
  const unit = sent.reduce((longest, { firstByteAt, lastByteAt }) => max(longest, lastByteAt - firstByteAt), 0n);
  return holds.flatMap(({ killed }, at) => {
    const next = holds[at + 1];
    if (killed === undefined || next === undefined) return [];
    const away = next.from - killed;
    const back = heardAt.find((first) => first >= killed && (next.killed === undefined || first < next.killed));
    const whole = sent.find(({ firstByteAt }) => firstByteAt >= next.from)?.firstByteAt;
    const late = speaks === "unasked" && whole !== undefined ? max(0n, whole - next.from - unit - TICK_NS) : 0n;
    return [
      { away, silent: back === undefined ? undefined : back - killed, limit: away + TICK_NS + unit + late + BigInt(settlesMs * 1e6) },
    ];
  });
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/**
 * A report without a value tells of a unit that was cut when the port was opened: once, first in its epoch, less than a unit. Of a device
 * that is asked, it may tell of all that is not of the talk with this agent.
 */
function cutFaults(book: DeviceBook, { place, entries }: Share, reports: readonly Of<"report">[]): readonly string[] {
  const bytes = Math.max(0, ...entries.map(({ unit }) => unit.bytes));
  const began = new Set<string>();
  return reports.flatMap(({ run, at, body, epoch, n }) => {
    const attachment = `${run}/${epoch}`;
    const isFirst = !began.has(attachment);
    if (body.observations.length > 0) began.add(attachment);
    const isOwn = n === 0 && body.observations.length === 0 && body.unreadable < bytes;
    if (body.unreadable === 0 || (book.speaks === "asked" ? isFirst || isOld(book, at) : isOwn)) return [];
    return [`${named(book.device, place)}: ${body.unreadable} bytes given up in the middle (epoch ${epoch}, n ${n})`];
  });
}

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
