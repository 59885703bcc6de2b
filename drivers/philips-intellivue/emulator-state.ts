import { type Duration, Milliseconds, Seconds } from "../../config/units.ts";
import { roll } from "../kit/emulator-dice.ts";
import { OPTION } from "./emulator-association.ts";
import * as attributes from "./emulator-attributes.ts";
import { hex, hexWord, type Piece } from "./emulator-bytes.ts";
import type { Ear } from "./emulator-frame.ts";
import { CANARY, patientAttributes } from "./emulator-identity.ts";
import type { Attribute, PollRequest } from "./emulator-message.ts";
import { admitted, nextTurn, type Patient } from "./emulator-patient.ts";
import { CYCLE_TICKS, type Known, TICKS_A_MS } from "./emulator-polls.ts";

/** The monitor between two steps. */

export type IntellivueState = {
  readonly random: number;
  readonly ear: Ear;
  readonly patient: Patient;
  /** Turns of the patient that were lived. */
  readonly turns: number;
  readonly language: 0 | 1;
  /** Extension options that this monitor has. */
  readonly supports: number;
  /** Relative time at switch-on, in ticks; wall clock at switch-on, in ms without any zone. */
  readonly base: number;
  readonly clock: number;
  readonly serial: number;
  /** Association requests that are not answered before one is. */
  readonly deaf: number;
  readonly phase: Phase;
  readonly queue: readonly Waiting[];
  /** Where the patient's name leaves. */
  readonly patientTold: "asked" | "unasked";
  /** Waves on the priority list of a new association. */
  readonly listed: "usual" | "none";
};
export type Phase = { readonly is: "free"; readonly ignored: number } | Association;
export type Association = {
  /** Offered: the create event is not confirmed, and nothing is served. */
  readonly is: "offered" | "serving";
  readonly options: number;
  readonly mtu: number;
  /** Silence of the client that ends it. */
  readonly timeout: Duration;
  readonly heardAt: number;
  readonly priority: { readonly waves: readonly number[]; readonly numerics: readonly number[] };
  readonly known: Known;
  readonly polls: readonly Poll[];
};
export type Poll = { readonly request: PollRequest; readonly until: number; readonly cycle: number; readonly due: number };
export type Waiting = { readonly due: number; readonly message: Piece } | { readonly due: number; readonly poll: PollRequest };

export const QUEUE_MAX = 8;
export const PRIORITY_MAX = 16;
export const CREATE_INVOKE = 1;
export const MTU = { least: 500, most: 1456 } as const;
export const FREE: Phase = { is: "free", ignored: 0 };
export const PRIORITY_USUAL = { waves: [0x00020102, 0x00024bb4], numerics: [] } as const;
export const TURN_MS = CYCLE_TICKS.slow / TICKS_A_MS;
/** After a pause that is longer than this many turns the patient goes on as if it had been so long. */
const TURNS_MAX = 20;
const ENGLISH = 1;
const GERMAN = 2;
const TEXT_CATALOGUE = 0x06320632;
/** IV-2: 2000 is demo; the other is not in the paper. */
const MODE = { demo: 0x2000, monitoring: 0x4000 } as const;
const LIMITS = { short: 3.3, long: 43, least: Seconds(10), most: Seconds(130) } as const;

export function switchedOn(seed: number): IntellivueState {
  const dice = roll(seed);
  const refused = dice.one([0, 0, 0, OPTION.enumerations, OPTION.waves] as const);
  const supports = (OPTION.numerics | OPTION.waves | OPTION.enumerations) & ~refused;
  const clock = Date.UTC(2026, dice.between(0, 11), dice.between(1, 28), dice.between(0, 23), dice.between(0, 59), dice.between(0, 59));
  const device = { language: dice.one([0, 1] as const), base: dice.between(0, 40_000) * CYCLE_TICKS.slow, serial: dice.between(1, 0xffff) };
  const patient = admitted(seed ^ 0x51f15e);
  const start = {
    ear: undefined,
    turns: 0,
    phase: FREE,
    queue: [],
    deaf: dice.between(0, 2),
    patientTold: "asked",
    listed: "usual",
  } as const;
  return { ...start, ...device, patient, supports, clock, random: dice.state() };
}

/** The bed as it is at this time. */
export function atBed(state: IntellivueState, at: number): IntellivueState {
  const turns = Math.floor(at / TURN_MS);
  if (turns <= state.turns) return state;
  let { patient } = state;
  for (let left = Math.min(TURNS_MAX, turns - state.turns); left > 0; left--) patient = nextTurn(patient);
  return { ...state, patient, turns };
}

/** In ticks; it wraps as a u32 does. */
export const relativeAt = ({ base }: IntellivueState, at: number): number => (base + Math.floor(at * TICKS_A_MS)) >>> 0;

export function systemAttributes(state: IntellivueState, at: number): readonly Attribute[] {
  return [
    attributes.systemId(hex(`0009FB00${hexWord(state.serial)}`)),
    attributes.model("Philips", "M8000"),
    attributes.locale(TEXT_CATALOGUE, state.language === 0 ? ENGLISH : GERMAN),
    attributes.operatingMode(state.patient.mode === 0 ? MODE.monitoring : MODE.demo),
    attributes.text(attributes.ID.bedLabel, state.patientTold === "unasked" ? CANARY : state.language === 0 ? "BED 7" : "BETT 7"),
    ...(state.patientTold === "unasked" ? patientAttributes() : []),
    attributes.absoluteTime(absoluteAt(state, at)),
    attributes.relativeTime(relativeAt(state, at)),
  ];
}

/** Century, year, month, day, hour, minute, second, hundredth in BCD. */
function absoluteAt({ clock }: IntellivueState, at: number): Piece {
  const digits = new Date(clock + at).toISOString().replaceAll(/\D/g, "");
  return hex(digits.slice(0, 16));
}

/** The monitor gives up a client that is silent for this long: it depends on the poll period that the client asked for. */
export function timeoutFor(pollPeriod: number): Duration {
  const seconds = pollPeriod / (TICKS_A_MS * 1000);
  if (seconds <= LIMITS.short) return LIMITS.least;
  return seconds <= LIMITS.long ? Milliseconds(3000 * seconds) : LIMITS.most;
}
