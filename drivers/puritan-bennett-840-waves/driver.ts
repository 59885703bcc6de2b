import { Seconds } from "../../config/units.ts";
import { latin1Of } from "../kit/bytes.ts";
import { decimal } from "../kit/decimal.ts";
import { type Decoded, driver } from "../kit/driver.ts";
import { numeric, type Reading, type ValueMetric, type WaveMetric } from "../kit/reading.ts";

/** PB-20: printed with two decimals, so that a raw integer is hundredths. */
const wave = (refid: string, name: string, unit: string): WaveMetric => ({
  kind: "wave",
  refid,
  name,
  unit,
  rate: [50, 1],
  scale: [
    { raw: 0, physical: decimal(0) },
    { raw: 100, physical: decimal(1) },
  ],
});
const FLOW = wave("MDC_FLOW_AWAY", "flow", "MDC_DIM_X_L_PER_MIN");
const PRESSURE = wave("MDC_PRESS_AWAY", "pressure", "MDC_DIM_CM_H2O");
const MARK: ValueMetric = { kind: "enumeration", refid: "pb840.breath_mark", name: "BS, BE" };
const BREATH = numeric("pb840.breath", "MDC_DIM_DIMLESS", { name: "S" });

const LINE_BYTES_MAX = 64;
const SAMPLE = /^(-?)(0|[1-9]\d{0,2})\.(\d\d), (-?)(0|[1-9]\d{0,2})\.(\d\d)$/;
const BEGIN = /^BS, S:(0|[1-9]\d{0,4}),$/;
const END = "BE";

/** Number of the next sample. */
type Memory = { readonly next: number };

/** Puritan Bennett 840, waveform port: flow and pressure 50 times a second; the ventilator talks by itself. */
export const puritanBennett840Waves = driver({
  id: "puritan-bennett-840-waves",
  device: "Puritan Bennett 840, waveform port",
  grade: "document",
  line: { speed: 38_400, format: "8N1", modemLines: "untouched" }, // PB-21
  quiet: Seconds(3), // PB-24
  proof: 50, // PB-20: a line has no check
  frame: { delimited: { end: "\n", lengthMax: LINE_BYTES_MAX, accepts: (frame) => lineOf(textOf(frame)) !== undefined } },
  scrub: "nobody",
  metrics: [FLOW, PRESSURE, MARK, BREATH],
  tx: {},
  memory: { next: 0 },
  decode,
});

const textOf = (frame: Uint8Array): string => latin1Of(frame.subarray(0, frame.at(-2) === 0x0d ? -2 : -1));

type Line = { readonly flow: number; readonly pressure: number } | { readonly begins: number } | { readonly ends: true };
/** PB-20, PB-22: refused is all that is not printed as real lines are, to the digit. */
function lineOf(text: string): Line | undefined {
  const sample = SAMPLE.exec(text);
  if (sample !== null) {
    const [, flowSign, flow, flowPart, pressureSign, pressure, pressurePart] = sample;
    // Plus zero: the sign of -0.00 has no place in an integer.
    const raw = (sign = "", whole = "", part = ""): number => Number(`${sign}${whole}${part}`) + 0;
    return { flow: raw(flowSign, flow, flowPart), pressure: raw(pressureSign, pressure, pressurePart) };
  }
  const begin = BEGIN.exec(text);
  if (begin !== null) return { begins: Number(begin[1]) };
  return text === END ? { ends: true } : undefined;
}

function decode(frame: Uint8Array, memory: Memory, gap: number): Decoded<Memory> {
  // PB-23: whatever was lost, the hole is counted as one sample.
  const next = gap === 0 || memory.next === 0 ? memory.next : memory.next + 1;
  const line = lineOf(textOf(frame));
  if (line === undefined) return { readings: [{ told: "unreadable", bytes: frame.length, reason: "no_line" }], memory: { next } };
  if (!("flow" in line)) return { readings: mark(line), memory: { next } };
  return {
    readings: [
      { told: "wave", metric: FLOW, samples: [line.flow], first: next },
      { told: "wave", metric: PRESSURE, samples: [line.pressure], first: next },
    ],
    memory: { next: next + 1 },
  };
}

function mark(line: Exclude<Line, { readonly flow: number }>): readonly Reading[] {
  if ("ends" in line) return [{ told: "text", metric: MARK, value: "BE" }];
  return [
    { told: "text", metric: MARK, value: "BS" },
    { told: "number", metric: BREATH, value: decimal(line.begins) },
  ];
}
