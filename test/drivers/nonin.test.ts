import { describe, expect, test } from "vitest";
import { decimal, decimalText } from "../../drivers/kit/decimal.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { nonin } from "../../drivers/nonin/driver.ts";
import { noninFrame } from "./specimens.ts";
import { changed, join } from "./streams.ts";
import { withVectors } from "./vectors.ts";

type Heard = { readonly readings: readonly Reading[]; readonly memory: typeof nonin.memory };

/** Through the driver's own framing; the discards between frames are the gap. */
function read(bytes: Uint8Array, from: typeof nonin.memory = nonin.memory): Heard {
  const readings: Reading[] = [];
  let memory = from;
  let gap = 0;
  for (const output of createFramer(nonin.frame).push(bytes)) {
    if ("discard" in output) gap += output.discard;
    else {
      const decoded = nonin.decode(output.frame, memory, gap);
      readings.push(...decoded.readings);
      ({ memory } = decoded);
      gap = 0;
    }
  }
  return { readings, memory };
}

type Shown = {
  readonly status?: number;
  readonly statusAt?: Readonly<Record<number, number>>;
  readonly floats?: Readonly<Record<number, number>>;
};
/** A packet as frames; the pleth of frame n is 100 + n. */
function packet({ status = 0, statusAt = {}, floats = {} }: Shown = {}): readonly Uint8Array[] {
  const shown: Readonly<Record<number, number>> = { 4: 48, 7: 9, 9: 97, 20: 0, 21: 72, ...floats };
  return Array.from({ length: 25 }, (_, i) => noninFrame(status | (statusAt[i + 1] ?? 0) | (i === 0 ? 1 : 0), 101 + i, shown[i + 1] ?? 0));
}
const PLETH = Array.from({ length: 25 }, (_, i) => 101 + i);

const of = (readings: readonly Reading[], refid: string): Reading | undefined =>
  readings.find((reading) => "metric" in reading && reading.metric.refid === refid);
const value = (reading: Reading | undefined): string | undefined =>
  reading?.told === "number" ? decimalText(reading.value) : reading?.told === "text" ? reading.value : undefined;
const waves = (readings: readonly Reading[]) =>
  readings.flatMap((reading) => (reading.told === "wave" ? [[reading.first, reading.samples.length]] : []));
const unreadable = (readings: readonly Reading[]) => readings.flatMap((reading) => (reading.told === "unreadable" ? [reading.bytes] : []));
const SPO2 = "MDC_PULS_OXIM_SAT_O2";
const PULSE = "MDC_PULS_OXIM_PULS_RATE";

describe("a packet", () => {
  test("is read with its 25th frame: numbers, flags, conditions, device time and wave", () => {
    const { readings } = read(join(...packet()));
    expect(of(readings, SPO2)).toMatchObject({ told: "number", value: decimal(97) });
    expect(of(readings, PULSE)).toMatchObject({ told: "number", value: decimal(72) });
    expect(of(readings, "MDC_PULS_OXIM_PLETH")).toMatchObject({ told: "wave", first: 0, samples: PLETH });
    expect(readings).toContainEqual({ told: "deviceTime", value: "9" });
    expect(readings).toContainEqual({ told: "identity", fact: "firmware", value: "48" });
    expect(readings.filter(({ told }) => told === "condition")).toHaveLength(3);
    expect(readings.some((reading) => reading.told === "condition" && reading.present)).toBe(false);
  });

  test("says nothing before its 25th frame", () => {
    expect(read(join(...packet().slice(0, 24))).readings).toEqual([]);
  });

  test("carries a pulse rate of two and seven bits (OX1-5): 150 is 01 16", () => {
    expect(value(of(read(join(...packet({ floats: { 20: 1, 21: 0x16 } }))).readings, PULSE))).toBe("150");
    expect(value(of(read(join(...packet({ floats: { 20: 0x81, 21: 0x96 } }))).readings, PULSE))).toBe("150");
  });

  test("tells the device's timer in 14 bits, verbatim", () => {
    expect(read(join(...packet({ floats: { 6: 0x7f, 7: 0x7f } }))).readings).toContainEqual({ told: "deviceTime", value: "16383" });
  });

  test("carries a value as sent, also one that cannot be", () => {
    expect(value(of(read(join(...packet({ floats: { 9: 126 } }))).readings, SPO2))).toBe("126");
    expect(value(of(read(join(...packet({ floats: { 9: 0, 20: 0, 21: 0 } }))).readings, SPO2))).toBe("0");
  });
});

describe("no value", () => {
  test("is 127 for the saturation and 511 for the rate (OX1-4, OX1-5)", () => {
    const { readings } = read(join(...packet({ floats: { 9: 127, 20: 3, 21: 127 } })));
    for (const refid of [SPO2, PULSE])
      expect(of(readings, refid)).toMatchObject({ told: "absent", validity: "not_available", reason: "no_value" });
  });

  test.each([
    ["sensor alarm", 0x08, "MDC_EVT_SENSOR_DISCONN", "sensor_alarm"],
    ["out of track", 0x10, "MDC_EVT_SIG_LO", "out_of_track"],
  ])("is a held one: %s in any frame makes both numbers absent, and is a condition (OX1-6)", (_, bit, refid, reason) => {
    for (const at of [1, 13, 25]) {
      const { readings } = read(join(...packet({ statusAt: { [at]: bit } })));
      for (const held of [SPO2, PULSE]) expect(of(readings, held)).toMatchObject({ told: "absent", validity: "invalid", reason });
      expect(of(readings, refid)).toMatchObject({ told: "condition", present: true });
    }
  });
});

test("an artefact and poor perfusion are told beside a number that stays valid (OX1-9)", () => {
  const shown = (statusAt: Readonly<Record<number, number>>) => read(join(...packet({ statusAt }))).readings;
  expect(value(of(shown({}), "nonin.artefact"))).toBe("off");
  expect(value(of(shown({ 7: 0x20 }), "nonin.artefact"))).toBe("on");
  expect(value(of(shown({}), "nonin.perfusion"))).toBe("normal");
  expect(value(of(shown({ 7: 0x02 }), "nonin.perfusion"))).toBe("green");
  expect(value(of(shown({ 7: 0x04 }), "nonin.perfusion"))).toBe("red");
  expect(value(of(shown({ 7: 0x06 }), "nonin.perfusion"))).toBe("yellow");
  // Green in one frame and red in another are two colours, and not yellow.
  expect(value(of(shown({ 7: 0x02, 9: 0x04 }), "nonin.perfusion"))).toBe("red");
  expect(value(of(shown({ 7: 0x26 }), SPO2))).toBe("97");
});

test("a low battery is a condition of the device (OX1-7)", () => {
  expect(of(read(join(...packet({ floats: { 8: 0x21 } }))).readings, "MDC_EVT_BATT_LO")).toMatchObject({
    present: true,
    metric: { on: "device" },
  });
});

describe("a packet out of step", () => {
  const whole = join(...packet());

  test("is given up when one frame in it is broken: nothing of it is told, its frames are, and the wave has a hole of 25 (OX1-10)", () => {
    for (const at of [0, 1, 12, 24]) {
      const damaged = packet().map((frame, i) => (i === at ? changed(frame, 3, 0x40) : frame));
      const { readings } = read(join(whole, ...damaged, whole));
      expect(waves(readings), `frame ${at + 1}`).toEqual([
        [0, 25],
        [50, 25],
      ]);
      expect(unreadable(readings), `frame ${at + 1}`).toEqual([120]);
      expect(readings.filter(({ told }) => told === "number")).toHaveLength(4);
    }
  });

  test("is given up when bytes of it are missing or too many", () => {
    for (const damaged of [
      whole.slice(0, 120),
      join(whole.subarray(0, 60), whole.subarray(61)),
      join(whole.subarray(0, 62), Uint8Array.of(0), whole.subarray(62)),
    ]) {
      const { readings } = read(join(whole, damaged, whole));
      expect(waves(readings)).toEqual([
        [0, 25],
        [50, 25],
      ]);
      expect(unreadable(readings)).toHaveLength(1);
    }
  });

  test("is given up when SYNC comes early, and the new packet is read", () => {
    const { readings } = read(join(whole, ...packet().slice(0, 20), whole));
    expect(waves(readings)).toEqual([
      [0, 25],
      [50, 25],
    ]);
    expect(unreadable(readings)).toEqual([100]);
  });

  test("is told as far as it is whole when SYNC comes late, and what is too many is given up", () => {
    const extra = packet().slice(1, 4);
    const { readings } = read(join(whole, ...extra, whole));
    expect(waves(readings)).toEqual([
      [0, 25],
      [50, 25],
    ]);
    expect(unreadable(readings)).toEqual([15]);
  });

  test("costs nothing where junk stands between two packets only", () => {
    const { readings } = read(join(whole, Uint8Array.of(0xff, 0x00, 0xff), whole));
    expect(waves(readings)).toEqual([
      [0, 25],
      [25, 25],
    ]);
    expect(unreadable(readings)).toEqual([]);
  });

  test("leaves a hole as wide as the whole packets that are missing", () => {
    const { readings } = read(join(whole, new Uint8Array(125 * 3), whole));
    expect(waves(readings)).toEqual([
      [0, 25],
      [100, 25],
    ]);
  });

  test("is told again and again where SYNC never comes", () => {
    const { readings, memory } = read(join(...Array.from({ length: 100 }, () => noninFrame(0, 5, 5))));
    expect(unreadable(readings)).toEqual([125, 125, 125, 125]);
    expect(JSON.stringify(memory).length).toBeLessThan(1_000);
  });

  test("is what a stream heard from its middle begins with", () => {
    const { readings } = read(join(...packet().slice(10), whole));
    expect(unreadable(readings)).toEqual([75]);
    expect(waves(readings)).toEqual([[25, 25]]);
  });
});

test("every frame with one changed byte is refused (OX1-2)", () => {
  const [frame] = packet({ floats: { 1: 77 } });
  for (let at = 0; at < 5; at++)
    for (let by = 1; by < 256; by++) expect(read(changed(frame!, at, by)).memory, `byte ${at}`).toBe(nonin.memory);
});

withVectors("nonin", (file) => {
  test("a packet built from the specification is read: 72 /min, 97 %, revision 48", () => {
    const { readings } = read(file("df2_oem3_packet_pufferfish.bin"));
    expect(value(of(readings, SPO2))).toBe("97");
    expect(value(of(readings, PULSE))).toBe("72");
    expect(readings).toContainEqual({ told: "identity", fact: "firmware", value: "48" });
    expect(waves(readings)).toEqual([[0, 25]]);
    expect(unreadable(readings)).toEqual([]);
  });
});
