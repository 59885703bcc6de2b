import { bytesOf, latin1Of } from "../kit/bytes.ts";
import { sum8 } from "../kit/checks.ts";

/** MEDIBUS on the wire: frames of the device, and what it makes of the bytes of its host. */

const SOH = 0x01;
const ESC = 0x1b;
const CR = 0x0d;
export const DC1 = 0x11;
export const DC3 = 0x13;
const CANCEL = 0x18;

/** Codes of commands; an answer echoes the code of its command. */
export const CODE = {
  negative: 0x15,
  data1: 0x24,
  low1: 0x25,
  high1: 0x26,
  alarms1: 0x27,
  clock: 0x28,
  settings: 0x29,
  texts: 0x2a,
  data2: 0x2b,
  low2: 0x2c,
  high2: 0x2d,
  alarms2: 0x2e,
  nothing: 0x30,
  timeChanged: 0x49,
  configureData: 0x4a,
  initialise: 0x51,
  identify: 0x52,
  curves: 0x53,
  configureCurves: 0x54,
  stop: 0x55,
  curvesChanged: 0x56,
} as const;

/** Bytes between ESC and CR, and between SOH and CR; what is longer is none. */
export const COMMAND_MAX = 255;
export const ANSWER_MAX = 3849;

/** `chk` is the sum from ESC or SOH to the last byte of the content, as two upper-case hexadecimal digits. */
function frame(start: number, code: number, content: string): Uint8Array {
  const body = [start, code, ...bytesOf(content)];
  return Uint8Array.from([...body, ...bytesOf(hex2(sum8(Uint8Array.from(body)))), CR]);
}
export const hex2 = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, "0");
export const commandBytes = (code: number, argument = ""): Uint8Array => frame(ESC, code, argument);
export const answerBytes = (code: number, content = ""): Uint8Array => frame(SOH, code, content);

/** Other bytes inside a message, in front of its byte `place`: a command of the device's own or flow control. */
export const inserted = (message: Uint8Array, place: number, other: Uint8Array): Uint8Array =>
  Uint8Array.from([...message.subarray(0, place), ...other, ...message.subarray(place)]);

// ── Real-time bytes ─────────────────────────────────────────────────────────────────────────────────────────────────

/** 1101bbbb: which of streams 1-4 follow. */
export const syncByte = (streams: number): number => 0xd0 | (streams & 0x0f);
/** 1100cccc 1100aaaa. */
export const syncCommand = (command: number, argument: number): readonly number[] => [0xc0 | command, 0xc0 | argument];
/** 10dddddd 10dddddd, the low six bits first. */
export const sampleBytes = (raw: number): readonly number[] => [0x80 | (raw & 0x3f), 0x80 | ((raw >> 6) & 0x3f)];

// ── What the host says ──────────────────────────────────────────────────────────────────────────────────────────────

export type Heard =
  | { readonly heard: "command"; readonly code: number; readonly argument: string }
  | { readonly heard: "answer"; readonly code: number; readonly content: string }
  | { readonly heard: "broken command" }
  | { readonly heard: "wait" | "go on" | "cancel" }
  /** Streams of a group of four (0, 1 or 2) that are to be sent. */
  | { readonly heard: "enable"; readonly group: number; readonly streams: number };

/** What has begun and is not over. A command may stand inside an answer at any place, once. */
export type Receiver = {
  readonly outer: readonly number[] | undefined;
  readonly inner: readonly number[] | undefined;
  /** Number of a sync command whose argument has not come; "none" outside a record. */
  readonly sync: "none" | "ready" | number;
};
export const NOTHING_HEARD: Receiver = { outer: undefined, inner: undefined, sync: "none" };

export function receive(receiver: Receiver, byte: number): readonly [Receiver, Heard | undefined] {
  if (byte >= 0x80) return receiveFast(receiver, byte);
  switch (byte) {
    case DC1:
      return [receiver, { heard: "wait" }];
    case DC3:
      return [receiver, { heard: "go on" }];
    case CANCEL:
      return [receiver, { heard: "cancel" }];
    case ESC:
      return [{ ...receiver, inner: [ESC] }, undefined];
    case SOH:
      return [{ ...receiver, inner: undefined, outer: [SOH] }, undefined];
    case CR:
      return ended(receiver);
    default:
      return [longer(receiver, byte), undefined];
  }
}

function longer(receiver: Receiver, byte: number): Receiver {
  const { inner, outer } = receiver;
  if (inner !== undefined) return { ...receiver, inner: inner.length < COMMAND_MAX ? [...inner, byte] : undefined };
  if (outer !== undefined) return { ...receiver, outer: outer.length < ANSWER_MAX ? [...outer, byte] : undefined };
  return receiver;
}

function ended(receiver: Receiver): readonly [Receiver, Heard | undefined] {
  const { inner, outer } = receiver;
  if (inner !== undefined) {
    const read = opened(inner);
    const heard: Heard = read === undefined ? { heard: "broken command" } : { heard: "command", code: read.code, argument: read.content };
    return [{ ...receiver, inner: undefined }, heard];
  }
  const read = outer === undefined ? undefined : opened(outer);
  // Nobody asks for a broken answer again but whoever waits for it.
  return [{ ...receiver, outer: undefined }, read === undefined ? undefined : { heard: "answer", ...read }];
}

function opened(bytes: readonly number[]): { readonly code: number; readonly content: string } | undefined {
  if (bytes.length < 4) return undefined;
  const body = Uint8Array.from(bytes.slice(0, -2));
  if (latin1Of(bytes.slice(-2)) !== hex2(sum8(body))) return undefined;
  return { code: body[1]!, content: latin1Of(body.subarray(2)) };
}

function receiveFast(receiver: Receiver, byte: number): readonly [Receiver, Heard | undefined] {
  const { sync } = receiver;
  if ((byte & 0xf0) === 0xd0) return [{ ...receiver, sync: "ready" }, undefined];
  if (sync === "none" || (byte & 0xf0) !== 0xc0) return [{ ...receiver, sync: "none" }, undefined];
  if (sync === "ready") return [{ ...receiver, sync: byte & 0x0f }, undefined];
  const enables = sync >= 1 && sync <= 3;
  return [{ ...receiver, sync: "ready" }, enables ? { heard: "enable", group: sync - 1, streams: byte & 0x0f } : undefined];
}
