/**
 * The DRI line: flags, escapes and the sum around a record, and the record's own header. All fields are little endian and packed.
 *
 *   7E | record, sum (7E and 7D escaped) | 7E
 *
 *   header  0 r_len u16   2 r_nbr u8   3 dri_level u8   4 plug_id u16   6 r_time u32
 *          10 reserved u8, u8, u16    14 r_maintype u16   16 eight times { offset i16, type u8 }, FF ends
 */

export const FLAG = 0x7e;
export const ESCAPE = 0x7d;
const BIT_5 = 0x20;
export const HEADER_BYTES = 40;
const DESCRIPTORS_AT = 16;
const DESCRIPTOR_BYTES = 3;
export const SUBRECORDS_MAX = 8;
const LAST = 0xff;
/** Content that no flag ends is given up: the longest request has 73 bytes. */
export const HEARD_MAX = 200;

export const MAIN = { physiological: 0, wave: 1, alarm: 4 } as const;
/** CARESCAPE of 2009: what the recorded monitor says of itself. */
export const DRI_LEVEL = 10;

export type RecordHead = { readonly number: number; readonly time: number; readonly main: number };
export type Subrecord = { readonly type: number; readonly bytes: Uint8Array };

/** Throws RangeError where there are more subrecords than descriptors: a monitor never has them. */
export function recordBytes({ number, time, main }: RecordHead, subrecords: readonly Subrecord[]): Uint8Array {
  if (subrecords.length > SUBRECORDS_MAX) throw new RangeError(`A record has ${SUBRECORDS_MAX} subrecords at most.`);
  const length = subrecords.reduce((sum, { bytes }) => sum + bytes.length, HEADER_BYTES);
  const record = new Uint8Array(length);
  const view = new DataView(record.buffer);
  view.setUint16(0, length, true);
  view.setUint8(2, number & 0xff);
  view.setUint8(3, DRI_LEVEL);
  view.setUint32(6, time, true);
  view.setUint16(14, main, true);
  let at = HEADER_BYTES;
  subrecords.forEach(({ type, bytes }, index) => {
    const descriptor = DESCRIPTORS_AT + index * DESCRIPTOR_BYTES;
    view.setInt16(descriptor, at - HEADER_BYTES, true);
    view.setUint8(descriptor + 2, type);
    record.set(bytes, at);
    at += bytes.length;
  });
  if (subrecords.length < SUBRECORDS_MAX) view.setUint8(DESCRIPTORS_AT + subrecords.length * DESCRIPTOR_BYTES + 2, LAST);
  return record;
}

const sum8 = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);

export function frameBytes(record: Uint8Array): Uint8Array {
  const frame = [FLAG];
  for (const byte of [...record, sum8(record)])
    if (byte === FLAG || byte === ESCAPE) frame.push(ESCAPE, byte & ~BIT_5);
    else frame.push(byte);
  return Uint8Array.from([...frame, FLAG]);
}

/** Content since the last flag; undefined before the first one and behind content that was too long. */
export type Ear = readonly number[] | undefined;

/** Records that arrived whole: sum and length hold. */
export function hear(ear: Ear, heard: Uint8Array): readonly [Ear, readonly Uint8Array[]] {
  const records: Uint8Array[] = [];
  let content = ear === undefined ? undefined : [...ear];
  for (const byte of heard) {
    if (byte === FLAG) {
      const record = content === undefined ? undefined : recordOf(content);
      if (record !== undefined) records.push(record);
      content = [];
    } else if (content !== undefined && content.length < HEARD_MAX) content.push(byte);
    else content = undefined;
  }
  return [content, records];
}

function recordOf(content: readonly number[]): Uint8Array | undefined {
  const bytes: number[] = [];
  for (let i = 0; i < content.length; i++) {
    const byte = content[i]!;
    if (byte !== ESCAPE) bytes.push(byte);
    else if (i + 1 < content.length) bytes.push(content[++i]! | BIT_5);
    else return undefined;
  }
  const record = Uint8Array.from(bytes.slice(0, -1));
  if (record.length < HEADER_BYTES || sum8(record) !== bytes.at(-1)) return undefined;
  return new DataView(record.buffer).getUint16(0, true) === record.length ? record : undefined;
}
