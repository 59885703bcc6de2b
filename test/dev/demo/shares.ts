import { type Unit, unitAt } from "../../../drivers/kit/emulator.ts";
import { keyAt } from "../../../drivers/kit/reading.ts";
import type { Metric } from "../../../proto/messages.ts";
import type { Received } from "../../support/central.ts";
import type { LedgerEntry } from "../../support/emulated-device.ts";
import { SETTLED_NS } from "./book.ts";

/** A device's two ledgers parted by node: what its units say of one node below the port, and what the centre has of it. Pure. */

export type Of<K extends Received["body"]["kind"]> = Received & { readonly body: Extract<Received["body"], { kind: K }> };
export const isReport = (record: Received): record is Of<"report"> => record.body.kind === "report";
export const isWave = (record: Received): record is Of<"wave"> => record.body.kind === "wave";
export const isAlert = (record: Received): record is Of<"alert"> => record.body.kind === "alert";

/** `at`: which unit of the device's ledger it is of. */
export type SharedEntry = LedgerEntry & { readonly at: number };
export type Share = {
  /** "1/3" below the port; "" is the port's own device. */
  readonly place: string;
  /** Units that say something of the node, in order; a unit that a reader knows again is one with the one before. */
  readonly entries: readonly SharedEntry[];
  /** In the order in which they happened. */
  readonly records: readonly Received[];
};

export function sharesOf(sent: readonly LedgerEntry[], received: readonly Received[]): readonly Share[] {
  const told = sent.flatMap((entry, at) => (isAgain(sent, at) ? [] : [{ ...entry, at }]));
  const records = Map.groupBy(received.toSorted(inTime), ({ device }) => placeOf(device.node ?? []));
  const places = new Set([...told.flatMap(({ unit }) => placesOf(unit)), ...records.keys()]);
  return [...places].toSorted().map((place) => ({
    place,
    entries: told.flatMap((entry) => {
      const unit = unitAt(entry.unit, place === "" ? [] : place.split("/"));
      return unit === undefined ? [] : [{ ...entry, unit }];
    }),
    records: records.get(place) ?? [],
  }));
}

/** In words, before the name of a value: "dv-rack 1/3". */
export const named = (device: string, place: string): string => (place === "" ? device : `${device} ${place}`);

const isAgain = (sent: readonly LedgerEntry[], at: number): boolean =>
  sent[at]?.unit.once === true && JSON.stringify(sent[at].unit) === JSON.stringify(sent[at - 1]?.unit);

const placeOf = (node: readonly string[]): string => keyAt(node, "").trimEnd();
const placesOf = ({ observations, waves, conditions }: Unit): readonly string[] =>
  [observations, waves, conditions].flatMap((all) => Object.keys(all).map((key) => key.slice(0, Math.max(0, key.lastIndexOf(" ")))));

/** In the order in which they happened: runs follow one another in time, and n tells within one tick. */
const inTime = (a: Received, b: Received): number => {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  return a.epoch - b.epoch || a.n - b.n;
};

/** Under what key a unit has a metric: its refid, or the number of the device's own paper, which the wire carries as its name. */
export function keyIn(known: Readonly<Record<string, unknown>>, { refid, name = "" }: Metric): string {
  if (Object.hasOwn(known, refid)) return refid;
  return Object.keys(known).find((key) => isNumbered(key, { refid, name })) ?? refid;
}
const isNumbered = (key: string, { name = "" }: Pick<Metric, "refid" | "name">): boolean => name !== "" && key.endsWith(`.${name}`);

/**
 * For each record the entry it is of, none twice; undefined where there is none. The last that fits is taken: a record comes after its
 * unit, so of two equal units the later one before it is its own. Begun before, not ended before: the end is told when its last write
 * has returned, and on a busy machine the agent has read it and gone on by then. A record bears the time at which the tick began in
 * which it was read. Two talks on one line, such as answers and curves, keep an order of their own each.
 */
export function matchLast<R extends Received>(
  entries: readonly SharedEntry[],
  records: readonly R[],
  same: (entry: LedgerEntry, record: R) => boolean,
): readonly (SharedEntry | undefined)[] {
  const taken = new Set<SharedEntry>();
  let open = entries.length;
  const matched = records.toReversed().map((record) => {
    while (open > 0 && taken.has(entries[open - 1]!)) open -= 1;
    for (let at = open - 1; at >= 0; at -= 1) {
      const entry = entries[at]!;
      if (taken.has(entry) || entry.firstByteAt > record.at + SETTLED_NS || !same(entry, record)) continue;
      taken.add(entry);
      return entry;
    }
    return undefined;
  });
  return matched.toReversed();
}

/** Value by value, in the device's own digits; nothing more, where the device's paper names all, and nothing less. */
export function sameReport({ unit }: LedgerEntry, { body, deviceTime }: Of<"report">, isBeyond: (key: string) => boolean): boolean {
  if (deviceTime !== unit.deviceTime) return false;
  const left = new Set(body.observations);
  for (const [key, value] of Object.entries(unit.observations)) {
    const told =
      body.observations.find(({ metric }) => metric.refid === key) ?? body.observations.find(({ metric }) => isNumbered(key, metric));
    if (told === undefined && unit.edges?.includes(key) === true) continue;
    if (told === undefined || told.value !== value || (value === null && told.validity === 0)) return false;
    left.delete(told);
  }
  return unit.partial === true || [...left].every(({ metric }) => isBeyond(metric.refid));
}
