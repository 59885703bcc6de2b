import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type HoldWatch, watchHold } from "../../support/port-holders.ts";
import type { Hold } from "./book.ts";

/** One process of the agent, from its start to its end, and which ports it held when: seen from outside, in /proc. */
export type AgentLife = {
  readonly pid: number;
  readonly output: () => string;
  /** Resolves with the exit code or signal. */
  readonly ended: Promise<number | string>;
  /** SIGKILL, and resolves when it is dead. */
  readonly kill: () => Promise<void>;
  /** SIGTERM, and SIGKILL where it does not obey in time; resolves with the exit code or signal. */
  readonly stop: () => Promise<number | string>;
  readonly killedAt: () => bigint | undefined;
  /** From now on this port too is watched. */
  readonly watch: (path: string) => void;
  readonly isOver: () => boolean;
  /** Holds, or held, every port that it was started for. */
  readonly holdsAll: () => boolean;
  readonly holdOf: (path: string) => Hold | undefined;
  /** Ports that it let go of before its end, or held more than once. */
  readonly letGo: () => readonly string[];
};

const LOOK_EVERY_MS = 2;
const STOP_WITHIN_MS = 10_000;
const OUTPUT_MAX = 16_384;

/**
 * Without a variable of ours: the agent refuses dangerous ones. In a group of its own, so that Ctrl-C reaches it through us; the
 * kernel ends it where we die first.
 */
export function startAgent(command: readonly string[], ports: readonly string[]): AgentLife {
  const child = spawn("setpriv", ["--pdeathsig", "KILL", ...command], {
    env: { PATH: process.env.PATH ?? "" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const pid = child.pid;
  if (pid === undefined) throw new RangeError("setpriv (util-linux) cannot be started");
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = `${output}${text}`.slice(-OUTPUT_MAX);
    });
  }
  const watches = new Map<string, HoldWatch>();
  const watch = (path: string): void => void watches.set(path, watchHold({ path, pid, everyMs: LOOK_EVERY_MS }));
  for (const path of ports) watch(path);
  let killedAt: bigint | undefined;
  let endedAt: bigint | undefined;
  const ended = once(child, "exit").then(([code, signal]) => {
    for (const one of watches.values()) one.stop();
    return (code ?? signal) as number | string;
  });
  return {
    pid,
    output: () => output,
    ended,
    kill: async () => {
      killedAt = process.hrtime.bigint();
      endedAt = killedAt;
      child.kill("SIGKILL");
      await ended;
    },
    stop: () => {
      endedAt ??= process.hrtime.bigint();
      return stopped(child, ended);
    },
    killedAt: () => killedAt,
    watch,
    isOver: () => child.exitCode !== null || child.signalCode !== null,
    holdsAll: () => ports.every((path) => (watches.get(path)?.intervals.length ?? 0) > 0),
    holdOf: (path) => {
      const first = watches.get(path)?.intervals[0];
      return first === undefined ? undefined : { from: first.from, killed: killedAt };
    },
    letGo: () => [...watches].filter(([, one]) => wasLetGo(one, endedAt)).map(([path]) => path),
  };
}

async function stopped(child: ChildProcess, ended: Promise<number | string>): Promise<number | string> {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
  const how = await ended;
  clearTimeout(hard);
  return how;
}

/** A process holds until it is told to end; the watch looks only every so often. */
function wasLetGo({ intervals }: HoldWatch, endedAt: bigint | undefined): boolean {
  const [first, ...more] = intervals;
  if (more.length > 0) return true;
  return first?.latest !== undefined && (endedAt === undefined || first.latest < endedAt);
}
