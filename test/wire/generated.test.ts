import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generate } from "../../proto/generate.ts";

const generated = (name: string): string => readFileSync(new URL(`../../proto/generated/${name}`, import.meta.url), "utf8");

test("the generated code is what the .proto files say now (else: node proto/generate.ts)", { timeout: 60_000 }, () => {
  const { js, dts } = generate();
  expect(generated("bedside.js") === js, "proto/generated/bedside.js is stale").toBe(true);
  expect(generated("bedside.d.ts") === dts, "proto/generated/bedside.d.ts is stale").toBe(true);
});

test("the generated code makes no code at run time", () => {
  expect(generated("bedside.js")).not.toMatch(/\beval\b|\bnew Function\b|\bFunction\(/);
});
