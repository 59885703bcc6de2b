import { EXIT } from "../command-line.ts";
import { devicesExit } from "./devices.ts";
import type { Effects } from "./effects.ts";
import { listen } from "./listen.ts";
import { prometheusText } from "./prometheus.ts";
import type { Bench } from "./push.ts";
import { type GatewayRow, isSettled, stateExit, stateOf, summaryOf } from "./state.ts";
import { Trouble, troubleText } from "./trouble.ts";

/** What is looked at again, and told where it changed. */
const LOOK_EVERY = 1_000;
const WRITE_EVERY = 10_000;
const RETRY_FIRST = 1_000;
const RETRY_MAX = 30_000;
/** Thrown out, or so it seems: a broker that restarts quickly looks the same, so the first wait is no longer than it must be. */
const RETRY_TAKEN_OVER = 5_000;

export type WatchWords = { readonly forMs: number; readonly json: boolean; readonly prometheus: string | undefined };

/** Tells changes as they come, until the time is over or somebody interrupts. The exit code says how things stand at the end. */
export async function watch(first: Bench, words: WatchWords): Promise<number> {
  const { fx } = first;
  const start = fx.mono();
  const told = new Map<string, string>();
  const left = (): number => words.forMs - (fx.mono() - start);
  let writtenAt = Number.NEGATIVE_INFINITY;
  let takenPause = RETRY_TAKEN_OVER;
  for (let bench: Bench | undefined = first; bench !== undefined; ) {
    const rows = stateOf(bench);
    tell(fx, rows, told, words.json);
    if (words.prometheus !== undefined && fx.mono() - writtenAt >= WRITE_EVERY) {
      writePrometheus(fx, words.prometheus, rows);
      writtenAt = fx.mono();
    }
    try {
      if (left() <= 0) return finish(bench, words);
      await bench.ear.until(() => false, Math.min(LOOK_EVERY, left()));
    } catch (caught) {
      if (fx.interrupted.aborted) return finish(bench, words);
      bench.ear.end();
      // Where one certificate is one session, coming back at once would throw out a push that somebody waits for.
      const isTaken = caught instanceof Trouble && caught.key === "broker.taken_over";
      bench = await connectAgain(bench, { caught, firstPause: isTaken ? takenPause : RETRY_FIRST }, left);
      takenPause = isTaken ? RETRY_MAX : RETRY_TAKEN_OVER;
    }
  }
  return EXIT.offline;
}

type Lost = { readonly caught: unknown; readonly firstPause: number };

/** A watch outlives its broker. Undefined where the time is over before it came back. */
async function connectAgain(bench: Bench, { caught, firstPause }: Lost, left: () => number): Promise<Bench | undefined> {
  const { fx, site } = bench;
  let trouble = caught;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, RETRY_MAX)) {
    if (!(trouble instanceof Trouble) || trouble.exit !== EXIT.offline) throw trouble;
    fx.note(`${troubleText(trouble)}\n`);
    await fx.sleep(Math.max(0, Math.min(pause, left())));
    if (left() <= 0 || fx.interrupted.aborted) return undefined;
    try {
      return { ...bench, ear: await listen(fx, site, bench.ear.gateways) };
    } catch (again) {
      trouble = again;
    }
  }
}

function finish(bench: Bench, { prometheus }: WatchWords): number {
  const { fx, ear } = bench;
  const rows = stateOf(bench);
  ear.end();
  if (prometheus !== undefined) writePrometheus(fx, prometheus, rows);
  const codes = [stateExit(rows), devicesExit(rows.flatMap(({ devices }) => devices))];
  // Something expected is missing: for a watch that is a failed check, whatever is the cause.
  return codes.every((code) => code === EXIT.ok) ? EXIT.ok : EXIT.failed;
}

export const writePrometheus = (fx: Effects, file: string, rows: readonly GatewayRow[]): void =>
  fx.write(file, new TextEncoder().encode(prometheusText(rows, fx.now())), { mode: 0o644, fresh: false });

/** At first only what is not as it should be; then every change. */
function tell(fx: Effects, rows: readonly GatewayRow[], told: Map<string, string>, json: boolean): void {
  const at = `${new Date(fx.now()).toISOString().slice(0, 19)}Z`;
  const first = told.size === 0;
  for (const { gateway, what, now, good } of rows.flatMap(facts)) {
    const name = `${gateway} ${what}`;
    const before = told.get(name);
    told.set(name, now);
    if (before === now || (before === undefined && good)) continue;
    if (json) fx.out(`${JSON.stringify({ at, gateway, what, now, ...(before === undefined ? {} : { before }) })}\n`);
    else fx.out(`${at}  ${gateway}  ${what}: ${before === undefined ? "" : `${before} → `}${now}\n`);
  }
  if (first && !json) fx.out(`${at}  ${summaryOf(rows)}\n`);
}

type Fact = { readonly gateway: string; readonly what: string; readonly now: string; readonly good: boolean };
function facts({ gateway, state, documents, devices, faults, unexplained }: GatewayRow): readonly Fact[] {
  const fact = (what: string, now: string, good: boolean): Fact => ({ gateway, what, now, good });
  return [
    fact("gateway", state, state === "present"),
    ...documents.map((one) => fact(one.kind, `${one.is} (runs ${one.runs ?? "none"}, pushed ${one.pushed ?? "none"})`, isSettled(one))),
    ...devices.map(({ device, is }) => fact(`device ${device}`, is, is === "present")),
    fact("faults", faults.length === 0 ? "none" : faults.join(", "), faults.length === 0),
    fact("unexplained records", String(unexplained), unexplained === 0),
  ];
}
