import { runAgent } from "../../agent/main.ts";
import { runSpoolWorld } from "./spool-world.ts";
import { type Outcome, runWorld } from "./world.ts";

export type WorldName = "whole" | "small" | "spool";
export type Wanted = {
  readonly world: WorldName;
  readonly seed: number;
  readonly seeds: number;
  /** As many seeds as make so many simulated days, but no more than `seeds`. */
  readonly days: number | undefined;
  readonly first: boolean;
  readonly trace: boolean;
};
export type Summary = {
  readonly seeds: number;
  readonly days: number;
  readonly kills: number;
  readonly powerCuts: number;
  readonly records: number;
  readonly duplicates: number;
  readonly owed: number;
  readonly lostToPowerCuts: number;
  readonly lostAgeMaxMs: number;
  readonly named: number;
  readonly fileOperations: number;
  readonly events: number;
  readonly failures: number;
  readonly failedSeeds: readonly number[];
  readonly hash: string | undefined;
  readonly seconds: number;
};

const DAY = 86_400;

/** Seeds one after another, in this process. Failures go to stderr as they are found, each with the command that repeats it. */
export async function run({ world, seed: from, seeds, days, first, trace }: Wanted): Promise<Summary> {
  const began = performance.now();
  const told = trace ? (line: string) => process.stdout.write(`${line}\n`) : undefined;
  const outcomes: Outcome[] = [];
  let simulated = 0;
  for (let seed = from; seed < from + seeds && (days === undefined || simulated < days * DAY); seed += 1) {
    const about = { seed, ...(told === undefined ? {} : { told }) };
    const outcome = await (world === "spool" ? runSpoolWorld(about) : runWorld({ ...about, program: runAgent }));
    outcomes.push(outcome);
    simulated += outcome.seconds;
    const again = `./build.sh sim${world === "whole" ? "" : ` --${world}`} --seed ${seed} --seeds 1`;
    for (const { checker, text } of outcome.failures) process.stderr.write(`seed ${seed}: ${checker}: ${text}\n  again:  ${again}\n`);
    if (first && outcome.failures.length > 0) break;
  }
  return summaryOf(outcomes, (performance.now() - began) / 1000);
}

function summaryOf(outcomes: readonly Outcome[], seconds: number): Summary {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const failed = outcomes.filter(({ failures }) => failures.length > 0);
  return {
    seeds: outcomes.length,
    days: sum((outcome) => outcome.seconds) / DAY,
    kills: sum(({ kills }) => kills),
    powerCuts: sum(({ powerCuts }) => powerCuts),
    records: sum(({ records }) => records),
    duplicates: sum(({ duplicates }) => duplicates),
    owed: sum(({ tally }) => tally.owed),
    lostToPowerCuts: sum(({ tally }) => tally.cut),
    lostAgeMaxMs: Math.max(0, ...outcomes.map(({ tally }) => tally.cutAgeMax)) / 1000,
    named: sum(({ tally }) => tally.named),
    fileOperations: sum(({ operations }) => operations),
    events: sum(({ events }) => events),
    failures: failed.length,
    failedSeeds: failed.map(({ seed }) => seed),
    hash: outcomes.at(-1)?.hash,
    seconds,
  };
}
