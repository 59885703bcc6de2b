import { Milliseconds } from "../../config/units.ts";
import { decimal } from "../../drivers/kit/decimal.ts";
import { driver } from "../../drivers/kit/driver.ts";
import type { Emulator, Unit } from "../../drivers/kit/emulator.ts";
import { type ConditionMetric, numeric, type Reading, type WaveMetric } from "../../drivers/kit/reading.ts";

/**
 * A device that no hospital has: every 100 ms a frame with a counter, a value, ten samples and a condition that toggles. All
 * of it follows from the counter, so that a received record names the one unit that it must come from.
 *
 *   0      start C5h
 *   1..4   counter, big-endian
 *   5      bit 0: condition present
 *   6..7   value in tenths, big-endian; FFFFh: no value
 *   8..17  ten samples, signed
 *   18..19 CRC-16/CCITT-FALSE of bytes 0..17, big-endian
 */
export const FRAME_LENGTH = 20;
export const SAMPLES = 10;
export const COUNTER_PROOF = 2;
const START = 0xc5;
const NO_VALUE = 0xffff;
const PERIOD = Milliseconds(100);
/** Frames a condition stays as it is. */
export const TOGGLE_EVERY = 13;

const COUNTER = numeric("sim.counter", undefined, { name: "counter" });
const VALUE = numeric("sim.value", "MDC_DIM_PERCENT", { name: "value" });
/** At this rate a frame's samples last a whole block (WAVE_BLOCK), so that each unit makes a wave record of its own. */
const WAVE: WaveMetric = { kind: "wave", refid: "sim.wave", name: "wave", rate: [40, 1] };
const CONDITION: ConditionMetric = { kind: "condition", refid: "sim.condition", name: "condition", nature: "technical", on: "device" };

export const counterDriver = driver({
  id: "sim-counter",
  device: "sim-counter",
  grade: "document",
  line: { speed: 9600, format: "8N1", modemLines: "untouched" },
  quiet: Milliseconds(1500),
  proof: COUNTER_PROOF,
  frame: { fixed: { start: START, length: FRAME_LENGTH, accepts } },
  metrics: [COUNTER, VALUE, WAVE, CONDITION],
  tx: {},
  memory: null,
  decode: (frame, memory) => ({ readings: readFrame(frame), memory }),
});

function accepts(frame: Uint8Array): boolean {
  return frame[0] === START && crc16(frame.subarray(0, 18)) === u16(frame, 18);
}

function readFrame(frame: Uint8Array): Reading[] {
  const counter = u16(frame, 1) * 65_536 + u16(frame, 3);
  const value = u16(frame, 6);
  const samples = Array.from(frame.subarray(8, 18), (byte) => (byte << 24) >> 24);
  return [
    { told: "deviceTime", value: String(counter) },
    { told: "number", metric: COUNTER, value: decimal(counter) },
    value === NO_VALUE
      ? { told: "absent", metric: VALUE, validity: "not_available" }
      : { told: "number", metric: VALUE, value: decimal(value, -1) },
    { told: "wave", metric: WAVE, samples, first: counter * SAMPLES },
    { told: "condition", metric: CONDITION, present: ((frame[5] ?? 0) & 1) === 1, word: conditionWord(counter) },
  ];
}

/** Changes only when the condition toggles, so that it makes no edges of its own. */
const conditionWord = (counter: number): string => `toggle ${Math.floor(counter / TOGGLE_EVERY)}`;

// ── The device ──────────────────────────────────────────────────────────────────────────────────────────────────────

type CounterState = { readonly salt: number; readonly counter: number; readonly next: number };

export const counterEmulator: Emulator<CounterState> = {
  id: counterDriver.id,
  speed: counterDriver.line.speed,
  start: (seed) => ({ salt: seed >>> 0, counter: seed % 1000, next: 0 }),
  step: (state, _heard, at) => {
    if (at < state.next) return { state, sends: [], next: Milliseconds(state.next) };
    const next = Milliseconds(state.next + PERIOD);
    const { bytes, unit } = counterUnit(state.salt, state.counter);
    return { state: { ...state, counter: state.counter + 1, next }, sends: [{ bytes, unit }], next };
  },
};

function counterUnit(salt: number, counter: number): { bytes: Uint8Array; unit: Unit } {
  const mixed = Math.imul(counter ^ salt, 0x9e3779b1) >>> 0;
  const value = counter % 7 === 3 ? NO_VALUE : mixed % 1000;
  const samples = Array.from({ length: SAMPLES }, (_, at) => (Math.imul(mixed + at, 0x85ebca6b) << 3) >> 24);
  const present = Math.floor(counter / TOGGLE_EVERY) % 2 === 1;
  const bytes = new Uint8Array(FRAME_LENGTH);
  const view = new DataView(bytes.buffer);
  bytes[0] = START;
  view.setUint32(1, counter);
  bytes[5] = present ? 1 : 0;
  view.setUint16(6, value);
  samples.forEach((sample, at) => {
    view.setInt8(8 + at, sample);
  });
  view.setUint16(18, crc16(bytes.subarray(0, 18)));
  const unit: Unit = {
    bytes: FRAME_LENGTH,
    deviceTime: String(counter),
    observations: {
      "sim.counter": String(counter),
      "sim.value": value === NO_VALUE ? null : `${Math.floor(value / 10)}.${value % 10}`,
    },
    waves: { "sim.wave": samples },
    conditions: { "sim.condition": present },
  };
  return { bytes, unit };
}

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) !== 0 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
