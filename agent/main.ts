import { trustedKeys } from "../config/bodies.ts";
import { KINDS, type Kind } from "../config/envelope/envelope.ts";
import type { Settings } from "../config/schema.ts";
import { elapsed, Milliseconds, type Mono, type Wall } from "../config/units.ts";
import type { AnyDriver } from "../drivers/kit/driver.ts";
import { linesByDriver } from "../drivers/kit/line.ts";
import { encodeDeviceField, encodeHeadField, encodeMetricField, encodeReported } from "../proto/codec.ts";
import type { Event } from "../proto/messages.ts";
import { Desk, type DeskHooks } from "./configure/desk.ts";
import type { DocumentFile } from "./configure/document-file.ts";
import { Requests } from "./control/requests.ts";
import { claimDirectories } from "./directories.ts";
import type { Effects } from "./effects/effects.ts";
import { asFault, type Fault } from "./fault/fault.ts";
import { FaultBook } from "./fault/fault-book.ts";
import { ClockWatch } from "./health/clock-watch.ts";
import { HostWatch } from "./health/host-watch.ts";
import { encodeHealthOf, statusOf } from "./health/snapshot.ts";
import { Log } from "./log/log.ts";
import { type ClockReading, LANES, type Lane } from "./model/model.ts";
import { Room } from "./room.ts";
import { GATEWAY_EPOCH } from "./session/epochs.ts";
import { Serving } from "./session/serving.ts";
import { type Stamped, stamped } from "./session/stamp.ts";
import type { Gap } from "./spool/gaps.ts";
import type { Wire } from "./spool/lane.ts";
import { type Recovered, recoverSpool } from "./spool/recovery.ts";
import type { PreviousRun } from "./spool/run-file.ts";
import { RunKeeper } from "./spool/run-keeper.ts";
import { Spool } from "./spool/spool.ts";
import { encodeBirth, encodeDeath, nonceOf, type Self } from "./uplink/birth.ts";
import { topicsOf } from "./uplink/topics.ts";
import { Uplink } from "./uplink/uplink.ts";
import * as events from "./wire/events.ts";
import { bootIdBytes, wireClock, wireStream } from "./wire/heads.ts";
import { wireMetric } from "./wire/records.ts";

/** All ports are read, and all that follows from it is done, once in this time: waking is what costs, not work. */
export const TICK = Milliseconds(20);

export type AgentOptions = {
  readonly settings: Settings;
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly version: string;
  /** When this program was made: no clock that is right shows an earlier time. */
  readonly madeAt: Wall;
  readonly drivers: readonly AnyDriver[];
  /** Signed documents that lie on this box: each is taken as if it had been pushed. */
  readonly documents: readonly DocumentFile[];
};

/**
 * The agent, from its start to the abort of the signal. Throws what `claimDirectories` throws, before anything is opened or sent;
 * all other faults, those of the state directory too, are told and survived.
 */
export async function runAgent(effects: Effects, options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { stateDir, runtimeDir } = options;
  await claimDirectories(effects, options);
  // First of all: how long the run before was at a port is counted up to here.
  const serving = await Serving.open(effects, runtimeDir);
  const run = new DataView(effects.entropy.bytes(8).buffer).getBigUint64(0) | 1n;
  const { settings: file, documents } = options;
  const drivers = linesByDriver(options.drivers);
  const desk = await Desk.open({ effects, stateDir, file, drivers, trust: trustedKeys(file), documents });
  const recovered = await recoverSpool(effects, { stateDir, runtimeDir }, { run, bootId: effects.host.bootId });
  const agent = new Agent(effects, options, recovered, { run, serving, desk });
  effects.control
    .serve(`${runtimeDir}/control.sock`, (request) => agent.answer(request), signal)
    .catch((caught: unknown) => agent.controlFailed(caught));
  await agent.tellStart(recovered);
  effects.watchdog.ready();
  await agent.live(signal);
}

class Agent {
  readonly #effects: Effects;
  readonly #desk: Desk;
  #self: Self;
  /** What holds now: the file, and over it the documents. */
  #settings: Settings;
  readonly #log: Log;
  readonly #clock: ClockWatch;
  readonly #host: HostWatch;
  readonly #faults: FaultBook;
  readonly #spool: Spool;
  readonly #runKeeper: RunKeeper;
  readonly #serving: Serving;
  readonly #room: Room;
  readonly #requests: Requests;
  readonly #uplink: Uplink;
  readonly #startedAt: Mono;
  readonly #madeAt: Wall;

  constructor(effects: Effects, options: AgentOptions, recovered: Recovered, parts: { run: bigint; serving: Serving; desk: Desk }) {
    const { stateDir, version } = options;
    const { run, serving, desk } = parts;
    const { settings } = desk;
    this.#desk = desk;
    this.#settings = settings;
    this.#effects = effects;
    this.#startedAt = effects.clock.now();
    this.#madeAt = options.madeAt;
    this.#self = {
      gateway: settings.gateway,
      run,
      startCount: recovered.startCount,
      version,
      bootId: effects.host.bootId,
      description: settings.description,
    };
    this.#log = new Log(effects);
    this.#clock = new ClockWatch(effects, options.madeAt);
    this.#host = new HostWatch(effects);
    this.#faults = new FaultBook((change) => this.#faultTold(change));
    const clock = () => this.#clock.read();
    this.#spool = new Spool(
      {
        disk: effects.disk,
        spoolDir: `${stateDir}/spool`,
        run,
        limits: () => ({ pace: this.#settings.pace, window: this.#settings.window, size: this.#settings.spool.size }),
        clock,
        wire: this.#wire(),
        gapEntry: (gap) => this.#gapEntry(gap),
      },
      recovered,
    );
    this.#runKeeper = new RunKeeper(
      {
        disk: effects.disk,
        stateDir,
        runtimeDir: options.runtimeDir,
        run,
        bootId: effects.host.bootId,
        now: () => effects.clock.now(),
        tell: (ended) => {
          this.#tellEnd(ended);
          this.#spool.endTurn();
        },
        commit: () => {
          this.#spool.endTurn();
          return this.#spool.commitNow();
        },
      },
      recovered,
    );
    this.#serving = serving;
    this.#room = this.#makeRoom(options);
    this.#requests = new Requests({ effects, room: this.#room, log: this.#log, ...options });
    this.#uplink = this.#makeUplink();
  }

  /** One tick after another until the signal aborts; then an orderly end. */
  async live(signal: AbortSignal): Promise<void> {
    this.#desk.begin(this.#deskHooks());
    while (!signal.aborted) {
      this.#tick(this.#effects.clock.now());
      await this.#effects.clock.sleep(TICK, signal);
    }
    await this.#stop();
  }

  /** One turn, from the bytes of all ports to what is sent: everything in it is synchronous. */
  #tick(now: Mono): void {
    this.#effects.watchdog.alive(() => this.#inALine());
    this.#standing("watchdog", this.#effects.watchdog.fault);
    this.#watchClock(now);
    this.#host.tick(now);
    this.#room.tick(now);
    this.#requests.tick();
    this.#standing("ports", this.#room.fault);
    this.#standing("serving", this.#serving.fault);
    this.#standing("disk", this.#spool.degraded ?? this.#runKeeper.fault);
    this.#standing("backlog", this.#spool.unread);
    this.#standing("ring", this.#spool.ringFault);
    this.#standing("spool", this.#spool.corrupt);
    this.#standing("key", this.#spool.keyLost);
    this.#spool.tellGaps();
    this.#spool.endTurn();
    this.#spool.tick(now);
    this.#runKeeper.tick(now);
    this.#desk.tick(now);
    this.#uplink.tick(now);
  }

  async #stop(): Promise<void> {
    this.#effects.watchdog.stopping();
    await this.#requests.stop();
    await this.#room.stop();
    await this.#serving.stop(this.#effects.clock.now());
    this.#spool.endTurn();
    this.#spool.closeBlocks();
    // What can be sent is under way before it is committed; what is not would go as backlog of the next run.
    this.#uplink.tick(this.#effects.clock.now());
    // Within the window also now: a mute broker is waited for only with everything on flash.
    await this.#spool.commitNow().catch((caught: unknown) => this.#stopRefused(caught));
    await this.#uplink.stop();
    await this.#spool
      .stop(this.#effects.clock.now())
      .then(() => this.#runKeeper.end(this.#spool.last()))
      .catch((caught: unknown) => this.#stopRefused(caught));
    this.#log.event("agent.stopped");
  }

  /** What flash does not take stays in the rings, and this run is told as killed by the next. */
  #stopRefused(caught: unknown): void {
    this.#faults.raise("disk", asFault(caught, "disk.failed", "The end of this run cannot be kept"));
  }

  // ── What the gateway says of itself ──

  #event(event: Event, epoch = GATEWAY_EPOCH): void {
    this.#spool.keep("event", this.#eventEntry(event, epoch));
  }

  #eventEntry(event: Event, epoch = GATEWAY_EPOCH): Stamped {
    return stamped(epoch, this.#effects.clock.now(), undefined, () => ({ kind: "event", event }));
  }

  /** The first events of a run: how those before it ended. On flash before anything of this run can be lost itself. */
  async tellStart({ untold, adopted, faults }: Recovered): Promise<void> {
    const waiting = LANES.reduce((sum, lane) => sum + adopted[lane], 0);
    const { gateway, version, run, startCount } = this.#self;
    this.#log.event("agent.started", { gateway, version, run: run.toString(16), start: startCount });
    if (waiting > 0) this.#log.event("spool.adopted", { records: waiting });
    for (const ended of untold) this.#tellEnd(ended);
    this.#spool.endTurn();
    const told = this.#runKeeper.settle();
    // A disk that fails may take long to say so again: the devices do not wait for it.
    if (faults.keeping === undefined && faults.reading === undefined) await told;
  }

  #tellEnd(ended: PreviousRun): void {
    this.#log.event("run.ended", { run: ended.run.toString(16), how: ended.how });
    this.#event(events.runEndedEvent(ended, this.#settings.window));
  }

  #gapEntry(gap: Gap): Stamped {
    this.#log.event("records.lost", { lane: gap.lane, epoch: gap.epoch, first: gap.first, last: gap.last, reason: gap.reason });
    return this.#eventEntry(events.gapEvent(gap));
  }

  #watchClock(now: Mono): void {
    const { changed, stepped } = this.#clock.tick(now);
    this.#standing("clock", this.#clock.fault);
    if (!changed) return;
    if (stepped !== undefined) this.#log.event("clock.step", { by_ms: Math.round(stepped) });
    this.#spool.closeBlocks();
    this.#event(events.clockMappingEvent(this.#clock.read()));
  }

  #standing(scope: string, fault: Fault | undefined): void {
    if (fault === undefined) this.#faults.clear(scope);
    else this.#faults.raise(scope, fault);
  }

  #faultTold({ scope, fault, ended }: { readonly scope: string; readonly fault: Fault; readonly ended: boolean }): void {
    if (ended) this.#log.event("fault.ended", { what: fault.key, number: fault.number, scope });
    else this.#log.fault(fault);
    const location = scope.startsWith("port ") ? scope.slice("port ".length) : undefined;
    this.#event(events.faultEvent(fault, { ended, location }));
  }

  // ── What was asked for from the centre ──

  #deskHooks(): DeskHooks {
    return {
      believedNow: () => {
        const { quality, wall } = this.#clock.read();
        return quality.known === "unsynced" ? undefined : wall;
      },
      madeAt: this.#madeAt,
      apply: (settings) => this.#apply(settings),
      probe: ({ broker: { host, port } }, isDocument) => this.#uplink.probe({ host, port }, isDocument),
      raise: (scope, fault) => this.#faults.raise(scope, fault),
      clear: (scope) => this.#faults.clear(scope),
      changed: (kind) => this.#uplink.reportedChanged(kind),
      told: (kind, what, document) => this.#log.event("document", { kind, what, document }),
    };
  }

  /** Takes over what changed, without a restart; what is not concerned goes on. */
  #apply(settings: Settings): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#self = { ...this.#self, description: settings.description };
    this.#uplink.changed();
    if (JSON.stringify(settings.rules) !== JSON.stringify(before.rules)) this.#room.judgeBy(settings.rules);
    if (settings.broker.host !== before.broker.host || settings.broker.port !== before.broker.port) this.#uplink.moved();
  }

  // ── Joints ──

  #wire(): Wire {
    const bootId = bootIdBytes(this.#self.bootId);
    const { gateway, run } = this.#self;
    return {
      head: (lane: Lane, clock: ClockReading) => {
        const { source: _known, ...mapping } = wireClock(clock);
        return encodeHeadField({ gateway, run, stream: wireStream(lane), bootId, clock: mapping });
      },
      device: (epoch) => encodeDeviceField(this.#room.device(epoch)),
      metric: (id, metric) => encodeMetricField(wireMetric(id, metric)),
    };
  }

  #makeRoom({ drivers }: AgentOptions): Room {
    return new Room({
      effects: this.#effects,
      rules: this.#settings.rules,
      drivers,
      log: this.#log,
      faults: this.#faults,
      spool: this.#spool,
      serving: this.#serving,
      clock: () => this.#clock.read(),
      event: (event, epoch) => this.#event(event, epoch),
      changed: () => this.#uplink.changed(),
    });
  }

  #makeUplink(): Uplink {
    const { gateway } = this.#settings;
    return new Uplink({
      effects: this.#effects,
      server: () => ({ host: this.#settings.broker.host, port: this.#settings.broker.port }),
      gateway,
      topics: topicsOf(gateway),
      source: this.#spool,
      state: {
        birth: (connection, nonce) =>
          encodeBirth(this.#self, {
            connection,
            nonce,
            clock: this.#clock.read(),
            sessions: this.#room.sessions(),
            ports: this.#room.ports,
          }),
        death: (connection, why) => encodeDeath(this.#self, connection, why),
        health: (connection) => encodeHealthOf(this.#snapshot(), connection),
        nonceOf: (payload) => nonceOf(payload, this.#self.run),
      },
      documents: {
        kinds: KINDS,
        heard: (kind, payload) => this.#desk.heard(kind as Kind, payload),
        reported: (kind) => {
          const reported = this.#desk.reported(kind as Kind);
          return reported === undefined ? undefined : encodeReported(reported);
        },
      },
      raise: (fault) => this.#faults.raise("lane" in fault.context ? `lane ${fault.context.lane}` : "uplink", fault),
      clear: (which) => {
        if (which === "uplink") {
          this.#log.event("uplink.online");
          this.#desk.proved();
        }
        this.#faults.clear(which === "uplink" ? "uplink" : `lane ${which}`);
      },
      doubt: (fault) => this.#standing("credentials", fault),
    });
  }

  #snapshot() {
    return {
      self: this.#self,
      uptime: elapsed(this.#startedAt, this.#effects.clock.now()),
      clock: this.#clock.read(),
      ledger: this.#spool.ledger(),
      deviceLedgers: () => this.#spool.deviceLedgers(),
      spool: this.#spool.sizes,
      degraded: this.#spool.degraded !== undefined,
      window: this.#settings.window,
      memory: this.#host.memory,
      faults: this.#faults.standing,
      sessions: this.#room.sessions(),
      ports: this.#room.ports,
      uplink: this.#uplink.view(),
    };
  }

  /** How it is, for who looks at the service. */
  #inALine(): string {
    const sessions = this.#room.sessions();
    const speaking = sessions.filter(({ phase }) => phase === "streaming").length;
    const faults = this.#faults.standing.map(({ number }) => number);
    return `${speaking} of ${sessions.length} admitted devices speak; ${faults.length === 0 ? "no faults" : `faults: ${faults.join(" ")}`}`;
  }

  /** Nobody can ask this agent; it works on. */
  controlFailed(caught: unknown): void {
    this.#faults.raise("control", asFault(caught, "control.failed", "The control socket cannot be served"));
  }

  /** One request of the control socket. */
  answer(request: string): unknown {
    if (request === "status") return statusOf(this.#snapshot(), this.#effects.clock.now());
    return this.#requests.answer(request) ?? { error: "unknown request; this agent answers: status, identify, capture" };
  }
}
