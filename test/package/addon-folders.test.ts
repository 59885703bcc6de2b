import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hostArch } from "../../config/package/target.ts";
import { until } from "../support/until.ts";
import { type Bed, heardFrom, makeBed, packagedFile, REPORTS, type Running } from "./agent-process.ts";

const FILE = packagedFile(hostArch());
const HEARD_MAX = 20_000;

/** Runs the rest with these mounts as noexec, seen by nobody else. Root, or a kernel that lets users make namespaces. */
const withoutExec = (...mounts: readonly string[]): readonly string[] => [
  "unshare",
  ...(process.getuid?.() === 0 ? ["--mount"] : ["--mount", "--map-root-user"]),
  "/bin/sh",
  "-ec",
  // The packaged file itself stays executable, wherever the work tree lies.
  `${[...mounts.map((mount) => bound(mount, "noexec")), bound(dirname(FILE), "exec")].join(" ")} exec "$@"`,
  "sh",
];
const bound = (mount: string, how: "exec" | "noexec"): string =>
  `mount --bind '${mount}' '${mount}'; mount -o remount,bind,${how} '${mount}';`;

const [tool = "", ...words] = withoutExec("/dev/shm");
const possible = spawnSync(tool, [...words, "/bin/true"]).status === 0;
if (!possible) process.stderr.write("SKIPPED: the add-on on noexec mounts; this user cannot make a mount namespace\n");

let bed: Bed;
beforeEach(async () => {
  bed = await makeBed();
});
afterEach(() => bed?.stop());

/** Code of a running agent that lies in files which no name leads to, by the folder that they were made in. */
const nameless = (running: Running): readonly string[] => {
  const rows = readFileSync(`/proc/${running.child.pid}/maps`, "utf8").split("\n");
  const code = rows.flatMap((row) => /^\S+ r-xp (?:\S+ +){3}(\/.*) \(deleted\)$/.exec(row)?.[1] ?? []);
  return code.map((path) => (/^#\d+$/.test(basename(path)) ? dirname(path) : path));
};

test("the serial add-on is loaded from a file in memory that never had a name (R56)", async () => {
  const running = bed.run([FILE]);
  await heardFrom(bed, running, REPORTS, HEARD_MAX);
  expect(nameless(running)).toEqual(["/dev/shm"]);
  for (const folder of [bed.state, bed.runtime])
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      const seen = statSync(join(folder, name));
      expect(seen.isFile() && (seen.mode & 0o111) !== 0, `${name} could be run`).toBe(false);
    }
}, 60_000);

test.skipIf(!possible)(
  "where /dev/shm is mounted noexec, the serial add-on is loaded from another folder, and readings come",
  async () => {
    const running = bed.run([...withoutExec("/dev/shm"), FILE]);
    await heardFrom(bed, running, REPORTS, HEARD_MAX);
    expect(running.output()).not.toContain("BED-505");
    // The runtime directory lies below /dev/shm, so it is passed over too.
    expect(nameless(running)).toEqual([bed.state]);
  },
  60_000,
);

test.skipIf(!possible)(
  "where every folder is mounted noexec, the fault names each folder with its reason",
  async () => {
    const running = bed.run([...withoutExec(...new Set(["/dev/shm", "/tmp", tmpdir()])), FILE]);
    await until("the fault is told", () => running.output().includes("BED-505"), HEARD_MAX);
    const line =
      running
        .output()
        .split("\n")
        .find((text) => text.includes("BED-505")) ?? "";
    const reasons = line.split(/[(;] ?/).slice(1);
    expect(reasons.map((reason) => reason.split(":")[0])).toEqual(["/dev/shm", bed.runtime, bed.state, "/tmp"]);
    for (const reason of reasons) expect(reason).toContain("failed to map segment");
  },
  60_000,
);
