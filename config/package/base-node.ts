import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { readLock } from "./lock.ts";
import { type Arch, hostArch, nodeVersion, ROOT, WORKSHOP } from "./target.ts";

/**
 * The stripped Node binary for an architecture, from the npm package that the lock file pins; made once, then kept.
 * Stripped *before* the program is put in: stripping afterwards gives a file that dies at start.
 * Throws RangeError when a hash differs or a tool is missing.
 */
export async function baseNode(arch: Arch): Promise<string> {
  const stripped = join(WORKSHOP, "node", `${nodeVersion()}-${arch}`, "node");
  if (existsSync(stripped)) return stripped;
  await mkdir(join(WORKSHOP, "node"), { recursive: true });
  const work = await mkdtemp(join(WORKSHOP, "node", "work-"));
  try {
    const whole = arch === hostArch() ? join(ROOT, "node_modules", `node-linux-${arch}`, "bin/node") : await foreignNode(arch, work);
    const made = join(work, "made");
    await mkdir(made);
    await copyFile(whole, join(made, "node"));
    await chmod(join(made, "node"), 0o755);
    command(stripTool(arch), [join(made, "node")], work);
    await putInPlace(made, join(WORKSHOP, "node", `${nodeVersion()}-${arch}`));
    return stripped;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Renames a finished folder into place; where another build was first, its result is as good as ours. */
async function putInPlace(made: string, place: string): Promise<void> {
  try {
    await rename(made, place);
  } catch (cause) {
    if (!existsSync(join(place, "node"))) throw cause;
  }
}

/** npm installs the host's package only, so the other one is fetched and compared with the lock file by us. */
async function foreignNode(arch: Arch, work: string): Promise<string> {
  const name = `node-linux-${arch}`;
  command("npm", ["pack", "--silent", "--pack-destination", work, `${name}@${nodeVersion()}`], work);
  const tarball = join(work, `${name}-${nodeVersion()}.tgz`);
  const expected = lockedIntegrity(name);
  const found = `sha512-${createHash("sha512")
    .update(await readFile(tarball))
    .digest("base64")}`;
  if (found !== expected) throw new RangeError(`${name}@${nodeVersion()}: package-lock.json says ${expected}, the tarball has ${found}`);
  command("tar", ["-xzf", tarball, "-C", work, "package/bin/node"], work);
  return join(work, "package/bin/node");
}

function lockedIntegrity(name: string): string {
  const entry = readLock()[`node_modules/${name}`];
  if (entry?.integrity === undefined || entry.version !== nodeVersion()) {
    throw new RangeError(`package-lock.json does not pin ${name}@${nodeVersion()} with a hash`);
  }
  return entry.integrity;
}

/** The host's strip refuses the other architecture's format. */
function stripTool(arch: Arch): string {
  if (arch === hostArch()) return "strip";
  return arch === "arm64" ? "aarch64-linux-gnu-strip" : "x86_64-linux-gnu-strip";
}

function command(name: string, words: readonly string[], folder: string): void {
  const result = spawnSync(name, words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  if (result.error !== undefined) throw new RangeError(`cannot run ${name}; is it installed?`, { cause: result.error });
  if (result.status !== 0) throw new RangeError(`${name} ${words.join(" ")} failed: ${result.stderr.trim()}`);
}
