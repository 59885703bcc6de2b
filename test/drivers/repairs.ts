import { unstuffed } from "../../drivers/bbraun-bcc/emulator-wire.ts";
import { sum8 } from "../../drivers/kit/checks.ts";
import type { AnyDriver, Framing, PlainFraming } from "../../drivers/kit/driver.ts";
import { asideOf, unstuff } from "../../drivers/kit/framer.ts";
import { sealed } from "../../drivers/philips-intellivue/serial-frame.ts";
import { devicesOf } from "../dev/devices.ts";
import { ascii, channels, join } from "./streams.ts";

/**
 * Damaged frames whose checks are made to hold again: sums, CRCs and lengths as the device would have sent them. What a frame
 * says behind a good checksum is reached in no other way. A driver that is not here has one byte or two digits near the end of a
 * frame tried through (`mender`), which is enough for a sum of one byte; one whose device has no checksum is left alone.
 */
type Repair = (candidate: Uint8Array) => Uint8Array;
const REPAIRS: Readonly<Record<string, Repair>> = {
  "ge-dri": (candidate) => {
    const record = plain(candidate, 0x7e, 0x20).slice(0, -1);
    if (record.length >= 2) new DataView(record.buffer).setUint16(0, record.length, true);
    return join(Uint8Array.of(0x7e), escaped(join(record, Uint8Array.of(sum8(record))), [0x7e, 0x7d]), Uint8Array.of(0x7e));
  },
  "philips-intellivue": (candidate) => {
    const covered = plain(candidate.subarray(1, -1), 0xc1, 0x20).slice(0, -2);
    const length = covered.length - 4;
    if (length < 0) return candidate;
    covered.set([0x11, 0x01, length >> 8, length & 0xff]);
    return sealed(covered);
  },
  "bbraun-bcc": (candidate) => {
    if (candidate.length < 14) return candidate;
    const raw = candidate.slice(7, -7);
    const claimed = Number(String.fromCharCode(...candidate.subarray(1, 6)));
    const content = claimed === candidate.length ? [...raw] : (unstuffed([...raw]) ?? [...raw]);
    const end = candidate.at(-7) === 0x17 ? 0x17 : 0x03;
    const head = join(Uint8Array.of(0x01), five(content.length + 14), Uint8Array.of(0x02));
    const sum = (sum8(head) + sum8(Uint8Array.from(content)) + end) & 0xff;
    return join(head, raw, Uint8Array.of(end), five(sum), Uint8Array.of(0x04));
  },
  "draeger-medibus": (candidate) => {
    const isTelegram = (byte: number): boolean => byte < 0x80 && byte !== 0x11 && byte !== 0x13 && byte !== 0x18;
    const places = [...candidate.keys()].filter((at) => isTelegram(candidate[at]!));
    if (places.length < 5) return candidate;
    const repaired = candidate.slice();
    const sum = sum8(Uint8Array.from(places.slice(0, -3), (at) => candidate[at]!));
    const digits = ascii(sum.toString(16).toUpperCase().padStart(2, "0"));
    repaired[places.at(-3)!] = digits[0]!;
    repaired[places.at(-2)!] = digits[1]!;
    return repaired;
  },
  nonin: (candidate) => summed(Uint8Array.of(0x01, candidate[1]! | 0x80, candidate[2]!, candidate[3]!)),
  "nonin-7": (candidate) => summed(Uint8Array.of(candidate[0]! | 0x80, candidate[1]!, candidate[2]!, candidate[3]!)),
  "nonin-8": (candidate) => candidate.map((byte, at) => (at === 0 ? byte | 0x80 : byte & 0x7f)),
  "nonin-13": (candidate) => {
    const data = candidate.subarray(6, -2);
    return join(Uint8Array.of(0x00, 0x02, 0x00, 0x0d, data.length >> 8, data.length & 0xff), data, Uint8Array.of(sum8(data), 0x03));
  },
  "puritan-bennett-840": (candidate) => {
    const stx = candidate.indexOf(0x02);
    if (stx < 0) return candidate;
    const body = candidate.subarray(stx + 1, -2);
    const fields = body.reduce((sum, byte) => sum + (byte === 0x2c ? 1 : 0), 0);
    return join(candidate.subarray(0, 5), ascii(`,${body.length},${fields} ,\x02`), body, ascii("\x03\r"));
  },
};

const summed = (bytes: Uint8Array): Uint8Array => join(bytes, Uint8Array.of(sum8(bytes)));
const five = (value: number): Uint8Array => ascii(String(value).padStart(5, "0"));
/** Escapes undone as far as they are good. */
const plain = (frame: Uint8Array, flag: number, xor: number): Uint8Array =>
  unstuff(frame, { flag, escape: 0x7d, xor }) ??
  unstuff(
    frame.filter((byte) => byte !== 0x7d),
    { flag, escape: 0x7d, xor },
  )!;
function escaped(bytes: Uint8Array, marks: readonly number[]): Uint8Array {
  const out = new Uint8Array(2 * bytes.length);
  let length = 0;
  for (const byte of bytes) {
    const isMark = marks.includes(byte);
    if (isMark) out[length++] = 0x7d;
    out[length++] = isMark ? byte ^ 0x20 : byte;
  }
  return out.slice(0, length);
}

export type Repairing = {
  /** One candidate, from its first byte to its last. */
  readonly frame: (candidate: Uint8Array) => Uint8Array;
  /** All that look like frames in bytes as they come. */
  readonly line: (bytes: Uint8Array) => Uint8Array;
};

/** Whether checks are tried through for it, which costs hundreds of looks a frame. */
export const isTriedThrough = ({ id }: AnyDriver): boolean => REPAIRS[id] === undefined && !isUnchecked(id);
const isUnchecked = (id: string): boolean => devicesOf(id).some(([, { emulator }]) => emulator.unchecked === true);

/** How frames of this driver are repaired; what cannot be is left as it is. */
export function repairing({ id, frame: framing }: AnyDriver): Repairing {
  const known = REPAIRS[id];
  const frame = known ?? (isUnchecked(id) ? (candidate: Uint8Array) => candidate : mender(framing));
  return { frame, line: (bytes) => join(...candidates(framing, bytes).map((part) => ("is" in part ? part.is : frame(part.candidate)))) };
}

/** Of what is said in the talk itself, not beside it. */
function acceptsOf(framing: Framing): readonly ((frame: Uint8Array) => boolean)[] {
  const aside = asideOf(framing);
  return [...channels(framing)].flatMap(([name, plainFraming]) => (aside.has(name) ? [] : [Object.values(plainFraming)[0].accepts]));
}
export const isAccepted = (framing: Framing, frame: Uint8Array): boolean => acceptsOf(framing).some((accepts) => accepts(frame));

const TRIED_AT = 6;
/** What a check may be: one byte, or two hexadecimal digits. */
const BYTES = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
const DIGITS = Array.from({ length: 256 }, (_, byte) => ascii(byte.toString(16).toUpperCase().padStart(2, "0")));
const WAYS = Array.from({ length: TRIED_AT }, (_, i) => i + 1).flatMap((fromEnd) => [
  { fromEnd, checks: BYTES },
  ...(fromEnd >= 2 ? [{ fromEnd, checks: DIGITS }] : []),
]);

/** Tries checks through until one holds. Where it stands is learned from the first that does; otherwise the frame is left as it was. */
function mender(framing: Framing): Repair {
  const accepted = acceptsOf(framing);
  const holds = (frame: Uint8Array): boolean => accepted.some((accepts) => accepts(frame));
  let ways = WAYS;
  return (frame) => {
    if (("delimited" in framing && framing.delimited.start === undefined) || holds(frame)) return frame;
    for (const way of ways) {
      if (frame.length <= way.fromEnd) continue;
      const tried = frame.slice();
      for (const check of way.checks) {
        tried.set(check, frame.length - way.fromEnd);
        if (!holds(tried)) continue;
        ways = [way];
        return tried;
      }
    }
    return frame;
  };
}

type Part = { readonly candidate: Uint8Array } | { readonly is: Uint8Array };

/** Cuts bytes where marks stand, whatever is between them. */
function candidates(framing: Framing, bytes: Uint8Array): readonly Part[] {
  if ("datagram" in framing) return [{ candidate: bytes }];
  const cut = cutter("demux" in framing ? framing.demux.rest.frame : framing);
  const parts: Part[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = cut(bytes, at);
    const length = Math.abs(end) - at;
    const part = bytes.slice(at, at + Math.max(1, length));
    parts.push(end > 0 ? { candidate: part } : { is: part });
    at += part.length;
  }
  return parts;
}

/** Where the candidate that begins here ends; negative: none begins here, and none before that place. */
function cutter(framing: PlainFraming): (bytes: Uint8Array, at: number) => number {
  if ("stuffed" in framing) return between([framing.stuffed.flag], [framing.stuffed.flag]);
  if ("delimited" in framing && framing.delimited.start !== undefined)
    return between(ascii(framing.delimited.start), ascii(framing.delimited.end));
  if ("length" in framing) {
    const { start, header, size } = framing.length;
    return (bytes, at) => {
      const from = bytes.indexOf(start, at);
      if (from !== at) return from < 0 ? -bytes.length : -from;
      return at + header > bytes.length ? -bytes.length : Math.min(bytes.length, at + size(bytes.subarray(at, at + header))) || -(at + 1);
    };
  }
  if (!("fixed" in framing)) return (bytes) => -bytes.length;
  const { start, length } = framing.fixed;
  return (bytes, at) => {
    const from = start === undefined ? at : bytes.indexOf(start, at);
    if (from < 0) return -bytes.length;
    if (from > at) return -from;
    return at + length <= bytes.length ? at + length : -bytes.length;
  };
}
function between(start: ArrayLike<number>, end: ArrayLike<number>): (bytes: Uint8Array, at: number) => number {
  const find = (bytes: Uint8Array, mark: ArrayLike<number>, from: number): number =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(Uint8Array.from(mark), from);
  return (bytes, at) => {
    const from = find(bytes, start, at);
    if (from < 0) return -bytes.length;
    if (from > at) return -from;
    const to = find(bytes, end, at + start.length);
    return to < 0 ? -bytes.length : to + end.length;
  };
}
