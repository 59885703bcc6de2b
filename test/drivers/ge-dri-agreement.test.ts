import { expect, test } from "vitest";
import { after, Milliseconds, type Mono, Seconds } from "../../config/units.ts";
import { geDri } from "../../drivers/ge-dri/driver.ts";
import { geDriEmulator } from "../../drivers/ge-dri/emulator.ts";
import { ALL_CLASSES, REQUESTS } from "../../drivers/ge-dri/requests.ts";
import { WAVES } from "../../drivers/ge-dri/waves.table.ts";
import type { Unit } from "../../drivers/kit/emulator.ts";
import { expectSame, Reader } from "./agreement.ts";
import { join } from "./streams.ts";

/** What the driver's own dialogue does not ask for: trends, and every waveform in turn. */

const SEEDS = [1, 2, 3];
const SECONDS = 250;
const TURN_SECONDS = 15;
const STREAM = { interval: 5, classes: ALL_CLASSES };
const BEGIN = join(
  REQUESTS.displayed.encode(STREAM),
  REQUESTS.trend10s.encode(STREAM),
  REQUESTS.trend60s.encode(STREAM),
  REQUESTS.alarms.encode({}),
);

/** As many waveforms as fit behind `from`, and where the next turn begins. */
function turnOf(from: number): { readonly request: Uint8Array; readonly next: number } {
  const list: number[] = [];
  let samples = 0;
  for (let at = from; at < WAVES.length && list.length < 8 && samples + WAVES[at]![3] <= 600; at++) {
    list.push(WAVES[at]![0]);
    samples += WAVES[at]![3];
  }
  const [wave1 = 0, wave2 = 0, wave3 = 0, wave4 = 0, wave5 = 0, wave6 = 0, wave7 = 0, wave8 = 0] = list;
  const request = REQUESTS.waves.encode({ wave1, wave2, wave3, wave4, wave5, wave6, wave7, wave8 });
  return { request, next: (from + list.length) % WAVES.length };
}

function talk(seed: number): { readonly reader: Reader; readonly units: readonly Unit[] } {
  const reader = new Reader(geDri);
  const units: Unit[] = [];
  let state = geDriEmulator.start(seed);
  let from = 0;
  for (let second = 0; second < SECONDS; second++) {
    const turns = second % TURN_SECONDS === 0 ? turnOf(from) : undefined;
    from = turns?.next ?? from;
    const asked = join(...(second === 0 ? [BEGIN] : []), ...(turns === undefined ? [] : [turns.request]));
    const turn = geDriEmulator.step(state, asked, Seconds(second));
    state = turn.state;
    for (const { bytes, unit } of turn.sends) {
      reader.hear(bytes, after(0n as Mono, Milliseconds(1000 * second)));
      if (unit !== undefined) units.push(unit);
    }
  }
  reader.expectConserved();
  return { reader, units };
}

test("an emulated monitor is told in every value under its own term, trends and every waveform included, and no condition is invented", () => {
  const declared = new Set(geDri.metrics.map(({ refid }) => refid));
  const named = new Set<string>();
  for (const seed of SEEDS) {
    const { reader, units } = talk(seed);
    expectSame(reader.conclusions, units);
    for (const [n, { observations, waves, conditions }] of units.entries()) {
      for (const refid of Object.keys({ ...observations, ...waves, ...conditions })) named.add(refid);
      const told = reader.conclusions[n]!;
      // By their reference ids alone: agreement may also go by the device's name of a metric.
      const values = new Map(told.observations.map(({ refid, value }) => [refid, value]));
      expect(Object.entries(observations).filter(([refid, value]) => values.get(refid) !== value)).toEqual([]);
      // A partial unit names every condition that is present.
      expect(told.conditions.filter(({ refid, value }) => value === true && conditions[refid] !== true)).toEqual([]);
    }
  }
  expect([...named].filter((refid) => !declared.has(refid))).toEqual([]);
  // Two groups of one label, a label without a row, a trend, the rarest waveforms.
  for (const refid of ["ge.p5.sys", "MDC_PRESS_BLD_SYS", "ge.t3.temp", "MDC_TEMP", "ge.trend_10s.co2.et", "ge.trend_60s.p1.sys"])
    expect(named).toContain(refid);
  expect([...named].filter((refid) => refid.startsWith("ge.wave.")).length).toBeGreaterThan(15);
}, 60_000);
