import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { hostArch, nodeVersion, ROOT } from "../../config/package/target.ts";
import { asRoot, NOBODY, through } from "../support/as-user.ts";

/** What a build reads. The large ones are linked file by file: a symbolic link would put its real path into the packaged file. */
const COPIED = ["agent", "config", "drivers", "proto", "package.json", "package-lock.json", "tsconfig.json", ".gitignore"];
const LINKED = ["node_modules"];

/** Two programs for both machines, and their lists of parts; an ARM64 machine makes its own only, and says so. */
const MADE = hostArch() === "x64" ? 8 : 4;

const asOther = through(NOBODY);
const possible = asRoot && spawnSync(asOther[0]!, [...asOther.slice(1), "test", "-r", join(ROOT, "package.json")]).status === 0;
if (!possible)
  process.stderr.write("SKIPPED: a build by another user; only root can become one, and the work tree must be readable to all\n");

test("two users, in folders of different depth, with other time zone and file mode, make the same files for both machines (R46)", () => {
  const place = mkdtempSync(join(ROOT, ".build", "reproducible-"));
  chmodSync(place, 0o755);
  try {
    const source = commit(join(place, "source"));
    const first = build(source, join(place, "a"), { user: [], mask: "022", environment: { TZ: "UTC" } });
    const second = build(source, join(place, "deeper/and/deeper"), {
      user: possible ? asOther : [],
      mask: "077",
      environment: { TZ: "Pacific/Auckland", LANG: "C", LC_ALL: "C" },
    });
    expect(second).toEqual(first);
    expect(Object.keys(first)).toHaveLength(MADE);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}, 180_000);

type Builder = {
  readonly user: readonly string[];
  readonly mask: string;
  readonly environment: Readonly<Record<string, string>>;
};

/** The sources as they are now, as a commit: which one it is becomes part of the file. */
function commit(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const part of COPIED) execFileSync("cp", ["-a", join(ROOT, part), join(folder, part)]);
  const git = (...words: string[]) =>
    execFileSync("git", ["-c", "user.name=test", "-c", "user.email=test@localhost", ...words], { cwd: folder });
  git("init", "--quiet");
  git("add", ".");
  git("commit", "--quiet", "--no-gpg-sign", "--message", "all");
  return folder;
}

/** The hashes of what was made, by file name. */
function build(source: string, folder: string, { user, mask, environment }: Builder): Readonly<Record<string, string>> {
  mkdirSync(join(folder, ".."), { recursive: true });
  execFileSync("cp", ["-a", source, folder]);
  const owned = ["", ".build", ".build/node", "dist", "home"].map((part) => join(folder, part));
  for (const part of owned) mkdirSync(part, { recursive: true });
  if (user.length > 0) for (const part of owned) chownSync(part, NOBODY, NOBODY);
  // The host's Node is stripped afresh; the other machine's would have to be fetched.
  const kept = readdirSync(join(ROOT, ".build/node")).filter((name) => name.startsWith(`${nodeVersion()}-`) && !name.endsWith(hostArch()));
  for (const part of [...LINKED, ...kept.map((name) => `.build/node/${name}`)])
    execFileSync("cp", ["-al", join(ROOT, part), join(folder, part)]);
  const [program = "", ...words] = [...user, "/bin/sh", "-c", `umask ${mask}; exec "$@"`, "sh", process.execPath, "config/package/main.ts"];
  execFileSync(program, words, {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", HOME: join(folder, "home"), ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const files = readdirSync(join(folder, "dist")).sort();
  expect(readFileSync(join(folder, `dist/bedside-linux-${hostArch()}.cdx.json`), "utf8")).toMatch(
    /"bedside:commit",\s+"value": "[0-9a-f]{12}"/,
  );
  return Object.fromEntries(
    files.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, "dist", name)))
        .digest("hex"),
    ]),
  );
}
