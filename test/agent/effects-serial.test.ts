import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, readdirSync, readSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import type { OpenPort } from "../../agent/effects/effects.ts";
import { nodeSerial } from "../../agent/effects/node/serial.ts";
import { Fault } from "../../agent/fault/fault.ts";
import type { LineSettings } from "../../drivers/kit/driver.ts";
import { until } from "../support/until.ts";

const LINE: LineSettings = { speed: 9600, format: "8N1", modemLines: "untouched" };
const folder = mkdtempSync(join(tmpdir(), "bedside-serial-"));
const children = new Set<ChildProcess>();
let count = 0;

/** The device's end of a pty is the standard input and output of a socat; its end is the hang-up. */
async function pty() {
  const path = join(folder, `tty${count++}-${process.pid}`);
  const socat = child("socat", [`PTY,raw,echo=0,link=${path}`, "STDIO"]);
  await until("socat made the pty", () => readdirSync(folder).includes(path.slice(folder.length + 1)));
  const heard: number[] = [];
  socat.stdout?.on("data", (part: Buffer) => heard.push(...part));
  return { path, heard, say: (bytes: Uint8Array) => socat.stdin?.write(bytes), hangUp: () => socat.kill("SIGKILL") };
}

function child(command: string, words: readonly string[]): ChildProcess {
  const started = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
  children.add(started);
  started.once("exit", () => children.delete(started));
  return started;
}

async function faultOf(action: () => Promise<unknown>): Promise<string> {
  try {
    await action();
  } catch (caught) {
    return caught instanceof Fault ? caught.key : `no Fault: ${String(caught)}`;
  }
  return "no fault";
}

const descriptors = (): number => readdirSync("/proc/self/fd").length;
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, value) => value);

afterEach(() => {
  for (const each of children) each.kill("SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("every byte value comes in and goes out as it is", async () => {
  const device = await pty();
  const port = await nodeSerial().open(device.path, LINE);
  try {
    expect(port.read(100)).toEqual(new Uint8Array(0));
    device.say(EVERY_BYTE);
    const got: number[] = [];
    await until("all 256 were read", () => got.push(...port.read(4096)) >= 256);
    expect(got).toEqual([...EVERY_BYTE]);
    expect(port.write(EVERY_BYTE)).toBe(true);
    await until("all 256 were heard", () => device.heard.length >= 256);
    expect(device.heard).toEqual([...EVERY_BYTE]);
    expect(port.gone).toBe(false);
  } finally {
    await port.close();
  }
});

test("a read gives at most its limit, and the rest with the next; the bytes stay the caller's", async () => {
  const device = await pty();
  const port = await nodeSerial().open(device.path, LINE);
  try {
    device.say(EVERY_BYTE);
    const first: number[] = [];
    await until("the first byte came", () => first.push(...port.read(1)) === 1);
    const second = port.read(3);
    const copy = second.slice();
    const rest: number[] = [];
    await until("the rest was read", () => rest.push(...port.read(4096)) >= 252);
    expect([...first, ...second, ...rest]).toEqual([...EVERY_BYTE]);
    expect(second).toEqual(copy);
  } finally {
    await port.close();
  }
});

test("more bytes than the kernel takes at once are read whole", async () => {
  const device = await pty();
  const port = await nodeSerial().open(device.path, LINE);
  try {
    const sent = Uint8Array.from({ length: 12_000 }, (_, at) => (at * 7) % 251);
    device.say(sent);
    const got: number[] = [];
    await until("all was read", () => got.push(...port.read(65_536)) >= sent.length);
    expect(got).toEqual([...sent]);
  } finally {
    await port.close();
  }
});

test.each([9600, 12_345])("what the kernel held from before the open is not read as current, at %i baud", async (speed) => {
  const device = await pty();
  const before = openSync(device.path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    device.say(Buffer.from("old"));
    // They came as one write: where the first is, the others wait behind it.
    await until("the old bytes arrived", () => readOne(before) === "o");
    const port = await nodeSerial().open(device.path, { ...LINE, speed });
    try {
      device.say(Buffer.from("new"));
      let text = "";
      await until("the new bytes came", () => {
        text += Buffer.from(port.read(100)).toString();
        return text.endsWith("new");
      });
      expect(text).toBe("new");
    } finally {
      await port.close();
    }
  } finally {
    closeSync(before);
  }
});

function readOne(fd: number): string | undefined {
  const one = Buffer.alloc(1);
  try {
    return readSync(fd, one) === 1 ? one.toString() : undefined;
  } catch (caught) {
    expect(caught).toMatchObject({ code: "EAGAIN" });
    return undefined;
  }
}

test("a line that hung up is gone for good, and its close resolves", async () => {
  const device = await pty();
  const port = await nodeSerial().open(device.path, LINE);
  device.hangUp();
  await until("the hang-up was told", () => port.gone);
  expect(port.read(10)).toEqual(new Uint8Array(0));
  expect(port.write(Uint8Array.of(1))).toBe(false);
  expect(port.gone).toBe(true);
  await port.close();
  await port.close();
  expect(port.gone).toBe(true);
});

test("a write that the line does not take whole says so and does not wait", async () => {
  const device = await pty();
  const port = await nodeSerial().open(device.path, LINE);
  try {
    // A megabyte is more than the pty and socat's pipe together hold while nobody reads.
    expect(port.write(new Uint8Array(1_000_000))).toBe(false);
    expect(port.gone).toBe(false);
  } finally {
    await port.close();
  }
});

test("a closed port reads nothing, though its descriptor number is in use again", async () => {
  const device = await pty();
  const port = await nodeSerial().open(device.path, LINE);
  await port.close();
  const file = join(folder, "other");
  writeFileSync(file, "not yours");
  const reused = Array.from({ length: 8 }, () => openSync(file, "r+"));
  try {
    expect(port.read(100)).toEqual(new Uint8Array(0));
    expect(port.write(Uint8Array.of(1))).toBe(false);
  } finally {
    for (const fd of reused) closeSync(fd);
  }
});

test("a second open of the same port is refused, and works after the first is closed", async () => {
  const device = await pty();
  const serial = nodeSerial();
  const port = await serial.open(device.path, LINE);
  expect(await faultOf(() => serial.open(realpathSync(device.path), LINE))).toBe("port.in_use");
  await port.close();
  await (await serial.open(device.path, LINE)).close();
});

test("a port that another program has locked is refused before its line is changed", async () => {
  const device = await pty();
  const settings = () => execFileSync("stty", ["-F", device.path, "-g"]).toString();
  execFileSync("stty", ["-F", device.path, "min", "9", "time", "3", "2400"]);
  const before = settings();
  const other = child("flock", ["--exclusive", "--nonblock", "--no-fork", device.path, "sh", "-c", "echo locked; exec cat"]);
  let said = "";
  other.stdout?.on("data", (part: Buffer) => (said += part));
  await until("the other program holds the lock", () => said.includes("locked"));
  expect(await faultOf(() => nodeSerial().open(device.path, LINE))).toBe("port.in_use");
  expect(settings()).toBe(before);
});

test("who has a port is named: by its lock, or by the note of an older program; the note of a dead one means nothing", async () => {
  const device = await pty();
  const why = async (): Promise<string> => {
    const port = await nodeSerial()
      .open(device.path, LINE)
      .catch((caught: unknown) => caught);
    if (port instanceof Fault) return port.message;
    await (port as OpenPort).close();
    return "opened";
  };
  const note = `/run/lock/LCK..${basename(device.path)}`;
  try {
    writeFileSync(note, `${String(process.pid).padStart(10)}\n`);
    expect(await why()).toMatch(new RegExp(`^${device.path} is in use by \\S.* \\(process ${process.pid}\\)$`));
    const dead = child("true", []);
    await once(dead, "exit");
    writeFileSync(note, `${String(dead.pid).padStart(10)}\n`);
    expect(await why()).toBe("opened");
  } finally {
    rmSync(note, { force: true });
  }
  const other = child("flock", ["--exclusive", "--nonblock", "--no-fork", device.path, "cat"]);
  other.stdin!.write("what cat says back, it says once flock has become cat\n");
  await once(other.stdout!, "data");
  expect(await why()).toBe(`${device.path} is in use by cat (process ${other.pid})`);
});

test("the line is set raw, at its speed, without waiting reads", async () => {
  const device = await pty();
  const port = await nodeSerial().open(device.path, { speed: 19_200, format: "8N2", modemLines: "rtscts" });
  try {
    const text = execFileSync("stty", ["-F", device.path, "-a"]).toString();
    expect(text).toContain("speed 19200 baud");
    for (const word of ["min = 0", "time = 0", "-icanon", "-echo", "-ixon", "-opost", "cs8", " cstopb", " crtscts", "clocal"]) {
      expect(text).toContain(word);
    }
  } finally {
    await port.close();
  }
});

test("a speed that is none of the standard ones is set, too", async () => {
  const device = await pty();
  const port = await nodeSerial().open(device.path, { ...LINE, speed: 12_345 });
  try {
    device.say(Uint8Array.of(7));
    const got: number[] = [];
    await until("the byte came", () => got.push(...port.read(10)) === 1);
    expect(got).toEqual([7]);
  } finally {
    await port.close();
  }
});

test("what is no serial port is told apart, and nothing of it is opened", async () => {
  const file = join(folder, "plain");
  writeFileSync(file, "");
  execFileSync("mkfifo", [join(folder, "fifo")]);
  const serial = nodeSerial();
  expect(await faultOf(() => serial.open(file, LINE))).toBe("port.not_a_tty");
  expect(await faultOf(() => serial.open(folder, LINE))).toBe("port.not_a_tty");
  expect(await faultOf(() => serial.open(join(folder, "fifo"), LINE))).toBe("port.not_a_tty");
  expect(await faultOf(() => serial.open("/dev/null", LINE))).toBe("port.not_a_tty");
  expect(await faultOf(() => serial.open(join(folder, "nothing"), LINE))).toBe("port.missing");
  expect(await faultOf(() => serial.open(join(file, "below"), LINE))).toBe("port.missing");
});

test("a port that this user may not open is denied", async () => {
  const device = await pty();
  execFileSync("chmod", ["000", device.path]);
  // Root may open everything, so a process of its own becomes nobody once its modules are loaded.
  const script = `
    const { nodeSerial } = await import(${JSON.stringify(new URL("../../agent/effects/node/serial.ts", import.meta.url).href)});
    if (process.getuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534); }
    try { await nodeSerial().open(process.argv[1], ${JSON.stringify(LINE)}); console.log("opened"); }
    catch (caught) { console.log(caught.key ?? String(caught)); }`;
  // The folder of the link is closed to others, so nobody gets the pty's own path.
  const path = realpathSync(device.path);
  expect(execFileSync(process.execPath, ["--input-type=module", "-e", script, path]).toString().trim()).toBe("port.denied");
});

test("opening, refusing, hanging up and closing leave no descriptor", async () => {
  const serial = nodeSerial();
  const device = await pty();
  const first = await serial.open(device.path, LINE);
  await first.close();
  const before = descriptors();
  for (let round = 0; round < 30; round += 1) {
    const port = await serial.open(device.path, LINE);
    await faultOf(() => serial.open(device.path, LINE));
    await faultOf(() => serial.open("/dev/null", LINE));
    await port.close();
  }
  expect(descriptors()).toBe(before);
});
