import assert from "node:assert/strict";
import { type Conclusion, conclusion, difference, disagreement, type Wanted } from "../../agent/capture/agreement.ts";
import { type Decoded, Link } from "../../agent/session/link.ts";
import { after, type Duration, Milliseconds, type Mono } from "../../config/units.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import type { Emulator, Unit } from "../../drivers/kit/emulator.ts";
import { keyAt, type Reading } from "../../drivers/kit/reading.ts";
import { join } from "./streams.ts";

export type { Conclusion, Wanted };

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
      const { metric, first, samples, absent = 0, node } = reading;
      const key = keyAt(node, metric.refid);
      const from = this.#nextSample.get(key) ?? 0;
      assert.ok(first >= from, `${key}: sample ${first} was numbered before; the next is ${from}`);
      this.#nextSample.set(key, first + samples.length + absent);
    }
    const concluded = conclusion(readings);
    if (concluded !== undefined) this.conclusions.push(concluded);
  }
}

/** Every unit was understood, in its order and in every value; nothing was concluded that was not sent (agent/capture/agreement.ts). */
export function expectAgreement(driver: AnyDriver, concluded: readonly Conclusion[], units: readonly Wanted[]): void {
  const wrong = disagreement(driver, concluded, units);
  if (wrong !== undefined) assert.fail(wrong);
}

/** The same in one order, whatever the driver. */
export function expectSame(concluded: readonly Conclusion[], sent: readonly Wanted[]): void {
  const wrong = difference(concluded, sent);
  if (wrong !== undefined) assert.fail(wrong);
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
