import { expect, test } from "vitest";
import { DIGITS_MAX, decimal, decimalFromText, decimalText } from "../../drivers/kit/decimal.ts";
import { randomOf } from "./streams.ts";

test("a number keeps every digit that was printed, also the zeros at its end", () => {
  expect(decimalFromText("0.378")).toEqual({ mantissa: 378n, exponent: -3 });
  expect(decimalFromText("37.00")).toEqual({ mantissa: 3700n, exponent: -2 });
  expect(decimalFromText("37")).toEqual({ mantissa: 37n, exponent: 0 });
  expect(decimalFromText("-45")).toEqual({ mantissa: -45n, exponent: 0 });
  expect(decimalFromText("+4.5")).toEqual({ mantissa: 45n, exponent: -1 });
  expect(decimalFromText(".5")).toEqual({ mantissa: 5n, exponent: -1 });
});

test("what is not plainly a number is refused, and a number too long is not cut", () => {
  for (const text of ["", "-", ".", "+.", "1e3", "0x10", "1,5", "1 5", " 1", "1:5.00", "NaN", "Infinity", "--5", "1.2.3", "٣"])
    expect(decimalFromText(text), text).toBeUndefined();
  expect(decimalFromText("9".repeat(DIGITS_MAX))).toEqual({ mantissa: 10n ** BigInt(DIGITS_MAX) - 1n, exponent: 0 });
  expect(decimalFromText("9".repeat(DIGITS_MAX + 1))).toBeUndefined();
});

test("a decimal is written with the digits that it was read from", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = randomOf(seed);
    const digits = (length: number): string => Array.from({ length }, () => random.below(10)).join("");
    const places = random.below(6);
    const text = `${random.below(3) === 0 ? "-" : ""}${1 + random.below(9)}${digits(random.below(8))}${places === 0 ? "" : `.${digits(places)}`}`;
    expect(decimalText(decimalFromText(text)!), `seed ${seed}`).toBe(text);
  }
});

test("a scaled integer is shifted, not computed", () => {
  expect(decimalText(decimal(9665, -2))).toBe("96.65");
  expect(decimalText(decimal(5, -3))).toBe("0.005");
  expect(decimalText(decimal(-5, -3))).toBe("-0.005");
  expect(decimalText(decimal(12, 2))).toBe("1200");
  expect(decimalText(decimal(0, 2))).toBe("0");
});
