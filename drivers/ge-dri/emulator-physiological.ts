import { decimal, decimalText } from "../kit/decimal.ts";
import { BIT_FIELDS, GROUPS, type GroupRow, LABELS } from "./emulator-groups.table.ts";

/** A subrecord of the physiological record (PHDB), 278 bytes, and what a faithful reader concludes from it. */

export const SUBRECORD_BYTES = 278;
const HEADER_BYTES = 6;
const CLASS_AT = 276;
/** What the recorded monitor has there: DRI level 10, subtype 1. */
const CLASS_LOW = 0xa1;

export const STATUS = { exists: 1, active: 2 } as const;
export const ECG_STATUS = { noise: 1 << 7, artefact: 1 << 8 } as const;
export const CO2_STATUS = { apnoea: 1 << 2, zeroing: 1 << 4, alarmOff: 1 << 8, wet: 1 << 9 } as const;
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

/** `own`: only the device's own names, under this prefix (trends are no present values). */
export function toldOf(subrecords: readonly Physiological[], own?: string): Told {
  const observations: Record<string, string | null> = {};
  const conditions: Record<string, boolean> = {};
  for (const { class: level, groups } of subrecords)
    for (const row of GROUPS) {
      const group = row.class === level ? groups[row.name] : undefined;
      if (group === undefined || !isThere(row, group)) continue;
      const active = !row.header || (group.status & STATUS.active) !== 0;
      row.fields.forEach(([field, exponent], index) => {
        if (BIT_FIELDS.includes(`${row.name}.${field}`)) return;
        const key = own === undefined ? nameOf(row, field, group.label) : `${own}.${row.name}.${field}`;
        observations[key] = active ? digits(group.values[index]!, exponent) : null;
      });
      // GE-7: the bit says nothing while the apnoea alarm is off.
      if (row.name === "co2" && own === undefined && active)
        conditions.MDC_EVT_APNEA = (group.status & (CO2_STATUS.apnoea | CO2_STATUS.alarmOff)) === CO2_STATUS.apnoea;
    }
  return { observations, conditions };
}

/** GE-3: a group that does not exist is no module. */
const isThere = ({ header }: GroupRow, { status }: Group): boolean => !header || (status & STATUS.exists) !== 0;

/** GE-1, GE-2. */
const digits = (value: number, exponent: number): string | null => (value <= SPECIAL_MAX ? null : decimalText(decimal(value, exponent)));

/** GE-5: the label of this very record decides. */
function nameOf({ name, site, fields }: GroupRow, field: string, label: number): string {
  const labelled = LABELS.find((row) => row[0] === site && row[1] === label && row[2] === field)?.[3];
  const refid = labelled ?? fields.find(([one]) => one === field)?.[2] ?? "";
  return refid === "" ? `dri.${name}.${field}` : refid;
}
