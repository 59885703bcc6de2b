import { describe, expect, test } from "vitest";
import { decimal } from "../../drivers/kit/decimal.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { nonin } from "../../drivers/nonin/driver.ts";
import { nonin7 } from "../../drivers/nonin-7/driver.ts";
import { nonin8 } from "../../drivers/nonin-8/driver.ts";
import { nonin13 } from "../../drivers/nonin-13/driver.ts";
import { noninFrame } from "./specimens.ts";
import { changed, join } from "./streams.ts";

/** Through the driver's own framing; the discards between frames are the gap. */
function read(driver: AnyDriver, ...bytes: readonly Uint8Array[]): readonly Reading[] {
  const readings: Reading[] = [];
  let { memory } = driver;
  let gap = 0;
  for (const output of createFramer(driver.frame).push(join(...bytes))) {
    if ("discard" in output) gap += output.discard;
    else {
      const decoded = driver.decode(output.frame, memory, gap);
      readings.push(...decoded.readings);
      ({ memory } = decoded);
      gap = 0;
    }
  }
  return readings;
}
const SPO2 = "MDC_PULS_OXIM_SAT_O2";
const PULSE = "MDC_PULS_OXIM_PULS_RATE";
const of = (readings: readonly Reading[], refid: string): Reading | undefined =>
  readings.find((reading) => "metric" in reading && reading.metric.refid === refid);
const present = (readings: readonly Reading[]): readonly string[] =>
  readings.flatMap((reading) => (reading.told === "condition" && reading.present ? [reading.metric.refid] : []));
const sum = (bytes: readonly number[]): number => bytes.reduce((all, byte) => all + byte, 0) & 0xff;

describe("data format 7", () => {
  const frame = (status: number, pleth: number, float: number): Uint8Array => {
    const said = [0x80 | status, pleth >> 8, pleth & 0xff, float];
    return Uint8Array.of(...said, sum(said));
  };
  const packet = (status = 0, floats: Readonly<Record<number, number>> = {}): readonly Uint8Array[] => {
    const shown: Readonly<Record<number, number>> = { 4: 48, 7: 9, 9: 97, 20: 1, 21: 0x16, ...floats };
    return Array.from({ length: 25 }, (_, i) => frame(status | (i === 0 ? 1 : 0), 65_535 - i, shown[i + 1] ?? 0));
  };

  test("is format 2 with a pleth of 16 bits: numbers, flags, time, firmware and wave (OX7-1, OX7-3)", () => {
    const readings = read(nonin7, ...packet());
    expect(of(readings, SPO2)).toMatchObject({ told: "number", value: decimal(97) });
    expect(of(readings, PULSE)).toMatchObject({ told: "number", value: decimal(150) });
    expect(of(readings, "MDC_PULS_OXIM_PLETH")).toMatchObject({ first: 0, samples: Array.from({ length: 25 }, (_, i) => 65_535 - i) });
    expect(of(readings, "MDC_PULS_OXIM_PLETH")).toMatchObject({
      metric: { scale: [{ raw: 0 }, { raw: 65_535, physical: decimal(65_535) }] },
    });
    expect(readings).toContainEqual({ told: "deviceTime", value: "9" });
    expect(readings).toContainEqual({ told: "identity", fact: "firmware", value: "48" });
  });

  test("holds numbers that are shown and no longer measured, and tells none where there is none (OX1-6)", () => {
    expect(of(read(nonin7, ...packet(0x08)), SPO2)).toMatchObject({ told: "absent", validity: "invalid", reason: "sensor_alarm" });
    expect(of(read(nonin7, ...packet(0x10)), PULSE)).toMatchObject({ told: "absent", validity: "invalid", reason: "out_of_track" });
    expect(of(read(nonin7, ...packet(0, { 9: 127 })), SPO2)).toMatchObject({
      told: "absent",
      validity: "not_available",
      reason: "no_value",
    });
  });

  test("gives up a packet with one bad frame, and tells its bytes", () => {
    const damaged = packet().map((one, i) => (i === 12 ? changed(one, 2, 0x40) : one));
    const readings = read(nonin7, ...packet(), ...damaged, ...packet());
    expect(readings.flatMap((one) => (one.told === "unreadable" ? [one.bytes] : []))).toEqual([120]);
    expect(readings.flatMap((one) => (one.told === "wave" ? [one.first] : []))).toEqual([0, 50]);
  });
});

test.each([
  ["2", nonin, (status: number) => Array.from({ length: 25 }, (_, i) => noninFrame(status | (i === 0 ? 1 : 0), 90, i === 8 ? 97 : 72))],
  ["8", nonin8, (status: number) => [Uint8Array.of(0x80 | status, 72, 97, 0)]],
])("in format %s a number beside the bit for a disconnected sensor is told with that doubt (OX1-15)", (_, driver, frames) => {
  expect(of(read(driver, ...frames(0)), SPO2)).not.toHaveProperty("validity");
  expect(of(read(driver, ...frames(0x40)), SPO2)).toMatchObject({
    told: "number",
    value: decimal(97),
    validity: "questionable",
    reason: "sensor_disconnected",
  });
});

describe("data format 8", () => {
  const frame = ({ first = 0, pulse = 72, spo2 = 97, last = 0 } = {}): Uint8Array =>
    Uint8Array.of(0x80 | first | (pulse >> 7), pulse & 0x7f, spo2, last);

  test("tells the two numbers for display and the flags, nothing else (OX8-2)", () => {
    const readings = read(nonin8, frame({ pulse: 278 }));
    expect(of(readings, SPO2)).toEqual({ told: "number", metric: expect.anything(), value: decimal(97) });
    expect(of(readings, PULSE)).toMatchObject({ told: "number", value: decimal(278) });
    expect(of(readings, "nonin.artefact")).toMatchObject({ value: "off" });
    expect(of(readings, "nonin.perfusion")).toMatchObject({ value: "normal" });
    expect(readings).toHaveLength(7);
    expect(present(readings)).toEqual([]);
  });

  test("tells no number for 127 and 511, and none that is only held (OX8-2, OX8-3)", () => {
    const none = { told: "absent", validity: "not_available", reason: "no_value" };
    expect(of(read(nonin8, frame({ spo2: 127 })), SPO2)).toMatchObject(none);
    expect(of(read(nonin8, frame({ pulse: 511 })), PULSE)).toMatchObject(none);
    for (const [shown, reason, condition] of [
      [{ last: 0x08 }, "sensor_alarm", "MDC_EVT_SENSOR_DISCONN"],
      [{ first: 0x20 }, "out_of_track", "MDC_EVT_SIG_LO"],
    ] as const) {
      const readings = read(nonin8, frame(shown));
      for (const refid of [SPO2, PULSE]) expect(of(readings, refid)).toMatchObject({ told: "absent", validity: "invalid", reason });
      expect(present(readings)).toEqual([condition]);
    }
  });

  test("carries more than 100 % as it came, and marks it: there is no sum that could have refused it (OX8-3)", () => {
    for (const spo2 of [101, 126])
      expect(of(read(nonin8, frame({ spo2 })), SPO2)).toMatchObject({
        value: decimal(spo2),
        validity: "questionable",
        reason: "out_of_range",
      });
    expect(of(read(nonin8, frame({ spo2: 100 })), SPO2)).not.toHaveProperty("validity");
  });

  test("tells artefact, perfusion in the words of format 2, and a low battery (OX8-4)", () => {
    const word = (shown: object, refid: string) => of(read(nonin8, frame(shown)), refid);
    expect(word({ first: 0x04 }, "nonin.artefact")).toMatchObject({ value: "on" });
    expect(word({ first: 0x10 }, "nonin.perfusion")).toMatchObject({ value: "red" });
    expect(word({ first: 0x08 }, "nonin.perfusion")).toMatchObject({ value: "yellow" });
    expect(word({ first: 0x18 }, "nonin.perfusion")).toMatchObject({ value: "red" });
    expect(present(read(nonin8, frame({ last: 0x21 })))).toEqual(["MDC_EVT_BATT_LO"]);
  });

  test("loses one frame for a lost byte, and none for bytes too many (OX8-1)", () => {
    const told = (...bytes: readonly Uint8Array[]) => read(nonin8, ...bytes).filter(({ told }) => told === "number").length / 2;
    expect(told(frame(), frame().slice(0, 3), frame(), frame())).toBe(3);
    expect(told(frame(), Uint8Array.of(5, 6), frame())).toBe(2);
  });
});

describe("data format 13", () => {
  const TIME = [0x20, 0x12, 0x04, 0x18, 0x14, 0x51, 0x03, 0x00] as const;
  type Shown = { status?: number; pulse?: number; spo2?: number; time?: readonly number[]; more?: readonly number[] };
  const message = ({ status = 0x0200, pulse = 150, spo2 = 97, time = TIME, more = [] }: Shown = {}): Uint8Array => {
    const data = [...time, status >> 8, status & 0xff, pulse >> 8, pulse & 0xff, 0xff, spo2, ...more];
    return Uint8Array.of(0, 2, 0, 13, 0, data.length, ...data, sum(data), 3);
  };

  test("tells a spot check with its own time: 150 is 00 96, not 01 16 (OX13-2, OX13-6)", () => {
    const readings = read(nonin13, message());
    expect(of(readings, SPO2)).toEqual({ told: "number", metric: expect.anything(), value: decimal(97) });
    expect(of(readings, PULSE)).toEqual({ told: "number", metric: expect.anything(), value: decimal(150) });
    expect(of(read(nonin13, message({ pulse: 300 })), PULSE)).toMatchObject({ value: decimal(300) });
    expect(readings).toContainEqual({ told: "deviceTime", value: "2012-04-18 14:51:03.00" });
    expect(present(readings)).toEqual([]);
  });

  test("never tells a measurement from memory as one of now, nor one without SmartPoint as sure (OX13-4)", () => {
    const doubt = (status: number) => of(read(nonin13, message({ status })), SPO2);
    expect(doubt(0x0210)).toMatchObject({ told: "number", validity: "questionable", reason: "from_memory", stored: true });
    expect(doubt(0x0010)).toMatchObject({ told: "number", validity: "questionable", reason: "from_memory", stored: true });
    expect(doubt(0x0000)).toMatchObject({ told: "number", validity: "questionable", reason: "no_smartpoint" });
    const readings = read(nonin13, message({ status: 0x0011 }));
    expect(of(readings, "nonin.memory")).toMatchObject({ value: "on" });
    expect(of(readings, "nonin.smartpoint")).toMatchObject({ value: "off" });
    expect(present(readings)).toEqual(["MDC_EVT_BATT_LO"]);
  });

  test("tells that there is no value, and why (OX13-3, OX13-6)", () => {
    const absent = (shown: Shown, refid: string) => of(read(nonin13, message(shown)), refid);
    expect(absent({ status: 0x0100, spo2: 97 }, SPO2)).toMatchObject({
      told: "absent",
      validity: "not_available",
      reason: "no_measurement",
    });
    expect(absent({ spo2: 127 }, SPO2)).toMatchObject({ told: "absent", validity: "not_available", reason: "no_value" });
    expect(absent({ pulse: 511 }, PULSE)).toMatchObject({ told: "absent", validity: "not_available", reason: "no_value" });
  });

  test("says what it does not read: data behind the fourteen bytes, and a time that is none", () => {
    expect(read(nonin13, message({ more: [1, 2, 3] }))).toContainEqual({ told: "unreadable", bytes: 3, reason: "fields_unknown" });
    const readings = read(nonin13, message({ time: [0x20, 0x12, 0x0a, 0x18, 0x14, 0x51, 0x03, 0x00] }));
    expect(readings).toContainEqual({ told: "unreadable", bytes: 8, reason: "device_time" });
    expect(readings.some(({ told }) => told === "deviceTime")).toBe(false);
    expect(of(readings, SPO2)).toMatchObject({ told: "number" });
  });

  test("refuses every message with one changed byte (OX13-1)", () => {
    const whole = message();
    for (let at = 0; at < whole.length; at++)
      for (let by = 1; by < 256; by++) expect(read(nonin13, changed(whole, at, by)), `byte ${at} by ${by}`).toEqual([]);
  });
});
