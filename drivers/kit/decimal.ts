/**
 * An exact decimal: value = mantissa × 10^exponent. 37.00 is { 3700n, -2 } and differs from 37, which is { 37n, 0 }.
 * There is no arithmetic on it: a clinical value is carried, never computed (architecture, "Values").
 */
export type Decimal = { readonly mantissa: bigint; readonly exponent: number };

/** Digits a device may print for one number; longer text is refused, not cut. */
export const DIGITS_MAX = 18;

/** An integer the device sent, shifted by the scale its document gives: decimal(9665, -2) is 96.65. */
export const decimal = (mantissa: number | bigint, exponent = 0): Decimal => ({ mantissa: BigInt(mantissa), exponent });

/** A number as printed: "0.378" → { 378n, -3 }, "14.0" → { 140n, -1 }. Undefined where the text is not such a number. */
export function decimalFromText(text: string): Decimal | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign = "", whole = "", fraction = ""] = match;
  const digits = whole + fraction;
  if (digits.length === 0 || digits.length > DIGITS_MAX) return undefined;
  return { mantissa: BigInt(`${sign === "-" ? "-" : ""}${digits}`), exponent: fraction.length === 0 ? 0 : -fraction.length };
}

/** The number as text with every digit the device gave: { 3700n, -2 } → "37.00". */
export function decimalText({ mantissa, exponent }: Decimal): string {
  if (exponent >= 0) return `${mantissa}${mantissa === 0n ? "" : "0".repeat(exponent)}`;
  const sign = mantissa < 0n ? "-" : "";
  const digits = (mantissa < 0n ? -mantissa : mantissa).toString().padStart(1 - exponent, "0");
  return `${sign}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}
