import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { loadavg } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { ROOT, WORKSHOP } from "../../config/package/target.ts";
import { aligned } from "../bench/report.ts";
import { whyNoCrashDisk } from "./crash-disk.ts";
import { type PowerVerdict, playPowerCuts } from "./images.ts";
import { playKills } from "./kills.ts";
import { type LeakVerdict, playLeak } from "./leak.ts";
import { playSoak, type SoakVerdict } from "./soak.ts";
import { openWard, type Verdict, type Ward } from "./ward.ts";

/** The packaged file against real processes, disks and clocks; README.md here tells what each part does and can find. */
const USAGE = `durability [options]
  --kills N       kill -9 of the packaged file (2000)
  --images N      power cuts: images of a real ext4 (30000); on one in a hundred the packaged file is started
  --for TIME      twenty devices under accidents of network and broker, and once more for the slope of the heap: half of it each (1h)
  --seed N        another draw of instants (1)
  --only PARTS    some of: kills,images,soak,leak
  --json          the verdicts on stdout, one object
`;
const OPTIONS = {
  kills: { type: "string", default: "2000" },
  images: { type: "string", default: "30000" },
  for: { type: "string", default: "1h" },
  seed: { type: "string", default: "1" },
  only: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;
const KEPT = join(WORKSHOP, "durability");
const EXIT_TOLD = 130;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const FOUND_MAX = 100;
/** Bytes; what it would take to judge a smaller one is in so many records. */
const SLOPE_MAX = 0.05;
const SLOPE_RECORDS = 500_000;
const IMAGES_A_ROUND = 500;
const STARTS_EVERY = 100;

/** A line of the table at the end. `wanted` is empty where a figure is only told. */
export type Row = { readonly what: string; readonly found: string; readonly wanted: string; readonly holds: boolean };
type Part = { readonly rows: readonly Row[]; readonly told: unknown };
type Wanted = { readonly kills: number; readonly images: number; readonly seconds: number; readonly seed: number };

const PARTS: Readonly<Record<string, (wanted: Wanted) => Promise<Part>>> = { kills, images, soak, leak };

const say = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)}  ${line}`);

async function main(): Promise<number> {
  const { values } = parseArgs({ options: OPTIONS });
  const chosen = values.only?.split(",") ?? Object.keys(PARTS);
  const unknown = chosen.filter((name) => PARTS[name] === undefined);
  if (values.help || unknown.length > 0 || !Number.isFinite(secondsOf(values.for))) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  const dist = join(KEPT, "dist");
  rmSync(KEPT, { recursive: true, force: true });
  const words = ["config/package/main.ts", "host", "--entry", "agent/cli/bedside.ts", "--out", dist];
  if (spawnSync(process.execPath, words, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] }).status !== 0) return 1;
  // A file of its own: whoever works on the sources meanwhile does not change what is measured.
  process.env.BEDSIDE_DIST = dist;
  const wanted = {
    kills: Number(values.kills),
    images: Number(values.images),
    seconds: secondsOf(values.for) / 2,
    seed: Number(values.seed),
  };
  const rows: Row[] = [];
  const told: Record<string, unknown> = {};
  for (const name of chosen) {
    say(`${name} begins, load ${loadavg()[0]!.toFixed(1)}`);
    const began = performance.now();
    const part = await PARTS[name]!(wanted).catch(broken);
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

/** What ends a part in the midst is a line of the table, and no end of the others. */
function broken(caught: unknown): Part {
  const text = caught instanceof Error ? (caught.stack ?? caught.message) : String(caught);
  say(`BROKEN OFF: ${text}`);
  return {
    told: text,
    rows: [{ what: "broken off (see above)", found: text.split("\n")[0]!.slice(0, FOUND_MAX), wanted: "", holds: false }],
  };
}

async function kills({ kills, seed }: Wanted): Promise<Part> {
  const verdict = await inWard("kills", (ward) => playKills(ward, { kills, seed, rooms: 2, say }));
  return { rows: [...verdictRows(`${kills} kills`, verdict), readyRow(verdict)], told: verdict };
}

/** Each round is another life of an agent on another disk; two go on at a time, since each waits half of its time. */
async function cutRounds(images: number, seed: number): Promise<{ readonly told: readonly PowerVerdict[]; readonly cut: readonly Row[] }> {
  const told: PowerVerdict[] = [];
  const cut: Row[] = [];
  let left = images;
  let next = seed;
  const rounds = async (): Promise<void> => {
    while (left > 0) {
      const now = Math.min(left, IMAGES_A_ROUND);
      left -= now;
      const round = { images: now, seed: next++, starts: Math.ceil(now / STARTS_EVERY), say };
      const verdict = await playPowerCuts(round).catch((caught: unknown) => void cut.push(...broken(caught).rows));
      if (verdict === undefined) continue;
      told.push(verdict);
      for (const one of [verdict.lived, verdict.cut, verdict.starts]) if (one?.clean === false) say(`NOT CLEAN: ${JSON.stringify(one)}`);
      say(`${told.reduce((all, one) => all + one.cut.images, 0)} of ${images} images`);
    }
  };
  await Promise.all([rounds(), rounds()]);
  return { told, cut };
}

async function images({ images, seed }: Wanted): Promise<Part> {
  const missing = whyNoCrashDisk();
  if (missing !== undefined)
    return { rows: [{ what: "power cuts", found: `SKIPPED: ${missing}`, wanted: "0 lost", holds: false }], told: missing };
  // What was made for a disk is taken back where the process ends (crash-disk.ts).
  const leave = (): void => process.exit(EXIT_TOLD);
  for (const signal of SIGNALS) process.once(signal, leave);
  const { told, cut } = await cutRounds(images, seed);
  for (const signal of SIGNALS) process.off(signal, leave);
  const sum = (of: (one: PowerVerdict) => number): number => told.reduce((all, one) => all + of(one), 0);
  const none = (what: string, of: (one: PowerVerdict) => number): Row => ({
    what,
    found: String(sum(of)),
    wanted: "0",
    holds: sum(of) === 0,
  });
  const ages = told.map(({ cut }) => cut.age_ms.max ?? 0);
  const of = `${sum(({ cut }) => cut.images)} images`;
  return {
    told,
    rows: [
      ...cut,
      none(`${of}: lost outside the window`, ({ cut }) => cut.lost),
      none(`${of}: cannot be mounted`, ({ cut }) => cut.unmountable),
      none(`${of}: bytes not as the paper says`, ({ cut }) => cut.odd),
      none("starts on an image: names not delivered, told twice otherwise, or ends told wrong", ({ starts }) =>
        starts === undefined ? 0 : starts.missing + starts.conflicting + starts.wrong,
      ),
      none(
        "lives on these disks: lost, invented, conflicting, unexplained",
        ({ lived }) => lived.lost + lived.invented + lived.conflicting + lived.unexplained,
      ),
      {
        what: `${of}: owed; cost by a cut, within the window`,
        found: `${sum(({ cut }) => cut.owed)} names; ${sum(({ cut }) => cut.within)}, at most ${Math.max(0, ...ages)} ms back`,
        wanted: "window 250 ms",
        holds: true,
      },
    ],
  };
}

async function soak({ seconds, seed }: Wanted): Promise<Part> {
  const told = { soak: undefined as SoakVerdict | undefined };
  const verdict = await inWard("soak", async (ward) => {
    told.soak = await playSoak(ward, { seconds, devices: 20, seed, say });
    return told.soak.verdict;
  });
  const { happened, foundOut, back, anonymous } = told.soak!;
  const accidents = Object.entries(happened).map(([what, times]) => `${what} ${times} ×`);
  const figure = (what: string, found: string, wanted = ""): Row => ({ what: `soak: ${what}`, found, wanted, holds: true });
  const longest = (all: readonly number[]): string => (all.length === 0 ? "–" : `${Math.max(...all).toFixed(1)} s`);
  return {
    told: told.soak,
    rows: [
      ...verdictRows(`soak of ${seconds} s, 20 devices`, verdict),
      figure("accidents", accidents.join(", ")),
      figure("half open found out after at most", longest(foundOut), "≤ 45 s"),
      figure("on line again after at most", longest(back), "the back-off, up to 5 min, if accident follows accident"),
      figure(
        "anonymous memory of the packaged file, early and late",
        anonymous.map((bytes) => `${(bytes / 1e6).toFixed(0)} MB`).join(", "),
      ),
    ],
  };
}

async function leak({ seconds }: Wanted): Promise<Part> {
  const told = { leak: undefined as LeakVerdict | undefined };
  await inWard("leak", async (ward) => {
    told.leak = await playLeak(ward, { seconds, say });
    return told.leak.verdict;
  });
  const { records, slope, buffersGrown, files, heapBytes } = told.leak!;
  const found = `${slope.toFixed(3)} B a record of ${records}; ${(heapBytes / 1e6).toFixed(1)} MB at the end, buffers grew by ${buffersGrown} B`;
  const enough = records >= SLOPE_RECORDS;
  return {
    told: told.leak,
    rows: [
      {
        what: "heap after collections",
        found,
        wanted: enough ? `< ${SLOPE_MAX} B` : "too few records to judge",
        holds: !enough || slope < SLOPE_MAX,
      },
      { what: "open files", found: files.join(", then "), wanted: "no more", holds: files[1] - files[0] <= 2 },
    ],
  };
}

/** "90s", "30min", "1h"; NaN for anything else. */
function secondsOf(text: string): number {
  const [, count = "", unit = ""] = /^(\d+)(s|min|h)$/.exec(text) ?? [];
  return Number(count || Number.NaN) * ({ s: 1, min: 60, h: 3600 }[unit] ?? Number.NaN);
}

/** What a ward's ledgers say is kept where it is not clean. */
async function inWard(name: string, play: (ward: Ward) => Promise<Verdict>): Promise<Verdict> {
  const ward = await openWard();
  const told = (): void => void ward.stop().then(() => process.exit(EXIT_TOLD));
  for (const signal of SIGNALS) process.once(signal, told);
  const keep = (why: string): void => {
    mkdirSync(KEPT, { recursive: true });
    cpSync(ward.ledgers, join(KEPT, name), { recursive: true });
    say(`the ledgers are kept in ${relative(ROOT, join(KEPT, name))}: ${why}`);
  };
  try {
    const verdict = await play(ward);
    if (!verdict.clean) keep(JSON.stringify(verdict.examples));
    return verdict;
  } catch (caught) {
    keep("it was broken off");
    throw caught;
  } finally {
    for (const signal of SIGNALS) process.off(signal, told);
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
