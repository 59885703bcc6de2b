import type { ConditionMetric } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";
import { ALERT_DEMOS, ALERT_STANDBY, ALERT_STATES, ALERT_TYPES } from "./alert.table.ts";
import { conditionKey, conditionOf, type Named } from "./alerts.ts";
import { Cursor, readList } from "./cursor.ts";
import { ALERTS_MAX, type Memory } from "./memory.ts";
import { readObjectId } from "./message.ts";
import type { PollResult } from "./poll-result.ts";
import type { Telling } from "./telling.ts";

const ATTRIBUTE = { patient: 0x0902, technical: 0x0904 } as const;
const NATURE_OF: ReadonlyMap<number, ConditionMetric["nature"]> = new Map([
  [ATTRIBUTE.patient, "physiological"],
  [ATTRIBUTE.technical, "technical"],
]);
const PRIORITIES = ["low", "medium", "high"] as const;

type Priority = (typeof PRIORITIES)[number];
type Entry = { readonly source: number; readonly code: number; readonly type: number; readonly state: number };
type Active = { readonly priority: Priority; readonly state: number };

/** IV-22: a list holds all alerts of its nature, so that what it does not name is over. What cannot be read ends nothing. */
export function alertReadings(result: PollResult, memory: Memory, telling: Telling): Memory {
  let present = memory.alerts;
  const heard = new Set<number>();
  for (const { id, value } of result.objects.flatMap(({ attributes }) => attributes)) {
    const nature = NATURE_OF.get(id);
    if (nature === undefined) continue;
    const cursor = new Cursor(value);
    const entries = readList(cursor, readEntry);
    if (entries === undefined || !cursor.complete) telling.giveUp(value.length, "lengths");
    else if (heard.has(id)) telling.giveUp(value.length, "second_source");
    else present = tellList(entries, nature, present, telling);
    heard.add(id);
  }
  return { ...memory, alerts: present };
}

const ENTRY_BYTES = 8;
const NO_ALERT = 0;

function readEntry(cursor: Cursor): Entry {
  const entry = { source: cursor.u16(), code: cursor.u16(), type: cursor.u16(), state: cursor.u16() };
  readObjectId(cursor);
  cursor.u16();
  // Text and what belongs to it are the monitor's language for people: not read.
  cursor.take(cursor.u16());
  return entry;
}

function tellList(entries: readonly Entry[], nature: Named["nature"], before: readonly string[], telling: Telling): readonly string[] {
  const active = new Map<string, Active>();
  let isWhole = true;
  for (const { source, code, type, state } of entries) {
    if (type === NO_ALERT) continue;
    const priority = ALERT_TYPES.find(([known, of]) => known === type && of === nature)?.[2];
    if (priority === undefined) {
      telling.giveUp(ENTRY_BYTES, "alert_type_unknown");
      isWhole = false;
      continue;
    }
    const key = conditionKey({ nature, code, source });
    active.set(key, worse(active.get(key), { priority, state }));
  }
  const own = (key: string): boolean => conditionOf(key)?.nature === nature;
  let present = before.filter((key) => !isWhole || !own(key) || active.has(key));
  for (const key of before) if (!present.includes(key)) tellCondition(key, undefined, telling);
  for (const [key, alert] of active) {
    if (!present.includes(key) && present.length >= ALERTS_MAX) {
      telling.giveUp(ENTRY_BYTES, "alerts_too_many");
      continue;
    }
    if (!present.includes(key)) present = [...present, key];
    tellCondition(key, alert, telling);
  }
  return present;
}

function worse(a: Active | undefined, b: Active): Active {
  if (a === undefined) return b;
  const priority = PRIORITIES[Math.max(PRIORITIES.indexOf(a.priority), PRIORITIES.indexOf(b.priority))]!;
  return { priority, state: a.state | b.state };
}

function wordsOf(table: typeof ALERT_STATES, state: number): readonly Word[] {
  return table.filter(([bit]) => (state & bit) !== 0).map(([, word]) => word);
}

function tellCondition(key: string, alert: Active | undefined, telling: Telling): void {
  const metric = conditionOf(key);
  if (metric === undefined) return;
  if (alert === undefined) {
    telling.tell({ told: "condition", metric, present: false });
    return;
  }
  const demo = wordsOf(ALERT_DEMOS, alert.state);
  const qualifiers = [...demo, ...wordsOf(ALERT_STATES, alert.state)];
  telling.tell({
    told: "condition",
    metric,
    present: true,
    word: (alert.state & ALERT_STANDBY) === 0 ? alert.priority : `${alert.priority} standby`,
    ...(demo.length === 0 ? {} : { demo: true }),
    ...(qualifiers.length === 0 ? {} : { qualifiers }),
  });
}
