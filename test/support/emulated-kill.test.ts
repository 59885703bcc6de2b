import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { type LedgerEntry, startEmulatedDevice } from "./emulated-device.ts";
import { type HoldInterval, type HoldWatch, watchHold } from "./port-holders.ts";
import { until } from "./until.ts";

/** Opens the port as the agent does (which discards what the kernel held), reads every 20 ms, prints what it read. */
const READER = `
  import { LinuxBinding } from "@serialport/bindings-cpp";
  import { readSync, writeSync } from "node:fs";
  const port = await LinuxBinding.open({ path: process.argv[1], baudRate: 9600, vmin: 0, vtime: 0 });
  const buffer = Buffer.alloc(65536);
  setInterval(() => {
    let count = 0;
    try { count = readSync(port.fd, buffer); } catch (caught) { if (caught.code !== "EAGAIN") throw caught; }
    if (count > 0) writeSync(1, buffer.subarray(0, count));
  }, 20);
`;
const TICK_NS = 20_000_000n;

type Life = { readonly child: ChildProcess; readonly read: Buffer[]; readonly watch: HoldWatch };

function live(path: string): Life {
  const child = spawn(process.execPath, ["--input-type=module", "-e", READER, path], { stdio: ["ignore", "pipe", "inherit"] });
  const read: Buffer[] = [];
  child.stdout?.on("data", (bytes: Buffer) => read.push(bytes));
  return { child, read, watch: watchHold({ path, pid: child.pid ?? 0, everyMs: 3 }) };
}
async function kill({ child, watch }: Life): Promise<HoldInterval> {
  const over = Promise.all([once(child, "exit"), once(child.stdout ?? child, "close")]);
  child.kill("SIGKILL");
  await over;
  watch.stop();
  expect(watch.intervals).toHaveLength(1);
  return watch.intervals[0] as HoldInterval;
}

/** Timers of the packets in a stream that begins anywhere: 25 frames with SYNC in the first. */
function timersIn(stream: Buffer): readonly string[] {
  const timers: string[] = [];
  for (let at = 0; at + 125 <= stream.length; ) {
    const frames = Array.from({ length: 25 }, (_, frame) => stream.subarray(at + frame * 5, at + frame * 5 + 5));
    const good = frames.every(
      ([start = 0, status = 0, pleth = 0, float = 0, sum], frame) =>
        start === 1 && (status & 0x81) === (frame === 0 ? 0x81 : 0x80) && sum === ((start + status + pleth + float) & 0xff),
    );
    if (good) timers.push(String(((frames[5]?.[3] ?? 0) << 7) | (frames[6]?.[3] ?? 0)));
    at += good ? 125 : 1;
  }
  return timers;
}

it("tells which units a reader had to get that is killed and started again", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "kill-"));
  const device = await startEmulatedDevice({ emulator: noninEmulator, seed: 11, link: join(folder, "port") });
  try {
    const read: string[] = [];
    const held: HoldInterval[] = [];
    for (let times = 0; times < 3; times++) {
      const life = live(device.path);
      const before = device.ledger.length;
      await until("it holds the port", () => life.watch.intervals.length === 1);
      await until("packets while it holds", () => device.ledger.length >= before + 4 && life.read.length > 20);
      held.push(await kill(life));
      read.push(...timersIn(Buffer.concat(life.read)));
      const atKill = device.ledger.length;
      await until("packets while nobody holds", () => device.ledger.length >= atKill + 2);
    }
    // Opening discards what came just before: a moment passes between the two. Reading lags a tick, and so may the pipe.
    const certain = ({ firstByteAt, lastByteAt }: LedgerEntry): boolean =>
      held.some(({ from, to }) => firstByteAt >= from + TICK_NS && lastByteAt <= to - 2n * TICK_NS);
    const possible = ({ firstByteAt, lastByteAt }: LedgerEntry): boolean =>
      held.some(({ earliest, latest = 0n }) => lastByteAt >= earliest && firstByteAt <= latest);
    const timer = ({ unit }: LedgerEntry): string => unit.deviceTime ?? "";
    expect(device.missed).toEqual([]);
    expect(read).toEqual([...new Set(read)]);
    expect(
      device.ledger
        .filter(certain)
        .map(timer)
        .filter((one) => !read.includes(one)),
    ).toEqual([]);
    expect(read.filter((one) => !device.ledger.filter(possible).map(timer).includes(one))).toEqual([]);
    expect(device.ledger.filter((entry) => !possible(entry)).length).toBeGreaterThanOrEqual(3);
  } finally {
    await device.stop();
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  }
});
