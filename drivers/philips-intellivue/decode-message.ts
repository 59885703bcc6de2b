import type { Decoded } from "../kit/driver.ts";
import type { Reading } from "../kit/reading.ts";
import { alertReadings } from "./alert-result.ts";
import { Cursor, readAttribute, readList } from "./cursor.ts";
import { identityReadings } from "./identity.ts";
import { associated, type Memory, type Newest } from "./memory.ts";
import { COMMAND, EVENT, type EventReport, type Message, readMessage, readObjectId } from "./message.ts";
import { numericReadings, type Standing } from "./numeric-result.ts";
import { CLASS, type PollResult, readPollResult } from "./poll-result.ts";
import { Telling } from "./telling.ts";
import { waveReadings } from "./wave-result.ts";

/**
 * One message, whichever way it came: the content of a serial frame, or a datagram. `gap` > 0: something before it was lost. A
 * message in which any list does not fill its length is given up whole.
 */
export function decodeMessage(bytes: Uint8Array, memory: Memory, gap: number): Decoded<Memory> {
  const message = readMessage(bytes);
  const telling = new Telling();
  if (message === undefined) {
    telling.giveUp(bytes.length, "message_unknown");
    return { readings: telling.readings, memory: spoiled(memory, gap) };
  }
  return { memory: tellMessage(message, memory, gap, telling), readings: telling.readings };
}

function tellMessage(message: Message, memory: Memory, gap: number, telling: Telling): Memory {
  switch (message.is) {
    case "accepted":
      // IV-16: nothing is taken for granted then.
      if (message.granted === undefined) telling.giveUp(message.bytes, "lengths");
      return associated(memory);
    case "event":
      return tellEvent(message.event, memory, telling);
    case "result":
      return message.command === COMMAND.action ? tellResult(message, memory, gap, telling) : spoiled(memory, gap);
    case "ended":
    case "connect":
    case "error":
      return spoiled(memory, gap);
  }
}

/** Bytes were lost: part of a row of linked answers may have been among them. */
function spoiled(memory: Memory, gap: number): Memory {
  return gap === 0 ? memory : { ...memory, cycle: { ...memory.cycle, count: -1 } };
}

/** IV-16: the create event begins an association. It is answered by the dialogue. */
function tellEvent({ type, time, argument }: EventReport, memory: Memory, telling: Telling): Memory {
  if (type !== EVENT.create) {
    telling.giveUp(argument.length, "event_unknown");
    return memory;
  }
  const cursor = new Cursor(argument);
  readObjectId(cursor);
  const attributes = readList(cursor, readAttribute);
  if (attributes === undefined || !cursor.complete) {
    telling.giveUp(argument.length, "lengths");
    return memory;
  }
  telling.tell(ticksReading(time));
  for (const reading of identityReadings(attributes)) telling.tell(reading);
  return associated(memory);
}

type Result = Extract<Message, { is: "result" }>;

function tellResult({ invoke, link, argument }: Result, memory: Memory, gap: number, telling: Telling): Memory {
  const result = readPollResult(argument);
  if (result === undefined) {
    telling.giveUp(argument.length, "lengths");
    return { ...memory, cycle: { ...memory.cycle, count: -1 } };
  }
  if (result.polled === CLASS.patient) {
    // IV-10: never polled; should it come, not a byte of it is read.
    telling.giveUp(argument.length, "demographics");
    return spoiled(memory, gap);
  }
  const newest = newestWith(result, memory.newest);
  if (newest === "late") {
    telling.giveUp(argument.length, "out_of_time");
    return { ...memory, cycle: { ...memory.cycle, count: -1 } };
  }
  telling.tell(clockReading(result, telling));
  if (!TOLD.includes(result.polled)) telling.giveUp(argument.length, "class_unknown");
  return { ...tellPolled(result, { invoke, link, gap }, memory, telling), newest };
}

const TOLD: readonly number[] = [CLASS.numeric, CLASS.wave, CLASS.alerts, CLASS.monitor];

function tellPolled(result: PollResult, standing: Standing, memory: Memory, telling: Telling): Memory {
  const { gap } = standing;
  switch (result.polled) {
    case CLASS.numeric:
      return numericReadings(result, standing, memory, telling);
    case CLASS.wave:
      return waveReadings(result, standing, spoiled(memory, gap), telling);
    case CLASS.alerts:
      return alertReadings(result, spoiled(memory, gap), telling);
    case CLASS.monitor:
      for (const { attributes } of result.objects) for (const reading of identityReadings(attributes)) telling.tell(reading);
      return spoiled(memory, gap);
    default:
      return spoiled(memory, gap);
  }
}

/** IV-28: an answer that was overtaken by a later one would be taken for what holds now; waves tell their place by themselves. */
function newestWith({ polled, time }: PollResult, newest: Newest): Newest | "late" {
  const kind = polled === CLASS.numeric ? "numerics" : polled === CLASS.alerts ? "alerts" : undefined;
  if (kind === undefined) return newest;
  const before = newest[kind];
  const behind = before < 0 ? 0 : (before - time + TICKS) % TICKS;
  return behind > 0 && behind <= OVERTAKEN_TICKS_MAX ? "late" : { ...newest, [kind]: time };
}
const TICKS = 0x1_0000_0000;
/** Ten seconds: what is further back is no late datagram but another clock. */
const OVERTAKEN_TICKS_MAX = 80_000;

// ── The monitor's clock (IV-9, IV-14) ───────────────────────────────────────────────────────────────────────────────

const ticksReading = (ticks: number): Reading => ({ told: "deviceTime", value: String(ticks) });

/** Its clock where it has one, with the digits as sent; its ticks where it says that it has none. */
function clockReading({ clock, time }: PollResult, telling: Telling): Reading {
  if (clock.every((byte) => byte === 0xff)) return ticksReading(time);
  const pairs = Array.from(clock, (byte) => byte.toString(16).padStart(2, "0"));
  if (pairs.some((pair) => /[a-f]/.test(pair))) {
    telling.giveUp(clock.length, "clock");
    return ticksReading(time);
  }
  const [century, year, month, day, hour, minute, second, fraction] = pairs;
  return { told: "deviceTime", value: `${century}${year}-${month}-${day} ${hour}:${minute}:${second}.${fraction}` };
}
