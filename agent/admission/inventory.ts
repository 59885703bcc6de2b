import type { Rule } from "../../config/schema.ts";
import { elapsed, type Mono, Seconds } from "../../config/units.ts";
import type { PortFacts, Ports } from "../effects/effects.ts";
import { asFault, type Fault } from "../fault/fault.ts";
import { decideAdmission, type Verdict } from "./rules.ts";

/** sysfs is the truth and tells nothing by itself, so it is looked at this often. */
const LOOK_EVERY = Seconds(1);

export type Judged = { readonly port: PortFacts; readonly verdict: Verdict };
export type Change = { readonly location: string; readonly judged: Judged | undefined };

/** Every port that is seen now, with its verdict. Tells what changed since the last look. */
export class Inventory {
  readonly #ports: Ports;
  readonly #rules: readonly Rule[];
  readonly #drivers: ReadonlySet<string>;
  readonly #judged = new Map<string, Judged>();
  #looked: Mono | undefined;
  #looking = false;
  #seen: readonly PortFacts[] | undefined;
  fault: Fault | undefined;

  constructor(ports: Ports, rules: readonly Rule[], drivers: ReadonlySet<string>) {
    this.#ports = ports;
    this.#rules = rules;
    this.#drivers = drivers;
  }

  get all(): readonly Judged[] {
    return [...this.#judged.values()];
  }

  /** Begins a look when one is due, and returns what the last one changed. */
  tick(now: Mono): readonly Change[] {
    if (!this.#looking && (this.#looked === undefined || elapsed(this.#looked, now) >= LOOK_EVERY)) void this.#look(now);
    const seen = this.#seen;
    this.#seen = undefined;
    return seen === undefined ? [] : this.#judge(seen);
  }

  async #look(now: Mono): Promise<void> {
    this.#looking = true;
    this.#looked = now;
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
    const changes: Change[] = [];
    const present = new Set(seen.map((port) => port.location));
    for (const location of [...this.#judged.keys()]) {
      if (present.has(location)) continue;
      this.#judged.delete(location);
      changes.push({ location, judged: undefined });
    }
    for (const port of seen) {
      const before = this.#judged.get(port.location);
      const judged = { port, verdict: decideAdmission(this.#rules, port, { drivers: this.#drivers, taken: this.#taken() }) };
      this.#judged.set(port.location, judged);
      if (before === undefined || JSON.stringify(before) !== JSON.stringify(judged)) changes.push({ location: port.location, judged });
    }
    return changes;
  }

  /** Devices that hold a port now: the incumbent keeps it while it is plugged. */
  #taken(): ReadonlyMap<string, string> {
    const taken = new Map<string, string>();
    for (const { port, verdict } of this.#judged.values()) if (verdict.is === "allow") taken.set(verdict.device, port.location);
    return taken;
  }
}
