import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as rules from "../tidy-rules.ts";
import { sourceOf } from "../tidy-source.ts";

/** A driver's author at work, in a copy of the tree. */

const ROOT = resolve(import.meta.dirname, "../..");
const TEST_MS = 120_000;
const NAME = "acme-spo2";
let copy: string;

const at = (path: string): string => join(copy, path);
const read = (path: string): string => readFileSync(at(path), "utf8");
function run(command: string, ...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(command, words, { cwd: copy, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}
const dev = (...words: readonly string[]) => run(process.execPath, "test/dev/dev.ts", ...words);
/** Every file that a driver may be registered in, and the folder itself. */
const registers = (): readonly string[] => ["drivers/index.ts", "test/dev/devices.ts", "drivers/README.md"].map(read);
const drivers = (): readonly string[] => readdirSync(at("drivers")).sort();

beforeAll(() => {
  copy = realpathSync(mkdtempSync(join(tmpdir(), "bedside-author-")));
  for (const path of [
    "agent",
    "config",
    "drivers",
    "proto",
    "test/dev",
    "test/drivers",
    "test/support",
    "package.json",
    "tsconfig.json",
    "biome.json",
  ])
    cpSync(join(ROOT, path), at(path), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), at("node_modules"));
  // What an author touches, and what that needs; the whole tree is the business of ./build.sh check.
  writeFileSync(at("tsconfig.author.json"), JSON.stringify({ extends: "./tsconfig.json", include: ["drivers", "test/dev/dev.ts"] }));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe("a driver's author", () => {
  test(
    "is told what a name looks like and what is there already, and nothing is made",
    () => {
      const before = [...registers(), ...drivers()];
      for (const name of ["Acme-Spo2", "../acme-spo2", "-acme", "kit", "puritan-bennett-840"]) {
        const { code, err } = dev("driver-new", ...(name.startsWith("-") ? ["--", name] : [name]));
        expect([name, code]).toEqual([name, 2]);
        expect(err).toMatch(/is no name for a driver: vendor-model|is there already; nothing was changed/);
        expect(err).not.toMatch(/\n {4}at /);
      }
      expect([...registers(), ...drivers()]).toEqual(before);
    },
    TEST_MS,
  );

  test(
    "finds nothing half-made where something fails on the way",
    () => {
      const before = [...registers(), ...drivers()];
      const template = read("test/dev/template/driver.ts");
      writeFileSync(at("test/dev/template/driver.ts"), template.replace('off === "1"', 'off === "0"'));
      const { code, out, err } = dev("driver-new", NAME);
      writeFileSync(at("test/dev/template/driver.ts"), template);
      expect(code).toBe(1);
      expect(out).toContain("FAILED  reads emulated-ordinary.capture.jsonl as expected");
      expect(err).toMatch(/driver-test acme-spo2 failed; everything is as it was before/);
      expect([...registers(), ...drivers()]).toEqual(before);
    },
    TEST_MS,
  );

  test(
    "gets a driver that works: proved, typed, linted and tidy",
    () => {
      const { code, out, err } = dev("driver-new", NAME);
      expect([code, err]).toEqual([0, ""]);
      expect(out).toMatch(/All \d\d proofs hold\./);
      expect(readdirSync(at(`drivers/${NAME}`)).sort()).toEqual(["README.md", "captures", "driver.ts", "emulator.ts"]);
      expect(readdirSync(at(`drivers/${NAME}/captures`)).sort()).toEqual([
        "emulated-ordinary.capture.jsonl",
        "emulated-ordinary.expected.jsonl",
      ]);
      for (const title of ["Device", "Interface", "Frame", "Values", "Alerts", "Timing", "Quirks", "Sources", "Grade"])
        expect(read(`drivers/${NAME}/README.md`)).toContain(`\n## ${title}\n`);
      expect(read("drivers/README.md")).toContain(`| [${NAME}](${NAME}/README.md) |`);
      expect(dev().out).toMatch(/\n {2}acme-spo2 +Acme Spo2\n/);
      const made = ["drivers/index.ts", "test/dev/devices.ts", `drivers/${NAME}/driver.ts`, `drivers/${NAME}/emulator.ts`];
      expect(read(made[2]!).split("\n").length).toBeLessThan(100);

      expect(run("node_modules/.bin/biome", "check", "--error-on-warnings", ...made)).toMatchObject({ code: 0 });
      expect(run("node_modules/.bin/tsc", "-p", "tsconfig.author.json")).toEqual({ code: 0, out: "", err: "" });
      const sources = made.map((path) => sourceOf(path, read(path)));
      for (const rule of [rules.arrows, rules.outsideOnlyInEffects, rules.literalImports, rules.bannedCalls, rules.noAny, rules.sizes])
        expect(rule(sources)).toEqual([]);
      expect(dev("driver-new", NAME)).toMatchObject({ code: 2, err: expect.stringContaining("is there already") });
    },
    TEST_MS,
  );

  /** What is changed in the driver, and what must be found. */
  const BROKEN: readonly (readonly [what: string, from: string, to: string, found: RegExp])[] = [
    [
      "a value without its last digit",
      'replace(/^0+(?=\\d)/, "")',
      "slice(0, 2)",
      /seed 1: unit 1 of \d+: MDC_PULS_OXIM_SAT_O2 was sent as "97" and told as "9"/,
    ],
    ["a checksum that is not looked at", "Number.parseInt(sum, 16) === sum8(", "sum !== String(", /accepted with flipped bits: 24/],
    [
      "a metric that is not declared",
      "[SATURATION, SENSOR_OFF],\n",
      "[SATURATION],\n",
      /seed \d+, frame [0-9a-f]+: acme-spo2\.sensor_off is not declared/,
    ],
    [
      "a decode that throws",
      "LINE.exec(text(frame)) ?? [];\n  const value",
      "LINE.exec(text(frame))!;\n  const value",
      /seed \d+, frame [0-9a-f]*: decode throws.*\n +at drivers\/acme-spo2\/driver\.ts:\d+/,
    ],
    [
      "no value told as a number",
      'digits?.replace(/^0+(?=\\d)/, "") ?? ""',
      '(digits ?? "").replace("---", "000")',
      /MDC_PULS_OXIM_SAT_O2 was sent as null and told as "0"/,
    ],
  ];
  test.each(BROKEN)(
    "is told of %s, with the seed",
    (_, from, to, found) => {
      expect(existsSync(at(`drivers/${NAME}`)), "made by the test before").toBe(true);
      const good = read(`drivers/${NAME}/driver.ts`);
      expect(good).toContain(from);
      writeFileSync(at(`drivers/${NAME}/driver.ts`), good.replace(from, to));
      const { code, out } = dev("driver-test", NAME);
      writeFileSync(at(`drivers/${NAME}/driver.ts`), good);
      expect(out).toMatch(found);
      expect(out).toMatch(/\n\d+ of \d+ proofs FAILED\.\n$/);
      expect(code).toBe(1);
    },
    TEST_MS,
  );

  test(
    "is told which drivers there are, and the proofs of one that is here",
    () => {
      expect(dev("driver-test", "acme")).toMatchObject({ code: 2, err: expect.stringMatching(/takes one of .*acme-spo2.*, not "acme"/) });
      const { code, out } = dev("driver-test", "nonin");
      expect([code, out.includes("All ")]).toEqual([0, true]);
    },
    TEST_MS,
  );
});
