import { decimal, decimalFromText } from "../kit/decimal.ts";
import type { Rate, Reading, Scale } from "../kit/reading.ts";
import { BREATH, CURVE_METRICS } from "./metrics.ts";

/** A curve as the device told it. Serialisable. */
export type Curve = {
  readonly code: number;
  /** Microseconds from one sample to the next (MB-41). */
  readonly interval: number;
  /** Physical values at raw 0 and at raw `bins`, exactly as printed. */
  readonly low: Point;
  readonly high: Point;
  readonly bins: number;
  /** Number of the next sample, and records since the last one. */
  readonly next: number;
  readonly since: number;
  /** It was sent before, and nobody knows how long it was not. */
  readonly torn: boolean;
};
type Point = readonly [mantissa: number, exponent: number];
/** What is known of the curves. Serialisable; at most twelve of them. */
export type Curves = {
  /** "offered": the device can send these; "confirmed": it does, in this order. */
  readonly phase: "unknown" | "offered" | "confirmed";
  readonly asked: readonly Curve[];
  /** Which of the streams 5 to 8 and 9 to 12 follow: said when it changes. */
  readonly more: readonly [number, number];
  /** Bytes of records that could not be read, and were not told yet. */
  readonly unread: number;
  /** By reference id: samples are counted on when the curves are configured anew. */
  readonly numbers: Readonly<Record<string, number>>;
};
export const NO_CURVES: Curves = { phase: "unknown", asked: [], more: [0, 0], unread: 0, numbers: {} };

/** Curves asked of a device: four take 32 % of 19200 baud, twelve would take 90 % and leave no room for the answers. */
const CURVES_ASKED = 4;
export const CURVES_MAX = 12;
/** Bytes of unreadable records that are told at once: a device that sends curves from before is soon told otherwise. */
const UNREAD_TOLD = 512;

// ── Configuration ───────────────────────────────────────────────────────────────────────────────────────────────────

const ENTRY = /^([0-9A-F]{2})([ \d]{8})([ \d.-]{5})([ \d.-]{5})([ \dA-F]{3})$/;
const ENTRY_LENGTH = 23;

/** MB-41: what the device can send; the most wanted are kept, one of a quantity. What is no curve of the list is left. */
export function offered(text: string, curves: Curves): { readonly readings: readonly Reading[]; readonly curves: Curves } {
  const before = forgotten(curves);
  const entries = Array.from({ length: Math.ceil(text.length / ENTRY_LENGTH) }, (_, i) =>
    text.slice(i * ENTRY_LENGTH, (i + 1) * ENTRY_LENGTH),
  );
  const all = entries.map((entry) => curveOf(entry, before.numbers));
  const bad = all.filter((one) => one === undefined).length;
  const wanted = [...CURVE_METRICS.keys()];
  const known = all.flatMap((one) => (one !== undefined && wanted.includes(one.code) ? [one] : []));
  const best = known.toSorted((a, b) => wanted.indexOf(a.code) - wanted.indexOf(b.code));
  const asked = best.filter((one, i) => best.findIndex(({ code }) => refidOf(code) === refidOf(one.code)) === i).slice(0, CURVES_ASKED);
  const readings: readonly Reading[] = bad === 0 ? [] : [{ told: "unreadable", bytes: bad * ENTRY_LENGTH, reason: "curve" }];
  return { readings, curves: { ...before, phase: "offered", asked } };
}

const refidOf = (code: number): string => CURVE_METRICS.get(code)?.refid ?? "";

function curveOf(entry: string, numbers: Curves["numbers"]): Curve | undefined {
  const [, hex, interval, low, high, bins] = ENTRY.exec(entry) ?? [];
  const scale = [pointOf(low ?? ""), pointOf(high ?? "")] as const;
  const rest = { interval: Number(interval), bins: Number.parseInt((bins ?? "").trim(), 16) };
  if (hex === undefined || scale[0] === undefined || scale[1] === undefined || !(rest.interval > 0 && rest.bins > 0)) return undefined;
  const code = Number.parseInt(hex, 16);
  const next = numbers[refidOf(code)];
  return { code, low: scale[0], high: scale[1], ...rest, next: next ?? 0, since: 0, torn: next !== undefined };
}

/** MB-41: blanks may stand before the number, and between the minus and the digits. */
function pointOf(field: string): Point | undefined {
  const [, sign, digits] = /^ *(-?) *([\d.]+) *$/.exec(field) ?? [];
  const value = decimalFromText(`${sign}${digits}`);
  return value && [Number(value.mantissa), value.exponent];
}

/** MB-50: the device has forgotten it all. One number is left out: nobody knows how much is missing. */
export function forgotten({ asked, numbers, unread }: Curves): Curves {
  const counted = Object.fromEntries(asked.flatMap(({ code, next }) => (next === 0 ? [] : [[refidOf(code), next + 1]])));
  return { ...NO_CURVES, unread, numbers: { ...numbers, ...counted } };
}

/** The device will send what it was asked for, in that order. */
export const confirmed = (curves: Curves): Curves => (curves.phase === "offered" ? { ...curves, phase: "confirmed" } : curves);

// ── Records ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const COMMAND = { streams5: 0x4, streams9: 0x5, breath: 0x6 } as const;

type Recorded = { readonly readings: readonly Reading[]; readonly curves: Curves };
/** MB-40, MB-42: a sync byte, sync commands, two bytes for each stream that follows. `gap`: bytes discarded before it. */
export function record(frame: Uint8Array, curves: Curves, gap: number): Recorded {
  const { more, breath, at } = commands(frame, curves.more);
  const bits = (frame[0]! & 0xf) | (more[0] << 4) | (more[1] << 8);
  const streams = Array.from({ length: CURVES_MAX }, (_, i) => i).filter((i) => (bits & (1 << i)) !== 0);
  const { asked, unread } = curves;
  const lost = gap === 0 ? 0 : Math.max(1, Math.round(gap / (1 + 2 * asked.length)));
  const passed = asked.map((curve) => ({ ...curve, since: curve.since + 1 + lost }));
  const known = { ...curves, more, asked: passed };
  const isKnown = curves.phase === "confirmed" && streams.every((stream) => stream < asked.length);
  if (!isKnown || frame.length !== at + 2 * streams.length) return given(known, unread + frame.length);
  const period = periodOf(passed);
  const readings: Reading[] = unread === 0 ? [] : [unreadable(unread)];
  if (breath !== undefined) readings.push({ told: "text", metric: BREATH, value: breath });
  const next = passed.map((curve, stream) => {
    const place = at + 2 * streams.indexOf(stream);
    if (place < at) return curve;
    const { wave, curve: counted } = sampled(curve, (frame[place]! & 0x3f) | ((frame[place + 1]! & 0x3f) << 6), period);
    readings.push(...wave);
    return counted;
  });
  return { readings, curves: { ...known, asked: next, unread: 0 } };
}

/** What no record has told by the next answer is told with it: the records may have ceased. */
export function settled(curves: Curves): Recorded {
  return curves.unread === 0 ? { readings: [], curves } : { readings: [unreadable(curves.unread)], curves: { ...curves, unread: 0 } };
}

const unreadable = (bytes: number): Reading => ({ told: "unreadable", bytes, reason: "record_unread" });
function given(curves: Curves, unread: number): Recorded {
  return unread < UNREAD_TOLD
    ? { readings: [], curves: { ...curves, unread } }
    : { readings: [unreadable(unread)], curves: { ...curves, unread: 0 } };
}

function commands(frame: Uint8Array, before: Curves["more"]) {
  let more = before;
  let breath: "inspiration" | "expiration" | undefined;
  let at = 1;
  for (; (frame[at] ?? 0) >= 0xc0; at += 2) {
    const argument = frame[at + 1]! & 0xf;
    switch (frame[at]! & 0xf) {
      case COMMAND.streams5:
        more = [argument, more[1]];
        break;
      case COMMAND.streams9:
        more = [more[0], argument];
        break;
      case COMMAND.breath:
        breath = argument === 0 ? "inspiration" : argument === 1 ? "expiration" : undefined;
        break;
    }
  }
  return { more, breath, at };
}

/** Time between records; undefined where intervals are no multiples of it, so that the number of records tells nothing. */
function periodOf(curves: readonly Curve[]): number | undefined {
  const shortest = Math.min(...curves.map(({ interval }) => interval));
  return curves.every(({ interval }) => interval % shortest === 0) ? shortest : undefined;
}

/** Samples that were due and did not come are a hole in the count (MB-43). */
function sampled(curve: Curve, raw: number, period: number | undefined): { readonly wave: readonly Reading[]; readonly curve: Curve } {
  const { code, interval, low, high, bins, next, since, torn } = curve;
  const due = period === undefined ? 1 : Math.max(1, Math.round((since * period) / interval));
  // The first sample of all begins the count.
  const first = next === 0 ? 0 : next + due - 1;
  const scale: Scale = [
    { raw: 0, physical: decimal(...low) },
    { raw: bins, physical: decimal(...high) },
  ];
  const metric = CURVE_METRICS.get(code);
  return {
    wave:
      metric === undefined
        ? []
        : [{ told: "wave", metric, samples: [raw], first, rate: rateOf(interval), scale, ...(torn ? { gapBefore: true } : {}) }],
    curve: { ...curve, next: first + 1, since: 0, torn: false },
  };
}

const MICROSECONDS = 1_000_000;
const rateOf = (interval: number): Rate => [MICROSECONDS / divisor(interval, MICROSECONDS), interval / divisor(interval, MICROSECONDS)];
function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
