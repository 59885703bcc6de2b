import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FAULTS } from "../../agent/fault/faults.table.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { type Agent, openRoom, type Room } from "../support/agent.ts";
import { asRoot, ordinaryAgent } from "../support/as-user.ts";
import { type EmulatedDevice, startEmulatedDevice } from "../support/emulated-device.ts";
import { type FakeHost, openFakeHost } from "../support/fake-sysfs.ts";

/** What a technician is told of a port that cannot be opened. The packaged agent runs as an ordinary user: root may open everything. */

const TEST_MS = 60_000;
const SLOW_UDEV_MS = 500;
const NAMES = ["locked", "taken", "denied", "late", "file"] as const;
const at = (name: (typeof NAMES)[number]): string => `usb-0000:00:14.0-${NAMES.indexOf(name) + 1}:1.0`;

let room: Room;
let agent: Agent;
let host: FakeHost;
let program: readonly string[];
const devices = new Map<string, EmulatedDevice>();
const children: ChildProcess[] = [];

/** The pty itself: the link to it lies in a folder of the test. */
const ptyOf = (name: string): string => realpathSync(room.at(`lines/${name}`));
const plug = (name: (typeof NAMES)[number], line = room.at(`lines/${name}`)): void =>
  void host.plug({ at: `1-${NAMES.indexOf(name) + 1}`, lines: [line] });
const node = async (name: (typeof NAMES)[number]): Promise<string> =>
  (await room.status())!.ports.find(({ location }) => location === at(name))!.path;
const faultOf = async (name: (typeof NAMES)[number]) => (await room.status())?.faults.find(({ scope }) => scope === `port ${at(name)}`);
const streams = (name: (typeof NAMES)[number]): Promise<void> =>
  room.until(`${name} streams`, async () =>
    (await room.status())!.devices.some(({ device, phase }) => device === name && phase === "streaming"),
  );
/** What `bedside ports` says under the port. */
async function portsSay(name: (typeof NAMES)[number]): Promise<string> {
  const { out } = await room.bedside(["ports", "--runtime-dir", room.runtimeDir]);
  const lines = out.split("\n");
  const from = lines.findIndex((line) => line.includes(`  ${at(name)}  `));
  const to = lines.findIndex((line, index) => index > from && !line.startsWith(" "));
  return lines.slice(from, to).join("\n");
}
/** A program that has a port in its own way, once it says that it has. */
async function holder(command: string, words: readonly string[]): Promise<ChildProcess> {
  const child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout!, "data");
  return child;
}

beforeAll(async () => {
  room = openRoom();
  mkdirSync(room.at("lines"));
  host = openFakeHost(room.at("host"));
  const broker = await room.startBroker();
  for (const name of NAMES) {
    if (name === "file") continue;
    const device = await startEmulatedDevice({ emulator: noninEmulator, seed: 7, link: room.at(`lines/${name}`) });
    devices.set(name, room.keep(device));
    chmodSync(ptyOf(name), 0o666);
  }
  writeFileSync(room.at("lines/file"), "");
  const admitted = NAMES.map((name) => ({ when: { location: at(name) }, device: name, driver: "nonin" }));
  writeFileSync(
    room.configFile,
    `gateway: ${room.gateway}
broker: { host: localhost, port: ${broker.port}, ca: ${room.at("ca.crt")}, cert: ${room.at("gw.crt")}, key: ${room.at("gw.key")} }
${room.admit(admitted)}`,
  );
  const ordinary = ordinaryAgent(room);
  program = ordinary.program;
  agent = room.start({ ...ordinary, program: [...program, "--sys-root", host.sysRoot, "--dev-root", host.devRoot] });
  await room.until("the agent answers", async () => (await room.status()) !== undefined);
}, TEST_MS);
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await room.stop();
}, TEST_MS);

describe.concurrent("a port that", () => {
  test(
    "another program has locked is told with the program's name, and is opened once that lets go",
    async () => {
      const other = await holder("flock", ["--exclusive", "--no-fork", ptyOf("locked"), "sh", "-c", "echo locked; exec cat"]);
      plug("locked");
      await room.until("it is told", async () => (await faultOf("locked")) !== undefined);
      expect(await faultOf("locked")).toMatchObject({
        number: "BED-203",
        key: "port.in_use",
        text: `${await node("locked")} is in use by cat (process ${other.pid})`,
      });
      const said = await portsSay("locked");
      expect(said).toMatch(/^allowed +usb/);
      expect(said).toContain(`BED-203  ${await node("locked")} is in use by cat (process ${other.pid})`);
      expect(said).toContain(`do       ${FAULTS["port.in_use"].next}`);
      expect(said).toContain(`cat (process ${other.pid})`);
      other.kill("SIGKILL");
      await streams("locked");
      expect(await faultOf("locked")).toBeUndefined();
    },
    TEST_MS,
  );

  test(
    "another program has taken for itself (TIOCEXCL) is told as in use, and is opened once that lets go",
    async () => {
      const script = `import fcntl,os,sys,termios
fd=os.open(sys.argv[1],os.O_RDWR|os.O_NOCTTY)
fcntl.ioctl(fd,termios.TIOCEXCL)
print("taken",flush=True)
sys.stdin.read()
fcntl.ioctl(fd,termios.TIOCNXCL)`;
      const other = await holder("python3", ["-c", script, ptyOf("taken")]);
      plug("taken");
      await room.until("it is told", async () => (await faultOf("taken")) !== undefined);
      expect(await faultOf("taken")).toMatchObject({ number: "BED-203", text: expect.stringContaining("is in use by ") });
      // Which program it is sees only who may look at it: here the one who asks, not the agent.
      expect(await portsSay("taken")).toMatch(new RegExp(`open in .*python3\\S* \\(process ${other.pid}\\)`));
      // A real port is free with its last close; a pty's own end keeps it open, so that it must be given back.
      other.stdin!.end();
      await streams("taken");
    },
    TEST_MS,
  );

  test(
    "this user may not open is told with the group to ask for, and is opened once the right is there",
    async () => {
      chmodSync(ptyOf("denied"), 0o000);
      plug("denied");
      await room.until("it is told", async () => (await faultOf("denied")) !== undefined);
      expect(await faultOf("denied")).toMatchObject({
        number: "BED-202",
        key: "port.denied",
        text: `${await node("denied")} may not be opened by this user (EACCES)`,
      });
      expect(await portsSay("denied")).toContain(`do       ${FAULTS["port.denied"].next}`);
      chmodSync(ptyOf("denied"), 0o666);
      await streams("denied");
    },
    TEST_MS,
  );

  test(
    "was just plugged in, and is given to its group a moment later, is opened without a word",
    async () => {
      chmodSync(ptyOf("late"), 0o600);
      if (asRoot) chownSync(ptyOf("late"), 0, 0);
      plug("late");
      await room.until("it is seen", async () => (await room.status())!.devices.some(({ device }) => device === "late"));
      const seen = performance.now();
      await room.until("udev, which is slow here, comes to it", () => performance.now() - seen > SLOW_UDEV_MS);
      expect((await room.status())!.devices.find(({ device }) => device === "late")?.phase).toBe("opening");
      chmodSync(ptyOf("late"), 0o666);
      await streams("late");
      expect(agent.log()).not.toContain(`${await node("late")} may not be opened`);
    },
    TEST_MS,
  );

  test(
    "is no tty is told as such, and what can be used instead",
    async () => {
      plug("file");
      await room.until("it is told", async () => (await faultOf("file")) !== undefined);
      expect(await faultOf("file")).toMatchObject({
        number: "BED-204",
        key: "port.not_a_tty",
        text: `${await node("file")} is no serial port`,
      });
      const said = await portsSay("file");
      expect(said).toContain("BED-204");
      expect(said).toContain("do       bedside ports  lists what can be used");
    },
    TEST_MS,
  );
});
