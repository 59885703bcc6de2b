import { encodeCheckField, scanFields } from "../../proto/codec.ts";
import { LANES, type Lane, type RunId } from "../model/model.ts";
import { crc32 } from "./crc32.ts";

/**
 * A block is a batch as it is sent: a head, devices, metrics and records in protobuf fields, with check fields between them.
 * A check is the CRC-32 of everything before it in the block, seeded with the block's name; so an open block that a kill tore
 * is valid up to its last good check, and an old block in a recycled place never passes for a new one.
 */
export type BlockName = { readonly run: RunId; readonly lane: Lane; readonly number: number };

/** A block is cut at this length, so that a message never meets a broker's limit. */
export const BLOCK_MAX = 64 * 1024;
/** A record that is longer is dropped at entry and named by a gap; it could not be cut into a block. */
export const RECORD_MAX = 32 * 1024;

/** Length of a check field: one byte of tag, four of CRC. */
export const CHECK_LENGTH = 5;
const CHECK_FIELD = 15;
const RECORD_FIELD = 4;

/** The seed that binds a check to the block's name. */
export function checkSeed({ run, lane, number }: BlockName): number {
  const seed = new Uint8Array(13);
  const view = new DataView(seed.buffer);
  view.setBigUint64(0, run, true);
  view.setUint8(8, LANES.indexOf(lane));
  view.setUint32(9, number, true);
  return crc32(seed);
}

/** Closes what was written so far: continues the running check and returns its field. */
export function sealPiece(piece: Uint8Array, running: number): { readonly field: Uint8Array; readonly running: number } {
  const covered = crc32(piece, running);
  const field = encodeCheckField(covered);
  return { field, running: crc32(field, covered) };
}

/** The longest prefix that ends in a good check, and the records in it; undefined where there is none. */
export function verifyBlock(bytes: Uint8Array, name: BlockName): { readonly length: number; readonly records: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let running = checkSeed(name);
  let covered = 0;
  let records = 0;
  let good: { length: number; records: number } | undefined;
  for (const { field, start, end } of scanFields(bytes)) {
    if (field === RECORD_FIELD) records += 1;
    if (field !== CHECK_FIELD) continue;
    running = crc32(bytes.subarray(covered, start), running);
    if (end - start !== CHECK_LENGTH || view.getUint32(start + 1, true) !== running) break;
    running = crc32(bytes.subarray(start, end), running);
    covered = end;
    good = { length: end, records };
  }
  return good;
}
