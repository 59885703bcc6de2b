import { roll } from "../kit/emulator-dice.ts";
import type { Bed } from "./emulator-bed.ts";
import { type Curves, cleared, isRunning, lastRecord, type WaveUnit } from "./emulator-curves.ts";
import { behindRecords, type LineState, queued, recorded } from "./emulator-line.ts";
import { answerBytes, CODE, commandBytes, DC1, DC3, inserted, type Receiver } from "./emulator-wire.ts";

/** The device between two steps, and how it says something. */

export type Identity = { readonly id: string; readonly name: string; readonly software: string; readonly medibus: string };

export type Session =
  /** It calls for a host until one answers; `icc`: when it does so next. */
  | { readonly phase: "calling"; readonly icc: number }
  /** `host` told its id, or not yet; 52 and 4A are passed over until `ready`. */
  | { readonly phase: "open"; readonly host: "unknown" | "told"; readonly ready: number };

export type MedibusState = {
  readonly random: number;
  readonly identity: Identity;
  readonly demandsId: boolean;
  /** Milliseconds a byte, with parity. */
  readonly byteTime: number;
  /** The device's clock at switch-on, in ms since 1970 without any zone. */
  readonly clock: number;
  readonly bed: Bed;
  readonly curves: Curves;
  readonly receiver: Receiver;
  readonly line: LineState;
  readonly session: Session;
  /** Its own command that the host has not answered. */
  readonly asked: { readonly code: number; readonly at: number; readonly tries: number } | undefined;
  /** When it asks something by itself again, and when it next changes what its curves measure; infinite: never. */
  readonly wish: number;
  readonly change: number;
  readonly lastHeard: number;
  readonly lastSent: number;
};

export const TIMES = {
  icc: 3000,
  silence: 3000,
  idle: 2000,
  unanswered: 10_000,
  ready: 200,
  hold: 3000,
} as const;
const TRIES_MAX = 3;
const THINKING = { least: 20, most: 250 } as const;
/** Between the bytes of a message while curves run: slower than the line, so that records come between. */
const SLOW_PACE = 1.2;
const paceOf = ({ curves }: MedibusState): number => (isRunning(curves) ? SLOW_PACE : 0);

/** What the device asks by itself: known commands, one that nobody knows, and data that no host has. */
const WISHES: readonly [number, ...number[]] = [CODE.nothing, CODE.identify, CODE.timeChanged, CODE.data1, 0x61];
const WISH_PAUSE = [4000, 15_000] as const;
const HOUR = 3_600_000;

export function asks(state: MedibusState, code: number, at: number, tries = 1): MedibusState {
  const message = { bytes: commandBytes(code), due: at, pace: paceOf(state) };
  return { ...state, line: queued(state.line, message, state.byteTime), asked: { code, at, tries }, lastSent: at };
}

/** Repeats three times what was not answered, then begins anew. */
export function asksAgain(state: MedibusState, at: number): MedibusState {
  const { asked } = state;
  if (asked === undefined) return state;
  return asked.tries > TRIES_MAX ? calls(state, at) : asks(state, asked.code, at, asked.tries + 1);
}

export function wishes(state: MedibusState, at: number): MedibusState {
  const [now, code] = wished(state, at);
  return asks(now, code, at);
}
function wished(state: MedibusState, at: number): readonly [MedibusState, number] {
  const dice = roll(state.random);
  const code = dice.one(WISHES);
  // Summer time begins.
  const clock = code === CODE.timeChanged ? state.clock + HOUR : state.clock;
  return [{ ...state, clock, wish: at + dice.between(...WISH_PAUSE), random: dice.state() }, code];
}

/** A command waits so long for an answer to stand in, and then stands alone. */
export const WISH_PATIENCE = 3000;

/** An answer after a while; a command of the device's own may stand in it, and flow control. */
export function answers(state: MedibusState, code: number, at: number, content = "", unit?: WaveUnit, own?: number): MedibusState {
  const dice = roll(state.random);
  const due = at + dice.between(THINKING.least, THINKING.most);
  let bytes = answerBytes(code, content);
  let embedded = own;
  if (dice.happens(0.03)) {
    const go = dice.between(1, bytes.length - 1);
    bytes = inserted(bytes, go, Uint8Array.of(DC3));
    bytes = inserted(bytes, dice.between(1, go), Uint8Array.of(DC1));
  }
  const place = dice.between(1, bytes.length - 1);
  let now: MedibusState = { ...state, random: dice.state() };
  if (embedded === undefined && state.asked === undefined && state.wish <= at) [now, embedded] = wished(now, at);
  if (embedded !== undefined) {
    bytes = inserted(bytes, place, commandBytes(embedded));
    now = { ...now, asked: { code: embedded, at: due, tries: 1 } };
  }
  const message = { bytes, due, pace: paceOf(state), ...(unit === undefined ? {} : { unit }) };
  return { ...now, line: queued(now.line, message, state.byteTime), lastSent: due };
}

/** The session is over: it calls for a host, and every configuration is lost. */
export function calls(state: MedibusState, icc: number, at = icc): MedibusState {
  return { ...forgets(state, at), session: { phase: "calling", icc }, asked: undefined };
}
export function forgets(state: MedibusState, at: number): MedibusState {
  const quiet = quietened(state, at);
  return { ...quiet, bed: { ...state.bed, without: {} }, curves: { ...cleared(quiet.curves), told: [0, 0] } };
}
/** The curves stop, and a lone sync byte ends the last record. */
export function quietened(state: MedibusState, at: number): MedibusState {
  const { curves, bytes, unit } = lastRecord(state.curves);
  return { ...state, curves: { ...curves, enabled: 0 }, line: behindRecords(recorded(state.line, { bytes, due: at, unit }), at) };
}
