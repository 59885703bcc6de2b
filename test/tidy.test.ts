import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { FAULTS } from "../agent/fault/faults.table.ts";
import * as rules from "./tidy-rules.ts";
import { codeOf, type Source, sourceOf } from "./tidy-source.ts";

const ROOT = resolve(import.meta.dirname, "..");
const paths = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" })
  .split("\0")
  .filter((path) => path !== "" && existsSync(join(ROOT, path)));
const read = (path: string): Source => sourceOf(path, readFileSync(join(ROOT, path), "utf8"));
const isGenerated = (path: string): boolean => path.startsWith("proto/generated/");
const sources = paths.filter((path) => /^(agent|config|drivers|proto|test)\/.*\.ts$/.test(path) && !isGenerated(path)).map(read);
const generated = paths.filter((path) => isGenerated(path) && path.endsWith(".js")).map(read);

const plant = (path: string, ...lines: readonly string[]): Source => sourceOf(path, `${lines.join("\n")}\n`);
/** The rule holds for the house, and each planted violation alone breaks it. */
function holds(rule: rules.HouseRule, planted: readonly Source[], house: readonly Source[] = sources): void {
  expect(rule(house)).toEqual([]);
  for (const one of planted) expect(rule([one]), `the rule is blind to ${one.path}: ${one.text}`).not.toEqual([]);
}

describe("the house is tidy:", () => {
  test("there is a house to look at", () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(300);
  });

  test("imports point one way", () => {
    holds(rules.arrows, [
      plant("config/units.ts", 'import { x } from "./schema.ts";'),
      plant("config/schema.ts", 'import { x } from "../agent/main.ts";'),
      plant("config/reference/texts.ts", 'import { FAULTS } from "../../agent/fault/faults.table.ts";'),
      plant("config/fleet/push.ts", 'import { Fault } from "../../agent/fault/fault.ts";'),
      plant("config/envelope/envelope.ts", 'import { x } from "../fleet/site.ts";'),
      plant("agent/configure/store.ts", 'import { x } from "../../config/fleet/site.ts";'),
      plant("drivers/kit/framer.ts", 'import type { Nonin } from "../nonin/driver.ts";'),
      plant("drivers/nonin/driver.ts", 'import { x } from "../puritan-bennett-840/field.ts";'),
      plant("drivers/nonin/driver.ts", 'import { Fault } from "../../agent/fault/fault.ts";'),
      plant("drivers/nonin/driver.ts", 'import { nonin } from "./emulator.ts";'),
      plant("drivers/nonin/emulator.ts", 'import { x } from "../puritan-bennett-840/emulator.ts";'),
      plant("drivers/index.ts", 'import { x } from "./nonin/emulator.ts";'),
      plant("proto/codec.ts", 'import { x } from "../agent/model/model.ts";'),
      plant("agent/main.ts", 'import { emulator } from "../drivers/nonin/emulator.ts";'),
      plant("agent/main.ts", 'import { nodeClock } from "./effects/node/clock.ts";'),
      plant("agent/spool/spool.ts", 'import { Session } from "../session/session.ts";'),
      plant("agent/spool/spool.ts", "import {", "  type Keep,", "  stamped,", '} from "../session/stamp.ts";'),
      plant("agent/spool/spool.ts", 'export { stamped } from "../session/stamp.ts";'),
      plant("agent/session/session.ts", 'import { runAgent } from "../main.ts";'),
      plant("agent/session/session.ts", 'import { Room } from "../room.ts";'),
      plant("agent/session/link.ts", 'import { nonin } from "../../drivers/nonin/driver.ts";'),
      plant("agent/spool/spool.ts", 'import { nodeDisk } from "../effects/node/disk.ts";'),
      plant("agent/uplink/uplink.ts", 'import type { Words } from "../cli/words.ts";'),
      plant("agent/uplink/uplink.ts", 'import { fake } from "../../test/agent/fakes.ts";'),
    ]);
    expect(rules.arrows([plant("agent/spool/spool.ts", 'import type { Session } from "../session/session.ts";')])).toEqual([]);
    expect(rules.arrows([plant("drivers/nonin/emulator-faults.ts", 'import { x } from "./emulator.ts";')])).toEqual([]);
    expect(rules.arrows([plant("drivers/nonin-7/driver.ts", 'import { x } from "../nonin/packet.ts";')])).toEqual([]);
    expect(rules.arrows([plant("drivers/nonin-7/emulator.ts", 'import { x } from "../nonin/emulator.ts";')])).toEqual([]);
    for (const from of ["drivers/nonin/driver.ts", "drivers/nonine/driver.ts", "drivers/other-7/driver.ts"])
      expect(rules.arrows([plant(from, 'import { x } from "../nonin-7/driver.ts";')]), from).toHaveLength(1);
    expect(rules.arrows([plant("drivers/nonin-7/driver.ts", 'import { x } from "../nonin/emulator.ts";')])).toHaveLength(1);
  });

  test("every joint between features that is allowed is used", () => {
    expect(rules.unusedJoints(sources)).toEqual([]);
    expect(rules.unusedJoints([])).not.toEqual([]);
  });

  test("the outside is reached in agent/effects/node only", () => {
    holds(rules.outsideOnlyInEffects, [
      plant("agent/spool/store.ts", 'import { open } from "node:fs/promises";'),
      plant("drivers/nonin/driver.ts", 'import { SerialPort } from "serialport";'),
      plant("agent/uplink/uplink.ts", 'const mqtt = await import("mqtt");'),
      plant("config/schema.ts", 'import forge from "node-forge";'),
      plant("agent/session/link.ts", 'import "@serialport/bindings-cpp";'),
      plant("config/fleet/push.ts", 'import { readFileSync } from "node:fs";'),
    ]);
  });

  test("yaml, zod and protobufjs are each imported by one file", () => {
    const house = [...sources, ...generated];
    holds(rules.importedOnce, [], house);
    expect(rules.importedOnce([...house, plant("agent/status/page.ts", 'import { parse } from "yaml";')])).toHaveLength(1);
    expect(rules.importedOnce([...house, plant("config/fleet/site.ts", 'import { parse } from "yaml";')])).toHaveLength(1);
    expect(rules.importedOnce([...house, plant("agent/model/run.ts", 'import { z } from "zod/mini";')])).toHaveLength(1);
  });

  test("no program loads code by a path that it makes up", () => {
    holds(rules.literalImports, [
      plant("agent/main.ts", "await import(path);"),
      plant("agent/main.ts", 'await import("file:///tmp/driver.ts");'),
      plant("agent/main.ts", "await import(`./$", "{name}.ts`);"),
    ]);
  });

  test("time, chance and the process come in as effects, and no error is bare, swallowed or a text", () => {
    const banned = [
      "const now = Date.now();",
      "const now = new Date();",
      "const now = new Date;",
      "setTimeout(run, 5);",
      "setInterval(run, 5);",
      "setImmediate(run);",
      "const chance = Math.random();",
      'console.log("x");',
      "process.exit(1);",
      "const home = process[name];",
      "const now = performance.now();",
      "module.require(name);",
      'require("fs");',
      "const now = globalThis.Date;",
      'eval("1");',
      'new Function("return 1")();',
      "try { run(); } catch {}",
      "try { run(); } catch (caught) { /* nothing */ }",
      "void run().catch(() => {});",
      'throw new Error("x");',
      'throw Error("x");',
      'throw "x";',
      "let count = 0;",
    ];
    holds(
      rules.bannedCalls,
      banned.map((line) => plant("agent/spool/spool.ts", line)),
    );
    expect(rules.bannedCalls([plant("agent/log/log.ts", "const text = new Date(wall).toISOString();")])).toEqual([]);
    expect(rules.bannedCalls([plant("agent/fault/fault.ts", "export class Fault extends Error {}")])).toEqual([]);
  });

  test("comments, texts and patterns are not taken for code", () => {
    const innocent = [
      "// Date.now() and setTimeout(",
      "/* process.exit(1) */",
      'const a = "console.log(1)";',
      "const b = `throw new Error( $" + "{one}`;",
      "const c = /process.exit/;",
      "this.process.exit();",
      "const half = a / b; // Math.random",
    ];
    expect(rules.bannedCalls([plant("agent/spool/spool.ts", ...innocent)])).toEqual([]);
    const hole = "const d = `a $" + "{process.pid} b`;";
    expect(rules.bannedCalls([plant("agent/spool/spool.ts", hole)])).toEqual(["agent/spool/spool.ts:1: process"]);
    for (const { path, text, code } of sources) expect(code.split("\n").length, path).toBe(text.split("\n").length);
    expect(codeOf('"a" + `b$' + "{`c$" + '{"d"}`}` // e')).toBe('" " + ` $' + "{` $" + '{" "}`}`     ');
  });

  test("any stands only under a reason", () => {
    holds(rules.noAny, [
      plant("agent/main.ts", "const x = value as any;"),
      plant("agent/main.ts", "function f(x: any): void {}"),
      plant("agent/main.ts", "type F = Map<string, any>;"),
      plant("agent/main.ts", "// biome-ignore lint/suspicious/noConsole: why", "const x: any = 1;"),
    ]);
    const reasoned = ["// biome-ignore lint/suspicious/noExplicitAny: only any accepts it.", "type T = Record<string, any>;"];
    expect(rules.noAny([plant("drivers/kit/driver.ts", ...reasoned)])).toEqual([]);
  });

  test("files, lines and functions stay short", () => {
    const line = "  one();";
    holds(rules.sizes, [
      plant("agent/main.ts", ...Array.from({ length: 401 }, () => "one();")),
      plant("agent/main.ts", `const x = ${"a + ".repeat(40)}b;`),
      plant("agent/main.ts", `// ${"word ".repeat(40)}`),
      plant("agent/main.ts", "export function long(): void {", ...Array.from({ length: 60 }, () => line), "}"),
      plant("agent/main.ts", "const long = (x: number) => {", ...Array.from({ length: 60 }, () => line), "};"),
      plant("agent/main.ts", "class A {", "  long(): { readonly a: 1 } {", ...Array.from({ length: 60 }, () => line), "  }", "}"),
    ]);
    const short = Array.from({ length: 57 }, () => line);
    expect(rules.sizes([plant("agent/main.ts", "export function short(): void {", ...short, "}")])).toEqual([]);
    expect(rules.sizes([plant("agent/a.table.ts", ...Array.from({ length: 401 }, () => "1,"))])).toEqual([]);
  });

  test("a table holds data only", () => {
    holds(rules.tables, [
      plant("agent/a.table.ts", "export const A = { a: () => 1 };"),
      plant("agent/a.table.ts", "export const A = one ? 1 : 2;"),
      plant("agent/a.table.ts", "for (const x of y) z.push(x);"),
    ]);
  });

  test("no folder is without an owner, and the top level is what was agreed", () => {
    expect(rules.noOwnerlessFolders(paths)).toEqual([]);
    expect(rules.noOwnerlessFolders(["agent/utils/x.ts", "docs/a.md", "drivers/lib/x.ts", "agent/types/x.ts"])).toHaveLength(4);
    expect(rules.topLevel(paths)).toEqual([]);
    expect(rules.topLevel(["scripts/run.sh", "Makefile", "agent/main.ts"])).toEqual(["scripts", "Makefile"]);
  });

  test("no program is in git", () => {
    expect(paths.filter((path) => /\.(node|exe|so|wasm|tar|t?gz|zip|deb)$/.test(path))).toEqual([]);
  });
});

/** Keys that nothing in agent/ raises. */
const RAISED_ELSEWHERE: Readonly<Record<string, string>> = {
  "agent.addon": "raised where the packaged program loads its add-on, in config/package",
};

describe("the table of faults", () => {
  const keys = Object.keys(FAULTS);
  const code = sources.filter(({ path }) => path.startsWith("agent/") && !path.endsWith(".table.ts") && path !== "agent/cli/exit.ts");
  const raised = (key: string): boolean => code.some(({ text }) => text.includes(`"${key}"`));

  test("gives each fault a number of its own, in the order of the numbers, and says for each what to do", () => {
    const numbers = Object.values(FAULTS).map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].sort());
    for (const { number, what, likely, next } of Object.values(FAULTS)) {
      expect(number).toMatch(/^BED-\d{3}$/);
      for (const text of [what, likely, next]) expect(text.trim().length).toBeGreaterThan(2);
    }
  });

  test("names nothing that cannot happen", () => {
    expect(keys.filter((key) => !raised(key))).toEqual(expect.arrayContaining(Object.keys(RAISED_ELSEWHERE)));
    expect(keys.filter((key) => !raised(key) && RAISED_ELSEWHERE[key] === undefined)).toEqual([]);
    expect(raised("port.on_fire")).toBe(false);
  });
});
