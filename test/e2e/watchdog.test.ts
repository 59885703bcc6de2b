import { join } from "node:path";
import { expect, type TestContext, test } from "vitest";
import { ROOT } from "../../config/package/target.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { agentCommand, unusedPort } from "../support/agent.ts";
import { startEmulatedDevice, startRaw } from "../support/emulated-device.ts";
import { type ServiceManager, startServiceManager } from "../support/service-manager.ts";
import { roomFor } from "./room.ts";
import { eventsOf, holes, reportsOf } from "./told.ts";

const TEST_MS = 90_000;
/** Short, so that the test is; on a machine that is very busy a turn may come late. */
const LIMIT_S = 3;

function managed(t: TestContext, command: readonly string[]) {
  const room = roomFor(t);
  const folders = [room.stateDir, room.runtimeDir];
  const start = (): ServiceManager => {
    const manager = room.keep(startServiceManager(LIMIT_S, [...command, ...wordsFor(command, room.configFile, folders)]));
    t.onTestFailed(() => console.error(JSON.stringify(manager.seen, undefined, 1), manager.log()));
    return manager;
  };
  return { room, start };
}
const wordsFor = (command: readonly string[], config: string, [state = "", runtime = ""]: readonly string[]): readonly string[] =>
  command === HANGING ? [config, state, runtime] : ["run", "--config", config, "--state-dir", state, "--runtime-dir", runtime];
const HANGING = [process.execPath, join(ROOT, "test/e2e/hanging-agent.ts")];

test.concurrent(
  "the agent tells its service manager that it has started, lives and stops, and is started again when it hangs (R53)",
  async (t) => {
    const { room, start } = managed(t, agentCommand());
    room.configure({ port: await unusedPort() });
    const manager = start();
    await room.until("it lives", () => manager.heard("READY=1") >= 1 && manager.heard("WATCHDOG=1") >= 3);
    expect(manager.started(), "it is alive in time").toHaveLength(1);
    expect(manager.heard("STATUS=0 of 0 admitted devices speak; faults: BED-102")).toBeGreaterThan(0);

    const pid = manager.started()[0]!.pid;
    const before = manager.heard("WATCHDOG=1");
    process.kill(pid, "SIGSTOP");
    await room.until("it is started again", () => manager.started().length === 2);
    const silent = manager.seen.find(({ what }) => what === "silent");
    const last = manager.seen.filter((one) => one.what === "heard" && one.message === "WATCHDOG=1")[before - 1];
    expect(silent).toMatchObject({ pid });
    expect(silent!.at - last!.at, "only once the limit was over").toBeGreaterThan(LIMIT_S - 0.1);
    await room.until("it lives again", () => manager.heard("WATCHDOG=1") > before + 1);
    expect((await room.statusWhere("a status", () => true)).start).toBe(2);

    await manager.stop();
    expect(manager.heard("STOPPING=1")).toBe(1);
    expect(manager.seen.at(-1)).toMatchObject({ what: "ended", code: 0 });
  },
  TEST_MS,
);

test.concurrent(
  "a driver that never returns costs the other ports one restart: its port begins quarantined, and is tried again later (R53)",
  async (t) => {
    const { room, start } = managed(t, HANGING);
    const broker = await room.startBroker();
    const central = await room.openCentral(broker.port);
    const healthy = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 3, link: room.at("healthy") }));
    const hangs = room.keep(await startRaw({ link: room.at("hangs") }));
    const beds = [
      { path: hangs.path, location: "bed-a", device: "dv-hangs", driver: "never-returns" },
      { path: healthy.path, location: "bed-b", device: "dv-healthy", driver: "nonin" },
    ];
    room.configure({ port: broker.port, beds });
    const manager = start();
    const faults = (): readonly string[] =>
      eventsOf(central, "fault")
        .filter(({ event }) => event.fault.location === "bed-a")
        .map(({ event }) => `${event.fault.key}${event.fault.ended === true ? " ended" : ""}`);
    const told = (device: string): number => reportsOf(central, device).filter(({ body }) => body.observations.length > 0).length;
    await room.until("the healthy device speaks", () => told("dv-healthy") >= 2);

    hangs.write(frame("n"));
    await room.until("the other one speaks, too", () => told("dv-hangs") >= 1);
    hangs.write(frame("x"));
    await room.until("the agent is started again", () => manager.started().length === 2);
    await room.until("the fault came", () => faults().includes("session.hung"));
    const after = told("dv-healthy");
    await room.until("the healthy device speaks again", () => told("dv-healthy") >= after + 2);
    const status = await room.statusWhere("the ports", ({ devices }) => devices.length === 2);
    expect(status.devices.find(({ device }) => device === "dv-hangs")).toMatchObject({ phase: "quarantined" });
    expect(manager.log()).toMatch(/BED-222 {2}The agent hung and was restarted while driver never-returns served dv-hangs at bed-a/);

    // The device has come to its senses.
    await room.until("it is tried again", () => {
      hangs.write(frame("n"));
      return faults().includes("session.hung ended");
    });
    expect(manager.started(), "nothing else was restarted").toHaveLength(2);
    await manager.stop();
    expect(manager.seen.at(-1)).toMatchObject({ what: "ended", code: 0 });
    expect(holes(central)).toEqual([]);
  },
  TEST_MS,
);
const frame = (kind: string): Uint8Array => Uint8Array.of(0x02, kind.charCodeAt(0), 0x03);
