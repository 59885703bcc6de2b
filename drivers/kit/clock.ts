import type { Duration } from "../../config/units.ts";

/**
 * How the clock of a device reads, where the device time that a driver tells is a date and time of now. A counter has none, and neither
 * has the time of a measurement from the device's memory.
 */
export type DeviceClock = {
  /**
   * The text of a device time in milliseconds since 1970, read as if it were UTC; undefined where it is no time of this form. Total and
   * pure. None of the devices read so far says a zone.
   */
  readonly read: (text: string) => number | undefined;
  /** What it counts in: the clock shows a time until it is later by this. */
  readonly grain: Duration;
};

/** Month counts from 1. */
export type DateAndTime = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
};

/** Milliseconds since 1970, as if it were UTC; undefined where the calendar has no such day, or the day no such time. */
export function milliseconds({ year, month, day, hour, minute, second }: DateAndTime): number | undefined {
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  const found = new Date(time);
  // What the calendar does not have, Date takes for a day behind it.
  const same = [found.getUTCFullYear(), found.getUTCMonth() + 1, found.getUTCDate(), found.getUTCHours(), found.getUTCMinutes()];
  return [year, month, day, hour, minute].every((part, i) => part === same[i]) && second < 60 ? withinDates(time) : undefined;
}

const DATES_END = Date.UTC(2200, 0, 1);
/** A time in milliseconds since 1970, where a clock may show it: in microseconds it is exact then, on the wire too. */
export const withinDates = (time: number): number | undefined => (time >= 0 && time < DATES_END ? time : undefined);

/** From here on two digits of a year are of the last century: no device of this registry is older, and none will live to see it. */
const CENTURY_TURNS = 80;
export const fullYear = (twoDigits: number): number => twoDigits + (twoDigits < CENTURY_TURNS ? 2000 : 1900);
