import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostArch, ROOT } from "../../config/package/target.ts";
import type { Summary } from "../dev/demo/report.ts";

/** The demo as a person starts it, in a temporary folder of its own, so that what it leaves behind is seen. */
const PATIENCE = 150_000;
let place: string;
beforeAll(() => {
  for (const name of ["bedside", "bedside-fleet"]) {
    const file = join(ROOT, process.env.BEDSIDE_DIST ?? "dist", `${name}-linux-${hostArch()}`);
    if (!existsSync(file)) throw new RangeError(`${file} is not there; make it with  ./build.sh package`);
  }
  place = mkdtempSync(join(tmpdir(), "demo-test-"));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

type Run = { readonly code: number | string; readonly out: string; readonly err: string };

async function demo(
  words: readonly string[],
  more: { readonly env?: Record<string, string>; readonly onOut?: (text: string, kill: (signal: NodeJS.Signals) => void) => void } = {},
): Promise<Run> {
  const env = { PATH: process.env.PATH ?? "", TMPDIR: place, BEDSIDE_DIST: process.env.BEDSIDE_DIST ?? "dist", ...more.env };
  const child = spawn(process.execPath, [join(ROOT, "test/dev/demo.ts"), ...words], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    more.onOut?.(out, (signal) => child.kill(signal));
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const [code, signal] = await once(child, "close");
  return { code: (code ?? signal) as number | string, out, err };
}
const NUMBER: unknown = expect.any(Number);
type Second = { readonly blocked: readonly { readonly location: string }[]; readonly devices: readonly { readonly device: string }[] };
const lastLine = ({ out }: Run): Summary => JSON.parse(out.trimEnd().split("\n").at(-1) ?? "") as Summary;

/** The agent's runtime directory lies in memory, under the name that the demo's own folder has. */
const inMemory = (seen: readonly string[]): readonly string[] =>
  seen.filter((name) => name.startsWith("bedside-demo-")).map((name) => join("/dev/shm", name));

/** Commands of all processes that name the folder, and what lies in it. */
function leftovers(): readonly string[] {
  const commands = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandOf(pid))
    .filter((command) => command.includes(place));
  return [...commands, ...readdirSync(place)];
}
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch (caught) {
    if (caught instanceof Error && "code" in caught && (caught.code === "ENOENT" || caught.code === "ESRCH")) return "";
    throw caught;
  }
}

describe("the demo", () => {
  it("loses nothing and invents nothing while its agent is killed twice", { timeout: PATIENCE }, async () => {
    const run = await demo(["--for", "12s", "--json", "--kill"]);
    expect(run.code, run.err).toBe(0);
    const summary = lastLine(run);
    expect(Object.keys(summary)).toEqual([
      "observations",
      "waveBlocks",
      "alerts",
      "devices",
      "blocked",
      "lost",
      "unexplained",
      "unheard",
      "restarts",
      "changes",
    ]);
    expect(summary).toMatchObject({ lost: 0, unexplained: 0, restarts: 2 });
    expect(summary.devices.map(({ device }) => device)).toEqual([
      ...["oximeter-1", "oximeter-2", "ventilator-1", "oximeter-3", "monitor-1", "monitor-2", "ventilator-2", "pumps-1"],
    ]);
    for (const { sent, received, unheard } of summary.devices) {
      expect(sent).toBe(received + unheard);
      expect(received).toBeGreaterThanOrEqual(2);
    }
    const { signed, forged } = summary.changes;
    expect([signed?.appliedMs, signed?.firstReadingMs, forged?.refusedMs]).toEqual([NUMBER, NUMBER, NUMBER]);
    expect(forged).toMatchObject({ refused: "BED-611", goesOn: true });
    // The port that the signed change admits was blocked until then.
    const seconds = run.out
      .trimEnd()
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Second);
    const isBlocked = ({ blocked }: Second): boolean => blocked.some(({ location }) => location === "demo-4");
    expect(seconds.filter(isBlocked).some(({ devices }) => new Set(devices.map(({ device }) => device)).size === 7)).toBe(true);
    expect(
      seconds
        .filter((one) => !isBlocked(one))
        .at(-1)
        ?.devices.find(({ device }) => device === "oximeter-3"),
    ).toMatchObject({ device: "oximeter-3", socket: "ICU-12/D" });
    expect(summary.blocked.map(({ location }) => location)).not.toContain("demo-4");
    expect(summary.observations).toBeGreaterThan(300);
    expect(summary.waveBlocks).toBeGreaterThan(20);
    expect(summary.alerts).toBeGreaterThan(0);
    expect(summary.unheard.units).toBeGreaterThan(0);
  });

  it.concurrent("fails where one unit that was sent is missing from what was received", { timeout: PATIENCE }, async () => {
    const run = await demo(["--for", "3s", "--json", "--small"], { env: { DEMO_SABOTAGE: "drop-one" } });
    expect(run.code, run.err).toBe(1);
    expect(lastLine(run)).toMatchObject({ lost: 1, unexplained: 0, unheard: { seconds: 0, units: 0 } });
    expect(run.err).toMatch(/NOT EQUAL/);
  });

  it.concurrent("fails where a forged change is taken", { timeout: PATIENCE }, async () => {
    const run = await demo(["--for", "3s", "--json", "--small"], { env: { DEMO_SABOTAGE: "trust-stranger" } });
    expect(run.code, run.err).toBe(1);
    expect(lastLine(run).changes).toMatchObject({ signed: { appliedMs: NUMBER }, forged: { refused: null } });
    expect(run.err).toMatch(/the gateway did not refuse the forged change/);
  });

  it("leaves no process and no file behind, however it ends", { timeout: PATIENCE }, async () => {
    expect(leftovers()).toEqual([]);
    const present: boolean[] = [];
    const during: (readonly string[])[] = [];
    let told = false;
    const stopped = (signal: NodeJS.Signals) => (text: string, kill: (signal: NodeJS.Signals) => void) => {
      if (told || !text.includes('"streaming"')) return;
      told = true;
      during.push(leftovers());
      present.push(inMemory(during.at(-1) ?? []).every((folder) => existsSync(folder)));
      kill(signal);
    };
    const asked = await demo(["--json", "--small"], { onOut: stopped("SIGINT") });
    expect(leftovers()).toEqual([]);
    told = false;
    const ended = await demo(["--json", "--small"], { onOut: stopped("SIGTERM") });
    expect(leftovers()).toEqual([]);
    // While it ran there was something to be seen, so that nothing means nothing.
    expect(during.map((seen) => seen.length > 4)).toEqual([true, true]);
    const memories = during.flatMap(inMemory);
    expect([memories.length, ...present]).toEqual([2, true, true]);
    expect(memories.filter((folder) => existsSync(folder))).toEqual([]);
    // Ctrl-C is how an endless demo ends: its ledgers are compared. SIGTERM does not wait for that.
    expect([asked.code, ended.code], asked.err).toEqual([0, 143]);
    expect(lastLine(asked)).toMatchObject({ lost: 0, restarts: 0, changes: { forged: { refused: "BED-611" } } });
  });
});
