import { type Dice, roll } from "../kit/emulator-dice.ts";
import { BIT_FIELD, type FieldRow, GROUPS, type GroupRow } from "./emulator-groups.table.ts";
import { ECG_STATUS, type Group, type Groups, INVALID, NIBP_LABEL, SPECIALS, STATUS } from "./emulator-physiological.ts";

/** What happens at the bed, second by second: numbers that move, sensors that fail, modules that come and go, labels that change. */

/** Something that is wrong for a while: one value, a whole group, or the module itself. */
export type Spell = {
  readonly what: "special" | "inactive" | "out";
  readonly group: string;
  readonly field: number;
  readonly code: number;
  readonly left: number;
};
export type Patient = {
  readonly random: number;
  /** Values as they would be if nothing were wrong. */
  readonly groups: Groups;
  readonly spells: readonly Spell[];
  /** Seconds since the cuff began. */
  readonly cuff: number;
};

const SPELLS_MAX = 5;
const CUFF_TAKES = 12;
const CUFF_EVERY = 90;
const OLD_AFTER = 60;

/** Modules that somebody may pull; the others hold the monitor's own measurements. */
const PULLED = ["p1", "p3", "t2", "spo2", "co2", "aa", "gasex"] as const;
const SOURCE_ECG = 1 << 3;
const SOURCE_PLETH = 6 << 3;

export function admitted(seed: number): Patient {
  const dice = roll(seed);
  const groups = Object.fromEntries(GROUPS.map((row): [string, Group] => [row.name, firstOf(row, dice)]));
  return { groups, spells: [], cuff: dice.between(20, CUFF_EVERY), random: dice.state() };
}

function firstOf(row: GroupRow, dice: Dice): Group {
  const status = !row.header || !row.there ? 0 : STATUS.exists | STATUS.active;
  const values = row.fields.map((field) => (row.there ? firstValue(field, dice) : INVALID));
  return { status, label: row.label, values };
}

const firstValue = ([, , , low, high]: FieldRow, dice: Dice): number => (low === high ? INVALID : dice.between(low, high));

export function nextSecond(before: Patient): Patient {
  const dice = roll(before.random);
  const cuff = before.cuff >= CUFF_EVERY ? 0 : before.cuff + 1;
  const groups = Object.fromEntries(GROUPS.map((row): [string, Group] => [row.name, moved(row, before.groups[row.name]!, cuff, dice)]));
  const spells = before.spells.flatMap((spell) => (spell.left > 1 ? [{ ...spell, left: spell.left - 1 }] : []));
  if (spells.length < SPELLS_MAX && dice.happens(0.45)) spells.push(spellOf(groups, dice));
  return { groups, spells, cuff, random: dice.state() };
}

function moved(row: GroupRow, group: Group, cuff: number, dice: Dice): Group {
  if (!row.there) return group;
  // The cuff shows what it found last until it has found something new.
  const holds = row.name === "nibp" && cuff !== CUFF_TAKES;
  const values = holds
    ? group.values
    : row.fields.map((field, index) => (isBitField(row, field) ? stimulation(dice) : wander(group.values[index]!, field, dice)));
  return { values, label: labelOf(row, group.label, cuff, dice), status: statusOf(row, group.status, dice) };
}

const isBitField = ({ name }: GroupRow, [field]: FieldRow): boolean => name === BIT_FIELD.group && field === BIT_FIELD.field;
/** GE-23: a post-tetanic count or none, a count of responses, the current. */
const stimulation = (dice: Dice): number =>
  (dice.happens(0.5) ? 31 : dice.between(0, 20)) | (dice.between(0, 4) << 5) | (dice.between(5, 60) << 9);

function wander(value: number, [, , , low, high]: FieldRow, dice: Dice): number {
  if (low === high) return INVALID;
  const stride = Math.max(1, Math.round((high - low) / 40));
  return Math.min(high, Math.max(low, value + dice.between(-stride, stride)));
}

function labelOf(row: GroupRow, label: number, cuff: number, dice: Dice): number {
  if (row.name === "nibp") return row.label | (cuff < CUFF_TAKES ? NIBP_LABEL.measuring : 0) | (cuff > OLD_AFTER ? NIBP_LABEL.old : 0);
  const others = RELABELLED[row.name];
  return others !== undefined && dice.happens(0.04) ? dice.one(others) : label;
}
const RELABELLED: Readonly<Record<string, readonly [number, ...number[]]>> = {
  p1: [1, 8],
  p2: [2, 3],
  // Some stand at another transducer as well, and one is unknown.
  p5: [1, 4, 6, 13, 15, 17, 18, 19, 22, 99],
  t2: [6, 7, 15],
  t3: [1, 10, 13, 16, 99],
  aa: [0, 4, 5, 6],
};

/** Bits that say something for a while; one may be switched off by another. */
const TOGGLED: Readonly<Record<string, readonly [number, ...number[]]>> = {
  ecg: [2, 11, 12, 13],
  co2: [2, 5, 6, 7, 8, 9],
  flow_vol: [2, 5, 6],
};
const ECG_MOMENT = (0xf << 3) | ECG_STATUS.noise | ECG_STATUS.artefact;

function statusOf({ name }: GroupRow, before: number, dice: Dice): number {
  const bits = TOGGLED[name];
  const status = bits !== undefined && dice.happens(0.1) ? before ^ (1 << dice.one(bits)) : before;
  if (name !== "ecg") return status;
  const doubt = dice.happens(0.1) ? dice.one([ECG_STATUS.noise, ECG_STATUS.artefact]) : 0;
  return (status & ~ECG_MOMENT) | (dice.happens(0.1) ? SOURCE_PLETH : SOURCE_ECG) | doubt;
}

function spellOf(groups: Groups, dice: Dice): Spell {
  const what = dice.one(["special", "special", "special", "inactive", "out"] as const);
  if (what === "out") return { what, group: dice.one(PULLED), field: 0, code: 0, left: dice.between(5, 14) };
  const present = GROUPS.filter(({ name, header }) => header && (groups[name]!.status & STATUS.exists) !== 0);
  const row = present[dice.between(0, present.length - 1)]!;
  const field = dice.between(0, row.fields.length - 1);
  return { what, group: row.name, field, code: dice.one(SPECIALS), left: dice.between(2, 8) };
}

/** What the monitor displays: the values with everything that is wrong now. */
export function displayed({ groups, spells }: Patient): Groups {
  const shown: Record<string, Group> = { ...groups };
  for (const { what, group: name, field, code } of spells) {
    const group = shown[name]!;
    if (what === "special") shown[name] = { ...group, values: group.values.with(field, code) };
    // GE-3: the numbers of a group that is not active stay in the record and say nothing.
    else if (what === "inactive") shown[name] = { ...group, status: group.status & ~STATUS.active };
    else shown[name] = { ...group, status: 0, values: group.values.map(() => INVALID) };
  }
  // It has no status of its own: it goes with the ECG.
  if ((shown.ecg!.status & STATUS.active) === 0)
    shown.ecg_extra = { ...shown.ecg_extra!, values: shown.ecg_extra!.values.map(() => INVALID) };
  return shown;
}
