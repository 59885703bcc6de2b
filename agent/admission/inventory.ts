import type { KnownDrivers, Rule } from "../../config/schema.ts";
import { isDue, Milliseconds, type Mono, Seconds } from "../../config/units.ts";
import type { PortFacts, Ports } from "../effects/effects.ts";
import { asFault, Fault } from "../fault/fault.ts";
import { type Judged, judgePorts } from "./rules.ts";

export type { Judged } from "./rules.ts";

/** sysfs is the truth and tells nothing by itself, so it is looked at this often. */
export const LOOK_EVERY = Seconds(1);
/** What stirs wakes a look, and what stirs on and on no more than one in this time: plugging a hub is a hundred notifications. */
const LOOK_APART = Milliseconds(100);

export type Change = { readonly location: string; readonly judged: Judged | undefined };

/** Every port that is seen now, with its verdict. Tells what changed since the last look. */
export class Inventory {
  readonly #ports: Ports;
  #rules: readonly Rule[];
  readonly #drivers: KnownDrivers;
  #judged: ReadonlyMap<string, Judged> = new Map();
  #looked: Mono | undefined;
  #looking = false;
  #stirred = false;
  #seen: readonly PortFacts[] | undefined;
  fault: Fault | undefined;

  constructor(ports: Ports, rules: readonly Rule[], drivers: KnownDrivers) {
    this.#ports = ports;
    this.#rules = rules;
    this.#drivers = drivers;
  }

  get all(): readonly Judged[] {
    return [...this.#judged.values()];
  }

  /** Other rules from here on: what is plugged is judged anew at the next tick, without a look. */
  judgeBy(rules: readonly Rule[]): void {
    this.#rules = rules;
    this.#seen ??= this.all.map(({ port }) => port);
  }

  /** Something tells that a look is worth while: a line hung up. */
  stir(): void {
    this.#stirred = true;
  }

  /** Begins a look when one is due, and returns what the last one changed. */
  tick(now: Mono): readonly Change[] {
    if (this.#ports.stirred?.() === true) this.#stirred = true;
    const wait = this.#stirred ? LOOK_APART : LOOK_EVERY;
    if (!this.#looking && isDue(this.#looked, wait, now)) void this.#look(now);
    const seen = this.#seen;
    this.#seen = undefined;
    return seen === undefined ? [] : this.#judge(seen);
  }

  async #look(now: Mono): Promise<void> {
    this.#looking = true;
    this.#looked = now;
    // What stirs from here on may be missed by this look, and wakes another.
    this.#stirred = false;
    try {
      this.#seen = await this.#ports.list();
      this.fault = undefined;
    } catch (caught) {
      this.fault = asFault(caught, "ports.unlisted", "The ports cannot be listed");
    } finally {
      this.#looking = false;
    }
  }

  #judge(seen: readonly PortFacts[]): Change[] {
    const before = this.#judged;
    const judged = judgePorts(this.#rules, seen, { drivers: this.#drivers, before: this.all });
    this.#judged = new Map(judged.map((one) => [one.port.location, one]));
    const gone = [...before.keys()].filter((location) => !this.#judged.has(location));
    const changed = judged.filter((one) => JSON.stringify(before.get(one.port.location)) !== JSON.stringify(one));
    return [
      ...gone.map((location) => ({ location, judged: undefined })),
      ...changed.map((one) => ({ location: one.port.location, judged: one })),
    ];
  }
}

/** Devices that more than one port claims, each with what is wrong. */
export function contestedDevices(ports: readonly Judged[]): ReadonlyMap<string, Fault> {
  const faults = new Map<string, Fault>();
  for (const { port, verdict } of ports) {
    if (verdict.is !== "block" || verdict.claims === undefined || faults.has(verdict.claims)) continue;
    const device = verdict.claims;
    const holder = ports.find((one) => one.verdict.is === "allow" && one.verdict.device === device)?.port;
    const rivals = ports.filter((one) => one.verdict.is === "block" && one.verdict.claims === device).map((one) => one.port.location);
    faults.set(
      device,
      holder === undefined
        ? new Fault("identity.ambiguous", `${device} is claimed at ${rivals.join(" and ")}; none of them is used`, { device })
        : new Fault("identity.contested", `${device} at ${holder.location} is also claimed at ${rivals.join(" and ")}; the first goes on`, {
            device,
            location: port.location,
          }),
    );
  }
  return faults;
}
