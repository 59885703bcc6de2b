import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { decodeReported } from "../../proto/codec.ts";
import { DOCUMENT_STATUS } from "../../proto/messages.ts";
import { biomedicalEngineer } from "../support/admissions.ts";
import { type Room, unusedPort } from "../support/agent.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { subscribeRaw } from "../support/mosquitto.ts";
import { expectTold } from "./errors.ts";
import { roomFor } from "./room.ts";
import { expectEveryUnit, holes, reportsOf } from "./told.ts";

/** Signed documents that somebody brought to the box, and the packaged agent that finds them named in its configuration file. */

const TEST_MS = 90_000;

const oximeter = async (room: Room) => room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 81, link: room.at("port") }));
const streams = ({ devices }: { readonly devices: readonly { readonly phase: string }[] }): boolean => devices[0]?.phase === "streaming";

describe.concurrent("signed admissions on the box", () => {
  test(
    "open their port where no broker was ever reached: readings are kept, the stick may go, and the centre gets everything when it comes",
    async (t) => {
      const room = roomFor(t);
      const port = await unusedPort();
      const device = await oximeter(room);
      const beds = [{ path: device.path, location: "b", device: "dv-1", driver: "nonin" }];
      room.configure({ port, beds });
      const first = room.start();
      const { faults, ledger } = await room.statusWhere(
        "it streams and keeps",
        (status) => streams(status) && status.spool.flashBytes > 3000,
      );
      expect(faults.map(({ key }) => key)).toEqual(["uplink.unreachable"]);
      expect([ledger.report.delivered, ledger.report.dropped]).toEqual([0, 0]);
      expect((await first.terminate()).code).toBe(0);

      rmSync(room.at("admissions.signed"));
      const second = room.start();
      await expectTold(
        { room, agent: second },
        {
          key: "document.file_unreadable",
          scope: `document file ${room.at("admissions.signed")}`,
          says: /Cannot read a signed document: \S+admissions\.signed \(it does not exist\)/,
        },
      );
      await room.statusWhere("it streams again, by what was kept", (status) => streams(status) && status.start === 2);

      const broker = await room.startBroker(port);
      const central = await room.openCentral(broker.port);
      const { pki } = room;
      const identity = pki.issue({ cn: "ops", kind: "client" });
      const topic = `bedside/v1/${room.gateway}/up/reported/admissions`;
      const ear = room.keep(await subscribeRaw({ port, pki, identity, topic }));
      const runs = (): number => new Set(reportsOf(central, "dv-1").map(({ run }) => run)).size;
      await room.until(
        "the readings of both runs have come, and nothing between them is missing",
        () => runs() === 2 && holes(central).length === 0,
      );
      await room.until("the gateway reports", () => ear.messages.length > 0);
      expect((await second.terminate()).code).toBe(0);
      expectEveryUnit(central, { device: "dv-1", ledger: device.ledger, excused: () => true });
      const reported = ear.messages.map(({ payload }) => decodeReported(payload)).at(-1);
      expect(reported).toMatchObject({ generation: 1, status: DOCUMENT_STATUS.applied, refusals: [] });
    },
    TEST_MS,
  );

  test(
    "that a stranger signed open nothing and are told with their path, while those of a trusted key beside them are obeyed",
    async (t) => {
      const room = roomFor(t);
      const device = await oximeter(room);
      const place = { path: device.path, location: "b" };
      room.configure({ port: await unusedPort(), beds: [{ ...place, device: "dv-1", driver: "nonin" }] });
      const forged = room.at("forged.signed");
      biomedicalEngineer("bio-9").admit(forged, room.gateway, [{ when: { location: "b" }, device: "dv-9", driver: "nonin" }]);
      const { out } = await room.bedside(["config", "check", forged, "--config", room.configFile]);
      expect(out).toMatch(/^BED-611 .*\n +key "bio-9" is not trusted here\n/);

      const own = room.admit([{ when: { location: "b" }, device: "dv-1", driver: "nonin" }]);
      writeFileSync(
        room.configFile,
        `gateway: ${room.gateway}
broker: { host: localhost, port: 1, ca: ${room.at("ca.crt")}, cert: ${room.at("gw.crt")}, key: ${room.at("gw.key")} }
ports: [{ path: ${place.path}, location: ${place.location} }]
${own.replace("documents: [", `documents: [${forged}, `)}`,
      );
      const before = await room.bedside(["ports", "--config", room.configFile, "--runtime-dir", room.runtimeDir]);
      expect(before.out).toMatch(/^BED-611 {2}\S+forged\.signed would be refused: key "bio-9" is not trusted here/m);
      expect(before.out).toContain("rule 1: dv-1, driver nonin at 9600 8N1, socket ICU-1/dv-1");
      const agent = room.start();
      await expectTold(
        { room, agent },
        {
          key: "document.key_unknown",
          scope: `document file ${forged}`,
          says: /The document in \S+forged\.signed is refused: key "bio-9" is not trusted here/,
        },
      );
      const { devices } = await room.statusWhere("the other one holds", streams);
      expect(devices.map(({ device: name }) => name)).toEqual(["dv-1"]);
    },
    TEST_MS,
  );
});
