import { within } from "../kit/bound.ts";
import type { Template } from "../kit/driver.ts";
import { CLOSING_ZEROS, PRESENTATION, RELEASE_REQUEST, SESSION, USER_WORDS, WAVE_LABELS } from "./association.table.ts";
import { COMMAND, EVENT } from "./message.ts";
import { ACTION, CLASS } from "./poll-result.ts";
import { framed } from "./serial-frame.ts";

/**
 * Everything that is ever sent, as messages. There is no other action than the two polls, no SET but that of the list of waves that
 * this association is sent, and nothing that a monitor does or shows depends on it (IV-25).
 */
const ALL = 0x0000;
const AL_MON = 0x0801;
const WAVE_LIST = 0xf23a;
const POLL_PERIOD = 0xf13e;
const REPLACE = 0x0000;

/** Options that are asked for: numerics each second, waves. */
export const OPTION = { numerics: 0x8000_0000, waves: 0x0800_0000 } as const;
const POLL_OPTIONS = 0x6000_0000;
const MTU = 768;
const BANDWIDTH_ANY = 0xffff_ffff;

export const MESSAGES = {
  ASSOCIATE: template(["pollTicks"], ({ pollTicks }) => associationRequest(pollTicks)),
  CREATED: template(["invoke"], ({ invoke }) =>
    dataMessage(2, u16(invoke), u16(COMMAND.confirmedEvent), sized(u16(CLASS.monitor), u32(0), u32(0), u16(EVENT.create), u16(0))),
  ),
  POLL_MONITOR: template(["invoke"], ({ invoke }) => singlePoll(invoke, CLASS.monitor, ALL)),
  ASK_NUMERICS: template(["invoke"], ({ invoke }) => singlePoll(invoke, CLASS.numeric, ALL)),
  ASK_ALERTS: template(["invoke"], ({ invoke }) => singlePoll(invoke, CLASS.alerts, AL_MON)),
  POLL_NUMERICS: template(["invoke", "leaseTicks"], ({ invoke, leaseTicks }) => extendedPoll(invoke, [CLASS.numeric, ALL], leaseTicks)),
  POLL_WAVES: template(["invoke", "leaseTicks"], ({ invoke, leaseTicks }) => extendedPoll(invoke, [CLASS.wave, ALL], leaseTicks)),
  POLL_ALERTS: template(["invoke", "leaseTicks"], ({ invoke, leaseTicks }) => extendedPoll(invoke, [CLASS.alerts, AL_MON], leaseTicks)),
  GET_WAVES: template(["invoke"], ({ invoke }) =>
    dataMessage(1, u16(invoke), u16(COMMAND.get), sized(MONITOR, u32(0), list(1, u16(WAVE_LIST)))),
  ),
  SET_WAVES: template(["invoke"], ({ invoke }) =>
    dataMessage(
      1,
      u16(invoke),
      u16(COMMAND.confirmedSet),
      sized(MONITOR, u32(0), list(1, u16(REPLACE), u16(WAVE_LIST), sized(list(WAVE_LABELS.length, ...WAVE_LABELS.map(u32))))),
    ),
  ),
  RELEASE: { holes: [], encode: () => fromHex(RELEASE_REQUEST) },
} as const;

/** The same on the serial line. */
export const SERIAL = {
  ASSOCIATE: onSerial(MESSAGES.ASSOCIATE),
  CREATED: onSerial(MESSAGES.CREATED),
  POLL_MONITOR: onSerial(MESSAGES.POLL_MONITOR),
  ASK_NUMERICS: onSerial(MESSAGES.ASK_NUMERICS),
  ASK_ALERTS: onSerial(MESSAGES.ASK_ALERTS),
  POLL_NUMERICS: onSerial(MESSAGES.POLL_NUMERICS),
  POLL_WAVES: onSerial(MESSAGES.POLL_WAVES),
  POLL_ALERTS: onSerial(MESSAGES.POLL_ALERTS),
  GET_WAVES: onSerial(MESSAGES.GET_WAVES),
  SET_WAVES: onSerial(MESSAGES.SET_WAVES),
  RELEASE: onSerial(MESSAGES.RELEASE),
} as const;

function onSerial<H extends string>({ holes, encode }: Template<H>): Template<H> {
  return { holes, encode: (fill) => framed(encode(fill)) };
}

type Hole = "invoke" | "pollTicks" | "leaseTicks";
/** A second to 43 s of poll period; a lease of a second to a minute. */
const BOUNDS: Readonly<Record<Hole, readonly [min: number, max: number]>> = {
  invoke: [0, 0xffff],
  pollTicks: [8000, 344_000],
  leaseTicks: [8000, 480_000],
};

function template<const H extends Hole>(holes: readonly H[], encode: (fill: Readonly<Record<H, number>>) => Uint8Array): Template<H> {
  return {
    holes,
    encode: (fill) => {
      for (const hole of holes) within(hole, fill[hole], BOUNDS[hole]);
      return encode(fill);
    },
  };
}

// ── Bytes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

type Part = readonly number[];
const u16 = (value: number): Part => [(value >>> 8) & 0xff, value & 0xff];
const u32 = (value: number): Part => [...u16(value >>> 16), ...u16(value)];
const joined = (parts: readonly Part[]): Part => parts.flat();
/** Length in two bytes, then the bytes. */
function sized(...parts: readonly Part[]): Part {
  const bytes = joined(parts);
  return [...u16(bytes.length), ...bytes];
}
const list = (count: number, ...parts: readonly Part[]): Part => [...u16(count), ...sized(...parts)];
const fromHex = (lines: readonly string[]): Uint8Array => Uint8Array.from(hexBytes(lines));
const hexBytes = (lines: readonly string[]): Part => lines.flatMap((line) => line.split(" ").map((pair) => Number.parseInt(pair, 16)));

const MONITOR: Part = [...u16(CLASS.monitor), ...u32(0)];

function dataMessage(operation: number, ...body: readonly Part[]): Uint8Array {
  return Uint8Array.from([...u16(0xe100), ...u16(2), ...u16(operation), ...sized(...body)]);
}

function action(invoke: number, type: number, ...argument: readonly Part[]): Uint8Array {
  return dataMessage(1, u16(invoke), u16(COMMAND.action), sized(MONITOR, u32(0), u16(type), sized(...argument)));
}

const POLL_NUMBER = 0;
const OBJECTS = 1;
function singlePoll(invoke: number, polled: number, group: number): Uint8Array {
  return action(invoke, ACTION.single, u16(POLL_NUMBER), u16(OBJECTS), u16(polled), u16(group));
}

function extendedPoll(invoke: number, [polled, group]: readonly [number, number], leaseTicks: number): Uint8Array {
  const lease = list(1, u16(POLL_PERIOD), sized(u32(leaseTicks)));
  return action(invoke, ACTION.extended, u16(POLL_NUMBER), u16(OBJECTS), u16(polled), u16(group), lease);
}

/** IV-16: two lengths of one byte each count what is behind them. */
function associationRequest(pollTicks: number): Uint8Array {
  const extensions = list(1, u16(0xf001), sized(u32(OPTION.numerics | OPTION.waves), list(0)));
  const profile = joined([u32(0x8000_0000), u32(pollTicks), u32(MTU), u32(MTU), u32(BANDWIDTH_ANY), u32(POLL_OPTIONS), extensions]);
  const userData = [...hexBytes(USER_WORDS), ...list(1, u16(0x0001), sized(profile))];
  const presentation = [...hexBytes(PRESENTATION), 0x81, userData.length, ...userData, ...new Array<number>(CLOSING_ZEROS).fill(0)];
  const session = [...hexBytes(SESSION), 0xc1, presentation.length, ...presentation];
  return Uint8Array.of(0x0d, session.length, ...session);
}
