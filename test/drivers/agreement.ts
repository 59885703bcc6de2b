import { expect } from "vitest";
import { after, type Duration, Milliseconds, type Mono } from "../../config/units.ts";
import { decimalText } from "../../drivers/kit/decimal.ts";
import { type DialogueEvent, DialogueRunner } from "../../drivers/kit/dialogue.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import type { Emulator, Unit } from "../../drivers/kit/emulator.ts";
import { createFramer, type Framer } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { join } from "./streams.ts";

/** What a reader concluded from one frame that says something of the patient or the device. */
export type Conclusion = Omit<Unit, "bytes">;

/** A driver with its framer and dialogue, fed by hand: what the link does, without a link. */
export class Reader {
  readonly #driver: AnyDriver;
  readonly #framer: Framer;
  readonly #dialogue: DialogueRunner<unknown>;
  #memory: unknown;
  #gap = 0;
  /** Not yet handed to the device. */
  readonly writes: Uint8Array[] = [];
  readonly sent: Uint8Array[] = [];
  readonly conclusions: Conclusion[] = [];
  readonly readings: Reading[] = [];

  constructor(driver: AnyDriver) {
    this.#driver = driver;
    this.#memory = driver.memory;
    this.#framer = createFramer(driver.frame);
    this.#dialogue = new DialogueRunner(driver, () => this.#memory);
  }

  get wakeAt(): Mono | undefined {
    return this.#dialogue.wakeAt;
  }

  step(now: Mono, event?: DialogueEvent): void {
    const turn = this.#dialogue.step(now, event);
    expect(turn.refused).toBeUndefined();
    this.writes.push(...turn.writes);
    this.sent.push(...turn.writes);
  }

  hear(bytes: Uint8Array, now: Mono): void {
    this.step(now, { saw: "bytes" });
    for (const output of this.#framer.push(bytes)) {
      if ("discard" in output) {
        this.#gap += output.discard;
        for (let broken = 0; broken < output.broken; broken++) this.step(now, { saw: "broken", bytes: output.discard });
        continue;
      }
      const { readings, memory } = this.#driver.decode(output.frame, this.#memory, this.#gap);
      this.#memory = memory;
      this.#gap = 0;
      this.readings.push(...readings);
      const concluded = conclusion(readings);
      if (concluded !== undefined) this.conclusions.push(concluded);
      this.step(now, { saw: "frame", seen: { frame: output.frame, readings, at: now } });
    }
  }
}

/** The ventilator's fields are named by their number, whatever nomenclature the driver found for them. */
const keyOf = (metric: { readonly refid: string; readonly name?: string }): string =>
  metric.name !== undefined && /^[fa]\d+$/.test(metric.name) ? `pb840.${metric.name}` : metric.refid;

function conclusion(readings: readonly Reading[]): Conclusion | undefined {
  const observations: Record<string, string | null> = {};
  const waves: Record<string, readonly number[]> = {};
  const conditions: Record<string, boolean> = {};
  let deviceTime: string | undefined;
  for (const reading of readings) {
    switch (reading.told) {
      case "number":
        observations[keyOf(reading.metric)] = decimalText(reading.value);
        break;
      case "text":
        observations[keyOf(reading.metric)] = reading.value;
        break;
      case "absent":
        observations[keyOf(reading.metric)] = null;
        break;
      case "wave":
        waves[keyOf(reading.metric)] = reading.samples;
        break;
      case "condition":
        conditions[keyOf(reading.metric)] = reading.present;
        break;
      case "deviceTime":
        deviceTime = reading.value;
        break;
      case "identity":
      case "unreadable":
        break;
    }
  }
  if (Object.keys(observations).length === 0) return undefined;
  return { observations, waves, conditions, ...(deviceTime === undefined ? {} : { deviceTime }) };
}

/** Fields of the short answer that the driver knows from a manual and the emulator's paper does not name. */
const MORE_IS_KNOWN = /^pb840\.a\d+$/;
function named<V>(told: Readonly<Record<string, V>>, unit: Readonly<Record<string, V>>): Readonly<Record<string, V>> {
  return Object.fromEntries(Object.entries(told).filter(([key]) => Object.hasOwn(unit, key) || !MORE_IS_KNOWN.test(key)));
}

/** Every unit was understood, in its order and in every value; nothing was concluded that was not sent. */
export function expectAgreement(concluded: readonly Conclusion[], units: readonly Conclusion[]): void {
  for (const [i, { observations, waves, conditions, deviceTime }] of units.entries()) {
    const told = concluded[i];
    expect(told === undefined ? undefined : named(told.observations, observations), `unit ${i}`).toEqual(observations);
    expect(told === undefined ? undefined : named(told.conditions, conditions), `unit ${i}`).toEqual(conditions);
    expect(told?.waves, `unit ${i}`).toEqual(waves);
    expect(told?.deviceTime, `unit ${i}`).toBe(deviceTime);
  }
  expect(concluded).toHaveLength(units.length);
}

/** Runs device and driver against each other in simulated time, at once and without a line between them. */
export function converse<S>(driver: AnyDriver, device: Emulator<S>, { seed, time }: { readonly seed: number; readonly time: Duration }) {
  const reader = new Reader(driver);
  const units: Unit[] = [];
  let state = device.start(seed);
  let ms = 0;
  while (ms < time) {
    const now = after(0n as Mono, Milliseconds(ms));
    reader.step(now);
    const step = device.step(state, join(...reader.writes.splice(0)), Milliseconds(ms));
    state = step.state;
    for (const { bytes, unit } of step.sends) {
      reader.hear(bytes, now);
      if (unit !== undefined) units.push(unit);
    }
    ms += 10;
  }
  return { reader, units };
}
