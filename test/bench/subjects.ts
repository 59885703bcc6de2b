import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hostArch, ROOT } from "../../config/package/target.ts";
import { biomedicalEngineer } from "../support/admissions.ts";
import { BENCH, CLIENTS, endChild, type Stage } from "./stage.ts";

/** The programs that are compared: the packaged agent, and floors that do the same job and nothing else. */
export type Kind = "agent" | "node" | "c" | "chunk";
export const NAMES: Readonly<Record<Kind, string>> = {
  agent: "A  bedside, packaged",
  node: "B  Node floor, tick 20 ms",
  c: "C  C floor, tick 20 ms",
  chunk: "D  C, wakes for every chunk",
};

export type Subject = { readonly pid: number; readonly startedAt: bigint; readonly end: () => Promise<void> };
export type Agent = Subject & { readonly runtimeDir: string };
export type Port = { readonly path: string; readonly driver: string };
export type AgentOptions = {
  readonly ports: readonly Port[];
  readonly pace?: string;
  /** Where its state lies; a folder of the stage where none is given. */
  readonly stateFolder?: string;
  /** In place of the packaged file. */
  readonly command?: readonly string[];
};

/** V8's settings of the packaged file, so that the Node floor differs from it by its work alone. */
const NODE_WORDS = ["--max-semi-space-size=1", "--v8-pool-size=1"];

export const packagedFile = (): string => join(ROOT, "dist", `bedside-linux-${hostArch()}`);
export const deviceName = (index: number): string => `device-${index}`;

export function startAgent(stage: Stage, options: AgentOptions): Agent {
  const folder = mkdtempSync(join(options.stateFolder ?? stage.folder, "state-"));
  const runtimeDir = mkdtempSync(join(stage.runtime, "run-"));
  const config = join(folder, "bedside.yaml");
  writeFileSync(config, configuration(stage, options) + admissions(folder, options));
  const [file = packagedFile(), ...before] = options.command ?? [];
  const words = ["run", "--config", config, "--state-dir", join(folder, "state"), "--runtime-dir", runtimeDir];
  const { pid, startedAt, end } = start(file, [...before, ...words]);
  return {
    pid,
    startedAt,
    runtimeDir,
    end: async () => {
      await end();
      for (const place of [folder, runtimeDir]) rmSync(place, { recursive: true, force: true });
    },
  };
}

function configuration({ broker, trust }: Stage, { ports, pace = "100ms" }: AgentOptions): string {
  const cn = CLIENTS.agent;
  const lines = ports.map(({ path }, index) => `  - { path: ${path}, location: place-${index} }`);
  return [
    `gateway: ${cn}`,
    `broker: { host: localhost, port: ${broker.port}, ca: ${trust}/ca.crt, cert: ${trust}/${cn}.crt, key: ${trust}/${cn}.key }`,
    `pace: ${pace}`,
    ...(ports.length === 0 ? [] : ["ports:", ...lines]),
    "",
  ].join("\n");
}

/** Signed, and named in the configuration, as on a box that its centre has never reached. */
function admissions(folder: string, { ports }: AgentOptions): string {
  const admitted = ports.map(({ driver }, index) => ({ when: { location: `place-${index}` }, device: deviceName(index), driver }));
  return ports.length === 0 ? "" : biomedicalEngineer().admit(join(folder, "admissions.signed"), CLIENTS.agent, admitted);
}

export function startFloor(stage: Stage, kind: Exclude<Kind, "agent">, paths: readonly string[]): Subject {
  const { broker, trust, tools } = stage;
  const cn = CLIENTS[kind];
  if (kind === "node") {
    return start(process.execPath, [...NODE_WORDS, join(ROOT, "test/bench/node-floor.ts"), String(broker.port), trust, cn, ...paths]);
  }
  const files = [join(trust, "ca.crt"), join(trust, `${cn}.crt`), join(trust, `${cn}.key`)];
  return start(tools.floor ?? "", [kind === "c" ? "tick" : "chunk", String(broker.port), ...files, cn, ...paths]);
}

function start(file: string, words: readonly string[]): Subject {
  const startedAt = process.hrtime.bigint();
  const child: ChildProcess = spawn(file, words, { env: { PATH: process.env.PATH ?? "" }, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4000)));
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed);
  child.once("close", (code, signal) => {
    process.off("exit", killed);
    if (code !== 0 && signal !== "SIGTERM") console.error(`${file} ended with ${code ?? signal}:\n${said}`);
  });
  return { pid: child.pid ?? -1, startedAt, end: () => endChild(child) };
}

/** The agent run from its sources, writing a CPU profile when it ends. */
export const profiledAgent = (): readonly string[] => {
  const profile = ["--cpu-prof", `--cpu-prof-dir=${join(BENCH, "profile")}`, "--cpu-prof-interval=500"];
  return [process.execPath, ...NODE_WORDS, ...profile, join(ROOT, "agent/cli/bedside.ts")];
};
export const packagedIsThere = (): boolean => existsSync(packagedFile());
