import { sum8 } from "../kit/checks.ts";
import type { Framing } from "../kit/driver.ts";
import { unstuff } from "../kit/framer.ts";

/** GE-12: a flag at both ends; inside, 7E is sent as 7D 5E and 7D as 7D 5D. */
const MARKS = { flag: 0x7e, escape: 0x7d, xor: 0x20 } as const;
const HEADER_BYTES = 40;
const DATA_BYTES_MAX = 1450;
/** Every byte of the longest record and its sum escaped, and two flags. */
const FRAME_BYTES_MAX = 2 * (HEADER_BYTES + DATA_BYTES_MAX + 1) + 2;
/** GE-14: eight descriptors of three bytes. */
const DESCRIPTORS = { at: 16, count: 8, bytes: 3, end: 0xff } as const;

/** GE-15: what this interface sends. 5 is the patient's identity and 8 are events: neither is ever read. */
export const MAIN_TYPE = { physiological: 0, wave: 1, alarm: 4 } as const;
const MAIN_TYPES: readonly number[] = Object.values(MAIN_TYPE);

export type DriRecord = {
  readonly mainType: number;
  /** Counts modulo 256, each main type for itself (GE-22). */
  readonly number: number;
  /** Unix seconds of the monitor's clock. */
  readonly time: number;
  /** The whole record, from its header to the byte before the sum. */
  readonly view: DataView;
};
export type Subrecord = { readonly type: number; readonly view: DataView };

export const FRAMING: Framing = {
  stuffed: { ...MARKS, lengthMax: FRAME_BYTES_MAX, accepts: (frame) => readRecord(frame) !== undefined },
};

/** The record of a frame; undefined where escapes, sum, length or main type do not hold (GE-12, GE-13, GE-15). */
export function readRecord(frame: Uint8Array): DriRecord | undefined {
  const content = sumHolds(frame) ? unstuff(frame, MARKS) : undefined;
  if (content === undefined || content.length <= HEADER_BYTES || content.length > HEADER_BYTES + DATA_BYTES_MAX + 1) return undefined;
  const record = content.subarray(0, -1);
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const mainType = view.getUint16(14, true);
  // An 8-bit sum lets one broken frame in 256 pass, the claimed length hardly any.
  if (view.getUint16(0, true) !== record.length || !MAIN_TYPES.includes(mainType)) return undefined;
  return { mainType, number: view.getUint8(2), time: view.getUint32(6, true), view };
}

/**
 * The last byte is the sum of those before it, and nothing but a flag and an escape is escaped: any other pair is damage that the
 * sum might not see. Copies nothing, since most candidates of a bad line end here.
 */
function sumHolds(frame: Uint8Array): boolean {
  let sum = 0;
  let last = 0;
  for (let at = 0; at < frame.length; at++) {
    let byte = frame[at]!;
    if (byte === MARKS.flag) continue;
    if (byte === MARKS.escape) {
      at += 1;
      byte = (frame[at] ?? 0) ^ MARKS.xor;
      if (byte !== MARKS.flag && byte !== MARKS.escape) return false;
    }
    sum += last;
    last = byte;
  }
  return (sum & 0xff) === last;
}

/**
 * GE-14: the first subrecord begins at the data area, each ends where the next begins, the last with the record. Undefined where
 * a descriptor points backwards or outside, so that nothing in the record can be trusted.
 */
export function subrecordsOf({ view }: DriRecord): readonly Subrecord[] | undefined {
  const found: { readonly type: number; readonly from: number }[] = [];
  for (let n = 0; n < DESCRIPTORS.count; n++) {
    const at = DESCRIPTORS.at + n * DESCRIPTORS.bytes;
    const type = view.getUint8(at + 2);
    if (type === DESCRIPTORS.end) break;
    found.push({ type, from: HEADER_BYTES + view.getInt16(at, true) });
  }
  const cut = found.map(({ type, from }, n) => ({ type, from, to: found[n + 1]?.from ?? view.byteLength }));
  // Each begins before the next, and the last before the record's end: none reaches beyond it.
  if (cut[0]?.from !== HEADER_BYTES || cut.some(({ from, to }) => from >= to)) return undefined;
  return cut.map(({ type, from, to }) => ({ type, view: new DataView(view.buffer, view.byteOffset + from, to - from) }));
}

/** A request as it goes over the line (GE-21): header, one subrecord of type 0, sum. All other fields are zero. */
export function requestFrame(mainType: number, body: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(record.buffer);
  view.setUint16(0, record.length, true);
  view.setUint16(14, mainType, true);
  view.setUint8(DESCRIPTORS.at + DESCRIPTORS.bytes + 2, DESCRIPTORS.end);
  record.set(body, HEADER_BYTES);
  const stuffed = [...record, sum8(record)].flatMap((byte) =>
    byte === MARKS.flag || byte === MARKS.escape ? [MARKS.escape, byte ^ MARKS.xor] : [byte],
  );
  return Uint8Array.of(MARKS.flag, ...stuffed, MARKS.flag);
}
