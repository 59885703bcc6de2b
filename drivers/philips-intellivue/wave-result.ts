import { Cursor, readList } from "./cursor.ts";
import { judge } from "./judgement.ts";
import { learnLayout } from "./layout.ts";
import { type Layout, type Memory, PLACES_MAX, type Place } from "./memory.ts";
import type { Standing } from "./numeric-result.ts";
import { hex } from "./numerics.ts";
import type { PolledObject, PollResult } from "./poll-result.ts";
import type { Telling } from "./telling.ts";
import { waveOf } from "./waves.ts";

const ATTRIBUTE = { samples: 0x096e, compound: 0x0967 } as const;
const SEQUENCES = 0x1_0000;
const TICKS = 0x1_0000_0000;
const BITS_A_BYTE = 8;
/** Two seconds. */
const HELD_TICKS = 16_000;
/** A block that comes sooner after the last one than this part of its own length is of a second row of answers, and overlaps it. */
const OVERLAP_FREE = 0.75;

/** Samples of one lead as they were sent. */
type Block = { readonly at: string; readonly physio: number; readonly state: number; readonly bytes: Uint8Array };
/** When a message was sent. */
type Moment = { readonly invoke: number; readonly sequence: number | undefined; readonly time: number };

/** One message of an answer to a poll of waves. Layouts of an object are learned before its samples are read. */
export function waveReadings(result: PollResult, { invoke }: Standing, memory: Memory, telling: Telling): Memory {
  const moment: Moment = { invoke, sequence: result.sequence, time: result.time };
  let { layouts, places } = memory;
  for (const object of result.objects) {
    const at = `${hex(object.context)}${hex(object.handle)}`;
    layouts = learnLayout(at, object.attributes, layouts, telling);
    for (const block of blocksOf(at, object, telling)) places = tellBlock(block, moment, { layouts, places }, telling);
  }
  return { ...memory, layouts, places };
}

function blocksOf(at: string, { attributes }: PolledObject, telling: Telling): readonly Block[] {
  return attributes.flatMap(({ id, value }) => {
    if (id !== ATTRIBUTE.samples && id !== ATTRIBUTE.compound) return [];
    const cursor = new Cursor(value);
    const blocks = id === ATTRIBUTE.samples ? [readBlock(cursor, at)] : readList(cursor, (inner) => readBlock(inner, at));
    if (blocks !== undefined && cursor.complete) return blocks;
    telling.giveUp(value.length, "lengths");
    return [];
  });
}

function readBlock(cursor: Cursor, at: string): Block {
  return { at, physio: cursor.u16(), state: cursor.u16(), bytes: cursor.take(cursor.u16()) };
}

type Known = Pick<Memory, "layouts" | "places">;

function tellBlock(block: Block, moment: Moment, { layouts, places }: Known, telling: Telling): readonly Place[] {
  const { at, physio, state, bytes } = block;
  const giveUp = (reason: Parameters<Telling["giveUp"]>[1]): readonly Place[] => {
    telling.giveUp(bytes.length, reason);
    return places;
  };
  const before = places.find((place) => place.physio === physio);
  if (before !== undefined && before.at !== at && isHeld(before, moment.time)) return giveUp("second_source");
  if (before === undefined && places.length >= PLACES_MAX) return giveUp("objects_too_many");
  const layout = layouts.find((one) => one.at === at && one.samples * one.bits === bytes.length * BITS_A_BYTE);
  if (layout === undefined) return giveUp("layout_unknown");
  const metric = waveOf({ physio, unit: layout.unit, period: layout.period, range: layout.range });
  if (typeof metric === "string") return giveUp(metric);
  if (telling.has(metric.refid)) return giveUp("second_source");
  const { absent } = judge(state);
  const read = absent ? NO_SAMPLES : samplesOf(bytes, layout);
  if (read === undefined) return giveUp("special_sample");
  const first = firstOf(before, layout, moment);
  if (first === undefined) return giveUp("out_of_time");
  telling.tell({
    told: "wave",
    metric,
    samples: read.samples,
    first,
    ...(absent ? { absent: layout.samples } : {}),
    ...(isTorn(before) ? { gapBefore: true } : {}),
    ...judge(state, read.marked ? ["marked"] : []).doubt,
  });
  const { invoke, sequence = -1, time } = moment;
  return withPlace(places, { physio, at, next: first + layout.samples, invoke, sequence, time });
}

const NO_SAMPLES = { samples: [], marked: false };
/** Nobody can tell how long it was silent: it was told before, and not in this association. */
const isTorn = (before: Place | undefined): boolean => before !== undefined && before.time < 0 && before.next > 0;

function withPlace(places: readonly Place[], place: Place): readonly Place[] {
  const known = places.findIndex(({ physio }) => physio === place.physio);
  return known < 0 ? [...places, place] : places.with(known, place);
}

/** IV-20: an object that has told nothing for a while may be gone; the next one that tells this wave takes its place. */
function isHeld({ at, time }: Place, now: number): boolean {
  return at !== "" && (now - time + TICKS) % TICKS < HELD_TICKS;
}

/**
 * IV-21: answers to one poll are numbered, and a block of the very next one goes on where the last ended. Otherwise the monitor's
 * ticks say how many samples are missing, and never that there were fewer than were told. Undefined: the block is not later.
 */
function firstOf(before: Place | undefined, { period, samples }: Layout, { invoke, sequence, time }: Moment): number | undefined {
  if (before === undefined) return 0;
  if (before.time < 0) return isTorn(before) ? before.next + 1 : 0;
  const follows = sequence !== undefined && before.invoke === invoke && sequence === (before.sequence + 1) % SEQUENCES;
  if (follows) return before.next;
  const ticks = (time - before.time + TICKS) % TICKS;
  if (ticks < samples * period * OVERLAP_FREE || ticks >= TICKS / 2) return undefined;
  return Math.max(before.next, before.next - samples + Math.round(ticks / period));
}

/**
 * IV-18: unsigned integers; bits above the significant ones are marks. A value that is itself one of those said to be no sample is
 * no number, and its block is not told.
 */
function samplesOf(bytes: Uint8Array, layout: Layout): { readonly samples: readonly number[]; readonly marked: boolean } | undefined {
  const mask = 2 ** layout.significant - 1;
  const cursor = new Cursor(bytes);
  const samples: number[] = [];
  let marked = false;
  for (let i = 0; i < layout.samples; i++) {
    const sent = layout.bits === BITS_A_BYTE ? cursor.u8() : cursor.u16();
    if (layout.special.includes(sent)) return undefined;
    marked ||= sent > mask;
    samples.push(sent & mask);
  }
  return { samples, marked };
}
