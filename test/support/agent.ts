import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { askControl } from "../../agent/effects/node/control.ts";
import { Fault, type FaultKey } from "../../agent/fault/fault.ts";
import type { Status } from "../../agent/health/snapshot.ts";
import { hostArch, ROOT } from "../../config/package/target.ts";
import { Seconds } from "../../config/units.ts";
import { type Admitted, biomedicalEngineer } from "./admissions.ts";
import { type Central, openCentral } from "./central.ts";
import { freePort, type Mosquitto, startMosquitto } from "./mosquitto.ts";
import { type Authority, makeAuthority } from "./pki.ts";
import { until } from "./until.ts";

/**
 * A room for the packaged agent: folders of its own (the window in memory, as the agent demands), a certificate authority, and
 * whatever a test brings in. Everything that was brought in is stopped, in reverse order, and nothing is left behind.
 */
export type Room = {
  readonly gateway: string;
  readonly folder: string;
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly configFile: string;
  readonly pki: Authority;
  /** A path in the room's folder. */
  readonly at: (name: string) => string;
  /** Whatever is to be stopped with the room. */
  readonly keep: <T extends { stop(): unknown }>(what: T) => T;
  /** On that port, if one is given; its folder is the same each time, so that sessions and retained messages outlive it. */
  readonly startBroker: (port?: number, name?: string) => Promise<Mosquitto>;
  /** A subscriber at `port` that decodes and removes duplicates. Its session outlives a restart of the broker. */
  readonly openCentral: (port: number) => Promise<Central>;
  /** The file, and beside it the signed admissions of its beds: each call a generation. */
  readonly configure: (configuration: Configuration) => void;
  /** Signs admissions and puts them on the box; returns the lines of a configuration that take them, those of `trust:` last. */
  readonly admit: (admitted: readonly Admitted[]) => string;
  /** `bedside run` on this room's folders. */
  readonly start: (how?: StartOptions) => Agent;
  /** Any words, to their end. */
  readonly bedside: (words: readonly string[], how?: StartOptions) => Promise<Ended>;
  /** What the running agent answers; undefined where none does. */
  readonly status: () => Promise<Status | undefined>;
  /** Waits for a status for which it holds, and returns it. */
  readonly statusWhere: (what: string, holds: (status: Status) => boolean, withinMs?: number) => Promise<Status>;
  /** Waits until it holds; what the agents said is part of the failure. */
  readonly until: (what: string, holds: () => boolean | Promise<boolean>, withinMs?: number) => Promise<void>;
  /** The ends of the agents' logs. */
  readonly said: () => string;
  readonly stop: () => Promise<void>;
};
/** A path, or "udp:" and an address. */
export type Place = { readonly path: string; readonly location: string };
export type Bed = Place & { readonly device: string; readonly driver: string; readonly line?: string; readonly socket?: string };
export type Configuration = {
  readonly port: number;
  readonly host?: string;
  readonly beds?: readonly Bed[];
  /** Declared, but no rule names them. */
  readonly unlisted?: readonly Place[];
  /** Further lines; keys that a test trusts stand first. */
  readonly more?: string;
};
export type StartOptions = {
  readonly environment?: Readonly<Record<string, string>>;
  /** Put before the program: ["setpriv", …]. */
  readonly through?: readonly string[];
  /** The program, where it is not the one that agentCommand names. */
  readonly program?: readonly string[];
};
export type Ended = { readonly code: number | NodeJS.Signals; readonly out: string; readonly err: string };
export type Agent = {
  readonly pid: number;
  /** Standard error, which is the log. */
  readonly log: () => string;
  readonly ended: Promise<Ended>;
  readonly running: () => boolean;
  /** Bytes of resident memory. */
  readonly resident: () => number;
  readonly signal: (name: NodeJS.Signals) => void;
  /** SIGTERM; resolves with the end. */
  readonly terminate: () => Promise<Ended>;
  /** SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<Ended>;
  readonly stop: () => Promise<Ended>;
};

const WAIT_MS = 30_000;
const LOOK_EVERY_MS = 25;
const END_WITHIN_MS = 15_000;
const LOG_TOLD = 6_000;

export function openRoom(gateway = "gw-e2e", pki = makeAuthority("Hospital CA")): Room {
  const folder = mkdtempSync(join(tmpdir(), "bedside-e2e-"));
  const runtimeDir = mkdtempSync("/dev/shm/bedside-e2e-");
  const stateDir = join(folder, "state");
  const configFile = join(folder, "bedside.yaml");
  const kept: { stop(): unknown }[] = [];
  const agents: Agent[] = [];
  const at = (name: string): string => join(folder, name);
  const engineer = biomedicalEngineer("bio-room");
  const admit: Room["admit"] = (admitted) => engineer.admit(at("admissions.signed"), gateway, admitted);
  const keep = <T extends { stop(): unknown }>(what: T): T => {
    kept.push(what);
    return what;
  };
  writeCredentials(folder, pki, gateway);
  const launch = (words: readonly string[], { environment = {}, through = [], program }: StartOptions): Agent =>
    keep(startProcess([...through, ...(program ?? agentCommand()), ...words], environment));
  const folders = ["--state-dir", stateDir, "--runtime-dir", runtimeDir];
  const status = (): Promise<Status | undefined> => askStatus(runtimeDir);
  const comes: Room["until"] = (what, holds, withinMs = WAIT_MS) =>
    until(what, holds, withinMs, { everyMs: LOOK_EVERY_MS, said: () => lastWords(agents) });
  return {
    gateway,
    folder,
    stateDir,
    runtimeDir,
    configFile,
    pki,
    at,
    keep,
    startBroker: async (port, name = "broker") => {
      mkdirSync(at(name), { recursive: true });
      return keep(await startMosquitto({ folder: at(name), pki, ...(port === undefined ? {} : { port }) }));
    },
    openCentral: async (port) => {
      const identity = pki.issue({ cn: "consumer", kind: "client" });
      const options = { port, pki, identity, gateway, durable: true as const };
      return keep(await openCentral(options));
    },
    admit,
    configure: (configuration) => writeFileSync(configFile, configurationText(folder, { gateway, admit }, configuration)),
    start: (how = {}) => {
      const agent = launch(["run", "--config", configFile, ...folders], how);
      agents.push(agent);
      return agent;
    },
    bedside: (words, how = {}) => launch(words, how).ended,
    status,
    statusWhere: async (what, holds, withinMs) => {
      let last: Status | undefined;
      const holdsNow = async (): Promise<boolean> => {
        last = await status();
        return last !== undefined && holds(last);
      };
      await comes(what, holdsNow, withinMs).catch((caught: unknown) => {
        throw new Error(`${String(caught)}\nThe last status: ${JSON.stringify(last)}`, { cause: caught });
      });
      return last!;
    },
    until: comes,
    said: () => lastWords(agents),
    stop: async () => {
      for (const one of kept.splice(0).reverse()) await one.stop();
      for (const place of [folder, runtimeDir]) rmSync(place, { recursive: true, force: true });
    },
  };
}

/** A port that nobody listens on now. */
export const unusedPort = freePort;

function writeCredentials(folder: string, pki: Authority, gateway: string): void {
  const { cert, key } = pki.issue({ cn: gateway, kind: "client" });
  writeFileSync(join(folder, "ca.crt"), pki.cert);
  writeFileSync(join(folder, "gw.crt"), cert);
  writeFileSync(join(folder, "gw.key"), key, { mode: 0o600 });
}

function configurationText(folder: string, { gateway, admit }: Pick<Room, "gateway" | "admit">, configuration: Configuration): string {
  const { port, host, beds = [], unlisted = [], more = "" } = configuration;
  const ports = [...beds, ...unlisted].map(
    ({ path, location }) => `  - { ${path.startsWith("udp:") ? `udp: "${path.slice(4)}"` : `path: ${path}`}, location: ${location} }`,
  );
  const admitted = beds.map(({ path, location, device, driver, line, socket = `ICU-1/${location}` }) => ({
    when: { location, ...(path.startsWith("udp:") ? { address: path.slice(4) } : {}) },
    device,
    driver,
    socket,
    ...(line === undefined ? {} : { line }),
  }));
  // A box without beds has no admissions, unless earlier ones are to end.
  const lines = beds.length > 0 || existsSync(join(folder, "admissions.signed")) ? admit(admitted) : "";
  return `gateway: ${gateway}
broker: { host: ${host ?? "localhost"}, port: ${port}, ca: ${folder}/ca.crt, cert: ${folder}/gw.crt, key: ${folder}/gw.key }
ports: ${ports.length === 0 ? "[]" : `\n${ports.join("\n")}`}
${lines}${lines === "" ? more : more.replace(/^trust:\n/, "")}
`;
}

// ── The program ─────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The packaged file of this machine. One that is older than what it was made from proves nothing and is refused; whoever names
 * another folder (BEDSIDE_DIST) knows what lies there. BEDSIDE_AGENT=source runs the sources instead, while one writes a test.
 */
export function agentCommand(): readonly string[] {
  if (process.env.BEDSIDE_AGENT === "source") return [process.execPath, join(ROOT, "agent/cli/bedside.ts")];
  const file = resolve(ROOT, process.env.BEDSIDE_DIST ?? "dist", `bedside-linux-${hostArch()}`);
  if (!existsSync(file)) throw new Error(`${file} is not there; make it with  ./build.sh package host`);
  if (process.env.BEDSIDE_DIST === undefined) {
    const newer = newerThan(statSync(file).mtimeMs);
    if (newer !== undefined) throw new Error(`${file} is older than ${newer}; make it again with  ./build.sh package host`);
  }
  return [file];
}

const SOURCES = ["agent", "drivers", "proto", "config", "package.json", "package-lock.json"];

function newerThan(time: number): string | undefined {
  for (const source of SOURCES) {
    const path = join(ROOT, source);
    const files = statSync(path).isDirectory() ? readdirSync(path, { recursive: true, withFileTypes: true }) : undefined;
    const paths = files?.filter((file) => file.isFile() && file.name.endsWith(".ts")).map((file) => join(file.parentPath, file.name));
    const newer = (paths ?? [path]).find((one) => statSync(one).mtimeMs > time);
    if (newer !== undefined) return newer;
  }
  return undefined;
}

/** With no variable from outside but the path, so that a test's own environment proves nothing. */
function startProcess(command: readonly string[], environment: Readonly<Record<string, string>>): Agent {
  const [file = "", ...words] = command;
  const child = spawn(file, words, { env: { PATH: process.env.PATH ?? "", ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  // A runner that ends without cleaning up takes it along.
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed);
  const told = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (told.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told.err += text));
  const ended = new Promise<Ended>((done, failed) => {
    child.once("error", failed);
    child.once("close", (code, signal) => {
      process.removeListener("exit", killed);
      done({ code: code ?? signal ?? -1, ...told });
    });
  });
  const end = async (how: NodeJS.Signals): Promise<Ended> => {
    if (isRunning(child)) child.kill(how);
    const hard = setTimeout(killed, END_WITHIN_MS);
    try {
      return await ended;
    } finally {
      clearTimeout(hard);
    }
  };
  return {
    get pid() {
      return child.pid ?? -1;
    },
    log: () => told.err,
    ended,
    running: () => isRunning(child),
    resident: () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) * 1024,
    signal: (name) => void child.kill(name),
    terminate: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/**
 * Where all tests run at once the disk may be slow, also for the admissions that a room begins with. That is told rightly, and beside
 * the point of every test that looks at faults.
 */
export const OF_A_SLOW_DISK: readonly FaultKey[] = ["disk.slow", "document.not_kept"];

async function askStatus(runtimeDir: string): Promise<Status | undefined> {
  try {
    const status = (await askControl(join(runtimeDir, "control.sock"), "status", Seconds(5))) as Status;
    return { ...status, faults: status.faults.filter(({ key }) => !OF_A_SLOW_DISK.includes(key)) };
  } catch (caught) {
    if (caught instanceof Fault && caught.key === "agent.unreachable") return undefined;
    throw caught;
  }
}

// ── Waiting ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const lastWords = (agents: readonly Agent[]): string =>
  agents.map((agent) => `agent ${agent.pid} (${agent.running() ? "running" : "ended"}):\n${agent.log().slice(-LOG_TOLD)}`).join("\n");
