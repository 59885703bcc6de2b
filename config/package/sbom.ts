import type { PackagedParts, Part } from "../../agent/cli/parts.ts";
import { CHOSEN, NODE_PARTS } from "./licences.table.ts";
import { authorOf, type BundledPackage, licenceText, OWN } from "./parts.ts";
import { type Arch, hostArch } from "./target.ts";

export type SbomOptions = {
  /** Its name, as the file's begins. */
  readonly program: string;
  readonly arch: Arch;
  readonly version: string;
  /** The commit, or that there was none. */
  readonly build: string;
  /** Milliseconds since 1970; 0 without a commit. */
  readonly committedAt: number;
  readonly executableSha256: string;
  readonly parts: PackagedParts;
  readonly packages: readonly BundledPackage[];
};

type Json = Readonly<Record<string, unknown>>;

const NODE = "node";
const ADDON = "add-on";
const BINDINGS = "node_modules/@serialport/bindings-cpp";
const AUTHORS = "The Bedside authors";

/**
 * The file's parts as CycloneDX 1.6: what is in it, not what was installed. The same file always gets the same text. It also
 * hands on the licence texts, which a single program file has no place for.
 */
export function sbom(options: SbomOptions): string {
  const { program: name, executableSha256: hex, parts, packages } = options;
  const addons = hasAddon(packages) ? [addon(options)] : [];
  const bom = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: serialNumber(hex),
    version: 1,
    metadata: {
      ...(options.committedAt === 0 ? {} : { timestamp: new Date(options.committedAt).toISOString() }),
      authors: [{ name: AUTHORS }],
      component: program(options),
    },
    components: [node(options), ...addons, ...parts.npm.map((part, at) => npm(part, bundled(packages)[at]?.folder ?? ""))],
    dependencies: dependencies(name, packages),
    // Node tells most of its parts, not all: the small ones of its LICENSE have no version.
    compositions: [
      { aggregate: "incomplete", assemblies: [NODE] },
      { aggregate: "complete", dependencies: [name] },
    ],
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

const bundled = (packages: readonly BundledPackage[]): readonly BundledPackage[] => packages.filter(({ folder }) => folder !== OWN);

/** A UUID that only this file's bytes can have; version 8 is the one for own rules. */
function serialNumber(hex: string): string {
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Only a program that imports the bindings carries their add-on. */
export const hasAddon = (packages: readonly BundledPackage[]): boolean => packages.some(({ folder }) => folder === BINDINGS);

function program({ program: name, arch, version, build, executableSha256, parts }: SbomOptions): Json {
  return {
    "bom-ref": name,
    type: "application",
    supplier: { name: AUTHORS },
    name,
    version,
    hashes: [{ alg: "SHA-256", content: executableSha256 }],
    licenses: [{ license: { id: "Apache-2.0" } }],
    purl: `pkg:generic/${name}@${version}?arch=${arch}&os=linux`,
    properties: properties({ file: `${name}-linux-${arch}`, commit: build, glibc: parts.glibc }),
  };
}

function node({ arch, parts: { node } }: SbomOptions): Json {
  return {
    "bom-ref": NODE,
    type: "platform",
    supplier: { name: "OpenJS Foundation" },
    name: node.name,
    version: node.version,
    hashes: hashes(node),
    // The same text comes with the Node of either architecture; only the host's is installed.
    licenses: [{ license: { id: node.licence, text: { content: licenceText(`node_modules/node-linux-${hostArch()}`) } } }],
    cpe: cpe("nodejs:node.js", node.version),
    purl: `pkg:npm/node-linux-${arch}@${node.version}`,
    components: node.parts.map(partOfNode),
  };
}

function partOfNode(part: Part): Json {
  const row = Object.values(NODE_PARTS).find(({ name }) => name === part.name);
  return {
    "bom-ref": `${NODE}/${part.name}`,
    type: "library",
    name: part.name,
    version: part.version,
    licenses: licences(part),
    ...(row?.cpe === undefined ? {} : { cpe: cpe(row.cpe, part.version) }),
    purl: `${row?.purl}@${part.version}`,
  };
}

function addon({ parts: { addon } }: SbomOptions): Json {
  return {
    "bom-ref": ADDON,
    type: "file",
    name: "serialport.node",
    version: addon.version,
    hashes: hashes(addon),
    licenses: licences(addon, BINDINGS),
    purl: `${npmPurl(addon.name, addon.version)}#prebuilds`,
    components: addon.parts.map((part) => npm(part, `node_modules/${part.name}`)),
  };
}

function npm(part: Part, folder: string): Json {
  const author = authorOf(folder);
  return {
    "bom-ref": folder,
    type: "library",
    ...(author === undefined ? {} : { authors: [{ name: author }] }),
    name: part.name,
    version: part.version,
    hashes: hashes(part),
    licenses: licences(part, folder),
    purl: npmPurl(part.name, part.version),
  };
}

const npmPurl = (name: string, version: string): string => `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;

/** Without what a distributor adds behind the numbers: lists of vulnerabilities do not know it. */
const cpe = (product: string, version: string): string => `cpe:2.3:a:${product}:${/^[\d.]*\d/.exec(version)?.[0]}:*:*:*:*:*:*:*`;

const hashes = ({ hash = "" }: Part): Json[] => [{ alg: hash.split(" ")[0], content: hash.split(" ")[1] }];

const properties = (values: Readonly<Record<string, string>>): Json[] =>
  Object.entries(values).map(([name, value]) => ({ name: `bedside:${name}`, value }));

function licences(part: Part, folder?: string): Json[] {
  if (folder === undefined && part.licence.includes(" ")) return [{ expression: part.licence }];
  const text = folder === undefined ? {} : { text: { content: licenceText(folder) } };
  const chosen = CHOSEN[part.name];
  const choice = chosen === undefined ? {} : { acknowledgement: "concluded", properties: properties({ offered: chosen.declared }) };
  return part.licence.split(" AND ").map((id) => ({ license: { id, ...text, ...choice } }));
}

/** Who imports whom, as esbuild saw it. Node stands below all that is ours: nothing runs without it. */
function dependencies(name: string, packages: readonly BundledPackage[]): Json[] {
  const edges = packages.map(({ folder, imports }) => ({
    ref: folder === OWN ? name : folder,
    dependsOn: [...(folder === OWN ? [NODE] : []), ...(folder === BINDINGS ? [ADDON] : []), ...imports],
  }));
  return [...edges, { ref: NODE }, ...(hasAddon(packages) ? [{ ref: ADDON }] : [])];
}
