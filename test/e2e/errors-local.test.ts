import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, type TestContext, test } from "vitest";
import { FAULTS, type FaultKey } from "../../agent/fault/faults.table.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { type Agent, agentCommand, unusedPort } from "../support/agent.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { type HeardPacket, obliging, puback, type Script, startFakeBroker, suback } from "../support/fake-broker.ts";
import { openFakeHost } from "../support/fake-sysfs.ts";
import { expectTold, hasFault } from "./errors.ts";
import { roomFor } from "./room.ts";

/**
 * What the packaged agent tells of its own box. Not here: BED-220 and BED-221, defects of a driver, which the drivers in the file do
 * not have (planted ones: test/agent/session-port.test.ts); BED-404 and a path that is too long (rare-faults.test.ts).
 */

const TEST_MS = 60_000;

/** Changes what the host allows a process that runs; the hard limit stays, so that it can be taken back without rights. */
function limit(agent: Agent, what: "nofile" | "fsize", soft: number | "unlimited"): void {
  const done = spawnSync("prlimit", ["--pid", `${agent.pid}`, `--${what}=${soft}:`], { encoding: "utf8" });
  expect(done.status, `${done.error ?? done.stderr}`).toBe(0);
}
const NOFILE = 1024;

/** On line with one device that speaks; nothing of it is on flash yet. */
async function roomOnline(t: TestContext) {
  const room = roomFor(t);
  const broker = await room.startBroker();
  const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 71, link: room.at("port") }));
  room.configure({ port: broker.port, beds: [{ path: device.path, location: "b", device: "dv-1", driver: "nonin" }] });
  const agent = room.start();
  const { devices } = await room.statusWhere(
    "it delivers",
    ({ devices, ledger }) => devices[0]?.phase === "streaming" && ledger.report.delivered > 0,
  );
  return { room, broker, agent, epoch: devices[0]?.epoch };
}

/** The same message for who subscribed to it, with QoS 0: without the number that stands behind the topic. */
function backAtOnce({ body }: HeardPacket): Buffer {
  const topic = 2 + body.readUInt16BE(0);
  const message = Buffer.concat([body.subarray(0, topic), body.subarray(topic + 2)]);
  // Its length in two digits of 7 bits: a birth is longer than 127 bytes and shorter than 16 KiB.
  return Buffer.concat([Buffer.of(0x30, (message.length & 0x7f) | 0x80, message.length >> 7), message]);
}

/** The lines in the log, where nobody can be asked. */
function expectLogged(agent: Agent, key: FaultKey, says: RegExp): void {
  const { number, likely, next } = FAULTS[key];
  const line = agent
    .log()
    .split("\n")
    .find((one) => one.includes(`  ${number}  `));
  expect(line).toMatch(new RegExp(`  ${number}  ${says.source}    ${key}$`));
  expect(agent.log()).toContain(`${line}\n  likely   ${likely}\n  do       ${next}\n`);
}

describe.concurrent("of its own box the agent tells", () => {
  test(
    "a host that lets it open no more files, takes nothing for unplugged meanwhile, and keeps again afterwards (BED-407)",
    async (t) => {
      const { room, broker, agent, epoch } = await roomOnline(t);
      limit(agent, "nofile", 1);
      broker.pause();
      await room.until("both are told", () => ["BED-407", "BED-207"].every((number) => agent.log().includes(number)));
      expectLogged(agent, "disk.too_many", /\S+ would be one open file too many \(EMFILE\)/);
      limit(agent, "nofile", NOFILE);
      const { devices } = await room.statusWhere(
        "it is over",
        ({ faults, spool }) => faults.every(({ scope }) => scope === "uplink") && spool.flashBytes > 0,
      );
      expect([devices[0]?.phase, devices[0]?.epoch]).toEqual(["streaming", epoch]);
      broker.resume();
    },
    TEST_MS,
  );

  test(
    "a disk that fails in a way nobody has a word for (BED-403)",
    async (t) => {
      const { room, broker, agent } = await roomOnline(t);
      // A failing card says EIO, which needs a card that fails; no file longer than this (EFBIG) is told by the same row.
      limit(agent, "fsize", 500_000);
      broker.pause();
      await expectTold({ room, agent }, { key: "disk.failed", scope: "disk", says: /^Cannot use \S+\/(report|wave)-\d+\.seg \(EFBIG\)$/ });
      limit(agent, "fsize", "unlimited");
      await room.statusWhere("it keeps again", (status) => !hasFault("disk.failed")(status) && status.spool.flashBytes > 0);
      broker.resume();
    },
    TEST_MS,
  );

  test(
    "that its ports cannot be listed, and reads on what is open (BED-207)",
    async (t) => {
      const room = roomFor(t);
      const host = openFakeHost(room.at("host"));
      const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 72, link: room.at("port") }));
      host.plug({ at: "1-1", lines: [device.path] });
      const location = "usb-0000:00:14.0-1:1.0";
      writeFileSync(
        room.configFile,
        `gateway: ${room.gateway}
broker: { host: localhost, port: ${await unusedPort()}, ca: ${room.at("ca.crt")}, cert: ${room.at("gw.crt")}, key: ${room.at("gw.key")} }
${room.admit([{ when: { location }, device: "dv-1", driver: "nonin" }])}`,
      );
      const agent = room.start({ program: [...agentCommand(), "--sys-root", host.sysRoot, "--dev-root", host.devRoot] });
      const before = await room.statusWhere("it streams", ({ devices }) => devices[0]?.phase === "streaming");
      const folder = join(host.sysRoot, "class/tty");
      renameSync(folder, `${folder}-away`);
      writeFileSync(folder, "");
      await expectTold({ room, agent }, { key: "ports.unlisted", scope: "ports", says: /class\/tty cannot be read \(ENOTDIR\), so / });
      const { devices } = await room.statusWhere(
        "it is read on",
        ({ devices }) => devices[0]!.counts.frames > before.devices[0]!.counts.frames,
      );
      expect([devices[0]?.phase, devices[0]?.epoch]).toEqual(["streaming", before.devices[0]?.epoch]);
    },
    TEST_MS,
  );

  test(
    "a port that is not there (BED-201), and documents that the broker does not let it read (BED-128)",
    async (t) => {
      const room = roomFor(t);
      // Mosquitto grants what its rules refuse. The birth comes back, or the session would not stand.
      const script: Script = (packet) => {
        if (packet.type === 8 && packet.body.includes("/down/desired/settings")) return suback(packet.id, 0x87);
        return packet.type === 3 && packet.body.includes("/up/birth") ? [puback(packet.id, 0), backAtOnce(packet)] : obliging(packet);
      };
      const broker = room.keep(await startFakeBroker({ pki: room.pki, script }));
      room.configure({ port: broker.port, beds: [{ path: room.at("nowhere"), location: "b", device: "dv-1", driver: "nonin" }] });
      const agent = room.start();
      const says = /^\S+\/nowhere does not exist \(ENOENT\)$/;
      await expectTold({ room, agent }, { key: "port.missing", scope: "port b", says });
      const refused = /^The broker does not let this gateway read \S+\/down\/desired\/settings \(0x87 Not authorized\)$/;
      await expectTold({ room, agent }, { key: "uplink.desired_refused", scope: "lane desired", says: refused });
    },
    TEST_MS,
  );

  test(
    "a folder in the place of its control socket, leaves it there, and works on (BED-507)",
    async (t) => {
      const room = roomFor(t);
      room.configure({ port: await unusedPort() });
      const socket = join(room.runtimeDir, "control.sock");
      mkdirSync(socket);
      const agent = room.start();
      await room.until("it is told", () => agent.log().includes("BED-507"));
      expectLogged(agent, "control.failed", /\S+\/control\.sock is in the place of the control socket/);
      await room.until("it works on", () => agent.log().includes("uplink.unreachable"));
      expect((await agent.terminate()).code).toBe(0);
      expect(statSync(socket).isDirectory()).toBe(true);
    },
    TEST_MS,
  );
});
