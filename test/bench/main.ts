import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { arch, cpus, release } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { productVersion, ROOT } from "../../config/package/target.ts";
import { playDrain } from "./drain.ts";
import { mountFlash } from "./flash.ts";
import { goalsOf, goalsText } from "./goals.ts";
import { playMemory } from "./memory.ts";
import { playProfile } from "./profile.ts";
import { notesText, type Results, type Round, tableText } from "./report.ts";
import { type FlashCounter, type Live, load, playLive, playOutage, WARM_UP_SECONDS } from "./scenes.ts";
import { BENCH, openStage, type Stage } from "./stage.ts";
import { type Kind, NAMES, packagedIsThere } from "./subjects.ts";

/**
 * The benchmark: the packaged agent beside floors that do the same job and nothing else, in turns, so that ratios hold where
 * absolute figures do not. Prints a table, writes .build/bench/bench.json.
 */
const USAGE = `bench [options]
  --devices N     emulated oximeters (20)         --seconds N   length of a window (12)       --rounds N   (3)
  --warm-up N     seconds between the first reading and the window (3): the compilers of Node are at work for about 30
  --chunk         also C that wakes for every chunk
  --growth        also the agent with 60 devices  --memory      also what it holds: idle, demo's devices, 60 s of load
  --drain N       also an outage of N seconds by the devices' time (1200 is good), played 20 times as fast: how long its drain takes
  --no-outage     without the broker's absence    --pace 0ms    another pace than the agent's own
  --agent "CMD"   another command in place of the packaged file, for comparisons
  --profile       only this: where the agent's CPU goes, by function
  --json          bench.json on stdout            --strict      exit 75 where the machine is busy (load above 1.5)
`;
const LOAD_MAX = 1.5;
const EXIT_BUSY = 75;
/** Off line the devices of `--drain` are so many times as fast as real ones. */
const DRAIN_TIMES = 20;
const EXIT_TOLD = 130;
const GROWTH = [20, 60];
const MEMORY_SECONDS = { idle: 20, load: 60 };

const OPTIONS = {
  devices: { type: "string", default: "20" },
  seconds: { type: "string", default: "12" },
  rounds: { type: "string", default: "3" },
  "warm-up": { type: "string", default: String(WARM_UP_SECONDS) },
  pace: { type: "string" },
  agent: { type: "string" },
  chunk: { type: "boolean", default: false },
  growth: { type: "boolean", default: false },
  memory: { type: "boolean", default: false },
  drain: { type: "string" },
  outage: { type: "boolean", default: true },
  profile: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  strict: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;
const say = (line: string): void => console.error(line);

async function main(): Promise<number> {
  const { values } = parseArgs({ options: OPTIONS, allowNegative: true });
  if (values.help) return say(USAGE) ?? 0;
  const busy = await load();
  if (busy > LOAD_MAX) say(`The machine is busy: load ${busy.toFixed(1)}, above ${LOAD_MAX}. Figures hold as ratios at best.`);
  if (busy > LOAD_MAX && values.strict) return EXIT_BUSY;
  if (!packagedIsThere() && spawnSync(process.execPath, ["config/package/main.ts", "host"], { cwd: ROOT, stdio: "inherit" }).status !== 0)
    return 1;
  const [devices, seconds, rounds] = [values.devices, values.seconds, values.rounds].map(Number) as [number, number, number];
  const stage = await openStage();
  let flash: ReturnType<typeof mountFlash>;
  const stop = async (): Promise<void> => {
    flash?.stop();
    await stage.stop();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop().then(() => process.exit(EXIT_TOLD)));
  try {
    if (values.profile) return say(await playProfile(stage, { devices, seconds })) ?? 0;
    flash = mountFlash(stage);
    const wanted: Wanted = {
      flash: flash?.counter,
      ...{ devices, seconds, warmUp: Number(values["warm-up"]) },
      ...(values.pace === undefined ? {} : { pace: values.pace }),
      ...(values.agent === undefined ? {} : { command: values.agent.split(" ") }),
    };
    const kinds: Kind[] = [
      "agent",
      "node",
      ...(stage.tools.floor === undefined ? [] : (["c", ...(values.chunk ? ["chunk"] : [])] as Kind[])),
    ];
    const played: Round[] = [];
    for (let index = 0; index < rounds; index++) played.push(await playRound(stage, kinds, wanted));
    const growth: Live[] = [];
    if (values.growth) for (const many of GROWTH) growth.push(await told(stage, { ...wanted, kind: "agent", devices: many }));
    const outage = values.outage ? await playOutage(stage, wanted) : undefined;
    const drain =
      values.drain === undefined
        ? undefined
        : await playDrain(stage, { ...wanted, outageSeconds: Number(values.drain), times: DRAIN_TIMES });
    const memory = values.memory ? await playMemory(stage, MEMORY_SECONDS) : [];
    await give({ rounds: played, growth, outage, drain, memory }, { json: values.json, options: values });
  } finally {
    await stop();
  }
  const after = await load();
  if (after > LOAD_MAX && values.strict) return EXIT_BUSY;
  return 0;
}

type Wanted = {
  readonly devices: number;
  readonly seconds: number;
  readonly pace?: string;
  readonly command?: readonly string[];
  readonly flash: FlashCounter | undefined;
};

async function playRound(stage: Stage, kinds: readonly Kind[], wanted: Wanted): Promise<Round> {
  const round: Live[] = [];
  for (const kind of kinds) round.push(await told(stage, { ...wanted, kind }));
  return round;
}

async function told(stage: Stage, wanted: Wanted & { readonly kind: Kind }): Promise<Live> {
  const live = await playLive(stage, wanted);
  say(
    `  ${NAMES[live.kind].padEnd(30)} ${live.devices} devices  CPU ${live.cpuPercent.toFixed(2)} %  p99 ${live.p99Ms.toFixed(0)} ms  load ${live.load[1].toFixed(1)}`,
  );
  return live;
}

async function give(results: Results, how: { readonly json: boolean; readonly options: object }): Promise<void> {
  const goals = goalsOf(results);
  const document = { ...(await circumstances()), options: how.options, ...results, goals };
  const file = join(BENCH, "bench.json");
  writeFileSync(file, `${JSON.stringify(document, null, 1)}\n`);
  if (how.json) {
    process.stdout.write(`${JSON.stringify(document)}\n`);
    return;
  }
  const loads = results.rounds.flat().map((live) => live.load[1]);
  const busiest = Math.max(...loads, 0);
  process.stdout.write(`\n${tableText(results)}\n\n${notesText(results)}\n\n${goalsText(goals)}\n\n`);
  process.stdout.write(
    `Load average ${busiest.toFixed(1)} at most${busiest > LOAD_MAX ? `: BUSY (above ${LOAD_MAX}), so trust ratios and counts, not CPU and latency` : ""}.` +
      ` CPU by the scheduler's ns; utime + stime count in steps of 10 ms. All figures: ${relative(ROOT, file)}\n`,
  );
}

async function circumstances(): Promise<object> {
  const said = (name: string, words: readonly string[]): string => {
    const { stdout, error } = spawnSync(name, words, { encoding: "utf8", cwd: ROOT });
    return error === undefined ? stdout.trim() : "";
  };
  return {
    at: new Date().toISOString(),
    version: productVersion(),
    commit: said("git", ["rev-parse", "--short", "HEAD"]),
    node: process.version,
    mosquitto: said("/usr/sbin/mosquitto", ["-h"]).split("\n")[0],
    kernel: release(),
    machine: `${arch()}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
    load: await load(),
  };
}

process.exitCode = await main();
