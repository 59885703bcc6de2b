import type { DiskFile } from "../effects/effects.ts";
import { asFault, assert, type Fault } from "../fault/fault.ts";
import { LANES, type Lane, type RunId } from "../model/model.ts";
import { BLOCK_MAX, type BlockName, verifyBlock } from "./block.ts";
import { crc32 } from "./crc32.ts";
import { encodeEnd, readEnd, type SegmentEnd } from "./segment.ts";

/** One lane's window: a file on tmpfs that a killed process leaves behind. Blocks never wrap. */
export const RING_BYTES = 4 * 1024 * 1024;

/** Blocks begin at multiples of this, so that recovery finds them after any tear. */
const ALIGN = 64;
/**
 * | offset | bytes | what                                        |
 * |--------|-------|---------------------------------------------|
 * |      0 |     4 | "BRK1"                                      |
 * |      4 |     1 | lane (index in LANES)                       |
 * |      5 |     1 | state: 1 live, 2 released                   |
 * |      6 |     2 | 0                                           |
 * |      8 |     8 | run                                         |
 * |     16 |     4 | number of the block in (run, lane), from 1  |
 * |     20 |     4 | CRC-32 of the bytes above, state taken as 0 |
 */
const HEADER = 24;
const MAGIC = 0x314b5242;
/** "BRE1" before the first block, and how far the lane's newest segment is filled. */
const END_MAGIC = 0x31455242;
const BLOCKS_START = ALIGN;
const STATE_AT = 5;
const LIVE = 1;
const RELEASED = 2;

/** A block's place in the ring. */
export type Slot = { readonly offset: number; length: number; released: boolean };

export class Ring {
  readonly #file: DiskFile | undefined;
  readonly #run: RunId;
  readonly #lane: Lane;
  readonly #slots: Slot[] = [];
  #noted: SegmentEnd | undefined;
  /** Why the last write was refused; for whoever tells it, to take. */
  fault: Fault | undefined;

  /** Without a file the ring is always full. */
  constructor(file: DiskFile | undefined, run: RunId, lane: Lane) {
    this.#file = file;
    this.#run = run;
    this.#lane = lane;
  }

  /** Bytes held by blocks that are not released yet. */
  get used(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.length, 0);
  }

  /** Whether there is no file: the runtime directory refused it. */
  get missing(): boolean {
    return this.#file === undefined;
  }

  /** What a block of this length takes up, once it is closed. */
  static room(length: number): number {
    return align(HEADER + length);
  }

  /** A block of an earlier run, that is in its ring only and finds no place on flash. Otherwise as `begin`. */
  takeOver(name: BlockName, bytes: Uint8Array): Slot | undefined {
    return this.#write(header(name), bytes, align(HEADER + bytes.length));
  }

  /** Reserves room for a whole block and writes its first bytes. Undefined when the ring is full. Throws Fault `disk.*`. */
  begin(number: number, bytes: Uint8Array): Slot | undefined {
    const head = header({ run: this.#run, lane: this.#lane, number });
    return this.#write(head, bytes, align(HEADER + BLOCK_MAX));
  }

  #write(head: Uint8Array, bytes: Uint8Array, length: number): Slot | undefined {
    const offset = this.#file === undefined ? undefined : this.#room(length);
    if (offset === undefined) return undefined;
    const first = new Uint8Array(HEADER + bytes.length);
    first.set(head);
    first.set(bytes, HEADER);
    this.#file?.writeNow(offset, first);
    const slot: Slot = { offset, length, released: false };
    this.#slots.push(slot);
    return slot;
  }

  /** Writes the next bytes of an open block, which already holds `length`. */
  append(slot: Slot, length: number, bytes: Uint8Array): void {
    assert(!slot.released && length + bytes.length <= BLOCK_MAX, "a ring block grows only while it is open");
    this.#file?.writeNow(slot.offset + HEADER + length, bytes);
  }

  /** Gives back what the closed block did not need. */
  close(slot: Slot, length: number): void {
    slot.length = align(HEADER + length);
  }

  /** The block is delivered or on flash: its place may be used again, and a recovery does not see it any more. */
  release(slot: Slot): void {
    if (slot.released) return;
    slot.released = true;
    try {
      this.#file?.writeNow(slot.offset + STATE_AT, Uint8Array.of(RELEASED));
    } catch (caught) {
      // A recovery that still sees it sends it again, under equal names.
      this.fault = asFault(caught, "disk.failed", "The runtime directory cannot be written");
    }
    this.#trim();
  }

  /** Gives up a place that could not be written. What a recovery may still find there has equal names and equal bytes. */
  abandon(slot: Slot): void {
    slot.released = true;
    this.#trim();
  }

  /** Notes how far flash is filled: a recovery knows by it what is missing at the end there. */
  note(end: SegmentEnd | undefined): void {
    if (end === undefined || (end.generation === this.#noted?.generation && end.end === this.#noted.end)) return;
    this.#noted = end;
    const bytes = new Uint8Array(ALIGN);
    new DataView(bytes.buffer).setUint32(0, END_MAGIC, true);
    bytes.set(encodeEnd(end), 4);
    try {
      this.#file?.writeNow(0, bytes);
    } catch (caught) {
      // Less is known then, and nothing wrong.
      this.fault = asFault(caught, "disk.failed", "The runtime directory cannot be written");
    }
  }

  #trim(): void {
    while (this.#slots[0]?.released === true) this.#slots.shift();
  }

  #room(length: number): number | undefined {
    const first = this.#slots[0];
    const last = this.#slots.at(-1);
    if (first === undefined || last === undefined) return BLOCKS_START;
    const end = last.offset + last.length;
    if (last.offset < first.offset) return end + length <= first.offset ? end : undefined;
    if (end + length <= RING_BYTES) return end;
    return BLOCKS_START + length <= first.offset ? BLOCKS_START : undefined;
  }
}

/** How far flash was filled, as the run knew whose ring this is. */
export function readRingEnd(file: Uint8Array): SegmentEnd | undefined {
  if (file.length < ALIGN) return undefined;
  const magic = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  return magic === END_MAGIC ? readEnd(file.subarray(4)) : undefined;
}

/** What a ring of an earlier run still holds. */
export type Found = {
  readonly name: BlockName;
  readonly bytes: Uint8Array;
  readonly records: number;
  readonly released: boolean;
};

/** Every block in a ring file whose checks hold, run by run as they lie there, each in order of number; a torn end is cut off. */
export function readRing(file: Uint8Array): readonly Found[] {
  const found: Found[] = [];
  for (let offset = 0; offset + HEADER <= file.length; offset += ALIGN) {
    const head = readHeader(file.subarray(offset, offset + HEADER));
    if (head === undefined) continue;
    const body = file.subarray(offset + HEADER, offset + HEADER + BLOCK_MAX);
    const good = verifyBlock(body, head.name);
    if (good !== undefined) found.push({ ...head, bytes: body.slice(0, good.length), records: good.records });
  }
  const runs = [...new Set(found.map(({ name }) => name.run))];
  return found.sort((a, b) => runs.indexOf(a.name.run) - runs.indexOf(b.name.run) || a.name.number - b.name.number);
}

function header({ run, lane, number }: BlockName): Uint8Array {
  const bytes = new Uint8Array(HEADER);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, LANES.indexOf(lane));
  view.setBigUint64(8, run, true);
  view.setUint32(16, number, true);
  view.setUint32(20, crc32(bytes.subarray(0, 20)), true);
  view.setUint8(STATE_AT, LIVE);
  return bytes;
}

function readHeader(bytes: Uint8Array): Omit<Found, "bytes" | "records"> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  const name = { run: view.getBigUint64(8, true), lane: LANES[view.getUint8(4)] ?? "wave", number: view.getUint32(16, true) };
  const same = header(name);
  for (let at = 0; at < HEADER; at++) if (at !== STATE_AT && same[at] !== bytes[at]) return undefined;
  return { name, released: view.getUint8(STATE_AT) !== LIVE };
}

const align = (length: number): number => Math.ceil(length / ALIGN) * ALIGN;
