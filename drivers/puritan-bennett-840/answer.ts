import { latin1Of } from "../kit/bytes.ts";

/** An answer as the ventilator printed it. */
export type PrintedAnswer = {
  readonly command: "MISCF" | "MISCA";
  /** Texts between the commas, padding included; the first is field 5 (PB-12 counts so). */
  readonly fields: readonly string[];
};

/** Longest answer with its marks; the longest known has 1,244 bytes. */
export const ANSWER_BYTES_MAX = 1300;
/** Number of the first field behind STX: MISCx is 1, the byte count 2, the field count 3, STX 4. */
export const FIELD_FIRST = 5;

const HEADER_BYTES_MAX = 32;
const STX = 0x02;
const COMMA = 0x2c;
const HEADER = /^(MISC[AF]), *(\d{1,4}) *, *(\d{1,4}) *,$/;
const IDENTITY = /^(?:840|980) +[0-9A-Za-z]{4,14} *$/;

/**
 * Reads a candidate from MISC to ETX CR; undefined where it is no answer. PB-11: there is no checksum, so both claims of the header
 * must hold, all text must be printable, and the second field must be a ventilator's model and serial number.
 */
export function readAnswer(frame: Uint8Array): PrintedAnswer | undefined {
  const stx = frame.indexOf(STX);
  if (stx < 0 || stx > HEADER_BYTES_MAX) return undefined;
  const header = HEADER.exec(latin1Of(frame.subarray(0, stx)));
  if (header === null) return undefined;
  const [, command, bytesClaimed, fieldsClaimed] = header;
  const body = frame.subarray(stx + 1, frame.length - 2);
  if (body.length !== Number(bytesClaimed) || body.at(-1) !== COMMA) return undefined;
  if (!body.every((byte) => byte >= 0x20 && byte <= 0x7e)) return undefined;
  const fields = latin1Of(body.subarray(0, -1)).split(",");
  if (fields.length !== Number(fieldsClaimed) || !IDENTITY.test(fields[1] ?? "")) return undefined;
  return { command: command === "MISCA" ? "MISCA" : "MISCF", fields };
}
