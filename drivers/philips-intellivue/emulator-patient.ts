import { type Dice, roll } from "../kit/emulator-dice.ts";
import type { Alert, Value } from "./emulator-attributes.ts";
import { ALERTS, NUMERICS, type NumericRow } from "./emulator-objects.table.ts";

/** What happens at the bed, one turn of 1.024 s after another: numbers that move, fail and are not measured, modules, alarms. */

export const STATE = {
  ...{ invalid: 0x8000, questionable: 0x4000, unavailable: 0x2000, calibrating: 0x1000 },
  ...{ test: 0x0800, demo: 0x0400, validated: 0x0080, early: 0x0040, ongoing: 0x0020, inAlarm: 0x0002, alarmsOff: 0x0001 },
} as const;

/** Mantissas that are no number: not a number, not at this resolution, + and − infinity, reserved. */
export const NO_NUMBERS = [0x7fffff, 0x800000, 0x7ffffe, 0x800002, 0x800001] as const;

/** Why an object is not as usual, for so many turns. */
export type Spell = {
  readonly handle: number;
  readonly what: "state" | "no number" | "no value" | "gone";
  readonly word: number;
  readonly left: number;
};
export type Patient = {
  readonly random: number;
  /** Handle → the integers of its parts. */
  readonly numbers: Readonly<Record<number, readonly number[]>>;
  readonly spells: readonly Spell[];
  /** Rows of the alarm table that are raised, with their state word. */
  readonly raised: readonly (readonly [row: number, state: number])[];
  readonly changes: number;
  /** Bits that every value carries: demo mode. */
  readonly mode: number;
};

const SPELLS_MAX = 4;
const RAISED_MAX = 4;
const NEW = 0x0008;
const SILENCED = 0x1000;
/** A module that somebody may pull. */
const PULLED = [0x8a40, 0x8a50] as const;
const WORDS = [
  ...[STATE.invalid, STATE.unavailable, STATE.calibrating, STATE.questionable, STATE.ongoing, STATE.validated],
  ...[STATE.inAlarm, STATE.alarmsOff, STATE.early, STATE.test, STATE.questionable | STATE.inAlarm, STATE.invalid | STATE.questionable],
] as const;

export function admitted(seed: number): Patient {
  const dice = roll(seed);
  const numbers = Object.fromEntries(
    NUMERICS.map(({ handle, parts }) => [handle, parts.map(([, , , low, high]) => dice.between(low, high))]),
  );
  const mode = dice.happens(0.25) ? STATE.demo : 0;
  return { numbers, spells: [], raised: [], changes: 0, mode, random: dice.state() };
}

export function nextTurn(before: Patient): Patient {
  const dice = roll(before.random);
  const numbers = Object.fromEntries(NUMERICS.map((row) => [row.handle, moved(row, before.numbers[row.handle] ?? [], dice)]));
  const spells = before.spells.flatMap((spell) => (spell.left > 1 ? [{ ...spell, left: spell.left - 1 }] : []));
  if (spells.length < SPELLS_MAX && dice.happens(0.35)) spells.push(spellOf(dice));
  const raised = nextRaised(before.raised, dice);
  const changed = JSON.stringify(raised) !== JSON.stringify(before.raised);
  return { ...before, numbers, spells, raised, changes: (before.changes + (changed ? 1 : 0)) & 0xffff, random: dice.state() };
}

const moved = ({ parts }: NumericRow, values: readonly number[], dice: Dice): readonly number[] =>
  parts.map(([, , , low, high], index) => {
    const stride = Math.max(1, Math.round((high - low) / 40));
    return Math.min(high, Math.max(low, (values[index] ?? low) + dice.between(-stride, stride)));
  });

function spellOf(dice: Dice): Spell {
  const measured = NUMERICS.filter(({ parts }) => parts.length > 0);
  const what = dice.one(["state", "state", "no number", "no value", "gone"] as const);
  const handle = what === "gone" ? dice.one(PULLED) : measured[dice.between(0, measured.length - 1)]!.handle;
  const word = what === "state" ? dice.one(WORDS as unknown as readonly [number, ...number[]]) : dice.one(NO_NUMBERS);
  return { handle, what, word, left: dice.between(2, 8) };
}

function nextRaised(raised: Patient["raised"], dice: Dice): Patient["raised"] {
  const next = raised.flatMap(([row, state]): Patient["raised"] => {
    if (dice.happens(0.15)) return [];
    return [[row, dice.happens(0.1) ? SILENCED : state & ~NEW]];
  });
  if (next.length >= RAISED_MAX || !dice.happens(0.2)) return next;
  const row = dice.between(0, ALERTS.length - 1);
  return next.some(([one]) => one === row) ? next : [...next, [row, NEW]];
}

const spellOn = ({ spells }: Patient, handle: number, what: Spell["what"]): Spell | undefined =>
  spells.find((spell) => spell.handle === handle && spell.what === what);

export const isGone = (patient: Patient, handle: number): boolean => spellOn(patient, handle, "gone") !== undefined;

/** The parts of an object as they are sent now; none: it has no observed value. */
export function valuesOf(patient: Patient, { handle, parts }: NumericRow): readonly Value[] {
  if (spellOn(patient, handle, "no value") !== undefined) return [];
  const state = patient.mode | (spellOn(patient, handle, "state")?.word ?? 0);
  const none = spellOn(patient, handle, "no number")?.word;
  return parts.map(([physio, unit, exponent], index) => ({
    physio,
    state,
    unit,
    number: none === undefined ? { mantissa: patient.numbers[handle]![index]!, exponent } : { mantissa: none, exponent: 0 },
  }));
}

/** A bed at which every object is there with a value, or says why it has none. */
export const steady = (patient: Patient): Patient => ({
  ...patient,
  spells: patient.spells.filter(({ what }) => what === "state" || what === "no number"),
});

/** Patient or technical alarms that are raised, in the monitor's language. */
export function alertsOf({ raised }: Patient, kind: "patient" | "technical", language: 0 | 1): readonly Alert[] {
  return raised.flatMap(([index, state]) => {
    const [source, code, type, english, german] = ALERTS[index]!;
    const ofKind = type >= 0x0100 === (kind === "patient");
    return ofKind ? [{ source, code, type, state, text: language === 0 ? english : german }] : [];
  });
}
