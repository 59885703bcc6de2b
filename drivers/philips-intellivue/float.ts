import { type Decimal, decimal } from "../kit/decimal.ts";
import type { Validity } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";

/** What a FLOAT says: a number with its digits, or why there is none. */
export type Float =
  | { readonly is: "number"; readonly value: Decimal }
  | { readonly is: "special"; readonly validity: Validity; readonly reason: Word };

const SPECIAL: ReadonlyMap<number, Float> = new Map([
  [0x7fffff, { is: "special", validity: "not_available", reason: "no_value" }],
  [0x800000, { is: "special", validity: "invalid", reason: "resolution" }],
  [0x7ffffe, { is: "special", validity: "overflow", reason: "infinite" }],
  [0x800002, { is: "special", validity: "underflow", reason: "infinite" }],
  [0x800001, { is: "special", validity: "invalid", reason: "reserved" }],
]);

/**
 * IV-1: the exponent is the first byte, the mantissa the other three; both are signed. A special mantissa has no number, whatever
 * its exponent.
 */
export function floatOf(word: number): Float {
  const mantissa = word % 0x100_0000;
  const exponent = Math.floor(word / 0x100_0000);
  return SPECIAL.get(mantissa) ?? { is: "number", value: decimal(signed(mantissa, 0x80_0000), signed(exponent, 0x80)) };
}

const signed = (value: number, half: number): number => (value < half ? value : value - 2 * half);
