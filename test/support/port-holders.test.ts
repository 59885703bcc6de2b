import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RawDevice, startRaw } from "./emulated-device.ts";
import { holds, watchHold, whoHolds } from "./port-holders.ts";
import { until } from "./until.ts";

let folder = "";
let device: RawDevice | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holders-"));
  device = await startRaw({ link: join(folder, "port") });
});
afterEach(async () => {
  await device?.stop();
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});
const port = (): string => join(folder, "port");
const open = (): number => openSync(port(), constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK);

describe("who holds a port", () => {
  it("is told by pid, and the line's own child is not counted", () => {
    expect(device?.line.holders()).toEqual([]);
    expect(whoHolds(port())).toHaveLength(1);
    const file = open();
    expect(device?.line.holders()).toEqual([process.pid]);
    expect(holds(port(), process.pid)).toBe(true);
    closeSync(file);
    expect(device?.line.holders()).toEqual([]);
    expect(holds(port(), process.pid)).toBe(false);
  });

  it("is nobody where there is no such port", () => {
    expect(whoHolds(join(folder, "nothing"))).toEqual([]);
    expect(holds(join(folder, "nothing"), process.pid)).toBe(false);
  });

  it("is nobody any more when the port went away under an open descriptor", async () => {
    const file = open();
    await device?.line.unplug();
    expect(whoHolds(port())).toEqual([]);
    await device?.line.plug();
    expect(device?.line.holders()).toEqual([]);
    closeSync(file);
  });

  it("is watched in intervals that enclose what really was, also when the holder is killed", async () => {
    const holder = spawn(process.execPath, ["-e", HOLDER, port()], { stdio: ["pipe", "pipe", "inherit"] });
    const pid = holder.pid ?? 0;
    const said: { word: string; at: bigint }[] = [];
    holder.stdout.on("data", (bytes: Buffer) => {
      for (const line of bytes.toString().trim().split("\n")) {
        const [word = "", at = "0"] = line.split(" ");
        said.push({ word, at: BigInt(at) });
      }
    });
    const watch = watchHold({ path: port(), pid, everyMs: 3 });
    await until("the process is ready", () => said.length === 1);
    for (let times = 1; times <= 3; times++) {
      holder.stdin.write("open\n");
      await until("it holds", () => watch.intervals.length === times);
      if (times === 3) break;
      holder.stdin.write("close\n");
      await until("it holds no more", () => watch.intervals.at(-1)?.latest !== undefined);
    }
    const killedAt = process.hrtime.bigint();
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const exitAt = process.hrtime.bigint();
    await until("the end is seen", () => watch.intervals.at(-1)?.latest !== undefined);
    watch.stop();
    const events = said.filter(({ word }) => word !== "ready");
    for (const [index, { earliest, from, to, latest = 0n }] of watch.intervals.entries()) {
      const [opened, closed] = [events[2 * index]?.at ?? 0n, events[2 * index + 1]?.at ?? exitAt];
      // The process tells its open after the fact and its close before it.
      expect(earliest).toBeLessThanOrEqual(opened);
      expect(from).toBeLessThanOrEqual(to);
      expect(to).toBeLessThan(latest);
      expect(to).toBeLessThanOrEqual(index === 2 ? exitAt : closed + 50_000_000n);
      expect(latest).toBeGreaterThanOrEqual(index === 2 ? killedAt : closed);
    }
  });
});

/** Opens and closes the port as it is told and says when, on the clock that all processes share. */
const HOLDER = `
  const { openSync, closeSync, constants } = require("node:fs");
  let file;
  const say = (word) => process.stdout.write(word + " " + process.hrtime.bigint() + "\\n");
  require("node:readline").createInterface({ input: process.stdin }).on("line", (word) => {
    if (word === "open") { file = openSync(process.argv[1], constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK); say("opened"); }
    else { say("closed"); closeSync(file); }
  });
  say("ready");
`;
