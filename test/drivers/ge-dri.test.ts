import { expect, test } from "vitest";
import { geDri } from "../../drivers/ge-dri/driver.ts";
import { decimalText } from "../../drivers/kit/decimal.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { frameOf, phdb, recordsIn } from "./ge-dri-frames.ts";
import { LAYOUT, type LaidGroup } from "./ge-dri-layout.ts";
import { brokenOf, fed, framesOf, join, randomOf } from "./streams.ts";
import { withVectors } from "./vectors.ts";

const FILES = { db02: "db02_2018-07-26.raw", raw: "raw_2018-07-26.raw" } as const;
/** A column of the table, our name of it. Its numbers stand there without trailing zeros. */
const COLUMNS: Readonly<Record<string, string>> = {
  hr: "ecg.hr",
  hr_src: "ecg.source",
  imp_rr: "ecg.imp_rr",
  nibp_sys_mmHg: "nibp.sys",
  nibp_dia_mmHg: "nibp.dia",
  nibp_mean_mmHg: "nibp.mean",
  nibp_label: "nibp.label",
  spo2_pct: "spo2.spo2",
  spo2_pr: "spo2.pr",
  pleth_mod_pct: "spo2.ir_amp",
  etco2_pct: "co2.et",
  fico2_pct: "co2.fi",
  co2_rr: "co2.rr",
  amb_mmHg: "co2.amb_press",
  eto2_pct: "o2.et",
  fio2_pct: "o2.fi",
};

/** What each frame told, in order, with the record as a second reader finds it. */
function read(bytes: Uint8Array) {
  const framer = createFramer(geDri.frame);
  const outputs = framer.push(bytes);
  const records = recordsIn(bytes);
  let memory = geDri.memory;
  const told = framesOf(outputs).map((frame, n) => {
    const decoded = geDri.decode(frame, memory, 0);
    memory = decoded.memory;
    return { readings: decoded.readings, record: records[n]! };
  });
  const rest = records[told.length]!;
  return { told, pending: framer.pending, discarded: outputs.length - told.length, broken: brokenOf(outputs), rest: rest.byteLength };
}
type Told = { readonly readings: readonly Reading[]; readonly record: DataView };

const mainType = ({ record }: Told): number => record.getUint16(14, true);
const rows = (csv: string): readonly (readonly string[])[] =>
  csv
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(","));
const shortest = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
function textOf(readings: readonly Reading[], name: string): string | undefined {
  const one = readings.find((reading) => "metric" in reading && reading.metric.name === name);
  if (one?.told === "number") return decimalText(one.value);
  return one?.told === "text" ? one.value : undefined;
}

test("a record made here is told in every position as a second reading of its bytes finds it, with no recording at hand", () => {
  const random = randomOf(3);
  const counts = { numbers: 0, absent: 0 };
  for (let count = 0; count < 20; count++) {
    const subrecords = [0, 1, 2, 3].map((classNumber) => {
      const groups = LAYOUT.filter((group) => group.classNumber === classNumber);
      const places = groups.flatMap(({ fields }) =>
        fields.map(({ at }) => [at, random.below(3) === 0 ? -32_767 : random.below(60_000) - 30_000]),
      );
      return {
        type: 1,
        bytes: phdb(classNumber, {
          u32: Object.fromEntries(groups.map(({ at }) => [at, random.below(4)])),
          i16: Object.fromEntries(places),
        }),
      };
    });
    // The bit field of the NMT is no number of its own (GE-23).
    for (const { bytes } of subrecords.slice(0, 1)) new DataView(bytes.buffer).setInt16(228, -32_767, true);
    const bytes = frameOf({ mainType: 0, subrecords });
    const readings = geDri.decode(bytes, geDri.memory, 0).readings;
    expectPositions({ readings, record: recordsIn(bytes)[0]! }, counts);
  }
  expect(Math.min(counts.numbers, counts.absent)).toBeGreaterThan(500);
});

withVectors("ge-dri", (file) => {
  test.each([
    ["db02", 213, 1074],
    ["raw", 21, 350],
  ] as const)("the recording %s is read whole: every frame, and what is begun at its end is pending (GE-12)", (name, frames, rest) => {
    const all = read(file(FILES[name]));
    expect({ frames: all.told.length, discarded: all.discarded, broken: all.broken, rest: all.rest }).toEqual({
      frames,
      discarded: 0,
      broken: 0,
      rest,
    });
    expect(all.pending).toBeGreaterThan(rest);
    expect(all.told.flatMap(({ readings }) => readings).filter((reading) => reading.told === "unreadable")).toEqual([]);
  });

  test("the recording is read the same however its bytes are cut", () => {
    const bytes = new Uint8Array(file(FILES.raw));
    const whole = framesOf(createFramer(geDri.frame).push(bytes));
    for (const longest of [1, 5, 700]) expect(framesOf(fed(geDri.frame, bytes, randomOf(longest), longest).outputs)).toEqual(whole);
    expect(framesOf(createFramer(geDri.frame).push(join(bytes.subarray(0, 900), bytes)))).toEqual(whole);
  });

  test("every value of the expected table equals what was told", () => {
    const [titles = [], ...expected] = rows(file("expected_db02.csv").toString("utf8"));
    const told = read(file(FILES.db02)).told.filter((one) => mainType(one) === 0);
    expect(told).toHaveLength(107);
    expect(expected).toHaveLength(107);
    expect(titles.slice(2)).toEqual(Object.keys(COLUMNS));
    let compared = 0;
    for (const [n, row] of expected.entries()) {
      const { readings, record } = told[n]!;
      expect(record.getUint8(2)).toBe(Number(row[0]));
      expect(readings).toContainEqual({ told: "deviceTime", value: row[1] });
      for (const [column, title] of titles.entries()) {
        const name = COLUMNS[title];
        if (name === undefined) continue;
        expect(shortest(textOf(readings, name) ?? "none"), `row ${n}, ${title}`).toBe(row[column]);
        compared++;
      }
    }
    expect(compared).toBe(107 * 16);
  });

  test("every waveform of the expected table equals what was told", () => {
    const [, ...expected] = rows(file("expected_wave_raw.csv").toString("utf8"));
    const told = read(file(FILES.raw)).told.filter((one) => mainType(one) === 1);
    const waves = told.flatMap(({ readings, record }) =>
      readings.flatMap((one) => (one.told === "wave" ? [{ number: record.getUint8(2), time: record.getUint32(6, true), ...one }] : [])),
    );
    expect(waves).toHaveLength(20);
    for (const [n, [number, time, type, count, , , samples]] of expected.entries()) {
      const { metric, ...wave } = waves[n]!;
      expect([wave.number, wave.time, wave.samples.length].map(String)).toEqual([number, time, count]);
      expect(metric.name).toBe(type === "8" ? "wave.pleth" : "wave.entropy");
      expect(wave.samples.slice(0, 10).join(" ")).toBe(samples);
    }
  });

  test("every position of every record is told as a second reading of the bytes finds it, or absent where it says none", () => {
    const counts = { numbers: 0, absent: 0, samples: 0 };
    for (const name of ["db02", "raw"] as const) {
      for (const one of read(file(FILES[name])).told) {
        if (mainType(one) === 0) expectPositions(one, counts);
        else counts.samples += expectSamples(one);
      }
    }
    expect(counts).toEqual({ numbers: 3422, absent: 5664, samples: 23_200 });
  });

  test("the samples are counted without a hole: the gap bit stands in the first record only (GE-18)", () => {
    let next = 0;
    for (const one of read(file(FILES.db02)).told)
      for (const reading of one.readings)
        if (reading.told === "wave" && reading.metric.name === "wave.pleth") {
          expect(reading.first).toBe(next);
          next += reading.samples.length;
        }
    expect(next).toBe(10_600);
  });

  test("with the apnoea bit set and its alarm off in every record, the rate is told and no apnoea is (GE-7)", () => {
    for (const { readings } of read(file(FILES.db02)).told.filter((one) => mainType(one) === 0)) {
      expect(Number(textOf(readings, "co2.status")) & 0x104).toBe(0x104);
      expect(textOf(readings, "co2.rr")).toMatch(/^1[567]$/);
      expect(readings.filter((reading) => reading.told === "condition" && reading.present)).toEqual([]);
    }
  });
});

function expectPositions({ readings, record }: Told, counts: { numbers: number; absent: number }): void {
  const before = counts.numbers;
  const byName = new Map(readings.flatMap((reading) => ("metric" in reading ? [[reading.metric.name, reading] as const] : [])));
  for (const group of LAYOUT) {
    const from = 40 + 278 * group.classNumber;
    const status = record.getUint32(from + group.at, true);
    for (const field of group.fields)
      expectPosition(byName.get(field.name), { group, status, sent: record.getInt16(from + field.at, true), ...field, counts });
  }
  // No number is told that stands at no place.
  expect(readings.filter((reading) => reading.told === "number")).toHaveLength(counts.numbers - before);
}

type Position = LaidGroup["fields"][number] & {
  readonly group: LaidGroup;
  readonly status: number;
  readonly sent: number;
  readonly counts: { numbers: number; absent: number };
};
function expectPosition(told: Reading | undefined, { name, status, sent, exponent, counts }: Position): void {
  if ((status & 1) === 0) {
    expect(told, name).toBeUndefined();
    return;
  }
  if ((status & 2) === 0 || sent <= -32_001) {
    expect(told, name).toMatchObject({ told: "absent", reason: (status & 2) === 0 ? "not_active" : "invalid" });
    counts.absent++;
    return;
  }
  expect(told, name).toMatchObject({ told: "number", value: { mantissa: BigInt(sent), exponent } });
  counts.numbers++;
}

function expectSamples({ readings, record }: Told): number {
  const waves = readings.flatMap((reading) => (reading.told === "wave" ? [reading] : []));
  let at = 40;
  for (const { samples } of waves) {
    const sent = Array.from({ length: record.getUint16(at, true) }, (_, n) => record.getInt16(at + 6 + 2 * n, true));
    expect(samples).toEqual(sent);
    at += 6 + 2 * sent.length;
  }
  expect(at).toBe(record.byteLength - 1);
  return waves.reduce((sum, { samples }) => sum + samples.length, 0);
}
