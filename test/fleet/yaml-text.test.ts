import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readBodyFile } from "../../config/fleet/documents.ts";
import type { Effects } from "../../config/fleet/effects.ts";
import { readSite } from "../../config/fleet/site.ts";
import { ROOT } from "../../config/package/target.ts";
import { YAML_WORDS } from "../../config/settings/yaml-words.table.ts";
import { told } from "./told.ts";

/** The library's own words, none of which a person sees. */
const LIBRARY = /flow|collection|scalar|implicit|mapping|Unresolved|unique|anchors?\/|at line \d+, column/;

const site = (text: string): string => told(() => readSite(text, "fleet.yaml"));
const body = (text: string): string =>
  told(() => readBodyFile({ read: () => new TextEncoder().encode(text) } as unknown as Effects, "slow.yaml", "settings"));

describe("a mistake of YAML is told in our words, with its line and what to do:", () => {
  test.each([
    ["a tab", "broker:\n\thost: x\n", "line 2: Tabs are not allowed"],
    ["a bracket that is not closed", "broker: [1, 2\nstore: x\n", "line 2: this line does not stand under"],
    ["a quote that is not closed", "store: 'x\n", "line 2: something is not closed"],
    ["two colons", "store: b: c\n", "line 1: a second colon in one line; put the value in quotes"],
    ["two documents", "store: a\n--- 2\n", "line 2: a second document begins here (---)"],
    ["a tag", "store: !!seq a\n", "line 1: a tag (!) is not understood here"],
    ["an alias of nothing", "store: *x\n", "(the whole file): an alias (*) that no anchor (&) before it explains"],
  ])("%s", (_what, text, words) => {
    for (const said of [site(text), body(text)]) {
      expect(said).toContain(words);
      expect(said).toMatch(/\n {2}do {7}correct each line named above/);
      expect(said).not.toMatch(LIBRARY);
    }
  });

  test("a key twice", () => {
    expect(site("store: a\nstore: b\n")).toContain("line 2: this key stands twice in one group");
  });

  test("whatever the library finds, there are words of ours for it", () => {
    const [, codes = ""] = /type ErrorCode = ([^;]+);/.exec(readFileSync(join(ROOT, "node_modules/yaml/dist/errors.d.ts"), "utf8")) ?? [];
    const names = codes.split("|").map((one) => one.replaceAll("'", "").trim());
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !Object.hasOwn(YAML_WORDS, name))).toEqual([]);
  });
});

test("what is wrong with a value is told with its line, what was expected, and what was found", () => {
  const said = body("description: slow\npace: fast\n");
  expect(said).toMatch(/\n +line 2 {2}pace: expected .+ found "fast"\n/);
  expect(site("broker: { host: x, port: 0, ca: a, cert: b, key: c }\n\ngateways:\n  gw/1: {}\n")).toMatch(
    /\n +line 1 {2}broker\.port: expected .+\n +line 4 {2}gateways\.gw\/1: expected a gateway's name/,
  );
});
