import { join } from "./streams.ts";

/** Records as a monitor sends them, made from the paper and with nothing of the driver's. */
const HEADER = 40;
export const PHDB_BYTES = 278;

export type Made = {
  readonly mainType: number;
  readonly subrecords: readonly { readonly type: number; readonly bytes: Uint8Array }[];
  readonly number?: number;
  readonly time?: number;
};
export const NOON = 1_532_606_400;

/** `damage` changes the record before its sum is made: the sum holds, and what it covers lies. */
export function frameOf(made: Made, damage: (record: DataView) => void = () => undefined): Uint8Array {
  const record = join(new Uint8Array(HEADER), ...made.subrecords.map(({ bytes }) => bytes));
  const view = new DataView(record.buffer);
  view.setUint16(0, record.length, true);
  view.setUint8(2, made.number ?? 0);
  view.setUint8(3, 10);
  view.setUint32(6, made.time ?? NOON, true);
  view.setUint16(14, made.mainType, true);
  let offset = 0;
  for (const [n, { type, bytes }] of made.subrecords.entries()) {
    view.setInt16(16 + 3 * n, offset, true);
    view.setUint8(18 + 3 * n, type);
    offset += bytes.length;
  }
  if (made.subrecords.length < 8) view.setUint8(18 + 3 * made.subrecords.length, 0xff);
  damage(view);
  return stuffed(record);
}

export function stuffed(record: Uint8Array): Uint8Array {
  const sum = record.reduce((all, byte) => (all + byte) & 0xff, 0);
  const content = [...record, sum].flatMap((byte) => (byte === 0x7e ? [0x7d, 0x5e] : byte === 0x7d ? [0x7d, 0x5d] : [byte]));
  return Uint8Array.of(0x7e, ...content, 0x7e);
}

/** Numbers by their place in a subrecord: 16 bits each, or 32 where the key is a header's status. */
export type Filled = { readonly i16?: Readonly<Record<number, number>>; readonly u32?: Readonly<Record<number, number>> };
export function phdb(classNumber: number, { i16 = {}, u32 = {} }: Filled, time = NOON): Uint8Array {
  const bytes = new Uint8Array(PHDB_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, time, true);
  for (const [at, value] of Object.entries(u32)) view.setUint32(Number(at), value, true);
  for (const [at, value] of Object.entries(i16)) view.setInt16(Number(at), value, true);
  view.setUint16(276, (classNumber << 8) | 0xa1, true);
  return bytes;
}

export function waveform(samples: readonly number[], { status = 0, claimed = samples.length } = {}): Uint8Array {
  const view = new DataView(new ArrayBuffer(6 + 2 * samples.length));
  view.setUint16(0, claimed, true);
  view.setUint16(2, status, true);
  for (const [n, sample] of samples.entries()) view.setInt16(6 + 2 * n, sample, true);
  return new Uint8Array(view.buffer);
}

export type AlarmEntry = { readonly text: string; readonly colour: number; readonly changed?: number };
export function alarmStatus(entries: readonly AlarmEntry[], width: 2 | 4): Uint8Array {
  const entryBytes = 80 + 2 + width + 2 + 12;
  const view = new DataView(new ArrayBuffer(8 + width + 5 * entryBytes + 10));
  const enumeration = (at: number, value: number): void =>
    width === 2 ? view.setUint16(at, value, true) : view.setUint32(at, value, true);
  view.setUint16(2, 1, true);
  enumeration(8, 5);
  for (const [n, { text, colour, changed = 0 }] of entries.entries()) {
    const at = 8 + width + n * entryBytes;
    for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i));
    view.setUint16(at + 80, changed, true);
    enumeration(at + 82, colour);
    view.setUint16(at + 82 + width, changed, true);
  }
  return new Uint8Array(view.buffer);
}

/**
 * A second reading of recorded bytes: split at flags, bit 5 set behind an escape, nothing checked.
 * The last may be unfinished.
 */
export function recordsIn(bytes: Uint8Array): readonly DataView[] {
  const records: number[][] = [];
  let record: number[] | undefined;
  let escaped = false;
  for (const byte of bytes) {
    if (byte === 0x7e) {
      if (record !== undefined && record.length > 0) records.push(record);
      record = [];
    } else if (byte === 0x7d) escaped = true;
    else {
      record?.push(escaped ? byte | 0x20 : byte);
      escaped = false;
    }
  }
  if (record !== undefined && record.length > 0) records.push(record);
  return records.map((one) => new DataView(Uint8Array.from(one).buffer));
}
