import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hostArch } from "../../config/package/target.ts";
import { until } from "../support/pty-reader.ts";
import { type Bed, heardFrom, makeBed, packagedFile, REPORTS } from "./agent-process.ts";

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
  if (possible) bed = await makeBed();
});
afterEach(() => bed?.stop());

test.skipIf(!possible)(
  "where /dev/shm is mounted noexec, the serial add-on is loaded from another folder, and readings come",
  async () => {
    const running = bed.run([...withoutExec("/dev/shm"), FILE]);
    await heardFrom(bed, running, REPORTS, HEARD_MAX);
    expect(running.output()).not.toContain("BED-505");
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
