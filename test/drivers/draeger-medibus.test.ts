import { describe, expect, test } from "vitest";
import { draegerMedibus } from "../../drivers/draeger-medibus/driver.ts";
import { TX } from "../../drivers/draeger-medibus/talk.ts";
import { decimal } from "../../drivers/kit/decimal.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import { answer, command, framed, heard, readingsOf, told, words } from "./medibus-line.ts";
import { changed, framesOf, join } from "./streams.ts";
import { withVectors } from "./vectors.ts";

const PAW_AND_CO2 = "00   16000-  10  10037006   16000-  20  100460";
const CONFIGURED = heard([answer(0x53, PAW_AND_CO2), answer(0x54)]).memory;
const { memory: START } = draegerMedibus;

withVectors("draeger-medibus", (read) => {
  describe("the examples of the document", () => {
    const commands = [
      ["icc", TX.ICC.encode({})],
      ["devid", TX.IDENTITY.encode({})],
      ["data", TX.MEASURED_1.encode({})],
      ["datetime", TX.TIME.encode({})],
      ["rtcfg", TX.CURVES.encode({})],
      ["rtconf", command(0x54, "00020603")],
      ["nop", command(0x30)],
      ["cfg", command(0x4a, "$EB")],
      ["timechanged", command(0x49)],
    ] as const;
    test.each(commands)("spec_%s_cmd is what is encoded, and is heard as a command of the device too", (name, encoded) => {
      const bytes = read(`spec_${name}_cmd.bin`);
      expect(Buffer.from(encoded)).toEqual(bytes);
      expect(framed(bytes)).toEqual([Uint8Array.from(bytes)]);
      expect(told(Uint8Array.from(bytes))).toEqual([]);
    });

    test("curves are configured as the example does it, with multiplier 1", () => {
      expect(TX.CONFIGURE.encode({ stream1: 0, stream2: 6 })).toEqual(command(0x54, "00010601"));
    });

    const answers: readonly (readonly [name: string, told: readonly string[]])[] = [
      ["spec_icc_resp", []],
      ["spec_data_resp_spo2_pulse", ["m1.EB 98", "m1.E1 70"]],
      ["spec_data_empty_resp", []],
      ["spec_datetime_resp", ['time "11:11:1911-NOV-93"', 'time "11:11:1911-NOV-93"']],
      ["spec_devid_resp_0161", ['model "0161 My PC"', 'firmware "01.00"', 'version "03.00"']],
      ["spec_devid_empty_resp", []],
      ["spec_rtcfg_resp", []],
      ["spec_rtconf_resp", []],
      ["spec_timechanged_resp", ["unreadable 0 not_asked"]],
      ["spec_cfg_resp", ["unreadable 0 not_asked"]],
      ["spec_nak", []],
    ];
    test.each(answers)("%s tells %j", (name, expected) => {
      const frames = framed(read(`${name}.bin`));
      expect(frames).toEqual([Uint8Array.from(read(`${name}.bin`))]);
      expect(told(frames[0]!)).toEqual(expected);
    });

    test("spec_rtcfg_resp gives two curves of 16 ms with two points each", () => {
      const { memory } = heard([Uint8Array.from(read("spec_rtcfg_resp.bin"))]);
      expect(memory.curves.asked).toMatchObject([
        { code: 0x00, interval: 16_000, low: [-10, 0], high: [100, 0], bins: 880 },
        { code: 0x06, interval: 16_000, low: [-20, 0], high: [100, 0], bins: 1120 },
      ]);
    });

    test("spec_rt_enable_1_2 is what is encoded", () => {
      expect(Buffer.from(TX.ENABLE.encode({ group: 1, streams: 3 }))).toEqual(read("spec_rt_enable_1_2.bin"));
    });

    // They were sent at multipliers 2 and 3; read by ours, what is not there is a hole.
    test("the records, one behind the other, are raw samples with holes where a stream says nothing", () => {
      const names = ["rt_rec_t0", "rt_rec_insp", "rt_rec_t2", "rt_rec_t3", "rt_rec_t0"];
      const bytes = Buffer.concat(names.map((name) => read(`spec_${name}.bin`)));
      const frames = framed(bytes);
      expect(frames.map((frame) => Buffer.from(frame))).toEqual(names.map((name) => read(`spec_${name}.bin`)));
      expect(frames.map((frame) => told(frame, CONFIGURED))).toEqual([
        ["w00 [81] from 0", "w06 [205] from 0"],
        ['breath "inspiration"', "w00 [80] from 0", "w06 [202] from 0"],
        ["w00 [84] from 0"],
        ["w06 [206] from 0"],
        ["w00 [81] from 0", "w06 [205] from 0"],
      ]);
      expect(heard(frames, CONFIGURED).readings.map(words)).toEqual([
        "w00 [81] from 0",
        "w06 [205] from 0",
        'breath "inspiration"',
        "w00 [80] from 1",
        "w06 [202] from 1",
        "w00 [84] from 2",
        "w06 [206] from 3",
        "w00 [81] from 4",
        "w06 [205] from 4",
      ]);
    });

    // The sum has 8 bits: where a digit becomes a byte of flow control (33 to 13), the rest may have the right sum by chance.
    test("a slow example with a bit flipped is refused, or tells no value", () => {
      let accepted = 0;
      for (const [name] of answers) {
        const frame = Uint8Array.from(read(`${name}.bin`));
        for (let bit = 0; bit < frame.length * 8; bit++) {
          const frames = framed(changed(frame, bit >> 3, 1 << (bit & 7))).filter((one) => one.length > 1);
          accepted += frames.length;
          expect(
            frames.flatMap((one) => readingsOf(one)).filter((reading) => reading.told !== "unreadable"),
            `${name}, bit ${bit}`,
          ).toEqual([]);
        }
      }
      expect(accepted).toBe(2);
    });
  });
});

describe("a measured value", () => {
  test("is carried with its digits, in the unit that the device uses (MB-1, MB-4, MB-6)", () => {
    expect(readingsOf(answer(0x24, "7D  25"))).toEqual([
      {
        told: "number",
        metric: expect.objectContaining({ refid: "MDC_VENT_PRESS_AWAY_MAX", unit: "MDC_DIM_MILLI_BAR" }),
        value: decimal(25),
      },
    ]);
    expect(readingsOf(answer(0x24, "78 5.0"))).toMatchObject([{ value: { mantissa: 50n, exponent: -1 } }]);
    expect(readingsOf(answer(0x24, "8D -30"))).toMatchObject([{ value: { mantissa: -30n, exponent: 0 } }]);
    expect(readingsOf(answer(0x24, "0745.0"))).toMatchObject([{ metric: { refid: "MDC_COMPL_LUNG", ucum: "L/bar" } }]);
    expect(readingsOf(answer(0x24, "080008"))).toMatchObject([{ metric: { refid: "MDC_RES_AWAY", ucum: "mbar.s/L" } }]);
    const units = readingsOf(answer(0x24, "DB 5.1E3 5.2E639  "));
    expect(units.map(words)).toEqual(["m1.DB 5.1", "m1.E3 5.2", "m1.E6 39"]);
    expect(units.map((one) => "metric" in one && [one.metric.refid, one.metric.unit])).toEqual([
      ["MDC_CONC_AWAY_CO2_ET", "MDC_DIM_PERCENT"],
      ["MDC_CONC_AWAY_CO2_ET", "MDC_DIM_KILO_PASCAL"],
      ["MDC_CONC_AWAY_CO2_ET", "MDC_DIM_MMHG"],
    ]);
    expect(readingsOf(answer(0x24, "E7   1E8 2.0"))).toMatchObject([
      { metric: { refid: "medibus.m1.E7", unit: "MDC_DIM_DIMLESS" } },
      { metric: { refid: "medibus.m1.E8", unit: "MDC_DIM_DIMLESS" }, value: { mantissa: 20n, exponent: -1 } },
    ]);
  });

  test("that is blank has no value, and what is no number is not read (MB-6)", () => {
    expect(told(answer(0x24, "7D    "))).toEqual(["m1.7D absent not_available blank"]);
    for (const field of ["*** ", "1 2 ", "- 12", "+12 ", "1.2.", "--- "])
      expect(told(answer(0x24, `7D${field}`))).toEqual(["m1.7D absent invalid not_a_number", "unreadable 4 not_a_number m1.7D"]);
  });

  test("that an earlier answer held and this one does not is absent, once; an empty answer is one too (MB-5, MB-8)", () => {
    const both = heard([answer(0x24, "7D  2578   5")]).memory;
    expect(told(answer(0x24, "7D  26"), both)).toEqual(["m1.7D 26", "m1.78 absent not_available not_sent"]);
    const one = heard([answer(0x24, "7D  26")], both).memory;
    expect(told(answer(0x24, "7D  26"), one)).toEqual(["m1.7D 26"]);
    expect(told(answer(0x24), one)).toEqual(["m1.7D absent not_available not_sent"]);
    expect(told(answer(0x24), heard([answer(0x24)], one).memory)).toEqual([]);
    // Pages do not know of each other, and an ICC does not end the epoch.
    expect(told(answer(0x2b, ""), both)).toEqual([]);
    expect(told(answer(0x24), heard([command(0x51), answer(0x52, "8240'Evita 4'04.20:03.00")], one).memory)).toHaveLength(1);
  });

  test("that moves to the other code of the same series is not absent; told twice at once, the second is given up (MB-5)", () => {
    const below = heard([answer(0x24, "B80.98")]).memory;
    expect(told(answer(0x24, "B9 1.0"), below)).toEqual(["m1.B9 1.0"]);
    expect(told(answer(0x24, "82 0.5"), heard([answer(0x24, "88 500")]).memory)).toEqual([
      "m1.82 0.5",
      "m1.88 absent not_available not_sent",
    ]);
    expect(told(answer(0x24, "7D  257D  26B80.98B9 1.0"))).toEqual([
      "m1.7D 25",
      "unreadable 6 told_twice",
      "m1.B8 0.98",
      "unreadable 6 told_twice",
    ]);
  });

  test("of a code or a device that no list knows has its own name, and no unit (MB-30, MB-31)", () => {
    expect(readingsOf(answer(0x24, "FE  12"))).toEqual([
      { told: "number", metric: { kind: "numeric", refid: "medibus.m1.FE", name: "m1.FE" }, value: decimal(12) },
    ]);
    expect(readingsOf(answer(0x24, "7D  12"), START)).toMatchObject([{ metric: { refid: "medibus.m1.7D" } }]);
    expect(readingsOf(answer(0x2b, "7D  12"))).toMatchObject([{ metric: { refid: "medibus.m2.7D" } }]);
    const primus = heard([answer(0x52, "8000'Primus'04.00:03.00")]).memory;
    expect(readingsOf(answer(0x24, "06 45 DA 0.1"), primus)).toMatchObject([
      { metric: { refid: "MDC_COMPL_LUNG", ucum: "mL/mbar" } },
      { metric: { refid: "MDC_CONC_AWAY_CO2_INSP" } },
    ]);
  });

  test("in an answer of another layout is not guessed at", () => {
    expect(told(answer(0x24, "7D  2"))).toEqual(["unreadable 5 layout"]);
    expect(told(answer(0x24, "7d  25"))).toEqual(["unreadable 6 layout"]);
    const held = heard([answer(0x24, "7D  25")]).memory;
    expect(heard([answer(0x24, "7D  2")], held).memory).toEqual(held);
  });
});

describe("the other pages", () => {
  test("settings have five characters, limits the unit of what they limit", () => {
    expect(readingsOf(answer(0x29, "04 0.5007 1.0 08 2.0 "))).toMatchObject([
      { metric: { refid: "MDC_VENT_VOL_TIDAL_SETTING", unit: "MDC_DIM_X_L", kind: "setting" }, value: { mantissa: 50n, exponent: -2 } },
      { metric: { refid: "medibus.s07", unit: "MDC_DIM_DIMLESS" } },
      { metric: { refid: "medibus.s08" } },
    ]);
    expect(readingsOf(answer(0x26, "7D  40"))).toMatchObject([
      { metric: { refid: "medibus.h1.7D", unit: "MDC_DIM_MILLI_BAR", kind: "setting" } },
    ]);
    expect(told(answer(0x25, "B9 2.0"))).toEqual(["l1.B9 2.0"]);
    expect(told(answer(0x2c, "7D   1"))).toEqual(["l2.7D 1"]);
    expect(told(answer(0x2d, "7D   9"))).toEqual(["h2.7D 9"]);
  });

  test("texts are verbatim, with their code, and absent when they are no longer sent (MB-22)", () => {
    const page = answer(0x2a, "02>IPPV/Assist 1 \x03203ADU\x03");
    expect(told(page)).toEqual(['t02 "IPPV/Assist 1 "', 't20 "ADU"']);
    expect(told(answer(0x2a, "203ADU\x03"), heard([page]).memory)).toEqual(['t20 "ADU"', "t02 absent not_available not_sent"]);
    expect(told(answer(0x2a, "203   \x03"))).toEqual(["t20 absent not_available blank"]);
    for (const bad of ["203ADUX\x03", "203ADUX", "203ADU", "20", "20/\x03"])
      expect(told(answer(0x2a, bad))).toEqual([`unreadable ${bad.length} layout`]);
  });

  test("the device's time is its own text (MB-7)", () => {
    expect(readingsOf(answer(0x28, " 8:06:05 4-MAR 2"))).toEqual([
      { told: "deviceTime", value: " 8:06:05 4-MAR 2" },
      { told: "text", metric: expect.objectContaining({ refid: "medibus.time" }), value: " 8:06:05 4-MAR 2" },
    ]);
    expect(told(answer(0x28, " ".repeat(17)))).toEqual(["time absent not_available blank"]);
  });

  test("an answer that was not asked for is given up aloud", () => {
    expect(told(answer(0x6a, "3"))).toEqual(["unreadable 1 not_asked"]);
  });
});

describe("an alarm", () => {
  const paw = answer(0x27, "N10PAW HIGH    ");
  test("is a condition named by code and priority together, with the device's phrase and its number (MB-32)", () => {
    expect(readingsOf(paw)).toMatchObject([
      {
        told: "condition",
        metric: { refid: "MDC_EVT_HI_GT_LIM", on: "MDC_VENT_PRESS_AWAY_MAX", nature: "physiological" },
        present: true,
        word: "PAW HIGH",
      },
      { told: "number", metric: { refid: "medibus.p1.10" }, value: { mantissa: 30n, exponent: 0 } },
    ]);
    expect(told(answer(0x27, "110PAW HIGH    "))).toEqual(['a1.10 on "PAW HIGH"', "p1.10 1"]);
    expect(told(answer(0x2e, "N10X           "))).toEqual(['a2.10 on "X"', "p2.10 30"]);
    expect(told(answer(0x2e, "N6ATUBE $&     "))).toEqual(['a2.6A.30 on "TUBE $&"', "p2.6A 30"]);
    expect(told(paw, START)).toEqual(['a1.10 on "PAW HIGH"', "p1.10 30"]);
  });

  test("is over when it is no longer sent, also by an empty answer, and only then", () => {
    const on = heard([paw]).memory;
    expect(told(paw, on)).toEqual(told(paw));
    expect(told(answer(0x27), on)).toEqual(["a1.10.30 off", "p1.10 absent not_available not_sent"]);
    expect(told(answer(0x2e), on)).toEqual([]);
    expect(told(answer(0x27), heard([answer(0x27)], on).memory)).toEqual([]);
    expect(told(answer(0x27, "N10PAW HIG"), on)).toEqual(["unreadable 10 layout"]);
    // Another priority is another condition.
    expect(told(answer(0x27, "110PAW HIGH    "), on)).toEqual(['a1.10 on "PAW HIGH"', "p1.10 1", "a1.10.30 off"]);
  });

  test("is told whatever its priority says, and twice only once", () => {
    expect(told(answer(0x27, " 42FLOW SENSOR "))).toEqual([
      'a1.42 on "FLOW SENSOR"',
      "p1.42 absent invalid not_a_number",
      "unreadable 1 not_a_number p1.42",
    ]);
    for (const priority of ["0", "P", "~"])
      expect(told(answer(0x27, `${priority}42            `))).toContain("p1.42 absent invalid not_a_number");
    expect(told(answer(0x27, "142FLOW        242FLOW        "))).toEqual([
      'a1.42 on "FLOW"',
      "p1.42 1",
      "unreadable 15 told_twice",
      "unreadable 1 told_twice",
    ]);
    // Listed and not listed at once are two conditions.
    expect(told(answer(0x27, "N10A           110B           "))).toEqual([
      'a1.10.30 on "A"',
      "p1.10 30",
      'a1.10 on "B"',
      "unreadable 1 told_twice",
    ]);
  });
});

describe("frames", () => {
  test("an answer with a command of the device in it and curves around it is told whole, wherever they stand and however it is cut", () => {
    const values = answer(0x24, "7D  25EB 98 ");
    const icc = command(0x52);
    const fast = [0xd3, 0x91, 0x81, 0x8d, 0x83];
    for (let place = 0; place <= values.length; place++) {
      const slow = [...values.subarray(0, place), ...icc, ...values.subarray(place)];
      const stream = Uint8Array.from([...slow.flatMap((byte, i) => [byte, fast[i % 5]!]), 0x13]);
      for (let cut = 0; cut < stream.length; cut++) {
        const framer = createFramer(draegerMedibus.frame);
        const frames = framesOf([...framer.push(stream.subarray(0, cut)), ...framer.push(stream.subarray(cut))]);
        const { readings, memory } = heard(frames, CONFIGURED);
        const slowWords = readings.map(words).filter((one) => !one.startsWith("w"));
        expect(slowWords, `command at ${place}, cut at ${cut}`).toEqual(["m1.7D 25", "m1.EB 98"]);
        expect(memory.commands).toEqual({ count: 1, last: [0x52] });
        const waves = readings.map(words).filter((one) => one.startsWith("w"));
        expect(waves.slice(0, 4)).toEqual(["w00 [81] from 0", "w06 [205] from 0", "w00 [81] from 1", "w06 [205] from 1"]);
        expect(waves).toHaveLength(2 * Math.floor((slow.length - 1) / 5));
      }
    }
  });

  test("a telegram is refused where its sum is in small letters, or a control byte stands in its text", () => {
    const small = Uint8Array.from(answer(0x24, "7D  25"), (byte, i) => (i > 7 && byte >= 0x41 ? byte | 0x20 : byte));
    expect(framed(small)).toEqual(framed(answer(0x24, "7D  25")).filter((frame) => Buffer.from(frame).equals(small)));
    expect(framed(answer(0x24, "7D \x025"))).toEqual([]);
    expect(framed(command(0x15))).toEqual([]);
  });

  test("the document's misprinted sum of NOP is not accepted, the right one is", () => {
    expect(framed(command(0x30))).toEqual([Uint8Array.of(0x1b, 0x30, 0x34, 0x42, 0x0d)]);
    expect(framed(join(Uint8Array.of(0x1b, 0x30), Uint8Array.of(0x34, 0x43, 0x0d)))).toEqual([]);
  });
});
