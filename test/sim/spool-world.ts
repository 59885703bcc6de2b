import type { FaultKey } from "../../agent/fault/fault.ts";
import type { LifeEnd } from "./checkers.ts";
import { type Asked, SimDisk } from "./disk.ts";
import { endLife } from "./ending.ts";
import { SimHost } from "./host.ts";
import { type Boot, type Ending, Life, type Stage } from "./life.ts";
import type { LifePlan } from "./plan.ts";
import { quickSeals } from "./quick-seals.ts";
import { Random } from "./random.ts";
import { MS, Schedule, SECOND } from "./schedule.ts";
import { spoil } from "./spoil.ts";
import { SpoolBook } from "./spool-book.ts";
import { FOLDERS, SpoolLife } from "./spool-life.ts";
import { type SpoolPlan, spoolPlanOf } from "./spool-plan.ts";
import { Trace } from "./trace.ts";
import type { Failure, Outcome } from "./world.ts";

/** A last life that has not come to rest by then is stuck. A lane that a broker refused rests 30 s. */
const REST_MAX = 120 * SECOND;
const REST_EVERY = 200 * MS;
const STOP_MAX = 20 * SECOND;
const TEXTS_MAX = 5;
const NO_TROUBLE = { refuse: 0 } as const;
const KEYS = ["disk.full", "disk.read_only", "disk.failed"] as const satisfies readonly FaultKey[];

/** One seed of the spool alone: power cuts are cheap here, and whatever else the agent does is not in the way. */
export function runSpoolWorld(options: { readonly seed: number; readonly told?: (line: string) => void }): Promise<Outcome> {
  return new SpoolWorld(options).run();
}

class SpoolWorld {
  readonly #seed: number;
  readonly #stage: Stage;
  readonly #plan: SpoolPlan;
  readonly #disk: SimDisk;
  readonly #host: SimHost;
  readonly #book: SpoolBook;
  readonly #ends: LifeEnd[] = [];
  readonly #failures: Failure[] = [];
  readonly #refused = new Set<number>();
  readonly #refusals: Random;
  #refusing: FaultKey | undefined;
  #boot: Boot;
  #now: { readonly life: Life; readonly house: SpoolLife } | undefined;
  #connections = 0;
  #toldCorrupt = false;
  #done = false;

  constructor({ seed, told }: { readonly seed: number; readonly told?: (line: string) => void }) {
    this.#seed = seed;
    const random = new Random(`spool ${seed}`);
    this.#stage = { schedule: new Schedule(), random, trace: new Trace(told) };
    this.#plan = spoolPlanOf(random.stream("plan"));
    this.#stage.trace.add("plan", JSON.stringify(this.#plan));
    this.#refusals = random.stream("refusals");
    this.#disk = new SimDisk(this.#stage, this.#plan.disk, FOLDERS);
    this.#disk.refuses = (asked) => this.#refusalOf(asked);
    this.#host = new SimHost(this.#stage);
    this.#boot = this.#host.boot();
    this.#book = new SpoolBook((checker, text) => this.#fail(checker, text));
  }

  async run(): Promise<Outcome> {
    const { schedule, trace } = this.#stage;
    schedule.after(1 * MS, () => this.#begin());
    const unhandled = (caught: unknown) => this.#threw(this.#now?.life, caught);
    process.on("unhandledRejection", unhandled);
    try {
      await schedule.run(() => this.#done);
    } finally {
      process.off("unhandledRejection", unhandled);
    }
    const count = (how: Ending) => this.#ends.filter((end) => end.how === how).length;
    const { made, received, arrivals, cut, rotten } = this.#book;
    return {
      seed: this.#seed,
      hash: trace.hash,
      failures: this.#failures,
      seconds: schedule.now / SECOND,
      events: schedule.events,
      kills: count("killed"),
      powerCuts: count("power"),
      records: received.size,
      duplicates: arrivals - received.size,
      operations: this.#disk.operations,
      tally: { owed: made.size, cut, cutAgeMax: 0, named: rotten },
    };
  }

  #begin(): void {
    const { schedule, random } = this.#stage;
    const plan = this.#plan.lives[this.#ends.length];
    const crashAt = plan?.crashAt ?? Number.POSITIVE_INFINITY;
    const life = new Life({
      index: this.#ends.length,
      boot: this.#boot,
      stage: this.#stage,
      crashAt,
      end: (ending) => this.#end(ending, plan),
    });
    const house = new SpoolLife({
      life,
      stage: this.#stage,
      disk: this.#disk.of(life),
      plan: plan === undefined ? { ...this.#plan, ...NO_TROUBLE } : this.#plan,
      random: random.stream(`life ${life.index}`),
      book: this.#book,
      problem: (checker, text) => this.#fail(checker, text),
      connection: () => ++this.#connections,
      calm: plan === undefined,
    });
    this.#now = { life, house };
    this.#refusing = plan !== undefined && this.#plan.refusal && this.#refusals.chance(0.5) ? this.#refusals.pick(KEYS) : undefined;
    house.begin().catch((caught: unknown) => this.#threw(life, caught));
    if (plan === undefined) this.#awaitRest(schedule.now);
    else schedule.after(plan.timeMax, () => this.#timeOut(life, house, plan));
  }

  #timeOut(life: Life, house: SpoolLife, plan: LifePlan): void {
    if (!life.alive) return;
    if (plan.how !== "clean") {
      this.#end(life, plan);
      return;
    }
    const over = (how: Ending) => life.alive && this.#end(life, { ...plan, how });
    house.stop().then(over, (caught: unknown) => this.#threw(life, caught));
    this.#stage.schedule.after(STOP_MAX, () => {
      if (life.alive) this.#fail("stuck", `life ${life.index} did not stop`);
      over("killed");
    });
  }

  #end(life: Life, plan: LifePlan | undefined): void {
    const { schedule } = this.#stage;
    const how = plan?.how ?? "clean";
    this.#ends.push(endLife(life, how, { stage: this.#stage, disk: this.#disk, refused: this.#refused }));
    this.#now?.house.ended();
    this.#toldCorrupt ||= this.#now?.house.toldCorrupt === true;
    this.#now = undefined;
    if (how === "power") this.#boot = this.#host.boot();
    schedule.after(plan?.pause ?? 0, () => void this.#rest(life.index).then(() => this.#begin()));
  }

  /** What becomes of the card between two lives. */
  async #rest(index: number): Promise<void> {
    const chance = this.#stage.random.stream(`rot ${index}`);
    if (chance.chance(this.#plan.rot)) await spoil(this.#disk, chance, quickSeals, this.#book.spoilt);
  }

  #awaitRest(since: number): void {
    const { schedule } = this.#stage;
    schedule.after(REST_EVERY, () => {
      if (this.#now === undefined) return;
      const { unrest, toldCorrupt } = this.#now.house;
      this.#toldCorrupt ||= toldCorrupt;
      if (unrest !== undefined && schedule.now - since < REST_MAX) {
        this.#awaitRest(since);
        return;
      }
      if (unrest !== undefined) this.#fail("stuck", unrest);
      this.#book.judge(this.#ends, this.#plan.windowMs);
      // A power cut excuses a torn end; a disk that refuses may hide a file until the ring that knew of it is gone.
      const mayBeTorn = this.#plan.refusal || this.#plan.lives.some(({ how }) => how === "power");
      if (this.#book.rotten > 0 && !mayBeTorn && !this.#toldCorrupt)
        this.#fail("falsely-healthy", `${this.#book.rotten} records are lost to damage, and no life told of any`);
      this.#done = true;
    });
  }

  #refusalOf({ life, path }: Asked): FaultKey | undefined {
    if (this.#refusing === undefined || !path.startsWith(FOLDERS.stateDir) || !this.#refusals.chance(0.3)) return undefined;
    this.#refused.add(life);
    return this.#refusing;
  }

  #threw(life: Life | undefined, caught: unknown): void {
    if (life?.alive === false) return;
    this.#fail("died", caught instanceof Error ? (caught.stack ?? caught.message) : String(caught));
    this.#done = true;
  }

  #fail(checker: string, text: string): void {
    if (this.#failures.filter((one) => one.checker === checker).length < TEXTS_MAX)
      this.#failures.push({ seed: this.#seed, checker, text });
  }
}
