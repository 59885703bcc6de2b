import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hostArch, productVersion, ROOT } from "../../config/package/target.ts";

const file = join(ROOT, `dist/bedside-fleet-linux-${hostArch()}`);
/** With no variable from outside, or with those given. */
const run = (words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  spawnSync(file, words, { env: { ...env }, encoding: "utf8" });

describe("the packaged bedside-fleet", () => {
  test("is one file that runs without anything beside it", () => {
    expect(existsSync(file), `${file} is not there; make it with  ./build.sh package host`).toBe(true);
    expect(run(["version"]).stdout).toMatch(new RegExp(`^bedside-fleet ${productVersion().replaceAll(".", "\\.")} \\(.+\\)\n$`));
    expect(run(["help"]).stdout).toContain("Exit codes: 0 ok");
    expect(run(["stats"]).status).toBe(2);
    expect(run(["status", "--site", "/nowhere/fleet.yaml"]).stderr).toContain("FLT-102");
  });

  test("loads no code that the environment names", () => {
    const { status, stdout } = run(["version"], { NODE_OPTIONS: "--require /nowhere/foreign.js", NODE_PATH: "/nowhere" });
    expect(`${status} ${stdout}`).toMatch(/^0 bedside-fleet /);
  });

  test("holds no code of the agent, no driver and no serial add-on, and its list of parts says so", () => {
    const bytes = readFileSync(file);
    const text = bytes.toString("latin1");
    expect(text).toContain("// config/fleet/verbs.ts\n");
    for (const folder of ["// agent/", "// drivers/", "// node_modules/serialport/", "// node_modules/@serialport/"])
      expect(text, folder).not.toContain(`\n${folder}`);
    const bom = JSON.parse(readFileSync(`${file}.cdx.json`, "utf8"));
    expect(bom.metadata.component.name).toBe("bedside-fleet");
    expect(bom.metadata.component.hashes[0].content).toBe(createHash("sha256").update(bytes).digest("hex"));
    const refs: readonly string[] = bom.components.map((one: { "bom-ref": string }) => one["bom-ref"]);
    expect(refs).toContain("node_modules/mqtt");
    expect(refs).not.toContain("add-on");
    const reached = new Set(["bedside-fleet"]);
    // A set hands out also what is added while it is walked.
    for (const ref of reached)
      for (const next of bom.dependencies.find((one: { ref: string }) => one.ref === ref)?.dependsOn ?? []) reached.add(next);
    expect([...reached].sort()).toEqual(["bedside-fleet", ...refs].sort());
  });
});
