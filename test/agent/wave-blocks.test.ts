import { describe, expect, test } from "vitest";
import { WAVE_BLOCK, type Wave, type WaveBlock, WaveBlocks } from "../../agent/session/wave-blocks.ts";
import { after, elapsed, Milliseconds, type Mono } from "../../config/units.ts";
import type { WaveMetric } from "../../drivers/kit/reading.ts";
import { randomOf } from "../drivers/streams.ts";

/** A sample each 16 ms, as Medibus sends them. */
const PAW: WaveMetric = { kind: "wave", refid: "MDC_PRESS_AWAY", rate: [125, 2] };
const CO2: WaveMetric = { kind: "wave", refid: "MDC_CONC_AWAY_CO2", rate: [125, 2] };
const at = (ms: number): Mono => after(0n as Mono, Milliseconds(ms));
const one = (first: number, more: Partial<Wave> = {}): Wave => ({ told: "wave", metric: PAW, samples: [first % 90], first, ...more });
const short = ({ wave, at: when }: WaveBlock): string =>
  `${wave.metric.refid === "MDC_PRESS_AWAY" ? "" : "co2 "}${wave.first}+${wave.samples.length + (wave.absent ?? 0)} at ${elapsed(0n as Mono, when)}`;

describe("samples that are sent one by one", () => {
  test("become one record of a quarter of a second, at the instant of the last of them, and none is changed", () => {
    const blocks = new WaveBlocks();
    const ready = Array.from({ length: 40 }, (_, n) => blocks.add(one(n), at(16 * n))).flat();
    expect(ready.map(short)).toEqual(["0+16 at 240", "16+16 at 496"]);
    expect(ready.flatMap(({ wave }) => wave.samples)).toEqual(Array.from({ length: 32 }, (_, n) => n));
    expect(blocks.all().map(short)).toEqual(["32+8 at 624"]);
    expect(blocks.all()).toEqual([]);
  });

  test("wait no longer than that, also where the device falls silent", () => {
    const blocks = new WaveBlocks();
    blocks.add(one(0), at(0));
    blocks.add(one(1), at(16));
    expect(blocks.due(at(249))).toEqual([]);
    expect(blocks.due(at(250)).map(short)).toEqual(["0+2 at 16"]);
    expect(blocks.due(at(999))).toEqual([]);
  });

  test("of two curves stay apart", () => {
    const blocks = new WaveBlocks();
    const ready = Array.from({ length: 16 }, (_, n) => [
      ...blocks.add(one(n), at(16 * n)),
      ...blocks.add(one(n, { metric: CO2 }), at(16 * n)),
    ]);
    expect(ready.flat().map(short)).toEqual(["0+16 at 240", "co2 0+16 at 240"]);
  });

  // biome-ignore format: a table is read by eye.
  const BREAKS: readonly (readonly [what: string, next: Wave])[] = [
    ["a hole before them",            one(5)],
    ["a hole of unknown length",      one(1, { gapBefore: true })],
    ["another shape",                 one(1, { metric: { ...PAW, rate: [100, 1] } })],
    ["another validity",              one(1, { validity: "questionable" })],
    ["another reason",                one(1, { reason: "zeroing" })],
    ["a demonstration that begins",   one(1, { demo: true })],
    ["another word",                  one(1, { qualifiers: ["marked"] })],
    ["samples that are not there",    one(1, { samples: [], absent: 1, validity: "not_available" })],
  ];
  test.each(BREAKS)("are not put together over %s", (_, next) => {
    const blocks = new WaveBlocks();
    expect(blocks.add(one(0), at(0))).toEqual([]);
    expect(blocks.add(next, at(16)).map(short)).toEqual(["0+1 at 0"]);
    expect(blocks.all()).toEqual([{ wave: next, at: at(16) }]);
  });

  test("that say the same are put together, doubt and all, and so are those that are not there", () => {
    const blocks = new WaveBlocks();
    for (const n of [0, 1]) blocks.add(one(n, { demo: true, validity: "questionable", qualifiers: ["early"] }), at(n));
    expect(blocks.all()).toMatchObject([{ wave: { samples: [0, 1], demo: true, validity: "questionable", qualifiers: ["early"] } }]);
    for (const n of [0, 3]) blocks.add(one(n, { samples: [], absent: 3, validity: "invalid" }), at(n));
    expect(blocks.all()).toMatchObject([{ wave: { samples: [], absent: 6, first: 0, validity: "invalid" } }]);
  });
});

test("a block that lasts long enough by itself, or of unknown rate, does not wait", () => {
  const blocks = new WaveBlocks();
  const long = one(0, { samples: Array.from({ length: 16 }, () => 7) });
  expect(blocks.add(long, at(0))).toEqual([{ wave: long, at: at(0) }]);
  const { rate: _, ...unrated } = PAW;
  expect(blocks.add(one(16, { metric: unrated }), at(1))).toHaveLength(1);
  expect(blocks.all()).toEqual([]);
});

for (const seed of [1, 2, 3])
  test(`whatever comes, each sample keeps its number, its doubt and its place, and waits a tick beyond the limit at most (seed ${seed})`, () => {
    const random = randomOf(seed);
    const blocks = new WaveBlocks();
    const sent: string[] = [];
    const told: string[] = [];
    const say = (into: string[], wave: Wave): void => {
      const { first, samples, validity = "valid", gapBefore = false } = wave;
      for (const [i, sample] of samples.entries()) into.push(`${first + i} ${sample} ${validity}${gapBefore && i === 0 ? " ?" : ""}`);
    };
    const take = (ready: readonly WaveBlock[], now: Mono): void => {
      for (const { wave, at: last } of ready) {
        say(told, wave);
        expect(elapsed(last, now)).toBeLessThanOrEqual(WAVE_BLOCK + 20);
      }
    };
    let first = 0;
    for (let ms = 0; ms < 20_000; ms += 20) {
      if (random.below(3) > 0) {
        if (random.below(20) === 0) first += 1 + random.below(9);
        const samples = Array.from({ length: 1 + random.below(3) }, () => random.below(90));
        const wave = one(first, {
          samples,
          ...(random.below(15) === 0 ? { validity: "questionable" } : {}),
          ...(random.below(30) === 0 ? { gapBefore: true } : {}),
        });
        say(sent, wave);
        take(blocks.add(wave, at(ms)), at(ms));
        first += samples.length;
      }
      take(blocks.due(at(ms)), at(ms));
    }
    take(blocks.all(), at(20_000));
    expect(told).toEqual(sent);
  });
