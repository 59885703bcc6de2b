import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { plant } from "./plant.ts";
import { REGRESSIONS } from "./regressions.table.ts";
import { run, type Summary, type Wanted } from "./run.ts";
import { SMALL } from "./small.table.ts";

/**
 * `./build.sh sim [--seed S] [--seeds N | --days D] [--small | --spool] [--workers W] [--first] [--json] [--trace]`: the N seeds that
 * begin with S, or as many as D simulated days take. Exit code 1 when one fails. `--small`: rings, segments and spool are so small that
 * all of them fill up. `--spool`: the spool alone, small, with a crash every few file operations. `--first` stops at the first failure,
 * `--trace` prints everything that happens in a seed, `--regressions` runs the seeds that once failed.
 */
const USAGE =
  "usage: ./build.sh sim [--seed S] [--seeds N | --days D] [--small | --spool] [--workers W] [--first] [--json] [--trace] | --regressions";
const DAYS_SEEDS = 1_000_000;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string" },
    days: { type: "string" },
    small: { type: "boolean", default: false },
    spool: { type: "boolean", default: false },
    workers: { type: "string", default: "1" },
    first: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    regressions: { type: "boolean", default: false },
    /** In a folder that is planted already, as one of the workers. */
    here: { type: "boolean", default: false },
  },
});
const numbers = [values.seed, values.seeds ?? "1", values.workers].map(Number);
const days = values.days === undefined ? undefined : Number(values.days);
if (numbers.some((number) => !Number.isSafeInteger(number) || number < 1) || !(days === undefined || days > 0)) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}
const world = values.spool ? "spool" : values.small ? "small" : "whole";
const wanted: Wanted = {
  world,
  seed: Number(values.seed),
  seeds: values.seeds === undefined ? (days === undefined ? 100 : DAYS_SEEDS) : Number(values.seeds),
  days,
  first: values.first,
  trace: values.trace,
};

if (values.here) process.stdout.write(`${JSON.stringify(await run(wanted))}\n`);
else {
  const summary = values.regressions ? await regressions() : await spread(wanted, Math.min(Number(values.workers), availableParallelism()));
  process.stdout.write(values.json ? `${JSON.stringify(summary)}\n` : textOf(summary));
  process.exit(summary.failures === 0 ? 0 : 1);
}

/** Every seed that ever failed, in its world. */
async function regressions(): Promise<Summary> {
  const all: Summary[] = [];
  for (const { world: where, seed } of REGRESSIONS) all.push(await spread({ ...wanted, world: where, seed, seeds: 1, days: undefined }, 1));
  return merged(all);
}

/** Seeds shared out among processes, on a copy of the source where it must be another. */
async function spread(all: Wanted, workers: number): Promise<Summary> {
  if (all.world === "whole" && workers === 1) return run(all);
  const planted = all.world === "whole" ? undefined : plant(SMALL);
  const folder = planted?.folder ?? join(import.meta.dirname, "../..");
  const began = performance.now();
  try {
    const each = Math.ceil(all.seeds / workers);
    const parts = Array.from({ length: workers }, (_, at) => ({
      ...all,
      seed: all.seed + at * each,
      seeds: Math.min(each, all.seeds - at * each),
      days: all.days === undefined ? undefined : all.days / workers,
    })).filter(({ seeds }) => seeds > 0);
    return { ...merged(await Promise.all(parts.map((part) => child(folder, part)))), seconds: (performance.now() - began) / 1000 };
  } finally {
    planted?.remove();
  }
}

function child(folder: string, part: Wanted): Promise<Summary> {
  const words = ["--here", "--seed", String(part.seed), "--seeds", String(part.seeds)];
  if (part.days !== undefined) words.push("--days", String(part.days));
  if (part.world !== "whole") words.push(`--${part.world}`);
  if (part.first) words.push("--first");
  if (part.trace) words.push("--trace");
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [join(folder, "test/sim/main.ts"), ...words], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    process_.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (said + text).split("\n");
      said = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith('{"seeds":')) resolve(JSON.parse(line) as Summary);
        else process.stdout.write(`${line}\n`);
      }
    });
    process_.on("error", reject);
    process_.on("close", () => reject(new RangeError(`a worker for the seeds from ${part.seed} said nothing of them`)));
  });
}

function merged(all: readonly Summary[]): Summary {
  const sum = (of: (one: Summary) => number): number => all.reduce((total, one) => total + of(one), 0);
  return {
    seeds: sum(({ seeds }) => seeds),
    days: sum((one) => one.days),
    kills: sum(({ kills }) => kills),
    powerCuts: sum(({ powerCuts }) => powerCuts),
    records: sum(({ records }) => records),
    duplicates: sum(({ duplicates }) => duplicates),
    owed: sum(({ owed }) => owed),
    lostToPowerCuts: sum(({ lostToPowerCuts }) => lostToPowerCuts),
    lostAgeMaxMs: Math.max(...all.map(({ lostAgeMaxMs }) => lostAgeMaxMs)),
    named: sum(({ named }) => named),
    fileOperations: sum(({ fileOperations }) => fileOperations),
    events: sum(({ events }) => events),
    failures: sum(({ failures }) => failures),
    failedSeeds: all.flatMap(({ failedSeeds }) => failedSeeds),
    hash: all.at(-1)?.hash,
    seconds: sum(({ seconds }) => seconds),
  };
}

function textOf(all: Summary): string {
  const rate = (count: number): string => (count / all.seconds).toPrecision(3);
  return (
    `sim: ${all.seeds} seeds from ${wanted.seed} (${values.regressions ? "regressions" : world}), ${all.days.toFixed(3)} gateway-days, ${all.kills} kills, ` +
    `${all.powerCuts} power cuts, ${all.records} records (of ${all.owed} owed ${all.lostToPowerCuts} were lost to power cuts within their ` +
    `window, ${all.named} are named by gaps or damage), ${all.failures} failed, ${all.seconds.toFixed(1)} s: ` +
    `${rate(all.powerCuts)} power cuts/s, ${rate(all.days)} gateway-days/s\n`
  );
}
