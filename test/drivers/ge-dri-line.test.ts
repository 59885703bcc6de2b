import { describe, expect, test } from "vitest";
import { Seconds } from "../../config/units.ts";
import { geDri } from "../../drivers/ge-dri/driver.ts";
import type { Template } from "../../drivers/kit/driver.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { converse } from "./agreement.ts";
import { frameOf, type Made, NOON, phdb, stuffed, waveform } from "./ge-dri-frames.ts";
import { brokenOf, expectLaws, framesOf, join, randomOf, specimenOf } from "./streams.ts";
import { withVectors } from "./vectors.ts";

const { decode, frame: framing, memory: START, tx } = geDri;
type Memory = typeof START;

const FOUR: Made = {
  mainType: 0,
  subrecords: [0, 1, 2, 3].map((n) => ({ type: 1, bytes: phdb(n, { u32: { 4: 0b11 }, i16: { 10: 80 } }) })),
};
const accepted = (bytes: Uint8Array): boolean => framesOf(createFramer(framing).push(bytes)).length === 1;
const told = (bytes: Uint8Array, memory: Memory = START): readonly Reading[] => decode(bytes, memory, 0).readings;
const unreadable = (readings: readonly Reading[]) =>
  readings.flatMap((reading) => (reading.told === "unreadable" ? [[reading.bytes, reading.reason]] : []));
const values = (readings: readonly Reading[]) => readings.filter((reading) => "metric" in reading);

describe("a frame", () => {
  const good = frameOf(FOUR);

  test("of which any bit is flipped is refused (GE-12, GE-13)", () => {
    const accepts = Object.values(framing)[0].accepts;
    const escaped = frameOf({
      mainType: 1,
      number: 0x7e,
      time: 0x7d7e7d7e,
      subrecords: [{ type: 8, bytes: waveform([0x7e7d, 0x5e5d, 0x2020]) }],
    });
    for (const frame of [good, escaped]) {
      expect(accepts(frame)).toBe(true);
      for (let at = 0; at < frame.length; at++)
        for (let bit = 1; bit <= 0x80; bit <<= 1) expect(accepts(frame.with(at, frame[at]! ^ bit)), `bit ${bit} of byte ${at}`).toBe(false);
    }
  });

  test("is found with one flag or two between it and the next (GE-12)", () => {
    expect(framesOf(createFramer(framing).push(join(good, good)))).toHaveLength(2);
    expect(framesOf(createFramer(framing).push(join(good, good.subarray(1))))).toHaveLength(2);
  });

  test("whose sum holds is refused where its length is not the one that it claims, or its escape is none (GE-12, GE-13)", () => {
    expect(accepted(good)).toBe(true);
    for (const by of [-278, -1, 1, 278]) {
      const wrong = frameOf(FOUR, (view) => view.setUint16(0, view.byteLength + by, true));
      expect(accepted(wrong), `${by}`).toBe(false);
      expect(brokenOf(createFramer(framing).push(wrong))).toBe(1);
      expect(told(wrong)).toEqual([{ told: "unreadable", bytes: wrong.length, reason: "no_record" }]);
    }
    // 7D 41 would be 61, and the sum would hold.
    const at = good.findIndex((byte, i) => i > 1 && byte === 80);
    expect(accepted(join(good.subarray(0, at), Uint8Array.of(0x7d, 80 ^ 0x20), good.subarray(at + 1)))).toBe(false);
  });

  test("of the patient's identity, of events and of any other main type is refused unread (GE-15)", () => {
    for (const mainType of [2, 3, 5, 8, 0x100, 0xffff]) expect(accepted(frameOf({ ...FOUR, mainType })), `${mainType}`).toBe(false);
  });

  test("that is the longest is accepted with every byte escaped, and a longer one is not", () => {
    const record = (length: number) => frameOf({ mainType: 1, subrecords: [{ type: 8, bytes: new Uint8Array(length).fill(0x7e) }] });
    expect(accepted(record(1450))).toBe(true);
    expect(accepted(record(1451))).toBe(false);
    for (const length of [0, 1, 40, 41]) expect(accepted(stuffed(new Uint8Array(length)))).toBe(false);
  });

  test("keeps the laws of framing", () => {
    const random = randomOf(7);
    const frames = [
      good,
      ...[8, 9, 39].map((type) => frameOf({ mainType: 1, subrecords: [{ type, bytes: waveform([...random.bytes(60)]) }] })),
    ];
    expectLaws(specimenOf("ge-dri", framing, frames), 100);
  });
});

describe("what a good sum covers and is not true", () => {
  test("is told with its bytes: descriptors that point outside, backwards or nowhere (GE-14)", () => {
    const whole = 40 + 4 * 278;
    const offset = (n: number, value: number) => frameOf(FOUR, (view) => view.setInt16(16 + 3 * n, value, true));
    const lies = [
      offset(0, 1),
      offset(0, -40),
      offset(1, 0),
      offset(1, -1),
      offset(2, 200),
      offset(3, 4 * 278),
      offset(3, 32_767),
      offset(3, -32_768),
    ];
    const none = frameOf(FOUR, (view) => view.setUint8(18, 0xff));
    for (const wrong of [...lies, none]) {
      expect(accepted(wrong)).toBe(true);
      expect(told(wrong)).toEqual([
        { told: "deviceTime", value: String(NOON) },
        { told: "unreadable", bytes: whole, reason: "subrecord_bounds" },
      ]);
    }
    // More descriptors than subrecords: what stands behind the end is no subrecord.
    expect(unreadable(told(frameOf(FOUR, (view) => view.setUint8(18 + 3 * 4, 1))))).toEqual([[whole, "subrecord_bounds"]]);
  });

  test("is told with its bytes, and what stands beside it is read: a subrecord too short, too long, unknown or told twice (GE-16)", () => {
    const moved = told(frameOf(FOUR, (view) => view.setInt16(16 + 3, 276, true)));
    expect(unreadable(moved)).toEqual([
      [276, "subrecord_length"],
      [280, "subrecord_length"],
    ]);
    expect(values(moved).length).toBeGreaterThan(5);
    const one = (type: number, bytes: Uint8Array) => unreadable(told(frameOf({ mainType: 0, subrecords: [{ type, bytes }] })));
    expect(one(1, new Uint8Array(277))).toEqual([[277, "subrecord_length"]]);
    expect(one(4, new Uint8Array(114))).toEqual([[114, "subrecord_unknown"]]);
    expect(one(0, new Uint8Array(9))).toEqual([[9, "subrecord_unknown"]]);
    expect(one(1, phdb(4, {}))).toEqual([[278, "class_unknown"]]);
    const twice = [0, 0].map((n) => ({ type: 1, bytes: phdb(n, { u32: { 122: 0b11 } }) }));
    expect(unreadable(told(frameOf({ mainType: 0, subrecords: twice })))).toEqual([[278, "subrecord_repeated"]]);
  });

  test("is told with its bytes: a count of samples that is not theirs, and a waveform that is not known (GE-18, GE-19)", () => {
    const one = (type: number, bytes: Uint8Array) => {
      const readings = told(
        frameOf({
          mainType: 1,
          subrecords: [
            { type, bytes },
            { type: 9, bytes: waveform([1, 2]) },
          ],
        }),
      );
      expect(readings.filter((reading) => reading.told === "wave").map(({ metric }) => metric.refid)).toEqual(["ge.wave.co2"]);
      return unreadable(readings);
    };
    for (const claimed of [0, 3, 5, 100, 0x7fff, 0xffff])
      expect(one(8, waveform([1, 2, 3, 4], { claimed }))).toEqual([[14, "samples_length"]]);
    expect(one(8, new Uint8Array(15).fill(4))).toEqual([[15, "samples_length"]]);
    expect(one(8, new Uint8Array(5))).toEqual([[5, "subrecord_length"]]);
    expect(one(9, waveform([3, 4]))).toEqual([[10, "subrecord_repeated"]]);
    expect(one(22, waveform([1, 2]))).toEqual([[10, "layout_unknown"]]);
    expect(one(40, waveform([1, 2]))).toEqual([[10, "subrecord_unknown"]]);
  });

  test("is never thrown at, never read beyond, and never told as another metric, whatever stands in a record", () => {
    const declared = new Set<unknown>(geDri.metrics);
    for (let seed = 1; seed <= 120; seed++) {
      const random = randomOf(seed);
      let memory = START;
      for (let count = 0; count < 8; count++) {
        const mainType = [0, 0, 0, 1, 4][random.below(5)]!;
        const size = [278, 278, 278, 510, 522, random.below(300)][random.below(6)]!;
        const subrecords = Array.from({ length: 1 + random.below(mainType === 0 ? 4 : 2) }, (_, n) => {
          const bytes = random.bytes(size);
          if (size === 278) bytes[277] = n;
          return { type: [1, 1, 2, 3, 8, random.below(256)][random.below(6)]!, bytes };
        });
        const frame = frameOf({ mainType, number: random.below(256), time: random.below(2 ** 31), subrecords }, (view) => {
          if (random.below(4) === 0) view.setUint8(16 + random.below(24), random.below(256));
        });
        const { readings, memory: next } = decode(frame, memory, random.below(2) * 50);
        expect(decode(frame, memory, 0).readings, `seed ${seed}`).toEqual(readings);
        const metrics = readings.flatMap((reading) => ("metric" in reading ? [reading.metric] : []));
        expect(
          metrics.every((metric) => declared.has(metric)),
          `seed ${seed}`,
        ).toBe(true);
        expect(new Set(metrics.map(({ refid }) => refid)).size, `seed ${seed}: told twice`).toBe(metrics.length);
        expect(JSON.stringify(next).length).toBeLessThan(4096);
        expect(JSON.parse(JSON.stringify(next))).toEqual(next);
        memory = next;
      }
    }
  });
});

describe("a waveform (GE-18)", () => {
  const at = (number: number, time: number, samples: readonly number[], status = 0) =>
    frameOf({ mainType: 1, number, time, subrecords: [{ type: 8, bytes: waveform(samples, { status }) }] });
  const second = Array.from({ length: 100 }, (_, n) => n);
  function firsts(...frames: readonly Uint8Array[]): readonly (readonly [number, number])[] {
    let memory: Memory = START;
    return frames.flatMap((frame) => {
      const { readings, memory: next } = decode(frame, memory, 0);
      memory = next;
      return readings.flatMap((reading) => (reading.told === "wave" ? [[reading.first, reading.samples.length] as const] : []));
    });
  }

  test("is raw, with its two points, and marks are carried as sent", () => {
    const [, reading] = told(at(0, NOON, [-154, 0, 32_767, -32_000, -32_768]));
    expect(reading).toEqual({
      told: "wave",
      first: 0,
      samples: [-154, 0, 32_767, -32_000, -32_768],
      metric: expect.objectContaining({ refid: "MDC_PULS_OXIM_PLETH", unit: "MDC_DIM_PERCENT", rate: [100, 1] }),
    });
    expect(geDri.metrics.find(({ name }) => name === "wave.pleth")).toMatchObject({
      scale: [{ raw: 0 }, { raw: 100, physical: { mantissa: 1n, exponent: 0 } }],
    });
  });

  test("is counted on by what was sent, not by its rate, over the turn of the record number", () => {
    expect(
      firsts(at(254, NOON, second), at(255, NOON + 1, second.slice(1)), at(0, NOON + 2, [...second, 1]), at(1, NOON + 3, second)),
    ).toEqual([
      [0, 100],
      [100, 99],
      [199, 101],
      [300, 100],
    ]);
  });

  test("has a hole where the monitor tells a gap or a record is missing, as long as its clock says", () => {
    expect(firsts(at(0, NOON, second, 1), at(1, NOON + 4, second, 1))).toEqual([
      [0, 100],
      [400, 100],
    ]);
    expect(firsts(at(0, NOON, second), at(3, NOON + 3, second))).toEqual([
      [0, 100],
      [300, 100],
    ]);
    // A clock that was set tells nothing: where records follow each other there is no hole, else its length is not known.
    for (const step of [3600, 90_000, -60]) {
      expect(firsts(at(0, NOON, second), at(1, NOON + step, second))).toEqual([
        [0, 100],
        [100, 100],
      ]);
      expect(firsts(at(0, NOON, second), at(1, NOON + step, second, 1))).toEqual([
        [0, 100],
        [101, 100],
      ]);
    }
    expect(firsts(at(0, NOON, second), at(1, NOON + 1, second, 1))).toEqual([
      [0, 100],
      [101, 100],
    ]);
  });

  test("without samples says nothing", () => {
    expect(firsts(at(0, NOON, []), at(1, NOON + 1, second))).toEqual([[0, 100]]);
  });
});

describe("a request (GE-21)", () => {
  withVectors("ge-dri", (file) => {
    const no = { wave2: 0, wave3: 0, wave4: 0, wave5: 0, wave6: 0, wave7: 0, wave8: 0 };
    test.each([
      ["req_displ_10s", tx.displayed.encode({ interval: 10, classes: 0xe })],
      ["req_displ_stop", tx.displayedStop.encode({})],
      ["req_60s_trend", tx.trend60s.encode({ interval: 60, classes: 0xe })],
      ["req_60s_trend_stop", tx.trend60sStop.encode({})],
      ["req_wave_ecg1", tx.waves.encode({ wave1: 1, ...no })],
      ["req_wave_stop", tx.wavesStop.encode({})],
    ] as const)("equals the one printed: %s", (name, bytes) => {
      expect(Buffer.from(bytes).toString("hex")).toBe(file(`${name}.bin`).toString("hex"));
    });
  });

  test("has holes with bounds, and nothing outside them is encoded", () => {
    for (const fill of [
      { interval: 4 },
      { interval: 61 },
      { interval: 0 },
      { interval: -1 },
      { interval: 5.5 },
      { classes: 16 },
      { classes: -1 },
    ])
      expect(() => tx.displayed.encode({ interval: 5, classes: 0, ...fill })).toThrow(RangeError);
    const list = (...types: readonly number[]) =>
      tx.waves.encode(
        Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8].map((n) => [`wave${n}`, types[n - 1] ?? 0])) as Parameters<typeof tx.waves.encode>[0],
      );
    for (const wrong of [[], [22], [40], [255], [1, 2, 8], [1, 0, 8], [-1], [8, 8, 8, 8, 8, 8, 8]])
      expect(() => list(...wrong)).toThrow(RangeError);
    expect(list(4, 5, 6, 7, 9, 10, 11, 12)).toHaveLength(75);
  });

  test("has nothing but zeros in what is reserved", () => {
    const alarms = [tx.alarmsOnce, tx.alarms, tx.alarmsStop].map((template) => Buffer.from(template.encode({})).toString("hex"));
    expect(alarms.map((hex) => hex.slice(82, 106))).toEqual(["00", "02", "03"].map((command) => command.padEnd(24, "0")));
    for (const template of Object.values<Template<string>>(tx))
      if (template.holes.length === 0) expect(template.encode({})).toEqual(template.encode({}));
  });
});

describe("the dialogue", () => {
  const names = new Map(
    Object.entries<Template<string>>(tx).map(([name, template]) => [
      Buffer.from(
        template.encode({ interval: 5, classes: 0xe, wave1: 8, wave2: 9, wave3: 13, wave4: 0, wave5: 0, wave6: 0, wave7: 0, wave8: 0 }),
      ).toString("hex"),
      name,
    ]),
  );
  /** A monitor that sends what `says` gives each second; returns what it heard, with the second. */
  function heard(seconds: number, says: (second: number) => readonly Uint8Array[]): readonly string[] {
    const asked: string[] = [];
    converse(
      geDri,
      {
        id: "ge-dri",
        speed: 19_200,
        start: () => -1,
        step: (last, bytes, at) => {
          for (const one of Buffer.from(bytes)
            .toString("hex")
            .match(/7e(?!7e).*?7e/g) ?? [])
            asked.push(`${Math.floor(at / 1000)} ${names.get(one) ?? one}`);
          const second = Math.floor(at / 1000);
          return { state: second, sends: second === last ? [] : says(second).map((sent) => ({ bytes: sent })), next: at };
        },
      },
      { seed: 1, time: Seconds(seconds) },
    );
    return asked;
  }
  const SET = ["displayed", "waves", "alarms"];
  const at = (second: number) => SET.map((name) => `${second} ${name}`);
  const record = frameOf(FOUR);
  const wave = (second: number) => frameOf({ mainType: 1, number: second & 0xff, subrecords: [{ type: 8, bytes: waveform([1]) }] });
  const stops = (second: number) => [`${second} displayedStop`, `${second} wavesStop`];

  test("stops what was asked before, asks once, and only listens while the monitor sends", () => {
    expect(heard(120, (second) => (second % 5 === 2 ? [record, wave(second)] : [wave(second)]))).toEqual([...stops(0), ...at(1)]);
  });

  test("asks again after fifteen seconds of silence, three times, and then begins anew", () => {
    expect(heard(60, () => [])).toEqual([...stops(0), ...at(1), ...at(16), ...at(31), ...stops(48), ...at(49)]);
    expect(heard(60, (second) => (second < 20 ? [record, wave(second)] : [wave(second)])).slice(5)[0]).toMatch(/^3[4-9] displayed$/);
  });

  test("asks for waves again where they have stopped", () => {
    const asked = heard(40, (second) => (second < 10 ? [record, wave(second)] : [record]));
    expect(asked.slice(0, 6)).toEqual([...stops(0), ...at(1), "13 waves"]);
    expect(asked.every((one) => !one.endsWith("displayed") || one === "1 displayed")).toBe(true);
  });
});
