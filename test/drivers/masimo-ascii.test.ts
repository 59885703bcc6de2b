import { describe, expect, test } from "vitest";
import { decimalText } from "../../drivers/kit/decimal.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { masimoAscii } from "../../drivers/masimo-ascii/driver.ts";
import { ascii, framesOf } from "./streams.ts";
import { withVectors } from "./vectors.ts";

/** Behind an end mark: the first line of a stream without a start mark is never read. */
const framesIn = (text: string): readonly Uint8Array[] => framesOf(createFramer(masimoAscii.frame).push(ascii(`\r\n${text}`)));
const readingsOf = (frame: Uint8Array): readonly Reading[] => masimoAscii.decode(frame, masimoAscii.memory, 0).readings;
function told(parts: string): readonly Reading[] {
  const frames = framesIn(`12/01/05 11:56:29 ${parts}\r\n`);
  expect(frames.length).toBe(1);
  return readingsOf(frames[0]!);
}
const isRefused = (parts: string): boolean => framesIn(`12/01/05 11:56:29 ${parts}\r\n`).length === 0;

/** What a line says, in one word a thing; a condition that does not stand is left out. */
function summary(readings: readonly Reading[]): Readonly<Record<string, string>> {
  const all = readings.flatMap((reading): (readonly [string, string])[] => {
    if (reading.told === "deviceTime") return [["time", reading.value]];
    if (reading.told === "identity") return [[reading.fact, reading.value]];
    if (reading.told === "condition") return reading.present ? [[reading.metric.refid, "present"]] : [];
    if (reading.told === "unreadable") return [[`unreadable ${reading.reason}`, String(reading.bytes)]];
    if (!("metric" in reading) || reading.told === "wave") return [];
    const name = reading.metric.name ?? "";
    const doubt = [reading.validity, reading.reason].filter((one) => one !== undefined).join(" ");
    const value = reading.told === "number" ? decimalText(reading.value) : reading.told === "text" ? reading.value : "none";
    return [[name, doubt === "" ? value : `${value}, ${doubt}`]];
  });
  return Object.fromEntries(all);
}
const LINE = "SPO2=097% BPM=064 PI=11.82% ALARM=00";
const NONE = "none, not_available no_value";

describe("a Masimo line", () => {
  test("is read with its items in any order, and with or without percent signs (MA-1, MA-6)", () => {
    const expected = { time: "12/01/05 11:56:29", SPO2: "97", BPM: "64", PI: "4.96", EXC: "800" };
    expect(summary(told("EXC=800 PI=04.96 BPM=064 SPO2=097"))).toEqual(expected);
    expect(summary(told("SPO2=097%  BPM=064 PI=04.96% EXC=800 "))).toEqual(expected);
  });

  test("tells nothing of an item that is missing, and no number where there are dashes (MA-6, MA-7)", () => {
    const { time: _time, ...values } = summary(told("SPO2=---% BPM=--- PI=--.--% SPCO=--.-% PIDELTA=+-- SN=---------- EXC=800"));
    expect(values).toEqual({ SPO2: NONE, BPM: NONE, PI: NONE, SPCO: NONE, PIDELTA: NONE, EXC: "800" });
  });

  test.each([
    [0x1, "no_sensor"],
    [0x2, "defective_sensor"],
    [0x20, "sensor_off"],
    [0x80, "unrecognised_sensor"],
    [0x1000, "no_cable"],
    [0x8000, "unrecognised_cable"],
    [0x10000, "defective_cable"],
  ])("whose EXC holds %i has no number: %s (MA-2)", (bit, reason) => {
    // Together with every doubt: the worst decides.
    const exc = (0x62045c | bit).toString(16).padStart(6, "0");
    const { SPO2, BPM, PI } = summary(told(`${LINE} EXC=${exc}`));
    expect([SPO2, BPM, PI]).toEqual(Array(3).fill(`none, invalid ${reason}`));
  });

  test.each([
    [0x4, "questionable low_perfusion"],
    [0x8, "questionable pulse_search"],
    [0x10, "questionable interference"],
    [0x40, "questionable ambient_light"],
    [0x400, "questionable low_signal_iq"],
    [0x20000, "calibration_ongoing calibrating"],
  ])("whose EXC holds %i has numbers in doubt: %s (MA-2)", (bit, doubt) => {
    const { SPO2, BPM } = summary(told(`${LINE} EXC=${(0x800 | bit).toString(16).padStart(6, "0")}`));
    expect([SPO2, BPM]).toEqual([`97, ${doubt}`, `64, ${doubt}`]);
  });

  test.each([0x100, 0x800, 0x2000, 0x4000, 0x40000, 0x80000, 0x100000])("whose EXC is %i is believed (MA-2)", (bit) => {
    const values = summary(told(`${LINE} EXC=${bit.toString(16).padStart(6, "0")}`));
    expect([values.SPO2, values["unreadable unknown_bit"]]).toEqual(["97", undefined]);
  });

  test("with a low confidence of SpCO or SpMet doubts that one only (MA-2)", () => {
    const rainbow = `${LINE} SPCO=01.0% SPMET=00.5%`;
    expect(summary(told(`${rainbow} EXC=200800`))).toMatchObject({
      SPO2: "97",
      SPCO: "1.0, questionable low_spco_confidence",
      SPMET: "0.5",
    });
    expect(summary(told(`${rainbow} EXC=400800`))).toMatchObject({ SPCO: "1.0", SPMET: "0.5, questionable low_spmet_confidence" });
  });

  test("says what of it was not understood: a bit, an item; and doubts a number without EXC (MA-2, MA-13)", () => {
    expect(summary(told(`${LINE} EXC=000A00`))).toMatchObject({ SPO2: "97", EXC: "000A00", "unreadable unknown_bit": "6" });
    expect(summary(told(`${LINE} SPHB=12.3 EXC=800`))).toMatchObject({ SPO2: "97", "unreadable unknown_item": "9" });
    expect(summary(told(LINE))).toMatchObject({ SPO2: "97, questionable no_exc", ALARM: "00" });
  });

  test("tells each alarm, and nothing of those for which its word has no room (MA-3)", () => {
    const conditionsOf = (parts: string): readonly (readonly [string, boolean])[] =>
      told(`SPO2=097% BPM=064 ${parts}`).flatMap((one) => (one.told === "condition" ? [[one.metric.refid, one.present]] : []));
    const short = ["masimo.spo2_high", "MDC_EVT_DESAT", "MDC_EVT_HI_GT_LIM", "MDC_EVT_LO_LT_LIM", "MDC_EVT_BATT_LO"];
    const long = ["spco_high", "spco_low", "spmet_high", "spmet_low", "desat_index", "pi_delta"].map((one) => `masimo.${one}`);
    expect(conditionsOf("ALARM=30")).toEqual(short.map((one) => [one, false]));
    const bits = [0x1, 0x2, 0x4, 0x8, 0x40, 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000];
    for (const [at, bit] of bits.entries())
      expect(conditionsOf(`ALARM=${bit.toString(16).padStart(4, "0")}`)).toEqual([...short, ...long].map((one, i) => [one, i === at]));
    expect(conditionsOf("EXC=820")).toEqual([["MDC_EVT_SENSOR_DISCONN", true]]);
  });

  test("that lost a digit, a name or a blank is refused: there is no checksum (MA-10)", () => {
    expect(isRefused(`${LINE} EXC=800`)).toBe(false);
    for (const damaged of [
      ...["SPO2=09% BPM=064 EXC=800", "SPO2=097% BPM=64 EXC=800", "SPO2=097% BPM=064 PI=1.82% EXC=800", "SPO2=097% BPM=064 EXC=80"],
      ...[
        "SPO2=097%BPM=064 EXC=800",
        "SPO2=097% BPM=064 PI 11.82% EXC=800",
        "SPO2=097% EXC=800",
        "BPM=064 EXC=800",
        "SPO2=097% BPM=064 BPM=065",
      ],
      ...["SPO2=0\u00b97% BPM=064", "SPO2=097% BPM=064 PIDELTA=02", "SPO2=097% BPM=064 SN=012345678", "SPO2=097% BPM=064 ALARM=000"],
    ])
      expect([damaged, isRefused(damaged)]).toEqual([damaged, true]);
  });
});

// Read off the lines by eye; the folder has no expected values.
const RAD_8 = { serial: "0000145838", SPO2: "97", SPCO: NONE, SPMET: NONE, DESAT: NONE, PIDELTA: NONE, ALARM: "0000", EXC: "000800" };
const VOID = "none, invalid sensor_off";
withVectors("masimo-ascii", (file) => {
  test.each([
    ["rad5_2010_mdpnp.txt", [{ time: "09/15/10 15:10:29", SPO2: "97", BPM: "64", PI: "11.82", ALARM: "20", EXC: "800" }]],
    [
      "rad8_first3.txt",
      [
        { ...RAD_8, time: "02/24/18 04:48:53", BPM: "80", PI: "4.96" },
        { ...RAD_8, time: "02/24/18 04:48:54", BPM: "81", PI: "5.04" },
        { ...RAD_8, time: "02/24/18 04:48:55", BPM: "81", PI: "5.04" },
      ],
    ],
    [
      "radical7_manual_example.txt",
      [
        {
          ...{ time: "12/01/05 11:56:29", serial: "0123456789", SPO2: VOID, BPM: VOID, PI: VOID, SPCO: VOID, SPMET: VOID, DESAT: VOID },
          ...{ PIDELTA: VOID, PVI: VOID, ALARM: "0000", EXC: "000820", MDC_EVT_SENSOR_DISCONN: "present" },
        },
      ],
    ],
  ])("the recorded lines of %s are read as printed", (name, expected) => {
    expect(framesIn(file(name).toString("latin1")).map((frame) => summary(readingsOf(frame)))).toEqual(expected);
  });

  test("the numbers of the manual's line are read where its sensor is on: a signed one keeps its sign (MA-1)", () => {
    const [frame] = framesIn(file("radical7_manual_example.txt").toString("latin1").replace("EXC=000820", "EXC=000800"));
    const numbers = { SPO2: "98", BPM: "240", PI: "20.00", SPCO: "1.0", SPMET: "0.5", DESAT: "1", PIDELTA: "-2", PVI: "27" };
    expect(summary(readingsOf(frame!))).toMatchObject(numbers);
  });
});
