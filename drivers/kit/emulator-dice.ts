import { nextRandom } from "./emulator.ts";

/** Chance of an emulated device for the length of one call; what is kept between calls is its state. */
export type Dice = {
  readonly unit: () => number;
  /** A whole number, both ends included. */
  readonly between: (low: number, high: number) => number;
  readonly happens: (probability: number) => boolean;
  readonly one: <T>(of: readonly [T, ...T[]]) => T;
  /** A number near `middle`, printed with so many decimals. */
  readonly near: (middle: number, spread: number, decimals: number) => string;
  readonly state: () => number;
};

export function roll(from: number): Dice {
  let state = from;
  const unit = (): number => {
    const [next, value] = nextRandom(state);
    state = next;
    return value;
  };
  const between = (low: number, high: number): number => low + Math.floor(unit() * (high - low + 1));
  return {
    unit,
    between,
    happens: (probability) => unit() < probability,
    one: (of) => of[between(0, of.length - 1)] ?? of[0],
    near: (middle, spread, decimals) => (middle + (unit() - 0.5) * 2 * spread).toFixed(decimals),
    state: () => state,
  };
}
