import { createHash } from "node:crypto";
import { chmodSync, existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { baseNode } from "./base-node.ts";
import { bundle } from "./bundle.ts";
import { sourceCommit } from "./commit.ts";
import { makeExecutable } from "./executable.ts";
import { bundledPackages, packagedParts } from "./parts.ts";
import { hasAddon, sbom } from "./sbom.ts";
import { type Arch, foreignArch, hostArch, productVersion, ROOT, WORKSHOP } from "./target.ts";

/**
 * Makes dist/bedside-linux-<arch>, dist/bedside-fleet-linux-<arch> and the list of parts beside each (.cdx.json):
 * `node config/package/main.ts [host] [--entry FILE] [--out FOLDER]`.
 * "host" makes this machine's files only; with --entry the agent's only, from there. All words go to stderr.
 */
const ENTRIES = { bedside: "agent/cli/bedside.ts", "bedside-fleet": "config/fleet/bedside-fleet.ts" };

const ADDONS: Readonly<Record<Arch, string>> = {
  x64: "linux-x64/@serialport+bindings-cpp.glibc.node",
  arm64: "linux-arm64/@serialport+bindings-cpp.armv8.glibc.node",
};

const say = (line: string): boolean => process.stderr.write(`package: ${line}\n`);

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { entry: { type: "string" }, out: { type: "string", default: "dist" } },
    allowPositionals: true,
  });
  const entries = values.entry === undefined ? ENTRIES : { bedside: values.entry };
  for (const arch of wantedArchs(positionals)) {
    for (const [program, entry] of Object.entries(entries)) {
      const started = performance.now();
      const output = resolve(ROOT, values.out, `${program}-linux-${arch}`);
      await makeOne({ program, arch, entry: resolve(ROOT, entry), output });
      const { size } = await stat(output);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      say(`${relative(ROOT, output)}  ${(size / 1e6).toFixed(1)} MB  sha256 ${await sha256(output)}  ${seconds} s`);
    }
  }
}

/** On ARM64 the tools for the x86-64 file are rarely at hand, and no gateway needs it built there. */
function wantedArchs(words: readonly string[]): readonly Arch[] {
  if (words.length > 1 || (words.length === 1 && words[0] !== "host"))
    throw new RangeError(`expected nothing or "host", not "${words.join(" ")}"`);
  if (words.length === 1) return [hostArch()];
  if (hostArch() === "x64") return ["x64", "arm64"];
  say(`SKIPPED: bedside-linux-${foreignArch()} is not made on this ${hostArch()} machine; make it on an x86-64 one`);
  return [hostArch()];
}

type Wanted = { readonly program: string; readonly arch: Arch; readonly entry: string; readonly output: string };
async function makeOne({ program, arch, entry, output }: Wanted): Promise<void> {
  if (!existsSync(entry)) throw new RangeError(`the program's entry ${relative(ROOT, entry)} is not there`);
  const begun = new Date();
  const node = await baseNode(arch);
  await mkdir(WORKSHOP, { recursive: true });
  const work = await mkdtemp(join(WORKSHOP, `package-${arch}-`));
  try {
    const addon = join(work, "serialport.node");
    await copyFile(join(ROOT, "node_modules/@serialport/bindings-cpp/prebuilds", ADDONS[arch]), addon);
    const addonSha256 = await sha256(addon);
    const product = { version: productVersion(), ...sourceCommit() };
    const packages = bundledPackages(await bundle({ entry, outfile: join(work, "bedside.cjs"), ...product, addonSha256 }));
    const parts = packagedParts({ arch, packages, addonSha256 });
    await writeFile(join(work, "parts.json"), JSON.stringify(parts));
    const assets = hasAddon(packages) ? {} : { assets: [] };
    await makeExecutable({ arch, work, node, output: join(work, "bedside"), ...assets });
    chmodSync(join(work, "bedside"), 0o755);
    const executableSha256 = await sha256(join(work, "bedside"));
    await writeFile(join(work, "sbom"), sbom({ program, arch, ...product, executableSha256, parts, packages }));
    // As old as what was read: a source that is changed meanwhile is newer.
    await utimes(join(work, "bedside"), begun, begun);
    await mkdir(resolve(output, ".."), { recursive: true });
    // Renamed into place, so that a file being run is never written to and a cut build leaves the old one.
    await rename(join(work, "bedside"), output);
    await rename(join(work, "sbom"), `${output}.cdx.json`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function sha256(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

await main().catch((cause: unknown) => {
  say(cause instanceof Error ? cause.message : String(cause));
  process.exitCode = 1;
});
