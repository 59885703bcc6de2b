import { describe, expect, test } from "vitest";
import { DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, readStrictJson } from "../../config/envelope/strict-json.ts";
import { nextRandom } from "../../drivers/kit/emulator.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const why = (text: string): string => {
  const read = readStrictJson(bytes(text));
  return "why" in read ? read.why : "taken";
};
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

describe("bytes that nobody vouches for", () => {
  test.each([
    ["an empty document", "", "truncated"],
    ["only blanks", " \n\t", "truncated"],
    ["an open object", '{"a":1', "truncated"],
    ["an open text", '{"a":"b', "truncated"],
    ["an open text that ends in a backslash", '{"a":"b\\', "truncated"],
    ["a key twice", '{"a":1,"a":2}', "duplicate_key"],
    ["a key twice, once written otherwise", '{"a":1,"\\u0061":2}', "duplicate_key"],
    ["a key twice below a list", '[{"x":{"a":1,"b":[{"c":1}],"a":2}}]', "duplicate_key"],
    ["__proto__", '{"x":{"__proto__":{"admin":true}}}', "forbidden_key"],
    ["__proto__ written otherwise", '{"\\u005f_proto__":1}', "forbidden_key"],
    ["constructor", '{"constructor":1}', "forbidden_key"],
    ["one level too many", nested(DOCUMENT_DEPTH_MAX + 1), "nested"],
    ["100,000 levels", nested(50_000), "nested"],
    ["one byte too many", `"${"x".repeat(DOCUMENT_BYTES_MAX - 1)}"`, "oversized"],
    ["closing what is not open", '{"a":1}}', "not_json"],
    ["crossed brackets", '{"a":[1}]', "not_json"],
    ["a comment", '{"a":1 /* no */}', "not_json"],
    ["two documents", '{"a":1}{"b":2}', "not_json"],
    ["NaN", '{"a":NaN}', "not_json"],
    ["a byte order mark", '\ufeff{"a":1}', "not_json"],
    ["the deepest that is allowed", nested(DOCUMENT_DEPTH_MAX), "taken"],
    ["the longest that is allowed", `"${"x".repeat(DOCUMENT_BYTES_MAX - 2)}"`, "taken"],
    ["equal keys in different objects", '{"a":{"a":1},"b":[{"a":1},{"a":1}]}', "taken"],
    ["equal values", '{"a":"a","b":"a"}', "taken"],
    ["braces and quotes within texts", '{"a":"}{\\"a\\":","b":"["}', "taken"],
  ])("are judged: %s", (_what, text, verdict) => {
    expect(why(text)).toBe(verdict);
  });

  test("that are not UTF-8 are refused", () => {
    expect(readStrictJson(Uint8Array.of(0x22, 0xff, 0x22))).toMatchObject({ why: "not_json" });
  });

  test("give the value that JSON.parse gives, for 2,000 random documents, and none when cut anywhere", () => {
    let random = 20261125;
    const roll = (sides: number): number => {
      const [next, value] = nextRandom(random);
      random = next;
      return Math.floor(value * sides);
    };
    const make = (depth: number): unknown => {
      switch (roll(depth > 5 ? 5 : 7)) {
        case 0:
          return roll(1000) - 500;
        case 1:
          return null;
        case 2:
          return roll(2) === 0;
        case 3:
          return `\\"{}[],:${String.fromCodePoint(32 + roll(0x2000))}`;
        case 4:
          return roll(100) / 7;
        case 5:
          return Array.from({ length: roll(4) }, () => make(depth + 1));
        default:
          return Object.fromEntries(Array.from({ length: roll(4) }, (_, index) => [`k"${index}`, make(depth + 1)]));
      }
    };
    for (let count = 0; count < 2000; count++) {
      const value = { value: make(0) };
      const text = JSON.stringify(value, undefined, roll(3));
      expect(readStrictJson(bytes(text)), text).toEqual({ value });
      const cut = text.slice(0, roll(text.length));
      expect(["truncated", "not_json"], cut).toContain(why(cut));
    }
  });
});
