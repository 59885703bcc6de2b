import type { Disk } from "../../agent/effects/effects.ts";
import { asFault, Fault } from "../../agent/fault/fault.ts";
import { unexplained } from "../../agent/health/ledger.ts";
import { LANES, type Lane } from "../../agent/model/model.ts";
import type { Entry, Wire } from "../../agent/spool/lane.ts";
import { namesIn } from "../../agent/spool/names.ts";
import { recoverSpool } from "../../agent/spool/recovery.ts";
import { RunKeeper } from "../../agent/spool/run-keeper.ts";
import { type Outgoing, Spool } from "../../agent/spool/spool.ts";
import { wireStream } from "../../agent/wire/heads.ts";
import { type Bytes, Milliseconds, type Mono, type Wall } from "../../config/units.ts";
import { encodeDeviceField, encodeHeadField, encodeMetricField, encodeRecordField } from "../../proto/codec.ts";
import type { Problem } from "./checkers.ts";
import type { Ending, Life, Stage } from "./life.ts";
import { quickSeals } from "./quick-seals.ts";
import type { Random } from "./random.ts";
import { MS } from "./schedule.ts";
import type { Said, SpoolBook } from "./spool-book.ts";
import type { SpoolPlan } from "./spool-plan.ts";

const TICK_TIME = 20 * MS;
const LEDGER_EVERY = 16;

export const FOLDERS = { stateDir: "/state", runtimeDir: "/run/bedside" };

type Parts = {
  readonly life: Life;
  readonly stage: Stage;
  readonly disk: Disk;
  readonly plan: SpoolPlan;
  readonly random: Random;
  readonly book: SpoolBook;
  readonly problem: Problem;
  readonly connection: () => number;
  /** The last life: nothing more is made, and the broker takes all. */
  readonly calm: boolean;
};
type UnderWay = { readonly outgoing: Outgoing; code: number | undefined };

/** One process: the spool alone, as the agent drives it, with a broker that is a list. */
export class SpoolLife {
  readonly #parts: Parts;
  readonly #run: bigint;
  #spool!: Spool;
  #keeper!: RunKeeper;
  #connection = 0;
  #online = false;
  #ticks = 0;
  #stopping = false;
  #underWay: UnderWay[] = [];
  #parked = new Set<Lane>();
  /** Records of earlier lives are adopted, and the window of this one has begun. */
  ready = false;
  toldCorrupt = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#run = new DataView(parts.random.bytes(8).buffer).getBigUint64(0) | 1n;
  }

  async begin(): Promise<void> {
    const { disk, life, random, plan } = this.#parts;
    const entropy = { bytes: (count: number) => random.bytes(count) };
    const recovered = await recoverSpool({ disk, entropy, seals: quickSeals }, FOLDERS, { run: this.#run, bootId: life.boot.id });
    this.#spool = new Spool(
      {
        disk,
        spoolDir: `${FOLDERS.stateDir}/spool`,
        run: this.#run,
        limits: () => ({ pace: Milliseconds(100), window: Milliseconds(plan.windowMs), size: plan.size as Bytes }),
        clock: () => ({ mono: this.#now, wall: 0 as Wall, quality: { known: "unsynced", source: "" } }),
        wire: wireOf(this.#run),
        gapEntry: ({ run, epoch, lane, first, last }) =>
          this.#entry("event", 0, { says: "gap", run: String(run), epoch, lane, first, last }),
      },
      recovered,
    );
    this.#keeper = new RunKeeper(
      {
        ...FOLDERS,
        disk,
        run: this.#run,
        bootId: life.boot.id,
        now: () => this.#now,
        tell: ({ run, how }) => {
          this.#say({ says: "ended", run: String(run), how });
          this.#spool.endTurn();
        },
        commit: () => {
          this.#spool.endTurn();
          return this.#spool.commitNow();
        },
      },
      recovered,
    );
    this.ready = true;
    for (const { run, how } of recovered.untold) this.#say({ says: "ended", run: String(run), how });
    this.#spool.endTurn();
    const told = this.#keeper.settle();
    if (recovered.faults.keeping === undefined && recovered.faults.reading === undefined) await told;
    this.#next();
  }

  /** Why it is not at rest. */
  get unrest(): string | undefined {
    if (!this.ready) return "the start does not end";
    const ledger = this.#spool.ledger();
    const waiting = LANES.reduce((sum, lane) => sum + ledger[lane].waiting, 0);
    return waiting === 0 ? undefined : `${waiting} records wait`;
  }

  /** As the agent stops. Where flash does not take what is left, the rings have it, and the next run tells this one as killed. */
  async stop(): Promise<Ending> {
    this.#stopping = true;
    if (!this.ready) return "killed";
    this.#spool.endTurn();
    try {
      await this.#spool.stop(this.#now);
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      return "killed";
    }
    // A disk that refuses this may have taken it all the same.
    await this.#keeper.end(this.#spool.last()).catch((caught: unknown) => asFault(caught, "disk.failed", "The end is not written"));
    return "clean";
  }

  /** Of what had left the process some arrives. */
  ended(): void {
    for (const one of this.#underWay) {
      if (this.#parts.random.chance(0.5)) return;
      if (one.code !== undefined) continue;
      this.#arrive(one);
    }
  }

  get #now(): Mono {
    return (BigInt(this.#parts.stage.schedule.now - this.#parts.life.boot.zero) * 1000n) as Mono;
  }

  #next(): void {
    const { life, stage } = this.#parts;
    if (!life.alive) return;
    stage.schedule.after(TICK_TIME, () => {
      if (!life.alive || this.#stopping) return;
      this.#tick();
      this.#next();
    });
  }

  #tick(): void {
    const { random, plan, calm, life, problem } = this.#parts;
    this.#ticks += 1;
    if (!calm) this.#make(random, plan);
    this.#spool.tellGaps();
    this.#spool.endTurn();
    this.#spool.tick(this.#now);
    this.#keeper.tick(this.#now);
    this.#talk(calm);
    this.toldCorrupt ||= this.#spool.corrupt !== undefined;
    if (this.#ticks % LEDGER_EVERY === 0 && life.alive && unexplained(this.#spool.ledger()) !== 0)
      problem("unexplained", `life ${life.index}: ${JSON.stringify(this.#spool.ledger())}`);
  }

  #make(random: Random, plan: SpoolPlan): void {
    for (const lane of LANES) {
      if (lane === "event" ? !random.chance(plan.rate / 10) : !random.chance(plan.rate)) continue;
      const filler = "x".repeat(random.between(0, plan.fillMax));
      const epoch = random.between(1, plan.epochs);
      this.#spool.keep(lane, this.#entry(lane, epoch, `${random.word()} ${filler}`));
    }
  }

  #say(said: Said): void {
    this.#spool.keep("event", this.#entry("event", 0, said));
  }

  #entry(lane: Lane, epoch: number, said: Said | string): Entry {
    const { stage, life, book } = this.#parts;
    const text = typeof said === "string" ? said : JSON.stringify(said);
    return {
      epoch,
      at: this.#now,
      encode: ({ n, atUs }) => {
        stage.trace.add("stamped", stage.schedule.now, life.index, String(this.#run), lane, epoch, n);
        book.stamped({ run: this.#run, epoch, lane, n }, { text, at: stage.schedule.now, life, lane });
        return encodeRecordField({
          epoch,
          n,
          atUs,
          body: { kind: "report", report: { observations: [{ metric: 1, value: { kind: "text", text } }] } },
        });
      },
    };
  }

  // ── The broker ──

  #talk(calm: boolean): void {
    const { random, plan, connection } = this.#parts;
    if (this.#online && !calm && random.chance(plan.dropChance)) this.#disconnect();
    if (!this.#online && (calm || random.chance(plan.connectChance))) {
      this.#online = true;
      this.#connection = connection();
      this.#parked.clear();
      this.#spool.connected();
    }
    if (!this.#online) return;
    for (const one of this.#underWay) {
      if (one.code !== undefined) continue;
      if (!calm && random.chance(plan.slow)) break;
      this.#arrive(one);
    }
    while (this.#underWay[0]?.code !== undefined && (calm || !random.chance(plan.slow))) {
      const { outgoing, code = 0 } = this.#underWay.shift() as UnderWay;
      this.#spool.answered(outgoing, code, this.#now);
    }
    for (let more = true; more && this.#underWay.length < plan.quota; ) {
      const outgoing = this.#spool.nextLive(this.#now) ?? this.#spool.nextBacklog(this.#now);
      more = outgoing !== undefined;
      if (outgoing !== undefined) this.#underWay.push({ outgoing, code: undefined });
    }
  }

  #disconnect(): void {
    this.ended();
    this.#underWay = [];
    this.#online = false;
    this.#spool.disconnected();
  }

  #arrive(one: UnderWay): void {
    const { random, plan, calm } = this.#parts;
    one.code = !calm && random.chance(plan.refuse) ? 0x87 : random.chance(0.1) ? 0x10 : 0;
    if (one.code >= 0x80) this.#parked.add(one.outgoing.lane);
    if (one.code >= 0x80) return;
    const { lane, range, bytes } = one.outgoing;
    const { trace, schedule } = this.#parts.stage;
    trace.add(
      "arrived",
      schedule.now,
      this.#parts.life.index,
      lane,
      range,
      ...namesIn({ name: { run: this.#run, lane, number: 0 }, bytes }).map(({ epoch, n }) => `${epoch}/${n}`),
    );
    const ordered = !this.#parked.has(lane) && !((this.#parts.plan.refusal || this.#parts.plan.rot > 0) && range === "backlog");
    this.#parts.book.arrived({ lane, range, bytes, connection: this.#connection, ordered });
  }
}

const wireOf = (run: bigint): Wire => ({
  head: (lane, clock) =>
    encodeHeadField({
      gateway: "gw-sim",
      run,
      stream: wireStream(lane),
      bootId: new Uint8Array(16),
      clock: { monoUs: Number(clock.mono / 1000n), utcUs: 0, quality: 1 },
    }),
  device: (epoch) => encodeDeviceField({ epoch }),
  metric: (id, metric) => encodeMetricField({ id, refid: metric.refid }),
});
