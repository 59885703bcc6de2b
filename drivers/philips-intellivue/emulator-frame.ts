/**
 * The MIB/RS-232 line: C0 | 11 01 length u16 | message | FCS low, high | C1, with C0, C1 and 7D escaped by 7D and bit 5.
 * FCS: CRC-16/X-25 over header and message.
 */

const BEGIN = 0xc0;
const END = 0xc1;
const ESCAPE = 0x7d;
const BIT_5 = 0x20;
const PROTOCOL = 0x11;
const DATA_EXPORT = 0x01;
const HEADER_BYTES = 4;
const FCS_BYTES = 2;
/** What a monitor takes: a longer frame is none. */
export const HEARD_MAX = 1500;

export function fcs(bytes: Iterable<number>): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x8408;
  }
  return crc ^ 0xffff;
}

/** Any content between the marks, with its FCS. */
export function enclosed(content: readonly number[]): Uint8Array {
  const check = fcs(content);
  const stuffed = [BEGIN];
  for (const part of [content, [check & 0xff, check >> 8]])
    for (const byte of part)
      if (byte === BEGIN || byte === END || byte === ESCAPE) stuffed.push(ESCAPE, byte ^ BIT_5);
      else stuffed.push(byte);
  stuffed.push(END);
  return Uint8Array.from(stuffed);
}
export const frameBytes = (message: readonly number[]): Uint8Array =>
  enclosed([PROTOCOL, DATA_EXPORT, message.length >> 8, message.length & 0xff].concat(message as number[]));

/** Bytes since the last C0; undefined before one, and behind content that was too long. */
export type Ear = readonly number[] | undefined;

/** Messages that arrived whole: FCS and length hold. */
export function hear(ear: Ear, heard: Uint8Array): readonly [Ear, readonly Uint8Array[]] {
  const messages: Uint8Array[] = [];
  let content = ear === undefined ? undefined : [...ear];
  for (const byte of heard) {
    if (byte === BEGIN) content = [];
    else if (content === undefined) continue;
    else if (byte === END) {
      const message = messageOf(content);
      if (message !== undefined) messages.push(message);
      content = undefined;
    } else if (content.length < HEARD_MAX) content.push(byte);
    else content = undefined;
  }
  return [content, messages];
}

/** On the LAN the same messages are datagrams: those that leave in these frames, and one that was heard as a frame. */
export const datagramsIn = (frames: Uint8Array): readonly Uint8Array[] => hear(undefined, frames)[1];
export const frameOf = (datagram: Uint8Array): Uint8Array => frameBytes([...datagram]);

function messageOf(stuffed: readonly number[]): Uint8Array | undefined {
  const bytes: number[] = [];
  for (let i = 0; i < stuffed.length; i++) bytes.push(stuffed[i] === ESCAPE ? (stuffed[++i] ?? 0) ^ BIT_5 : stuffed[i]!);
  const content = bytes.slice(0, -FCS_BYTES);
  const [low = 0, high = 0] = bytes.slice(-FCS_BYTES);
  if (content.length < HEADER_BYTES || fcs(content) !== (low | (high << 8))) return undefined;
  const [protocol, kind, lengthHigh = 0, lengthLow = 0] = content;
  if (protocol !== PROTOCOL || kind !== DATA_EXPORT || ((lengthHigh << 8) | lengthLow) !== content.length - HEADER_BYTES) return undefined;
  return Uint8Array.from(content.slice(HEADER_BYTES));
}
