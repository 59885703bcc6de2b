import { FaultBook } from "../../agent/fault/fault-book.ts";
import { Log } from "../../agent/log/log.ts";
import { Room } from "../../agent/room.ts";
import { Serving } from "../../agent/session/serving.ts";
import { stamped } from "../../agent/session/stamp.ts";
import type { Outgoing } from "../../agent/spool/spool.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { decodeBatch } from "../../proto/codec.ts";
import type { Batch, Device, WireRecord } from "../../proto/messages.ts";
import { HandLine, settle } from "./fakes.ts";
import { Bench } from "./spool-bench.ts";

const ruleOf = ({ id: driver }: AnyDriver) =>
  ({ allow: true, device: "rack-1", driver, socket: "bed-1", when: { location: "uart-0" } }) as const;

/** A rack on the agent's own room and spool; the broker is the test. */
export class Ward {
  readonly line = new HandLine();
  readonly bench: Bench;
  readonly #room: Room;
  readonly #faults = new FaultBook(() => undefined);
  readonly #got: Batch[] = [];

  /** `first`: frames by which its device is proved. */
  static async start(driver: AnyDriver, ...first: readonly Uint8Array[]): Promise<Ward> {
    let ward: Ward | undefined;
    const bench = await Bench.start({ device: (epoch) => ward!.#room.device(epoch) });
    const watchdog = { limit: undefined, fault: undefined, ready: () => undefined, alive: () => undefined, stopping: () => undefined };
    ward = new Ward(driver, bench, await Serving.open({ disk: bench.disk, clock: bench.clock, watchdog }, "/run/bedside"));
    bench.spool.connected();
    for (let tick = 0; tick < 5; tick++) await ward.tick();
    await ward.tick(...first);
    return ward;
  }
  private constructor(driver: AnyDriver, bench: Bench, serving: Serving) {
    this.bench = bench;
    const { clock, spool } = bench;
    this.#room = new Room({
      effects: {
        clock,
        serial: this.line,
        ports: { list: async () => [{ path: "/dev/ttyS0", location: "uart-0", hardware: true, facts: {} }] },
      },
      rules: [ruleOf(driver)],
      drivers: [driver],
      log: new Log({ clock, log: () => undefined }),
      faults: this.#faults,
      spool,
      serving,
      clock: () => ({ mono: clock.now(), wall: clock.wall(), quality: { known: "unsynced", source: "" } }),
      event: (event, epoch = 0) =>
        spool.keep(
          "event",
          stamped(epoch, clock.now(), undefined, () => ({ kind: "event", event })),
        ),
      changed: () => undefined,
    });
  }

  /** From here on the rule names this line. */
  setTo(driver: AnyDriver, line: string): void {
    this.#room.judgeBy([{ ...ruleOf(driver), line }]);
  }

  async tick(...frames: readonly Uint8Array[]): Promise<void> {
    this.line.say(...frames);
    this.#room.tick(this.bench.clock.pass(20));
    this.bench.turn();
    await settle();
  }
  /** Time without a word from the device. */
  async pass(time: number): Promise<void> {
    for (let passed = 0; passed < time; passed += 20) await this.tick();
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
export const recordsIn = (batches: readonly Batch[]): readonly WireRecord[] => batches.flatMap(({ records }) => records);
export const eventsIn = (batches: readonly Batch[]) =>
  batches.flatMap(({ devices, records }) =>
    records.flatMap(({ epoch, body }) =>
      body.kind === "event" ? [{ epoch, device: devices.find((one) => one.epoch === epoch), ...body.event }] : [],
    ),
  );

/** Numbers that are missing in a stream, or that come twice. */
export function holes(batches: readonly Batch[]): readonly string[] {
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

/** Who speaks in an epoch, as this batch introduces it. */
export function deviceIn(batch: Batch, epoch: number): Device | undefined {
  return batch.devices.find((one) => one.epoch === epoch);
}
