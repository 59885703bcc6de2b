import { expect, type TestContext, test } from "vitest";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { DEATH_CAUSE, RUN_END } from "../../proto/messages.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { excusedBy, expectMade, type Leaving, leave, UNREAD_NS } from "./leaving.ts";
import { roomFor } from "./room.ts";
import { eventsOf, expectAllUpTo, expectEveryUnit, holes, lastReport, reportsOf } from "./told.ts";

const TEST_MS = 90_000;
const DEVICE = "dv-1";

async function oximeterRoom(t: TestContext, more = "") {
  const room = roomFor(t);
  const broker = await room.startBroker();
  const central = await room.openCentral(broker.port);
  const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 7, link: room.at("port") }));
  room.configure({ port: broker.port, beds: [{ path: device.path, location: "b", device: DEVICE, driver: "nonin" }], more });
  const fresh = (count: number): Promise<void> => {
    const before = central.records.length;
    const isFresh = (report: ReturnType<typeof reportsOf>[number]) =>
      report.body.observations.length > 0 && central.records.indexOf(report) >= before;
    return room.until(`${count} more packets came`, () => reportsOf(central, DEVICE).filter(isFresh).length >= count);
  };
  return { room, broker, central, device, fresh };
}

test.concurrent(
  "a killed agent loses nothing that it stamped, once with a broker that answers and once with one that does not (R35)",
  async (t) => {
    const { room, broker, central, device, fresh } = await oximeterRoom(t, WINDOW);
    const kills: Leaving[] = [];
    let agent = room.start();
    for (const phase of ["answering", "paused"] as const) {
      await fresh(4);
      if (phase === "paused") {
        broker.pause();
        const { ledger } = await room.statusWhere("a first status", () => true);
        const made = ledger.report.made;
        const { spool } = await room.statusWhere("readings wait for the broker", (status) => status.ledger.report.made >= made + 5);
        expect(spool.ringBytes, "in memory that outlives the process").toBeGreaterThan(0);
        expect(spool.flashBytes, "and nowhere else").toBe(0);
      }
      kills.push(await leave(room, async () => expect((await agent.kill()).code).toBe("SIGKILL")));
      if (phase === "paused") broker.resume();
      // The broker itself says that the gateway is lost: its will.
      await room.until("the will came", () => {
        const presence = central.presence();
        return presence?.state.kind === "death" && presence.state.death.cause === DEATH_CAUSE.lost;
      });
      agent = room.start();
    }
    await fresh(4);
    const status = await room.statusWhere("everything of before is delivered", ({ ledger }) =>
      Object.values(ledger).every(({ adopted, delivered }) => delivered >= adopted),
    );
    expect(status.unexplained).toBe(0);
    expect(status.start).toBe(3);
    expect(Object.values(status.ledger).reduce((sum, { dropped }) => sum + dropped, 0)).toBe(0);
    expect((await agent.terminate()).code).toBe(0);

    const ended = eventsOf(central, "runEnded");
    expect(ended.map(({ event }) => event.runEnded.how)).toEqual([RUN_END.killed, RUN_END.killed]);
    for (const { event } of ended) {
      const { run, last } = event.runEnded;
      expect(lastReport(last, 1), "what the dead run had stamped is known").toBeGreaterThanOrEqual(3);
      expectAllUpTo(central, run, last);
    }
    expectMade(central, kills);
    const isTold = (time: string | undefined): boolean => reportsOf(central, DEVICE).some((report) => report.deviceTime === time);
    const excused = excusedBy(kills, device.ledger, isTold);
    expect(expectEveryUnit(central, { device: DEVICE, ledger: device.ledger, excused })).toBeGreaterThanOrEqual(12);
    expect(holes(central)).toEqual([]);
    expect(central.broken).toEqual([]);
    expect(eventsOf(central, "gap")).toEqual([]);
  },
  TEST_MS,
);
/** Long enough for a kill to come before flash has anything: the ring alone must carry it over. */
const WINDOW = "window: 20s";

test.concurrent(
  "an agent that is told to stop says so, ends with 0, and the next one knows that it ended clean",
  async (t) => {
    const { room, central, device, fresh } = await oximeterRoom(t);
    const first = room.start();
    await fresh(2);
    const { code, out } = await first.terminate();
    expect({ code, out }).toEqual({ code: 0, out: "" });
    await room.until("the death came", () => central.presence()?.state.kind === "death");
    expect(central.presence()?.state).toMatchObject({ kind: "death", death: { cause: DEATH_CAUSE.stopped } });
    expect(eventsOf(central, "epochEnded", DEVICE).map(({ event }) => event.epochEnded.reason)).toEqual(["stopped"]);
    for (const { event, record } of eventsOf(central, "epochEnded", DEVICE)) expectAllUpTo(central, record.run, event.epochEnded.last);

    const second = room.start();
    await fresh(2);
    expect(central.presence()?.state.kind).toBe("birth");
    expect(await room.status()).toMatchObject({ start: 2, unexplained: 0 });
    expect((await second.terminate()).code).toBe(0);
    const ended = eventsOf(central, "runEnded");
    expect(ended.map(({ event }) => event.runEnded.how)).toEqual([RUN_END.clean]);
    expectAllUpTo(central, ended[0]!.event.runEnded.run, ended[0]!.event.runEnded.last);
    const { record } = ended[0]!;
    expect([record.epoch, record.n], "it is the first event of its run").toEqual([0, 0]);
    const stopped = ({ firstByteAt, lastByteAt }: { firstByteAt: bigint; lastByteAt: bigint }): boolean => {
      const [end, began] = [eventsOf(central, "epochEnded", DEVICE)[0]!, eventsOf(central, "epochBegan", DEVICE)[1]!];
      return lastByteAt > end.record.at - UNREAD_NS && firstByteAt < began.record.at + UNREAD_NS;
    };
    expectEveryUnit(central, { device: DEVICE, ledger: device.ledger, excused: stopped });
    expect(holes(central)).toEqual([]);
    expect(central.broken).toEqual([]);
  },
  TEST_MS,
);
