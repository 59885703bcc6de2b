import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Metafile } from "esbuild";
import type { PackagedParts, Part } from "../../agent/cli/parts.ts";
import { ALLOWED, CHOSEN, NO_NODE_PARTS, NODE_PARTS } from "./licences.table.ts";
import { type Lock, type Locked, readLock } from "./lock.ts";
import { NEEDS } from "./needs.table.ts";
import { type Arch, nodeVersion, ROOT } from "./target.ts";

/** A package whose code stands in the bundle. */
export type BundledPackage = {
  /** From the project's folder: "node_modules/mqtt". */
  readonly folder: string;
  /** Folders of the packages that its code imports. */
  readonly imports: readonly string[];
};

/** Code of ours, in the answer of `bundledPackages`. */
export const OWN = "";

/** What esbuild really put into its one output, by package; what it left out as unused does not count. */
export function bundledPackages(metafile: Metafile): readonly BundledPackage[] {
  const [output] = Object.values(metafile.outputs);
  const inside = Object.entries(output?.inputs ?? {}).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []));
  const imports = new Map<string, Set<string>>();
  for (const folder of inside.map(folderOf)) imports.set(folder, new Set());
  for (const path of inside) {
    const folder = folderOf(path);
    for (const { path: target } of metafile.inputs[path]?.imports ?? []) {
      const other = folderOf(target);
      if (other !== folder && other !== OWN && imports.has(other)) imports.get(folder)?.add(other);
    }
  }
  return [...imports].map(([folder, targets]) => ({ folder, imports: [...targets].sort() })).sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

const folderOf = (path: string): string => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? OWN;

/** Throws RangeError where a part is not pinned, or its licence is not one that we may use. */
export function packagedParts(options: {
  readonly arch: Arch;
  readonly packages: readonly BundledPackage[];
  readonly addonSha256: string;
}): PackagedParts {
  const lock = readLock();
  return {
    glibc: NEEDS.glibc,
    node: { ...npmPart(`node_modules/node-linux-${options.arch}`, lock, "foreign"), name: "Node.js", parts: nodeParts(process.versions) },
    addon: {
      ...npmPart("node_modules/@serialport/bindings-cpp", lock),
      hash: `SHA-256 ${options.addonSha256}`,
      // Compiled into it from headers, in the very version that the bindings pin.
      parts: [npmPart("node_modules/node-addon-api", lock)],
    },
    npm: options.packages.filter(({ folder }) => folder !== OWN).map(({ folder }) => npmPart(folder, lock)),
  };
}

function npmPart(folder: string, lock: Lock, where: "installed" | "foreign" = "installed"): Part {
  const name = folder.split("node_modules/").at(-1) ?? folder;
  const { version, integrity, license } = lock[folder] ?? ({} as Locked);
  if (version === undefined || integrity?.startsWith("sha512-") !== true) {
    throw new RangeError(`${name} is part of the file, but package-lock.json does not pin ${folder} with a SHA-512 hash`);
  }
  if (where === "installed") {
    const found = manifest(folder).version;
    if (found !== version) throw new RangeError(`${folder} holds version ${found}, package-lock.json says ${version}; run npm ci`);
  }
  const hex = Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex");
  return { name, version, licence: usableLicence(name, license), hash: `SHA-512 ${hex}` };
}

type Manifest = { readonly version: string; readonly author?: string | { readonly name: string } };
const manifest = (folder: string): Manifest => JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8")) as Manifest;

/** Who made a package, without the address; undefined where it does not say. */
export function authorOf(folder: string): string | undefined {
  const { author } = manifest(folder);
  const name = typeof author === "string" ? author.replace(/ *[<(].*/, "") : author?.name;
  return name === "" ? undefined : name;
}

/** The licence under which a package is used, from what it declares. Throws RangeError where there is none that we may use. */
export function usableLicence(name: string, declared: string | undefined): string {
  const chosen = CHOSEN[name];
  if (declared === undefined || declared === "") {
    throw new RangeError(`${name} is part of the file, but declares no licence; ask its author, or do without it`);
  }
  const used = chosen?.declared === declared ? chosen.used : declared;
  const refused = used.split(" AND ").filter((id) => !ALLOWED.includes(id));
  if (refused.length === 0) return used;
  throw new RangeError(
    `${name} is part of the file, but its licence "${declared}" is not one of config/package/licences.table.ts; ` +
      "allow it there, choose there where it offers a choice, or do without the package",
  );
}

/** Throws RangeError on a part that the table does not know, so that a newer Node brings none unseen. */
export function nodeParts(versions: Readonly<Record<string, string | undefined>>): readonly Part[] {
  if (versions.node !== nodeVersion()) throw new RangeError(`this is Node ${versions.node}; the file is made with ${nodeVersion()}`);
  // A version of "" stands for a part that this Node was built without.
  const present = Object.entries(versions).filter(([key, version]) => version !== "" && NO_NODE_PARTS[key] === undefined);
  return present.map(([key, version = ""]) => {
    const row = NODE_PARTS[key];
    if (row === undefined) throw new RangeError(`Node contains "${key}" ${version}, which config/package/licences.table.ts does not know`);
    return { name: row.name, version, licence: usableLicence(row.name, row.licence) };
  });
}

/** Licence and notice files of a package, which nearly every licence wants handed on. Throws RangeError where there is none. */
export function licenceText(folder: string): string {
  const files = readdirSync(join(ROOT, folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  if (files.length === 0) throw new RangeError(`${folder} is part of the file, but holds no licence text that could be handed on`);
  return files
    .sort()
    .map((file) => readFileSync(join(ROOT, folder, file), "utf8"))
    .join("\n");
}
