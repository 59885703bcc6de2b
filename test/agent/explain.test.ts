import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { explain } from "../../agent/cli/explain.ts";
import { readWords } from "../../agent/cli/words.ts";
import { Fault } from "../../agent/fault/fault.ts";
import { FAULTS } from "../../agent/fault/faults.table.ts";
import { ROOT } from "../../config/package/target.ts";
import { fakeSelf } from "./fake-self.ts";

const told = (...words: readonly string[]): string => {
  const self = fakeSelf();
  expect(explain(readWords(["explain", ...words]), self)).toBe(0);
  return self.said();
};
const refusal = (word: string): string => {
  try {
    return told(word);
  } catch (caught) {
    if (caught instanceof Fault && caught.key === "word.unknown") return caught.message;
    throw caught;
  }
};

describe("bedside explain", () => {
  test("prints one row whole: number, what, key, likely cause and next command, by any way to say it", () => {
    const { number, what, likely, next } = FAULTS["port.in_use"];
    const whole = `${number}  ${what}    port.in_use\n  likely   ${likely}\n  do       ${next}\n`;
    for (const word of ["BED-203", "bed-203", "203", "BED203", "port.in_use", "PORT.IN_USE"]) expect(told(word), word).toBe(whole);
    expect(JSON.parse(told("203", "--json"))).toEqual({ number, key: "port.in_use", what, likely, next });
  });
  test("prints every row, each in the same way", () => {
    for (const [key, { number, next }] of Object.entries(FAULTS)) {
      expect(told(key)).toBe(told(number));
      expect(told(key)).toContain(next);
    }
  });
  test("without a word lists all by number", () => {
    const lines = told().trim().split("\n");
    expect(lines).toHaveLength(Object.keys(FAULTS).length);
    expect(lines).toEqual([...lines].sort());
    expect(JSON.parse(told("--json"))).toHaveLength(lines.length);
  });
  // biome-ignore format: a table is read by eye.
  test.each([
    ["BED-215",     'There is no fault "BED-215"; did you mean BED-214 (session.silent)?'],
    ["100",         'There is no fault "100"; did you mean BED-101 (uplink.name_unknown)?'],
    ["port.inuse",  'There is no fault "port.inuse"; did you mean BED-203 (port.in_use)?'],
    ["constructor", 'There is no fault "constructor"'],
    ["\u001b[2J",   'There is no fault "\\u001b[2J"'],
  ])("does not know %j, and names the nearest", (word, says) => expect(refusal(word)).toBe(says));
});

describe("every fault", () => {
  const files = execFileSync("git", ["ls-files", "-z", "test"], { cwd: ROOT, encoding: "utf8" }).split("\0");
  // This file goes through all of them, and the house rules name some.
  const tests = files.filter((path) => path.endsWith(".ts") && !/^test\/(?:agent\/explain\.test|tidy)/.test(path));
  const texts = tests.map((path) => readFileSync(join(ROOT, path), "utf8"));
  /** By number, or by key: as a word of its own, or quoted where it is one word only; also in a pattern, with its dot escaped. */
  const named = (key: string, number: string): boolean => {
    const pattern = key.includes(".")
      ? new RegExp(`(?<![\\w.])${key.replaceAll(".", "\\\\?\\.")}(?![\\w.]*\\w)`)
      : new RegExp(`["']${key}["']`);
    return texts.some((text) => text.includes(number) || pattern.test(text));
  };

  test("is raised by some test", () => {
    const missing = Object.entries(FAULTS).filter(([key, { number }]) => !named(key, number));
    expect(missing.map(([key, { number }]) => `${number} ${key}`)).toEqual([]);
    expect(named("port.on_fire", "BED-000")).toBe(false);
  });

  test("that a test or a document names stands in the table", () => {
    const numbers = new Set(Object.values(FAULTS).map(({ number }) => number as string));
    const documents = execFileSync("git", ["ls-files", "-z", "*.md"], { cwd: ROOT, encoding: "utf8" })
      .split("\0")
      .filter((path) => path !== "");
    for (const path of documents) {
      const unknown = [...readFileSync(join(ROOT, path), "utf8").matchAll(/BED-\d{3}/g)]
        .map(([number]) => number)
        .filter((number) => !numbers.has(number));
      expect(unknown, path).toEqual([]);
    }
  });
});
