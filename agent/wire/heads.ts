import { microseconds } from "../../config/units.ts";
import { CLOCK_QUALITY, type ClockMapping, type DeviceClock, STREAM } from "../../proto/messages.ts";
import type { ClockReading, Lane } from "../model/model.ts";
import type { DeviceOffset } from "../session/device-clock.ts";

export function wireClock({ mono, wall, quality }: ClockReading): ClockMapping {
  return {
    monoUs: microseconds(mono),
    utcUs: Math.round(wall * 1000),
    quality: CLOCK_QUALITY[quality.known],
    source: quality.source,
    ...(quality.known === "unsynced" ? {} : { uncertaintyUs: Math.round(quality.uncertainty * 1000) }),
  };
}

export function wireDeviceClock({ offset, bound, against, step }: DeviceOffset): DeviceClock {
  return {
    offsetUs: Math.round(offset * 1000),
    // Rounded up: a bound that is told too small is none.
    boundUs: Math.ceil(bound * 1000),
    against: wireClock(against),
    ...(step === undefined ? {} : { stepUs: Math.round(step.by * 1000), stepAfterUs: microseconds(step.after) }),
  };
}

export const wireStream = (lane: Lane): number => STREAM[lane];

/** A boot id ("3a1f…-…") as its 16 bytes. */
export function bootIdBytes(text: string): Uint8Array {
  const hex = text.replaceAll("-", "").padEnd(32, "0").slice(0, 32);
  return Uint8Array.from({ length: 16 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16) || 0);
}
