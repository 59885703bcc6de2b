import { nextRandom } from "../kit/emulator.ts";

/** Chance for the length of one call; what is kept between calls is its state. */
export type Dice = {
  /** A whole number, both ends included. */
  readonly between: (low: number, high: number) => number;
  readonly happens: (probability: number) => boolean;
  readonly one: <T>(of: readonly [T, ...T[]]) => T;
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
    between,
    happens: (probability) => unit() < probability,
    one: (of) => of[between(0, of.length - 1)] ?? of[0],
    state: () => state,
  };
}
