import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { baseNode } from "../../config/package/base-node.ts";
import { bundle } from "../../config/package/bundle.ts";
import { type BakedIn, makeExecutable } from "../../config/package/executable.ts";
import { hostArch, ROOT, WORKSHOP } from "../../config/package/target.ts";

/**
 * `node control-build.ts FOLDER ADDON`: two programs from control-entry.ts for this machine, made by the steps that make the
 * packaged file. "unrefusing" has its flags; "bare" has none, and obeys NODE_OPTIONS. In a process of its own: those steps
 * change its environment and folder.
 */
const BARE: BakedIn = { execArgv: [], execArgvExtension: "env" };

async function main(folder: string, addonFile: string): Promise<void> {
  const work = mkdtempSync(join(WORKSHOP, "control-"));
  try {
    const addon = join(work, "serialport.node");
    copyFileSync(addonFile, addon);
    writeFileSync(join(work, "parts.json"), "{}");
    const addonSha256 = createHash("sha256").update(readFileSync(addon)).digest("hex");
    const entry = join(ROOT, "test/package/control-entry.ts");
    await bundle({ entry, outfile: join(work, "bedside.cjs"), version: "0.0.0", build: "control", addonSha256 });
    const node = await baseNode(hostArch());
    for (const [name, bakedIn] of [
      ["unrefusing", undefined],
      ["bare", BARE],
    ] as const) {
      const output = join(work, name);
      await makeExecutable({ arch: hostArch(), work, node, output, ...(bakedIn && { bakedIn }) });
      chmodSync(output, 0o755);
      renameSync(output, join(folder, name));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const [folder = "", addonFile = ""] = process.argv.slice(2);
await main(folder, addonFile);
