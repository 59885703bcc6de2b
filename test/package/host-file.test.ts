import { createSocket } from "node:dgram";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EXEC_ARGV } from "../../config/package/executable.ts";
import { hostArch, productVersion, ROOT } from "../../config/package/target.ts";
import { until } from "../support/until.ts";
import { type Bed, heardFrom, makeBed, packagedFile, REPORTS, start } from "./agent-process.ts";
import { openDoors } from "./doors.ts";
import { ADDON_FILE } from "./hardening.ts";

const FILE = packagedFile(hostArch());
const FLEET_FILE = FILE.replace(/bedside(?=[^/]*$)/, "bedside-fleet");
const FOLDER = mkdtempSync(join(ROOT, ".build", "host-file-"));
const HEARD_MAX = 20_000;

function number(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

let bed: Bed;
beforeAll(async () => {
  bed = await makeBed();
});
afterAll(async () => {
  await bed?.stop();
  rmSync(FOLDER, { recursive: true, force: true });
});

test("the packaged file says which version of package.json it is", async () => {
  const running = start([FILE, "version", "--json"]);
  expect(await running.ended).toBe(0);
  expect(JSON.parse(running.output())).toMatchObject({ version: productVersion() });
});

test.each([
  ["agent", FILE],
  ["bedside-fleet", FLEET_FILE],
])("what Node is told at every start of the packaged %s is the list that the controls were made with (R56)", (_, file) => {
  // As Node reads it: how many, then each with its length before it.
  const wanted = Buffer.concat([number(EXEC_ARGV.length), ...EXEC_ARGV.flatMap((word) => [number(word.length), Buffer.from(word)])]);
  expect(readFileSync(file).indexOf(wanted)).toBeGreaterThan(0);
});

test("in the packaged file MQTT.js does not ask the environment for a proxy, although its source does (R56)", () => {
  const asks = ["process.env['MQTTJS_SOCKS_PROXY']", 'process.env["MQTTJS_SOCKS_PROXY"]', "process.env.MQTTJS_SOCKS_PROXY"];
  const asking = (bytes: Buffer): boolean => asks.some((words) => bytes.includes(words));
  expect(asking(readFileSync(join(ROOT, "node_modules/mqtt/build/lib/connect/index.js")))).toBe(true);
  const bytes = readFileSync(FILE);
  expect(bytes.includes("opts.socksProxy"), "MQTT.js is in it, with its names").toBe(true);
  expect(asking(bytes)).toBe(false);
});

test("a running agent listens on no TCP or UDP port (R17)", async () => {
  const running = bed.run([FILE]);
  await heardFrom(bed, running, REPORTS, HEARD_MAX);
  expect(openDoors(running.child.pid!)).toEqual([]);
  running.child.kill("SIGTERM");
  expect(await running.ended).toBe(0);
}, 60_000);

test("the search for open ports finds TCP and UDP, by ss and in the kernel's tables", async () => {
  const server = createServer();
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const found = openDoors(process.pid).map((door) => door.split(" ").slice(0, 2).join(" "));
  expect([...new Set(found)].sort()).toEqual(["/proc: tcp", "/proc: udp", "ss: tcp", "ss: udp"]);
  socket.close();
  await new Promise((resolve) => server.close(resolve));
});

test("a packaged file whose serial add-on was altered by one bit refuses to load it", async () => {
  const altered = join(FOLDER, "altered");
  copyFileSync(FILE, altered);
  const bytes = readFileSync(altered);
  const addon = readFileSync(ADDON_FILE);
  const middle = addon.length >> 1;
  const at = bytes.indexOf(addon.subarray(middle, middle + 4096));
  expect(at).toBeGreaterThan(0);
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(altered, bytes);
  const running = bed.run([altered]);
  await until(
    "the fault is told",
    () => running.output().includes("BED-505  The serial add-on inside the program file is damaged"),
    HEARD_MAX,
  );
  running.child.kill("SIGTERM");
  await running.ended;
}, 30_000);
