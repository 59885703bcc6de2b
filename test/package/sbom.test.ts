import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { bundledPackages, nodeParts, packagedParts, usableLicence } from "../../config/package/parts.ts";
import { type Arch, foreignArch, hostArch, nodeVersion, productVersion, ROOT } from "../../config/package/target.ts";
import { packagedFile, start } from "./agent-process.ts";

type Licence = { readonly license?: { readonly id: string; readonly text?: { readonly content: string } }; readonly expression?: string };
type Component = {
  readonly "bom-ref": string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses: readonly Licence[];
  readonly components?: readonly Component[];
};
type Bom = {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
};

const bomOf = (arch: Arch): Bom => JSON.parse(readFileSync(`${packagedFile(arch)}.cdx.json`, "utf8")) as Bom;
const component = (bom: Bom, ref: string): Component => {
  const found = bom.components.find((one) => one["bom-ref"] === ref);
  return found ?? expect.fail(`the list names no ${ref}`);
};
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** An ARM64 machine makes its own file only. */
const ARCHS: readonly Arch[] = hostArch() === "x64" ? ["x64", "arm64"] : ["arm64"];
if (ARCHS.length === 1) process.stderr.write(`SKIPPED: the parts of the ${foreignArch()} file; this machine makes none\n`);

describe.each(ARCHS)("the list of parts beside the packaged file for %s", (arch) => {
  const file = readFileSync(packagedFile(arch));
  const bom = bomOf(arch);

  test("is valid by the official schema of CycloneDX 1.6 (R44)", () => {
    const valid = schema();
    expect(valid(bom), JSON.stringify(valid.errors?.slice(0, 5))).toBe(true);
    expect(valid({ ...bom, components: [{ ...bom.components[0], hashes: [{ alg: "SHA-256", content: "no hash" }] }] })).toBe(false);
  });

  test("names the very file by its hash, and the version that it is (R44)", () => {
    const { hashes, version } = bom.metadata.component;
    expect(hashes).toEqual([{ alg: "SHA-256", content: sha256(file) }]);
    expect(version).toBe(productVersion());
  });

  test("names the Node, the OpenSSL and the other libraries that can be read in the file (R44)", () => {
    const node = component(bom, "node");
    const openssl = node.components?.find(({ name }) => name === "OpenSSL")?.version;
    const banners = [...file.toString("latin1").matchAll(/\0OpenSSL (\d+\.\d+\.\d+) \d+ [A-Z][a-z]{2} \d{4}\0/g)];
    expect(banners.map(([, version]) => version)).toEqual([openssl]);
    expect(openssl).toMatch(/^3\.5\./);
    expect(node.version).toBe(nodeVersion());
    expect(file.includes(`v${node.version}\0`)).toBe(true);
    // Each stands there as a text of its own.
    const missing = node.components?.filter(({ version }) => !file.includes(`\0${version}\0`)).map(({ name }) => name);
    expect(missing).toEqual([]);
    expect(node.components?.map(({ name }) => name)).toEqual(expect.arrayContaining(["V8", "libuv", "zlib", "ICU", "undici"]));
  });

  test("names the serial add-on by the hash of the bytes that lie in the file (R44)", () => {
    const listed = component(bom, "add-on").hashes;
    const lying = prebuilds().filter((bytes) => file.includes(bytes));
    expect(lying.map((bytes) => [{ alg: "SHA-256", content: sha256(bytes) }])).toEqual([listed]);
  });

  test("names each package whose code stands in the file, and no other (R44)", () => {
    const listed = bom.components.filter(({ type }) => type === "library").map((one) => one["bom-ref"]);
    expect(listed.length).toBeGreaterThan(10);
    expect(listed).toEqual(foldersInBundle(file));
  });

  test("gives each part a hash, an identity and the text of its licence, and says what needs what (R44)", () => {
    for (const part of bom.components) {
      expect(part.hashes, part.name).toHaveLength(1);
      expect(part.purl).toMatch(/^pkg:npm\/\S+@\d/);
      for (const { license } of part.licenses) expect(license?.text?.content.length, part.name).toBeGreaterThan(300);
    }
    const reached = new Set(["bedside"]);
    // A set hands out also what is added while it is walked.
    for (const ref of reached) for (const next of bom.dependencies.find((one) => one.ref === ref)?.dependsOn ?? []) reached.add(next);
    expect([...reached].sort()).toEqual(["bedside", ...bom.components.map((one) => one["bom-ref"])].sort());
  });
});

test("the packaged file tells its hash and the same parts as the list beside it (R44)", async () => {
  const file = packagedFile(hostArch());
  const running = start([file, "version", "--json"]);
  expect(await running.ended).toBe(0);
  const told = JSON.parse(running.output());
  expect(told.sha256).toBe(sha256(readFileSync(file)));
  const bom = bomOf(hostArch());
  const pairs = (parts: readonly { readonly name: string; readonly version: string }[] = []) => parts.map((one) => [one.name, one.version]);
  expect(pairs(told.parts.npm)).toEqual(pairs(bom.components.filter(({ type }) => type === "library")));
  expect(pairs(told.parts.node.parts)).toEqual(pairs(component(bom, "node").components));
  expect(told.parts.addon.hash).toBe(`SHA-256 ${component(bom, "add-on").hashes?.[0]?.content}`);
  expect(told.parts.glibc).toMatch(/^2\.\d+$/);

  const short = start([file, "version"]);
  expect(await short.ended).toBe(0);
  expect(short.output().split("\n").length).toBeLessThan(8);
  const long = start([file, "version", "--parts"]);
  expect(await long.ended).toBe(0);
  for (const { name, version, licence } of told.parts.npm)
    expect(long.output()).toMatch(new RegExp(`^ +${name} +${version} +${licence}$`, "m"));
});

describe("a licence", () => {
  test("of the table may be used, also several at once", () => {
    expect(usableLicence("one", "MIT")).toBe("MIT");
    expect(usableLicence("pako", "MIT AND Zlib")).toBe("MIT AND Zlib");
  });

  test("that is missing, not in the table, or a choice that nobody made stops packaging, and the package is named", () => {
    for (const licence of [undefined, "", "GPL-3.0-only", "MIT AND GPL-2.0", "(MIT OR GPL-2.0)", "SEE LICENSE IN x", "UNLICENSED"])
      expect(() => usableLicence("left-pad", licence), licence).toThrow(/^left-pad is part of the file, but .*licence/);
  });

  test("is chosen for a package that offers two, and only while it offers these", () => {
    expect(usableLicence("node-forge", "(BSD-3-Clause OR GPL-2.0)")).toBe("BSD-3-Clause");
    expect(() => usableLicence("node-forge", "(AGPL-3.0 OR GPL-2.0)")).toThrow("node-forge");
    expect(() => usableLicence("another", "(BSD-3-Clause OR GPL-2.0)")).toThrow("another");
  });
});

test("a package that the lock file does not pin stops packaging", () => {
  const packages = [{ folder: "node_modules/stranger", imports: [] }];
  expect(() => packagedParts({ arch: hostArch(), packages, addonSha256: "" })).toThrow(
    "stranger is part of the file, but package-lock.json",
  );
});

test("a library that a newer Node brings along stops packaging until the table knows it", () => {
  expect(() => nodeParts({ ...process.versions, telepathy: "1.0.0" })).toThrow('Node contains "telepathy" 1.0.0');
  expect(nodeParts({ ...process.versions, absent: "" })).toEqual(nodeParts(process.versions));
});

test("a package of which nothing came into the bundle is no part of the file", () => {
  const input = (...imports: string[]) => ({ bytes: 1, imports: imports.map((path) => ({ path, kind: "import-statement" as const })) });
  const metafile = {
    inputs: {
      "agent/a.ts": input("node_modules/used/index.js", "node_modules/unused/index.js"),
      "node_modules/used/index.js": input("node_modules/used/node_modules/@in/ner/x.js"),
      "node_modules/used/node_modules/@in/ner/x.js": input(),
      "node_modules/unused/index.js": input(),
    },
    outputs: {
      "out.cjs": {
        ...{ bytes: 3, imports: [], exports: [] },
        inputs: {
          "agent/a.ts": { bytesInOutput: 1 },
          "node_modules/used/index.js": { bytesInOutput: 1 },
          "node_modules/used/node_modules/@in/ner/x.js": { bytesInOutput: 1 },
          "node_modules/unused/index.js": { bytesInOutput: 0 },
        },
      },
    },
  };
  expect(bundledPackages(metafile).map(({ folder, imports }) => [folder, ...imports])).toEqual([
    ["", "node_modules/used"],
    ["node_modules/used", "node_modules/used/node_modules/@in/ner"],
    ["node_modules/used/node_modules/@in/ner"],
  ]);
});

function schema() {
  const folder = join(ROOT, "node_modules/@cyclonedx/cyclonedx-library/res/schema");
  const read = (name: string): object => JSON.parse(readFileSync(join(folder, name), "utf8")) as object;
  const ajv = new Ajv({ strict: false, allErrors: true, formats: { "iri-reference": true, "idn-email": true } });
  addFormats.default(ajv);
  for (const name of ["spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json"])
    ajv.addSchema(read(name), `http://cyclonedx.org/schema/${name}`);
  return ajv.compile(read("bom-1.6.SNAPSHOT.schema.json"));
}

/** All that the package brings, for whichever machine. */
function prebuilds(): readonly Buffer[] {
  const folder = join(ROOT, "node_modules/@serialport/bindings-cpp/prebuilds");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".node"));
  return files.map((path) => readFileSync(join(folder, path)));
}

/** Read out of the program itself: the bundler writes the file's path above each module. */
function foldersInBundle(file: Buffer): readonly string[] {
  const end = file.lastIndexOf("// agent/cli/bedside.ts\n");
  // Node has bundles of its own in front of ours.
  const begin = file.lastIndexOf("var __defProp = Object.defineProperty;", end);
  const text = file.toString("latin1", begin, end);
  const folders = [...text.matchAll(/^ *\/\/ ((?:node_modules\/(?:@[^/\n]+\/)?[^/\n]+\/)+)/gm)].map(([, path = ""]) => path.slice(0, -1));
  return [...new Set(folders.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path))].sort();
}
