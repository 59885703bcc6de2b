import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * Makes proto/generated/ from proto/bedside/v1: `node proto/generate.ts`. Static encoders and decoders, no reflection.
 * pbjs needs its comments to write types (without them the .d.ts is empty), and the program needs none: hence two passes.
 */

const HERE = import.meta.dirname;
const SOURCES = ["record", "state", "config"].map((name) => join(HERE, "bedside", "v1", `${name}.proto`));
const FLAGS = "-t static-module -w esm --null-semantics --no-delimited --no-typeurl --no-service --no-create --no-verify --no-convert";

export type Generated = { readonly js: string; readonly dts: string };

/** The text of generated/bedside.js and generated/bedside.d.ts as they should be. */
export function generate(): Generated {
  const folder = mkdtempSync(join(tmpdir(), "bedside-proto-"));
  try {
    pbjs(join(folder, "typed.js"), ["-d"]);
    pbjs(join(folder, "plain.js"), ["--no-comments"]);
    return { js: readFileSync(join(folder, "plain.js"), "utf8"), dts: readFileSync(join(folder, "typed.d.ts"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function pbjs(out: string, more: readonly string[]): void {
  const program = resolve(HERE, "../node_modules/protobufjs-cli/bin/pbjs");
  const { status, stderr } = spawnSync(process.execPath, [program, ...FLAGS.split(" "), ...more, "-p", HERE, "-o", out, ...SOURCES], {
    encoding: "utf8",
  });
  if (status !== 0) throw new TypeError(`pbjs refused the .proto files: ${stderr}`);
}

if (import.meta.main) {
  const { js, dts } = generate();
  writeFileSync(join(HERE, "generated", "bedside.js"), js);
  writeFileSync(join(HERE, "generated", "bedside.d.ts"), dts);
}
