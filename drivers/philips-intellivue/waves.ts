import { mdcCode, mdcUnit } from "../kit/mdc.ts";
import type { Rate, ScalePoint, WaveMetric } from "../kit/reading.ts";
import { floatOf } from "./float.ts";
import { hex } from "./numerics.ts";
import { NO_SCALE, WAVE_PERIODS, WAVE_SCALES, WAVE_TERMS } from "./wave.table.ts";

/** A range as it is sent: physical ends as FLOAT words, raw ends. */
export type Range = readonly [low: number, high: number, lowRaw: number, highRaw: number];
/** How the metric of a wave is found. */
export type WaveShape = { readonly physio: number; readonly unit: number; readonly period: number; readonly range: Range };

const TICKS_PER_SECOND = 8000;
const WORD = 0x1_0000;

/** IV-19: samples per second as a fraction in lowest terms: 128 ticks are 62.5/s, [125, 2]. */
export function rateOf(period: number): Rate {
  const divisor = greatestDivisor(TICKS_PER_SECOND, period);
  return [TICKS_PER_SECOND / divisor, period / divisor];
}
const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));

const keyOf = ({ physio, period }: Pick<WaveShape, "physio" | "period">, form: string): string => `${physio} ${period} ${form}`;
const scaleForm = (range: Range): string => range.join(" ");
const [BARE, RAW] = ["bare", "raw"];

/**
 * Every wave that can be told, declared before it is seen. `bare`: it has a unit and no scale by its nature, as the pleth (IV-8).
 * `raw`: it has a scale that is none of the table's, so that its integers go without a unit and nobody takes them for millivolts.
 */
const BY_KEY: ReadonlyMap<string, WaveMetric> = new Map(
  WAVE_TERMS.flatMap(([refid, unit]) => {
    const physio = mdcCode(refid) % WORD;
    return WAVE_PERIODS.flatMap((period): readonly (readonly [string, WaveMetric])[] => {
      const named = (more: string) => ({ kind: "wave", refid, name: `${hex(physio)} ${period}${more}`, rate: rateOf(period) }) as const;
      const scales = WAVE_SCALES.filter(([of]) => of === unit).map(([, ...range]) => range);
      return [
        ...(unit === "MDC_DIM_DIMLESS" ? [[keyOf({ physio, period }, BARE), { ...named(""), unit }] as const] : []),
        ...scales.map(
          (range) => [keyOf({ physio, period }, scaleForm(range)), { ...named(" scaled"), unit, scale: pointsOf(range) }] as const,
        ),
        [keyOf({ physio, period }, RAW), named(" raw")],
      ];
    });
  }),
);
const UNIT_OF: ReadonlyMap<number, number> = new Map(WAVE_TERMS.map(([refid, unit]) => [mdcCode(refid) % WORD, mdcUnit(unit) % WORD]));

export const WAVES: readonly WaveMetric[] = [...BY_KEY.values()];

/** The metric of a wave; otherwise what of it is not known. */
export function waveOf(shape: WaveShape): WaveMetric | "physio_unknown" | "unit_unknown" | "rate_unknown" {
  const unit = UNIT_OF.get(shape.physio);
  if (unit === undefined) return "physio_unknown";
  if (unit !== shape.unit) return "unit_unknown";
  const [low, high] = shape.range;
  const scaled = low === NO_SCALE && high === NO_SCALE ? BARE : scaleForm(shape.range);
  return BY_KEY.get(keyOf(shape, scaled)) ?? BY_KEY.get(keyOf(shape, RAW)) ?? "rate_unknown";
}

function pointsOf([low, high, lowRaw, highRaw]: Range): readonly [ScalePoint, ScalePoint] {
  return [pointOf(lowRaw, low), pointOf(highRaw, high)];
}
function pointOf(raw: number, word: number): ScalePoint {
  const physical = floatOf(word);
  if (physical.is === "special") throw new RangeError(`A point of the table of scales has no number: ${hex(word, 8)}.`);
  return { raw, physical: physical.value };
}
