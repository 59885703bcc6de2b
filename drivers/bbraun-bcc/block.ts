import type { Word } from "../kit/words.table.ts";
import { SEPARATOR, textOf } from "./message.ts";
import { isKnown } from "./parameter.ts";
import { IDENTITIES, WITHHELD } from "./parameters.table.ts";

/** All quadruples of one address in one block, in their order. */
export type Group = {
  /** "00" is the rack, "13" pillar 1, slot 3 (BB-16). */
  readonly slot: string;
  /** Seconds since switch-on; undefined where the quadruples do not agree. */
  readonly time: string | undefined;
  /** Empty where nothing of it is told. */
  readonly values: ReadonlyMap<string, string>;
  readonly bytes: number;
};
export type Block = {
  readonly groups: readonly Group[];
  /** GNERR of a pump: its slot and code (BB-10). */
  readonly errors: ReadonlyMap<string, string>;
  /** Reason and bytes of what is not understood. */
  readonly unread: ReadonlyMap<Word, number>;
  /** Of the last quadruple. */
  readonly lastSlot: string;
};

export const RACK = "00";
export const VERSION = "version";

const ITEM = /^(\d{1,10}),([0-9A-Z]{1,8}),([A-Z][A-Z0-9_.]{0,23})(?:,(.*))?$/s;
const SLOT = /^501(00|[1-3][1-9A-O])$/;
const VERSION_TEXT = /^V\d/;

/**
 * Cuts the text behind a block's head into quadruples (BB-16). What is a patient's or a nurse's is thrown away here (BB-9): it
 * reaches no reading and no memory.
 */
export function readBlock(info: Uint8Array): Block {
  const groups = new Map<string, { time: string | undefined; values: Map<string, string>; bytes: number }>();
  const errors = new Map<string, string>();
  let lastSlot = RACK;
  const unread = new Map<Word, number>();
  const giveUp = (reason: Word, bytes: number): void => void unread.set(reason, (unread.get(reason) ?? 0) + bytes);
  for (const bytes of itemsOf(info)) {
    const item = itemOf(bytes);
    if (typeof item === "string") {
      giveUp(item, bytes.length);
      continue;
    }
    const { slot, time, parameter, value } = item;
    if (parameter === "GNERR" && slot !== RACK) {
      errors.set(slot, value);
      continue;
    }
    const group = groups.get(slot) ?? { time, values: new Map<string, string>(), bytes: 0 };
    groups.set(slot, group);
    lastSlot = slot;
    group.bytes += bytes.length;
    if (group.time !== time) group.time = undefined;
    if (WITHHELD.includes(parameter)) continue;
    const before = group.values.get(parameter);
    if (!isTold(parameter)) giveUp("parameter_unknown", bytes.length);
    else if (before !== undefined && before !== value) giveUp("parameter_twice", bytes.length);
    else group.values.set(parameter, value);
  }
  return { groups: [...groups].map(([slot, group]) => ({ slot, ...group })), errors, unread, lastSlot };
}

export const isTold = (parameter: string): boolean =>
  isKnown(parameter) || parameter === VERSION || IDENTITIES.some(([name]) => name === parameter);

export function itemsOf(info: Uint8Array): readonly Uint8Array[] {
  const items: Uint8Array[] = [];
  for (let from = 0; from <= info.length; ) {
    const end = info.indexOf(SEPARATOR, from);
    const to = end < 0 ? info.length : end;
    if (to > from) items.push(info.subarray(from, to));
    from = to + 1;
  }
  return items;
}

type Item = { readonly slot: string; readonly time: string; readonly parameter: string; readonly value: string };
/** Why it is none, where it is none. */
export function itemOf(bytes: Uint8Array): Item | Word {
  const text = textOf(bytes);
  if (text === undefined) return "not_utf8";
  const match = ITEM.exec(text);
  if (match === null) return "not_a_quadruple";
  const [, time = "", address = "", parameter = "", value] = match;
  const slot = SLOT.exec(address)?.[1];
  if (slot === undefined) return "address_unknown";
  if (value !== undefined) return { slot, time, parameter, value };
  // BB-15: the answer to VERSION has three items.
  return slot === RACK && VERSION_TEXT.test(parameter) ? { slot, time, parameter: VERSION, value: parameter } : "not_a_quadruple";
}
