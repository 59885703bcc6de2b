import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./target.ts";

/** What package-lock.json says of one installed package. */
export type Locked = {
  readonly version?: string;
  /** Of the tarball: "sha512-" and base64. */
  readonly integrity?: string;
  /** As the package declares it: an SPDX id or expression. */
  readonly license?: string;
};
/** By folder: "node_modules/mqtt". */
export type Lock = Readonly<Record<string, Locked>>;

export function readLock(): Lock {
  return (JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as { readonly packages: Lock }).packages;
}
