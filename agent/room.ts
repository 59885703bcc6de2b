import type { Rule } from "../config/schema.ts";
import type { Mono } from "../config/units.ts";
import type { AnyDriver } from "../drivers/kit/driver.ts";
import type { Device, Event } from "../proto/messages.ts";
import { type Change, Inventory, type Judged } from "./admission/inventory.ts";
import type { Effects } from "./effects/effects.ts";
import { assert, type Fault } from "./fault/fault.ts";
import type { FaultBook } from "./fault/fault-book.ts";
import type { Log } from "./log/log.ts";
import { Epochs } from "./session/epochs.ts";
import { type Attachment, Session, type SessionHooks, type SessionView } from "./session/session.ts";
import type { Spool } from "./spool/spool.ts";
import { admission } from "./uplink/birth.ts";
import * as events from "./wire/events.ts";

/** What the room needs of the rest of the agent. */
export type RoomOptions = {
  readonly effects: Effects;
  readonly rules: readonly Rule[];
  readonly drivers: readonly AnyDriver[];
  readonly log: Log;
  readonly faults: FaultBook;
  readonly spool: Spool;
  readonly event: (event: Event, epoch?: number) => void;
  /** The birth no longer tells the truth. */
  readonly changed: () => void;
};

/** The ports of the room, and a session on each that is admitted: inventory and sessions, joined. */
export class Room {
  readonly #options: RoomOptions;
  readonly #epochs = new Epochs();
  readonly #inventory: Inventory;
  readonly #sessions = new Map<string, Session>();

  constructor(options: RoomOptions) {
    this.#options = options;
    this.#inventory = new Inventory(options.effects.ports, options.rules, new Set(options.drivers.map((driver) => driver.id)));
  }

  get ports(): readonly Judged[] {
    return this.#inventory.all;
  }

  /** Why the ports cannot be listed, while they cannot. */
  get fault(): Fault | undefined {
    return this.#inventory.fault;
  }

  sessions(): readonly SessionView[] {
    return [...this.#sessions.values()].map((session) => session.view());
  }

  /** How a batch introduces the device of an epoch that still speaks. */
  device(epoch: number): Device {
    return this.#epochs.device(epoch);
  }

  tick(now: Mono): void {
    for (const change of this.#inventory.tick(now)) this.#portChanged(change);
    for (const session of this.#sessions.values()) session.tick(now);
  }

  async stop(): Promise<void> {
    for (const session of this.#sessions.values()) await session.end("stopped");
  }

  #portChanged({ location, judged }: Change): void {
    this.#options.changed();
    const old = this.#sessions.get(location);
    if (judged === undefined) {
      this.#endSession(location, old);
      return;
    }
    const { port, verdict } = judged;
    const reasons = verdict.is === "allow" ? undefined : verdict.reasons.join("; ");
    this.#options.log.event("port.verdict", {
      location,
      path: port.path,
      verdict: verdict.is,
      device: verdict.is === "allow" ? verdict.device : undefined,
      reasons,
    });
    this.#options.event({ kind: "admission", admission: admission(judged) });
    const same = old !== undefined && verdict.is === "allow" && old.view().port.path === port.path && old.view().device === verdict.device;
    if (same) return;
    this.#endSession(location, old);
    if (verdict.is !== "allow") return;
    const driver = this.#options.drivers.find((one) => one.id === verdict.driver);
    assert(driver !== undefined, "an admitted port has a driver");
    const { device, socket } = verdict;
    this.#sessions.set(
      location,
      new Session({ effects: this.#options.effects, port, driver, admitted: { device, socket }, hooks: this.#hooks(location) }),
    );
  }

  #endSession(location: string, session: Session | undefined): void {
    if (session === undefined) return;
    this.#sessions.delete(location);
    this.#options.faults.clear(`port ${location}`);
    void session.end("revoked");
  }

  #hooks(location: string): SessionHooks {
    return {
      keep: (lane, entry) => this.#options.spool.keep(lane, entry),
      beginEpoch: (attachment) => this.#beginEpoch(attachment),
      endEpoch: (epoch, reason) => this.#endEpoch(epoch, reason),
      learned: (epoch, facts) => this.#options.event({ kind: "identityLearned", identityLearned: { facts } }, epoch),
      discarded: (what) => this.#options.event(events.discardsEvent(what)),
      raise: (fault) => this.#options.faults.raise(`port ${location}`, fault),
      clear: () => this.#options.faults.clear(`port ${location}`),
      changed: () => this.#options.changed(),
    };
  }

  #beginEpoch(attachment: Attachment): number {
    const device = this.#epochs.begin(attachment);
    this.#options.log.event("session.streaming", { device: attachment.device, location: attachment.location, epoch: device.epoch });
    this.#options.event(events.epochBeganEvent(device, attachment), device.epoch);
    return device.epoch;
  }

  #endEpoch(epoch: number, reason: string): void {
    const last = this.#options.spool.last().filter((one) => one.epoch === epoch);
    this.#options.log.event("session.ended", { device: this.#epochs.device(epoch).device, epoch, reason });
    this.#options.event(events.epochEndedEvent(reason, last), epoch);
    this.#epochs.end(epoch);
    this.#options.spool.endEpoch(epoch);
  }
}
