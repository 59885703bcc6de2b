import { Seconds } from "../../config/units.ts";
import { type DeviceClock, withinDates } from "../kit/clock.ts";
import { type Decoded, driver, type Line, type Step } from "../kit/driver.ts";
import type { Reading } from "../kit/reading.ts";
import { ALARM_METRICS, alarmReadings } from "./alarm.ts";
import { type DriRecord, FRAMING, MAIN_TYPE, readRecord, type Subrecord, subrecordsOf } from "./frame.ts";
import { NOTHING_SHOWN, PHYSIOLOGICAL_METRICS, physiologicalReadings, type Shown } from "./physiological.ts";
import { ALL_CLASSES, REQUESTS } from "./requests.ts";
import { WAVE_METRICS, type Waves, waveReadings } from "./wave.ts";

type Memory = {
  /** What the last displayed record of each class told. */
  readonly shown: readonly Shown[];
  readonly waves: Waves;
  /** Wave records heard, for the dialogue. */
  readonly waveRecords: number;
};
const START: Memory = { shown: NOTHING_SHOWN, waves: {}, waveRecords: 0 };

const INTERVAL_S = 5;
/** GE-21: two intervals and five seconds without a displayed record. */
const SILENCE = Seconds(2 * INTERVAL_S + 5);
const STOP_PAUSE = Seconds(1);
const TRIES_MAX = 3;
/** Displayed records without a wave record between them, after which the waves are asked for again. */
const WAVELESS_MAX = 3;
/** Broken frames in a row that are waited out. */
const BROKEN_MAX = 20;
/** Pleth, CO2 and airway pressure: with all four classes each second they fill 87 % of the line. */
const WAVES = { wave1: 8, wave2: 9, wave3: 13, wave4: 0, wave5: 0, wave6: 0, wave7: 0, wave8: 0 } as const;

/** GE-10: seconds since 1970 as the monitor counts them, in which zone nobody says. */
const CLOCK: DeviceClock = { grain: Seconds(1), read: (text) => (/^\d{1,10}$/.test(text) ? withinDates(Number(text) * 1000) : undefined) };

/** GE (Datex-Ohmeda) S/5 and CARESCAPE monitors, computer interface: displayed values, trends, waves, alarms. */
export const geDri = driver({
  id: "ge-dri",
  device: "GE (Datex-Ohmeda) S/5 and CARESCAPE monitors, computer interface",
  grade: "capture",
  line: { speed: 19200, format: "8E1", modemLines: "rtscts" }, // GE-11
  otherLines: [{ speed: 115_200, format: "8E1" }],
  quiet: SILENCE,
  proof: 2, // The 8-bit sum alone is weak.
  frame: FRAMING,
  clock: CLOCK,
  scrub: "nobody", // GE-15: only records of numbers, curves and alarms are frames; the patient's identity is none.
  metrics: [...PHYSIOLOGICAL_METRICS, ...WAVE_METRICS, ...ALARM_METRICS],
  tx: REQUESTS,
  memory: START,
  decode,
  run,
});

function decode(frame: Uint8Array, memory: Memory): Decoded<Memory> {
  const record = readRecord(frame);
  if (record === undefined) return { readings: [{ told: "unreadable", bytes: frame.length, reason: "no_record" }], memory };
  const told: Reading = { told: "deviceTime", value: String(record.time) }; // GE-10
  const subrecords = subrecordsOf(record);
  if (subrecords === undefined)
    return { readings: [told, { told: "unreadable", bytes: record.view.byteLength, reason: "subrecord_bounds" }], memory };
  const { readings, memory: next } = recordReadings(record, subrecords, memory);
  return { readings: [told, ...readings], memory: next };
}

function recordReadings(record: DriRecord, subrecords: readonly Subrecord[], memory: Memory): Decoded<Memory> {
  if (record.mainType === MAIN_TYPE.alarm) return { readings: alarmReadings(subrecords), memory };
  if (record.mainType === MAIN_TYPE.wave) {
    const { readings, waves } = waveReadings(record, subrecords, memory.waves);
    return { readings, memory: { ...memory, waves, waveRecords: memory.waveRecords + 1 } };
  }
  const { readings, shown } = physiologicalReadings(subrecords, record.time, memory.shown);
  return { readings, memory: { ...memory, shown } };
}

// ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────────────

type Asking = Line<Memory, typeof REQUESTS>;

function* run(line: Asking): Step<void> {
  yield* line.send("displayedStop");
  yield* line.send("wavesStop");
  yield* line.sleep(STOP_PAUSE);
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    yield* line.send("displayed", { interval: INTERVAL_S, classes: ALL_CLASSES });
    yield* line.send("waves", WAVES);
    yield* line.send("alarms");
    if (yield* listen(line)) tries = -1;
  }
}

/** Until the monitor is silent: whether it had been heard before. Nothing keeps a request alive but the monitor itself (GE-21). */
function* listen(line: Asking): Step<boolean> {
  let heard = false;
  let waveless = 0;
  let { waveRecords } = line.memory;
  while (yield* hears(line)) {
    heard = true;
    waveless = line.memory.waveRecords === waveRecords ? waveless + 1 : 0;
    waveRecords = line.memory.waveRecords;
    if (waveless < WAVELESS_MAX) continue;
    // A line that was blocked for two seconds has no waves until they are asked for again.
    yield* line.send("waves", WAVES);
    waveless = 0;
  }
  return heard;
}

function* hears(line: Asking): Step<boolean> {
  for (let broken = 0; broken < BROKEN_MAX; broken++) {
    const answer = yield* line.expect(PHYSIOLOGICAL, SILENCE);
    if (answer.got !== "broken") return answer.got === "record";
  }
  return false;
}

const PHYSIOLOGICAL = { record: (frame: Uint8Array) => readRecord(frame)?.mainType === MAIN_TYPE.physiological };
