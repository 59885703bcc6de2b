import type { Rule } from "../config/schema.ts";
import { elapsed, type Mono, type Wall } from "../config/units.ts";
import type { AnyDriver } from "../drivers/kit/driver.ts";
import { atLine, linesByDriver } from "../drivers/kit/line.ts";
import type { Device, Event } from "../proto/messages.ts";
import { type Change, contestedDevices, Inventory, type Judged } from "./admission/inventory.ts";
import type { Verdict } from "./admission/rules.ts";
import type { Effects, PortFacts } from "./effects/effects.ts";
import { asFault, assert, Fault } from "./fault/fault.ts";
import type { FaultBook } from "./fault/fault-book.ts";
import type { Log } from "./log/log.ts";
import type { ClockReading } from "./model/model.ts";
import type { Attachment, SessionHooks } from "./session/attachment.ts";
import type { DeviceOffset } from "./session/device-clock.ts";
import { Epochs } from "./session/epochs.ts";
import { hungFault, type Serving } from "./session/serving.ts";
import { Session, type SessionView, type Tap } from "./session/session.ts";
import type { Spool } from "./spool/spool.ts";
import { admission } from "./uplink/birth.ts";
import * as events from "./wire/events.ts";

/** What the room needs of the rest of the agent. */
export type RoomOptions = {
  readonly effects: Pick<Effects, "ports" | "clock" | "serial">;
  readonly rules: readonly Rule[];
  readonly drivers: readonly AnyDriver[];
  readonly log: Log;
  readonly faults: FaultBook;
  readonly spool: Spool;
  readonly serving: Serving;
  readonly clock: () => ClockReading;
  readonly event: (event: Event, epoch?: number) => void;
  /** The birth no longer tells the truth. */
  readonly changed: () => void;
};

/** What a session was made for: where a rule says another, it ends. */
const KEPT = ["device", "socket", "driver", "line"] as const;

type Allow = Extract<Verdict, { is: "allow" }>;

/** The ports of the room, and a session on each that is admitted: inventory and sessions, joined. */
export class Room {
  readonly #options: RoomOptions;
  readonly #epochs = new Epochs();
  readonly #inventory: Inventory;
  readonly #sessions = new Map<string, Session>();
  #contested: ReadonlySet<string> = new Set();
  /** By location: who hears along, and ports of which no session is to be. */
  readonly #taps = new Map<string, Tap>();
  readonly #lent = new Set<string>();

  constructor(options: RoomOptions) {
    this.#options = options;
    this.#inventory = new Inventory(options.effects.ports, options.rules, linesByDriver(options.drivers));
  }

  get ports(): readonly Judged[] {
    return this.#inventory.all;
  }

  /** Why the ports cannot be listed, while they cannot. */
  get fault(): Fault | undefined {
    return this.#inventory.fault;
  }

  /** With those that were unplugged and are not back: their phase is "ended". */
  sessions(): readonly SessionView[] {
    return this.#views().map(([, view]) => view);
  }

  #views(): readonly (readonly [location: string, view: SessionView])[] {
    return [...this.#sessions].map(([location, session]) => [location, session.view()]);
  }

  /** How a batch introduces the device of an epoch that still speaks. */
  device(epoch: number): Device {
    return this.#epochs.device(epoch);
  }

  /** Other rules from here on. A port that they judge as before does not drop a byte. */
  judgeBy(rules: readonly Rule[]): void {
    this.#inventory.judgeBy(rules);
  }

  /** Hears along with whatever session is on this port; undefined: nobody does any more. */
  tap(location: string, tap: Tap | undefined): void {
    if (tap === undefined) this.#taps.delete(location);
    else this.#taps.set(location, tap);
    this.#sessions.get(location)?.tap(tap);
  }

  /** Lets go of a port; it is shut when this resolves, and has no session before it is given back. */
  async lend(location: string): Promise<void> {
    this.#lent.add(location);
    const old = this.#sessions.get(location);
    if (old === undefined) return;
    const shut = old.end("revoked");
    this.#forget(location);
    await shut;
  }

  giveBack(location: string): void {
    if (!this.#lent.delete(location)) return;
    const judged = this.#inventory.all.find(({ port }) => port.location === location);
    if (judged?.verdict.is === "allow" && !this.#sessions.has(location)) this.#begin(judged.port, judged.verdict, []);
    this.#options.changed();
  }

  tick(now: Mono): void {
    const changes = this.#inventory.tick(now);
    // What went is ended first: two adapters that exchanged their paths must not find them in use by each other.
    const ending = changes.flatMap((change) => this.#endFormer(change));
    for (const change of changes) this.#portChanged(change, ending);
    if (changes.length > 0) this.#tellContested();
    const { serving } = this.#options;
    for (const session of this.#sessions.values()) {
      const served = session.serves;
      if (served !== undefined) serving.begin(served, now);
      session.tick(now);
    }
    serving.none();
  }

  async stop(): Promise<void> {
    for (const session of this.#sessions.values()) await session.end("stopped");
  }

  /**
   * Ends the session of a port that went, is another attachment, or is not admitted as before, and tells when its node is free.
   * A device that was unplugged stays known as such, with a fault that stands, until it is back here or admitted elsewhere.
   */
  #endFormer({ location, judged }: Change): readonly { readonly path: string; readonly shut: Promise<void> }[] {
    const old = this.#sessions.get(location);
    if (old === undefined) return [];
    const { port, phase, ...before } = old.view();
    const now = judged?.port;
    const verdict = judged?.verdict;
    if (phase === "ended") {
      if (verdict?.is === "allow") this.#forget(location);
      return [];
    }
    const unplugged = now === undefined || now.path !== port.path || now.attachment !== port.attachment;
    const same = verdict?.is === "allow" && KEPT.every((what) => verdict[what] === before[what]);
    if (!unplugged && same) return [];
    const shut = old.end(unplugged ? "unplugged" : "revoked");
    if (unplugged && verdict?.is !== "allow" && !this.#isAdmitted(before.device)) {
      this.#options.faults.raise(`port ${location}`, new Fault("port.gone", `${before.device} at ${location} is unplugged`, { location }));
    } else this.#forget(location);
    return [{ path: port.path, shut }];
  }

  #isAdmitted(device: string): boolean {
    return this.#inventory.all.some(({ verdict }) => verdict.is === "allow" && verdict.device === device);
  }

  #forget(location: string): void {
    this.#sessions.delete(location);
    this.#options.faults.clear(`port ${location}`);
  }

  #portChanged({ location, judged }: Change, ending: readonly { readonly path: string; readonly shut: Promise<void> }[]): void {
    this.#options.changed();
    if (judged === undefined) return;
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
    if (verdict.is === "allow" && !this.#sessions.has(location) && !this.#lent.has(location)) this.#begin(port, verdict, ending);
  }

  #begin(port: PortFacts, verdict: Allow, ending: readonly { readonly path: string; readonly shut: Promise<void> }[]): void {
    const { location } = port;
    const named = this.#options.drivers.find((one) => one.id === verdict.driver);
    const driver = named && atLine(named, verdict.line);
    assert(driver !== undefined, "an admitted port has a driver, and a line of it");
    const { device, socket, known } = verdict;
    for (const [place, { device: other, phase }] of this.#views()) if (other === device && phase === "ended") this.#forget(place);
    const after = Promise.all(ending.filter(({ path }) => path === port.path).map(({ shut }) => shut));
    const now = this.#options.effects.clock.now();
    const strike = this.#options.serving.strikeAt({ location, driver: driver.id }, now);
    if (strike !== undefined) this.#options.faults.raise(`port ${location}`, hungFault(strike, device, now));
    const session = new Session({
      effects: this.#options.effects,
      port,
      driver,
      admitted: { device, socket, known },
      hooks: this.#hooks(location),
      after,
      ...(strike === undefined ? {} : { strike }),
    });
    session.tap(this.#taps.get(location));
    this.#sessions.set(location, session);
  }

  /** A contested claim never displaces who was there: that one goes on and says so, and a fault stands until one of them is gone. */
  #tellContested(): void {
    const contested = contestedDevices(this.#inventory.all);
    for (const device of this.#contested) if (!contested.has(device)) this.#options.faults.clear(`device ${device}`);
    for (const [device, fault] of contested) this.#options.faults.raise(`device ${device}`, fault);
    this.#contested = new Set(contested.keys());
    for (const session of this.#sessions.values()) {
      const { device, contested: before } = session.view();
      if (before === contested.has(device)) continue;
      session.contest(!before);
      this.#introduceAgain(session.view());
    }
  }

  /** What a batch says of a device it says once: what comes now begins new ones. */
  #introduceAgain(view: SessionView): void {
    if (view.epoch === undefined) return;
    const mode = view.port.hardware ? "real" : "test";
    this.#epochs.change(view.epoch, { ...view, mode });
    for (const { node, epoch, facts } of view.nodes) this.#epochs.change(epoch, { ...view, mode, node, facts });
    this.#options.spool.closeBlocks();
    this.#options.changed();
  }

  #hooks(location: string): SessionHooks {
    return {
      keep: (lane, entry) => this.#options.spool.keep(lane, entry),
      commit: async () => {
        this.#options.spool.closeBlocks();
        const refused = await this.#options.spool
          .commitNow()
          .catch((caught: unknown) => asFault(caught, "disk.failed", "The disk refuses"));
        return refused === undefined;
      },
      beginEpoch: (attachment) => this.#beginEpoch(attachment),
      endEpoch: (epoch, reason) => this.#endEpoch(epoch, reason),
      learned: (epoch, facts) => {
        const session = this.#sessions.get(location);
        if (session !== undefined) this.#introduceAgain(session.view());
        this.#options.event({ kind: "identityLearned", identityLearned: { facts } }, epoch);
      },
      clockAt: (at) => {
        const { mono, wall, quality } = this.#options.clock();
        return { mono: at, wall: (wall - elapsed(at, mono)) as Wall, quality };
      },
      deviceClock: (epoch, offset) => this.#deviceClock(epoch, offset),
      discarded: (what) => this.#options.event(events.discardsEvent(what)),
      raise: (fault) => {
        this.#options.faults.raise(`port ${location}`, fault);
        if (fault.key === "port.gone") this.#inventory.stir();
      },
      clear: () => this.#options.faults.clear(`port ${location}`),
      changed: () => this.#options.changed(),
    };
  }

  #deviceClock(epoch: number, offset: DeviceOffset): void {
    const { device } = this.#epochs.device(epoch);
    if (offset.step !== undefined) this.#options.log.event("device.clock_step", { device, epoch, by_ms: Math.round(offset.step.by) });
    this.#options.event(events.deviceClockEvent(offset), epoch);
  }

  #beginEpoch(attachment: Attachment): number {
    const device = this.#epochs.begin(attachment);
    const { device: id, node, location } = attachment;
    this.#options.log.event("session.streaming", { device: id, node: node?.join("/"), location, epoch: device.epoch });
    this.#options.event(events.epochBeganEvent(attachment), device.epoch);
    return device.epoch;
  }

  #endEpoch(epoch: number, reason: string): void {
    const last = this.#options.spool.last().filter((one) => one.epoch === epoch);
    const { device, node } = this.#epochs.device(epoch);
    this.#options.log.event("session.ended", { device, node: node?.join("/"), epoch, reason });
    this.#options.event(events.epochEndedEvent(reason, last), epoch);
    this.#epochs.end(epoch);
    this.#options.spool.endEpoch(epoch);
  }
}
