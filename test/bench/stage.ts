import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, WORKSHOP } from "../../config/package/target.ts";
import { type Mosquitto, startMosquitto } from "../support/mosquitto.ts";
import { makeAuthority } from "../support/pki.ts";
import { makeSchedule, type Schedule, type Wanted } from "./schedule.ts";
import type { FromSubscriber, Heard, ToSubscriber } from "./subscriber.ts";
import { writeTrust } from "./trust.ts";

/** What stands around a subject: one broker, one subscriber, and serial lines, each in a process of its own. */
export type Stage = {
  /** On disk; gone when the stage is. */
  readonly folder: string;
  /** On tmpfs. */
  readonly runtime: string;
  readonly trust: string;
  readonly broker: Mosquitto;
  readonly subscriber: Subscriber;
  readonly tools: Tools;
  readonly stop: () => Promise<void>;
};
export type Subscriber = {
  /** When the next report comes. */
  readonly heard: () => Promise<bigint>;
  /** Everything since the last time. */
  readonly take: () => Promise<readonly Heard[]>;
};
/** Compiled on the spot; the C floor is missing where libmosquitto is. */
export type Tools = { readonly player: string; readonly floor: string | undefined };
export type Lines = {
  readonly paths: readonly string[];
  /** The devices begin to send. */
  readonly go: () => void;
  /** Hangs up, and tells what was sent. */
  readonly stop: () => Promise<Sent>;
};
/** When the last byte of each packet of the schedule left, in monotonic ns; 0 where the line did not take all of it. */
export type Sent = { readonly schedule: Schedule; readonly leftAt: readonly bigint[]; readonly lateMs: number };

export const CLIENTS = { agent: "gw-bench", node: "gw-node", c: "gw-c", chunk: "gw-chunk", subscriber: "consumer" } as const;
export const BENCH = join(WORKSHOP, "bench");
/** The longest wait for anything that should be there at once. */
export const SOON_MS = 20_000;

export async function openStage(): Promise<Stage> {
  mkdirSync(BENCH, { recursive: true });
  const tools = compileTools();
  const folder = mkdtempSync(join(BENCH, "stage-"));
  const runtime = mkdtempSync("/dev/shm/bedside-bench-");
  let broker: Mosquitto | undefined;
  let listener: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    await endChild(listener);
    await broker?.stop();
    for (const place of [folder, runtime]) rmSync(place, { recursive: true, force: true });
  };
  try {
    const [trust, brokerFolder] = [join(folder, "trust"), join(folder, "broker")];
    for (const place of [trust, brokerFolder]) mkdirSync(place);
    const pki = makeAuthority("benchmark");
    writeTrust(trust, pki, Object.values(CLIENTS));
    broker = await startMosquitto({ folder: brokerFolder, pki });
    const words = [String(broker.port), trust, CLIENTS.subscriber];
    listener = fork(join(import.meta.dirname, "subscriber.ts"), words, { serialization: "advanced", execArgv: [] });
    const subscriber = subscriberOf(listener);
    await told(listener, "ready");
    return { folder, runtime, trust, broker, subscriber, tools, stop };
  } catch (caught) {
    await stop();
    throw caught;
  }
}

function subscriberOf(child: ChildProcess): Subscriber {
  const ask = (what: ToSubscriber): void => void child.send(what);
  return {
    heard: async () => {
      const answer = told(child, "heard");
      ask("watch");
      return (await answer).at;
    },
    take: async () => {
      const answer = told(child, "taken");
      ask("take");
      return (await answer).heard;
    },
  };
}

function told<K extends FromSubscriber["is"]>(child: ChildProcess, is: K): Promise<Extract<FromSubscriber, { is: K }>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(() => reject(new Error(`the subscriber did not say "${is}" in ${SOON_MS} ms`))), SOON_MS);
    const listen = (said: FromSubscriber): void => {
      if (said.is === is) finish(() => resolve(said as Extract<FromSubscriber, { is: K }>));
    };
    const finish = (how: () => void): void => {
      clearTimeout(timer);
      child.off("message", listen);
      how();
    };
    child.on("message", listen);
  });
}

/** Makes the lines of `devices` oximeters; they are silent until `go`. */
export async function openLines(stage: Stage, wanted: Wanted): Promise<Lines> {
  const folder = mkdtempSync(join(stage.folder, "lines-"));
  const schedule = makeSchedule(wanted);
  const [file, ledger] = [join(folder, "schedule"), join(folder, "ledger")];
  writeFileSync(file, schedule.bytes);
  const paths = Array.from({ length: wanted.devices }, (_, index) => join(folder, `port-${index}`));
  const child = spawn(stage.tools.player, [file, ledger, ...paths], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = once(child, "exit").then(() => Promise.reject(new Error("the serial lines could not be made (see above)")));
  await Promise.race([once(child.stdout, "data"), ended]);
  // What ends it later is `stop`.
  ended.catch(() => undefined);
  return {
    paths,
    go: () => void child.stdin.write("go\n"),
    stop: async () => {
      await endChild(child);
      const bytes = readFileSync(ledger);
      const leftAt = Array.from({ length: bytes.length / 8 }, (_, index) => bytes.readBigUInt64LE(index * 8));
      rmSync(folder, { recursive: true });
      return { schedule, leftAt, lateMs: Number(/done (\d+)/.exec(said)?.[1] ?? Number.NaN) / 1e6 };
    },
  };
}

export async function endChild(child: ChildProcess | undefined, how: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "close");
  child.kill(how);
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await gone;
  clearTimeout(timer);
}

function compileTools(): Tools {
  const player = join(BENCH, "line-player");
  const floor = join(BENCH, "floor");
  const wrong = compile("line-player.c", player, []);
  if (wrong !== undefined) throw new Error(`the serial lines need a C compiler (Debian: gcc libc6-dev): ${wrong}`);
  const without = compile("floor.c", floor, ["-lmosquitto"]);
  if (without === undefined) return { player, floor };
  console.error(`SKIPPED: the floor in C, which needs libmosquitto (Debian: libmosquitto-dev):\n${without}`);
  return { player, floor: undefined };
}

/** What is wrong, or undefined. */
function compile(source: string, output: string, libraries: readonly string[]): string | undefined {
  const words = ["-O2", "-o", output, join(ROOT, "test/bench", source), ...libraries];
  const { status, stderr, error } = spawnSync("gcc", words, { encoding: "utf8" });
  return error?.message ?? (status === 0 ? undefined : stderr);
}
