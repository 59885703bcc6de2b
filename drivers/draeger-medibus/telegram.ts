import { Milliseconds } from "../../config/units.ts";
import { bytesOf, latin1Of } from "../kit/bytes.ts";
import { sum8 } from "../kit/checks.ts";
import type { Framing } from "../kit/driver.ts";

/** Bytes of the protocol that are no text (MB-10, MB-12). */
export const ESC = 0x1b;
export const SOH = 0x01;
export const NAK = 0x15;
export const STOP_SENDING = 0x11;
export const GO_ON = 0x13;
export const ABORT = 0x18;
const CR = 0x0d;
/** Codes of commands that are more than a page to be read; an answer echoes its command's (MB-14, MB-30, MB-41, MB-44, MB-50, MB-55). */
export const CODE = {
  time: 0x28,
  texts: 0x2a,
  nothing: 0x30,
  icc: 0x51,
  identity: 0x52,
  curves: 0x53,
  configure: 0x54,
  stop: 0x55,
  curvesChanged: 0x56,
} as const;
const ETX = 0x03;

const COMMAND_BYTES_MAX = 255;
const ANSWER_BYTES_MAX = 3849;
/** A sync byte, two bytes for each of 16 sync commands and of 12 streams. */
const RECORD_BYTES_MAX = 57;
/** Two intervals of the slowest curve known, and several ticks: only the last record before a pause waits for it. */
const RECORD_IDLE = Milliseconds(250);

/** MB-11 to MB-13: curves and flow control may stand anywhere, and a command of the device anywhere in its answer. */
export const FRAMING: Framing = {
  demux: {
    byteClass: {
      fast: {
        bytes: [[0x80, 0xff]],
        aside: true,
        frame: { headed: { start: [[0xd0, 0xdf]], lengthMax: RECORD_BYTES_MAX, idle: RECORD_IDLE, accepts: isRecord } },
      },
      flow: { bytes: [STOP_SENDING, GO_ON, ABORT], aside: true, frame: { fixed: { length: 1, accepts: () => true } } },
    },
    nested: { never: [SOH], frame: { delimited: { start: "\x1b", end: "\r", lengthMax: COMMAND_BYTES_MAX, accepts: isTelegram } } },
    rest: { frame: { delimited: { start: "\x01", end: "\r", lengthMax: ANSWER_BYTES_MAX, accepts: isTelegram } } },
  },
};

/** Mark, code, text, two digits of the sum, CR (MB-10). */
function isTelegram(frame: Uint8Array): boolean {
  const end = frame.length - 3;
  if (end < 2) return false;
  const sum = sum8(frame.subarray(0, end));
  if (frame[end] !== digit(sum >> 4) || frame[end + 1] !== digit(sum & 0xf) || frame[end + 2] !== CR) return false;
  if (frame[1]! < 0x20 && !(frame[0] === SOH && frame[1] === NAK)) return false;
  return frame.subarray(2, end).every((byte) => byte >= 0x20 || byte === ETX);
}

/** MB-40, MB-42: sync byte, pairs of sync commands C0 to CF, pairs of values 80 to BF: as many as it says, and of streams 5 to 12. */
function isRecord(frame: Uint8Array): boolean {
  if (frame.length < 3 || frame.length % 2 === 0) return false;
  const claimed = [1, 2, 4, 8].filter((bit) => (frame[0]! & bit) !== 0).length;
  let values = 0;
  for (let at = 1; at < frame.length; at += 2) {
    const [first, second] = [frame[at]! & 0xf0, frame[at + 1]! & 0xf0];
    if (first === 0xc0 && second === 0xc0 && values === 0) continue;
    values += 1;
    if (first >= 0xc0 || second >= 0xc0) return false;
  }
  return values >= claimed && values <= claimed + 8;
}

const digit = (value: number): number => "0123456789ABCDEF".charCodeAt(value);

/** A telegram with its sum. */
export function telegram(mark: typeof ESC | typeof SOH, code: number, text = ""): Uint8Array {
  const content = Uint8Array.of(mark, code, ...bytesOf(text));
  const sum = sum8(content);
  return Uint8Array.of(...content, digit(sum >> 4), digit(sum & 0xf), CR);
}

/** What stands between code and sum. */
export const textOf = (frame: Uint8Array): string => latin1Of(frame.subarray(2, -3));
export const isCommand = (frame: Uint8Array): boolean => frame[0] === ESC;
export const isAnswer = (frame: Uint8Array): boolean => frame[0] === SOH;
