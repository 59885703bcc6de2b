/** The value of a template's hole. Throws RangeError where it is no whole number from `least` to `most`. */
export function within(hole: string, value: number | undefined, [least, most]: readonly [least: number, most: number]): number {
  if (value !== undefined && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${hole} is ${value}, and may be a whole number from ${least} to ${most}.`);
}
