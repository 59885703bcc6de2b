import { parseArgs } from "node:util";
import { runAgent } from "../../agent/main.ts";
import { runSpoolWorld } from "./spool-world.ts";
import { type Outcome, runWorld } from "./world.ts";

/**
 * `node test/sim/main.ts [--seed S] [--seeds N] [--first] [--json] [--trace]`: the N seeds that begin with S. Exit code 1 when
 * one fails. `--first` stops at the first failure, `--trace` prints everything that happens in a seed.
 */
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "100" },
    first: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    spool: { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.seeds);
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1) {
  process.stderr.write("usage: node test/sim/main.ts [--seed S] [--seeds N] [--first] [--json] [--trace]\n");
  process.exit(2);
}

const began = performance.now();
const told = values.trace ? (line: string) => process.stdout.write(`${line}\n`) : undefined;
const outcomes: Outcome[] = [];
for (let seed = first; seed < first + count; seed += 1) {
  const about = { seed, ...(told === undefined ? {} : { told }) };
  const outcome = await (values.spool ? runSpoolWorld(about) : runWorld({ ...about, program: runAgent }));
  outcomes.push(outcome);
  for (const { checker, text } of outcome.failures) {
    process.stderr.write(`seed ${seed}: ${checker}: ${text}\n  again:  ./build.sh sim --seed ${seed} --seeds 1\n`);
  }
  if (values.first && outcome.failures.length > 0) break;
}

const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
const failed = outcomes.filter(({ failures }) => failures.length > 0);
const summary = {
  seeds: outcomes.length,
  days: Number((sum(({ seconds }) => seconds) / 86_400).toFixed(3)),
  kills: sum(({ kills }) => kills),
  powerCuts: sum(({ powerCuts }) => powerCuts),
  records: sum(({ records }) => records),
  duplicates: sum(({ duplicates }) => duplicates),
  owed: sum(({ tally }) => tally.owed),
  lostToPowerCuts: sum(({ tally }) => tally.cut),
  lostAgeMaxMs: Math.max(...outcomes.map(({ tally }) => tally.cutAgeMax)) / 1000,
  namedByGaps: sum(({ tally }) => tally.named),
  fileOperations: sum(({ operations }) => operations),
  events: sum(({ events }) => events),
  failures: failed.length,
  failedSeeds: failed.map(({ seed }) => seed),
  hash: outcomes.at(-1)?.hash,
  seconds: Number(((performance.now() - began) / 1000).toFixed(1)),
};
process.stdout.write(
  values.json
    ? `${JSON.stringify(summary)}\n`
    : `sim: ${summary.seeds} seeds from ${first}, ${summary.days} simulated days, ${summary.kills} kills, ${summary.powerCuts} power cuts, ` +
        `${summary.records} records (of ${summary.owed} owed ${summary.lostToPowerCuts} were lost to power cuts within their window, ` +
        `${summary.namedByGaps} are named by gaps), ${summary.failures} failed, ${summary.seconds} s\n`,
);
process.exit(failed.length === 0 ? 0 : 1);
