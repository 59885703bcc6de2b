import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { TARGETS } from "./targets/index.ts";

const MAIN = join(import.meta.dirname, "main.ts");
const LIMIT_MS = 240_000;
/** Each bug is found by fewer; the figures stand in the output of `./build.sh fuzz --planted`. */
const WITHIN = 40_000;

type Told = { readonly name: string; readonly executions: number; readonly hash: string; readonly found?: { readonly failure: string } };
/** A process of its own: it loads the sources anew, with counters and with other texts in them. */
async function fuzzed(...words: readonly string[]): Promise<readonly Told[]> {
  const args = ["--disable-warning=ExperimentalWarning", MAIN, "--json", ...words];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 24 });
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Told);
}

test("every parser has a planted bug, and the fuzzer finds it", { timeout: LIMIT_MS }, async () => {
  const told = await fuzzed("--planted", "--executions", String(WITHIN));
  expect(TARGETS.filter(({ planted }) => planted === undefined).map(({ name }) => name)).toEqual([]);
  expect(told.map(({ name }) => name)).toEqual(TARGETS.map(({ name }) => name));
  expect(told.filter(({ found }) => found === undefined)).toEqual([]);
});

test("equal seeds keep equal inputs, and another seed others", { timeout: LIMIT_MS }, async () => {
  const words = ["masimo-ascii", "--executions", "1500"];
  const [first, second, other] = await Promise.all([fuzzed(...words), fuzzed(...words), fuzzed(...words, "--seed", "2")]);
  expect(second[0]?.hash).toBe(first[0]?.hash);
  expect(other[0]?.hash).not.toBe(first[0]?.hash);
});

test("without a planted bug nothing is found in a first look, which begins with all that was ever found", {
  timeout: LIMIT_MS,
}, async () => {
  const told = await fuzzed("--executions", "150");
  expect(told.map(({ name }) => name)).toEqual(TARGETS.map(({ name }) => name));
  expect(told.filter(({ found }) => found !== undefined)).toEqual([]);
});
