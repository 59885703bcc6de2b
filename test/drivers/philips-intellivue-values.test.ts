import { describe, expect, test } from "vitest";
import { decimalText } from "../../drivers/kit/decimal.ts";
import { mdcCode, mdcTerm, mdcUnit } from "../../drivers/kit/mdc.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { philipsIntellivue } from "../../drivers/philips-intellivue/driver.ts";
import { WAVE_TERMS } from "../../drivers/philips-intellivue/wave.table.ts";
import {
  accepted,
  attribute,
  type Bytes,
  created,
  decodeAll,
  hex,
  list,
  numericOf,
  type Object_,
  type Result,
  result,
  sized,
  u16,
  u32,
  value,
} from "./philips-intellivue-bytes.ts";

const SPO2 = 0x4bb8;
const PULSE = 0x4822;
const NUMBER = 0xff0003b6;
const numerics = (objects: readonly Object_[], more: Partial<Result> = {}): Bytes => result({ polled: 6, objects, ...more });
const spo2 = (word = NUMBER, more: { state?: number; unit?: number } = {}) => numericOf(1, SPO2, word, more);
/** Readings but for the monitor's clock, as short words. */
const short = (readings: readonly Reading[]): readonly string[] =>
  readings
    .filter(({ told }) => told !== "deviceTime")
    .map((reading) => {
      const about = "metric" in reading ? `${reading.metric.refid} ` : "";
      const what =
        reading.told === "number"
          ? decimalText(reading.value)
          : reading.told === "condition"
            ? `${reading.present} ${reading.word}`
            : reading.told === "wave"
              ? `#${reading.first}${reading.gapBefore === true ? "?" : ""} ${reading.absent === undefined ? reading.samples.join(",") : `none of ${reading.absent}`}`
              : reading.told === "unreadable"
                ? `unreadable ${reading.bytes}`
                : "absent";
      const doubt = "validity" in reading && reading.validity !== undefined ? ` ${reading.validity}` : "";
      const more = `${reading.demo === true ? " DEMO" : ""}${(reading.qualifiers ?? []).map((word) => ` +${word}`).join("")}`;
      return `${about}${what}${doubt}${reading.reason === undefined ? "" : ` (${reading.reason})`}${more}`;
    });

describe("the state of a value (IV-2)", () => {
  test.each([
    [0x0000, "95.0"],
    [0x2000, "absent not_available (unavailable)"],
    [0x8000, "absent invalid (invalid)"],
    [0xa400, "absent not_available (unavailable) DEMO +invalid +demo"],
    [0x1000, "95.0 calibration_ongoing (calibrating)"],
    [0x5400, "95.0 calibration_ongoing (calibrating) DEMO +demo +questionable"],
    [0x4000, "95.0 questionable (questionable)"],
    [0x0020, "95.0 measurement_ongoing (measuring)"],
    [0x0400, "95.0 questionable (demo) DEMO"],
    [0x0800, "95.0 questionable (test) DEMO"],
    [0x0080, "95.0 validated (validated)"],
    [0x0480, "95.0 questionable (demo) DEMO +validated"],
    [0x0002, "95.0 +in_alarm"],
    [0x0041, "95.0 +early +alarm_inhibited"],
  ])("%i", (state, said) => {
    expect(short(decodeAll([numerics([spo2(NUMBER, { state })])]).last)).toEqual([`MDC_PULS_OXIM_SAT_O2 ${said}`]);
  });

  test("stands above a number, and beside the reason why there is none", () => {
    const said = (word: number, state: number) => short(decodeAll([numerics([spo2(word, { state })])]).last)[0];
    expect(said(0x007fffff, 0)).toBe("MDC_PULS_OXIM_SAT_O2 absent not_available (no_value)");
    expect(said(0x007fffff, 0x0400)).toBe("MDC_PULS_OXIM_SAT_O2 absent not_available (no_value) DEMO +demo");
    expect(said(0x007fffff, 0x1000)).toBe("MDC_PULS_OXIM_SAT_O2 absent calibration_ongoing (no_value) +calibrating");
    expect(said(0x007fffff, 0x8000)).toBe("MDC_PULS_OXIM_SAT_O2 absent invalid (invalid)");
  });
});

describe("the unit of a value (IV-3)", () => {
  const unitOf = (physio: number, unit: number) =>
    decodeAll([numerics([numericOf(1, physio, 60, { unit })])]).last.map((reading) =>
      reading.told === "number" ? reading.metric.unit : reading.told === "unreadable" ? reading.reason : undefined,
    )[1];

  test("is the one sent with it, as far as the quantity can have it", () => {
    expect(unitOf(0x4a15, 0x0f20)).toBe("MDC_DIM_MMHG");
    expect(unitOf(0x4a15, 0x0f03)).toBe("MDC_DIM_KILO_PASCAL");
    expect(unitOf(0x50b0, 0x0220)).toBe("MDC_DIM_PERCENT");
    expect(unitOf(0x500a, 0x0aa0)).toBe("MDC_DIM_BEAT_PER_MIN");
    expect(decodeAll([numerics([numericOf(1, 0x4b48, 98, { unit: 0x1140 })])]).last[1]).toMatchObject({ metric: { ucum: "[degF]" } });
  });

  test("stands in the declaration of every metric, which are all told apart", () => {
    const { metrics } = philipsIntellivue;
    const names = metrics.map(({ kind, refid, name }) => `${kind} ${refid} ${name}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { refid, unit, ucum, name } of metrics) {
      expect(!refid.startsWith("MDC_") || mdcTerm(refid) !== undefined, refid).toBe(true);
      expect(unit === undefined || mdcUnit(unit) !== 0, `${refid} ${unit}`).toBe(true);
      expect(unit === undefined || ucum === undefined, refid).toBe(true);
      expect(name, refid).not.toBe("");
    }
    const refids = new Set(metrics.map(({ refid }) => refid));
    for (const metric of metrics) if (metric.kind === "condition" && metric.on !== "device") expect(refids).toContain(metric.on);
  });

  test("that is unknown, private or of another nature is not guessed, and neither is a quantity", () => {
    expect(unitOf(0x4a15, 0x0220)).toBe("unit_unknown");
    expect(unitOf(0x4a15, 0xf123)).toBe("unit_unknown");
    expect(unitOf(0x4a15, 0x0000)).toBe("unit_unknown");
    expect(unitOf(0xf999, 0x0220)).toBe("physio_unknown");
    expect(unitOf(0x0000, 0x0220)).toBe("physio_unknown");
  });

  test("goes with the reference id of the quantity, and 4822 has that of today's profiles (IV-6, IV-15)", () => {
    expect(short(decodeAll([numerics([numericOf(1, PULSE, 60, { unit: 0x0aa0 })])]).last)).toEqual(["MDC_PULS_OXIM_PULS_RATE 60"]);
    expect(short(decodeAll([numerics([numericOf(1, 0xf0e5, 60, { unit: 0x0aa0 })])]).last)).toEqual(["intellivue.F0E5 60"]);
  });
});

describe("a value that is not sent any more (IV-4, IV-13)", () => {
  const without = { handle: 1, attributes: [attribute(0x0924, u32(0x24bb8))] };
  const gone = "MDC_PULS_OXIM_SAT_O2 absent not_available (not_sent)";
  const pulse = numericOf(2, PULSE, 60, { unit: 0x0aa0 });
  const other = "MDC_PULS_OXIM_PULS_RATE 60";

  test("is absent, once, where its object stands there without one; an object that never had one says nothing", () => {
    const { readings } = decodeAll([numerics([without]), numerics([spo2()]), numerics([without]), numerics([without])]);
    expect(readings.map(short)).toEqual([[], ["MDC_PULS_OXIM_SAT_O2 95.0"], [gone], []]);
  });

  test("is absent once too where its object stands without one in a linked answer", () => {
    const linked = [numerics([without], { link: [1, 1] }), numerics([pulse], { link: [3, 2] }), numerics([])];
    const { readings } = decodeAll([numerics([spo2(), pulse]), ...linked]);
    expect(readings.map(short).slice(1)).toEqual([[gone], [other], []]);
  });

  test("is absent where a whole answer does not hold it, in one message or in linked ones", () => {
    expect(short(decodeAll([numerics([spo2(), pulse]), numerics([pulse])]).last)).toEqual([other, gone]);
    const linked = [numerics([pulse], { link: [1, 1] }), numerics([], { link: [3, 2] }), numerics([])];
    expect(
      decodeAll([numerics([spo2(), pulse]), ...linked])
        .readings.map(short)
        .slice(1),
    ).toEqual([[other], [], [gone]]);
  });

  test("is not called absent while its answer goes on", () => {
    const linked = [numerics([pulse], { link: [1, 1] }), numerics([spo2()], { link: [3, 2] }), numerics([])];
    for (const told of decodeAll([numerics([spo2(), pulse]), ...linked, ...linked]).readings) expect(short(told)).not.toContain(gone);
  });

  test("is not called absent where the last part of the answer never came, and nothing shows that it was lost", () => {
    const linked = [numerics([pulse], { link: [1, 1] }), numerics([])];
    expect(
      decodeAll([numerics([spo2(), pulse]), ...linked])
        .readings.map(short)
        .slice(1),
    ).toEqual([[other], []]);
  });

  test("is not called absent where a part of the answer was lost", () => {
    const before = numerics([spo2(), pulse]);
    const [first, second, end] = [numerics([pulse], { link: [1, 1] }), numerics([], { link: [2, 2] }), numerics([])];
    expect(short(decodeAll([before, first, end], { gaps: [0, 0, 9] }).last)).toEqual([]);
    expect(short(decodeAll([before, second, end]).last)).toEqual([]);
    expect(short(decodeAll([before, first, numerics([], { link: [3, 3] }), end]).last)).toEqual([]);
    expect(short(decodeAll([before, end]).last)).toEqual([]);
    expect(short(decodeAll([before, first, numerics([], { link: [2, 2], invoke: 8 }), numerics([], { invoke: 8 })]).last)).toEqual([]);
    expect(short(decodeAll([before, first, numerics([], { invoke: 8 })]).last)).toEqual([]);
  });

  test("is forgotten with its association", () => {
    for (const begin of [accepted(), created()])
      expect(decodeAll([numerics([spo2()]), begin, numerics([without])]).readings.map(short)[2]).toEqual([]);
  });
});

describe("one quantity", () => {
  test("has one source: another object that tells it is given up aloud (IV-20)", () => {
    const both = numerics([spo2(), numericOf(9, SPO2, 0x50)]);
    expect(short(decodeAll([both]).last)).toEqual(["MDC_PULS_OXIM_SAT_O2 95.0", "unreadable 10 (second_source)"]);
    const twice = { handle: 1, attributes: [attribute(0x094b, list(value(SPO2, NUMBER), value(SPO2, 0x50)))] };
    expect(short(decodeAll([numerics([twice])]).last)).toEqual(["MDC_PULS_OXIM_SAT_O2 95.0", "unreadable 10 (second_source)"]);
    expect(short(decodeAll([numerics([spo2()]), numerics([numericOf(9, SPO2, 0x50), spo2()])]).last)).toEqual([
      "MDC_PULS_OXIM_SAT_O2 95.0",
      "unreadable 10 (second_source)",
    ]);
  });

  test("is told in parts as sent, in one report (IV-5)", () => {
    const parts = [
      value(0x4a17, 91, { unit: 0x0f20 }),
      value(0x4a15, 120, { unit: 0x0f20 }),
      value(0x4a16, 70, { unit: 0x0f20, state: 0x8000 }),
    ];
    expect(short(decodeAll([numerics([{ handle: 3, attributes: [attribute(0x094b, list(...parts))] }])]).last)).toEqual([
      "MDC_PRESS_BLD_ART_ABP_MEAN 91",
      "MDC_PRESS_BLD_ART_ABP_SYS 120",
      "MDC_PRESS_BLD_ART_ABP_DIA absent invalid (invalid)",
    ]);
  });
});

describe("the monitor's clock (IV-9)", () => {
  const clockOf = (clock: Bytes) => decodeAll([numerics([], { clock, time: 0xffffffff })]).last;
  test("is verbatim where it has one, and its ticks where not", () => {
    expect(clockOf(hex("2017110414450099"))).toEqual([{ told: "deviceTime", value: "2017-11-04 14:45:00.99" }]);
    expect(clockOf(hex("FFFFFFFFFFFFFFFF"))).toEqual([{ told: "deviceTime", value: "4294967295" }]);
    expect(clockOf(hex("20171104144500FF"))).toEqual([
      { told: "deviceTime", value: "4294967295" },
      { told: "unreadable", bytes: 8, reason: "clock" },
    ]);
  });
});

describe("alerts (IV-22, IV-23)", () => {
  const entry = (source: number, code: number, type: number, { state = 0, text = "0001 00020000 0001 0000" } = {}): Bytes => [
    ...[source, code, type, state].flatMap(u16),
    ...hex("0036 0000 0001 0201"),
    ...sized(hex(text)),
  ];
  const lists = (patient: readonly Bytes[], technical: readonly Bytes[] = []) =>
    result({
      polled: 0x36,
      objects: [{ handle: 5, attributes: [attribute(0x0902, list(...patient)), attribute(0x0904, list(...technical))] }],
    });
  const low = entry(SPO2, 0x0040, 0x0200, { state: 0x0008 });

  test("are conditions with their priority, of the quantity they concern, and over when the list does not name them", () => {
    const { readings } = decodeAll([lists([low]), lists([low]), lists([]), lists([])]);
    expect(readings.map(short)).toEqual([
      ["intellivue.below-limit.4BB8 true medium"],
      ["intellivue.below-limit.4BB8 true medium"],
      ["intellivue.below-limit.4BB8 false undefined"],
      [],
    ]);
    expect(decodeAll([lists([low])]).last[1]).toMatchObject({ metric: { nature: "physiological", on: "MDC_PULS_OXIM_SAT_O2" } });
  });

  test("of an event of the nomenclature have its reference id; others are told as any of their nature", () => {
    expect(short(decodeAll([lists([entry(1, 0x0c00, 0x0400, { state: 0x3000 })], [entry(1, 0x0112, 0x0001)])]).last)).toEqual([
      "MDC_EVT_APNEA true high +latched +silenced",
      "MDC_EVT_LEADS_OFF true low",
    ]);
    const strange = [entry(1, 0xf001, 0x0100), entry(2, 0xf002, 0x0400), entry(3, 0xf003, 0x0200)];
    expect(short(decodeAll([lists(strange)]).last)).toEqual(["intellivue.alert.physiological true high"]);
  });

  test("of an unknown type are given up aloud, and end nothing that stood", () => {
    const { readings } = decodeAll([lists([low]), lists([entry(1, 1, 0x0800)]), lists([entry(1, 1, 0x0001)])]);
    expect(readings.map(short).slice(1)).toEqual([["unreadable 8 (alert_type_unknown)"], ["unreadable 8 (alert_type_unknown)"]]);
  });

  test("in a demonstration or a test are marked as such, in standby have that word and so no priority, and an entry without an alert is none", () => {
    expect(short(decodeAll([lists([entry(1, 0x0c00, 0x0400, { state: 0x0108 })], [entry(1, 0x0112, 1, { state: 0x0600 })])]).last)).toEqual(
      ["MDC_EVT_APNEA true high DEMO +demo", "MDC_EVT_LEADS_OFF true low standby DEMO +test"],
    );
    expect(decodeAll([lists([low]), lists([entry(SPO2, 0x0040, 0)])]).readings.map(short)[1]).toEqual([
      "intellivue.below-limit.4BB8 false undefined",
    ]);
  });

  test("in a list that does not fit its length end nothing", () => {
    const broken = result({ polled: 0x36, objects: [{ handle: 5, attributes: [attribute(0x0902, hex("0001 0000"))] }] });
    expect(decodeAll([lists([low]), broken]).readings.map(short)[1]).toEqual(["unreadable 4 (lengths)"]);
    expect(decodeAll([lists([low]), broken, lists([])]).readings.map(short)[2]).toEqual(["intellivue.below-limit.4BB8 false undefined"]);
  });

  test("beyond what can be kept are told aloud", () => {
    // As many sources as share no factor with the four events.
    const PRESSURES = [0x4a05, 0x4a06, 0x4a07, 0x4a11, 0x4a12, 0x4a13, 0x4a15, 0x4a16, 0x4a17, 0x4a1d, 0x4a1e, SPO2, PULSE];
    const many = Array.from({ length: 52 }, (_, i) =>
      entry(PRESSURES[i % PRESSURES.length]!, [0x28, 0x2a, 0x3e, 0x40][i % 4]!, 0x0100, { text: "0001" }),
    );
    const told = short(decodeAll([lists(many)]).last);
    expect(told.filter((one) => one.includes("true"))).toHaveLength(48);
    expect(told.at(-1)).toBe("unreadable 32 (alerts_too_many)");
  });
});

describe("a wave", () => {
  const PLETH = 0x4bb4;
  const spec = (samples: number, bits: number, significant: number, flags: number) =>
    attribute(0x096d, u16(samples), [bits, significant], u16(flags));
  const layout = (
    samples: number,
    { period = 64, unit = 0x0200, range = hex("007FFFFF 007FFFFF 0000 00FF"), bits = 8, significant = 8, flags = 0 } = {},
  ) => [spec(samples, bits, significant, flags), attribute(0x098d, u32(period)), attribute(0x0996, u16(unit)), attribute(0x096f, range)];
  const block = (samples: Bytes, { physio = PLETH, state = 0 } = {}) => attribute(0x096e, u16(physio), u16(state), sized(samples));
  const wave = (attributes: readonly Bytes[], more: Partial<Result> = {}, handle = 3) =>
    result({ polled: 9, objects: [{ handle, attributes }], ...more });
  const at = (sequence: number, time = 1000 + sequence * 256, more: Partial<Result> = {}) => ({ sequence, time, ...more });
  const four = block([1, 2, 3, 4]);
  const begin = wave([...layout(4), four], at(0));
  const pleth = "MDC_PULS_OXIM_PLETH";

  test("goes on with the next answer, and shows by its count what is missing (IV-21)", () => {
    const told = [wave([four], at(1)), wave([four], at(4)), wave([four], at(9, 1000 + 9 * 256, { invoke: 8 }))];
    expect(decodeAll([begin, ...told]).readings.map(short)).toEqual([0, 4, 16, 36].map((first) => [`${pleth} #${first} 1,2,3,4`]));
  });

  test("that comes again, or late in a second row of answers, is given up, not told twice (IV-21)", () => {
    const again = ["unreadable 4 (out_of_time)"];
    expect(short(decodeAll([begin, begin]).last)).toEqual(again);
    expect(short(decodeAll([begin, wave([four], at(0, 1100, { invoke: 8 }))]).last)).toEqual(again);
    expect(short(decodeAll([begin, wave([four], at(5, 999))]).last)).toEqual(again);
  });

  test("never counts backwards where a second row of answers is a little early", () => {
    expect(short(decodeAll([begin, wave([four], at(0, 1000 + 200, { invoke: 8 }))]).last)).toEqual([`${pleth} #4 1,2,3,4`]);
  });

  test("keeps its count over a new association, with a hole of unknown length", () => {
    expect(decodeAll([begin, accepted(), begin]).readings.map(short)[2]).toEqual([`${pleth} #5? 1,2,3,4`]);
  });

  test("without samples is told as so many that are not there, and in a demonstration as such (IV-2)", () => {
    const off = block([0, 0, 0, 0], { state: 0x2000 });
    const { readings } = decodeAll([begin, wave([off], at(1)), wave([off], at(2)), wave([four], at(3))]);
    const none = (first: number) => [`${pleth} #${first} none of 4 not_available (unavailable)`];
    expect(readings.map(short).slice(1)).toEqual([none(4), none(8), [`${pleth} #12 1,2,3,4`]]);
    const demo = block([1, 2, 3, 4], { state: 0x0400 });
    expect(short(decodeAll([begin, wave([demo], at(1))]).last)).toEqual([`${pleth} #4 1,2,3,4 questionable (demo) DEMO`]);
  });

  test("of another length than its layout, or without one, is not told (IV-7, IV-18)", () => {
    expect(short(decodeAll([wave([four])]).last)).toEqual(["unreadable 4 (layout_unknown)"]);
    expect(short(decodeAll([begin, wave([block([1, 2])], at(1))]).last)).toEqual(["unreadable 2 (layout_unknown)"]);
    expect(short(decodeAll([begin, accepted(), wave([four], at(1))]).last)).toEqual(["unreadable 4 (layout_unknown)"]);
    for (let left = 0; left < 4; left++)
      expect(short(decodeAll([wave([...layout(4).toSpliced(left, 1), four])]).last)).toEqual(["unreadable 4 (layout_unknown)"]);
  });

  test("takes a change of its only layout, and forgets what it cannot tell apart", () => {
    const period = attribute(0x098d, u32(128));
    const both = wave([...layout(4), ...[]], at(0));
    expect(decodeAll([begin, wave([period, four], at(1))]).last[1]).toMatchObject({ metric: { rate: [125, 2] } });
    expect(short(decodeAll([both, wave(layout(2), at(1)), wave([period, four], at(2))]).last)).toEqual(["unreadable 4 (layout_unknown)"]);
  });

  test("without a declared rate, unit or name is not told, and one with another scale goes as bare integers", () => {
    const said = (attributes: readonly Bytes[]) => short(decodeAll([wave(attributes)]).last);
    expect(said([...layout(4, { period: 65 }), four])).toEqual(["unreadable 4 (rate_unknown)"]);
    expect(said([...layout(4, { unit: 0x0f20 }), four])).toEqual(["unreadable 4 (unit_unknown)"]);
    expect(said([...layout(4), block([1, 2, 3, 4], { physio: SPO2 })])).toEqual(["unreadable 4 (physio_unknown)"]);
    const pressure = layout(4, { unit: 0x0f20, range: hex("00000000 00000064 0000 00FF") });
    const { metric } = decodeAll([wave([...pressure, block([1, 2, 3, 4], { physio: 0x4a14 })])]).last[1] as Extract<
      Reading,
      { told: "wave" }
    >;
    expect(metric).toEqual({ kind: "wave", refid: "MDC_PRESS_BLD_ART_ABP", name: "4A14 64 raw", rate: [125, 1] });
  });

  test("keeps marks out of its samples, and is not told where a value is no sample (IV-18)", () => {
    const special = attribute(0x0a16, list(hex("0002 8004"), hex("0003 4001")));
    const ecg = (sample: string, { flags = 0x3000, more = [special] }: { flags?: number; more?: readonly Bytes[] } = {}) =>
      short(
        decodeAll([
          wave([
            ...layout(2, { period: 16, unit: 0x10b2, range: hex("FEFFF000 FD009FFB 0000 3FFF"), bits: 16, significant: 14, flags }),
            ...more,
            block(hex(`2009 ${sample}`), { physio: 0x0101 }),
          ]),
        ]).last,
      );
    expect(ecg("2009")).toEqual(["MDC_ECG_ELEC_POTL_I #0 8201,8201"]);
    expect(ecg("A009")).toEqual(["MDC_ECG_ELEC_POTL_I #0 8201,8201 +marked"]);
    expect(ecg("8004")).toEqual(["unreadable 4 (special_sample)"]);
    expect(ecg("A009", { more: [] })).toEqual(["MDC_ECG_ELEC_POTL_I #0 8201,8201 +marked"]);
    expect(ecg("A009", { flags: 0x2000 })).toEqual(["MDC_ECG_ELEC_POTL_I #0 8201,40969"]);
    expect(ecg("8004", { flags: 0x2000 })).toEqual(["unreadable 4 (special_sample)"]);
    expect(ecg("0004")).toEqual(["MDC_ECG_ELEC_POTL_I #0 8201,4"]);
  });

  test("of a second object, or beyond what can be kept, is given up aloud (IV-20)", () => {
    expect(short(decodeAll([begin, wave([...layout(4), four], at(1), 4)]).last)).toEqual(["unreadable 4 (second_source)"]);
    const later = [wave([...layout(4), four], at(80), 4), wave([four], at(81), 3)];
    expect(
      decodeAll([begin, ...later])
        .readings.map(short)
        .slice(1),
    ).toEqual([[`${pleth} #320 1,2,3,4`], ["unreadable 4 (second_source)"]]);
    const physiosIn = (wanted: string): readonly number[] =>
      WAVE_TERMS.filter(([, unit]) => unit === wanted).map(([refid]) => mdcCode(refid) & 0xffff);
    const leads = physiosIn("MDC_DIM_MILLI_VOLT");
    const compound = (physio: number): Bytes => [...u16(physio), ...u16(0), ...sized([1, 2, 3, 4])];
    const pressures = physiosIn("MDC_DIM_MMHG").slice(0, 3);
    const told = short(
      decodeAll([
        wave([...layout(4, { unit: 0x10b2 }), attribute(0x0967, list(...leads.map(compound)))]),
        wave([...layout(4, { unit: 0x0f20 }), attribute(0x0967, list(...pressures.map(compound)))], {}, 4),
      ]).last,
    );
    expect([leads.length, told.length]).toEqual([14, 3]);
    expect(told.at(-1)).toBe("unreadable 4 (objects_too_many)");
  });
});
