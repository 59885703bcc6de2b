import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CANARIES, type Canary } from "./canaries.table.ts";
import { plant } from "./plant.ts";
import { SMALL } from "./small.table.ts";

/**
 * `node test/sim/canaries.ts [--only NAME] [--json]`: plants each bug of the table in a copy of the source, and lets the
 * simulator look for it. A simulator that does not find them proves nothing about the code without them.
 */
const SEEDS_PER_LOOK = 20;
const LOOKS_MAX = 20;
const LOOKERS = 2;

const { values } = parseArgs({ options: { only: { type: "string" }, json: { type: "boolean", default: false } } });
const chosen = CANARIES.filter(({ name }) => values.only === undefined || values.only === name);
if (chosen.length === 0) {
  process.stderr.write(`no canary is called "${values.only}"; there are: ${CANARIES.map(({ name }) => name).join(", ")}\n`);
  process.exit(2);
}

type Found = {
  readonly name: string;
  readonly found: boolean;
  readonly by: string;
  readonly seed: number | undefined;
  readonly seconds: number;
};
const results: Found[] = [];
const waiting = [...chosen];
/** Each looks for one after another. */
async function look(): Promise<void> {
  for (let canary = waiting.shift(); canary !== undefined; canary = waiting.shift()) {
    const result = await lookFor(canary);
    results.push(result);
    if (!values.json) {
      const text = result.found
        ? `found by "${result.by}" at seed ${result.seed}`
        : `NOT FOUND${result.by === "" ? "" : `; ${result.by} instead`}`;
      process.stdout.write(`canary: ${canary.name}: ${text}, ${result.seconds} s\n`);
    }
  }
}
await Promise.all(Array.from({ length: LOOKERS }, look));
const missed = results.filter(({ found }) => !found);
if (values.json) process.stdout.write(`${JSON.stringify({ canaries: results.length, missed: missed.length, results })}\n`);
else process.stdout.write(`canaries: ${results.length - missed.length} of ${results.length} planted bugs found\n`);
process.exit(missed.length === 0 ? 0 : 1);

/** Runs seeds on the broken copy until one of the named checkers speaks. */
async function lookFor(canary: Canary): Promise<Found> {
  const began = performance.now();
  const { folder, remove } = plant([...(canary.world === undefined ? [] : SMALL), ...canary.edits]);
  const others = new Set<string>();
  try {
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      const said = await simulate(folder, canary.world, (canary.from ?? 1) + look * SEEDS_PER_LOOK);
      for (const [, seed, checker] of said.matchAll(/^seed (\d+): ([a-z-]+):/gm)) {
        if (canary.finds.includes(checker ?? "")) return result(true, checker ?? "", Number(seed));
        others.add(checker ?? "");
      }
    }
    return result(false, [...others].join(", "), undefined);
  } finally {
    remove();
  }

  function result(found: boolean, by: string, seed: number | undefined): Found {
    return { name: canary.name, found, by, seed, seconds: Number(((performance.now() - began) / 1000).toFixed(1)) };
  }
}

function simulate(folder: string, world: Canary["world"], seed: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const seeds = ["--seed", String(seed), "--seeds", String(SEEDS_PER_LOOK), "--first"];
    const args = [join(folder, "test/sim/main.ts"), "--here", ...(world === undefined ? [] : [`--${world}`]), ...seeds];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    child.on("error", reject);
    child.on("close", () => resolve(said));
  });
}
