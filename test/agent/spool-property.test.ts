import { describe, expect, test } from "vitest";
import { LANES, type Lane } from "../../agent/model/model.ts";
import type { Outgoing } from "../../agent/spool/spool.ts";
import { MiB } from "../../config/units.ts";
import { type Random, randomOf } from "../drivers/streams.ts";
import { settle } from "./fakes.ts";
import { Bench, namesIn, SPOOL } from "./spool-bench.ts";

/** A broker, a connection and a disk that do as chance wants, and what became of every record. */
class Trial {
  readonly #bench: Bench;
  readonly #random: Random;
  readonly #made = { alert: 0, event: 0, report: 0, wave: 0 };
  readonly delivered = new Set<string>();
  readonly inFlight: Outgoing[] = [];
  #online = false;

  constructor(bench: Bench, random: Random) {
    this.#bench = bench;
    this.#random = random;
  }

  get made(): Readonly<Record<Lane, number>> {
    return this.#made;
  }
  get lost(): string[] {
    return this.#bench.gaps.flatMap(({ lane, epoch, first, last }) =>
      Array.from({ length: last - first + 1 }, (_, at) => `${lane}/${epoch}/${first + at}`),
    );
  }

  async step(): Promise<void> {
    const bench = this.#bench;
    const kind = this.#random.below(20);
    if (kind < 7) this.#keep();
    else if (kind < 11) await bench.pass(20 + this.#random.below(120));
    else if (kind < 15) await this.#take();
    else if (kind < 18) this.#answer();
    else if (kind === 18) this.#connection();
    else await this.#disk();
    await settle();
    expect(bench.unexplained, "the ledger balances at any moment").toBe(0);
    expect(bench.unequal, "so do those of the devices, and they are its parts").toEqual([]);
  }

  /** All troubles are over: everything that was made is delivered or named by a gap. */
  async end(): Promise<void> {
    const bench = this.#bench;
    bench.disk.fails = () => false;
    bench.disk.letGo();
    this.#goOffline();
    await bench.pass(2000);
    bench.spool.connected();
    this.#online = true;
    for (let round = 0; round < 200 && bench.waiting > 0; round++) {
      await this.#take();
      this.#answer(100, 0);
      await bench.pass(60);
    }
  }

  #keep(): void {
    const { below } = this.#random;
    const lane = LANES[below(4)]!;
    const length = below(12) === 0 ? 33_000 : below(3) === 0 ? 25_000 : below(60);
    for (let count = 1 + below(3); count > 0; count--) {
      this.#bench.keep(lane, 1 + below(2), "x".repeat(length));
      this.#made[lane] += 1;
    }
    if (below(8) === 0) this.#turnWithoutRing();
    else if (below(2) === 0) this.#bench.turn();
  }
  /** tmpfs has no page left. */
  #turnWithoutRing(): void {
    const { disk } = this.#bench;
    const before = disk.fails;
    disk.fails = (operation, path) => operation === "writeNow" || before(operation, path);
    this.#bench.turn();
    disk.fails = before;
  }
  async #take(): Promise<void> {
    if (!this.#online) return;
    const { spool, clock } = this.#bench;
    for (let count = 1 + this.#random.below(8); count > 0; count--) {
      const one = spool.nextLive(clock.now()) ?? spool.nextBacklog(clock.now());
      if (one === undefined) await settle();
      else {
        for (const name of namesIn([one])) expect(this.delivered.has(name), `${name} is sent after its answer`).toBe(false);
        for (const name of namesIn([one])) expect(namesIn(this.inFlight), "sent twice by ourselves").not.toContain(name);
        this.inFlight.push(one);
      }
    }
  }
  #answer(most = 4, refusals = 12): void {
    const { spool, clock } = this.#bench;
    for (let count = Math.min(most, this.inFlight.length); count > 0; count--) {
      const [one] = this.inFlight.splice(this.#random.below(this.inFlight.length), 1);
      const refused = refusals > 0 && this.#random.below(refusals) === 0;
      if (!refused) for (const name of namesIn([one!])) this.delivered.add(name);
      spool.answered(one!, refused ? 0x97 : this.#random.below(2) * 0x10, clock.now());
    }
  }
  #connection(): void {
    if (this.#online) this.#goOffline();
    else {
      this.#online = true;
      this.#bench.spool.connected();
    }
  }
  #goOffline(): void {
    this.#online = false;
    this.inFlight.length = 0;
    this.#bench.spool.disconnected();
  }
  async #disk(): Promise<void> {
    const { disk } = this.#bench;
    const what = this.#random.below(5);
    disk.letGo();
    disk.fails = () => false;
    if (what === 0) disk.hold();
    if (what === 1) disk.fails = (operation, path) => operation === "sync" && path.startsWith(SPOOL);
    if (what === 2) disk.fails = (operation, path) => (operation === "write" || operation === "open") && path.startsWith(SPOOL);
    if (what === 3) disk.slowNext = this.#random.below(6);
    await settle();
  }
}

const SEEDS = [1, 2, 3, 4];

describe("over any sequence of stamps, answers, disconnections and failures of the disk", () => {
  for (const seed of SEEDS)
    test(`every record is delivered or named by a gap, none is sent after its answer, and the ledger balances (seed ${seed})`, {
      timeout: 20_000,
    }, async () => {
      const random = randomOf(seed * 7919);
      const isSmall = seed % 2 === 0;
      const bench = await Bench.start({ size: MiB(isSmall ? 5 : 64), device: (epoch) => ({ epoch, device: `dv-${epoch}` }) });
      const trial = new Trial(bench, random);
      for (let step = 0; step < 500; step++) await trial.step();
      await trial.end();
      expect(bench.spool.degraded).toBeUndefined();
      expect(bench.waiting).toBe(0);
      const { lost, delivered, made } = trial;
      expect(new Set(lost).size, "a gap is told once").toBe(lost.length);
      // Alerts and events give way last: only where a segment of each lane fills the room.
      const reasons = new Set(lost.filter((name) => /alert|event/.test(name)).flatMap((name) => reasonsOf(bench, name)));
      expect([...reasons].filter((reason) => reason !== "too_long" && !(isSmall && reason === "spool_full"))).toEqual([]);
      for (const lane of LANES) {
        const told = [...delivered, ...lost].filter((name) => name.startsWith(lane));
        const gapEvents = lane === "event" ? bench.gaps.length : 0;
        expect(new Set(told).size, `${lane}: delivered and lost exclude each other`).toBe(told.length);
        expect(told.length, lane).toBe(made[lane] + gapEvents);
      }
      expect(delivered.size).toBeGreaterThan(100);
    });
});

const reasonsOf = (bench: Bench, name: string): string[] =>
  bench.gaps
    .filter(({ lane, epoch, first, last }) => {
      const [of, at, n] = name.split("/");
      return lane === of && epoch === Number(at) && first <= Number(n) && Number(n) <= last;
    })
    .map(({ reason }) => reason);
