import { describe, expect, test } from "vitest";
import { decimalText } from "../../drivers/kit/decimal.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { philipsIntellivue } from "../../drivers/philips-intellivue/driver.ts";
import { floatOf } from "../../drivers/philips-intellivue/float.ts";
import { FRAME_BYTES_MAX, framed, messageOf, sealed } from "../../drivers/philips-intellivue/serial-frame.ts";
import { type Bytes, created, decodeAll, frame, hex, numericOf, result } from "./philips-intellivue-bytes.ts";
import { VECTOR_NUMERICS, VECTOR_TICKS, VECTOR_WAVES } from "./philips-intellivue-vectors.table.ts";
import { changed, expectLaws, framesOf, specimenOf } from "./streams.ts";
import { withVectors } from "./vectors.ts";

const { frame: framing } = philipsIntellivue;
const told = <T extends Reading["told"]>(readings: readonly Reading[], kind: T): readonly Extract<Reading, { told: T }>[] =>
  readings.filter((reading): reading is Extract<Reading, { told: T }> => reading.told === kind);
const lost = (readings: readonly Reading[]) => told(readings, "unreadable").map(({ reason, bytes }) => `${reason} ${bytes}`);

describe("a serial frame", () => {
  test("has its FCS over header and message, low byte first, and is stuffed after that (IV-11)", () => {
    expect(Buffer.from(sealed(Uint8Array.from(hex("3A71")))).toString("hex")).toBe("c03a719b26c1");
    expect(Buffer.from(sealed(Uint8Array.from(hex("3A91")))).toString("hex")).toBe("c03a91957de1c1");
  });

  test("gives its message back, whatever bytes it holds", () => {
    const message = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(messageOf(framed(message))).toEqual(message);
    expect(messageOf(framed(new Uint8Array()))).toEqual(new Uint8Array());
    expect(framed(new Uint8Array(1500).fill(0xc0)).length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
    expect(() => framed(new Uint8Array(1501))).toThrow(RangeError);
  });

  test("is refused where any bit of it is flipped", () => {
    const good = frame(created());
    for (let at = 0; at < good.length; at++)
      for (let bit = 0; bit < 8; bit++) expect(messageOf(changed(good, at, 1 << bit)), `byte ${at}, bit ${bit}`).toBeUndefined();
  });

  test("is refused where header or length are wrong, though its FCS is good", () => {
    for (const content of ["11 01 00 02 E1", "11 01 00 00 E1", "11 02 00 01 E1", "10 01 00 01 E1", "11 01 00", ""])
      expect(messageOf(sealed(Uint8Array.from(hex(content)))), content).toBeUndefined();
    expect(messageOf(sealed(Uint8Array.from(hex("11 01 00 01 E1"))))).toEqual(Uint8Array.of(0xe1));
  });

  test("is refused where a mark stands in it as it is, though its FCS is good", () => {
    const good = framed(Uint8Array.of(0xc0));
    expect(messageOf(good)).toEqual(Uint8Array.of(0xc0));
    const at = good.indexOf(0x7d);
    expect(messageOf(Uint8Array.of(...good.subarray(0, at), 0xc0, ...good.subarray(at + 2)))).toBeUndefined();
  });

  test("that begins within another one is found", () => {
    const good = frame(created());
    const cut = good.subarray(0, 40);
    expect(framesOf(createFramer(framing).push(Uint8Array.of(...cut, ...good, ...cut, ...good)))).toEqual([good, good]);
  });

  test("keeps the framing laws", () => {
    const frames = [created(), result({ polled: 6, objects: [numericOf(1, 0x4bb8, 0xff0003b6)] }), hex("0C00"), hex("C0C17D7DC1C0")].map(
      frame,
    );
    expectLaws(specimenOf("philips-intellivue", framing, frames), 300);
  });
});

describe("a FLOAT (IV-1)", () => {
  test.each([
    [0xff0003b6, "95.0"],
    [0xff000064, "10.0"],
    [0x0000003c, "60"],
    [0xfefff000, "-40.96"],
    [0xfd009ffb, "40.955"],
    [0x00ffffd8, "-40"],
    [0x02000007, "700"],
    [0x00000000, "0"],
    [0xfe000000, "0.00"],
    [0x007ffffd, "8388605"],
  ])("%i is %s", (word, text) => {
    const float = floatOf(word);
    expect(float.is === "number" && decimalText(float.value)).toBe(text);
  });

  test.each([
    [0x007fffff, "not_available", "no_value"],
    [0xff7fffff, "not_available", "no_value"],
    [0x00800000, "invalid", "resolution"],
    [0x007ffffe, "overflow", "infinite"],
    [0x00800002, "underflow", "infinite"],
    [0x00800001, "invalid", "reserved"],
  ])("%i is no number", (word, validity, reason) => {
    expect(floatOf(word)).toEqual({ is: "special", validity, reason });
  });
});

withVectors("philips-intellivue", (read) => {
  const lines = read("enumeration_replies.hex")
    .toString("utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map(hex);
  const demographics = hex(read("ptdemog_reply.hex").toString("utf8").trim());
  const inOrder = decodeAll(lines).readings;
  const word = (line: number, at: number, bytes: number): number => Buffer.from(lines[line - 1]!).readUIntBE(at, bytes);

  describe("the replies of a monitor in demo mode", () => {
    test("are framed as in the two examples of the serial line", () => {
      expect(sealed(Uint8Array.from(hex("3A71")))).toEqual(Uint8Array.from(read("rs232_fcs_short_1.bin")));
      expect(sealed(Uint8Array.from(hex("3A91")))).toEqual(Uint8Array.from(read("rs232_fcs_short_2_escaped.bin")));
    });

    test("say which monitor it is, and its ticks", () => {
      expect(inOrder[0]).toEqual([
        { told: "deviceTime", value: "223918080" },
        { told: "identity", fact: "serial", value: "0009FB70D80B" },
        { told: "identity", fact: "model", value: "M8000" },
      ]);
      expect(inOrder.map((readings) => told(readings, "deviceTime").map(({ value }) => value))).toEqual(
        VECTOR_TICKS.map((ticks) => [ticks]),
      );
    });

    test("hold thirteen numerics, each told as sent, in its unit, as demo (IV-1, IV-2, IV-3, IV-5)", () => {
      const all = inOrder.flatMap((readings, i) => told(readings, "number").map((reading) => ({ line: i + 1, ...reading })));
      expect(
        all.map(({ line, metric, value, validity, demo, reason, qualifiers }) => {
          const words = [reason, ...(qualifiers ?? [])].join("+");
          return [line, metric.refid, decimalText(value), metric.unit, validity, demo, words];
        }),
      ).toEqual(VECTOR_NUMERICS.map(([line, , refid, text, unit, words]) => [line, refid, text, unit, "questionable", true, words]));
    });

    test("hold these values at these places: the table was not read by the driver", () => {
      for (const [line, at, , text, , , physio] of VECTOR_NUMERICS) {
        expect(word(line, at, 2)).toBe(physio);
        const mantissa = word(line, at + 7, 3);
        const exponent = word(line, at + 6, 1);
        expect([exponent, mantissa]).toEqual([text.includes(".") ? 0xff : 0, Number(text.replace(".", ""))]);
      }
    });

    test("hold waves, told with every sample as sent, once their layout is known (IV-7, IV-8, IV-18, IV-19)", () => {
      const all = inOrder.flatMap((readings, i) => told(readings, "wave").map((reading) => ({ line: i + 1, ...reading })));
      expect(
        all.map(({ line, metric, first, rate = metric.rate }: (typeof all)[number] & { rate?: unknown }) => [
          line,
          metric.refid,
          first,
          rate,
        ]),
      ).toEqual(VECTOR_WAVES.map(([line, , , refid, first, rate]) => [line, refid, first, rate]));
      for (const [i, [line, at, count]] of VECTOR_WAVES.entries()) {
        expect(all[i]?.samples).toEqual(Array.from({ length: count }, (_, n) => word(line, at + 2 * n, 2)));
        expect(all[i]).toMatchObject({ reason: "demo", validity: "questionable", demo: true });
      }
    });

    test("give each wave the unit and the two points that were sent, and the pleth none (IV-8)", () => {
      const shapes = told(inOrder[6]!, "wave").map(({ metric }) => [
        metric.unit,
        metric.scale?.map(({ raw, physical }) => [raw, decimalText(physical)]),
      ]);
      expect(shapes).toEqual([
        [
          "MDC_DIM_MMHG",
          [
            [160, "-40"],
            [9120, "520"],
          ],
        ],
        ["MDC_DIM_DIMLESS", undefined],
        [
          "MDC_DIM_X_OHM",
          [
            [0, "-0.6"],
            [4095, "1.9"],
          ],
        ],
      ]);
    });

    test("hold samples without a layout, which are told as such and never guessed (IV-7)", () => {
      expect(inOrder.map(lost)).toEqual([[], [], [], [], ["layout_unknown 384"], ["layout_unknown 672"], ["layout_unknown 640"], [], []]);
    });

    test("give the leads of a compound no layout of other length: 64 samples are not the 128 of the specification (IV-18)", () => {
      const again = decodeAll([lines[7]!, lines[5]!]).last;
      const waves = told(again, "wave");
      const ecg = waves.find(({ metric }) => metric.refid === "MDC_ECG_ELEC_POTL_I");
      expect(waves.map(({ metric }) => metric.refid)).toEqual(["MDC_PRESS_BLD_ART_ABP", "MDC_ECG_ELEC_POTL_I"]);
      const at = Buffer.from(lines[5]!).indexOf(Buffer.from(hex("096E 0106 0101 0400 0100"))) + 10;
      expect([ecg?.metric.rate, ecg?.metric.unit]).toEqual([[500, 1], "MDC_DIM_MILLI_VOLT"]);
      expect(ecg?.samples).toEqual(Array.from({ length: 128 }, (_, n) => word(6, at + 2 * n, 2)));
      expect(lost(again)).toEqual(["layout_unknown 480"]);
    });

    test("hold empty lists of alerts, which say nothing of a monitor that had none", () => {
      expect(inOrder[8]).toEqual([{ told: "deviceTime", value: "224678656" }]);
    });

    test("with demographics are given up whole: not a byte of them is told or kept (IV-10)", () => {
      const { memory, last } = decodeAll([...lines, demographics]);
      expect(last).toEqual([{ told: "unreadable", bytes: 226, reason: "demographics" }]);
      expect(memory).toEqual(decodeAll(lines).memory);
    });

    test("end in a memory without a text of the monitor", () => {
      const written = JSON.stringify(decodeAll([...lines, demographics]).memory);
      expect(written.length).toBeLessThan(2048);
      expect(written).not.toMatch(/Temp|Puls|Philips|M8000/);
    });
  });
});

describe("a text of the monitor", () => {
  test("that is not printable is no model", () => {
    const object = { handle: 0, attributes: [hex("0928 0008 0002 4100 0002 4D07")] };
    expect(decodeAll([result({ polled: 0x21, objects: [object] })]).last).toHaveLength(1);
  });

  test("is read in its model only: bed label and label strings are not (IV-6)", () => {
    const label: Bytes = hex("091E 0008 0006 0041 0042 0000");
    const object = { handle: 0, attributes: [label, hex("0984 0004 0002 ABCD")] };
    const { last } = decodeAll([result({ polled: 0x21, objects: [object] })]);
    expect(last).toEqual([
      { told: "deviceTime", value: "1000" },
      { told: "identity", fact: "serial", value: "ABCD" },
    ]);
  });
});
