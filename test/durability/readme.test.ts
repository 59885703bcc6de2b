import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../config/package/target.ts";

test("each test that the table of what can go wrong names is there", () => {
  const named = readFileSync(join(import.meta.dirname, "README.md"), "utf8").match(/test\/[a-z0-9/-]+\.test\.ts/g) ?? [];
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
