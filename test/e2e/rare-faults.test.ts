import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UNITS_END } from "../../agent/spool/segment.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { agentCommand, unusedPort } from "../support/agent.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { expectTold } from "./errors.ts";
import { roomFor } from "./room.ts";

/** Faults that take some doing, at the packaged agent. */

const TEST_MS = 60_000;
/** Some blocks of each lane. */
const ON_FLASH = 4000;

describe.concurrent("what seldom happens is told by its number:", () => {
  test(
    "stored bytes that a failing card has changed are counted, passed over, and the rest goes on (BED-404)",
    async (t) => {
      const room = roomFor(t);
      const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 61, link: room.at("port") }));
      room.configure({ port: await unusedPort(), beds: [{ path: device.path, location: "b", device: "dv-1", driver: "nonin" }] });
      const first = room.start();
      await room.statusWhere("something is on flash", ({ spool }) => spool.flashBytes > ON_FLASH);
      await first.kill();
      const spool = join(room.stateDir, "spool");
      const segments = readdirSync(spool).filter((name) => /^report-\d+\.seg$/.test(name));
      expect(segments).not.toEqual([]);
      for (const name of segments) flipMiddle(join(spool, name));
      const agent = room.start();
      await expectTold(
        { room, agent },
        { key: "state.corrupt", scope: "spool", says: /^\d+ stored bytes failed their check and were passed over$/ },
      );
      await room.statusWhere("the device is read all the same", ({ devices }) => devices[0]?.phase === "streaming");
    },
    TEST_MS,
  );

  test(
    "a key that is gone costs what waited under it, which is counted, and the rest goes on under a new one (BED-410)",
    async (t) => {
      const room = roomFor(t);
      const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 63, link: room.at("port") }));
      room.configure({ port: await unusedPort(), beds: [{ path: device.path, location: "b", device: "dv-1", driver: "nonin" }] });
      const first = room.start();
      await room.statusWhere("something is on flash", ({ spool }) => spool.flashBytes > ON_FLASH);
      expect((await first.terminate()).code).toBe(0);
      for (const name of ["spool.key", "spool.key.copy"]) {
        expect(statSync(join(room.stateDir, name)).mode & 0o777).toBe(0o600);
        rmSync(join(room.stateDir, name));
      }
      const agent = room.start();
      await expectTold({ room, agent }, { key: "state.key_lost", scope: "key", says: /^[1-9]\d* records that waited on flash are lost/ });
      await room.statusWhere("new ones are kept", ({ spool, devices }) => spool.flashBytes > ON_FLASH && devices[0]?.phase === "streaming");
    },
    TEST_MS,
  );

  test(
    "a runtime directory whose path is too long for a socket costs the control socket alone (BED-507)",
    async (t) => {
      const room = roomFor(t);
      const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 62, link: room.at("port") }));
      const broker = await room.startBroker();
      const central = await room.openCentral(broker.port);
      room.configure({ port: broker.port, beds: [{ path: device.path, location: "b", device: "dv-1", driver: "nonin" }] });
      const long = join(room.runtimeDir, "x".repeat(100));
      mkdirSync(long, { mode: 0o700 });
      // Of an option that stands twice the last one holds.
      const agent = room.start({ program: ["/bin/sh", "-c", `exec "$0" "$@" --runtime-dir ${long}`, ...agentCommand()] });
      await room.until("it is told", () => agent.log().includes("BED-507"));
      expect(agent.log()).toMatch(/BED-507 {2}.* {4}control\.failed\n {2}likely/);
      await room.until("readings come all the same", () => central.records.length > 5);
    },
    TEST_MS,
  );
});

/** A bit in the middle of what is written: segments are as long as they may become, and zero behind that, but for their second header. */
function flipMiddle(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.subarray(0, UNITS_END).findLastIndex((byte) => byte !== 0) >> 1;
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
}
