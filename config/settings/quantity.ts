import { type Bytes, type Duration, KiB, MiB, Milliseconds, Minutes, Seconds } from "../units.ts";

/** Quantities as the configuration writes them: a number with its unit. */

const DURATIONS: Readonly<Record<string, (value: number) => Duration>> = { ms: Milliseconds, s: Seconds, min: Minutes };
const SIZES: Readonly<Record<string, (value: number) => Bytes>> = { KiB, MiB, GiB: (value) => MiB(value * 1024) };

export const UNITS = { duration: Object.keys(DURATIONS).join(", "), bytes: Object.keys(SIZES).join(", ") } as const;
const patternOf = (units: readonly string[]): RegExp => new RegExp(`^(\\d+(?:\\.\\d+)?) ?(${units.join("|")})$`);
/** What a quantity of that kind looks like, whole. */
export const PATTERNS = { duration: patternOf(Object.keys(DURATIONS)), bytes: patternOf(Object.keys(SIZES)) } as const;

/** Undefined where the text is no quantity of that kind. */
export const parseDuration = (text: string): Duration | undefined => parse(PATTERNS.duration.exec(text), DURATIONS);
export const parseBytes = (text: string): Bytes | undefined => parse(PATTERNS.bytes.exec(text), SIZES);

function parse<T>(match: RegExpExecArray | null, units: Readonly<Record<string, (value: number) => T>>): T | undefined {
  const [, number, unit = ""] = match ?? [];
  return number === undefined ? undefined : units[unit]?.(Number(number));
}
