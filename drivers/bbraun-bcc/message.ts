import { sum8 } from "../kit/checks.ts";

/** A message as its sender meant it, stuffing undone. */
export type Message = {
  readonly bed: string;
  /** Behind "bed/1/1>": a request, or the items of an answer. */
  readonly info: Uint8Array;
  /** No block of this answer comes behind it (BB-12). */
  readonly last: boolean;
  /** Whether its sender stuffs; undefined where nothing in it could be stuffed (BB-13). */
  readonly stuffed: boolean | undefined;
};

/** Longest block with its marks, stuffing included; a block is about 1 kB for a pump. */
export const BLOCK_BYTES_MAX = 4096;
/** In UTF-16 units (BB-14). */
export const BED_LENGTH_MAX = 15;
export const SEPARATOR = 0x1e;

const SOH = 0x01;
const STX = 0x02;
const ETX = 0x03;
const EOT = 0x04;
const ETB = 0x17;
const HEAD_BYTES = 7; // 01, five digits, 02
const TAIL_BYTES = 7; // 03 or 17, five digits, 04
const ROUTE = "/1/1>";
const LETTERS: readonly number[] = [..."dDeE"].map((letter) => letter.charCodeAt(0));
const PLAIN: Readonly<Record<string, string>> = { ex: "d", ee: "e", EX: "D", EE: "E" };
/** No control characters, and nothing that ends a bed id or an item. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what it refuses.
const BED = /^[^\x00-\x1f\x7f/>,]{1,15}$/;

export const isBed = (text: string): boolean => BED.test(text) && text.isWellFormed();

/** Reads a candidate from 01 to 04; undefined where it is no message. BB-12: its length, its sum and all of its form must hold. */
export function readMessage(frame: Uint8Array): Message | undefined {
  if (frame.length < HEAD_BYTES + TAIL_BYTES || frame[0] !== SOH || frame[6] !== STX || frame.at(-1) !== EOT) return undefined;
  const end = frame[frame.length - TAIL_BYTES];
  const length = digits(frame.subarray(1, 6));
  const sum = digits(frame.subarray(-6, -1));
  if ((end !== ETX && end !== ETB) || length === undefined || sum === undefined) return undefined;
  const raw = frame.subarray(HEAD_BYTES, -TAIL_BYTES);
  const stuffed = frame.length !== length;
  const body = stuffed ? unstuffed(raw) : raw;
  if (body === undefined || body.length + HEAD_BYTES + TAIL_BYTES !== length) return undefined;
  if (((sum8(frame.subarray(0, HEAD_BYTES)) + sum8(body) + end) & 0xff) !== sum) return undefined;
  if (!body.every((byte) => byte >= 0x20 || byte === SEPARATOR)) return undefined;
  const routeAt = body.indexOf(ROUTE.charCodeAt(0));
  const infoAt = routeAt + ROUTE.length;
  if (routeAt < 0 || textOf(body.subarray(routeAt, infoAt)) !== ROUTE) return undefined;
  const bed = textOf(body.subarray(0, routeAt));
  if (bed === undefined || !isBed(bed)) return undefined;
  const tells = stuffed || raw.some((byte) => LETTERS.includes(byte));
  return { bed, info: body.slice(infoAt), last: end === ETX, stuffed: tells ? stuffed : undefined };
}

/** The bytes of a request, which is one block. Throws RangeError where the bed id is none. */
export function encodeRequest(command: string, { bed, stuffed }: { readonly bed: string; readonly stuffed: boolean }): Uint8Array {
  if (!isBed(bed)) throw new RangeError(`"${bed}" is no bed id.`);
  return encodeBlock({ bed, info: new TextEncoder().encode(command), last: true, stuffed });
}

export function encodeBlock({ bed, info, last, stuffed }: Message): Uint8Array {
  const body = Uint8Array.of(...new TextEncoder().encode(`${bed}${ROUTE}`), ...info);
  const length = HEAD_BYTES + body.length + TAIL_BYTES;
  const head = Uint8Array.of(SOH, ...printed(length), STX);
  const end = last ? ETX : ETB;
  const sum = (sum8(head) + sum8(body) + end) & 0xff;
  return Uint8Array.of(...head, ...(stuffed === true ? stuff(body) : body), end, ...printed(sum), EOT);
}

/** UTF-8 text, verbatim: private use characters are kept (BB-9). Undefined where the bytes are none. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (caught) {
    if (caught instanceof TypeError) return undefined;
    throw caught;
  }
}

/** A print of bytes by which equal ones are known (FNV-1a, 32 bits). */
export function printOf(bytes: Uint8Array): number {
  let print = 0x811c9dc5;
  for (const byte of bytes) print = Math.imul(print ^ byte, 0x01000193) >>> 0;
  return print;
}

const printed = (value: number): Uint8Array => new TextEncoder().encode(String(value).padStart(5, "0"));
function digits(bytes: Uint8Array): number | undefined {
  return bytes.every((byte) => byte >= 0x30 && byte <= 0x39) ? Number(String.fromCharCode(...bytes)) : undefined;
}

/** BB-13: one pass from the left, so that "EEX" is "EX". Undefined where a letter stands that stuffing never leaves alone. */
function unstuffed(bytes: Uint8Array): Uint8Array | undefined {
  const out: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (!LETTERS.includes(byte)) {
      out.push(byte);
      continue;
    }
    at += 1;
    const plain = PLAIN[String.fromCharCode(byte, bytes[at] ?? 0)];
    if (plain === undefined) return undefined;
    out.push(plain.charCodeAt(0));
  }
  return Uint8Array.from(out);
}

function stuff(bytes: Uint8Array): Uint8Array {
  const pairs = new Map(Object.entries(PLAIN).map(([pair, plain]) => [plain.charCodeAt(0), pair]));
  return Uint8Array.from([...bytes].flatMap((byte) => [...(pairs.get(byte) ?? String.fromCharCode(byte))].map((c) => c.charCodeAt(0))));
}
