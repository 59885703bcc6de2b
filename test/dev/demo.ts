import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { hostArch, ROOT } from "../../config/package/target.ts";
import { type Board, boardOf } from "./demo/board.ts";
import { CAST, SMALL_CAST } from "./demo/cast.ts";
import { play, type Scene } from "./demo/play.ts";
import { secondOf, summaryOf, wrongs } from "./demo/report.ts";
import { COLOURS, PLAIN, plainLines, screen } from "./demo/screen.ts";
import { type Programs, type Stage, setStage } from "./demo/stage.ts";
import { terminal } from "./demo/terminal.ts";
import { farewell } from "./demo/verdict.ts";

/** `./build.sh demo`: the packaged agent, a real broker, emulated devices, and two ledgers that must be equal. */

const USAGE = `./build.sh demo [--for 20s] [--json] [--kill] [--small]
  --for 20s   stops by itself after this time; without it, Ctrl-C ends the demo
  --json      one object a second on stdout, and a last line that sums up
  --kill      kills the agent twice with SIGKILL and starts it again (without --for: 30 s)
  --small     four devices instead of eight
  --source    runs both programs from the source tree instead of the packaged files
`;
const KILLS = 2;
const KILL_SECONDS = 30;
const SECOND = 1000;

type Wishes = {
  readonly seconds: number | undefined;
  readonly json: boolean;
  readonly kills: number;
  readonly source: boolean;
  readonly small: boolean;
};

function wishes(words: readonly string[]): Wishes | string {
  try {
    const flag = { type: "boolean", default: false } as const;
    const { values } = parseArgs({
      args: [...words],
      options: { for: { type: "string" }, json: flag, kill: flag, source: flag, small: flag, help: flag },
    });
    if (values.help) return USAGE;
    const time = /^(\d+(?:\.\d+)?)(s|min)?$/.exec(values.for ?? `${KILL_SECONDS}s`);
    if (time === null) return `--for takes a time such as 20s or 2min, not "${values.for}"\n${USAGE}`;
    const seconds = Number(time[1]) * (time[2] === "min" ? 60 : 1);
    const endless = values.for === undefined && !values.kill;
    return {
      seconds: endless ? undefined : seconds,
      json: values.json,
      kills: values.kill ? KILLS : 0,
      source: values.source,
      small: values.small,
    };
  } catch (caught) {
    return `${caught instanceof Error ? caught.message : String(caught)}\n${USAGE}`;
  }
}

/** Each program with its words before the verb. */
function programsOf({ source }: Wishes): Programs {
  const program = (name: string, script: string): readonly string[] => {
    if (source) return [process.execPath, join(ROOT, script)];
    const file = join(ROOT, process.env.BEDSIDE_DIST ?? "dist", `${name}-linux-${hostArch()}`);
    if (!existsSync(file)) throw new RangeError(`${file} is not there; make it with  ./build.sh package host`);
    return [file];
  };
  return { agent: program("bedside", "agent/cli/bedside.ts"), fleet: program("bedside-fleet", "config/fleet/bedside-fleet.ts") };
}

async function demo(wanted: Wishes): Promise<number> {
  const live = !wanted.json && process.stdout.isTTY;
  const view = live ? terminal(process.stdout) : undefined;
  const say = (what: string): void => {
    if (view?.open() !== true) process.stderr.write(`${what}\n`);
  };
  const stops = stopSignals();
  let stage: Stage | undefined;
  try {
    const betrayed = process.env.DEMO_SABOTAGE === "trust-stranger";
    stage = await Promise.race([
      setStage({ cast: wanted.small ? SMALL_CAST : CAST, programs: programsOf(wanted), betrayed, say }),
      stops.hard,
    ]);
    return await Promise.race([perform(wanted, stage, { view, say, stop: stops.soft }), stops.hard]);
  } catch (caught) {
    view?.close();
    if (caught instanceof Stopped) return 128 + (constants.signals[caught.signal] ?? 0);
    process.stderr.write(`demo: ${caught instanceof Error ? caught.message : String(caught)}\n`);
    return 1;
  } finally {
    view?.close();
    for (const failed of (await stage?.clear()) ?? []) process.stderr.write(`demo: not put away: ${failed}\n`);
  }
}

type Around = { readonly view: ReturnType<typeof terminal> | undefined; readonly say: (what: string) => void; readonly stop: AbortSignal };

async function perform(wanted: Wishes, stage: Stage, { view, say, stop }: Around): Promise<number> {
  const board = boardOf(stage.central);
  const paint = process.stdout.isTTY && !wanted.json && process.env.NO_COLOR === undefined ? COLOURS : PLAIN;
  const { brokerPort } = stage;
  const { seconds, kills, json } = wanted;
  let said = Number.NEGATIVE_INFINITY;
  let picture: readonly string[] = [];
  const show = (scene: Scene): void => {
    const now = process.hrtime.bigint();
    const seen: Board = board();
    if (view !== undefined) {
      picture = screen(seen, scene, { paint, brokerPort, seconds, now, rows: process.stdout.rows });
      view.draw(picture);
      return;
    }
    if (performance.now() - said < SECOND) return;
    said = performance.now();
    const lines = json ? [JSON.stringify(secondOf(seen, scene, now))] : plainLines(seen, scene);
    process.stdout.write(`${lines.join("\n")}\n`);
  };
  const sabotage = process.env.DEMO_SABOTAGE === "drop-one";
  const outcome = await play({ stage, seconds, kills, stop, say, show, sabotage });
  const wrong = wrongs(outcome);
  const summary = summaryOf(board(), outcome);
  view?.close();
  const words = farewell(summary, outcome, wrong, paint);
  if (json) {
    process.stderr.write(words);
    process.stdout.write(`${JSON.stringify(summary)}\n`);
  } else process.stdout.write(`${picture.join("\n")}${picture.length > 0 ? "\n" : ""}${words}`);
  return wrong.length === 0 ? 0 : 1;
}

// ── Being stopped ───────────────────────────────────────────────────────────────────────────────────────────────────

class Stopped extends Error {
  readonly signal: NodeJS.Signals;
  constructor(signal: NodeJS.Signals) {
    super(signal);
    this.signal = signal;
  }
}

/** The first Ctrl-C ends the watching and lets the ledgers be compared; the second, and every other signal, ends everything at once. */
function stopSignals(): { readonly soft: AbortSignal; readonly hard: Promise<never> } {
  const soft = new AbortController();
  const { promise: hard, reject } = Promise.withResolvers<never>();
  // It may come when nobody waits for it any more.
  hard.catch(() => undefined);
  process.on("SIGINT", () => (soft.signal.aborted ? reject(new Stopped("SIGINT")) : soft.abort()));
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => reject(new Stopped(signal)));
  // Whoever read our output has gone.
  process.stdout.on("error", () => reject(new Stopped("SIGPIPE")));
  return { soft: soft.signal, hard };
}

const wanted = wishes(process.argv.slice(2));
if (typeof wanted === "string") {
  process.stderr.write(wanted);
  process.exit(wanted === USAGE ? 0 : 2);
}
process.exit(await demo(wanted));
