import { expect, test } from "vitest";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { clockOf, whyNoWrongClock } from "../support/wrong-clock.ts";
import { expectTold } from "./errors.ts";
import { roomFor } from "./room.ts";

/** The packaged agent under a wrong clock. */

const TEST_MS = 60_000;
if (whyNoWrongClock !== undefined) console.warn(`SKIPPED ALOUD: ${whyNoWrongClock}, so no agent runs under a wrong clock`);

test.skipIf(whyNoWrongClock !== undefined)(
  "a clock of 1970 is told with what follows from it, readings go on, and when it is set right all is well without a restart (R12)",
  async (t) => {
    const room = roomFor(t);
    const broker = await room.startBroker();
    const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 25, link: room.at("port") }));
    room.configure({ port: broker.port, beds: [{ path: device.path, location: "b", device: "dv-1", driver: "nonin" }] });
    const clock = clockOf(room, "@1970-01-01 00:10:00");
    const agent = room.start(clock.how);
    const told = { room, agent };
    await expectTold(told, {
      key: "clock.before_floor",
      scope: "clock",
      says: /^The clock of this box says 1970-01-01 00:1\d UTC, but this program was made on 20\d\d-\d\d-\d\d: good certificates will look/,
    });
    await expectTold(told, {
      key: "credentials.not_yet",
      scope: "credentials",
      says: /is valid only from 20.* UTC; this box says that it is 1970-01-01 00:1\d UTC$/,
    });
    await expectTold(told, {
      key: "uplink.server_not_yet",
      says: /^The broker's certificate is valid only from 20.* UTC; this box says that it is 1970-01-01 00:1\d UTC\. /,
    });
    expect(agent.log()).toContain("the clock of this box is behind");
    const kept = await room.statusWhere("readings are kept", ({ ledger }) => ledger.report.waiting >= 3);
    expect([kept.ledger.report.delivered, kept.ledger.report.dropped, kept.unexplained]).toEqual([0, 0, 0]);

    clock.set("+0");
    const well = await room.statusWhere("all is well", (status) => status.uplink.phase === "online" && status.faults.length === 0);
    expect(Math.abs(Date.parse(well.time) - Date.now())).toBeLessThan(10_000);
    await room.statusWhere("what waited is delivered", ({ ledger }) => ledger.report.delivered >= 3);
    expect((await agent.terminate()).code).toBe(0);
  },
  TEST_MS,
);
