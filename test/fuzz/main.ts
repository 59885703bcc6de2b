import { parseArgs } from "node:util";
import type { Outcome } from "./engine.ts";
import { hunt } from "./hunt.ts";
import { TARGETS } from "./targets/index.ts";

/**
 * `node test/fuzz/main.ts [parser …] [--for 60s] [--executions N] [--seed S] [--planted] [--json]`: feeds each parser with inputs
 * that its own branches ask for. Exit code 1 where one breaks a law. `--planted` plants the bug of each parser and looks for it:
 * exit code 1 where one is not found.
 */
const USAGE = "usage: ./build.sh fuzz [parser ...] [--for 60s] [--executions N] [--seed S] [--planted] [--json]\n";
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    for: { type: "string" },
    executions: { type: "string" },
    seed: { type: "string", default: "1" },
    planted: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const [, amount, unit] = /^(\d+)([smh])$/.exec(values.for ?? "60s") ?? [];
const seed = Number(values.seed);
const executions = values.executions === undefined ? Number.POSITIVE_INFINITY : Number(values.executions);
const unknown = positionals.filter((name) => !TARGETS.some((target) => target.name === name));
if (amount === undefined || unit === undefined || !Number.isSafeInteger(seed) || !(executions > 0) || unknown.length > 0) {
  process.stderr.write(
    `${unknown.map((name) => `there is no parser "${name}"\n`).join("")}${USAGE}parsers: ${TARGETS.map(({ name }) => name).join(", ")}\n`,
  );
  process.exit(2);
}
const time = Number(amount) * UNITS[unit]!;

let failed = 0;
for (const target of TARGETS) {
  if (positionals.length > 0 && !positionals.includes(target.name)) continue;
  const began = performance.now();
  const isOver = values.for === undefined && values.executions !== undefined ? () => false : () => performance.now() - began > time;
  const outcome = await hunt(target, { seed, executions, isOver }, values.planted ? "planted" : "as it is");
  const seconds = (performance.now() - began) / 1000;
  const isWrong = values.planted ? target.planted !== undefined && outcome.finding === undefined : outcome.finding !== undefined;
  if (isWrong) failed += 1;
  tell(target.name, outcome, seconds);
}
process.exit(failed === 0 ? 0 : 1);

function tell(name: string, { corpus, finding, ...rest }: Outcome, seconds: number): void {
  const { executions: done, edges, edgesAll, hash, workMax } = rest;
  const found = finding && {
    execution: finding.execution,
    failure: textOf(finding.failure),
    input: Buffer.from(finding.input).toString("hex"),
  };
  if (values.json)
    process.stdout.write(`${JSON.stringify({ name, ...rest, corpus: corpus.length, seconds: Number(seconds.toFixed(2)), found })}\n`);
  else
    process.stdout.write(
      `fuzz: ${name}: ${done} executions in ${seconds.toFixed(1)} s (${Math.round(done / seconds)}/s), ${edges} of ${edgesAll} branches, ` +
        `${corpus.length} inputs kept (${hash}), at most ${workMax} branches a byte\n${found === undefined ? "" : foundText(name, found)}`,
    );
}
type Found = { readonly execution: number; readonly failure: string; readonly input: string };
function foundText(name: string, { execution, failure, input }: Found): string {
  const kept = values.planted ? "" : `  keep it: write the hex into test/fuzz/regressions/${name}/WHAT.hex\n`;
  return `  FOUND after ${execution} executions: ${failure}\n  ${input}\n${kept}`;
}
function textOf(failure: unknown): string {
  return failure instanceof Error ? (failure.stack ?? failure.message).slice(0, 900) : String(failure);
}
