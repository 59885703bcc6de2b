import type { Effects } from "../../agent/effects/effects.ts";
import type { FaultKey } from "../../agent/fault/fault.ts";
import type { Settings } from "../../config/schema.ts";
import type { Wall } from "../../config/units.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import type { Emulator } from "../../drivers/kit/emulator.ts";
import { type Received, type Receiver, SimBroker } from "./broker.ts";
import { judge, type LifeEnd, type Tally } from "./checkers.ts";
import { counterDriver, counterEmulator } from "./counter-device.ts";
import { type Asked, SimDisk } from "./disk.ts";
import { endLife } from "./ending.ts";
import { effectsOf, SimHost } from "./host.ts";
import { type Boot, type Ending, Life, type Stage } from "./life.ts";
import { Matcher } from "./matcher.ts";
import { CALM, type LifePlan, type Plan, planOf } from "./plan.ts";
import { Random } from "./random.ts";
import { Ledger } from "./receiver.ts";
import { type Instant, MS, Schedule, SECOND } from "./schedule.ts";
import { type SentUnit, SimPort } from "./serial.ts";
import { deviceOf, GATEWAY, settingsFor } from "./settings.ts";
import { Trace } from "./trace.ts";

/** The agent, as the composition root exports it. */
export type Program = (
  effects: Effects,
  options: {
    readonly settings: Settings;
    readonly stateDir: string;
    readonly runtimeDir: string;
    readonly version: string;
    readonly madeAt: Wall;
    readonly documents: readonly never[];
    readonly drivers: readonly AnyDriver[];
  },
  signal: AbortSignal,
) => Promise<void>;

export type Failure = { readonly seed: number; readonly checker: string; readonly text: string };
export type Outcome = {
  readonly seed: number;
  readonly hash: string;
  readonly failures: readonly Failure[];
  readonly seconds: number;
  readonly events: number;
  readonly kills: number;
  readonly powerCuts: number;
  readonly records: number;
  readonly duplicates: number;
  readonly operations: number;
  readonly tally: Tally;
};

const STATE_DIR = "/state";
const RUNTIME_DIR = "/run/bedside";
/** Devices talk on after the last fault for this long, then they are switched off and everything must come to rest. */
const CALM_TIME = 3 * SECOND;
/** Backoff may rest 300 s, a parked lane 30 s; then ten heartbeats. */
const REST_MAX = 430 * SECOND;
const STOP_MAX = 10 * SECOND;
/** Failures of one checker that are kept; the first tells the most. */
const TEXTS_MAX = 5;

export type WorldOptions = {
  readonly seed: number;
  readonly program: Program;
  readonly told?: (line: string) => void;
  /** Makes another plan of the seed's own. */
  readonly plan?: (own: Plan) => Plan;
  readonly refuses?: SimDisk["refuses"];
  /** Hears every message that reaches the broker. */
  readonly heard?: (message: Received) => void;
};

/** One seed: lives one after another amid trouble, then calm, then the verdict. */
export async function runWorld(options: WorldOptions): Promise<Outcome> {
  const world = new World(options);
  return await world.run();
}

class World {
  readonly #seed: number;
  readonly #program: Program;
  readonly #stage: Stage;
  readonly #plan: Plan;
  readonly #disk: SimDisk;
  readonly #broker: SimBroker;
  readonly #ports: readonly SimPort[];
  readonly #ledger: Ledger;
  readonly #matcher: Matcher;
  readonly #host: SimHost;
  readonly #settings: Settings;
  readonly #ends: LifeEnd[] = [];
  readonly #failures: Failure[] = [];
  readonly #units = new Map<string, SentUnit>();
  readonly #indexed = new Map<SimPort, number>();
  #lives = 0;
  #boot: Boot;
  #life: Life | undefined;
  #stop = new AbortController();
  #calm = false;
  #refusal: { readonly key: FaultKey; readonly until: Instant; readonly chance: number } | undefined;
  readonly #refused = new Set<number>();
  readonly #refusals: Random;
  #tally: Tally = { owed: 0, cut: 0, cutAgeMax: 0, named: 0 };
  #done = false;

  constructor(options: WorldOptions) {
    this.#seed = options.seed;
    this.#program = options.program;
    const random = new Random(`world ${options.seed}`);
    const schedule = new Schedule();
    this.#stage = { schedule, random, trace: new Trace(options.told) };
    this.#refusals = random.stream("refusals");
    const own = planOf(random.stream("plan"));
    this.#plan = options.plan?.(own) ?? own;
    const problem = (checker: string, text: string) => this.#fail(checker, text);
    this.#disk = new SimDisk(this.#stage, this.#plan.disk, { stateDir: STATE_DIR, runtimeDir: RUNTIME_DIR });
    this.#disk.refuses = (asked) => options.refuses?.(asked) ?? this.#refusalOf(asked);
    this.#matcher = new Matcher((device, counter) => this.#unitOf(device, counter), problem);
    this.#ledger = new Ledger({
      gateway: GATEWAY,
      problem,
      arrived: (delivered) => this.#matcher.arrived(delivered),
      refused: (life) => Math.min(...this.#refused) <= life.index,
    });
    const ledger = this.#ledger;
    const receiver: Receiver = {
      published: (connection, message) => ledger.published(connection, message),
      answered: (message) => ledger.answered(message),
      received: (message) => {
        ledger.received(message);
        options.heard?.(message);
      },
    };
    this.#broker = new SimBroker(this.#stage, this.#plan.broker, receiver, problem);
    this.#ports = Array.from({ length: this.#plan.ports }, (_, at) => this.#makePort(at));
    this.#host = new SimHost(this.#stage);
    this.#boot = this.#host.boot();
    this.#settings = settingsFor(this.#plan, this.#ports);
  }

  async run(): Promise<Outcome> {
    const { schedule, trace } = this.#stage;
    trace.add("plan", JSON.stringify(this.#plan));
    if (this.#plan.downAtStart) this.#broker.down(this.#stage.random.between(0, this.#plan.brokerDownMax));
    this.#trouble();
    schedule.after(1 * MS, () => this.#begin());
    const unhandled = (caught: unknown) => this.#life !== undefined && this.#threw(this.#life, this.#plan.lives[this.#life.index], caught);
    process.on("unhandledRejection", unhandled);
    try {
      await schedule.run(() => this.#done);
    } finally {
      process.off("unhandledRejection", unhandled);
    }
    const count = (how: Ending) => this.#ends.filter((end) => end.how === how).length;
    return {
      seed: this.#seed,
      hash: trace.hash,
      failures: this.#failures,
      seconds: schedule.now / SECOND,
      events: schedule.events,
      kills: count("killed"),
      powerCuts: count("power"),
      records: this.#ledger.records.size,
      duplicates: this.#ledger.receptions - this.#ledger.records.size,
      operations: this.#disk.operations,
      tally: this.#tally,
    };
  }

  // ── Lives ──

  #begin(): void {
    const { schedule, trace, random } = this.#stage;
    const plan = this.#plan.lives[this.#lives];
    const crashAt = plan?.crashAt ?? Number.POSITIVE_INFINITY;
    const life = new Life({ index: this.#lives, boot: this.#boot, stage: this.#stage, crashAt, end: (ending) => this.#end(ending, plan) });
    this.#lives += 1;
    this.#life = life;
    this.#stop = new AbortController();
    trace.add("life", schedule.now, life.index, plan?.how ?? "last", crashAt);
    const effects = effectsOf({
      life,
      stage: this.#stage,
      host: this.#host,
      disk: this.#disk,
      broker: this.#broker,
      ports: this.#ports,
      entropy: random.stream(`entropy ${life.index}`),
    });
    const options = {
      settings: this.#settings,
      stateDir: STATE_DIR,
      runtimeDir: RUNTIME_DIR,
      version: "0.0.0-sim",
      madeAt: 0 as Wall,
      documents: [],
      drivers: [counterDriver],
    };
    this.#program(effects, options, this.#stop.signal).then(
      () => this.#returned(life, plan),
      (caught: unknown) => this.#threw(life, plan, caught),
    );
    if (plan === undefined) this.#beCalm();
    else schedule.after(plan.timeMax, () => this.#timeOut(life, plan));
  }

  #timeOut(life: Life, plan: LifePlan): void {
    if (!life.alive) return;
    if (plan.how !== "clean") {
      this.#end(life, plan);
      return;
    }
    this.#stop.abort();
    this.#stage.schedule.after(STOP_MAX, () => {
      if (!life.alive) return;
      this.#fail("stuck", `life ${life.index} did not stop within ${STOP_MAX / SECOND} s of its signal`);
      this.#end(life, { ...plan, how: "killed" });
    });
  }

  #returned(life: Life, plan: LifePlan | undefined): void {
    if (!life.alive) return;
    if (!this.#stop.signal.aborted) this.#fail("died", `life ${life.index} returned without a signal`);
    this.#end(life, plan);
  }

  #threw(life: Life, plan: LifePlan | undefined, caught: unknown): void {
    if (!life.alive) return;
    this.#fail("died", `life ${life.index}: ${caught instanceof Error ? (caught.stack ?? caught.message) : String(caught)}`);
    this.#end(life, plan === undefined ? undefined : { ...plan, how: "killed" });
  }

  /** From here on nothing of this life has an effect; the next begins on what survived. */
  #end(life: Life, plan: LifePlan | undefined): void {
    const { schedule } = this.#stage;
    const how = plan?.how ?? "clean";
    this.#ends.push(endLife(life, how, { stage: this.#stage, disk: this.#disk, refused: this.#refused }));
    for (const port of this.#ports) port.lifeEnded();
    this.#broker.lifeEnded();
    this.#life = undefined;
    if (plan === undefined) {
      this.#done = true;
      return;
    }
    if (how === "power") this.#boot = this.#host.boot();
    schedule.after(plan.pause, () => this.#begin());
  }

  // ── Trouble ──

  #trouble(): void {
    const { random } = this.#stage;
    const { every } = this.#plan;
    this.#repeat("unplug", every.unplug, (chance) => {
      const port = chance.pick(this.#ports);
      port.plug(false);
      this.#stage.schedule.after(chance.between(100 * MS, 4 * SECOND), () => port.plug(true));
    });
    this.#repeat("silence", every.silence, (chance) =>
      chance.pick(this.#ports).silence(this.#stage.schedule.now + chance.between(1 * SECOND, 5 * SECOND)),
    );
    this.#repeat("noise", every.noise, (chance) => chance.pick(this.#ports).spoil());
    this.#repeat("clock", every.clockStep, (chance) => this.#host.step(chance));
    this.#repeat("broker", every.brokerDown, (chance) =>
      this.#broker.down(this.#stage.schedule.now + chance.between(0, this.#plan.brokerDownMax)),
    );
    this.#repeat("refusal", every.refusal, (chance) => {
      const key = chance.pick(["disk.full", "disk.read_only", "disk.failed", "disk.denied"] as const);
      const until = this.#stage.schedule.now + chance.between(50 * MS, 6 * SECOND);
      this.#refusal = { key, until, chance: chance.pick([1, 1, 0.3]) };
    });
    this.#host.step(random.stream("first clock"));
  }

  #refusalOf({ life, path, at }: Asked): FaultKey | undefined {
    if (this.#refusal === undefined || at > this.#refusal.until || this.#calm || !path.startsWith(STATE_DIR)) return undefined;
    if (!this.#refusals.chance(this.#refusal.chance)) return undefined;
    this.#refused.add(life);
    return this.#refusal.key;
  }

  /** Does `act` at random times until the calm begins. */
  #repeat(purpose: string, every: number, act: (chance: Random) => void): void {
    if (every === Number.POSITIVE_INFINITY) return;
    const chance = this.#stage.random.stream(purpose);
    const again = () => {
      this.#stage.schedule.after(chance.between(0, 2 * every), () => {
        if (this.#calm) return;
        this.#stage.trace.add("trouble", this.#stage.schedule.now, purpose);
        act(chance);
        again();
      });
    };
    again();
  }

  // ── Calm, rest and verdict ──

  #beCalm(): void {
    const { schedule } = this.#stage;
    this.#calm = true;
    this.#broker.behave(CALM.broker);
    this.#disk.behave(CALM.disk);
    for (const port of this.#ports) {
      port.silence(0);
      port.plug(true);
    }
    schedule.after(CALM_TIME, () => {
      for (const port of this.#ports) port.switchOff();
      this.#awaitRest(schedule.now);
    });
  }

  #awaitRest(since: Instant): void {
    const { schedule } = this.#stage;
    schedule.after(1 * SECOND, () => {
      if (this.#life === undefined) return;
      const unrest = this.#unrest(since);
      if (unrest !== undefined && schedule.now - since < REST_MAX) {
        this.#awaitRest(since);
        return;
      }
      if (unrest !== undefined) this.#fail("stuck", `${REST_MAX / SECOND} s after the last trouble ${unrest}`);
      const facts = {
        ports: this.#ports,
        ends: this.#ends,
        ledger: this.#ledger,
        matcher: this.#matcher,
        window: this.#plan.windowMs * MS,
      };
      this.#tally = judge(facts, (checker, text) => this.#fail(checker, text));
      this.#stopLast();
    });
  }

  /** Why the world has not come to rest yet: the agent's own last word on its ledger. */
  #unrest(since: Instant): string | undefined {
    const last = this.#ledger.health;
    if (last === undefined || last.at < since || last.life !== this.#life) return "no health came";
    const ledger = last.health.ledger;
    if (ledger === undefined) return "the health has no ledger";
    if (ledger.unexplained !== 0) return `${ledger.unexplained} records are unexplained: ${JSON.stringify(ledger.streams)}`;
    const waiting = ledger.streams.reduce((sum, stream) => sum + stream.waiting, 0);
    return waiting === 0 ? undefined : `${waiting} records wait`;
  }

  #stopLast(): void {
    const life = this.#life;
    this.#stop.abort();
    this.#stage.schedule.after(STOP_MAX, () => {
      if (life === undefined || !life.alive) return;
      this.#fail("stuck", `the last life did not stop within ${STOP_MAX / SECOND} s of its signal`);
      this.#done = true;
    });
  }

  // ── Devices ──

  #makePort(at: number): SimPort {
    const declared = at % 2 === 1;
    const place = declared
      ? { path: `/dev/pts/${at}`, location: `bench-${at}` }
      : { path: `/dev/ttyUSB${at}`, location: `usb-1.${at + 1}:1.0` };
    const seed = this.#stage.random.stream(`device ${at}`).between(1, 1_000_000);
    return new SimPort(this.#stage, place, { emulator: counterEmulator as unknown as Emulator<unknown>, seed });
  }

  #unitOf(device: string, counter: string): SentUnit | undefined {
    for (const [at, port] of this.#ports.entries()) {
      for (let next = this.#indexed.get(port) ?? 0; next < port.units.length; next += 1) {
        const sent = port.units[next] as SentUnit;
        this.#units.set(`${deviceOf(at)} ${sent.unit.deviceTime}`, sent);
        this.#indexed.set(port, next + 1);
      }
    }
    return this.#units.get(`${device} ${counter}`);
  }

  #fail(checker: string, text: string): void {
    if (this.#failures.filter((one) => one.checker === checker).length < TEXTS_MAX)
      this.#failures.push({ seed: this.#seed, checker, text });
  }
}
