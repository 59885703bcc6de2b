import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";

/** The two kinds of machine a gateway is. */
export type Arch = "x64" | "arm64";

export const ROOT = resolve(import.meta.dirname, "../..");

/** Everything that is made on the way lies here, outside of git. */
export const WORKSHOP = join(ROOT, ".build");

type Manifest = { readonly version: string; readonly engines: { readonly node: string } };

function manifest(): Manifest {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
}

export function productVersion(): string {
  return manifest().version;
}

/** The one Node that everything runs under and that becomes part of the file. */
export function nodeVersion(): string {
  return manifest().engines.node;
}

/** Throws RangeError on a machine that is neither. */
export function hostArch(): Arch {
  if (process.arch === "x64" || process.arch === "arm64") return process.arch;
  throw new RangeError(`this machine is ${process.arch}; the agent is built for x64 and arm64 only`);
}

export function foreignArch(): Arch {
  return hostArch() === "x64" ? "arm64" : "x64";
}
