import { printOf } from "./message.ts";
import { VALUE_NAMES } from "./parameter.ts";

/** By slot: what its pump told in its last answer, as a word: parameters as bits in base 36, and a print of its serial number. */
export type Held = Readonly<Record<string, string>>;

const BITS: ReadonlyMap<string, bigint> = new Map(VALUE_NAMES.map((name, bit) => [name, 1n << BigInt(bit)]));

export function heldWord(values: ReadonlyMap<string, string>): string {
  const bits = [...BITS].reduce((all, [name, bit]) => (values.has(name) ? all | bit : all), 0n);
  return `${bits.toString(36)}.${serialOf(values)}`;
}

/** BB-20: what the same pump told in its last answer and does not tell in this one. */
export function missingSince(word: string | undefined, values: ReadonlyMap<string, string>): readonly string[] {
  const [bits = "", serial] = (word ?? "").split(".");
  if (serial !== serialOf(values)) return [];
  let held = 0n;
  for (const digit of bits) held = held * 36n + BigInt(Number.parseInt(digit, 36));
  return [...BITS].flatMap(([name, bit]) => ((held & bit) !== 0n && !values.has(name) ? [name] : []));
}

const serialOf = (values: ReadonlyMap<string, string>): string =>
  printOf(new TextEncoder().encode(values.get("INSERNUM") ?? values.get("INNR") ?? "")).toString(36);
