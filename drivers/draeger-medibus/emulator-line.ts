import type { Sent, Unit } from "../kit/emulator.ts";
import type { WaveUnit } from "./emulator-curves.ts";

/**
 * What is on its way to the host: messages one behind the other, and records of curves between any two bytes of them. Each byte
 * has its instant, so that the line does not depend on how the steps fall.
 */

export type Message = {
  readonly bytes: Uint8Array;
  /** Instant of its first byte, and time from one byte to the next; without a pace it leaves as one piece. */
  readonly due: number;
  readonly pace: number;
  readonly unit?: WaveUnit;
};
type Leaving = Message & { readonly at: number; readonly from: number };
export type Record = { readonly bytes: readonly number[]; readonly due: number; readonly unit: WaveUnit | undefined };

export type LineState = {
  readonly slow: readonly Leaving[];
  readonly fast: readonly (Record & { readonly at: number })[];
  /** Flow control: no byte of a message leaves before this. */
  readonly held: number;
  /** Bytes sent since switch-on, and how many there had been in front of the last record. */
  readonly total: number;
  readonly recordFrom: number;
  /** When the last message ended or will have ended. */
  readonly busyUntil: number;
};
export const EMPTY_LINE: LineState = { slow: [], fast: [], held: 0, total: 0, recordFrom: 0, busyUntil: 0 };

/** Messages that wait; more is not accepted. */
export const WAITING_MAX = 6;
const FAST_PACE = 0.6; // ms a byte

/** `millisecondsAByte` of the line. */
export function queued(line: LineState, message: Message, millisecondsAByte: number): LineState {
  if (line.slow.length >= WAITING_MAX) return line;
  const due = Math.max(message.due, line.busyUntil);
  const busyUntil = due + message.bytes.length * Math.max(message.pace, millisecondsAByte);
  return { ...line, slow: [...line.slow, { ...message, due, at: 0, from: 0 }], busyUntil };
}
export const recorded = (line: LineState, record: Record): LineState =>
  record.bytes.length === 0 ? line : { ...line, fast: [...line.fast, { ...record, at: 0 }] };
/** No message begins before the records have left. */
export function behindRecords(line: LineState, at: number): LineState {
  const bytes = line.fast.reduce((sum, record) => sum + record.bytes.length - record.at, 0);
  return { ...line, busyUntil: Math.max(line.busyUntil, Math.max(at, line.fast[0]?.due ?? at) + bytes * FAST_PACE) };
}

export const lineDue = (line: LineState): number => Math.min(slowDue(line), line.fast[0]?.due ?? Number.POSITIVE_INFINITY);
const slowDue = ({ slow, held }: LineState): number => (slow[0] === undefined ? Number.POSITIVE_INFINITY : Math.max(held, slow[0].due));

/** Pieces as they leave in one step. */
export type Out = { readonly sends: Sent[]; run: number[] };
export function cutOff(out: Out, unit?: Unit): void {
  if (out.run.length > 0) out.sends.push({ bytes: Uint8Array.from(out.run), ...(unit === undefined ? {} : { unit }) });
  out.run = [];
}

/** The byte whose turn it is, or the whole message where it has no pace. */
export function emitted(line: LineState, out: Out): LineState {
  const due = slowDue(line);
  const record = line.fast[0];
  if (record !== undefined && record.due <= due) return emittedFast(line, record, out);
  const [message, ...others] = line.slow;
  if (message === undefined) return line;
  const { bytes, at, pace, unit } = message;
  if (at === 0) cutOff(out);
  const from = at === 0 ? line.total : message.from;
  const until = pace === 0 ? bytes.length : at + 1;
  out.run.push(...bytes.subarray(at, until));
  const total = line.total + until - at;
  if (until < bytes.length) return { ...line, total, slow: [{ ...message, at: until, from, due: due + pace }, ...others] };
  cutOff(out, unit === undefined ? undefined : { ...unit, bytes: total - from });
  return { ...line, total, slow: others };
}

function emittedFast(line: LineState, record: Record & { readonly at: number }, out: Out): LineState {
  const { bytes, at, due, unit } = record;
  out.run.push(bytes[at]!);
  const total = line.total + 1;
  const recordFrom = at === 0 ? line.total : line.recordFrom;
  const rest = line.fast.slice(1);
  if (at + 1 < bytes.length) return { ...line, total, recordFrom, fast: [{ ...record, at: at + 1, due: due + FAST_PACE }, ...rest] };
  cutOff(out, unit === undefined ? undefined : { ...unit, bytes: total - recordFrom });
  return { ...line, total, recordFrom, fast: rest };
}
