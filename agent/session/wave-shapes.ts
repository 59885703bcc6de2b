import { decimalText } from "../../drivers/kit/decimal.ts";
import type { Reading, WaveMetric } from "../../drivers/kit/reading.ts";

/** A device has at most a dozen waves at a time; more shapes than this come of reconfiguring only. */
const SHAPES_MAX = 64;

/**
 * On the wire rate and scale belong to the metric. A reading that carries its own becomes one of a metric with that shape: the same
 * object as long as the device tells the same, so that a batch introduces it once.
 */
export class WaveShapes {
  readonly #known = new Map<string, WaveMetric>();

  shaped(readings: readonly Reading[]): readonly Reading[] {
    return readings.some(isShaped) ? readings.map((reading) => (isShaped(reading) ? this.#shape(reading) : reading)) : readings;
  }

  #shape({ rate, scale, ...reading }: Wave): Reading {
    const { metric } = reading;
    const points = scale?.map(({ raw, physical }) => `${raw} ${decimalText(physical)}`);
    const key = [metric.refid, metric.name, metric.unit, metric.ucum, rate?.join("/"), ...(points ?? [])].join("|");
    const known = this.#known.get(key);
    if (known !== undefined) return { ...reading, metric: known };
    const shape = { ...metric, ...(rate === undefined ? {} : { rate }), ...(scale === undefined ? {} : { scale }) };
    if (this.#known.size === SHAPES_MAX) this.#known.clear();
    this.#known.set(key, shape);
    return { ...reading, metric: shape };
  }
}

type Wave = Extract<Reading, { told: "wave" }>;
const isShaped = (reading: Reading): reading is Wave =>
  reading.told === "wave" && (reading.rate !== undefined || reading.scale !== undefined);
