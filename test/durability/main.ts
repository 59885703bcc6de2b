import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { loadavg } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { ROOT, WORKSHOP } from "../../config/package/target.ts";
import { aligned } from "../bench/report.ts";
import { playKills } from "./kills.ts";
import { openWard, type Verdict, type Ward } from "./ward.ts";

/** The packaged file against real processes, disks and clocks; README.md here tells what each part does and can find. */
const USAGE = `durability [options]
  --kills N       kill -9 of the packaged file (2000)
  --seed N        another draw of instants (1)
  --only PARTS    some of: kills
  --json          the verdicts on stdout, one object
`;
const OPTIONS = {
  kills: { type: "string", default: "2000" },
  seed: { type: "string", default: "1" },
  only: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;
const KEPT = join(WORKSHOP, "durability");
const EXIT_TOLD = 130;

/** A line of the table at the end. `wanted` is empty where a figure is only told. */
export type Row = { readonly what: string; readonly found: string; readonly wanted: string; readonly holds: boolean };
type Part = { readonly rows: readonly Row[]; readonly told: unknown };
type Wanted = { readonly kills: number; readonly seed: number };

const PARTS: Readonly<Record<string, (wanted: Wanted) => Promise<Part>>> = { kills };

const say = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)}  ${line}`);

async function main(): Promise<number> {
  const { values } = parseArgs({ options: OPTIONS });
  const chosen = values.only?.split(",") ?? Object.keys(PARTS);
  const unknown = chosen.filter((name) => PARTS[name] === undefined);
  if (values.help || unknown.length > 0) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  if (spawnSync(process.execPath, ["config/package/main.ts", "host"], { cwd: ROOT, stdio: "inherit" }).status !== 0) return 1;
  const wanted = { kills: Number(values.kills), seed: Number(values.seed) };
  rmSync(KEPT, { recursive: true, force: true });
  const rows: Row[] = [];
  const told: Record<string, unknown> = {};
  for (const name of chosen) {
    say(`${name} begins, load ${loadavg()[0]!.toFixed(1)}`);
    const began = performance.now();
    const part = await PARTS[name]!(wanted);
    const seconds = Math.round((performance.now() - began) / 1000);
    rows.push(...part.rows, {
      what: `${name}: seconds it took, load at the end`,
      found: `${seconds}, ${loadavg()[0]!.toFixed(1)}`,
      wanted: "",
      holds: true,
    });
    told[name] = part.told;
    say(`${name} ended after ${seconds} s`);
  }
  if (values.json) process.stdout.write(`${JSON.stringify(told)}\n`);
  else process.stdout.write(`\n${tableText(rows)}\n`);
  return rows.every(({ holds }) => holds) ? 0 : 1;
}

async function kills({ kills, seed }: Wanted): Promise<Part> {
  const verdict = await inWard("kills", (ward) => playKills(ward, { kills, seed, rooms: 2, say }));
  return { rows: [...verdictRows(`${kills} kills`, verdict), readyRow(verdict)], told: verdict };
}

/** What a ward's ledgers say is kept where it is not clean. */
async function inWard(name: string, play: (ward: Ward) => Promise<Verdict>): Promise<Verdict> {
  const ward = await openWard();
  const told = (): void => void ward.stop().then(() => process.exit(EXIT_TOLD));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, told);
  try {
    const verdict = await play(ward);
    if (!verdict.clean) {
      mkdirSync(KEPT, { recursive: true });
      cpSync(ward.ledgers, join(KEPT, name), { recursive: true });
      say(`the ledgers are kept in ${relative(ROOT, join(KEPT, name))}: ${JSON.stringify(verdict.examples)}`);
    }
    return verdict;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, told);
    await ward.stop();
  }
}

const NONE = ["lost", "invented", "conflicting", "disordered", "unexplained", "broken"] as const;

function verdictRows(name: string, verdict: Verdict): readonly Row[] {
  const { packets, owed, records, duplicates, lives, ends } = verdict;
  const counted = NONE.map(
    (what): Row => ({ what: `${name}: ${what}`, found: String(verdict[what]), wanted: "0", holds: verdict[what] === 0 }),
  );
  const ended = Object.entries(ends).map(([how, many]) => `${many} ${how}`);
  const found = `${records} records, ${packets} packets, of them ${owed} owed; ${duplicates} duplicates; ${lives} lives, told as ${ended.join(", ")}`;
  return [...counted, { what: `${name}: came`, found, wanted: "", holds: true }];
}

const readyRow = ({ ready }: Verdict): Row => ({
  what: "ready again, p50 / p99 / longest",
  found: `${ready.p50} / ${ready.p99} / ${ready.max} s`,
  wanted: "p99 ≤ 2 s on a quiet machine",
  holds: true,
});

const tableText = (rows: readonly Row[]): string =>
  aligned(
    [["what", "found", "wanted", ""], ...rows.map(({ what, found, wanted, holds }) => [what, found, wanted, holds ? "" : "✗"])],
    [0, 1, 2, 3],
  );

process.exitCode = await main();
