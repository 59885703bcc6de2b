import { Minutes, Seconds } from "../../config/units.ts";
import { sum8 } from "../kit/checks.ts";
import { decimal } from "../kit/decimal.ts";
import { driver } from "../kit/driver.ts";
import { numeric, type Reading, type ValueMetric } from "../kit/reading.ts";
import { BATTERY_LOW, NO_VALUE } from "../nonin/oximetry.ts";

const SPO2 = numeric("MDC_PULS_OXIM_SAT_O2", "MDC_DIM_PERCENT", { name: "SpO2" });
const PULSE = numeric("MDC_PULS_OXIM_PULS_RATE", "MDC_DIM_BEAT_PER_MIN", { name: "pulse rate" });
const SMARTPOINT: ValueMetric = { kind: "enumeration", refid: "nonin.smartpoint", name: "SmartPoint" };
const MEMORY: ValueMetric = { kind: "enumeration", refid: "nonin.memory", name: "from memory" };

/** OX13-1 */
const HEAD = [0x00, 0x02, 0x00, 0x0d] as const;
const HEAD_BYTES = 6;
const TAIL_BYTES = 2;
const ETX = 0x03;
const DATA_LEAST = 14;
const DATA_MOST = 255;
/** OX13-3 */
const STATUS = { smartPoint: 0x0200, noMeasurement: 0x0100, fromMemory: 0x0010, batteryLow: 0x0001 } as const;
/** OX13-5 */
const HOURS_QUIET = 12;

/** Nonin data format 13: one message for each spot check, and those that the device kept. */
export const nonin13 = driver({
  id: "nonin-13",
  device: "Nonin 9560 and kin, data format 13 (spot checks)",
  grade: "document",
  line: { speed: 9600, format: "8N1", modemLines: "untouched" }, // OX1-1
  quiet: Minutes(HOURS_QUIET * 60), // OX13-5
  proof: 1, // OX13-1: six bytes that are known before, a length and a sum
  frame: {
    length: {
      start: HEAD[0],
      header: HEAD_BYTES,
      // Zero, which no frame has, where it is none: nothing is waited for.
      size: (header) => (isHead(header) ? HEAD_BYTES + lengthIn(header) + TAIL_BYTES : 0),
      lengthMax: HEAD_BYTES + DATA_MOST + TAIL_BYTES,
      idle: Seconds(1),
      accepts,
    },
  },
  scrub: "nobody",
  metrics: [SPO2, PULSE, SMARTPOINT, MEMORY, BATTERY_LOW],
  tx: {},
  memory: null,
  decode: (frame) => ({ readings: readings(frame.subarray(HEAD_BYTES, -TAIL_BYTES)), memory: null }),
});

const isHead = (frame: Uint8Array): boolean => HEAD.every((byte, at) => frame[at] === byte);
const lengthIn = (frame: Uint8Array): number => ((frame[4] ?? 0) << 8) | (frame[5] ?? 0);

function accepts(frame: Uint8Array): boolean {
  const data = frame.subarray(HEAD_BYTES, -TAIL_BYTES);
  return (
    isHead(frame) && data.length >= DATA_LEAST && data.length === lengthIn(frame) && frame.at(-2) === sum8(data) && frame.at(-1) === ETX
  );
}

function readings(data: Uint8Array): readonly Reading[] {
  const at = (index: number): number => data[index] ?? 0;
  const status = (at(8) << 8) | at(9);
  const has = (bit: number): boolean => (status & bit) !== 0;
  const onOff = (bit: number): string => (has(bit) ? "on" : "off");
  const beyond = data.length - DATA_LEAST;
  return [
    ...deviceTime(data.subarray(0, 8)),
    numberOf(SPO2, at(13) & 0x7f, NO_VALUE.spo2, has),
    numberOf(PULSE, ((at(10) & 0x01) << 8) | at(11), NO_VALUE.pulse, has),
    { told: "text", metric: SMARTPOINT, value: onOff(STATUS.smartPoint) },
    { told: "text", metric: MEMORY, value: onOff(STATUS.fromMemory) },
    { told: "condition", metric: BATTERY_LOW, present: has(STATUS.batteryLow) },
    ...(beyond > 0 ? [{ told: "unreadable", bytes: beyond, reason: "fields_unknown" } as const] : []), // OX13-1
  ];
}

function numberOf(metric: ValueMetric, value: number, none: number, has: (bit: number) => boolean): Reading {
  const reading = nowOf(metric, value, none, has);
  return has(STATUS.fromMemory) ? { ...reading, stored: true } : reading;
}

function nowOf(metric: ValueMetric, value: number, none: number, has: (bit: number) => boolean): Reading {
  if (has(STATUS.noMeasurement)) return { told: "absent", metric, validity: "not_available", reason: "no_measurement" };
  if (value === none) return { told: "absent", metric, validity: "not_available", reason: "no_value" };
  const number = { told: "number", metric, value: decimal(value) } as const;
  // OX13-4: it is not of now, which weighs more than how good it was.
  if (has(STATUS.fromMemory)) return { ...number, validity: "questionable", reason: "from_memory" };
  return has(STATUS.smartPoint) ? number : { ...number, validity: "questionable", reason: "no_smartpoint" };
}

/** OX13-2: two decimal digits a byte, as they stand there: 20 12 04 18 14 51 03 00. */
function deviceTime(bytes: Uint8Array): readonly Reading[] {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  if (digits.some((pair) => /[a-f]/.test(pair))) return [{ told: "unreadable", bytes: bytes.length, reason: "device_time" }];
  const [century, year, month, day, hour, minute, second, fraction] = digits;
  return [{ told: "deviceTime", value: `${century}${year}-${month}-${day} ${hour}:${minute}:${second}.${fraction}` }];
}
