import { type Dice, roll } from "../kit/emulator-dice.ts";

/**
 * Alarms of a CARESCAPE: up to five texts with their colours. The width of an enumeration is not stated in the paper: a subrecord
 * is 510 bytes with two bytes for each and 522 with four; a device has one of them for good.
 */

export type EnumBytes = 2 | 4;
export const COLOUR = { none: 0, white: 1, yellow: 2, red: 3 } as const;
export const ENTRIES = 5;
const TEXT_BYTES = 80;

export type Entry = { readonly text: string; readonly colour: number };
export type Alarms = {
  readonly random: number;
  readonly entries: readonly Entry[];
  /** As it was told last; what differs from it carries the changed marks. */
  readonly told: readonly Entry[];
};

/** GE-9: texts in whatever language the monitor is set to; nobody may match on them. */
const TEXTS: readonly [string, ...string[]] = [
  ...(["HR high", "Apnea", "SpO2 low", "Check leads", "P1 disconnected", "Art sys low", "EtCO2 high"] as const),
  ...(["HF hoch", "Sensor ab", "NIBP cuff loose", "Battery low", "FiO2 low", "T1 hoch", "VPB frequent"] as const),
];

export const quiet = (seed: number): Alarms => ({ random: (seed ^ 0x2545f491) | 0, entries: [], told: [] });

export function nextAlarms(before: Alarms): Alarms {
  const dice = roll(before.random);
  const entries = before.entries.flatMap((entry) => (dice.happens(0.12) ? [] : [escalated(entry, dice)]));
  if (entries.length < ENTRIES && dice.happens(0.2)) {
    const text = dice.one(TEXTS);
    if (!entries.some((entry) => entry.text === text)) entries.push({ text, colour: dice.between(COLOUR.white, COLOUR.red) });
  }
  // The worst stands first.
  entries.sort((a, b) => b.colour - a.colour);
  return { ...before, entries, random: dice.state() };
}
const escalated = (entry: Entry, dice: Dice): Entry =>
  dice.happens(0.05) ? { ...entry, colour: dice.between(COLOUR.white, COLOUR.red) } : entry;

const NOTHING: Entry = { text: "", colour: COLOUR.none };
const entryOf = (entries: readonly Entry[], index: number): Entry => entries[index] ?? NOTHING;

export const hasChanged = ({ entries, told }: Alarms): boolean => JSON.stringify(entries) !== JSON.stringify(told);

/**
 * reserved i16, sound on (bool of 16 bits), reserved 2 x i16, silence info,
 * five times { text 80, text changed, colour, colour changed, reserved 6 x i16 }, reserved 5 x i16
 */
export function alarmBytes({ entries, told }: Alarms, width: EnumBytes): Uint8Array {
  const words = (count: number): readonly number[] => Array.from({ length: 2 * count }, () => 0);
  const bool = (value: boolean): readonly number[] => [value ? 1 : 0, 0];
  const enumeration = (value: number): readonly number[] => [value, ...words(1).slice(1), ...words(width / 2 - 1)];
  const list = Array.from({ length: ENTRIES }, (_, index) => {
    const [now, before] = [entryOf(entries, index), entryOf(told, index)];
    return [
      ...textBytes(now.text),
      ...bool(now.text !== before.text),
      ...enumeration(now.colour),
      ...bool(now.colour !== before.colour),
      ...words(6),
    ];
  });
  return Uint8Array.from([...words(1), ...bool(sounds(entries)), ...words(2), ...enumeration(0), ...list.flat(), ...words(5)]);
}
function textBytes(text: string): readonly number[] {
  const letters = [...text].map((letter) => letter.charCodeAt(0));
  return Array.from({ length: TEXT_BYTES }, (_, index) => letters[index] ?? 0);
}

export type AlarmsTold = {
  readonly observations: Readonly<Record<string, string | null>>;
  readonly conditions: Readonly<Record<string, boolean>>;
};
/** GE-9: everything of the record: each text, its colour, what changed, and whether anything stands there. */
export function alarmsTold({ entries, told }: Alarms): AlarmsTold {
  const places = Array.from({ length: ENTRIES }, (_, index) => ({
    name: `ge.alarm.${index + 1}`,
    now: entryOf(entries, index),
    before: entryOf(told, index),
  }));
  return {
    observations: {
      "ge.alarm.sound": flag(sounds(entries)),
      "ge.alarm.silence": "0",
      ...Object.fromEntries(
        places.flatMap(({ name, now, before }) => [
          [`${name}.text`, now.text === "" ? null : now.text],
          [`${name}.text_changed`, flag(now.text !== before.text)],
          [`${name}.colour`, String(now.colour)],
          [`${name}.colour_changed`, flag(now.colour !== before.colour)],
        ]),
      ),
    },
    conditions: {
      "ge.alarm": places.some(({ now }) => now.colour !== COLOUR.none),
      ...Object.fromEntries(places.map(({ name, now }) => [name, now.colour !== COLOUR.none])),
    },
  };
}
const flag = (is: boolean): string => (is ? "1" : "0");
const sounds = (entries: readonly Entry[]): boolean => entries.some(({ colour }) => colour > COLOUR.white);
