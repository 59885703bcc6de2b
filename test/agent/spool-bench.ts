import { unexplained } from "../../agent/health/ledger.ts";
import { LANES, type Lane } from "../../agent/model/model.ts";
import type { Gap } from "../../agent/spool/gaps.ts";
import { recoverSpool } from "../../agent/spool/recovery.ts";
import { readRing } from "../../agent/spool/ring.ts";
import { type Outgoing, Spool } from "../../agent/spool/spool.ts";
import type { DeviceLedger } from "../../agent/spool/tally.ts";
import { type Bytes, MiB, Milliseconds } from "../../config/units.ts";
import { decodeBatch } from "../../proto/codec.ts";
import type { Device } from "../../proto/messages.ts";
import { entryOf, MemoryDisk, StillClock, settle, storeParts, stubWire } from "./fakes.ts";

export const SPOOL = "/state/spool";
export const RUNTIME = "/run/bedside";
export const FOLDERS = { stateDir: "/state", runtimeDir: RUNTIME };
export const WINDOW = Milliseconds(250);
export const PACE = Milliseconds(100);
/** What the agent calls a tick. */
const TICK = 20;

/** "report/1/0": lane, epoch and n of every record of a batch. */
export function namesOf(lane: Lane, bytes: Uint8Array): string[] {
  return (decodeBatch(bytes)?.records ?? []).map(({ epoch, n }) => `${lane}/${epoch}/${n}`);
}
export const namesIn = (outgoing: readonly Outgoing[]): string[] => outgoing.flatMap(({ lane, bytes }) => namesOf(lane, bytes));

/** The spool of one run on a disk in memory, driven as the agent drives it. */
export class Bench {
  readonly disk: MemoryDisk;
  readonly clock: StillClock;
  readonly spool: Spool;
  readonly gaps: Gap[] = [];
  readonly untold: readonly unknown[];

  private constructor(
    disk: MemoryDisk,
    clock: StillClock,
    recovered: Awaited<ReturnType<typeof recoverSpool>>,
    run: bigint,
    size: Bytes,
    device?: (epoch: number) => Device,
  ) {
    this.disk = disk;
    this.clock = clock;
    this.untold = recovered.untold;
    this.spool = new Spool(
      {
        disk,
        spoolDir: SPOOL,
        run,
        limits: () => ({ window: WINDOW, pace: PACE, size }),
        clock: () => ({ mono: clock.now(), wall: clock.wall(), quality: { known: "unsynced", source: "" } }),
        wire: stubWire(run, device),
        gapEntry: (gap) => {
          this.gaps.push(gap);
          return entryOf(clock, 0, `gap ${gap.lane}`);
        },
      },
      recovered,
    );
  }

  static async start(
    options: { disk?: MemoryDisk; clock?: StillClock; run?: bigint; size?: Bytes; device?: (epoch: number) => Device } = {},
  ): Promise<Bench> {
    const { disk = new MemoryDisk(), clock = new StillClock(), run = 7n, size = MiB(64) } = options;
    const recovered = await recoverSpool(storeParts(disk, Number(run)), FOLDERS, { run, bootId: "b" });
    return new Bench(disk, clock, recovered, run, size, options.device);
  }
  /** The process is killed now; the next run begins on what it left. */
  restart(run: bigint, size?: Bytes, device?: (epoch: number) => Device): Promise<Bench> {
    const more = { ...(size === undefined ? {} : { size }), ...(device === undefined ? {} : { device }) };
    return Bench.start({ disk: this.disk.copy(), clock: this.clock, run, ...more });
  }

  keep(lane: Lane, epoch = 1, text = "x"): void {
    this.spool.keep(lane, entryOf(this.clock, epoch, text));
  }
  /** The end of one tick. */
  turn(): void {
    this.spool.tellGaps();
    this.spool.endTurn();
    this.spool.tick(this.clock.now());
  }
  /** Ticks go by; the disk has time for all it wants. */
  async pass(time: number): Promise<void> {
    for (let passed = 0; passed < time; passed += TICK) {
      this.clock.pass(TICK);
      this.turn();
      await settle();
    }
  }
  live(): Outgoing[] {
    const all: Outgoing[] = [];
    for (let one = this.spool.nextLive(this.clock.now()); one !== undefined; one = this.spool.nextLive(this.clock.now())) all.push(one);
    return all;
  }
  async backlog(): Promise<Outgoing[]> {
    const all: Outgoing[] = [];
    for (let empty = 0; empty < 3; ) {
      const one = this.spool.nextBacklog(this.clock.now());
      if (one !== undefined) all.push(one);
      empty = one === undefined ? empty + 1 : 0;
      await settle();
    }
    return all;
  }
  async everything(): Promise<Outgoing[]> {
    return [...this.live(), ...(await this.backlog())];
  }
  answer(outgoing: readonly Outgoing[], code = 0): void {
    for (const one of outgoing) this.spool.answered(one, code, this.clock.now());
  }
  inRing(lane: Lane): string[] {
    const found = readRing(this.disk.files.get(`${RUNTIME}/${lane}.ring`) ?? new Uint8Array());
    return found.filter(({ released }) => !released).flatMap(({ bytes }) => namesOf(lane, bytes));
  }
  get unexplained(): number {
    return unexplained(this.spool.ledger());
  }
  /** Lanes in which the devices' ledgers together do not tell what the lane's does, and devices whose own does not balance. */
  get unequal(): readonly string[] {
    const byDevice = this.spool.deviceLedgers();
    const droppedOf = ({ dropped }: DeviceLedger): number => Object.values(dropped).reduce((total, count) => total + count, 0);
    const uneven = Object.values(byDevice)
      .flatMap((devices) => [...devices])
      .filter(([, one]) => one.made + one.adopted !== one.delivered + one.waiting + droppedOf(one))
      .map(([name, one]) => `${name}: ${JSON.stringify(one)}`);
    const differing = Object.entries(this.spool.ledger()).flatMap(([lane, ledger]) => {
      const all = [...byDevice[lane as Lane].values()];
      const sum = (of: (one: DeviceLedger) => number): number => all.reduce((total, one) => total + of(one), 0);
      const told = {
        made: sum(({ made }) => made),
        adopted: sum(({ adopted }) => adopted),
        delivered: sum(({ delivered }) => delivered),
        dropped: sum(droppedOf),
        waiting: sum(({ waiting }) => waiting),
      };
      return JSON.stringify(told) === JSON.stringify(ledger) ? [] : [`${lane}: ${JSON.stringify(told)} for ${JSON.stringify(ledger)}`];
    });
    return [...uneven, ...differing];
  }
  get waiting(): number {
    return LANES.reduce((sum, lane) => sum + this.spool.ledger()[lane].waiting, 0);
  }
  flashWrites(): number {
    return this.disk.count("write", SPOOL);
  }
}
