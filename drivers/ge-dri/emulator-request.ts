import { HEADER_BYTES, MAIN } from "./emulator-frame.ts";

/** What a monitor may be asked. A request with anything else in it, also in a reserved field, is not obeyed. */
export type Request =
  | { readonly ask: "displayed" | "trend 10 s" | "trend 60 s"; readonly interval: number; readonly classes: readonly boolean[] }
  | { readonly ask: "waves"; readonly types: readonly number[] }
  | { readonly ask: "no waves" }
  | { readonly ask: "alarms once" | "alarm changes" | "no alarms" };

const KINDS = { 1: "displayed", 2: "trend 10 s", 3: "trend 60 s" } as const;
const COMMANDS = { 0: "alarms once", 2: "alarm changes", 3: "no alarms" } as const;
const BODY_BYTES = { physiological: 9, wave: 32, alarm: 12 } as const;
const WAVE_TYPES_AT = 4;
const WAVE_TYPES = 8;
const WAVE_ADDED = 16;
const LAST = 0xff;
/** r_time, number and level of a request say nothing; from here on everything but the main type is zero or a descriptor. */
const RESERVED_AT = 10;
const MAIN_AT = 14;
const FIRST_DESCRIPTOR_AT = 16;
const SECOND_TYPE_AT = 21;

export function requestOf(record: Uint8Array): Request | undefined {
  if (record.length < HEADER_BYTES || !isPlainHeader(record)) return undefined;
  const view = new DataView(record.buffer, record.byteOffset + HEADER_BYTES, record.length - HEADER_BYTES);
  switch (record[MAIN_AT]! | (record[MAIN_AT + 1]! << 8)) {
    case MAIN.physiological:
      return view.byteLength === BODY_BYTES.physiological ? physiological(view) : undefined;
    case MAIN.wave:
      return view.byteLength === BODY_BYTES.wave ? waves(view) : undefined;
    case MAIN.alarm:
      return view.byteLength === BODY_BYTES.alarm ? alarms(view) : undefined;
  }
  return undefined;
}

/** One descriptor with offset 0 and type 0; the type of the second ends the list. */
function isPlainHeader(record: Uint8Array): boolean {
  const isFree = (at: number): boolean => at === MAIN_AT || at === MAIN_AT + 1 || at === SECOND_TYPE_AT || at > SECOND_TYPE_AT;
  for (let at = RESERVED_AT; at < FIRST_DESCRIPTOR_AT + 6; at++) if (!isFree(at) && record[at] !== 0) return false;
  return record[SECOND_TYPE_AT] === LAST;
}

function physiological(view: DataView): Request | undefined {
  const ask = KINDS[view.getUint8(0) as keyof typeof KINDS];
  const bits = view.getUint32(3, true);
  if (ask === undefined || view.getInt16(7, true) !== 0 || bits > 15) return undefined;
  // Bit 0 takes the basic class away; the others add theirs.
  return { ask, interval: view.getInt16(1, true), classes: [(bits & 1) === 0, (bits & 2) !== 0, (bits & 4) !== 0, (bits & 8) !== 0] };
}

function waves(view: DataView): Request | undefined {
  const command = view.getInt16(0, true);
  const reserved = view.getInt16(2, true) | view.getInt16(28, true) | view.getInt16(30, true);
  if (reserved !== 0 || (command !== 0 && command !== 1)) return undefined;
  if (command === 1) return { ask: "no waves" };
  const types: number[] = [];
  for (let at = WAVE_TYPES_AT; at < WAVE_TYPES_AT + WAVE_TYPES + WAVE_ADDED; at++) {
    const type = view.getUint8(at);
    if (type === LAST || (at >= WAVE_TYPES_AT + WAVE_TYPES && type === 0)) break;
    types.push(type);
  }
  return { ask: "waves", types };
}

function alarms(view: DataView): Request | undefined {
  const ask = COMMANDS[view.getUint16(0, true) as keyof typeof COMMANDS];
  for (let at = 2; at < BODY_BYTES.alarm; at += 2) if (view.getInt16(at, true) !== 0) return undefined;
  return ask === undefined ? undefined : { ask };
}
