import type { Unit } from "../kit/emulator.ts";
import { type Dice, roll } from "../kit/emulator-dice.ts";
import type { Trace } from "./emulator-models.table.ts";
import { hex2, sampleBytes, syncByte, syncCommand } from "./emulator-wire.ts";

/**
 * Real-time curves. A record begins with a sync byte and ends where the next one begins, or where none comes: the unit of a record comes
 * with its last byte, and a reader concludes it later. What ends a series is a sync byte with no stream.
 */

export const STREAMS_MAX = 12;
const STREAMS_A_GROUP = 4;

type Stream = { readonly trace: Trace; readonly multiplier: number };
export type Curves = {
  readonly random: number;
  /** What the device can send, as it stands now. */
  readonly traces: readonly Trace[];
  /** What the host configured, in the order of its list. */
  readonly streams: readonly Stream[];
  /** Which streams it has enabled, one bit a stream. */
  readonly enabled: number;
  /** Time of record 0, and number of the next record. */
  readonly origin: number;
  readonly record: number;
  /** Streams 5-8 and 9-12 that follow in every record until told otherwise. */
  readonly told: readonly [number, number];
  readonly phase: "inspiration" | "expiration" | "unknown";
  /** A record was sent that no sync byte ends yet. */
  readonly open: boolean;
};
export type WaveUnit = Omit<Unit, "bytes">;

export const curvesOf = (seed: number, traces: readonly Trace[]): Curves => ({
  ...{ random: seed ^ 0x77a1, traces, streams: [], enabled: 0, origin: 0, record: 0, told: [0, 0] },
  ...{ phase: "unknown", open: false },
});

/** All configuration is lost. */
export const cleared = (curves: Curves): Curves => ({ ...curves, streams: [], enabled: 0, told: [0, 0], phase: "unknown" });

/** 53: for each trace code, interval in µs, two points, the bins as three hexadecimal digits. */
export const tracesText = (traces: readonly Trace[]): string =>
  traces
    .map(({ code, interval, low, high, bins }) => {
      const top = bins.toString(16).toUpperCase().padStart(3, "0");
      return `${code}${String(interval).padStart(8)}${point(low)}${point(high)}${top}`;
    })
    .join("");
/** Blanks stand between the minus and the digits. */
const point = (value: number): string => (value < 0 ? `-${String(-value).padStart(4)}` : String(value).padStart(5));

/** 54: pairs of a code and a multiplier, at most twelve; what the device cannot send is passed over. */
export function configured(curves: Curves, argument: string): Curves {
  const pairs = [...argument.matchAll(/([0-9A-F]{2})([0-9A-F]{2})/g)].slice(0, STREAMS_MAX);
  const streams = pairs.flatMap(([, code, multiplier = ""]): Stream[] => {
    const trace = curves.traces.find((one) => one.code === code);
    const times = Number.parseInt(multiplier, 16);
    return trace === undefined || times === 0 ? [] : [{ trace, multiplier: times }];
  });
  return { ...cleared(curves), streams };
}
export const configurationText = (streams: readonly (readonly [code: string, multiplier: number])[]): string =>
  streams.map(([code, multiplier]) => `${code}${hex2(multiplier)}`).join("");

export function enable(curves: Curves, { group, streams }: { readonly group: number; readonly streams: number }, at: number): Curves {
  const shift = group * STREAMS_A_GROUP;
  const known = (1 << curves.streams.length) - 1;
  const enabled = ((curves.enabled & ~(0x0f << shift)) | (streams << shift)) & known;
  const begins = curves.enabled === 0 && enabled !== 0;
  return { ...curves, enabled, ...(begins ? { origin: at, record: 0 } : {}) };
}

/** The device measures over another range from now on; nothing is sent until the host has configured again. */
export const ranged = (curves: Curves): Curves => ({
  ...cleared(curves),
  traces: curves.traces.map((trace) => (trace.bins < 2000 ? { ...trace, high: trace.high * 2, bins: trace.bins * 2 } : trace)),
});

export const isRunning = ({ enabled }: Curves): boolean => enabled !== 0;
/** In ms; the shortest interval of what is configured sets the pace. */
export const recordDue = ({ origin, record, streams }: Curves): number =>
  origin + (record * Math.min(...streams.map(({ trace }) => trace.interval))) / 1000;

/** Bytes of the record that is due, if a stream has a sample in it, and its unit. */
export type NextRecord = { readonly curves: Curves; readonly bytes: readonly number[]; readonly unit: WaveUnit | undefined };

export function nextRecord(before: Curves): NextRecord {
  const dice = roll(before.random);
  const breath = breathAt(recordDue(before) - before.origin);
  const samples = before.streams.flatMap(({ trace, multiplier }, stream) => {
    const due = (before.enabled & (1 << stream)) !== 0 && before.record % multiplier === 0;
    // A sample that was due and did not come is a hole.
    return due && !dice.happens(0.01) ? [{ stream, trace, raw: rawAt(trace, breath, dice) }] : [];
  });
  const moved = { ...before, record: before.record + 1, random: dice.state() };
  if (samples.length === 0) return { curves: moved, bytes: [], unit: undefined };
  const waves = Object.fromEntries(samples.map(({ trace, raw }): [string, number[]] => [`medibus.w${trace.code}`, [raw]]));
  const told = [group(samples, 1), group(samples, 2)] as const;
  const phase = breath.phase === before.phase ? {} : { phase: breath.phase };
  const bytes = recordBytes(samples, {
    ...phase,
    groups: told.map((streams, index) => (streams === before.told[index] ? undefined : streams)),
  });
  const observations = phase.phase === undefined ? {} : { "medibus.breath": phase.phase };
  return { curves: { ...moved, phase: breath.phase, told, open: true }, bytes, unit: { observations, waves, conditions: {} } };
}

/** A sync byte with no stream ends the last record. */
export function lastRecord(curves: Curves): NextRecord {
  if (!curves.open) return { curves, bytes: [], unit: undefined };
  const groups = curves.told.map((streams) => (streams === 0 ? undefined : 0));
  return { curves: { ...curves, open: false, told: [0, 0] }, bytes: recordBytes([], { groups }), unit: undefined };
}

type Sample = { readonly stream: number; readonly raw: number };
const group = (samples: readonly Sample[], which: number): number =>
  samples.reduce(
    (bits, { stream }) => (Math.floor(stream / STREAMS_A_GROUP) === which ? bits | (1 << (stream % STREAMS_A_GROUP)) : bits),
    0,
  );

type Commands = { readonly phase?: "inspiration" | "expiration"; readonly groups: readonly (number | undefined)[] };
/** C4 and C5 tell which of streams 5-8 and 9-12 follow, C6 the phase of the breath. */
export function recordBytes(samples: readonly Sample[], { phase, groups }: Commands): readonly number[] {
  return [
    syncByte(group(samples, 0)),
    ...groups.flatMap((streams, index) => (streams === undefined ? [] : syncCommand(4 + index, streams))),
    ...(phase === undefined ? [] : syncCommand(6, phase === "inspiration" ? 0 : 1)),
    ...samples.flatMap(({ raw }) => sampleBytes(raw)),
  ];
}

// ── The breath ──────────────────────────────────────────────────────────────────────────────────────────────────────

const BREATH = 3700; // ms
const INSPIRATION = 0.36;
type Breath = { readonly phase: "inspiration" | "expiration"; readonly way: number; readonly time: number };
function breathAt(time: number): Breath {
  const place = (time % BREATH) / BREATH;
  if (place < INSPIRATION) return { phase: "inspiration", way: place / INSPIRATION, time };
  return { phase: "expiration", way: (place - INSPIRATION) / (1 - INSPIRATION), time };
}

/** A raw integer from 0 to the trace's bins. */
function rawAt(trace: Trace, breath: Breath, dice: Dice): number {
  const share = (physical(trace.shape, breath) - trace.low) / (trace.high - trace.low);
  const raw = Math.round(share * trace.bins) + dice.between(-3, 3);
  return Math.min(trace.bins, Math.max(0, raw));
}

function physical(shape: Trace["shape"], { phase, way, time }: Breath): number {
  const inward = phase === "inspiration";
  const falling = Math.exp(-4 * way);
  switch (shape) {
    case "pressure":
      return inward ? 5 + 19 * Math.min(1, 1.6 * way) : 5 + 19 * falling;
    case "flow":
      return inward ? 42 * (1 - 0.5 * way) : -55 * falling;
    case "volume":
      return 480 * (inward ? way : falling);
    case "gas":
      return inward ? 38 * Math.max(0, 1 - 8 * way) : 38 * (1 - falling);
    case "pulse":
      return 40 + 30 * Math.sin((time / 770) * 2 * Math.PI);
  }
}
