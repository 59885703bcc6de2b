import { type Duration, elapsed, Minutes, type Mono, Seconds } from "../../config/units.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import type { ClockReading } from "../model/model.ts";

/** A device's clock is looked at no oftener, unless it was found elsewhere. */
export const LOOK_EVERY = Seconds(10);
/** What one stamp says anew is believed when another agrees that is later by this: a frame that is sent twice says nothing twice. */
export const AGREE_AFTER = Seconds(3);
/** Two stamps agree where they differ by no more than their bounds and this: a device does not send at once what it stamps. */
const JITTER_MAX = Seconds(0.5);
/** A difference that grew by more than the bounds and this since the last look is a step. Less is drift, or a device that sends late. */
export const STEP_LEAST = Seconds(1);
/** A difference that grew slowly, or is known better, is told anew no oftener. */
export const TELL_EVERY = Minutes(1);
/** Bits that a byte takes at most on a line: start, eight, parity, stop. */
const BITS_A_BYTE = 11;

/**
 * How far a device's clock is from the gateway's: its time, read as if it were UTC, minus what the gateway believed, in milliseconds. The
 * truth lies within `bound` of it, as far as the gateway can know: how old a time is when the device sends it, nobody tells. That makes
 * the device's clock look slower than it is. The error of the gateway's own clock stands in `against` and not in `bound`.
 */
export type DeviceOffset = {
  readonly offset: number;
  readonly bound: Duration;
  /** The gateway's clock at the instant of the comparison, with its quality. */
  readonly against: ClockReading;
  /** The device's clock jumped by so many milliseconds, after it was last seen where it was. Nothing the gateway's own clock did is one. */
  readonly step?: { readonly by: number; readonly after: Mono };
};

/** What a session needs to compare, and whom it tells. */
export type ClockHooks = {
  /** The gateway's clock at that instant, as it is believed now. */
  readonly clockAt: (at: Mono) => ClockReading;
  /** Once an epoch, and when it changes. */
  readonly deviceClock: (epoch: number, offset: DeviceOffset) => void;
};

/** One device time, and when its frame was read. */
export type DeviceStamp = {
  /** In milliseconds since 1970, as if it were UTC. */
  readonly shown: number;
  readonly grain: Duration;
  /** How long the frame may have been on the line and in the kernel. */
  readonly underWay: Duration;
  readonly against: ClockReading;
};

/** A device time against the clock that never steps: how far it is ahead of the time since boot, in milliseconds. */
type Seen = { readonly ahead: number; readonly bound: Duration; readonly against: ClockReading };
export type DeviceClockState = {
  readonly believed: Seen | undefined;
  /** Says another time than is believed; the next one decides. */
  readonly doubted: Seen | undefined;
  readonly told: DeviceOffset | undefined;
};
export const CLOCK_UNKNOWN: DeviceClockState = { believed: undefined, doubted: undefined, told: undefined };

/** Whether a device time that was read at this instant is wanted. */
export function isLookDue({ believed, doubted }: DeviceClockState, at: Mono): boolean {
  if (doubted !== undefined) return elapsed(doubted.against.mono, at) >= AGREE_AFTER;
  return believed === undefined || elapsed(believed.against.mono, at) >= LOOK_EVERY;
}

/**
 * | the stamp                               | what becomes of it                                              |
 * |-----------------------------------------|-----------------------------------------------------------------|
 * | goes on as is believed                  | believed; told where it drifted, or the gateway's clock is better known |
 * | says another time, or is the first      | doubted                                                         |
 * | agrees with one that is doubted         | believed, and told: the first time of the epoch, or a step      |
 */
export function nextDeviceClock(
  state: DeviceClockState,
  stamp: DeviceStamp,
): { readonly state: DeviceClockState; readonly tell: DeviceOffset | undefined } {
  const seen = seenIn(stamp);
  const { believed, doubted } = state;
  if (believed !== undefined && isWithin(believed, seen, STEP_LEAST)) return goesOn(state, seen);
  if (doubted === undefined || !isWithin(doubted, seen, JITTER_MAX)) return { state: { ...state, doubted: seen }, tell: undefined };
  const step = believed === undefined ? {} : { step: { by: seen.ahead - believed.ahead, after: believed.against.mono } };
  const tell = { ...offsetOf(seen), ...step };
  return { state: { believed: seen, doubted: undefined, told: tell }, tell };
}

/** The offset as it was last measured; undefined before two stamps agreed. */
export const latestOffset = ({ believed }: DeviceClockState): DeviceOffset | undefined => believed && offsetOf(believed);

/** How long so many bytes are on the line at most, where the device sends them without a pause. On a network nobody knows. */
export const timeOnLine = (bytes: number, { frame, line }: Pick<AnyDriver, "frame" | "line">): Duration =>
  ("datagram" in frame ? 0 : (bytes * BITS_A_BYTE * 1000) / line.speed) as Duration;

function goesOn(state: DeviceClockState, seen: Seen): ReturnType<typeof nextDeviceClock> {
  const { told } = state;
  const now = offsetOf(seen);
  const isNews = told !== undefined && isOtherwise(told, now) && elapsed(told.against.mono, now.against.mono) >= TELL_EVERY;
  return { state: { believed: seen, doubted: undefined, told: isNews ? now : told }, tell: isNews ? now : undefined };
}

const isOtherwise = (told: DeviceOffset, now: DeviceOffset): boolean =>
  told.against.quality.known !== now.against.quality.known || Math.abs(told.offset - now.offset) > told.bound + now.bound + STEP_LEAST;

const isWithin = (one: Seen, other: Seen, slack: Duration): boolean => Math.abs(one.ahead - other.ahead) <= one.bound + other.bound + slack;

/** The device showed that time from when it began until a grain later, and said so between now and as long ago as a frame is under way. */
function seenIn({ shown, grain, underWay, against }: DeviceStamp): Seen {
  const bound = ((grain + underWay) / 2) as Duration;
  return { ahead: shown + bound - sinceBoot(against.mono), bound, against };
}

function offsetOf({ ahead, bound, against }: Seen): DeviceOffset {
  return { offset: ahead + sinceBoot(against.mono) - against.wall, bound, against };
}

const sinceBoot = (at: Mono): number => Number(at) / 1e6;
