import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readBody } from "../../config/bodies.ts";
import { ROOT } from "../../config/package/target.ts";
import { DOCUMENTS, type DocumentName, exampleOf } from "../../config/reference/documents.ts";
import { allEntries, entriesOf, findEntries } from "../../config/reference/entries.ts";
import { EXAMPLE_FILES, madeFiles, SCHEMA_FILES } from "../../config/reference/texts.ts";
import { readFileSettings } from "../../config/schema.ts";
import { KEYS } from "../../config/settings/keys.table.ts";
import { DRIVERS } from "../../drivers/index.ts";
import { linesByDriver } from "../../drivers/kit/line.ts";

const fileText = (name: string): string => readFileSync(join(ROOT, "config", name), "utf8");
const known = { drivers: linesByDriver(DRIVERS) };
/** As the agent and the fleet tool judge it. */
const mistakesOf = (name: DocumentName, value: unknown) => {
  const read = name === "file" ? readFileSettings(value) : readBody(name, value, known);
  return "mistakes" in read ? read.mistakes : [];
};
/** As an editor judges it, by the file that is delivered. */
const validators = Object.fromEntries(
  DOCUMENTS.map((name) => {
    const ajv = new Ajv2020({ allErrors: true, strict: true });
    ajv.addKeyword("patternErrorMessage");
    return [name, ajv.compile(JSON.parse(fileText(SCHEMA_FILES[name])) as object)];
  }),
) as Record<DocumentName, ValidateFunction>;

describe("what is made of the configuration's definition", () => {
  for (const [name, text] of Object.entries(madeFiles()))
    test(`config/${name} is fresh; if not:  node config/reference.ts`, () => expect(fileText(name)).toBe(text));

  test("is written by one command, which writes nothing where all is fresh", () => {
    expect(execFileSync(process.execPath, [join(ROOT, "config/reference.ts")], { encoding: "utf8" })).toBe("");
  });

  test("explains every key, and no key that is none", () => {
    const paths = allEntries().map(({ path }) => path);
    expect(paths.length).toBeGreaterThan(30);
    expect(
      Object.keys(KEYS)
        .filter((path) => path !== "")
        .sort(),
    ).toEqual([...paths].sort());
    for (const { path, what, examples, type } of allEntries()) {
      expect(what, path).toMatch(/^\S.+\.$/);
      if (type !== "group" && type !== "list") expect(examples.length, `an example of ${path}`).toBeGreaterThan(0);
    }
  });

  test("tells unit, bounds and default of a quantity, from where they are checked", () => {
    const [pace] = entriesOf("file").filter(({ path }) => path === "pace");
    expect(pace).toMatchObject({ type: "time", unit: "ms, s, min", bounds: "20ms to 1min", fallback: "100ms", needed: false });
  });
});

describe.each(DOCUMENTS)("the commented example of %s", (name) => {
  const text = fileText(EXAMPLE_FILES[name]);
  const value: unknown = parse(text);

  test("is taken, and an editor has nothing to say against it", () => {
    expect(mistakesOf(name, value)).toEqual([]);
    expect(validators[name](value), JSON.stringify(validators[name].errors)).toBe(true);
    expect(value).toEqual(exampleOf(name));
  });

  test("names every key with a comment above its first, and the schema in its first line", () => {
    expect(text.split("\n")[0]).toBe(`# yaml-language-server: $schema=${SCHEMA_FILES[name]}`);
    const lines = text.split("\n");
    for (const { path } of entriesOf(name).filter(({ path }) => !path.endsWith("[]"))) {
      const key = path.split(".").at(-1);
      const first = lines.findIndex((line) => new RegExp(`^ *(?:- )?${key}:`).test(line));
      expect(first, path).toBeGreaterThan(0);
      expect(lines[first - 1], path).toMatch(/^ *# /);
    }
  });
});

describe("a document that is shown to people", () => {
  const blocks = ["README.md", "config/fleet/OPERATIONS.md", "config/host/INSTALL.md"].flatMap((path) =>
    [...readFileSync(join(ROOT, path), "utf8").matchAll(/^```yaml\n(gateway:[\s\S]*?)^```/gm)].map(([, text = ""]) => ({ path, text })),
  );
  test.each(blocks)("in $path is taken", ({ text }) => expect(mistakesOf("file", parse(text))).toEqual([]));
  test("is there", () => expect(blocks.length).toBeGreaterThan(0));
});

// ── One verdict ──

const BROKER = { host: "b", port: 8883, ca: "/a", cert: "/c", key: "/k" };
const FILE = { gateway: "gw-1", broker: BROKER };
const RULE = { when: { location: "a" }, allow: true, device: "d", driver: "nonin", socket: "s" };
const KEY = { id: "k", role: "operations", key: `${"A".repeat(43)}=` };
type Verdict = "taken" | "refused" | "meaning";
/** `meaning`: an editor cannot see it, the gateway refuses it. */
// biome-ignore format: a table is read by eye.
const VERDICTS: readonly (readonly [name: DocumentName, verdict: Verdict, value: unknown])[] = [
  ["file", "taken",   FILE],
  ["file", "taken",   { ...FILE, format: 1, description: "x", trust: [KEY], documents: ["/a"], ports: [{ path: "/p", location: "l" }], pace: "1 s", window: "2.5s", spool: { size: "8MiB" } }],
  ["file", "taken",   { ...FILE, spool: {}, trust: [], documents: [], ports: [] }],
  ["file", "taken",   { ...FILE, broker: { ...BROKER, host: "fd00::1" } }],
  ["file", "refused", {}],
  ["file", "refused", null],
  ["file", "refused", []],
  ["file", "refused", "x"],
  ["file", "refused", { gateway: "gw-1" }],
  ["file", "refused", { broker: BROKER }],
  ["file", "refused", { ...FILE, format: 2 }],
  ["file", "refused", { ...FILE, format: "1" }],
  ["file", "refused", { ...FILE, colour: "red" }],
  ["file", "refused", { ...FILE, gateway: "gw/1" }],
  ["file", "refused", { ...FILE, gateway: 12 }],
  ["file", "refused", { ...FILE, description: "" }],
  ["file", "refused", { ...FILE, description: "a\nb" }],
  ["file", "refused", { ...FILE, description: "x".repeat(129) }],
  ["file", "refused", { ...FILE, broker: { ...BROKER, port: "8883" } }],
  ["file", "refused", { ...FILE, broker: { ...BROKER, port: 65536 } }],
  ["file", "refused", { ...FILE, broker: { ...BROKER, port: 88.5 } }],
  ["file", "refused", { ...FILE, broker: { ...BROKER, host: "mqtts://b" } }],
  ["file", "refused", { ...FILE, broker: { ...BROKER, user: "x" } }],
  ["file", "refused", { ...FILE, trust: [{ ...KEY, role: "root" }] }],
  ["file", "refused", { ...FILE, trust: [{ ...KEY, key: "AAAA" }] }],
  ["file", "refused", { ...FILE, trust: Array.from({ length: 33 }, (_, at) => ({ ...KEY, id: `k${at}` })) }],
  ["file", "refused", { ...FILE, ports: [{ path: "/p" }] }],
  ["file", "refused", { ...FILE, rules: [RULE] }],
  ["file", "refused", { ...FILE, rules: [] }],
  ["file", "refused", { ...FILE, documents: "/a" }],
  ["file", "refused", { ...FILE, documents: [""] }],
  ["file", "refused", { ...FILE, documents: [{ path: "/a" }] }],
  ["file", "refused", { ...FILE, documents: Array.from({ length: 9 }, (_, at) => `/${at}`) }],
  ["file", "refused", { ...FILE, pace: 100 }],
  ["file", "refused", { ...FILE, pace: "100" }],
  ["file", "refused", { ...FILE, pace: "100MiB" }],
  ["file", "refused", { ...FILE, pace: "1s1s" }],
  ["file", "refused", { ...FILE, spool: { size: "64MB" } }],
  ["file", "refused", { ...FILE, spool: "64MiB" }],
  ["file", "meaning", { ...FILE, pace: "19ms" }],
  ["file", "meaning", { ...FILE, pace: "1s" }],
  ["settings", "taken",   {}],
  ["settings", "taken",   { pace: "1s", window: "2s", description: "x", spool: { size: "1GiB" }, broker: { host: "b", port: 1 } }],
  ["settings", "refused", { rules: [] }],
  ["settings", "refused", { documents: ["/a"] }],
  ["settings", "refused", { gateway: "x" }],
  ["settings", "refused", { broker: { host: "b" } }],
  ["settings", "refused", { broker: { host: "b", port: 1, key: "/k" } }],
  ["settings", "refused", { broker: null }],
  ["settings", "refused", { pace: 1 }],
  ["settings", "refused", []],
  ["settings", "meaning", { window: "100ms" }],
  ["admissions", "taken",   { rules: [] }],
  ["admissions", "taken",   { rules: [RULE] }],
  ["admissions", "taken",   { rules: [{ when: { serial: "x" }, allow: false }, { when: { vendor: "0403" }, allow: false, reason: "x" }] }],
  ["admissions", "refused", {}],
  ["admissions", "refused", { rules: {} }],
  ["admissions", "refused", { rules: [], pace: "1s" }],
  ["admissions", "refused", { rules: [{ allow: false }] }],
  ["admissions", "refused", { rules: [], documents: ["/a"] }],
  ["admissions", "refused", { rules: [{ ...RULE, device: undefined }].map(({ device: _, ...rest }) => rest) }],
  ["admissions", "refused", { rules: [{ ...RULE, allow: "yes" }] }],
  ["admissions", "refused", { rules: [{ ...RULE, allow: false }] }],
  ["admissions", "refused", { rules: [{ ...RULE, reason: "x" }] }],
  ["admissions", "refused", { rules: [{ ...RULE, when: { vendor: 403 } }] }],
  ["admissions", "refused", { rules: [{ ...RULE, when: { colour: "x" } }] }],
  ["admissions", "meaning", { rules: [{ ...RULE, when: {} }] }],
  ["admissions", "meaning", { rules: [{ ...RULE, driver: "nonim" }] }],
  ["admissions", "meaning", { rules: [RULE, RULE] }],
];

describe("an editor and the gateway say the same of", () => {
  test.each(VERDICTS)("%s, %s: %j", (name, verdict, value) => {
    expect(mistakesOf(name, value).length === 0, JSON.stringify(mistakesOf(name, value))).toBe(verdict === "taken");
    expect(validators[name](value), JSON.stringify(validators[name].errors)).toBe(verdict !== "refused");
  });
});

describe("a key is found", () => {
  // biome-ignore format: a table is read by eye.
  const FOUND: readonly (readonly [word: string, paths: readonly string[]])[] = [
    ["broker.host",           ["broker.host"]],
    ["host",                  ["broker.host"]],
    ["rules[0].when.serial",  ["rules[].when.serial"]],
    ["rules.when.serial",     ["rules[].when.serial"]],
    ["location",              ["ports[].location", "rules[].when.location"]],
    ["trust",                 ["trust", "trust[]"]],
    ["when.vendor",           ["rules[].when.vendor"]],
  ];
  test.each(FOUND)("by %s", (word, paths) => {
    const read = findEntries(word);
    expect("found" in read ? read.found.map(({ path }) => path) : read).toEqual(paths);
  });
  test.each([
    ["trsut", "trust"],
    ["brokr.host", "broker.host"],
    ["widnow", "window"],
    ["locaton", "location"],
    ["zzzzzz", undefined],
    ["", undefined],
    ["__proto__", undefined],
  ])("not by %s, but it is told what was perhaps meant", (word, near) => expect(findEntries(word)).toEqual({ near }));
});
