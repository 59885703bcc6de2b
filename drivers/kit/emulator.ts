import type { Duration } from "../../config/units.ts";
import { keyAt } from "./reading.ts";

/**
 * An emulated device: a pure value, written from the protocol paper alone. `test/support` runs it behind a pty and paces its
 * bytes at line speed; the simulator runs it in simulated time. Neither the agent nor the shipped binary contains one.
 */
export type Emulator<S> = {
  /** Id of the driver that should read it. */
  readonly id: string;
  /** Bits per second on the line; the runner paces bytes by it (10 bits a byte). */
  readonly speed: number;
  /** The paper knows no checksum, so that a changed digit may pass for another; without this a driver must refuse any flipped bit. */
  readonly unchecked?: true;
  /** The device just switched on. Equal seeds give equal devices. */
  readonly start: (seed: number) => S;
  /**
   * One step: `heard` is everything the gateway sent since the last step, `at` the time since switch-on (never smaller than
   * before). Returns what the device sends now, in order, and when it wants the next step at the latest.
   */
  readonly step: (state: S, heard: Uint8Array, at: Duration) => Turn<S>;
};
export type Turn<S> = {
  readonly state: S;
  readonly sends: readonly Sent[];
  readonly next: Duration;
  /** What faults did in this step, a line each, for whoever watches. */
  readonly did?: readonly string[];
};

/** An emulator whose state is nobody's business: what a list of devices holds. */
// biome-ignore lint/suspicious/noExplicitAny: a state is private to its emulator; the runner hands it back unread.
export type AnyEmulator = Emulator<any>;

/**
 * Bytes that leave the device together, and the unit (a packet, an answer, an alert edge) that ends with them, if one does. `open`: a
 * frame stands open in or behind them, such as a record that only the next one ends; no fault damages them, since none could be judged.
 */
export type Sent = { readonly bytes: Uint8Array; readonly unit?: Unit; readonly open?: true };

/**
 * What a faithful reader must conclude from a unit: the sender's own ledger, in the device's digits. A key is a refid; of a node
 * below the port it is what `keyAt` makes of both.
 */
export type Unit = {
  /** Bytes of this unit, from its first to its last. */
  readonly bytes: number;
  /** The device's own time or counter, as a reader should carry it; absent where the unit has none. */
  readonly deviceTime?: string;
  /** Key → the digits or text as sent, or null where the device says "no value". */
  readonly observations: Readonly<Record<string, string | null>>;
  /** Key → raw samples. */
  readonly waves: Readonly<Record<string, readonly number[]>>;
  /** Conditions present after this unit: key → true. A change against the unit before is an alert edge. */
  readonly conditions: Readonly<Record<string, boolean>>;
  /** The emulator's paper names less than a reader may tell: what is not named here is no invention. */
  readonly partial?: true;
  /** A reader knows this unit again where it comes twice in a row, tells it once and refuses the second: repeated, it is no unit. */
  readonly once?: true;
  /** Names of what is told once, such as the end of something: where the unit is sent again a reader may tell it no more. */
  readonly edges?: readonly string[];
};

/** What a unit says of one node, by refid, as the node's own device tells it; undefined where it says nothing of it. */
export function unitAt(unit: Unit, node: readonly string[]): Unit | undefined {
  const place = keyAt(node, "");
  const of = <V>(all: Readonly<Record<string, V>>): Readonly<Record<string, V>> =>
    Object.fromEntries(
      Object.entries(all).flatMap(([key, value]) => {
        const refid = key.slice(place.length);
        return key.startsWith(place) && !refid.includes(" ") ? [[refid, value]] : [];
      }),
    );
  const own = { observations: of(unit.observations), waves: of(unit.waves), conditions: of(unit.conditions) };
  return Object.values(own).every((all) => Object.keys(all).length === 0) ? undefined : { ...unit, ...own };
}

/** A clock that counts nanoseconds may wake half of one too early; what is due within this, in milliseconds, leaves then. */
export const CLOCK_GRAIN = 1e-6;

/** A seeded generator for emulators (mulberry32): returns the next state and a number in [0, 1). */
export function nextRandom(state: number): readonly [state: number, value: number] {
  const next = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(next ^ (next >>> 15), 1 | next);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return [next, ((t ^ (t >>> 14)) >>> 0) / 4294967296];
}
