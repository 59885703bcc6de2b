import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Milliseconds } from "../../config/units.ts";
import type { Emulator } from "../../drivers/kit/emulator.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { puritanBennett840Emulator } from "../../drivers/puritan-bennett-840/emulator.ts";
import { faulty } from "../dev/devices.ts";
import { answersTo, type EmulatedDevice, startEmulatedDevice, startFlood, startPlayback, startRaw } from "./emulated-device.ts";
import { openPtyReader } from "./pty-reader.ts";
import { until } from "./until.ts";

let folder = "";
const running: { stop: () => Promise<void> }[] = [];
const ended = <T extends { stop: () => Promise<void> }>(device: T): T => {
  running.push(device);
  return device;
};
const nonin = async (name: string, seed = 1): Promise<EmulatedDevice> =>
  ended(await startEmulatedDevice({ emulator: noninEmulator, seed, link: join(folder, name) }));
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "emulated-"));
});
afterEach(async () => {
  for (const device of running.splice(0)) await device.stop();
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

/** The first `count` bytes that a device of this seed makes, and its first units. */
function made<S>(emulator: Emulator<S>, seed: number, count: number): Buffer {
  const bytes: Uint8Array[] = [];
  let state = emulator.start(seed);
  for (let at = 0, total = 0; total < count; ) {
    const turn = emulator.step(state, new Uint8Array(), Milliseconds(at));
    for (const sent of turn.sends) {
      bytes.push(sent.bytes);
      total += sent.bytes.length;
    }
    state = turn.state;
    at += turn.next;
  }
  return Buffer.concat(bytes).subarray(0, count);
}
const seconds = (from: bigint | undefined, to: bigint | undefined): number => Number((to ?? 0n) - (from ?? 0n)) / 1e9;

describe("an emulated device that talks by itself", () => {
  it("gives a reader exactly the bytes that its ledger counts, byte for byte", async () => {
    const device = await nonin("oximeter");
    const reader = openPtyReader(device.path);
    await until("three packets", () => device.ledger.length >= 3);
    device.pause();
    await until("everything was read", () => reader.bytes().length >= device.bytesSent());
    const read = reader.bytes();
    reader.close();
    expect(read.length).toBe(device.bytesSent());
    expect(read.equals(made(noninEmulator, 1, read.length))).toBe(true);
    expect(device.ledger.map(({ unit }) => unit.deviceTime)).toEqual(device.ledger.map((_, index) => String(index)));
    expect(Math.floor(read.length / 125)).toBe(device.ledger.length);
    expect(device.missed).toEqual([]);
  });

  it("keeps its pace: 75 frames a second, one packet after another without a gap", async () => {
    const device = await nonin("oximeter");
    const reader = openPtyReader(device.path);
    await until("five packets", () => device.ledger.length >= 5);
    const ledger = device.ledger.slice();
    reader.close();
    const span = seconds(ledger[0]?.firstByteAt, ledger[4]?.firstByteAt);
    expect(Math.abs(span - 4 / 3)).toBeLessThan(0.25);
    for (const [index, { firstByteAt, lastByteAt }] of ledger.entries()) {
      expect(lastByteAt).toBeGreaterThan(firstByteAt);
      expect(firstByteAt).toBeGreaterThan(ledger[index - 1]?.lastByteAt ?? 0n);
    }
  });

  it("loses what it sends during a pause and names the torn units", async () => {
    const device = await nonin("oximeter");
    const reader = openPtyReader(device.path);
    await until("one packet and a bit", () => device.bytesSent() >= 150);
    device.pause();
    const before = device.bytesSent();
    await until("two packets are lost", () => device.missed.length >= 2);
    expect(device.bytesSent()).toBe(before);
    device.resume();
    await until("a packet more", () => device.ledger.length >= 2);
    device.pause();
    await until("everything was read", () => reader.bytes().length >= device.bytesSent());
    expect(reader.bytes().length).toBe(device.bytesSent());
    reader.close();
    const [first, ...rest] = device.missed;
    expect(first?.sent).toBe(before - 125);
    expect(rest.slice(0, 2).map(({ sent }) => sent)).not.toContain(125);
    const times = [...device.ledger, ...device.missed].map(({ unit }) => Number(unit.deviceTime)).sort((a, b) => a - b);
    expect(times).toEqual(times.map((_, index) => index));
  });

  it("hangs up when it is unplugged and comes back under the same path", async () => {
    const device = await nonin("oximeter");
    const reader = openPtyReader(device.path);
    await until("a packet", () => device.ledger.length >= 1);
    await device.unplug();
    expect(existsSync(device.path)).toBe(false);
    await until("the port hung up", () => {
      reader.bytes();
      return reader.gone();
    });
    reader.close();
    expect(device.holders()).toEqual([]);
    await until("a packet is lost", () => device.missed.length >= 1);
    await device.plug();
    const again = openPtyReader(device.path);
    const packets = device.ledger.length;
    await until("another packet", () => device.ledger.length > packets);
    again.close();
    expect(again.bytes().length).toBeGreaterThan(0);
  });

  it("does not fill a port that nobody opens with old bytes, and goes on when somebody does", async () => {
    // A device forty times as fast, so that the limit is reached at once.
    const emulator: Emulator<number> = {
      id: "fast",
      speed: 400_000,
      start: () => 0,
      step: (count) => ({
        state: count + 1,
        sends: [{ bytes: new Uint8Array(128).fill(count), unit: { bytes: 128, observations: {}, waves: {}, conditions: {} } }],
        next: Milliseconds(4),
      }),
    };
    const device = ended(await startEmulatedDevice({ emulator, seed: 1, link: join(folder, "fast") }));
    await until("bytes are refused", () => device.missed.length > 20);
    expect(device.bytesSent()).toBeLessThanOrEqual(3584);
    const reader = openPtyReader(device.path);
    const sent = device.bytesSent();
    await until("it goes on", () => device.bytesSent() > sent + 10_000);
    device.pause();
    await until("everything was read", () => reader.bytes().length >= device.bytesSent());
    const heads = [...reader.bytes()].filter((_, index) => index % 128 === 0);
    reader.close();
    expect(heads.length * 128).toBe(device.bytesSent());
    expect(heads.length).toBe(device.ledger.length);
  });

  it("leaves damaged packets out of its ledger and in its stream", async () => {
    const emulator = faulty(noninEmulator, "checksum:every=3").emulator;
    const device = ended(await startEmulatedDevice({ emulator, seed: 2, link: join(folder, "faulty") }));
    const reader = openPtyReader(device.path);
    await until("three good packets", () => device.ledger.length >= 3);
    device.pause();
    reader.close();
    expect(device.ledger.map(({ unit }) => unit.deviceTime).slice(0, 3)).toEqual(["0", "1", "3"]);
  });
});

describe("an emulated device that is asked", () => {
  it("hears a command through the pty and answers at line speed, told as one unit", async () => {
    const link = join(folder, "ventilator");
    const device = ended(await startEmulatedDevice({ emulator: puritanBennett840Emulator, seed: 3, link }));
    const reader = openPtyReader(device.path);
    reader.write(ascii("RSET\rSNDF\r"));
    await until("the answer", () => device.ledger.length === 1);
    await until("it was read", () => reader.bytes().length >= 1244);
    reader.close();
    expect(device.bytesHeard()).toBe(10);
    const [entry] = device.ledger;
    expect(reader.bytes().toString("latin1")).toMatch(/^MISCF,1225,169 ,/);
    expect(entry?.unit.bytes).toBe(1244);
    // 1,244 bytes of ten bits; the last slice is on its way when it is handed over.
    const lasted = seconds(entry?.firstByteAt, entry?.lastByteAt);
    expect(lasted).toBeGreaterThan(1.27);
    expect(lasted).toBeLessThan(2.5);
  });

  it("plays recorded answers to the command that ends what it heard", async () => {
    const recorded = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const on = answersTo({ "SNDF\r": recorded, "SNDA\r": ascii("other") });
    const device = ended(await startPlayback({ link: join(folder, "player"), on }));
    const reader = openPtyReader(device.path);
    reader.write(ascii("RSET\rSN"));
    reader.write(ascii("DF\r"));
    await until("all 256 bytes", () => reader.bytes().length >= 256);
    reader.write(ascii("SNDA\r"));
    await until("the other answer", () => reader.bytes().length >= 261);
    reader.close();
    expect(reader.bytes().equals(Buffer.concat([recorded, ascii("other")]))).toBe(true);
  });
});

describe("a line", () => {
  it("carries all 256 byte values unchanged in both directions, also in blocks larger than its buffers", async () => {
    const device = ended(await startRaw({ link: join(folder, "raw") }));
    const reader = openPtyReader(device.path);
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const large = Buffer.concat(Array(400).fill(all));
    expect(device.write(large)).toBe("taken");
    await until("100 kB", () => reader.bytes().length >= large.length);
    expect(reader.bytes().equals(large)).toBe(true);
    reader.write(all);
    await until("256 bytes", () => device.heard().length >= 256);
    expect(Buffer.from(device.heard()).equals(Buffer.from(all))).toBe(true);
    reader.close();
  });

  it("floods a reader without losing a byte", async () => {
    const flood = ended(
      await startFlood({ link: join(folder, "flood"), seed: 4, fill: (block) => new Uint8Array(1024).fill(block & 0xff) }),
    );
    const reader = openPtyReader(flood.path);
    await until("a megabyte", () => reader.bytes().length > 1_000_000);
    const read = reader.bytes();
    reader.close();
    expect(read.every((byte, index) => byte === ((index >> 10) & 0xff))).toBe(true);
    expect(flood.bytesSent()).toBeGreaterThanOrEqual(read.length);
  });
});

describe("devices whose process ends", () => {
  const SCRIPT = (link: string, then: string): string => `
    import { startEmulatedDevice, startFlood } from "${join(import.meta.dirname, "emulated-device.ts")}";
    import { noninEmulator } from "${join(import.meta.dirname, "../../drivers/nonin/emulator.ts")}";
    await startEmulatedDevice({ emulator: noninEmulator, seed: 1, link: "${link}" });
    const flood = await startFlood({ link: "${link}-flood", seed: 1 });
    console.log("ready");
    let before = 0;
    setInterval(() => {
      if (flood.bytesSent() > 100_000 && flood.bytesSent() === before) console.log("full");
      before = flood.bytesSent();
    }, 200);
    ${then}`;
  const socatsOf = (link: string): readonly string[] =>
    readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(`link=${link}`));
  const started = async (link: string, then: string): Promise<{ readonly child: ChildProcess; readonly told: () => string }> => {
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", SCRIPT(link, then)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let told = "";
    child.stdout?.on("data", (bytes: Buffer) => {
      told += bytes.toString();
    });
    await until("the devices are ready", () => told.includes("ready"));
    return { child, told: () => told };
  };

  it.each([
    ["by process.exit", "setTimeout(() => process.exit(0), 50);", undefined],
    ["by Ctrl-C", "", "SIGINT"],
    ["by SIGKILL", "", "SIGKILL"],
    ["by SIGKILL while a port is full and nobody reads", "", "SIGKILL"],
  ] as const)(
    "leave no process and no path behind (%s)",
    async (what, then, signal) => {
      const link = join(folder, "orphan");
      const { child, told } = await started(link, then);
      const exit = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
      const holder = what.includes("full")
        ? openSync(`${link}-flood`, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK)
        : undefined;
      if (holder !== undefined) await until("the port is full", () => told().includes("full"));
      if (signal !== undefined) child.kill(signal);
      await exit;
      await until("no socat is left", () => socatsOf(link).length === 0);
      await until("no path is left", () => readdirSync(folder).length === 0);
      if (holder !== undefined) closeSync(holder);
    },
    30_000,
  );
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}
