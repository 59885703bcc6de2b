import { Seconds } from "../../config/units.ts";
import { type Decoded, driver } from "../kit/driver.ts";
import type { Reading } from "../kit/reading.ts";
import {
  ARTEFACT,
  BATTERY_LOW,
  heldBecause,
  NO_VALUE,
  numberOrNone,
  OUT_OF_TRACK,
  PERFUSION,
  PULSE,
  SENSOR_ALARM,
  SPO2,
} from "../nonin/oximetry.ts";

const FRAME_BYTES = 4;
/** OX8-2 */
const FIRST = { always: 0x80, disconnected: 0x40, outOfTrack: 0x20, lowPerfusion: 0x10, marginalPerfusion: 0x08, artefact: 0x04 } as const;
const LAST = { sensorAlarm: 0x08, batteryLow: 0x01 } as const;
const SPO2_MOST = 100;

/** Nonin data format 8: four bytes a second, numbers and flags; no wave, and no sum. */
export const nonin8 = driver({
  id: "nonin-8",
  device: "Nonin OEM III, Xpod and kin, data format 8",
  grade: "document",
  line: { speed: 9600, format: "8N1", modemLines: "untouched" }, // OX1-1
  quiet: Seconds(10), // OX8-5
  proof: 8, // OX8-1: four bits are all that tells a frame
  frame: { fixed: { length: FRAME_BYTES, accepts } },
  scrub: "nobody",
  metrics: [SPO2, PULSE, ARTEFACT, PERFUSION, SENSOR_ALARM, OUT_OF_TRACK, BATTERY_LOW],
  tx: {},
  memory: null,
  decode: (frame) => ({ readings: readings(frame), memory: null }),
});

/** OX8-1: bit 7 of the first byte, and of no other. */
function accepts([first = 0, ...others]: Uint8Array): boolean {
  return (first & FIRST.always) !== 0 && others.every((byte) => (byte & FIRST.always) === 0);
}

function readings([first = 0, low = 0, spo2 = 0, last = 0]: Uint8Array): Decoded<null>["readings"] {
  const sensorAlarm = (last & LAST.sensorAlarm) !== 0;
  const outOfTrack = (first & FIRST.outOfTrack) !== 0;
  const disconnected = (first & FIRST.disconnected) !== 0;
  const held = heldBecause({ sensorAlarm, outOfTrack });
  const saturation = numberOrNone(SPO2, spo2, { none: NO_VALUE.spo2, held, disconnected });
  return [
    spo2 > SPO2_MOST ? doubted(saturation) : saturation, // OX8-3
    numberOrNone(PULSE, ((first & 0x03) << 7) | low, { none: NO_VALUE.pulse, held, disconnected }),
    { told: "text", metric: ARTEFACT, value: (first & FIRST.artefact) === 0 ? "off" : "on" },
    { told: "text", metric: PERFUSION, value: perfusion(first) },
    { told: "condition", metric: SENSOR_ALARM, present: sensorAlarm },
    { told: "condition", metric: OUT_OF_TRACK, present: outOfTrack },
    { told: "condition", metric: BATTERY_LOW, present: (last & LAST.batteryLow) !== 0 },
  ];
}

/** Without a sum, more than 100 % is a damaged byte: carried as it came, and marked. */
const doubted = (reading: Reading): Reading =>
  reading.told === "number" ? { ...reading, validity: "questionable", reason: "out_of_range" } : reading;

/** OX8-4: the words of format 2 for the same; of both bits the poorer is told. */
function perfusion(first: number): "normal" | "red" | "yellow" {
  if ((first & FIRST.lowPerfusion) !== 0) return "red";
  return (first & FIRST.marginalPerfusion) !== 0 ? "yellow" : "normal";
}
