import type { Wall } from "../../config/units.ts";
import { decodeBatch } from "../../proto/codec.ts";
import type { Disk, Seal, Seals } from "../effects/effects.ts";
import { asFault, Fault } from "../fault/fault.ts";
import type { Lane } from "../model/model.ts";
import { verifyBlock } from "./block.ts";
import { type Known, readCursors, savedCursor, savedEnd } from "./cursors.ts";
import { findKey, type KeyFound } from "./keyring.ts";
import { laneOfFile } from "./places.ts";
import {
  headerOfUnits,
  nextUnitBehind,
  type Readable,
  readSegmentHeader,
  readUnit,
  SEGMENT_BYTES,
  type SegmentEnd,
  type SegmentHeader,
  type StoredBlock,
  UNITS_END,
  UNITS_START,
  type Unit,
  type UnitPlace,
  unitHead,
  unitHolds,
} from "./segment.ts";

/** What lies on flash, looked at from outside: files are read, and nothing is opened for writing, synced, locked or repaired. */

export type Amount = { readonly blocks: number; readonly records: number; readonly bytes: number };
export type Why =
  | "cannot_be_read"
  | "too_short"
  | "both_headers"
  | "front_header"
  | "back_header"
  | "other_lane"
  | "unit"
  | "seal"
  | "blocks"
  | "last_unit";
/** A place that does not hold: a file of the folder, from where on, how many bytes. */
export type Damaged = { readonly file: string; readonly offset: number; readonly bytes: number; readonly why: Why };
/** Whole, but nobody can open it; from one commit to the last that follows it without a gap. */
export type SealedRange = Amount & { readonly file: string; readonly offset: number; readonly keyId: number };

export type SegmentLook = {
  readonly file: string;
  readonly lane: Lane;
  readonly is: "used" | "free" | "unknown";
  readonly units: number;
  readonly delivered: Amount;
  readonly waiting: Amount;
  /** When the first and the last record that wait were stamped, as the gateway believed. */
  readonly oldest: Wall | undefined;
  readonly newest: Wall | undefined;
  readonly sealed: readonly SealedRange[];
  readonly damaged: readonly Damaged[];
};
export type SpoolLook = {
  readonly key: KeyFound["copies"] & { readonly id: number | undefined };
  readonly segments: readonly SegmentLook[];
  /** Names that none of ours has; never opened. */
  readonly foreign: readonly string[];
  /** How far segments are filled, as those behind them say. */
  readonly ends: readonly SegmentEnd[];
};

/** No key has this id: every unit is taken for one that is sealed under another key. */
const NO_KEY: Seal = {
  id: -1,
  seal: () => new Uint8Array(),
  open: () => undefined,
};
const OURS = /^(?:cursors\.json(?:\.new)?|lost\+found)$/;

/** Throws Fault `disk.*` where the folder or the key cannot be read; a file that cannot be is a damaged place. */
export async function lookAtSpool(parts: { readonly disk: Disk; readonly seals: Seals }, stateDir: string): Promise<SpoolLook> {
  const { disk, seals } = parts;
  const folder = `${stateDir}/spool`;
  const { key, copies } = await findKey(disk, stateDir);
  const seal = key === undefined ? NO_KEY : seals(key);
  const segments: SegmentLook[] = [];
  const files = await disk.list(folder);
  const known = { cursors: await readCursors(disk, folder), ends: await endsOf(disk, folder, files) };
  for (const file of files) {
    const lane = laneOfFile(file);
    const look = lane === undefined ? undefined : await lookAtFile(disk, folder, { file, lane, known, seal });
    if (look !== undefined) segments.push(look);
  }
  const foreign = files.filter((file) => laneOfFile(file) === undefined && !OURS.test(file));
  return { key: { ...copies, id: key === undefined ? undefined : seal.id }, segments, foreign, ends: known.ends };
}

/** What headers say of the segments before theirs. A file that cannot be read says nothing, and is told where it is looked at. */
async function endsOf(disk: Disk, folder: string, files: readonly string[]): Promise<readonly SegmentEnd[]> {
  const ends: SegmentEnd[] = [];
  for (const file of files.filter((name) => laneOfFile(name) !== undefined)) {
    const bytes = await disk
      .read(`${folder}/${file}`)
      .catch((caught: unknown) => void asFault(caught, "disk.failed", `Cannot read ${file}`));
    const { before } = (bytes !== undefined && (readSegmentHeader(bytes) ?? readSegmentHeader(bytes.subarray(UNITS_END)))) || {};
    if (before !== undefined) ends.push(before);
  }
  return ends;
}

/**
 * Looks once more at the files in which something did not hold: where an agent works, what was read may have been written just then.
 * Throws as `lookAtSpool`.
 */
export async function lookAgain(
  parts: { readonly disk: Disk; readonly seals: Seals },
  stateDir: string,
  before: SpoolLook,
): Promise<SpoolLook> {
  const { disk, seals } = parts;
  const { key } = await findKey(disk, stateDir);
  const folder = `${stateDir}/spool`;
  const known = { cursors: await readCursors(disk, folder), ends: before.ends };
  const about = { known, seal: key === undefined ? NO_KEY : seals(key) };
  const segments: SegmentLook[] = [];
  for (const one of before.segments) {
    const look = one.damaged.length === 0 ? one : await lookAtFile(disk, folder, { ...one, ...about });
    if (look === undefined) continue;
    // What is new may in turn have been written just then.
    const wasThere = ({ offset }: Damaged): boolean => one.damaged.some((place) => place.offset === offset);
    segments.push({ ...look, damaged: look.damaged.filter(wasThere) });
  }
  return { ...before, segments };
}

type About = { readonly file: string; readonly lane: Lane; readonly known: Known; readonly seal: Seal };

/** Undefined where it is gone. */
async function lookAtFile(disk: Pick<Disk, "read">, folder: string, about: About): Promise<SegmentLook | undefined> {
  try {
    const bytes = await disk.read(`${folder}/${about.file}`);
    return bytes === undefined ? undefined : await lookAtSegment(bytes, about);
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    return nothingIn(about, "unknown", [{ offset: 0, bytes: 0, why: "cannot_be_read" }]);
  }
}

type Place = Omit<Damaged, "file">;
const NOTHING: Amount = { blocks: 0, records: 0, bytes: 0 };
const nothingIn = ({ file, lane }: About, is: SegmentLook["is"], damaged: readonly Place[]): SegmentLook => ({
  file,
  lane,
  is,
  units: 0,
  delivered: NOTHING,
  waiting: NOTHING,
  oldest: undefined,
  newest: undefined,
  sealed: [],
  damaged: damaged.map((place) => ({ file, ...place })),
});

/** A segment's bytes, as they were read at once. */
export async function lookAtSegment(bytes: Uint8Array, about: About): Promise<SegmentLook> {
  const isEmpty = isZero(bytes);
  if (isEmpty) return nothingIn(about, "free", []);
  if (bytes.length < SEGMENT_BYTES) return nothingIn(about, "unknown", [{ offset: 0, bytes: bytes.length, why: "too_short" }]);
  const ends = [bytes.subarray(0, UNITS_START), bytes.subarray(UNITS_END, SEGMENT_BYTES)] as const;
  const [front, back] = ends.map(wholeHeader);
  const isFree = isZero(ends[0]) && front === undefined && back === undefined;
  // Zeros in place of both: what stands between them is what was delivered before.
  if (isFree) return nothingIn(about, "free", isZero(ends[1]) ? [] : [headerAt(1)]);
  const { header = undefined, lostBytes = 0 } =
    (front ?? back) === undefined ? headerOfUnits(bytes, about.lane) : { header: front ?? back };
  if (header === undefined) return nothingIn(about, "unknown", [{ offset: 0, bytes: lostBytes, why: "both_headers" }]);
  const broken = ([front, back] as const).flatMap((one, at) => (one === undefined && !isZero(ends[at]!) ? [headerAt(at)] : []));
  if (header.lane !== about.lane) broken.push({ offset: 0, bytes: 0, why: "other_lane" });
  const filled = savedEnd(about.known, header.generation);
  return sumUp(await unitsIn(bytes, header, { seal: about.seal, filled }), { ...about, lane: header.lane, header, broken });
}

const headerAt = (end: number): Place =>
  end === 0
    ? { offset: 0, bytes: UNITS_START, why: "front_header" }
    : { offset: UNITS_END, bytes: SEGMENT_BYTES - UNITS_END, why: "back_header" };
/** A header, the end of the segment before it where one is told, and nothing but zeros behind. */
function wholeHeader(bytes: Uint8Array): SegmentHeader | undefined {
  const header = readSegmentHeader(bytes);
  return header !== undefined && isZero(bytes.subarray(header.before === undefined ? 24 : 40)) ? header : undefined;
}
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

// ── Units ──

type Found = Unit | Omit<SealedRange, "file"> | Place;

async function unitsIn(
  bytes: Uint8Array,
  { generation }: SegmentHeader,
  { seal, filled }: { readonly seal: Seal; readonly filled: number },
): Promise<readonly Found[]> {
  const file: Readable = { read: async (at, length) => bytes.subarray(at, Math.min(at + length, bytes.length)) };
  const found: Found[] = [];
  for (let offset = UNITS_START; ; ) {
    const place: UnitPlace = { generation, offset, seal };
    const unit = await readUnit(file, place);
    if (unit !== undefined) {
      found.push("sealedRecords" in unit ? sealedAt(bytes, offset) : isComplete(bytes, unit) ? unit : { ...placeOf(unit), why: "blocks" });
      offset += unit.length;
      continue;
    }
    const next = await nextUnitBehind(file, place);
    const isKnown = next !== undefined || filled > offset;
    const end = isKnown ? (next ?? filled) : endOfLast(bytes, place);
    if (end === undefined) return found;
    const why = unitHolds(bytes, offset) ? "seal" : isKnown ? "unit" : "last_unit";
    found.push({ offset, bytes: end - offset, why });
    if (!isKnown) return found;
    offset = end;
  }
}

const placeOf = ({ offset, length }: Unit): Omit<Place, "why"> => ({ offset, bytes: length });

function sealedAt(bytes: Uint8Array, offset: number): Omit<SealedRange, "file"> {
  const head = unitHead(bytes, offset)!;
  return { offset, bytes: head.length, blocks: head.blocks, records: head.records, keyId: head.keyId };
}

/** Reading passes over a block that does not hold; the unit's head says how many there were. */
function isComplete(bytes: Uint8Array, unit: Unit): boolean {
  const head = unitHead(bytes, unit.offset);
  const counted = unit.blocks.reduce((sum, block) => sum + (verifyBlock(block.bytes, block.name)?.records ?? 0), 0);
  return head?.blocks === unit.blocks.length && head.records === unit.records && counted === unit.records;
}

/**
 * Behind the last unit stand zeros, or units of an older generation that this file held before. What claims to be of this one, or
 * of an older one and does not hold, was begun and torn, or is damaged. Undefined where nothing says so.
 */
function endOfLast(bytes: Uint8Array, { offset, generation }: UnitPlace): number | undefined {
  const head = unitHead(bytes, offset);
  if (head === undefined || offset >= UNITS_END) return undefined;
  const rest = bytes.subarray(offset, UNITS_END);
  if (isZero(rest.subarray(0, 32))) return isZero(rest) ? undefined : UNITS_END;
  const isOlder = head.isUnit && head.generation !== generation && unitHolds(bytes, offset);
  if (isOlder || !(head.isUnit || head.generation === generation)) return undefined;
  const end = offset + head.length;
  return Math.min(end, UNITS_END);
}

// ── Sums ──

type Looked = About & { readonly header: SegmentHeader; readonly broken: readonly Place[] };

function sumUp(found: readonly Found[], { file, lane, known, header, broken }: Looked): SegmentLook {
  const saved = savedCursor(known.cursors, header.generation);
  const units = found.filter((one): one is Unit => "length" in one);
  const isDelivered = ({ offset, length }: Unit): boolean => offset + length <= saved;
  const waiting = units.filter((unit) => !isDelivered(unit));
  const [first] = waiting.flatMap(({ blocks }) => blocks);
  const last = waiting.at(-1)?.blocks.at(-1);
  return {
    file,
    lane,
    is: "used",
    units: found.filter((one) => !("why" in one)).length,
    delivered: sumOf(units.filter(isDelivered)),
    waiting: sumOf(waiting),
    oldest: first === undefined ? undefined : stampIn(first, "first"),
    newest: last === undefined ? undefined : stampIn(last, "last"),
    sealed: rangesOf(found.filter((one) => "keyId" in one)).map((range) => ({ file, ...range })),
    damaged: [...broken, ...found.filter((one): one is Place => "why" in one)].map((place) => ({ file, ...place })),
  };
}

/** A spool whose key is lost has thousands of commits. */
function rangesOf(sealed: readonly Omit<SealedRange, "file">[]): readonly Omit<SealedRange, "file">[] {
  const ranges: Omit<SealedRange, "file">[] = [];
  for (const one of sealed) {
    const { offset, keyId, blocks, records, bytes } = ranges.at(-1) ?? { ...one, bytes: -1 };
    if (keyId !== one.keyId || offset + bytes !== one.offset) ranges.push(one);
    else
      ranges[ranges.length - 1] = { offset, keyId, blocks: blocks + one.blocks, records: records + one.records, bytes: bytes + one.bytes };
  }
  return ranges;
}

const sumOf = (units: readonly Unit[]): Amount => ({
  blocks: units.reduce((sum, { blocks }) => sum + blocks.length, 0),
  records: units.reduce((sum, { records }) => sum + records, 0),
  bytes: units.reduce((sum, { length }) => sum + length, 0),
});

/** Of one record of a block; undefined where the block does not say what time it was. */
function stampIn({ bytes }: StoredBlock, which: "first" | "last"): Wall | undefined {
  const batch = decodeBatch(bytes);
  const record = batch?.records.at(which === "first" ? 0 : -1);
  const clock = batch?.head?.clock;
  return record === undefined || clock === undefined ? undefined : (((clock.utcUs + record.atUs) / 1000) as Wall);
}
