import { Cursor, readList } from "./cursor.ts";
import { valueReading } from "./judgement.ts";
import { type Cycle, type Memory, TOLD_MAX, type ToldKey, TURNS } from "./memory.ts";
import type { Link } from "./message.ts";
import { hex, numericOf } from "./numerics.ts";
import type { PolledObject, PollResult } from "./poll-result.ts";
import type { Telling } from "./telling.ts";

const ATTRIBUTE = { value: 0x0950, compound: 0x094b } as const;
const KEY = { object: 8, quantity: 12, metric: 16 } as const;

/** Where an answer stands: which request it answers, its link, and the bytes lost before it. */
export type Standing = { readonly invoke: number; readonly link: Link | undefined; readonly gap: number };

/** One message of an answer to a poll of numerics. */
export function numericReadings(result: PollResult, standing: Standing, memory: Memory, telling: Telling): Memory {
  const { cycle, isWhole } = nextCycle(memory.cycle, standing, result.objects.length);
  const told: Told = new Map(memory.told.map((key) => [metricOf(key)?.refid ?? "", key]));
  for (const object of result.objects) for (const value of valuesOf(object, telling)) tellValue(value, told, cycle.turn, telling);
  const objects = new Set(result.objects.map(objectKey));
  const isMissing = ([refid, key]: readonly [refid: string, key: ToldKey]): boolean =>
    isWhole ? key.slice(KEY.metric) !== String(cycle.turn) : objects.has(key.slice(0, KEY.object)) && !telling.has(refid);
  for (const [refid, key] of [...told].filter(isMissing)) {
    told.delete(refid);
    const metric = metricOf(key);
    // IV-4: it had a value before, and has none now; told once.
    if (metric !== undefined) telling.tell({ told: "absent", metric, validity: "not_available", reason: "not_sent" });
  }
  return { ...memory, cycle, told: [...told.values()] };
}

/** What was told, by the reference id of its metric; for the time of one message. */
type Told = Map<string, ToldKey>;

/**
 * IV-13: linked results are numbered from 1, the last one says so, and a plain one ends them. Whole: nothing of the answer is missing,
 * so that a value that it does not hold is not sent any more. A plain result without an object may be the end of a row that was lost,
 * and one behind a linked result that was not the last follows a lost one: no proof.
 */
function nextCycle(before: Cycle, { invoke, link, gap }: Standing, objects: number): { readonly cycle: Cycle; readonly isWhole: boolean } {
  const count = gap > 0 ? -1 : before.count;
  const begun = (before.turn + 1) % TURNS;
  if (link !== undefined) {
    const last = link.state === LAST;
    if (link.count === 1) return { cycle: { invoke, count: 1, last, turn: begun }, isWhole: false };
    const follows = count > 0 && before.invoke === invoke && link.count === count + 1;
    return { cycle: { invoke, count: follows ? link.count : -1, last, turn: before.turn }, isWhole: false };
  }
  const alone = count === 0;
  const isWhole = alone ? objects > 0 : count > 0 && before.last && before.invoke === invoke;
  return { cycle: { invoke, count: 0, last: false, turn: alone ? begun : before.turn }, isWhole };
}

/** State of the linked result that a plain one follows. */
const LAST = 3;

// ── Values ──────────────────────────────────────────────────────────────────────────────────────────────────────────

type Value = { readonly object: string; readonly physio: number; readonly state: number; readonly unit: number; readonly word: number };
const VALUE_BYTES = 10;

function valuesOf(object: PolledObject, telling: Telling): readonly Value[] {
  const key = objectKey(object);
  return object.attributes.flatMap(({ id, value }) => {
    if (id !== ATTRIBUTE.value && id !== ATTRIBUTE.compound) return [];
    const cursor = new Cursor(value);
    const values = id === ATTRIBUTE.value ? [readValue(cursor, key)] : readList(cursor, (inner) => readValue(inner, key));
    if (values !== undefined && cursor.complete) return values;
    telling.giveUp(value.length, "lengths");
    return [];
  });
}

function readValue(cursor: Cursor, object: string): Value {
  return { object, physio: cursor.u16(), state: cursor.u16(), unit: cursor.u16(), word: cursor.u32() };
}

/** IV-20: one quantity has one source; another object that tells the same one is not mixed with it. */
function tellValue({ object, physio, state, unit, word }: Value, told: Told, turn: number, telling: Telling): void {
  const metric = numericOf(physio, unit);
  if (typeof metric === "string") {
    telling.giveUp(VALUE_BYTES, metric);
    return;
  }
  const known = told.get(metric.refid);
  const isOther = known !== undefined && known.slice(0, KEY.quantity) !== `${object}${hex(physio)}`;
  if (isOther || telling.has(metric.refid)) telling.giveUp(VALUE_BYTES, "second_source");
  else if (known === undefined && told.size >= TOLD_MAX) telling.giveUp(VALUE_BYTES, "objects_too_many");
  else {
    telling.tell(valueReading(metric, state, word));
    told.set(metric.refid, `${object}${hex(physio)}${hex(unit)}${turn}`);
  }
}

const objectKey = ({ context, handle }: PolledObject): string => `${hex(context)}${hex(handle)}`;

function metricOf(key: ToldKey): Exclude<ReturnType<typeof numericOf>, string> | undefined {
  const word = (from: number, to: number): number => Number.parseInt(key.slice(from, to), 16);
  const metric = numericOf(word(KEY.object, KEY.quantity), word(KEY.quantity, KEY.metric));
  return typeof metric === "string" ? undefined : metric;
}
