import process from "node:process";
import { afterEach, expect, test } from "vitest";
import { hostArch, productVersion } from "../../config/package/target.ts";
import { type Bed, BIRTH, heardFrom, makeBed, packagedFile, REPORTS, start } from "../package/agent-process.ts";

/** On an ARM64 machine the tests of test/package run that machine's own file; there is no foreign one to run. */
const foreign = hostArch() === "x64";
if (!foreign) process.stderr.write("SKIPPED: the ARM64 file under qemu; this machine runs it itself (test/package)\n");

/** Everything takes some ten times as long as on a machine of that kind. */
const HEARD_MAX = 60_000;

let bed: Bed | undefined;
afterEach(async () => {
  await bed?.stop();
  bed = undefined;
});

/** qemu and the folder in which it finds the C library; ./build.sh test sets the variable. */
function emulator(): readonly string[] {
  return ["qemu-aarch64-static", "-L", process.env.BEDSIDE_ARM64_ROOT ?? "/usr/aarch64-linux-gnu"];
}

test.skipIf(!foreign)(
  "the ARM64 file says its version",
  async () => {
    const running = start([...emulator(), packagedFile("arm64"), "version", "--json"]);
    const code = await running.ended;
    expect(code, running.output()).toBe(0);
    expect(JSON.parse(running.output())).toMatchObject({ version: productVersion() });
  },
  HEARD_MAX,
);

test.skipIf(!foreign)(
  "the ARM64 file connects over MQTT 5 and mutual TLS 1.3, opens a serial port, and its readings reach the broker",
  async () => {
    bed = await makeBed();
    const running = bed.run([...emulator(), packagedFile("arm64")]);
    expect((await heardFrom(bed, running, BIRTH, HEARD_MAX)).qos).toBe(1);
    expect((await heardFrom(bed, running, REPORTS, HEARD_MAX)).payload.length).toBeGreaterThan(0);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
  },
  2 * HEARD_MAX,
);
