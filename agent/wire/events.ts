import type { Duration } from "../../config/units.ts";
import { type Event, RUN_END } from "../../proto/messages.ts";
import type { Fault } from "../fault/fault.ts";
import type { ClockReading, LastKnown } from "../model/model.ts";
import type { Attachment, Discarded } from "../session/attachment.ts";
import type { DeviceOffset } from "../session/device-clock.ts";
import type { Gap } from "../spool/gaps.ts";
import type { PreviousRun } from "../spool/run-file.ts";
import { wireClock, wireDeviceClock, wireStream } from "./heads.ts";

/** What the gateway says of itself, as events. */

const wireLast = (last: readonly LastKnown[]) => last.map(({ epoch, lane, n }) => ({ epoch, stream: wireStream(lane), n }));

export function gapEvent({ run, epoch, lane, first, last, reason }: Gap): Event {
  return { kind: "gap", gap: { run, epoch, stream: wireStream(lane), nFirst: first, nLast: last, reason } };
}
export function runEndedEvent({ run, how, last }: PreviousRun, window: Duration): Event {
  return { kind: "runEnded", runEnded: { run, how: RUN_END[how], windowMs: Math.round(window), last: wireLast(last) } };
}
export const clockMappingEvent = (clock: ClockReading): Event => ({ kind: "clockMapping", clockMapping: wireClock(clock) });

export const deviceClockEvent = (offset: DeviceOffset): Event => ({ kind: "deviceClock", deviceClock: wireDeviceClock(offset) });

export const epochBeganEvent = ({ location, driver, facts }: Attachment): Event => ({
  kind: "epochBegan",
  epochBegan: { location, driver, facts },
});
export const epochEndedEvent = (reason: string, last: readonly LastKnown[]): Event => ({
  kind: "epochEnded",
  epochEnded: { reason, last: wireLast(last) },
});

export const discardsEvent = (what: Discarded): Event => ({ kind: "discards", discards: what });

export function faultEvent(fault: Fault, more: { readonly ended: boolean; readonly location: string | undefined }): Event {
  const { key, number, message } = fault;
  return {
    kind: "fault",
    fault: { key, number, text: message, ended: more.ended, ...(more.location === undefined ? {} : { location: more.location }) },
  };
}
