import { Seconds } from "../../../config/units.ts";
import { sum8 } from "../../../drivers/kit/checks.ts";
import { decimalFromText } from "../../../drivers/kit/decimal.ts";
import { type Decoded, driver } from "../../../drivers/kit/driver.ts";
import { type ConditionMetric, numeric, type Reading } from "../../../drivers/kit/reading.ts";

const SATURATION = numeric("MDC_PULS_OXIM_SAT_O2", "MDC_DIM_PERCENT", { name: "saturation" });
const SENSOR_OFF: ConditionMetric = {
  kind: "condition",
  refid: "vendor-model.sensor_off",
  name: "sensor off",
  nature: "technical",
  on: SATURATION.refid,
};

const LINE_BYTES_MAX = 32;
const LINE = /^\$(\d{3}|---),([01])\*([0-9A-F]{2})\r\n$/; // F-2

/** Vendor Model: a line a second, unasked. */
export const vendorModel = driver({
  id: "vendor-model",
  device: "Vendor Model",
  grade: "document",
  line: { speed: 9600, format: "8N1", modemLines: "untouched" }, // F-1
  quiet: Seconds(5), // F-5
  proof: 3, // F-3: an 8-bit sum alone is weak
  frame: { delimited: { start: "$", end: "\r\n", lengthMax: LINE_BYTES_MAX, accepts } },
  metrics: [SATURATION, SENSOR_OFF],
  tx: {},
  memory: {},
  decode,
});

/** F-3: two hexadecimal digits, the sum of what stands between $ and *. */
function accepts(frame: Uint8Array): boolean {
  const [, , , sum] = LINE.exec(text(frame)) ?? [];
  return sum !== undefined && Number.parseInt(sum, 16) === sum8(frame.subarray(1, frame.indexOf(STAR)));
}
const STAR = 0x2a;

function decode(frame: Uint8Array, memory: object): Decoded<object> {
  const [, digits, off] = LINE.exec(text(frame)) ?? [];
  const value = decimalFromText(digits?.replace(/^0+(?=\d)/, "") ?? "");
  // F-4: --- is no value, and says so; it is never a number.
  const saturation: Reading =
    value === undefined
      ? { told: "absent", metric: SATURATION, validity: "not_available", reason: "no_value" }
      : { told: "number", metric: SATURATION, value };
  const readings: readonly Reading[] =
    digits === undefined
      ? [{ told: "unreadable", bytes: frame.length, reason: "no_line" }]
      : [saturation, { told: "condition", metric: SENSOR_OFF, present: off === "1" }];
  return { readings, memory };
}

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
