import { decimal } from "../kit/decimal.ts";
import type { Reading, Validity, ValueMetric } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";
import type { Group, Part, Qualifier, Value } from "./groups.ts";
import { SPECIALS } from "./labels.table.ts";
import type { Bits } from "./signs.table.ts";

/** A group in a record: its header is read. Every place lies inside the subrecord, whose length was checked. */
export type Place = { readonly group: Group; readonly view: DataView; readonly status: number; readonly label: number };

const EXISTS = 0x1;
const ACTIVE = 0x2;
/** GE-2: from here downwards a value is none. */
const SPECIAL_MAX = -32001;
/** GE-23: of the NMT bit field. */
const PARTS_SPECIAL_MAX = -31000;
const SPECIAL_OF = new Map(SPECIALS.map(([value, validity, reason]) => [value, { validity, reason }]));

export const placeOf = (group: Group, view: DataView): Place => ({
  group,
  view,
  status: view.getUint32(group.at, true),
  label: view.getUint16(group.at + 4, true),
});
export const exists = ({ status }: Place): boolean => (status & EXISTS) !== 0;
export const isActive = ({ status }: Place): boolean => (status & (EXISTS | ACTIVE)) === (EXISTS | ACTIVE);

/**
 * Everything that a group says. `claimed` are the terms that are taken in this record: a second group of the same label goes by
 * its own name (GE-5). A group that does not exist says nothing; one that is not active has no value (GE-3).
 */
export function groupReadings(place: Place, claimed: Set<string>): readonly Reading[] {
  if (!exists(place)) return [];
  const { group } = place;
  const active = isActive(place);
  const state = (metric: ValueMetric, value: string): Reading =>
    active ? { told: "text", metric, value } : { told: "absent", metric, validity: "not_available", reason: "not_active" };
  return [
    ...(group.label === undefined ? [] : [state(group.label.metric, labelText(place, group.label))]),
    ...group.words.map(({ metric, bits, from, count }) => state(metric, String(bitsOf(place[bits], from, count)))),
    ...group.values.flatMap((value) => {
      const metric = metricOf(value, place, claimed);
      return active ? valueReadings(metric, value, place) : [notActive(metric)];
    }),
    ...group.parts.map((part) => (active ? partReading(part, place) : notActive(part.metric))),
  ];
}

/** Conditions of an active group; one that is switched off says nothing (GE-7). */
export function groupConditions(place: Place): readonly Reading[] {
  if (!isActive(place)) return [];
  return place.group.conditions
    .filter(({ unless }) => unless < 0 || !has(place, "status", unless))
    .map(({ metric, bit }) => ({ told: "condition", metric, present: has(place, "status", bit) }));
}

const notActive = (metric: ValueMetric): Reading => ({ told: "absent", metric, validity: "not_available", reason: "not_active" });
const bitsOf = (word: number, from: number, count: number): number => (count === 32 ? word : (word >>> from) & ((1 << count) - 1));
const has = (place: Place, bits: Bits, bit: number): boolean => bitsOf(place[bits], bit, 1) === 1;

/** The monitor's own word, or the number where it has none. */
function labelText({ label }: Place, { texts, mask }: NonNullable<Group["label"]>): string {
  return texts.get(label & mask) ?? String(label & mask);
}

function metricOf({ own, byLabel }: Value, { group, label }: Place, claimed: Set<string>): ValueMetric {
  const metric = byLabel.get(label & (group.label?.mask ?? 0)) ?? byLabel.get(-1) ?? own;
  if (claimed.has(metric.refid)) return own;
  claimed.add(metric.refid);
  return metric;
}

function valueReadings(metric: ValueMetric, { at, exponent, name, qualifiers }: Value, place: Place): readonly Reading[] {
  const sent = place.view.getInt16(at, true);
  const qualifier = qualifiers.find(({ bits, bit }) => has(place, bits, bit));
  if (qualifier?.effect === "off") return [{ told: "absent", metric, validity: "not_available", reason: qualifier.reason }];
  if (sent > SPECIAL_MAX) return [{ told: "number", metric, value: decimal(sent, exponent), ...qualified(qualifier) }]; // GE-1
  const special = SPECIAL_OF.get(sent);
  const absent: Reading = { told: "absent", metric, ...(special ?? { validity: "invalid", reason: "special_unknown" }) };
  return special === undefined
    ? [absent, { told: "unreadable", bytes: 2, reason: "special_unknown", about: name }]
    : [{ ...absent, ...whyNone(special, qualifier) }];
}

function qualified(qualifier: Qualifier | undefined): { readonly validity?: Validity; readonly reason?: Word } {
  if (qualifier === undefined) return {};
  const { effect, reason } = qualifier;
  if (effect === "calibrating") return { validity: "calibration_ongoing", reason };
  return effect === "doubt" ? { validity: "questionable", reason } : { reason };
}

/** "Invalid" and "not updated" say least: where a bit says why there is no number, that is told. */
function whyNone(
  special: { readonly validity: Validity },
  qualifier: Qualifier | undefined,
): { readonly validity?: Validity; readonly reason?: Word } {
  if (special.validity !== "invalid" && special.validity !== "not_available") return {};
  if (qualifier?.effect === "calibrating") return { validity: "calibration_ongoing", reason: qualifier.reason };
  return qualifier?.reason === "measurement_ongoing" ? { validity: "not_available", reason: qualifier.reason } : {};
}

function partReading({ metric, at, from, count, none, told }: Part, { view }: Place): Reading {
  const absent = (validity: Validity, reason: Word): Reading => ({ told: "absent", metric, validity, reason });
  const sent = view.getInt16(at, true);
  if (sent <= PARTS_SPECIAL_MAX) {
    const { validity, reason } = SPECIAL_OF.get(sent) ?? { validity: "invalid", reason: "invalid" };
    return absent(validity, reason);
  }
  if (!told) return absent("not_available", "not_in_trend"); // GE-24
  const part = bitsOf(view.getUint16(at, true), from, count);
  return part === none ? absent("not_available", "no_value") : { told: "number", metric, value: decimal(part) };
}
