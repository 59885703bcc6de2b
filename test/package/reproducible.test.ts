import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { hostArch, ROOT } from "../../config/package/target.ts";

/** What a build reads. The large ones are linked file by file: a symbolic link would put its real path into the packaged file. */
const COPIED = ["agent", "config", "drivers", "proto", "package.json", "package-lock.json", "tsconfig.json"];
const LINKED = ["node_modules", ".build/node"];

test("two builds in folders of different depth, time zone and file mode are the same file, byte for byte (R46)", () => {
  const place = mkdtempSync(join(ROOT, ".build", "reproducible-"));
  try {
    const first = build(join(place, "a"), { TZ: "UTC" }, "022");
    const second = build(join(place, "deeper/and/deeper"), { TZ: "Pacific/Auckland", LANG: "C" }, "077");
    expect(second).toBe(first);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}, 120_000);

function build(folder: string, environment: Readonly<Record<string, string>>, mask: string): string {
  for (const part of [...COPIED, ...LINKED]) {
    mkdirSync(join(folder, part, ".."), { recursive: true });
    execFileSync("cp", [COPIED.includes(part) ? "-a" : "-al", join(ROOT, part), join(folder, part)]);
  }
  execFileSync("/bin/sh", ["-c", `umask ${mask}; exec "$@"`, "sh", process.execPath, "config/package/main.ts", "host"], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", HOME: folder, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  return createHash("sha256")
    .update(readFileSync(join(folder, `dist/bedside-linux-${hostArch()}`)))
    .digest("hex");
}
