import { describe, expect, test } from "vitest";
import { regressionFolders, regressionsOf } from "./regressions.ts";
import { TARGETS } from "./targets/index.ts";

describe.each(TARGETS.map((target) => [target.name, target] as const))("the parser %s", (name, { seeds, run, lengthMax }) => {
  for (const { name: what, input } of regressionsOf(name))
    test(`holds its laws on an input that once broke one: ${what}`, async () => {
      await run(input, true);
    });

  test("holds its laws on some of what a fuzzer begins with", async () => {
    const all = seeds();
    expect(all.length).toBeGreaterThan(0);
    const stride = Math.max(1, Math.floor(all.length / 10));
    for (const [at, seed] of all.entries()) if (at % stride === 0) await run(seed.slice(0, lengthMax), true);
  }, 30_000);
});

test("no found input lies where nobody replays it", () => {
  const names = TARGETS.map(({ name }) => name);
  expect(regressionFolders().filter((folder) => !names.includes(folder))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});
