import { toHex } from "../../config/bytes-text.ts";
import { elapsed, Milliseconds, type Mono } from "../../config/units.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { linkText } from "../../drivers/kit/line.ts";
import { type Conditions, NO_CONDITIONS } from "../alerts/edges.ts";
import type { Effects, OpenPort, PortFacts, Unread } from "../effects/effects.ts";
import { AssertionFailed, asFault, Fault, type FaultKey } from "../fault/fault.ts";
import type { Admitted, Attachment, Facts, SessionHooks } from "./attachment.ts";
import type { DeviceOffset } from "./device-clock.ts";
import { Discards } from "./discards.ts";
import { type Decoded, Link, type LinkCounts } from "./link.ts";
import { Nodes, type NodeView } from "./nodes.ts";
import type { Served, Strike } from "./serving.ts";
import { sessionFault } from "./session-fault.ts";
import { forgiven, nextSession, type SessionAction, type SessionInput, type SessionState, sessionStart } from "./state.ts";

/** Bytes taken from one port in one tick: what a kernel holds, so that a flood cannot starve its neighbours. */
export const READ_MAX = 4096;
/** Frames of a device that is not proved yet are held up to this many bytes. */
export const HELD_MAX = 64 * 1024;
/** A driver whose calls take longer than this for the bytes of one tick is paused. */
const DRIVER_TIME_MAX = Milliseconds(100);
/** Bytes of a failed driver's frame that are logged; none where frames may hold a person's name. */
const FRAME_TOLD = 64;

/** Who also hears what a port says and is told. */
export type Tap = (dir: "rx" | "tx", bytes: Uint8Array, now: Mono) => void;
export type SessionView = {
  readonly port: PortFacts;
  readonly device: string;
  readonly socket: string;
  readonly known: Admitted["known"];
  /** Another adapter claims to be this device. */
  readonly contested: boolean;
  readonly driver: string;
  /** Speed and format at which it is read, or "udp". */
  readonly line: string;
  readonly phase: SessionState["phase"];
  readonly epoch: number | undefined;
  readonly since: Mono;
  readonly facts: Facts;
  readonly conditions: Conditions;
  /** Of the device itself; undefined while it is not known, and where its times are none. */
  readonly clock: DeviceOffset | undefined;
  /** Below the port's own device. */
  readonly nodes: readonly NodeView[];
  readonly counts: Readonly<LinkCounts>;
  readonly pending: number;
  /** Of a network port. */
  readonly unread: Unread;
};

/** One admitted port and its driver. A failure here touches nothing else. */
export class Session {
  readonly #effects: Pick<Effects, "serial" | "clock">;
  readonly #port: PortFacts;
  readonly #driver: AnyDriver;
  readonly #admitted: Admitted;
  readonly #hooks: SessionHooks;
  readonly #counts: LinkCounts = { bytes: 0, frames: 0, framed: 0, discarded: 0, broken: 0 };
  #state: SessionState;
  #since: Mono;
  #open: OpenPort | undefined;
  #link: Link | undefined;
  #lastFault: Fault | undefined;
  /** What the open call came to; looked at in the next tick, so that every step happens in one. */
  #outcome: { readonly port: OpenPort } | { readonly fault: Fault } | undefined;
  #closing: Promise<unknown>;
  #bytesCame = false;
  #held: Decoded[] = [];
  #heldBytes = 0;
  readonly #nodes: Nodes;
  #contested = false;
  #quarantines = 0;
  readonly #discards: Discards;
  readonly #served: Served;
  #tap: Tap | undefined;

  constructor(options: {
    effects: Pick<Effects, "serial" | "clock">;
    port: PortFacts;
    driver: AnyDriver;
    admitted: Admitted;
    hooks: SessionHooks;
    /** Opens nothing before: a session that had the same node may still be shutting it. */
    after?: Promise<unknown>;
    /** The agent hung at this port: it is not opened before. */
    strike?: Strike;
  }) {
    this.#effects = options.effects;
    this.#port = options.port;
    this.#driver = options.driver;
    this.#admitted = options.admitted;
    this.#hooks = options.hooks;
    this.#nodes = new Nodes(options.hooks, () => this.#attachment(), options.driver.clock);
    this.#closing = options.after ?? Promise.resolve();
    const now = options.effects.clock.now();
    this.#state = sessionStart(now, options.strike);
    this.#quarantines = options.strike?.deaths ?? 0;
    this.#served = { location: options.port.location, driver: options.driver.id };
    this.#since = now;
    this.#discards = new Discards(options.port.location, options.hooks.discarded, now);
  }

  /** One tick: reads what came, decodes it, answers the device, and moves the state on. Never throws but for a bug. */
  tick(now: Mono): void {
    this.#takeOutcome(now);
    if (this.#open !== undefined && this.#link !== undefined) this.#serve(this.#open, this.#link, now);
    this.#step({ saw: "tick", bytesCame: this.#bytesCame }, now);
    this.#nodes.tick(now);
    if (this.#discards.isDue(now)) this.#tellDiscards(now);
  }

  /** No longer admitted, or the agent stops: the port is shut when this resolves. */
  async end(reason: "revoked" | "unplugged" | "stopped"): Promise<void> {
    const now = this.#effects.clock.now();
    if (reason !== "revoked") this.#nodes.end(reason);
    this.#step({ saw: "revoked" }, now);
    this.#tellDiscards(now);
    await this.#closing;
  }

  /** Whether another adapter claims to be this device: it goes on, and says so. */
  contest(contested: boolean): void {
    this.#contested = contested;
  }

  /** From now on this one hears along; undefined: nobody. */
  tap(tap: Tap | undefined): void {
    this.#tap = tap;
  }

  /** What a tick serves, where the port is open: only then the driver has a word. */
  get serves(): Served | undefined {
    return this.#open === undefined && this.#outcome === undefined ? undefined : this.#served;
  }

  view(): SessionView {
    const { own, below } = this.#nodes;
    return {
      port: this.#port,
      ...this.#admitted,
      contested: this.#contested,
      driver: this.#driver.id,
      line: linkText(this.#driver),
      phase: this.#state.phase,
      epoch: own?.epoch,
      since: this.#since,
      facts: own?.facts ?? {},
      conditions: own?.conditions ?? NO_CONDITIONS,
      clock: this.#nodes.clock,
      nodes: below,
      counts: this.#counts,
      pending: this.#link?.pending ?? 0,
      unread: this.#discards.unread,
    };
  }

  /** Of a network port all datagrams that wait, each by itself: no more can come before this returns. */
  #serve(port: OpenPort, link: Link, now: Mono): void {
    try {
      let took = 0;
      do {
        const bytes = port.read(READ_MAX);
        if (bytes.length > 0) {
          this.#bytesCame = true;
          this.#tap?.("rx", bytes, now);
        }
        const began = this.#effects.clock.worked();
        const { decoded, turn } = link.push(bytes, now);
        // Its own work only: neither a slow port nor a host that gives us no processor for a while is this driver's fault.
        took += this.#effects.clock.worked() - began;
        for (const one of decoded) this.#frame(link, one, now);
        // What a full kernel buffer does not take is an unanswered question: the dialogue's own time-out asks again.
        for (const write of turn.writes) {
          port.write(write);
          this.#tap?.("tx", write, now);
        }
        if (turn.commit !== undefined) this.#commit(link, turn.commit);
        if (turn.refused !== undefined) this.#transmitRefused(turn.refused, now);
        else if (took > DRIVER_TIME_MAX) this.#driverFailed(link, "it took more than 100 ms", undefined, now);
        else if (bytes.length === 0 && port.gone) this.#step({ saw: "gone" }, now);
      } while (this.#open === port && port.more === true);
      const unread = port.takeUnread?.();
      if (unread !== undefined) this.#discards.addUnread(unread);
    } catch (caught) {
      if (caught instanceof AssertionFailed) throw caught;
      this.#driverFailed(link, "it threw", caught, now);
    }
  }

  /** What is held, because the device is not proved yet, is no record. */
  #commit(link: Link, commit: number): void {
    const isTold = this.#state.phase === "streaming" ? this.#hooks.commit() : Promise.resolve(false);
    void isTold.then((kept) => link.committed(commit, kept ? "kept" : "refused"));
  }

  #frame(link: Link, decoded: Decoded, now: Mono): void {
    const wasStreaming = this.#state.phase === "streaming";
    if (!wasStreaming) this.#hold(decoded);
    if (!decoded.aside) this.#step({ saw: "frame", clean: decoded.clean }, now);
    if (wasStreaming) this.#publish(link, decoded);
  }

  #hold(decoded: Decoded): void {
    this.#held.push(decoded);
    this.#heldBytes += decoded.frame.length;
    if (this.#heldBytes <= HELD_MAX) return;
    // Half at once, the oldest: each drop makes a record.
    let count = 0;
    for (let bytes = 0; bytes < HELD_MAX / 2; count++) bytes += this.#held[count]!.frame.length;
    this.#dropHeld(count);
  }

  #publish(link: Link, decoded: Decoded): void {
    this.#nodes.publish(decoded.readings, decoded, () => link.startAnew(decoded.frame));
  }

  #step(input: SessionInput, now: Mono): void {
    const before = this.#state.phase;
    const { state, actions } = nextSession(this.#state, input, now, this.#driver, this.#quarantines);
    this.#state = state;
    if (state.phase !== before) this.#since = now;
    for (const action of actions) this.#act(action, now);
    if (state.phase !== before && state.phase !== "opening") this.#hooks.changed();
  }

  #act(action: SessionAction, now: Mono): void {
    switch (action.do) {
      case "open":
        this.#openPort();
        return;
      case "close":
        this.#closePort();
        return;
      case "beginEpoch":
        this.#nodes.begin(now);
        this.#publishHeld();
        return;
      case "endEpoch":
        this.#nodes.end(action.reason);
        if (action.reason === "silent") this.#newLink();
        return;
      case "dropHeld":
        this.#dropHeld(this.#held.length);
        return;
      case "raise":
        if (action.key !== "session.quarantined") this.#hooks.raise(this.#faultOf(action.key));
        return;
      case "clear":
        this.#hooks.clear();
        this.#tellDiscards(now);
        return;
    }
  }

  #openPort(): void {
    void this.#closing
      .then(() => this.#effects.serial.open(this.#port.path, this.#driver.line))
      .then(
        (port) => {
          if (this.#state.phase === "opening") this.#outcome = { port };
          else this.#shut(port);
        },
        (caught: unknown) => {
          this.#outcome = { fault: asFault(caught, "port.open_failed", `Cannot open ${this.#port.path}`) };
        },
      );
  }

  #takeOutcome(now: Mono): void {
    const outcome = this.#outcome;
    this.#outcome = undefined;
    if (outcome === undefined) return;
    if ("fault" in outcome) {
      this.#lastFault = outcome.fault;
      this.#step({ saw: "openFailed", key: outcome.fault.key }, now);
      return;
    }
    this.#open = outcome.port;
    this.#bytesCame = false;
    this.#newLink();
    this.#step({ saw: "opened" }, now);
  }

  #newLink(): void {
    this.#link?.end();
    this.#link = new Link(this.#driver, this.#counts);
  }

  #closePort(): void {
    const farewell = this.#link?.farewell;
    if (farewell !== undefined && this.#open?.gone === false) this.#open.write(farewell);
    this.#link?.end();
    this.#link = undefined;
    const pending = this.#outcome;
    const port = this.#open ?? (pending !== undefined && "port" in pending ? pending.port : undefined);
    this.#open = undefined;
    this.#outcome = undefined;
    if (port !== undefined) this.#shut(port);
  }

  /** A port that cannot be shut must still be opened again: the next open tells what is wrong with it. */
  #shut(port: OpenPort): void {
    this.#closing = port.close().catch((caught: unknown) => void asFault(caught, "port.open_failed", `Cannot close ${this.#port.path}`));
  }

  #attachment(): Omit<Attachment, "facts" | "node"> {
    return {
      ...this.#admitted,
      mode: this.#port.hardware ? "real" : "test",
      location: this.#port.location,
      driver: this.#driver.id,
      contested: this.#contested,
    };
  }

  #publishHeld(): void {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const decoded of held) if (this.#link !== undefined) this.#publish(this.#link, decoded);
  }

  #dropHeld(count: number): void {
    const dropped = this.#held.splice(0, count);
    if (dropped.length === 0) return;
    const bytes = dropped.reduce((sum, decoded) => sum + decoded.frame.length, 0);
    const readings = dropped.reduce((sum, decoded) => sum + decoded.readings.length, 0);
    this.#heldBytes -= bytes;
    this.#discards.unproved(bytes, readings);
  }

  #tellDiscards(now: Mono): void {
    this.#discards.tell(this.#counts, this.#nodes.takeBeyond(), now);
  }

  #transmitRefused(what: string, now: Mono): void {
    this.#hooks.raise(
      new Fault("port.transmit_refused", `Driver ${this.#driver.id} wanted to send ${what} on ${this.#port.location}; nothing was sent`),
    );
    this.#quarantine(now);
  }

  #driverFailed(link: Link, what: string, caught: unknown, now: Mono): void {
    const { id, personal } = this.#driver;
    const fact = `Driver ${id} failed on ${this.#port.location}: ${what}`;
    // What was thrown may quote the frame.
    if (personal === true) this.#hooks.raise(new Fault("session.quarantined", fact));
    else {
      const frame = toHex(link.lastFrame.subarray(0, FRAME_TOLD));
      this.#hooks.raise(new Fault("session.quarantined", fact, { frame }, { cause: caught }));
    }
    this.#quarantine(now);
  }

  #quarantine(now: Mono): void {
    if (forgiven(this.#state, elapsed(this.#since, now))) this.#quarantines = 0;
    this.#step({ saw: "driverFailed" }, now);
    this.#quarantines += 1;
  }

  #faultOf(key: FaultKey): Fault {
    if (this.#lastFault?.key === key) return this.#lastFault;
    return sessionFault(key, { device: this.#admitted.device, location: this.#port.location, driver: this.#driver });
  }
}
