import { describe, expect, test } from "vitest";
import { geDri } from "../../drivers/ge-dri/driver.ts";
import { decimalText } from "../../drivers/kit/decimal.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { alarmStatus, type Filled, frameOf, NOON, phdb } from "./ge-dri-frames.ts";
import { DATA_AT, DATA_BYTES, ENDS, LAYOUT } from "./ge-dri-layout.ts";
import { framesOf } from "./streams.ts";

const { decode, frame: framing, memory: START } = geDri;
type Memory = typeof START;

const LIVE = 0b11;
const DISPLAYED = 1;
const physiological = (classNumber: number, filled: Filled, type = DISPLAYED) =>
  frameOf({ mainType: 0, subrecords: [{ type, bytes: phdb(classNumber, filled) }] });
function told(bytes: Uint8Array, memory: Memory = START): readonly Reading[] {
  const frames = framesOf(createFramer(framing).push(bytes));
  expect(frames).toEqual([bytes]);
  return decode(frames[0]!, memory, 0).readings;
}
const named = (readings: readonly Reading[], name: string): readonly Reading[] =>
  readings.filter((reading) => "metric" in reading && reading.metric.name === name);
const unreadable = (readings: readonly Reading[]) => readings.filter((reading) => reading.told === "unreadable");
const memoryAfter = (...frames: readonly Uint8Array[]): Memory => frames.reduce((memory, bytes) => decode(bytes, memory, 0).memory, START);
/** A group of the basic class with its status, its label and its values. */
function basic(
  group: string,
  { status = LIVE, label = 0, values }: { status?: number; label?: number; values: readonly number[] },
): Filled {
  const laid = LAYOUT.find(({ name, classNumber }) => name === group && classNumber === 0)!;
  return {
    u32: { [laid.at]: status },
    i16: { [laid.at + 4]: label, ...Object.fromEntries(values.map((value, n) => [(laid.fields[0]?.at ?? 0) + 2 * n, value])) },
  };
}
const both = (a: Filled, b: Filled): Filled => ({ i16: { ...a.i16, ...b.i16 }, u32: { ...a.u32, ...b.u32 } });

describe("a value", () => {
  test("stands where the sizes of the groups put it: each class fills its data area to the byte (GE-17)", () => {
    expect(ENDS).toEqual([DATA_AT + DATA_BYTES, DATA_AT + DATA_BYTES, DATA_AT + DATA_BYTES, DATA_AT + DATA_BYTES]);
    expect(LAYOUT.flatMap(({ fields }) => fields)).toHaveLength(201);
  });

  test.each(LAYOUT.map((group) => [group.name, group] as const))(
    "of %s is the integer as sent with the power of ten of its unit, displayed and in both trends (GE-1)",
    (_, { classNumber, at, fields }) => {
      for (const [type, series] of [
        [1, ""],
        [2, "trend_10s."],
        [3, "trend_60s."],
      ] as const) {
        for (const sent of [-31_000, -1, 0, 7, 9665, 32_700]) {
          const i16 = Object.fromEntries(fields.map((field, n) => [field.at, sent + n]));
          const readings = told(physiological(classNumber, { u32: { [at]: LIVE }, i16 }, type));
          for (const [n, { name, exponent }] of fields.entries())
            expect(named(readings, `${series}${name}`), name).toMatchObject([
              { told: "number", value: { mantissa: BigInt(sent + n), exponent } },
            ]);
        }
      }
    },
  );

  test("keeps its digits: 80.00 and not 80, 759.8, 0.100 (GE-1)", () => {
    const digits = (readings: readonly Reading[], name: string) =>
      named(readings, name).map((reading) => (reading.told === "number" ? decimalText(reading.value) : reading.told));
    const gases = told(physiological(0, both(basic("o2", { values: [7600, 8000] }), basic("co2", { values: [487, 26, 15, 7598] }))));
    expect(digits(gases, "o2.fi")).toEqual(["80.00"]);
    expect(digits(gases, "co2.amb_press")).toEqual(["759.8"]);
    expect(digits(told(physiological(3, { u32: { 4: LIVE }, i16: { 16: 100 } })), "gasex.rq")).toEqual(["0.100"]);
  });

  test.each([
    [-32_767, "invalid", "invalid"],
    [-32_766, "not_available", "not_updated"],
    [-32_765, "invalid", "discontinuity"],
    [-32_764, "underflow", "under_range"],
    [-32_763, "overflow", "over_range"],
    [-32_762, "calibration_ongoing", "not_calibrated"],
  ] as const)("of %d is none, and is told with its reason (GE-2)", (sent, validity, reason) => {
    for (const { name, classNumber, at, fields } of LAYOUT) {
      const readings = told(
        physiological(classNumber, { u32: { [at]: LIVE }, i16: Object.fromEntries(fields.map((one) => [one.at, sent])) }),
      );
      for (const field of fields) expect(named(readings, field.name), name).toMatchObject([{ told: "absent", validity, reason }]);
      expect(unreadable(readings)).toEqual([]);
    }
  });

  test("of any other number from -32001 downwards is none, with a doubt beside it; -32000 is a number (GE-2)", () => {
    for (const sent of [-32_001, -32_700, -32_768]) {
      const readings = told(physiological(0, basic("spo2", { values: [sent] })));
      expect(named(readings, "spo2.spo2")).toMatchObject([{ told: "absent", validity: "invalid", reason: "special_unknown" }]);
      expect(unreadable(readings)).toEqual([{ told: "unreadable", bytes: 2, reason: "special_unknown", about: "spo2.spo2" }]);
    }
    const readings = told(physiological(0, basic("spo2", { values: [-32_000] })));
    expect(named(readings, "spo2.spo2")).toMatchObject([{ told: "number", value: { mantissa: -32_000n, exponent: -2 } }]);
  });
});

describe("a group", () => {
  test("that does not exist says nothing, whatever its numbers are (GE-3)", () => {
    for (const status of [0, 0b10, 0xffff_fffc]) {
      const filled: Filled = {
        u32: Object.fromEntries(LAYOUT.filter(({ classNumber }) => classNumber === 0).map(({ at }) => [at, status])),
      };
      expect(told(physiological(0, filled))).toEqual([{ told: "deviceTime", value: String(NOON) }]);
    }
  });

  test("that exists and is not active has no values, whatever its numbers are (GE-3)", () => {
    for (const { name, classNumber, at, fields } of LAYOUT) {
      const readings = told(
        physiological(classNumber, { u32: { [at]: 0b01 }, i16: Object.fromEntries(fields.map((one) => [one.at, 99])) }),
      );
      for (const field of fields)
        expect(named(readings, field.name), name).toMatchObject([{ told: "absent", validity: "not_available", reason: "not_active" }]);
      expect(
        readings.filter((reading) => reading.told === "number" || reading.told === "condition"),
        name,
      ).toEqual([]);
    }
  });

  test("that is pulled out is absent once, and then not mentioned (GE-3)", () => {
    const there = physiological(0, basic("spo2", { values: [9665, 83, 377, 0] }));
    const not = physiological(0, {});
    const readings = told(not, memoryAfter(there));
    expect(named(readings, "spo2.spo2")).toMatchObject([{ told: "absent", validity: "not_available", reason: "module_gone" }]);
    expect(named(readings, "spo2.pr")).toHaveLength(1);
    expect(named(told(not, memoryAfter(there, not)), "spo2.spo2")).toEqual([]);
    // A record of another class says nothing of it.
    expect(named(told(physiological(1, {}), memoryAfter(there)), "spo2.spo2")).toEqual([]);
    expect(named(told(not, memoryAfter(there, physiological(1, {}))), "spo2.spo2")).toHaveLength(1);
  });

  test("that is pulled out with another of the same label, told in another record, is absent once", () => {
    const p1 = physiological(0, basic("p1", { label: 1, values: [12_000, 8000, 9300, 72] }));
    const p7 = physiological(1, { u32: { 82: LIVE }, i16: { 86: 1, 88: 12_000 } });
    const none = frameOf({ mainType: 0, subrecords: [0, 1].map((n) => ({ type: DISPLAYED, bytes: phdb(n, {}) })) });
    const gone = told(none, memoryAfter(p1, p7)).filter((one) => "metric" in one && one.metric.refid === "MDC_PRESS_BLD_ART_ABP_SYS");
    expect(gone).toMatchObject([{ told: "absent", reason: "module_gone" }]);
  });

  test("that has a label is called by it, in that very record (GE-5)", () => {
    const pressure = (label: number) => told(physiological(0, basic("p1", { label, values: [12_000, 8000, 9300, 72] })));
    const refids = (readings: readonly Reading[]) =>
      ["p1.sys", "p1.dia", "p1.mean", "p1.hr"].map((name) => named(readings, name).map((one) => "metric" in one && one.metric.refid)[0]);
    const generic = ["MDC_PRESS_BLD_SYS", "MDC_PRESS_BLD_DIA", "MDC_PRESS_BLD_MEAN", "ge.p1.hr"];
    expect(refids(pressure(1))).toEqual([
      "MDC_PRESS_BLD_ART_ABP_SYS",
      "MDC_PRESS_BLD_ART_ABP_DIA",
      "MDC_PRESS_BLD_ART_ABP_MEAN",
      "ge.p1.hr",
    ]);
    expect(refids(pressure(2))).toEqual(["ge.p1.sys", "ge.p1.dia", "MDC_PRESS_BLD_VEN_CENT_MEAN", "ge.p1.hr"]);
    expect(refids(pressure(7))[2]).toBe("MDC_PRESS_INTRA_CRAN_MEAN");
    for (const label of [0, 9, 23, 65_535]) expect(refids(pressure(label))).toEqual(generic);
    const words = [1, 2, 14, 22, 0, 23, 40_000].map(
      (label) => named(pressure(label), "p1.label").map((one) => "value" in one && one.value)[0],
    );
    expect(words).toEqual(["ART", "CVP", "P6", "FEMV", "0", "23", "40000"]);
  });

  test("whose label changes is a new series, and the old one is absent once (GE-5)", () => {
    const art = physiological(0, basic("p1", { label: 1, values: [12_000, 8000, 9300, 72] }));
    const cvp = physiological(0, basic("p1", { label: 2, values: [800, 300, 500, 72] }));
    const absent = (readings: readonly Reading[]) =>
      readings.flatMap((one) => (one.told === "absent" ? [[one.metric.refid, one.reason]] : []));
    expect(absent(told(cvp, memoryAfter(art)))).toEqual([
      ["MDC_PRESS_BLD_ART_ABP_SYS", "label_changed"],
      ["MDC_PRESS_BLD_ART_ABP_DIA", "label_changed"],
      ["MDC_PRESS_BLD_ART_ABP_MEAN", "label_changed"],
    ]);
    expect(absent(told(cvp, memoryAfter(art, cvp)))).toEqual([]);
  });

  test("goes by its own name where another that is measured has the same label (GE-5)", () => {
    const one = basic("p1", { status: 0b01, label: 1, values: [1, 2, 3, 4] });
    const two = basic("p2", { label: 8, values: [12_000, 8000, 9300, 72] });
    const readings = told(physiological(0, both(one, two)));
    expect(named(readings, "p2.mean")).toMatchObject([{ told: "number", metric: { refid: "MDC_PRESS_BLD_ART_ABP_MEAN" } }]);
    expect(named(readings, "p1.mean")).toMatchObject([{ told: "absent", metric: { refid: "ge.p1.mean" } }]);
  });

  test("of an agent or a temperature is called by its label (GE-5)", () => {
    const agent = (label: number) => named(told(physiological(0, basic("aa", { label, values: [210, 240, 110] }))), "aa.fi");
    expect(agent(6)).toMatchObject([{ metric: { refid: "MDC_CONC_AWAY_SEVOFL_INSP", unit: "MDC_DIM_PERCENT" } }]);
    for (const label of [0, 1, 2, 3, 7]) expect(agent(label)).toMatchObject([{ metric: { refid: "MDC_CONC_AWAY_AGENT_INSP" } }]);
    const temperature = (label: number) => named(told(physiological(0, basic("t1", { label, values: [3712] }))), "t1.temp");
    for (const [label, refid] of [
      [1, "MDC_TEMP_ESOPH"],
      [6, "MDC_TEMP_AXIL"],
      [9, "MDC_TEMP_ROOM"],
      [11, "MDC_TEMP"],
      [99, "MDC_TEMP"],
    ] as const)
      expect(temperature(label)).toMatchObject([{ told: "number", value: { mantissa: 3712n, exponent: -2 }, metric: { refid } }]);
  });
});

describe("bits beside a value", () => {
  const nibp = (label: number, sys = 9300) =>
    named(told(physiological(0, basic("nibp", { label, values: [sys, 4800, 6900, 70] }))), "nibp.sys")[0];
  test("of the cuff: old, measuring, calibrating (GE-6)", () => {
    expect(nibp(0)).not.toHaveProperty("reason");
    expect(nibp(1 << 8)).toMatchObject({ told: "number", reason: "older_than_60s" });
    expect(nibp(1 << 8)).not.toHaveProperty("validity");
    expect(nibp(1 << 5)).toMatchObject({ told: "number", validity: "questionable", reason: "measurement_ongoing" });
    expect(nibp(1 << 5, -32_767)).toMatchObject({ told: "absent", validity: "not_available", reason: "measurement_ongoing" });
    expect(nibp(1 << 7)).toMatchObject({ told: "number", validity: "calibration_ongoing" });
    expect(nibp(1 << 7, -32_766)).toMatchObject({ told: "absent", validity: "calibration_ongoing" });
    expect(nibp(1 << 7, -32_763)).toMatchObject({ told: "absent", validity: "overflow" });
  });

  test("of the heart rate: its source is told, noise and artefact make it questionable (GE-8)", () => {
    const ecg = (status: number) => told(physiological(0, basic("ecg", { status: LIVE | status, values: [80, 0, 0, 0, 15] })));
    for (let source = 0; source < 16; source++)
      expect(named(ecg(source << 3), "ecg.source")).toMatchObject([{ told: "text", value: String(source) }]);
    expect(named(ecg(1 << 7), "ecg.hr")).toMatchObject([{ told: "number", validity: "questionable", reason: "noise" }]);
    expect(named(ecg(1 << 8), "ecg.hr")).toMatchObject([{ told: "number", validity: "questionable", reason: "artefact" }]);
    expect(named(ecg(1 << 8), "ecg.imp_rr")[0]).not.toHaveProperty("validity");
    expect(named(ecg(1 << 2), "ecg.asystole")).toMatchObject([{ told: "condition", present: true, metric: { nature: "physiological" } }]);
  });

  test("of CO2: wet gas is a remark, no number is made of another (GE-4), and the whole word is told (GE-7)", () => {
    const readings = told(physiological(0, basic("co2", { status: LIVE | (1 << 9), values: [487, 26, 15, 7598] })));
    expect(named(readings, "co2.et")).toMatchObject([
      { told: "number", value: { mantissa: 487n, exponent: -2 }, reason: "wet_gas", metric: { unit: "MDC_DIM_PERCENT" } },
    ]);
    expect(named(readings, "co2.rr")[0]).not.toHaveProperty("reason");
    expect(named(readings, "co2.status")).toMatchObject([{ told: "text", value: String(LIVE | (1 << 9)) }]);
  });

  test("of apnoea: with the alarm off there is no condition, and one that was present is over (GE-7)", () => {
    const co2 = (status: number) => physiological(0, basic("co2", { status: LIVE | status, values: [487, 26, 15, 7598] }));
    expect(named(told(co2(1 << 2)), "co2.apnoea")).toMatchObject([{ present: true, metric: { refid: "MDC_EVT_APNEA" } }]);
    expect(named(told(co2(0)), "co2.apnoea")).toMatchObject([{ present: false }]);
    const off = co2((1 << 2) | (1 << 8));
    expect(named(told(off), "co2.apnoea")).toEqual([]);
    expect(named(told(off), "co2.rr")).toMatchObject([{ told: "number" }]);
    expect(named(told(off, memoryAfter(co2(1 << 2))), "co2.apnoea")).toMatchObject([{ present: false }]);
    expect(named(told(off, memoryAfter(co2(1 << 2), off)), "co2.apnoea")).toEqual([]);
  });

  test("of a gas whose measurement is off: there is no number (GE-27)", () => {
    expect(named(told(physiological(0, basic("o2", { status: LIVE | (1 << 3), values: [2100, 2100] }))), "o2.fi")).toMatchObject([
      { told: "absent", validity: "not_available", reason: "measurement_off" },
    ]);
  });

  test("of the NMT: three numbers in one word, and a count that a trend does not have (GE-23, GE-24)", () => {
    const parts = (word: number, type = DISPLAYED, series = "") => {
      const readings = told(physiological(0, { u32: { 218: LIVE }, i16: { 228: word } }, type));
      return ["ptc", "tof_count", "current"].map((name) => named(readings, `${series}nmt.${name}`)[0]);
    };
    const number = (mantissa: bigint) => ({ told: "number", value: { mantissa, exponent: 0 } });
    expect(parts(12 | (4 << 5) | (60 << 9))).toMatchObject([number(12n), number(4n), number(60n)]);
    expect(parts((31 | (2 << 5) | (70 << 9)) - 0x1_0000)).toMatchObject([{ told: "absent", reason: "no_value" }, number(2n), number(70n)]);
    expect(parts(12 | (4 << 5), 3, "trend_60s.")).toMatchObject([number(12n), { told: "absent", reason: "not_in_trend" }, number(0n)]);
    for (const none of parts(-31_000)) expect(none).toMatchObject({ told: "absent", validity: "invalid" });
    for (const none of parts(-32_766)) expect(none).toMatchObject({ told: "absent", reason: "not_updated" });
  });
});

describe("time", () => {
  test("is the monitor's, verbatim; a subrecord's own is told where it differs, and always of a trend (GE-10)", () => {
    const at = (time: number, type: number) => told(frameOf({ mainType: 0, time: NOON, subrecords: [{ type, bytes: phdb(0, {}, time) }] }));
    expect(at(NOON, 1)).toEqual([{ told: "deviceTime", value: String(NOON) }]);
    expect(named(at(NOON - 3, 1), "time")).toMatchObject([{ told: "text", value: String(NOON - 3) }]);
    expect(named(at(NOON, 2), "trend_10s.time")).toMatchObject([{ told: "text", value: String(NOON) }]);
    expect(named(at(0xffff_ffff, 3), "trend_60s.time")).toMatchObject([{ value: "4294967295" }]);
  });
});

describe("an alarm record (GE-9, GE-20)", () => {
  const alarms = (bytes: Uint8Array, type = 1) => told(frameOf({ mainType: 4, subrecords: [{ type, bytes }] }));
  test.each([2, 4] as const)("with enumerations of %d bytes is read, texts verbatim", (width) => {
    const readings = alarms(
      alarmStatus(
        [
          { text: "HR LOW", colour: 3, changed: 1 },
          { text: "Atmung gest\xf6rt ", colour: 1 },
        ],
        width,
      ),
    );
    const value = (name: string) => named(readings, name).map((one) => ("value" in one ? one.value : one.told))[0];
    expect([1, 2, 3].map((n) => value(`alarm.${n}.text`))).toEqual(["HR LOW", "Atmung gest\xf6rt ", "absent"]);
    expect([1, 2, 5].map((n) => value(`alarm.${n}.colour`))).toEqual(["3", "1", "0"]);
    expect([value("alarm.1.text_changed"), value("alarm.2.text_changed"), value("alarm.1.colour_changed")]).toEqual(["1", "0", "1"]);
    expect([value("alarm.sound"), value("alarm.silence")]).toEqual(["1", "5"]);
    expect(named(readings, "alarm.1")).toMatchObject([{ told: "condition", present: true, word: "HR LOW" }]);
    expect(named(readings, "alarm.3")).toMatchObject([{ told: "condition", present: false }]);
    expect(named(readings, "alarm")).toMatchObject([{ told: "condition", present: true, word: "high" }]);
    expect(named(alarms(alarmStatus([], width)), "alarm")).toMatchObject([{ present: false }]);
    const last = [0, 0, 0, 0, 2].map((colour) => ({ text: "", colour }));
    expect(named(alarms(alarmStatus(last, width)), "alarm")).toMatchObject([{ present: true, word: "medium" }]);
    expect(named(alarms(alarmStatus(last, width)), "alarm.5")).toMatchObject([{ present: true }]);
  });

  test("of another length, of another type, or told twice, is given up aloud", () => {
    const status = alarmStatus([{ text: "HR LOW", colour: 3 }], 2);
    for (const wrong of [status.subarray(0, 509), status.subarray(0, 1)])
      expect(alarms(wrong).slice(1)).toEqual([{ told: "unreadable", bytes: wrong.length, reason: "subrecord_length" }]);
    expect(alarms(status, 7).slice(1)).toEqual([{ told: "unreadable", bytes: 510, reason: "subrecord_unknown" }]);
    const twice = frameOf({
      mainType: 4,
      subrecords: [
        { type: 1, bytes: status },
        { type: 1, bytes: status },
      ],
    });
    expect(unreadable(told(twice))).toEqual([{ told: "unreadable", bytes: 510, reason: "subrecord_repeated" }]);
  });

  test("with a colour that is none, or control bytes in a text, concludes nothing of it", () => {
    const colour = alarms(alarmStatus([{ text: "HR LOW", colour: 4 }], 2));
    expect(named(colour, "alarm.1")).toEqual([]);
    expect(named(colour, "alarm")).toEqual([]);
    expect(unreadable(colour)).toEqual([{ told: "unreadable", bytes: 2, reason: "colour_unknown", about: "alarm.1.colour" }]);
    const text = alarms(alarmStatus([{ text: "HR\x1bLOW", colour: 2 }], 2));
    expect(named(text, "alarm.1.text")).toMatchObject([{ told: "absent", reason: "not_text" }]);
    expect(named(text, "alarm.1")).toMatchObject([{ present: true }]);
    expect(unreadable(text)).toEqual([{ told: "unreadable", bytes: 80, reason: "not_text", about: "alarm.1.text" }]);
  });
});
