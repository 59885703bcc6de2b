import { decimal } from "../kit/decimal.ts";
import type { Rate, Reading, WaveMetric } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";
import type { DriRecord, Subrecord } from "./frame.ts";
import { WAVES, type WaveRow } from "./waves.table.ts";

const HEADER_BYTES = 6;
const GAP = 0x1;
/** A clock that went back, or further, tells nothing of the length of a hole: clocks are set by an hour. */
const HOLE_SECONDS_MAX = 1800;

type RatedWave = WaveMetric & { readonly rate: Rate };
const metricOf = ([, name, term, samples, exponent, unit]: WaveRow): RatedWave => ({
  kind: "wave",
  refid: term === "" ? `ge.wave.${name}` : term,
  name: `wave.${name}`,
  ...(unit === "" ? {} : { unit }),
  rate: [samples, 1],
  ...(exponent === ""
    ? {}
    : {
        scale: [
          { raw: 0, physical: decimal(0) },
          { raw: 10 ** -exponent, physical: decimal(1) },
        ] as const,
      }),
});
const METRIC_OF = new Map(WAVES.map((row) => [row[0], metricOf(row)]));
export const WAVE_METRICS = [...METRIC_OF.values()];

/** GE-19: eight leads in an encoding of its own. */
const ECG_12 = 22;

/** How far each waveform is, by its type: number of the next sample; number and time of the record that had the last. */
export type Waves = Readonly<Record<string, readonly [next: number, record: number, time: number]>>;

/** Every waveform of one record, raw (GE-18). */
export function waveReadings(
  { number, time }: DriRecord,
  subrecords: readonly Subrecord[],
  waves: Waves,
): { readonly readings: readonly Reading[]; readonly waves: Waves } {
  const readings: Reading[] = [];
  const next: Record<string, readonly [number, number, number]> = {};
  for (const { type, view } of subrecords) {
    const read = waveformOf(type, view, next);
    if (typeof read === "string") {
      readings.push({ told: "unreadable", bytes: view.byteLength, reason: read });
      continue;
    }
    const { metric, gap, samples } = read;
    const { first, torn } = firstSample(waves[type], { number, time, gap, count: samples.length, rate: metric.rate[0] });
    next[type] = [first + samples.length, number, time];
    if (samples.length > 0) readings.push({ told: "wave", metric, samples, first, ...(torn ? { gapBefore: true } : {}) });
  }
  return { readings, waves: { ...waves, ...next } };
}

type Waveform = { readonly metric: RatedWave; readonly gap: boolean; readonly samples: readonly number[] };

/** Or why it cannot be read. */
function waveformOf(type: number, view: DataView, before: Readonly<Record<string, unknown>>): Waveform | Word {
  const metric = METRIC_OF.get(type);
  if (metric === undefined) return type === ECG_12 ? "layout_unknown" : "subrecord_unknown";
  if (before[type] !== undefined) return "subrecord_repeated";
  if (view.byteLength < HEADER_BYTES) return "subrecord_length";
  const count = view.getUint16(0, true);
  if (HEADER_BYTES + 2 * count !== view.byteLength) return "samples_length";
  return {
    metric,
    gap: (view.getUint16(2, true) & GAP) !== 0,
    samples: Array.from({ length: count }, (_, n) => view.getInt16(HEADER_BYTES + 2 * n, true)),
  };
}

type Now = { readonly number: number; readonly time: number; readonly gap: boolean; readonly count: number; readonly rate: number };

/**
 * Samples are counted on. Where the monitor tells a gap, or a record is missing, the hole is as long as the monitor's clock says, to the
 * second. Torn: it says nothing, so that one number is left out, and how much was lost is not known.
 */
function firstSample(before: Waves[string] | undefined, { number, time, gap, count, rate }: Now) {
  if (before === undefined) return { first: 0, torn: false };
  const [next, record, since] = before;
  const seconds = time - since;
  // GE-22: 256 records cannot be lost unseen, since the dialogue asks again long before, and the first record then tells a gap.
  if (!gap && ((number - record) & 0xff) === 1) return { first: next, torn: false };
  const hole = seconds * rate - count;
  const torn = hole < 1 || seconds > HOLE_SECONDS_MAX;
  return { first: next + (torn ? 1 : hole), torn };
}
