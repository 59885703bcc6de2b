import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../config/package/target.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import type { Room, StartOptions } from "../support/agent.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { expectTold } from "./errors.ts";
import { roomFor } from "./room.ts";

/**
 * The packaged agent under a wrong clock. The agent refuses LD_PRELOAD, so libfaketime comes in by /etc/ld.so.preload, in a mount
 * namespace where the room's own folder stands for /etc.
 */

const TEST_MS = 60_000;
const [FAKETIME] = ["/", join(ROOT, ".build/debian/")].flatMap((root) => globSync(`${root}usr/lib/*/faketime/libfaketime.so.1`));
const mayMount = spawnSync("unshare", ["--map-root-user", "--mount", "true"]).status === 0;
const can = FAKETIME !== undefined && mayMount;
if (!can) {
  const missing = FAKETIME === undefined ? "libfaketime is not installed" : "this machine gives no mount namespace";
  console.warn(`SKIPPED ALOUD: ${missing}, so no agent runs under a wrong clock`);
}

const KEPT = ["hosts", "nsswitch.conf", "passwd", "ld.so.cache"];

/** What starts the agent at that time; `set` changes its clock while it runs. */
function clockOf(room: Room, time: string): { readonly how: StartOptions; set(time: string): void } {
  const etc = room.at("etc");
  mkdirSync(etc);
  for (const name of KEPT) if (existsSync(join("/etc", name))) copyFileSync(join("/etc", name), join(etc, name));
  writeFileSync(join(etc, "ld.so.preload"), `${FAKETIME}\n`);
  const set = (to: string): void => writeFileSync(join(etc, "faketimerc"), `${to}\n`);
  set(time);
  const through = ["unshare", "--map-root-user", "--mount", "sh", "-c", `mount --bind ${etc} /etc && exec "$@"`, "sh"];
  // The other clock, of time elapsed, is not touched; and the file is read anew each time.
  return { how: { through, environment: { FAKETIME_DONT_FAKE_MONOTONIC: "1", FAKETIME_NO_CACHE: "1" } }, set };
}

test.skipIf(!can)(
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
