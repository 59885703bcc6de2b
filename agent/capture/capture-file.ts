import { fromHex, toHex } from "../../config/bytes-text.ts";

/**
 * NAME.capture.jsonl: a header line, then a line for each piece of the talk, in order of time. "rx" is what the gateway received,
 * "tx" what it sent. It is bug report, regression test, emulated device and evidence in one.
 */
export const FORMAT = "bedside-capture-1";
/** A file that is read whole is no longer, in bytes; a day of a slow device would fit in it. */
export const CAPTURE_MAX = 64 * 1024 * 1024;
/** What one line may hold, so that a wrong file is told before it is believed. */
const LINE_BYTES_MAX = 64 * 1024;

export type Direction = "rx" | "tx";
export type Piece = {
  /** Monotonic, from the beginning of the capture; never smaller than before. */
  readonly t_ms: number;
  readonly dir: Direction;
  readonly bytes: Uint8Array;
  /** These bytes stand for others of the same number, which were in no frame of the device: they might have named a person. */
  readonly blank?: true;
};
export type Origin = "device" | "emulator" | "document" | "recording";
export type CaptureHead = {
  readonly format: typeof FORMAT;
  /** Who read the line, or is to read it; absent where nobody knows. */
  readonly driver?: string;
  readonly origin: Origin;
  /** Bits per second. */
  readonly speed: number;
  readonly note?: string;
  /** What else is known: line settings, facts of the port, what was blanked. */
  readonly [more: string]: unknown;
};
export type Capture = { readonly head: CaptureHead; readonly pieces: readonly Piece[] };
export type Mistake = { readonly mistake: string };

const ORIGINS: readonly string[] = ["device", "emulator", "document", "recording"] satisfies readonly Origin[];

export const headLine = (head: CaptureHead): string => `${JSON.stringify(head)}\n`;
export const pieceLine = ({ t_ms, dir, bytes, blank }: Piece): string =>
  `${JSON.stringify({ t_ms, dir, hex: toHex(bytes), ...(blank === undefined ? {} : { blank }) })}\n`;

/** A file of somebody else's is not believed: its first mistake is told with its line. */
export function readCapture(text: string): Capture | Mistake {
  const [first = "", ...rest] = text.split("\n");
  const head = objectIn(first);
  if (head?.format !== FORMAT) return { mistake: `line 1 is no header of a capture: it says "format":"${FORMAT}"` };
  if (!isHead(head)) return { mistake: "line 1: a header says origin and speed (bits per second), and driver as a text" };
  const pieces: Piece[] = [];
  let last = 0;
  for (const [index, line] of rest.entries()) {
    if (line.trim() === "") continue;
    const piece = pieceIn(line);
    if (typeof piece === "string") return { mistake: `line ${index + 2}: ${piece}` };
    if (piece.t_ms < last) return { mistake: `line ${index + 2} is earlier than the one before` };
    last = piece.t_ms;
    pieces.push(piece);
  }
  return { head, pieces };
}

/** Bytes as a line analyser wrote them, as if they had come without a pause at this speed. */
export function rawCapture(bytes: Uint8Array, { driver, speed }: { readonly driver: string; readonly speed: number }): Capture {
  const pieces: Piece[] = [];
  for (let at = 0; at < bytes.length; at += RAW_PIECE) {
    const piece = bytes.subarray(at, at + RAW_PIECE);
    pieces.push({ t_ms: Math.round(((at + piece.length) * BITS_A_BYTE * 1000) / speed), dir: "rx", bytes: piece });
  }
  return { head: { format: FORMAT, driver, origin: "recording", speed }, pieces };
}
const RAW_PIECE = 64;
/** Start bit, eight data bits, stop bit. */
const BITS_A_BYTE = 10;

function isHead(head: Readonly<Record<string, unknown>>): head is CaptureHead {
  const { driver, origin, speed } = head;
  return (
    (driver === undefined || typeof driver === "string") &&
    typeof origin === "string" &&
    ORIGINS.includes(origin) &&
    typeof speed === "number" &&
    Number.isSafeInteger(speed) &&
    speed > 0
  );
}

function pieceIn(line: string): Piece | string {
  const said = objectIn(line);
  if (said === undefined) return "no JSON object";
  const { t_ms, dir, hex, blank } = said;
  if (typeof t_ms !== "number" || !Number.isFinite(t_ms) || t_ms < 0) return "t_ms is a time in milliseconds";
  if (dir !== "rx" && dir !== "tx") return 'dir is "rx" or "tx"';
  if (typeof hex !== "string" || !/^(?:[0-9a-f]{2})+$/i.test(hex)) return "hex is bytes, two digits each";
  if (hex.length / 2 > LINE_BYTES_MAX) return `hex has more than ${LINE_BYTES_MAX} bytes`;
  return { t_ms, dir, bytes: fromHex(hex), ...(blank === true ? { blank } : {}) };
}

function objectIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch (caught) {
    if (caught instanceof SyntaxError) return undefined;
    throw caught;
  }
}
