import type { Status } from "../health/snapshot.ts";

type DeviceClock = NonNullable<Status["devices"][number]["clock"]>;

/** Less than this beyond the bound is nobody's work. */
const WORTH_TELLING = 1000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** All zones differ by whole parts of this, and by no more than that. */
const ZONE_STEP = HOUR / 4;
const ZONE_MOST = 14 * HOUR;
/** A clock that stands in another zone may be a little wrong besides. */
const ZONE_SLACK = 2 * MINUTE;

/**
 * "is 23 min 40 s behind (± 1 s)"; undefined where it is right as far as is known. A device shows local time and says no zone: it is
 * compared with the local time of this box, `zone` milliseconds ahead of UTC.
 */
export function deviceClockText({ offsetMs, boundMs, against }: DeviceClock, zone: number): string | undefined {
  const off = offsetMs - zone;
  if (Math.abs(off) <= boundMs + WORTH_TELLING) return undefined;
  const bound = `± ${lengthText(Math.ceil(boundMs / 1000) * 1000)}`;
  const side = off < 0 ? "behind" : "ahead of";
  const vouched = against === "unsynced" ? "; but nobody vouches for the clock of this box" : guess(off);
  return `is ${lengthText(Math.abs(off))} ${side} the local time of this box (${bound})${vouched}`;
}

function guess(off: number): string {
  const zones = Math.round(off / ZONE_STEP) * ZONE_STEP;
  if (zones === 0 || Math.abs(zones) > ZONE_MOST || Math.abs(off - zones) > ZONE_SLACK) return "";
  return Math.abs(zones) === HOUR ? "; probably daylight saving" : "; perhaps another time zone";
}

const YEAR = 8766;
/** The two largest units that say something: "1 h 2 min". */
function lengthText(time: number): string {
  const seconds = Math.round(time / 1000);
  const hours = Math.floor(seconds / 3600);
  const parts: readonly (readonly [count: number, unit: string])[] = [
    [Math.floor(hours / YEAR), "years"],
    [Math.floor((hours % YEAR) / 24), "days"],
    [(hours % YEAR) % 24, "h"],
    [Math.floor((seconds % 3600) / 60), "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  const told = first < 0 ? [] : parts.slice(first, first + 2).filter(([count]) => count > 0);
  return told.length === 0 ? "0 s" : told.map(([count, unit]) => `${count} ${unit}`).join(" ");
}
