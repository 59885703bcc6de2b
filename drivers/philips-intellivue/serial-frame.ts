import { unstuff } from "../kit/framer.ts";

/**
 * The frame of the MIB/RS232 interface around one message (IV-11):
 *
 * | C0 | 11 | 01 | length, 2 bytes | message | FCS low | FCS high | C1 |
 *
 * Between C0 and C1 the bytes C0, C1 and 7D are sent as 7D and the byte XOR 20; length and FCS are of what was there before.
 */
export const MESSAGE_BYTES_MAX = 1500;
const [BEGIN, END, ESCAPE, XOR] = [0xc0, 0xc1, 0x7d, 0x20];
const HEADER = Uint8Array.of(0x11, 0x01);
const HEADER_BYTES = 4;
const FCS_BYTES = 2;
/** Longest frame with its marks: every byte between them may have been escaped. */
export const FRAME_BYTES_MAX = 2 + 2 * (HEADER_BYTES + MESSAGE_BYTES_MAX + FCS_BYTES);
export const FRAME_MARKS = { start: String.fromCharCode(BEGIN), end: String.fromCharCode(END) } as const;

/** The message of a frame from C0 to C1; undefined where any byte of it is wrong. */
export function messageOf(frame: Uint8Array): Uint8Array | undefined {
  if (frame[0] !== BEGIN || frame.at(-1) !== END) return undefined;
  const stuffed = frame.subarray(1, -1);
  if (stuffed.includes(BEGIN) || stuffed.includes(END)) return undefined;
  const content = unstuff(stuffed, { flag: END, escape: ESCAPE, xor: XOR });
  if (content === undefined || content.length < HEADER_BYTES + FCS_BYTES) return undefined;
  const covered = content.subarray(0, -FCS_BYTES);
  const message = covered.subarray(HEADER_BYTES);
  if (covered[0] !== HEADER[0] || covered[1] !== HEADER[1] || covered[2]! * 0x100 + covered[3]! !== message.length) return undefined;
  if (message.length > MESSAGE_BYTES_MAX) return undefined;
  return fcs16(covered) === content.at(-2)! + content.at(-1)! * 0x100 ? message : undefined;
}

/** Throws RangeError for a message that is too long. */
export function framed(message: Uint8Array): Uint8Array {
  if (message.length > MESSAGE_BYTES_MAX) throw new RangeError(`A message has at most ${MESSAGE_BYTES_MAX} bytes, not ${message.length}.`);
  return sealed(Uint8Array.of(...HEADER, message.length >> 8, message.length & 0xff, ...message));
}

/** Adds the FCS, stuffs, and puts the marks around. */
export function sealed(covered: Uint8Array): Uint8Array {
  const fcs = fcs16(covered);
  const content = [...covered, fcs & 0xff, fcs >> 8];
  const stuffed = content.flatMap((byte) => (byte === BEGIN || byte === END || byte === ESCAPE ? [ESCAPE, byte ^ XOR] : [byte]));
  return Uint8Array.of(BEGIN, ...stuffed, END);
}

const POLYNOMIAL = 0x8408;
/** What one byte does to the sum, for each of its values. */
const STEP: Uint16Array = Uint16Array.from({ length: 0x100 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? (sum >> 1) ^ POLYNOMIAL : sum >> 1;
  return sum;
});

/** CRC-16/X-25: reflected, begins with FFFF and is inverted at its end. */
export function fcs16(bytes: Uint8Array): number {
  let sum = 0xffff;
  for (const byte of bytes) sum = (sum >> 8) ^ STEP[(sum ^ byte) & 0xff]!;
  return sum ^ 0xffff;
}
