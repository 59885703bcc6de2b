import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hostArch, productVersion, ROOT } from "../../config/package/target.ts";
import { until } from "../support/pty-reader.ts";
import { type Bed, BIRTH, heardFrom, makeBed, openDoors, packagedFile, REPORTS, start } from "./agent-process.ts";

const FILE = packagedFile(hostArch());
const FOLDER = mkdtempSync(join(ROOT, ".build", "host-file-"));
const HEARD_MAX = 20_000;

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

test("NODE_OPTIONS loads nothing into the packaged file, which it does into plain Node (R56)", async () => {
  const module = join(FOLDER, "evil.cjs");
  const proof = join(FOLDER, "evil-ran");
  writeFileSync(module, `require("node:fs").writeFileSync(${JSON.stringify(proof)}, "")`);
  const environment = { NODE_OPTIONS: `--require=${module}` };
  await start([FILE, "version", "--json"], environment).ended;
  expect(existsSync(proof)).toBe(false);
  await start([process.execPath, "--eval", "0"], environment).ended;
  expect(existsSync(proof), "the control must have loaded the module").toBe(true);
});

test("Node's own options on the command line open no debugger and run no code (R56)", async () => {
  for (const option of ["--inspect-brk=127.0.0.1:0", "--eval=process.exit(77)", "--print=77"]) {
    const running = start([FILE, option]);
    expect(await running.ended).not.toBe(77);
    expect(running.output()).not.toMatch(/Debugger listening|^77$/m);
  }
});

test("a running agent listens on no TCP or UDP port, also after SIGUSR1 (R17, R56)", async () => {
  const running = bed.run([FILE]);
  await heardFrom(bed, running, BIRTH, HEARD_MAX);
  expect(openDoors(running.child.pid!)).toEqual([]);
  running.child.kill("SIGUSR1");
  await heardFrom(bed, running, REPORTS, HEARD_MAX);
  expect(openDoors(running.child.pid!)).toEqual([]);
  running.child.kill("SIGTERM");
  expect(await running.ended).toBe(0);
}, 60_000);

test("the search for open ports does find one", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  expect(openDoors(process.pid)).toHaveLength(1);
  await new Promise((resolve) => server.close(resolve));
});

test("a packaged file whose serial add-on was altered by one bit refuses to load it", async () => {
  const altered = join(FOLDER, "altered");
  copyFileSync(FILE, altered);
  const bytes = readFileSync(altered);
  const addon = readFileSync(addonPath());
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

function addonPath(): string {
  const name =
    hostArch() === "x64" ? "linux-x64/@serialport+bindings-cpp.glibc.node" : "linux-arm64/@serialport+bindings-cpp.armv8.glibc.node";
  return join(ROOT, "node_modules/@serialport/bindings-cpp/prebuilds", name);
}
