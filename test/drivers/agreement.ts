import assert from "node:assert/strict";
import { type Decoded, Link } from "../../agent/session/link.ts";
import { after, type Duration, Milliseconds, type Mono } from "../../config/units.ts";
import { decimalText } from "../../drivers/kit/decimal.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { type Emulator, keyAt, type Unit } from "../../drivers/kit/emulator.ts";
import { asideOf } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { join } from "./streams.ts";

/** What a faithful reader must conclude: a unit of the emulator's, or a line of an expected.jsonl. */
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

/** A driver on the agent's own link, fed by hand. */
export class Reader {
  readonly #link: Link;
  readonly #nextSample = new Map<string, number>();
  readonly counts = { bytes: 0, frames: 0, framed: 0, discarded: 0, broken: 0 };
  /** Not yet handed to the device. */
  readonly writes: Uint8Array[] = [];
  readonly sent: Uint8Array[] = [];
  readonly frames: Uint8Array[] = [];
  readonly conclusions: Conclusion[] = [];
  readonly readings: Reading[] = [];

  constructor(driver: AnyDriver) {
    this.#link = new Link(driver, this.counts);
  }

  hear(bytes: Uint8Array, now: Mono): void {
    const { decoded, turn } = this.#link.push(bytes, now);
    assert.equal(turn.refused, undefined, `the transmit gate refused: ${turn.refused}`);
    this.writes.push(...turn.writes);
    this.sent.push(...turn.writes);
    for (const one of decoded) this.#take(one);
  }

  /** Bytes in are frames, discards and what is pending. */
  expectConserved(): void {
    const { bytes, framed, discarded } = this.counts;
    assert.equal(framed + discarded + this.#link.pending, bytes, "every byte is in a frame, discarded or pending");
  }

  #take({ frame, readings }: Decoded): void {
    this.frames.push(frame);
    this.readings.push(...readings);
    for (const reading of readings) {
      if (reading.told !== "wave") continue;
      const { metric, first, samples, node } = reading;
      const key = keyAt(node, metric.refid);
      const from = this.#nextSample.get(key) ?? 0;
      assert.ok(first >= from, `${key}: sample ${first} was numbered before; the next is ${from}`);
      this.#nextSample.set(key, first + samples.length);
    }
    const concluded = conclusion(readings);
    if (concluded !== undefined) this.conclusions.push(concluded);
  }
}

function conclusion(readings: readonly Reading[]): Conclusion | undefined {
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
    else if (reading.told === "wave") waves.push({ ...said, value: reading.samples });
    else conditions.push({ ...said, value: reading.present });
  }
  if (observations.length + waves.length + conditions.length === 0) return undefined;
  return { observations, waves, conditions, deviceTime: times.size === 0 ? undefined : [...times].join(" and ") };
}

// ── The two ledgers ─────────────────────────────────────────────────────────────────────────────────────────────────

/** An emulator may name a metric by the number that its paper gives: "pb840.f71" is the metric whose name is "f71". */
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

const DIFFERENCES_TOLD = 3;

/**
 * Every unit was understood, in its order and in every value; nothing was concluded that was not sent. Where curves run beside the talk
 * they have an order of their own: a record may be over only when the next one begins, and an answer has come meanwhile.
 */
export function expectAgreement(driver: AnyDriver, concluded: readonly Conclusion[], units: readonly Wanted[]): void {
  const isCurve = ({ waves }: Conclusion | Wanted): boolean => Object.keys(waves).length > 0;
  const talks = asideOf(driver.frame).size === 0 ? [() => true] : [isCurve, (one: Conclusion | Wanted) => !isCurve(one)];
  for (const isOf of talks) expectSame(concluded.filter(isOf), units.filter(isOf));
}

/** The same in one order, whatever the driver. */
export function expectSame(concluded: readonly Conclusion[], sent: readonly Wanted[]): void {
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
    if (wrong.length > 0) assert.fail(`unit ${i + 1} of ${units.length}: ${wrong.slice(0, DIFFERENCES_TOLD).join("; ")}`);
  }
  if (concluded.length !== units.length) assert.fail(`${units.length} units were sent whole, and ${concluded.length} told`);
}

/** Runs device and link against each other in simulated time, at once and without a line between them. */
export function converse<S>(driver: AnyDriver, device: Emulator<S>, { seed, time }: { readonly seed: number; readonly time: Duration }) {
  const reader = new Reader(driver);
  const units: Unit[] = [];
  const did: string[] = [];
  let state = device.start(seed);
  for (let ms = 0; ms < time; ms += TICK_MS) {
    const now = after(0n as Mono, Milliseconds(ms));
    reader.hear(NOTHING, now);
    const step = device.step(state, join(...reader.writes.splice(0)), Milliseconds(ms));
    state = step.state;
    did.push(...(step.did ?? []));
    for (const { bytes, unit } of step.sends) {
      reader.hear(bytes, now);
      if (unit !== undefined) units.push(unit);
    }
  }
  // A record that only the next one ends is over after a silence.
  for (let ms = Number(time); ms < time + SILENCE_MS; ms += TICK_MS) reader.hear(NOTHING, after(0n as Mono, Milliseconds(ms)));
  reader.expectConserved();
  return { reader, units, did };
}
const SILENCE_MS = 500;
const TICK_MS = 10;
const NOTHING = new Uint8Array();
