import type { DiskFile, Seal } from "../effects/effects.ts";
import { LANES, type Lane, type RunId } from "../model/model.ts";
import { type BlockName, verifyBlock } from "./block.ts";
import { crc32 } from "./crc32.ts";

/**
 * A segment is a file of fixed length, written with zeros once and used again and again: overwriting costs a quarter of
 * appending on flash. It begins with a header of its generation; then units follow, each one commit. A unit's check is seeded
 * with the generation, because a recycled segment is full of old units whose own sums hold.
 *
 * The header stands at both ends, so that a bad sector does not make a full segment look like an empty one.
 *
 * | segment header        |  0 "BSG1" | 4 lane | 5 zeros | 8 generation u64 | 16 order | 20 CRC-32 of 0–19                           |
 * |                       | 24 generation of the one before, u64 | 32 its end | 36 CRC-32 of 24–35 | up to 64 zeros                       |
 * | unit header, 32 bytes |  0 "BUN2" | 4 length of the body | 8 blocks | 12 records | 16 generation u64 | 24 CRC-32 of all but itself |
 * |                       | 28 key id                                                                                                |
 * | body                  |  sealed, with a tag of 16 bytes behind; for each block:                                                    |
 * | block, 24 bytes       |  0 run u64 | 8 number | 12 length | 16 records | 20 lane, zeros | then the block's bytes                   |
 */
export const SEGMENT_BYTES = 1024 * 1024;
const SEGMENT_HEADER = 64;
const UNIT_HEADER = 32;
const ENTRY_HEADER = 24;
const SEGMENT_MAGIC = 0x31475342;
const UNIT_MAGIC = 0x324e5542;
const TAG = 16;
const UNIT_FIRST_BYTE = UNIT_MAGIC & 0xff;

export type Readable = Pick<DiskFile, "read">;
export type StoredBlock = { readonly name: BlockName; readonly bytes: Uint8Array; readonly records: number };

/** Where the first unit stands. */
export const UNITS_START = SEGMENT_HEADER;
/** Where no unit may reach: the second header stands there. */
export const UNITS_END = SEGMENT_BYTES - SEGMENT_HEADER;

/** How far a segment is filled with finished commits. */
export type SegmentEnd = { readonly generation: bigint; readonly end: number };
export type SegmentHeader = {
  readonly lane: Lane;
  readonly generation: bigint;
  readonly order: number;
  /** The segment that was written before this one was begun: what is missing at its end is damage then, and no end. */
  readonly before?: SegmentEnd | undefined;
};

export function encodeSegmentHeader({ lane, generation, order, before }: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SEGMENT_MAGIC, true);
  view.setUint8(4, LANES.indexOf(lane));
  view.setBigUint64(8, generation, true);
  view.setUint32(16, order, true);
  view.setUint32(20, crc32(bytes.subarray(0, 20)), true);
  if (before !== undefined) bytes.set(encodeEnd(before), 24);
  return bytes;
}

const END_LENGTH = 16;
/** With a check of its own. */
export function encodeEnd({ generation, end }: SegmentEnd): Uint8Array {
  const bytes = new Uint8Array(END_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, generation, true);
  view.setUint32(8, end, true);
  view.setUint32(12, crc32(bytes.subarray(0, 12)), true);
  return bytes;
}
export function readEnd(bytes: Uint8Array): SegmentEnd | undefined {
  if (bytes.length < END_LENGTH) return undefined;
  const view = viewOf(bytes);
  const end = view.getUint32(8, true);
  const good = view.getUint32(12, true) === crc32(bytes.subarray(0, 12)) && end >= UNITS_START && end <= UNITS_END;
  return good ? { generation: view.getBigUint64(0, true), end } : undefined;
}

export function readSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER) return undefined;
  const view = viewOf(bytes);
  const lane = LANES[view.getUint8(4)];
  const good = view.getUint32(0, true) === SEGMENT_MAGIC && view.getUint32(20, true) === crc32(bytes.subarray(0, 20));
  if (!good || lane === undefined) return undefined;
  return { lane, generation: view.getBigUint64(8, true), order: view.getUint32(16, true), before: readEnd(bytes.subarray(24)) };
}

/** What a file says that it is. `lostBytes`: what does not hold of that, or of all, where nothing in it says what it was. */
export type Headers = { readonly header: SegmentHeader | undefined; readonly lostBytes: number };

/**
 * What stands at one of both ends, and where neither is a header, the generation of the first unit that holds. Without a header
 * the segment is free. A crash while a segment is emptied may leave one of them: then what was delivered is sent again.
 */
export async function readHeaders(file: Readable, lane: Lane): Promise<Headers> {
  const ends = [await file.read(0, SEGMENT_HEADER), await file.read(UNITS_END, SEGMENT_HEADER)];
  const [first, second] = ends.map(readSegmentHeader);
  const isBroken = ends[0]!.some((byte) => byte !== 0);
  if (first !== undefined) return { header: first, lostBytes: 0 };
  if (second !== undefined) return { header: second, lostBytes: isBroken ? SEGMENT_HEADER : 0 };
  return isBroken ? headerOfUnits(await file.read(0, SEGMENT_BYTES), lane) : { header: undefined, lostBytes: 0 };
}

/** Of which generation a segment without headers is, by its first unit that holds. How old it is among others is not known. */
export function headerOfUnits(segment: Uint8Array, lane: Lane): Headers {
  for (let at = markBehind(segment, UNITS_START); at !== undefined; at = markBehind(segment, at + 1)) {
    if (!unitHolds(segment, at)) continue;
    return { header: { lane, generation: unitHead(segment, at)!.generation, order: 0, before: undefined }, lostBytes: SEGMENT_HEADER };
  }
  return { header: undefined, lostBytes: segment.findLastIndex((byte) => byte !== 0) + 1 };
}

/** Writes what a segment is, or with undefined that it is none. */
export async function writeHeaders(file: DiskFile, header: SegmentHeader | undefined): Promise<void> {
  const bytes = header === undefined ? new Uint8Array(SEGMENT_HEADER) : encodeSegmentHeader(header);
  await file.write(UNITS_END, bytes);
  await file.write(0, bytes);
}

/** What a block costs on flash that goes there alone. */
export const BLOCK_COST = UNIT_HEADER + TAG + ENTRY_HEADER;

export const unitLength = (blocks: readonly StoredBlock[]): number =>
  blocks.reduce((sum, block) => sum + ENTRY_HEADER + block.bytes.length, UNIT_HEADER + TAG);

/** Under what a unit is sealed: a place in one generation is written once. */
export type UnitPlace = { readonly generation: bigint; readonly offset: number; readonly seal: Seal };

/** One commit as bytes. */
export function encodeUnit(blocks: readonly StoredBlock[], place: UnitPlace): Uint8Array {
  const { generation, offset, seal } = place;
  const plain = new Uint8Array(unitLength(blocks) - UNIT_HEADER - TAG);
  const body = viewOf(plain);
  let at = 0;
  for (const block of blocks) {
    body.setBigUint64(at, block.name.run, true);
    body.setUint32(at + 8, block.name.number, true);
    body.setUint32(at + 12, block.bytes.length, true);
    body.setUint32(at + 16, block.records, true);
    body.setUint8(at + 20, LANES.indexOf(block.name.lane));
    plain.set(block.bytes, at + ENTRY_HEADER);
    at += ENTRY_HEADER + block.bytes.length;
  }
  const unit = new Uint8Array(UNIT_HEADER + plain.length + TAG);
  const view = viewOf(unit);
  view.setUint32(0, UNIT_MAGIC, true);
  view.setUint32(4, unit.length - UNIT_HEADER, true);
  view.setUint32(8, blocks.length, true);
  view.setUint32(
    12,
    blocks.reduce((sum, block) => sum + block.records, 0),
    true,
  );
  view.setBigUint64(16, generation, true);
  view.setUint32(28, seal.id, true);
  unit.set(seal.seal(nonceOf(generation, offset), besideOf(unit), plain), UNIT_HEADER);
  view.setUint32(24, unitCheck(unit), true);
  return unit;
}

const nonceOf = (generation: bigint, offset: number): Uint8Array => {
  const nonce = new Uint8Array(12);
  viewOf(nonce).setBigUint64(0, generation, true);
  viewOf(nonce).setUint32(8, offset, true);
  return nonce;
};
/** The header without its check. */
const besideOf = (unit: Uint8Array): Uint8Array => new Uint8Array([...unit.subarray(0, 24), ...unit.subarray(28, UNIT_HEADER)]);

export type Unit = { readonly offset: number; readonly length: number; readonly records: number; readonly blocks: readonly StoredBlock[] };

/** Whole, and sealed under a key that is not here: nobody can read it any more. */
export type Sealed = { readonly offset: number; readonly length: number; readonly sealedRecords: number };

/** What a unit says of itself before its body, in plain. Nothing is checked. */
export type UnitHead = {
  readonly isUnit: boolean;
  /** With the head itself. */
  readonly length: number;
  readonly blocks: number;
  readonly records: number;
  readonly generation: bigint;
  readonly keyId: number;
};
/** Undefined where no unit could begin. */
export function unitHead(segment: Uint8Array, offset: number): UnitHead | undefined {
  if (offset + UNIT_HEADER > segment.length) return undefined;
  const view = viewOf(segment.subarray(offset, offset + UNIT_HEADER));
  return {
    isUnit: view.getUint32(0, true) === UNIT_MAGIC,
    length: UNIT_HEADER + view.getUint32(4, true),
    blocks: view.getUint32(8, true),
    records: view.getUint32(12, true),
    generation: view.getBigUint64(16, true),
    keyId: view.getUint32(28, true),
  };
}
/** Whether its bytes are as they were written, whoever could open them. */
export function unitHolds(segment: Uint8Array, offset: number): boolean {
  const head = unitHead(segment, offset);
  if (head?.isUnit !== true || offset + head.length > segment.length) return false;
  const unit = segment.subarray(offset, offset + head.length);
  return viewOf(unit).getUint32(24, true) === unitCheck(unit);
}

/**
 * Reads the unit at `offset`. Undefined where none stands: the end of the segment, a torn commit, an altered one, or an older
 * generation. Each block in it is checked again by its own name.
 */
export async function readUnit(file: Readable, { offset, generation, seal }: UnitPlace): Promise<Unit | Sealed | undefined> {
  if (offset + UNIT_HEADER > SEGMENT_BYTES) return undefined;
  const header = await file.read(offset, UNIT_HEADER);
  if (header.length < UNIT_HEADER) return undefined;
  const length = UNIT_HEADER + viewOf(header).getUint32(4, true);
  if (viewOf(header).getUint32(0, true) !== UNIT_MAGIC || offset + length > SEGMENT_BYTES) return undefined;
  const bytes = await file.read(offset, length);
  const view = viewOf(bytes);
  if (bytes.length < length || view.getBigUint64(16, true) !== generation || view.getUint32(24, true) !== unitCheck(bytes))
    return undefined;
  if (view.getUint32(28, true) !== seal.id) return { offset, length, sealedRecords: view.getUint32(12, true) };
  const plain = seal.open(nonceOf(generation, offset), besideOf(bytes), bytes.subarray(UNIT_HEADER));
  if (plain === undefined) return undefined;
  const blocks = [...blocksIn(plain)];
  return { offset, length, records: blocks.reduce((sum, block) => sum + block.records, 0), blocks };
}

function* blocksIn(plain: Uint8Array): Generator<StoredBlock> {
  const view = viewOf(plain);
  for (let at = 0; at + ENTRY_HEADER <= plain.length; ) {
    const name = {
      run: view.getBigUint64(at, true) as RunId,
      number: view.getUint32(at + 8, true),
      lane: LANES[view.getUint8(at + 20)] ?? "wave",
    };
    const end = at + ENTRY_HEADER + view.getUint32(at + 12, true);
    const body = plain.slice(at + ENTRY_HEADER, end);
    if (verifyBlock(body, name)?.length === body.length) yield { name, bytes: body, records: view.getUint32(at + 16, true) };
    at = end;
  }
}

/** The next good unit of this generation behind a damaged place; undefined where nothing but the end follows. */
export async function nextUnitBehind(file: Readable, { offset, generation, seal }: UnitPlace): Promise<number | undefined> {
  const rest = await file.read(offset, SEGMENT_BYTES - offset);
  for (let at = markBehind(rest, 1); at !== undefined; at = markBehind(rest, at + 1)) {
    if (viewOf(rest).getBigUint64(at + 16, true) !== generation) continue;
    if ((await readUnit(file, { offset: offset + at, generation, seal })) !== undefined) return offset + at;
  }
  return undefined;
}

/** Where the next unit could begin, from `at` on. */
function markBehind(bytes: Uint8Array, from: number): number | undefined {
  const view = viewOf(bytes);
  for (
    let at = bytes.indexOf(UNIT_FIRST_BYTE, from);
    at >= 0 && at + UNIT_HEADER <= bytes.length;
    at = bytes.indexOf(UNIT_FIRST_BYTE, at + 1)
  )
    if (view.getUint32(at, true) === UNIT_MAGIC) return at;
  return undefined;
}

const unitCheck = (unit: Uint8Array): number => crc32(unit.subarray(28), crc32(unit.subarray(0, 24)));
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
