import { expect, test } from "vitest";
import { runAgent } from "../../agent/main.ts";
import { runWorld } from "./world.ts";

const SMOKE_FROM = 1;
const SMOKE_SEEDS = 20;
const LIMIT_MS = 60_000;

test("through kills, power cuts and a broker that fails, every reading is delivered or named", { timeout: LIMIT_MS }, async () => {
  const failures: string[] = [];
  for (let seed = SMOKE_FROM; seed < SMOKE_FROM + SMOKE_SEEDS; seed += 1) {
    const outcome = await runWorld({ seed, program: runAgent });
    failures.push(...outcome.failures.map(({ checker, text }) => `./build.sh sim --seed ${seed} --seeds 1: ${checker}: ${text}`));
  }
  expect(failures).toEqual([]);
});

test("an equal seed gives an equal world, twice in a row, and another seed gives another", { timeout: LIMIT_MS }, async () => {
  const [first, second, other] = [
    await runWorld({ seed: 7, program: runAgent }),
    await runWorld({ seed: 7, program: runAgent }),
    await runWorld({ seed: 8, program: runAgent }),
  ];
  expect(second).toEqual(first);
  expect(other.hash).not.toBe(first.hash);
});
