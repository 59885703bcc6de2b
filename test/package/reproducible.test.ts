import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { hostArch, ROOT } from "../../config/package/target.ts";

/** What a build reads. node_modules is linked file by file: a symbolic link would put its real path into the file. */
const PARTS = ["agent", "config", "drivers", "proto", "node_modules", ".build/node", "package.json", "package-lock.json", "tsconfig.json"];

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
  for (const part of PARTS) {
    if (!existsSync(join(ROOT, part))) continue;
    mkdirSync(join(folder, part, ".."), { recursive: true });
    execFileSync("cp", ["-al", join(ROOT, part), join(folder, part)]);
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
