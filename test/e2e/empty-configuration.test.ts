import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { openDoors } from "../package/doors.ts";
import type { Room } from "../support/agent.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { openFakeHost } from "../support/fake-sysfs.ts";
import { roomFor } from "./room.ts";

/** A fresh install: the packaged agent with nothing, and with no more than its way to the centre, on a host with a device plugged in. */

const TEST_MS = 60_000;
const LOCATION = "usb-0000:00:14.0-1.1:1.0";
const traces = spawnSync("strace", ["-qq", "-e", "trace=none", "true"]).status === 0;
if (!traces) process.stderr.write("SKIPPED: each system call of an agent without configuration; strace is not there, or may not trace\n");

async function hostWithDevice(room: Room) {
  const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 71, link: room.at("line") }));
  const host = openFakeHost(room.at("host"));
  host.plug({ at: "1-1.1", lines: [device.path] });
  return { device, roots: ["--sys-root", host.sysRoot, "--dev-root", host.devRoot] };
}
/** As a wrapper that stays out of the way: the program keeps its own process id. */
const traced = (room: Room): readonly string[] =>
  traces
    ? ["strace", "-D", "-f", "-qq", "-s", "256", "-e", "trace=open,openat,connect,bind,listen,sendto,sendmsg", "-o", room.at("trace")]
    : [];
const traceOf = (room: Room): readonly string[] => (traces ? readFileSync(room.at("trace"), "utf8").trim().split("\n") : []);
/** A serial line, by whatever name. */
const opensLine = (line: string): boolean => /\bopen(?:at)?\([^"]*"[^"]*(?:\/dev\/(?:tty[A-Z]|pts\/|bus\/usb\/\d+\/\d)|\/line")/.test(line);
/** Asking the own kernel for its addresses (AF_NETLINK) leaves no machine. */
const ofNetwork = (line: string): boolean => /\b(?:connect|bind|sendto|sendmsg)\(.*AF_INET/.test(line);

describe.concurrent("secure by default (R47):", () => {
  test(
    "an empty configuration is refused with what is missing; no port is opened, nothing is connected to, nothing is left (R47)",
    async (t) => {
      const room = roomFor(t);
      const { device, roots } = await hostWithDevice(room);
      for (const text of ["", "# nothing\n", "{}\n"]) {
        writeFileSync(room.configFile, text);
        const words = ["run", "--config", room.configFile, "--state-dir", room.stateDir, "--runtime-dir", room.runtimeDir, ...roots];
        const ended = await room.bedside(words, { through: traced(room) });
        expect({ code: ended.code, out: ended.out }, ended.err).toEqual({ code: 1, out: "" });
        expect(ended.err).toContain("BED-502");
        if (text === "{}\n")
          for (const key of ["gateway", "broker"]) expect(ended.err).toMatch(new RegExp(`^ +${key}: is missing: expected \\S`, "m"));
        else expect(ended.err).toContain("(the whole file): expected settings, one a line, for example  gateway: gw-58c1e0, found nothing");
        expect(existsSync(room.stateDir)).toBe(false);
        expect(readdirSync(room.runtimeDir)).toEqual([]);
        expect(device.holders()).toEqual([]);
        if (traces) expect(traceOf(room).length, "the trace is no empty one").toBeGreaterThan(5);
        expect(traceOf(room).filter((line) => opensLine(line) || ofNetwork(line))).toEqual([]);
      }
    },
    TEST_MS,
  );

  test(
    "with its broker and nothing else it opens no port, listens nowhere, and connects to the broker and this box's own clock alone (R17, R47)",
    async (t) => {
      const room = roomFor(t);
      const { device, roots } = await hostWithDevice(room);
      const broker = await room.startBroker();
      writeFileSync(
        room.configFile,
        `gateway: ${room.gateway}\nbroker: { host: localhost, port: ${broker.port}, ca: ${room.at("ca.crt")}, cert: ${room.at("gw.crt")}, key: ${room.at("gw.key")} }\n`,
      );
      // Of words behind the agent's own the last ones hold.
      const agent = room.start({ through: [...traced(room), "/bin/sh", "-c", `exec "$0" "$@" ${roots.join(" ")}`] });
      const { ports, devices } = await room.statusWhere(
        "it is on line and has seen the device's port",
        ({ uplink, ports }) => uplink.phase === "online" && ports.some(({ location }) => location === LOCATION),
      );
      expect(devices).toEqual([]);
      expect(ports.map(({ location, verdict }) => [location, verdict.is])).toEqual([[LOCATION, "block"]]);
      expect(openDoors(agent.pid)).toEqual([]);
      await room.statusWhere("it has looked at its ports often", ({ uptimeSeconds }) => uptimeSeconds >= 2);
      expect(device.holders()).toEqual([]);
      expect((await agent.terminate()).code).toBe(0);
      const trace = traceOf(room);
      expect(trace.filter(opensLine)).toEqual([]);
      const reached = trace.filter(ofNetwork);
      if (traces) expect(reached.length).toBeGreaterThan(0);
      const own = String.raw`(?:127\.0\.0\.1|"::1")`;
      const toBroker = new RegExp(String.raw`connect\(.*port=htons\((?:${broker.port}|0)\).*${own}`);
      // chronyd, asked from a socket of this host only.
      const ofClock = new RegExp(String.raw`bind\(.*port=htons\(0\).*${own}|connect\(.*port=htons\(323\).*${own}`);
      expect(reached.filter((line) => !toBroker.test(line) && !ofClock.test(line))).toEqual([]);
    },
    TEST_MS,
  );
});
