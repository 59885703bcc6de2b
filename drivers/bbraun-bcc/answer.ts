import type { Decoded } from "../kit/driver.ts";
import type { Reading, ValueMetric } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";
import { type Block, type Group, RACK, readBlock, VERSION } from "./block.ts";
import { type Held, heldWord, missingSince } from "./held.ts";
import { type Message, printOf, readMessage } from "./message.ts";
import { groupReadings, removed } from "./pump.ts";

/** Pumps of one rack that are read; the addresses would allow 72 (BB-18). */
export const PUMPS_MAX = 24;
/** Of a pump whose quadruples may go on in the next block; a pump is about 1 kB with times and addresses. */
const OPEN_LENGTH_MAX = 1500;

export const BED: ValueMetric = { kind: "text", refid: "bcc.bed_id", name: "bed id" };

/** Serialisable; bounded by PUMPS_MAX, OPEN_LENGTH_MAX and BED_LENGTH_MAX. */
export type Memory = {
  /** "": not heard yet. */
  readonly bed: string;
  readonly stuffed: boolean;
  /** Pumps that are there, as far as the answers up to now say. */
  readonly slots: readonly string[];
  readonly held: Held;
  /** The answer before came whole: what counts from request to request has lost nothing. */
  readonly counted: boolean;
  /** Of the block before; 0 where none is. */
  readonly print: number;
  /** Of the answer in progress. */
  readonly whole: boolean;
  readonly seen: readonly string[];
  /** The pump at the end of the block before, which this one may continue; at most one. */
  readonly open: readonly Open[];
};
type Open = {
  readonly slot: string;
  readonly time?: string;
  readonly values: readonly (readonly [string, string])[];
  readonly bytes: number;
};

const NO_ANSWER = { whole: true, seen: [], open: [] } as const;
export const START: Memory = { bed: "", stuffed: false, slots: [], held: {}, counted: false, print: 0, ...NO_ANSWER };

const NO_PUMPS = "11";
const REMOVED = "39";
/** Reasons for which a quadruple may have been a pump's that is not named then. */
const NAMELESS: readonly Word[] = ["not_utf8", "not_a_quadruple", "address_unknown"];

const REQUEST = /^(ADMIN|MEM):/;
const ALIVE = /^\d+,50100,GNACK,/;
const VERSION_ANSWER = /^\d+,50100,V\d/;
const HEAD_LENGTH = 32;

/** What kind of answer a message is of; undefined where it is none. A request that comes back is none: a line may echo. */
export function kindOf(message: Message | undefined): "alive" | "version" | "memory" | undefined {
  if (message === undefined) return undefined;
  const head = String.fromCharCode(...message.info.subarray(0, HEAD_LENGTH));
  if (REQUEST.test(head)) return undefined;
  if (ALIVE.test(head)) return "alive";
  return VERSION_ANSWER.test(head) ? "version" : "memory";
}

export function decode(frame: Uint8Array, memory: Memory, gap: number): Decoded<Memory> {
  const message = readMessage(frame);
  const kind = kindOf(message);
  if (message === undefined || kind === undefined) return { readings: [unreadable(frame.length, "no_answer")], memory };
  const other = memory.bed !== "" && memory.bed !== message.bed;
  const before = { ...(other ? START : memory), bed: message.bed, stuffed: message.stuffed ?? memory.stuffed };
  // BB-12: the same text again is the same block again, and was told.
  if (kind === "memory" && printOf(message.info) === before.print)
    return { readings: [unreadable(message.info.length, "repeated")], memory: { ...before, whole: before.whole && gap === 0 } };
  const block = readBlock(message.info);
  const { readings, memory: after } = kind === "memory" ? remember(message, block, before, gap) : administer(block, before);
  const unread = [...block.unread].map(([reason, bytes]) => unreadable(bytes, reason));
  // BB-14: another bed id is another rack.
  const left = other ? [...memory.slots.map((slot) => removed(slot, "rack_changed")), ...incomplete(memory)] : [];
  return { readings: [...left, ...readings, ...unread], memory: after };
}

/** The answer to ALIVE or VERSION. Whoever asks these has had no answer before, or asks for the first time (BB-15). */
function administer({ groups }: Block, memory: Memory): Decoded<Memory> {
  const version = groups.find(({ slot }) => slot === RACK)?.values.get(VERSION);
  return {
    readings: [
      ...groups.flatMap((group) => groupReadings(group, undefined, [])),
      { told: "text", metric: BED, value: memory.bed },
      ...(version === undefined ? [] : [{ told: "identity", fact: "firmware", value: version } as const]),
      ...incomplete(memory),
    ],
    memory: { ...memory, ...NO_ANSWER, counted: false, print: 0 },
  };
}

/** A block of the answer to MEM:GET, or an error. */
function remember(message: Message, block: Block, memory: Memory, gap: number): Decoded<Memory> {
  const { groups, beyond } = bounded(continued(block.groups, memory.open), memory);
  const open = message.last ? [] : openOf(groups.find(({ slot }) => slot === block.lastSlot));
  const told = groups.filter(({ slot }) => slot !== open[0]?.slot);
  const cut = !message.last && open.length === 0 && block.lastSlot !== RACK;
  const whole = memory.whole && gap === 0 && !cut && isWhole(block);
  const seen = [...new Set([...memory.seen, ...groups.map(({ slot }) => slot).filter((slot) => slot !== RACK)])];
  const counters = memory.counted && whole ? undefined : "after_gap";
  const held = whole ? { ...memory.held, ...Object.fromEntries(told.map(({ slot, values }) => [slot, heldWord(values)])) } : memory.held;
  const concluded = message.last ? conclude(memory.slots, seen, whole) : { slots: memory.slots, gone: [] };
  const out = pulledOut(block, [...concluded.slots, ...seen]);
  const stays = (slot: string): boolean => !out.includes(slot);
  const progress = message.last ? NO_ANSWER : { whole, seen: seen.filter(stays), open };
  return {
    readings: [
      ...told.flatMap((group) => groupReadings(group, counters, whole ? missingSince(memory.held[group.slot], group.values) : [])),
      ...[...new Set([...concluded.gone, ...out])].map((slot) => removed(slot, "removed")),
      ...[...block.errors].filter(([, code]) => code !== REMOVED).map(([slot, code]) => refused(slot, code)),
      ...(beyond === 0 ? [] : [unreadable(beyond, "pumps_beyond_limit")]),
    ],
    memory: {
      ...memory,
      ...progress,
      slots: concluded.slots.filter(stays),
      held: Object.fromEntries(Object.entries(held).filter(([slot]) => stays(slot) && !concluded.gone.includes(slot))),
      counted: message.last ? whole : memory.counted,
      print: printOf(message.info),
    },
  };
}

/** What the block before began goes on here, or was complete. */
function continued(groups: readonly Group[], [open]: readonly Open[]): readonly Group[] {
  if (open === undefined) return groups;
  const { slot, time, bytes } = open;
  const rest = groups.find((group) => group.slot === slot);
  // A quadruple that comes again in the block behind is told as it was last.
  const values = new Map([...open.values, ...(rest?.values ?? [])]);
  const joined: Group = {
    slot,
    time: rest === undefined || rest.time === time ? time : undefined,
    values,
    bytes: bytes + (rest?.bytes ?? 0),
  };
  return [joined, ...groups.filter((group) => group !== rest)];
}

/** BB-18: who is known keeps its place; of those that come later, what is beyond the limit is given up aloud. */
function bounded(groups: readonly Group[], { slots, seen }: Memory): { readonly groups: readonly Group[]; readonly beyond: number } {
  const known = new Set([...slots, ...seen]);
  let beyond = 0;
  const within = groups.filter(({ slot, bytes }) => {
    if (slot === RACK || known.has(slot)) return true;
    if (known.size < PUMPS_MAX) return known.add(slot);
    beyond += bytes;
    return false;
  });
  return { groups: within, beyond };
}

/** Nothing to wait for where it is the rack's own, or longer than memory may be: it is told as it is. */
function openOf(group: Group | undefined): readonly Open[] {
  if (group === undefined || group.slot === RACK) return [];
  const { slot, time, values, bytes } = group;
  const length = [...values].reduce((sum, [parameter, text]) => sum + parameter.length + text.length, 0);
  return length > OPEN_LENGTH_MAX ? [] : [{ slot, ...(time === undefined ? {} : { time }), values: [...values], bytes }];
}

const isWhole = ({ groups, errors, unread }: Block): boolean =>
  errors.size === 0 && !groups.some(({ values }) => values.has("GNERR")) && !NAMELESS.some((reason) => unread.has(reason));

/** BB-10: a pump that the answer before held and this one does not has left. Only an answer that is whole says so. */
function conclude(slots: readonly string[], seen: readonly string[], whole: boolean) {
  if (!whole || seen.length === 0) return { slots: [...new Set([...slots, ...seen])], gone: [] };
  return { slots: seen, gone: slots.filter((slot) => !seen.includes(slot)) };
}

/** BB-10: whom an error names as removed; error 11 of the rack names all. */
function pulledOut({ groups, errors }: Block, slots: readonly string[]): readonly string[] {
  if (groups.some(({ slot, values }) => slot === RACK && values.get("GNERR") === NO_PUMPS)) return slots;
  return [...errors].filter(([, code]) => code === REMOVED).map(([slot]) => slot);
}

const incomplete = ({ open }: Memory): readonly Reading[] => open.map(({ bytes }) => unreadable(bytes, "answer_incomplete"));
/** The rack has no values of that slot, and says why by a number of its own. */
const refused = (slot: string, code: string): Reading => ({
  told: "unreadable",
  bytes: code.length,
  reason: "error",
  about: `${slot} ${code}`,
});
const unreadable = (bytes: number, reason: Word): Reading => ({ told: "unreadable", bytes, reason });
