import { describe, expect, test } from "vitest";
import { NO_CONDITIONS } from "../../agent/alerts/edges.ts";
import type { Lane } from "../../agent/model/model.ts";
import { type Keep, stampReadings, stampWaves } from "../../agent/session/stamp.ts";
import { WaveBlocks } from "../../agent/session/wave-blocks.ts";
import type { Mono } from "../../config/units.ts";
import { type ConditionMetric, type Metric, numeric, type Reading, type WaveMetric } from "../../drivers/kit/reading.ts";
import { decodeBatch } from "../../proto/codec.ts";
import type { WireRecord } from "../../proto/messages.ts";
import { PRIORITY, VALIDITY } from "../../proto/messages.ts";

const TEMP = numeric("MDC_TEMP", "MDC_DIM_DEGC");
const PULSE = numeric("MDC_PULS_OXIM_PULS_RATE", "MDC_DIM_BEAT_PER_MIN");
const MODE = { kind: "text", refid: "vendor.mode" } as const;
const WAVE: WaveMetric = { kind: "wave", refid: "MDC_PULS_OXIM_PLETH", rate: [75, 1] };
const OFF: ConditionMetric = { kind: "condition", refid: "MDC_EVT_SENSOR_DISCONN", nature: "technical", on: "device" };

function stamp(readings: readonly Reading[], conditions = NO_CONDITIONS) {
  const kept: { readonly lane: Lane; readonly record: WireRecord }[] = [];
  const ids = new Map<Metric, number>();
  const idOf = (metric: Metric): number => {
    if (!ids.has(metric)) ids.set(metric, ids.size + 1);
    return ids.get(metric)!;
  };
  const waves = new WaveBlocks();
  const keep: Keep = (lane, { epoch, at, encode }) => {
    expect([epoch, at]).toEqual([4, 9_000n]);
    kept.push({ lane, record: decodeBatch(encode({ n: 17, atUs: 123 }, idOf))!.records[0]! });
  };
  const known = stampReadings(readings, { epoch: 4, at: 9_000n as Mono, conditions, waves }, keep);
  stampWaves(waves.all(), 4, keep);
  return { kept, lanes: kept.map(({ lane }) => lane), conditions: known };
}

describe("the readings of one frame", () => {
  test("become one report, a block for each wave and an alert for each edge, alerts first", () => {
    const { lanes, kept } = stamp([
      { told: "number", metric: TEMP, value: { mantissa: 3700n, exponent: -2 } },
      { told: "wave", metric: WAVE, samples: [1, 2, 3], first: 75 },
      { told: "condition", metric: OFF, present: true, word: "OFF" },
      { told: "absent", metric: PULSE, validity: "not_available", reason: "never_measured" },
      { told: "text", metric: MODE, value: "A/C ", validity: "questionable" },
      { told: "wave", metric: WAVE, samples: [4], first: 79 },
      { told: "deviceTime", value: "12:34 " },
    ]);
    expect(lanes).toEqual(["alert", "report", "wave", "wave"]);
    for (const { record } of kept) expect(record).toMatchObject({ epoch: 4, n: 17, atUs: 123 });
    const report = kept[1]!.record;
    expect(report.deviceTime).toBe("12:34 ");
    expect(report.body).toMatchObject({
      kind: "report",
      report: {
        observations: [
          { value: { kind: "decimal", decimal: { mantissa: 3700n, exponent: -2 } } },
          { validity: VALIDITY.not_available, reason: "never_measured" },
          { value: { kind: "text", text: "A/C " }, validity: VALIDITY.questionable },
        ],
      },
    });
    expect(kept[2]!.record.body).toMatchObject({ kind: "wave", wave: { first: 75, samples: [1, 2, 3] } });
  });

  test("carry every value exactly: 37.00 is not 37, and the absent has no value", () => {
    const values = [
      { mantissa: 3700n, exponent: -2 },
      { mantissa: 37n, exponent: 0 },
      { mantissa: -(10n ** 18n), exponent: -17 },
      { mantissa: 0n, exponent: -3 },
      { mantissa: 5n, exponent: 3 },
    ];
    const { kept } = stamp(values.map((value): Reading => ({ told: "number", metric: TEMP, value })));
    const body = kept[0]!.record.body;
    if (body.kind !== "report") expect.fail("a report");
    expect(body.report.observations.map(({ value }) => (value?.kind === "decimal" ? value.decimal : undefined))).toEqual(values);
    const [absent] = stamp([{ told: "absent", metric: TEMP, validity: "invalid" }]).kept;
    expect(absent?.record.body).toMatchObject({ report: { observations: [{ validity: VALIDITY.invalid }] } });
    expect(JSON.stringify(absent?.record.body)).not.toContain("value");
  });

  test("carry what the device says of them: a demonstration, a doubt and further words, of values, waves and alerts alike", () => {
    const said = { validity: "questionable", reason: "demo", demo: true, qualifiers: ["in_alarm"] } as const;
    const wire = { validity: VALIDITY.questionable, reason: "demo", demo: true, qualifiers: ["in_alarm"] };
    const { kept } = stamp([
      { told: "number", metric: TEMP, value: { mantissa: 37n, exponent: 0 }, ...said, stored: true },
      { told: "wave", metric: WAVE, samples: [1], first: 9, gapBefore: true, ...said },
      { told: "wave", metric: WAVE, samples: [], absent: 30, first: 10, validity: "not_available", reason: "unavailable" },
      { told: "condition", metric: OFF, present: true, word: "high", rank: "29", demo: true, qualifiers: ["silenced"] },
      { told: "unreadable", bytes: 6, reason: "not_a_number", about: "f71" },
    ]);
    const [alert, report, wave, absent] = kept.map(({ record }) => record.body);
    expect(alert).toMatchObject({
      alert: { word: "high", priority: PRIORITY.high, devicePriority: "29", demo: true, qualifiers: ["silenced"] },
    });
    expect(report).toMatchObject({ report: { observations: [{ ...wire, stored: true }], unreadable: [{ about: "f71" }] } });
    expect(wave).toMatchObject({ wave: { first: 9, samples: [1], gapBefore: true, ...wire } });
    expect(absent).toMatchObject({ wave: { first: 10, samples: [], absent: 30, validity: VALIDITY.not_available } });
  });

  test("that were given up are a report too: never silent", () => {
    const { kept } = stamp([{ told: "unreadable", bytes: 25, reason: "packet_incomplete" }]);
    expect(kept[0]?.record.body).toMatchObject({ report: { unreadable: [{ bytes: 25, reason: "packet_incomplete" }] } });
  });

  test("that tell nothing to report make no record", () => {
    expect(stamp([]).lanes).toEqual([]);
    expect(
      stamp([
        { told: "identity", fact: "model", value: "3100" },
        { told: "deviceTime", value: "1" },
      ]).lanes,
    ).toEqual([]);
  });

  test("make no second alert of a condition that is still so", () => {
    const on: Reading = { told: "condition", metric: OFF, present: true };
    const first = stamp([on]);
    expect(stamp([on], first.conditions).lanes).toEqual([]);
    expect(first.kept[0]?.record.body).toMatchObject({ kind: "alert", alert: { on: "device" } });
  });
});
