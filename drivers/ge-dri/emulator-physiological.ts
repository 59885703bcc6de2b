import { decimal, decimalText } from "../kit/decimal.ts";
import { BIT_FIELD, CONDITIONS, GROUPS, type GroupRow, LABELS, PARTS, WORDS } from "./emulator-groups.table.ts";

/** A subrecord of the physiological record (PHDB), 278 bytes, and what a faithful reader concludes from it. */

export const SUBRECORD_BYTES = 278;
const HEADER_BYTES = 6;
const CLASS_AT = 276;
/** What the recorded monitor has there: DRI level 10, subtype 1. */
const CLASS_LOW = 0xa1;

export const STATUS = { exists: 1, active: 2 } as const;
export const ECG_STATUS = { noise: 1 << 7, artefact: 1 << 8 } as const;
export const NIBP_LABEL = { measuring: 1 << 5, old: 1 << 8 } as const;
export const INVALID = -32767;
/** Values up to here say why there is none; -32000 is a number (GE-2). */
const SPECIAL_MAX = -32001;
/** Invalid, not updated, under range, over range, not calibrated; one that the paper does not name; and the lowest number. */
export const SPECIALS = [-32767, -32766, -32764, -32763, -32762, -32765, -32000] as const;

/** A group as it stands in the record: `values` in the order of its fields; status and label are 0 where it has no header. */
export type Group = { readonly status: number; readonly label: number; readonly values: readonly number[] };
export type Groups = Readonly<Record<string, Group>>;

export type Physiological = {
  readonly class: number;
  readonly time: number;
  readonly groups: Groups;
  /** Other words of the subrecord, by offset: groups that this device does not move. */
  readonly words?: Readonly<Record<number, number>>;
};

export function subrecordBytes({ class: level, time, groups, words }: Physiological): Uint8Array {
  const bytes = new Uint8Array(SUBRECORD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, time, true);
  for (const [at, word] of Object.entries(words ?? {})) view.setInt16(Number(at), word, true);
  for (const row of GROUPS) {
    const group = row.class === level ? groups[row.name] : undefined;
    if (group !== undefined) writeGroup(view, row, group);
  }
  view.setUint16(CLASS_AT, CLASS_LOW | (level << 8), true);
  return bytes;
}

function writeGroup(view: DataView, { at, header }: GroupRow, { status, label, values }: Group): void {
  if (header) {
    view.setUint32(at, status, true);
    view.setUint16(at + 4, label, true);
  }
  const first = at + (header ? HEADER_BYTES : 0);
  values.forEach((value, index) => {
    view.setInt16(first + 2 * index, value, true);
  });
}

// ── What a faithful reader concludes ────────────────────────────────────────────────────────────────────────────────

export type Told = {
  readonly observations: Readonly<Record<string, string | null>>;
  readonly conditions: Readonly<Record<string, boolean>>;
};
/** Trends are no present values: everything in them goes by its own name. */
export type Series = "" | "trend_10s." | "trend_60s.";
type Place = { readonly row: GroupRow; readonly group: Group; readonly active: boolean };

/** Of two groups with one label the first that is active has its terms, and the other goes by its place (GE-5). */
export function toldOf(subrecords: readonly Physiological[], series: Series = ""): Told {
  const places = subrecords.flatMap(({ class: level, groups }) =>
    GROUPS.flatMap((row): readonly Place[] => {
      const group = row.class === level ? groups[row.name] : undefined;
      return group === undefined || !isThere(row, group) ? [] : [{ row, group, active: isActive(row, group) }];
    }),
  );
  const observations: Record<string, string | null> = {};
  for (const place of [...places.filter(({ active }) => active), ...places.filter(({ active }) => !active)])
    for (const [term, name, value] of saidBy(place, series)) {
      const key = series !== "" || term === "" || Object.hasOwn(observations, term) ? `ge.${series}${name}` : term;
      observations[key] = place.active ? value : null;
    }
  return { observations, conditions: series === "" ? conditionsOf(places) : {} };
}

/** GE-3: a group that does not exist is no module; one that is not active has no values, whatever its numbers are. */
const isThere = ({ header }: GroupRow, { status }: Group): boolean => !header || (status & STATUS.exists) !== 0;
const isActive = ({ header }: GroupRow, { status }: Group): boolean => !header || (status & STATUS.active) !== 0;

type Said = readonly [term: string, name: string, value: string | null];
function saidBy({ row, group }: Place, series: Series): readonly Said[] {
  const labels = LABELS.filter(([site]) => site === row.site);
  // GE-5: the label of this very record decides.
  const label = labels.find(([, number]) => number === group.label) ?? labels.find(([, number]) => number < 0);
  return [
    ...(label === undefined ? [] : [["", `${row.name}.label`, label[2] || String(group.label)] as const]),
    ...WORDS.filter(([of]) => of === row.name).map(
      ([of, name, word, from, count]): Said => ["", `${of}.${name}`, String(bitsOf(group[word], from, count))],
    ),
    ...row.fields.flatMap(([field, exponent, refid], index): readonly Said[] => {
      const value = group.values[index]!;
      if (row.name === BIT_FIELD.group && field === BIT_FIELD.field) return partsOf(value, series);
      return [[label?.[3][index] ?? refid, `${row.name}.${field}`, digits(value, exponent)]];
    }),
  ];
}

/** GE-1, GE-2. */
const digits = (value: number, exponent: number): string | null => (value <= SPECIAL_MAX ? null : decimalText(decimal(value, exponent)));
const bitsOf = (word: number, from: number, count: number): number => Math.floor((word >>> 0) / 2 ** from) % 2 ** count;

/** GE-23, GE-24. */
const partsOf = (value: number, series: Series): readonly Said[] =>
  PARTS.map(([name, from, count, none, trend]) => {
    const part = bitsOf(value & 0xffff, from, count);
    const isNone = value <= BIT_FIELD.specialMax || part === none || (series !== "" && !trend);
    return ["", `${BIT_FIELD.group}.${name}`, isNone ? null : String(part)];
  });

/** GE-7: a condition that is switched off is neither there nor not there. */
const conditionsOf = (places: readonly Place[]): Told["conditions"] =>
  Object.fromEntries(
    CONDITIONS.flatMap(([refid, of, bit, unless]) =>
      places
        .filter(({ row, group, active }) => row.name === of && active && (unless < 0 || bitsOf(group.status, unless, 1) === 0))
        .map(({ group }) => [refid, bitsOf(group.status, bit, 1) === 1]),
    ),
  );
