import { describe, expect, test } from "vitest";
import { decimalFromText, decimalText } from "../../drivers/kit/decimal.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { puritanBennett840 } from "../../drivers/puritan-bennett-840/driver.ts";
import { pb840Answer } from "./specimens.ts";
import { ascii, changed, framesOf, randomOf } from "./streams.ts";
import { expectedFields, withVectors } from "./vectors.ts";

const { decode, frame: framing, memory: START } = puritanBennett840;
const LAST = { MISCF: 173, MISCA: 101 } as const;

/** An answer with blanks but for the fields named. */
function answer(command: "MISCF" | "MISCA", shown: Readonly<Record<number, string>>): Uint8Array {
  const fields: Readonly<Record<number, string>> = {
    5: "14:51",
    6: "840 3510053249    ",
    [command === "MISCF" ? 7 : 8]: "NOV 22 2011 ",
    ...shown,
  };
  return pb840Answer(
    command,
    Array.from({ length: LAST[command] - 4 }, (_, i) => (fields[i + 5] ?? "").padEnd(6)),
  );
}
const accepted = (bytes: Uint8Array): boolean => framesOf(createFramer(framing).push(bytes)).length === 1;
function readingsOf(bytes: Uint8Array, memory = START): readonly Reading[] {
  const frames = framesOf(createFramer(framing).push(bytes));
  expect(frames).toEqual([bytes]);
  return decode(frames[0]!, memory, 0).readings;
}
/** Everything told of the field with this name. */
const named = (readings: readonly Reading[], name: string): readonly Reading[] =>
  readings.filter((reading) =>
    "metric" in reading ? reading.metric.name === name : reading.told === "unreadable" && reading.about === name,
  );
const one = (command: "MISCF" | "MISCA", field: number, text: string): readonly Reading[] =>
  named(readingsOf(answer(command, { [field]: text })), `${command === "MISCF" ? "f" : "a"}${field}`);

describe("a field", () => {
  test("is carried with the digits as printed, in the unit of its document (PB-1)", () => {
    expect(one("MISCF", 71, "0.378")).toMatchObject([
      {
        told: "number",
        value: { mantissa: 378n, exponent: -3 },
        metric: { refid: "MDC_VOL_AWAY_TIDAL_EXP", unit: "MDC_DIM_X_L", kind: "numeric" },
      },
    ]);
    expect(one("MISCF", 13, "14.0")).toMatchObject([
      { told: "number", value: { mantissa: 140n, exponent: -1 }, metric: { kind: "setting" } },
    ]);
    expect(one("MISCF", 38, "1200")).toMatchObject([{ told: "number", metric: { unit: "MDC_DIM_MILLI_L" } }]);
    expect(one("MISCF", 102, "-45")).toMatchObject([{ told: "number", value: { mantissa: -45n, exponent: 0 } }]);
    expect(one("MISCF", 155, "0.71")).toMatchObject([{ told: "number", metric: { ucum: "J/L" } }]);
  });

  test("that is blank has no value (PB-4)", () => {
    for (const field of [9, 13, 34, 76, 79])
      expect(one("MISCF", field, "")).toMatchObject([{ told: "absent", validity: "not_available", reason: "not_applicable" }]);
  });

  test("that holds zero is zero, outside a manoeuvre (PB-4)", () => {
    expect(one("MISCF", 100, "0.0")).toMatchObject([{ told: "number", value: { mantissa: 0n, exponent: -1 } }]);
  });

  test("that is neither a number nor a known word is absent, and its bytes are told (PB-4)", () => {
    expect(one("MISCF", 71, "0.3x8")).toMatchObject([
      { told: "absent", validity: "invalid", reason: "not_a_number" },
      { told: "unreadable", bytes: 6, reason: "value_unknown", about: "f71" },
    ]);
  });

  test("that holds a word where a number may stand is a text, and OFF in a limit is no value (PB-5, PB-10)", () => {
    expect(one("MISCF", 33, "OFF")).toMatchObject([{ told: "text", value: "OFF", metric: { kind: "setting" } }]);
    expect(one("MISCF", 105, "ON")).toMatchObject([{ told: "text", value: "ON" }]);
    expect(one("MISCF", 95, "ALERT")).toMatchObject([{ told: "text", value: "ALERT" }]);
    expect(one("MISCF", 56, "OFF")).toMatchObject([{ told: "text", value: "OFF" }]);
    for (let limit = 34; limit <= 43; limit++)
      expect(one("MISCF", limit, "OFF")).toMatchObject([{ told: "absent", validity: "not_available", reason: "off" }]);
  });

  test("that holds I:E is told as the device says it, and its expiratory part as printed (PB-3)", () => {
    expect(one("MISCF", 76, "1:5.00")).toMatchObject([{ told: "text", value: "1:5.00", metric: { refid: "MDC_RATIO_IE" } }]);
    expect(one("MISCF", 75, "5.00")).toMatchObject([
      { told: "number", value: { mantissa: 500n, exponent: -2 }, metric: { refid: "pb840.f75" } },
    ]);
  });

  test("without a documented meaning is carried as text where it holds something, and not mentioned where it is blank (PB-8)", () => {
    expect(one("MISCF", 101, "1.5")).toMatchObject([{ told: "text", value: "1.5", metric: { refid: "pb840.f101" } }]);
    expect(one("MISCF", 101, "")).toEqual([]);
  });

  test("beyond the last known one is given up aloud", () => {
    const more = pb840Answer("MISCF", ["14:51 ", "840 3510053249    ", "NOV 22 2011 ", ...Array.from({ length: 170 }, () => "1     ")]);
    expect(readingsOf(more)).toContainEqual({ told: "unreadable", bytes: 27, reason: "fields_unknown" });
  });
});

describe("a manoeuvre (PB-2)", () => {
  const groups = [
    ["MISCF", [90, 91]],
    ["MISCF", [92, 93, 94]],
    ["MISCF", [102]],
    ["MISCF", [103]],
    ["MISCF", [104]],
    ["MISCA", [63, 64]],
    ["MISCA", [67]],
    ["MISCA", [68]],
  ] as const;
  test.each(groups)("of %s fields %j was never done where all of them are zero, however zero is printed", (command, fields) => {
    for (const zero of ["0", "0.0", "0.000"]) {
      const readings = readingsOf(answer(command, Object.fromEntries(fields.map((field) => [field, zero]))));
      for (const field of fields)
        expect(named(readings, `${command === "MISCF" ? "f" : "a"}${field}`)).toMatchObject([
          { told: "absent", validity: "not_available", reason: "never_measured" },
        ]);
    }
  });

  test("that was done is told whole, zeros included, and its age is unknown", () => {
    const readings = readingsOf(answer("MISCF", { 90: "0.0", 91: "5.8", 92: "0.0", 93: "0.0", 94: "0.0" }));
    expect(named(readings, "f90")).toMatchObject([{ told: "number", value: { mantissa: 0n }, reason: "age_unknown" }]);
    expect(named(readings, "f91")).toMatchObject([{ told: "number", value: { mantissa: 58n }, reason: "age_unknown" }]);
    expect(named(readings, "f92")).toMatchObject([{ told: "absent", reason: "never_measured" }]);
  });

  test("whose result was seen in this attachment and is zero now is absent, but not called never measured", () => {
    const { memory } = decode(answer("MISCF", { 90: "1.2", 91: "5.8" }), START, 0);
    const readings = readingsOf(answer("MISCF", { 90: "0.0", 91: "0.0" }), memory);
    for (const name of ["f90", "f91"])
      expect(named(readings, name)).toMatchObject([{ told: "absent", validity: "not_available", reason: "zero_again" }]);
  });

  test("with a blank field is judged by the others", () => {
    const readings = readingsOf(answer("MISCF", { 92: "0.0", 94: "0.0" }));
    expect(named(readings, "f92")).toMatchObject([{ reason: "never_measured" }]);
    expect(named(readings, "f93")).toMatchObject([{ told: "absent", reason: "not_applicable" }]);
  });

  test("leaves a memory that is small, however many answers come", () => {
    let memory = START;
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomOf(seed);
      const shown = Object.fromEntries(
        [90, 91, 92, 93, 94, 102, 103, 104].map((field) => [field, `${random.below(3)}.${random.below(10)}`]),
      );
      ({ memory } = decode(answer("MISCF", shown), memory, random.below(2000)));
    }
    expect(JSON.stringify(memory).length).toBeLessThan(1024);
  });
});

describe("an alarm word (PB-5)", () => {
  test.each(["LOW", "MEDIUM", "HIGH", "ALARM"])("%s is present, with the word", (word) => {
    expect(one("MISCF", 118, word)).toMatchObject([
      {
        told: "condition",
        present: true,
        word,
        metric: { refid: "MDC_EVT_LO_LT_LIM", on: "MDC_VENT_VOL_MINUTE_EXP", nature: "physiological" },
      },
    ]);
  });

  test("NORMAL is not present, RESET is not present with its word, a blank says nothing", () => {
    expect(one("MISCF", 118, "NORMAL")).toEqual([expect.objectContaining({ told: "condition", present: false })]);
    expect(one("MISCF", 118, "NORMAL")[0]).not.toHaveProperty("word");
    expect(one("MISCF", 118, "RESET")).toMatchObject([{ told: "condition", present: false, word: "RESET" }]);
    expect(one("MISCF", 118, "")).toEqual([]);
  });

  test("that is not in the list is told as unreadable, and nothing is concluded", () => {
    expect(one("MISCF", 118, "HIHG")).toEqual([{ told: "unreadable", bytes: 6, reason: "value_unknown", about: "f118" }]);
  });

  test("is read of all 48 fields, and of the short answer", () => {
    for (let field = 106; field <= 153; field++)
      expect(one("MISCF", field, "HIGH"), `f${field}`).toMatchObject([{ told: "condition", present: true }]);
    for (const field of [48, 51, 52, 53, 54, 55, 57])
      expect(one("MISCA", field, "ALARM"), `a${field}`).toMatchObject([{ told: "condition", present: true, word: "ALARM" }]);
  });
});

describe("about the device", () => {
  test("model and serial number are told (L2), and its own date and time verbatim (PB-7)", () => {
    for (const command of ["MISCF", "MISCA"] as const) {
      const readings = readingsOf(answer(command, {}));
      expect(readings).toContainEqual({ told: "identity", fact: "model", value: "840" });
      expect(readings).toContainEqual({ told: "identity", fact: "serial", value: "3510053249" });
      expect(readings).toContainEqual({ told: "deviceTime", value: "NOV 22 2011 14:51" });
    }
  });

  test("no clock is made up where the device shows none", () => {
    expect(readingsOf(answer("MISCF", { 5: "", 7: "" })).filter(({ told }) => told === "deviceTime")).toEqual([]);
  });

  test("a 980 means something else by three fields (PB-9)", () => {
    const of980 = (shown: Readonly<Record<number, string>>) => readingsOf(answer("MISCF", { 6: "980 35B1500404    ", ...shown }));
    expect(named(of980({ 153: "HIGH" }), "f153")).toMatchObject([
      { present: true, metric: { refid: "pb980.f153", on: "pb980.f161", nature: "physiological" } },
    ]);
    expect(named(of980({ 160: "LOW" }), "f160")).toMatchObject([{ present: true, metric: { refid: "pb980.f160", nature: "technical" } }]);
    expect(named(of980({ 161: "38" }), "f161")).toMatchObject([{ told: "text", value: "38", metric: { refid: "pb980.f161" } }]);
    expect(one("MISCF", 153, "HIGH")).toMatchObject([{ metric: { refid: "pb840.f153", nature: "technical" } }]);
  });
});

describe("what is no answer is refused (PB-11)", () => {
  const good = answer("MISCF", { 71: "0.378" });
  const text = String.fromCharCode(...good);
  test.each([
    ["a byte count that does not hold", text.replace(/^MISCF,\d+/, "MISCF,1000")],
    ["a field count that does not hold", text.replace(",169 ,", ",168 ,")],
    ["another ventilator", text.replace("840 3510", "760 3510")],
    ["no serial number", text.replace("840 3510053249", "840           ")],
    ["a control character", text.replace("0.378", "0.3\x008")],
    ["a byte with its eighth bit set", text.replace("0.378", "0.3\xb78")],
    ["a comma where a digit was", text.replace("0.378", "0,378")],
    ["no comma before ETX", `${text.slice(0, -3)} \x03\r`],
    ["another command", text.replace("MISCF", "MISCB")],
  ])("%s", (_, wrong) => {
    expect(accepted(good)).toBe(true);
    expect(accepted(ascii(wrong))).toBe(false);
  });

  test("a changed byte is refused, or is a collision: there is no checksum, so only printable text can pass for other text", () => {
    let collisions = 0;
    for (let at = 0; at < good.length; at++) {
      for (const by of [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80]) {
        const wrong = changed(good, at, by);
        if (!accepted(wrong)) continue;
        collisions++;
        const differs =
          at > 16 && at < good.length - 3 && wrong[at]! >= 0x20 && wrong[at]! <= 0x7e && wrong[at] !== 0x2c && good[at] !== 0x2c;
        // The blank before the comma of the header is padding of the count; MISCF and MISCA differ in more than one bit.
        expect(differs, `byte ${at} by ${by}`).toBe(true);
      }
    }
    expect(collisions).toBeGreaterThan(0);
  });
});

withVectors("pb840", (file) => {
  test.each([
    ["MISCF", "sndf", "f", 169],
    ["MISCA", "snda", "a", 97],
  ] as const)("the %s of a real 840 is read, every value", (_, name, letter, count) => {
    const expected = expectedFields(file(`expected_${name}_2011.csv`).toString("utf8"));
    expect(expected.size).toBe(count);
    const readings = readingsOf(new Uint8Array(file(`pb840_${name}_2011-11-22.bin`)));
    const date = letter === "f" ? 7 : 8;
    expect(readings).toContainEqual({ told: "deviceTime", value: `${expected.get(date)} ${expected.get(5)}` });
    expect(readings).toContainEqual({ told: "identity", fact: "serial", value: expected.get(6)!.split(" ")[1] });
    let values = 0;
    for (const [field, text] of expected) {
      if (field <= 6 || field === date) continue;
      const told = named(readings, `${letter}${field}`);
      if (text === "") {
        for (const reading of told)
          expect(reading, `${letter}${field}`).toMatchObject({ told: "absent", validity: "not_available", reason: "not_applicable" });
        continue;
      }
      values++;
      expect(told, `${letter}${field}`).toHaveLength(1);
      const [reading] = told;
      if (reading?.told === "number") expect(decimalText(reading.value), `${letter}${field}`).toBe(text);
      else if (reading?.told === "text") expect(reading.value, `${letter}${field}`).toBe(text);
      else if (reading?.told === "condition")
        expect({ present: reading.present, word: reading.word }, `${letter}${field}`).toEqual({
          present: false,
          word: text === "RESET" ? text : undefined,
        });
      else {
        expect(reading, `${letter}${field}`).toMatchObject({ told: "absent", reason: "never_measured" });
        expect(decimalFromText(text)?.mantissa, `${letter}${field}`).toBe(0n);
      }
    }
    expect(values).toBeGreaterThan(60);
  });

  test("the reply of a real 840 survives being cut at any byte and glued to its own beginning", () => {
    const bytes = new Uint8Array(file("pb840_sndf_2011-11-22.bin"));
    for (let cut = 1; cut < bytes.length; cut += 37) {
      const framer = createFramer(framing);
      expect(framesOf([...framer.push(bytes.subarray(0, cut)), ...framer.push(bytes)])).toEqual([bytes]);
    }
  });
});
