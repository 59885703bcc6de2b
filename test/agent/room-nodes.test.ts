import { describe, expect, test } from "vitest";
import { FaultBook } from "../../agent/fault/fault-book.ts";
import { Log } from "../../agent/log/log.ts";
import { LANES } from "../../agent/model/model.ts";
import { Room } from "../../agent/room.ts";
import { Serving } from "../../agent/session/serving.ts";
import { stamped } from "../../agent/session/stamp.ts";
import type { Outgoing } from "../../agent/spool/spool.ts";
import { decodeBatch } from "../../proto/codec.ts";
import { type Batch, type Device, IDENTITY, STREAM, type WireRecord } from "../../proto/messages.ts";
import { HandLine, settle } from "./fakes.ts";
import { nodeOf, ofSlot, rack } from "./rack-driver.ts";
import { frame } from "./session-room.ts";
import { Bench } from "./spool-bench.ts";

const PUMPS = 24;

/** A rack on the agent's own room and spool; the broker is the test. */
class Ward {
  readonly line = new HandLine();
  readonly bench: Bench;
  readonly #room: Room;
  readonly #faults = new FaultBook(() => undefined);
  readonly #got: Batch[] = [];

  static async start(): Promise<Ward> {
    let ward: Ward | undefined;
    const bench = await Bench.start({ device: (epoch) => ward!.#room.device(epoch) });
    const watchdog = { limit: undefined, fault: undefined, ready: () => undefined, alive: () => undefined, stopping: () => undefined };
    ward = new Ward(bench, await Serving.open({ disk: bench.disk, clock: bench.clock, watchdog }, "/run/bedside"));
    bench.spool.connected();
    for (let tick = 0; tick < 5; tick++) await ward.tick();
    await ward.tick(frame("n", 1), frame("n", 2), frame("n", 3));
    return ward;
  }
  private constructor(bench: Bench, serving: Serving) {
    this.bench = bench;
    const { clock, spool } = bench;
    this.#room = new Room({
      effects: {
        clock,
        serial: this.line,
        ports: { list: async () => [{ path: "/dev/ttyS0", location: "uart-0", hardware: true, facts: {} }] },
      },
      rules: [{ allow: true, device: "rack-1", driver: "rack", socket: "bed-1", when: { location: "uart-0" } }],
      drivers: [rack],
      log: new Log({ clock, log: () => undefined }),
      faults: this.#faults,
      spool,
      serving,
      event: (event, epoch = 0) =>
        spool.keep(
          "event",
          stamped(epoch, clock.now(), undefined, () => ({ kind: "event", event })),
        ),
      changed: () => undefined,
    });
  }

  async tick(...frames: readonly Uint8Array[]): Promise<void> {
    this.line.say(...frames);
    this.#room.tick(this.bench.clock.pass(20));
    this.bench.turn();
    await settle();
  }
  async stop(): Promise<void> {
    await this.#room.stop();
    this.bench.turn();
  }
  /** Everything up to now is delivered. */
  async delivered(): Promise<readonly Batch[]> {
    this.bench.spool.closeBlocks();
    const all: readonly Outgoing[] = await this.bench.everything();
    this.bench.answer(all);
    this.#got.push(...all.map(({ bytes }) => decodeBatch(bytes)!));
    return this.#got;
  }
  get faults(): readonly string[] {
    return this.#faults.standing.map(({ key }) => key);
  }
}
const recordsIn = (batches: readonly Batch[]): readonly WireRecord[] => batches.flatMap(({ records }) => records);
const eventsIn = (batches: readonly Batch[]) =>
  recordsIn(batches).flatMap(({ epoch, body }) => (body.kind === "event" ? [{ epoch, ...body.event }] : []));

describe("a rack of 24 pumps on the wire", () => {
  test("is one device and 24 nodes of it, each record in its node's epoch, and each batch says whose that is", async () => {
    const ward = await Ward.start();
    await ward.tick(ofSlot(PUMPS, "a", 0));
    const batches = await ward.delivered();
    const began = eventsIn(batches).flatMap((event) => (event.kind === "epochBegan" ? [event.epochBegan.device!] : []));
    expect(began.map(({ epoch, device, node }) => [epoch, device, node ?? []])).toEqual([
      [1, "rack-1", []],
      ...Array.from({ length: PUMPS }, (_, i) => [i + 2, "rack-1", nodeOf(i + 1)]),
    ]);
    const told = batches.flatMap(({ devices, records }) =>
      records.flatMap(({ epoch, body }) => {
        const value = body.kind === "report" ? body.report.observations[0]?.value : undefined;
        const who: Device | undefined = devices.find((one) => one.epoch === epoch);
        return epoch > 1 && value?.kind === "decimal" ? [[who?.node?.at(-1), String(value.decimal.mantissa)]] : [];
      }),
    );
    expect(told).toEqual(Array.from({ length: PUMPS }, (_, i) => [String(i + 1), String(i + 1)]));
  });

  test("of which one tells its serial number later is known by it from the next batch on; the others are not", async () => {
    const ward = await Ward.start();
    await ward.tick(ofSlot(3, "n", 1), ofSlot(4, "n", 1));
    await ward.tick(ofSlot(3, "i", 7), ofSlot(4, "n", 1));
    const batches = await ward.delivered();
    const known = (epoch: number) =>
      batches
        .flatMap(({ head, devices }) => (head?.stream === STREAM.report ? devices.filter((one) => one.epoch === epoch) : []))
        .map(({ identity }) => identity);
    expect(known(2)).toEqual([IDENTITY.socket, IDENTITY.protocol]);
    expect(known(3)).toEqual([IDENTITY.socket, IDENTITY.socket]);
    expect(eventsIn(batches)).toContainEqual({ epoch: 2, kind: "identityLearned", identityLearned: { facts: { serial: "sn-7" } } });
  });

  test("of which one is exchanged tells the end of one epoch and the beginning of one, and nothing is unexplained", async () => {
    const ward = await Ward.start();
    for (let slot = 1; slot <= PUMPS; slot++) await ward.tick(ofSlot(slot, "i", slot));
    await ward.delivered();
    await ward.tick(ofSlot(7, "i", 99), ofSlot(8, "n", 1));
    await ward.tick(ofSlot(9, "r", 0));
    const batches = await ward.delivered();
    const edges = eventsIn(batches).flatMap((event) => {
      if (event.kind === "epochEnded") return [`end ${event.epoch} ${event.epochEnded.reason} ${event.epochEnded.last.length}`];
      return event.kind === "epochBegan" && event.epoch > 25
        ? [`begin ${event.epoch} ${event.epochBegan.device?.node?.join("/")} ${event.epochBegan.facts?.serial}`]
        : [];
    });
    expect(edges).toEqual(["end 8 replaced 2", "begin 26 1/7 sn-99", "end 10 removed 2"]);
    await ward.stop();
    const all = await ward.delivered();
    for (const lane of LANES) {
      const ledger = ward.bench.spool.ledger()[lane];
      expect([ledger.waiting, ledger.dropped], lane).toEqual([0, 0]);
    }
    expect(ward.bench.unexplained).toBe(0);
    expect(holes(all)).toEqual([]);
  });

  test("and more nodes than may be has a fault that stands, told readings, and nothing unexplained", async () => {
    const ward = await Ward.start();
    await ward.tick(ofSlot(200, "a", 0));
    expect(ward.faults).toEqual(["session.nodes_full"]);
    await ward.stop();
    const discards = eventsIn(await ward.delivered()).flatMap((event) => (event.kind === "discards" ? [event.discards] : []));
    expect(discards).toMatchObject([{ location: "uart-0", reason: "nodes_full", readings: 200 - 32 }]);
    expect(ward.bench.unexplained).toBe(0);
  });
});

/** Numbers that are missing in a stream, or that come twice. */
function holes(batches: readonly Batch[]): readonly string[] {
  const next = new Map<string, number>();
  return batches.flatMap(({ head, records }) =>
    records.flatMap(({ epoch, n }) => {
      const stream = `${head?.stream} ${epoch}`;
      const due = next.get(stream) ?? 0;
      next.set(stream, n + 1);
      return n === due ? [] : [`${stream}: ${n} for ${due}`];
    }),
  );
}
