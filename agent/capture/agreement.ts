import { decimalText } from "../../drivers/kit/decimal.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import type { Unit } from "../../drivers/kit/emulator.ts";
import { asideOf } from "../../drivers/kit/framer.ts";
import { keyAt, type Reading } from "../../drivers/kit/reading.ts";

/** What a faithful reader must conclude: a unit of an emulator's, or a line of NAME.expected.jsonl. */
export type Wanted = Omit<Unit, "bytes">;

/** What was concluded from one frame that says something of the patient or the device: value by node and metric. */
type Said = {
  readonly refid: string;
  readonly node?: readonly string[] | undefined;
  readonly name: string | undefined;
  readonly value: unknown;
};
export type Conclusion = {
  readonly observations: readonly Said[];
  readonly waves: readonly Said[];
  readonly conditions: readonly Said[];
  /** Of all its nodes; where they differ, all of them. */
  readonly deviceTime: string | undefined;
};

/** Undefined where the frame says nothing that could be compared. */
export function conclusion(readings: readonly Reading[]): Conclusion | undefined {
  const observations: Said[] = [];
  const waves: Said[] = [];
  const conditions: Said[] = [];
  const times = new Set<string>();
  for (const reading of readings) {
    if (reading.told === "deviceTime") times.add(reading.value);
    if (!("metric" in reading)) continue;
    const { refid, name } = reading.metric;
    const said = { refid, name, node: reading.node };
    if (reading.told === "number") observations.push({ ...said, value: decimalText(reading.value) });
    else if (reading.told === "text") observations.push({ ...said, value: reading.value });
    else if (reading.told === "absent") observations.push({ ...said, value: null });
    else if (reading.told === "wave" && reading.absent !== undefined) continue;
    else if (reading.told === "wave") waves.push({ ...said, value: reading.samples });
    else conditions.push({ ...said, value: reading.present });
  }
  if (observations.length + waves.length + conditions.length === 0) return undefined;
  return { observations, waves, conditions, deviceTime: times.size === 0 ? undefined : [...times].join(" and ") };
}

/**
 * The first difference in words; undefined where every unit was understood, in its order and in every value, and nothing was concluded
 * that was not sent. Where curves run beside the talk they have an order of their own: a record may be over only when the next one
 * begins, and an answer has come meanwhile.
 */
export function disagreement(driver: AnyDriver, concluded: readonly Conclusion[], units: readonly Wanted[]): string | undefined {
  const isCurve = ({ waves }: Conclusion | Wanted): boolean => Object.keys(waves).length > 0;
  const talks = asideOf(driver.frame).size === 0 ? [() => true] : [isCurve, (one: Conclusion | Wanted) => !isCurve(one)];
  return talks.map((isOf) => difference(concluded.filter(isOf), units.filter(isOf))).find((one) => one !== undefined);
}

/** The same in one order, whatever the driver. */
export function difference(concluded: readonly Conclusion[], sent: readonly Wanted[]): string | undefined {
  const units = sent.filter((unit, i) => unit.once !== true || JSON.stringify(unit) !== JSON.stringify(sent[i - 1]));
  for (const [i, { observations, waves, conditions, deviceTime, partial }] of units.entries()) {
    const told = concluded[i];
    if (told === undefined) break;
    const wrong = [
      ...(told.deviceTime === deviceTime ? [] : [`device time was sent as ${deviceTime} and told as ${told.deviceTime}`]),
      ...differences(told.observations, observations, partial === true),
      ...differences(told.waves, waves, false),
      ...differences(told.conditions, conditions, partial === true),
    ];
    if (wrong.length > 0) return `unit ${i + 1} of ${units.length}: ${wrong.slice(0, DIFFERENCES_TOLD).join("; ")}`;
  }
  return concluded.length === units.length ? undefined : `${units.length} units were sent whole, and ${concluded.length} told`;
}
const DIFFERENCES_TOLD = 3;

/** A unit may name a metric by the number that a paper gives: "pb840.f71" is the metric whose name is "f71". */
const saidAs = (told: readonly Said[], key: string): Said | undefined =>
  told.find(({ node, refid }) => key === keyAt(node, refid)) ?? told.find((said) => isNumbered(said, key));
function isNumbered({ node, name }: Said, key: string): boolean {
  const place = keyAt(node, "");
  const rest = key.slice(place.length);
  return name !== undefined && key.startsWith(place) && rest.endsWith(`.${name}`) && !rest.includes(" ");
}

/** What differs, in words; empty: nothing. */
function differences(told: readonly Said[], wanted: Readonly<Record<string, unknown>>, partial: boolean): readonly string[] {
  const known = new Set<Said>();
  const wrong = Object.entries(wanted).flatMap(([key, value]) => {
    const said = saidAs(told, key);
    if (said === undefined) return [`${key} was sent as ${JSON.stringify(value)} and not told`];
    known.add(said);
    if (JSON.stringify(said.value) === JSON.stringify(value)) return [];
    return [`${key} was sent as ${JSON.stringify(value)} and told as ${JSON.stringify(said.value)}`];
  });
  const invented = told.filter((said) => !partial && !known.has(said));
  return [...wrong, ...invented.map(({ node, refid, value }) => `${keyAt(node, refid)} was not sent and told as ${JSON.stringify(value)}`)];
}
