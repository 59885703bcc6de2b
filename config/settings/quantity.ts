import { type Bytes, type Duration, KiB, MiB, Milliseconds, Minutes, Seconds } from "../units.ts";

/** Quantities as the configuration writes them: a number with its unit. */

const DURATIONS: Readonly<Record<string, (value: number) => Duration>> = { ms: Milliseconds, s: Seconds, min: Minutes };
const SIZES: Readonly<Record<string, (value: number) => Bytes>> = { KiB, MiB, GiB: (value) => MiB(value * 1024) };

export const UNITS = { duration: Object.keys(DURATIONS).join(", "), bytes: Object.keys(SIZES).join(", ") } as const;

/** Undefined where the text is no quantity of that kind. */
export const parseDuration = (text: string): Duration | undefined => parse(text, DURATIONS);
export const parseBytes = (text: string): Bytes | undefined => parse(text, SIZES);

function parse<T>(text: string, units: Readonly<Record<string, (value: number) => T>>): T | undefined {
  const [, number, name = ""] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text) ?? [];
  const unit = Object.hasOwn(units, name) ? units[name] : undefined;
  return unit?.(Number(number));
}
