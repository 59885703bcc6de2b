import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { WORDS } from "../../drivers/kit/words.table.ts";

const DRIVERS = join(import.meta.dirname, "../../drivers");
/** What drivers are made of, without emulators and the table itself. That a word which is told stands there is the compiler's to prove. */
const sources = readdirSync(DRIVERS, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !path.includes("emulator") && !path.endsWith("words.table.ts"))
  .map((path) => readFileSync(join(DRIVERS, path), "utf8"))
  .join("\n");

test("one word beside a value has one meaning, and is one word", () => {
  const words = WORDS.map(([word]) => word);
  expect(new Set(words).size).toBe(words.length);
  for (const [word, meaning] of WORDS) {
    expect(word).toMatch(/^[a-z0-9]+(_[a-z0-9]+)*$/);
    expect(meaning, word).toMatch(/^[a-z0-9].{3,90}[^.]$/i);
  }
});

test("no word is promised to a consumer that no driver says", () => {
  expect(WORDS.map(([word]) => word).filter((word) => !sources.includes(`"${word}"`))).toEqual([]);
});
