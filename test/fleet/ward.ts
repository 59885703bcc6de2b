import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import type { TrustedKey } from "../../config/envelope/envelope.ts";
import { nodeEffects } from "../../config/fleet/effects.ts";
import { runFleet } from "../../config/fleet/verbs.ts";
import { ROOT } from "../../config/package/target.ts";
import type { BrokerRow } from "../support/brokers.table.ts";
import { type Mosquitto, type MosquittoOptions, startMosquitto } from "../support/mosquitto.ts";
import { type Authority, makeAuthority } from "../support/pki.ts";
import { type GatewayOptions, type ProtocolGateway, startGateway } from "./gateways.ts";

/** A folder of central operations: a real broker, keys made by the tool itself, a site file, and protocol-level gateways. */
export type Ward = {
  readonly folder: string;
  readonly at: (name: string) => string;
  readonly pki: Authority;
  readonly broker: Mosquitto;
  /** bedside-fleet with these words, to its end; in this process, since many starts take long. */
  readonly fleet: (...words: readonly string[]) => Promise<Ended>;
  /** In a process on a terminal, where these lines are typed; `out` is all that the terminal shows. */
  readonly terminal: (typed: readonly string[], ...words: readonly string[]) => Promise<Ended>;
  /** In a process of its own, and not waited for. */
  readonly begin: (...words: readonly string[]) => Running;
  readonly write: (name: string, text: string, mode?: number) => string;
  /** Rewrites fleet.yaml: gateways with their labels. */
  readonly site: (gateways: Readonly<Record<string, Readonly<Record<string, string>>>>, more?: string) => void;
  /** NAME.yaml beside it, the same for the operator NAME with a certificate of its own. */
  readonly operator: (name: string) => void;
  readonly gateway: (name: string, how?: Partial<GatewayOptions>) => Promise<ProtocolGateway>;
  readonly stop: () => Promise<void>;
};
export type Ended = { readonly code: number | string; readonly out: string; readonly err: string; readonly ms: number };
export type Running = {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly out: () => string;
  readonly err: () => string;
};

const PROGRAM = join(ROOT, "config/fleet/bedside-fleet.ts");
export const PASSPHRASE = "correct horse battery staple";

export type WardOptions = Pick<MosquittoOptions, "aclExtra" | "without"> & {
  /** mosquitto, where no other is named. */
  readonly start?: BrokerRow["start"];
};

export async function openWard({ start: startBroker = startMosquitto, ...options }: WardOptions = {}): Promise<Ward> {
  const folder = mkdtempSync(join(tmpdir(), "bedside-fleet-"));
  const at = (name: string): string => join(folder, name);
  const pki = makeAuthority("Hospital CA");
  mkdirSync(at("broker"));
  const broker = await startBroker({ folder: at("broker"), pki, ...options });
  const gateways: ProtocolGateway[] = [];
  const running = new Set<ChildProcess>();
  const ops = pki.issue({ cn: "ops", kind: "client" });
  const write = (name: string, text: string, mode = 0o644): string => {
    writeFileSync(at(name), text, { mode });
    return at(name);
  };
  write("ca.crt", pki.cert);
  write("ops.crt", ops.cert);
  write("ops.key", ops.key, 0o600);
  write("passphrase", `${PASSPHRASE}\n`, 0o600);
  const begin = (...words: readonly string[]): Running => start(folder, words, running);
  const fleet = (...words: readonly string[]): Promise<Ended> => inProcess(folder, words);
  let keys: readonly TrustedKey[] = [];
  for (const [id, role] of [
    ["ops-1", "operations"],
    ["bio-1", "biomedical"],
  ] as const) {
    const made = await fleet("keys", "new", `${id}.pem`, "--id", id, "--role", role, "--passphrase-file", "passphrase");
    if (made.code !== 0) throw new Error(made.err);
    const [, raw = ""] = /key: "([^"]+)"/.exec(readFileSync(at(`${id}.pem.pub`), "utf8")) ?? [];
    keys = [...keys, { id, role, publicKey: new Uint8Array(Buffer.from(raw, "base64")) }];
  }
  return {
    ...{ folder, at, pki, broker, begin, fleet, write },
    terminal: (typed, ...words) => onTerminal({ folder, typed, words, running }),
    site: (named, more = "") => {
      const lines = Object.entries(named).map(([name, labels]) => `  ${name}: ${JSON.stringify(labels)}\n`);
      const reach = `broker: { host: localhost, port: ${broker.port}, ca: ca.crt, cert: ops.crt, key: ops.key }\n`;
      write("fleet.yaml", `${reach}${more}gateways:\n${lines.join("")}`);
    },
    operator: (name) => {
      const { cert, key } = pki.issue({ cn: name, kind: "client" });
      write(`${name}.crt`, cert);
      write(`${name}.key`, key, 0o600);
      const site = readFileSync(at("fleet.yaml"), "utf8");
      write(`${name}.yaml`, site.replace("ops.crt", `${name}.crt`).replace("ops.key", `${name}.key`));
    },
    gateway: async (name, how = {}) => {
      const one = await startGateway({ name, port: broker.port, pki, keys, ...how });
      gateways.push(one);
      return one;
    },
    stop: async () => {
      for (const child of running) child.kill("SIGKILL");
      for (const one of gateways) one.cut();
      await broker.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The real effects, with the ward's folder in place of the working folder. */
async function inProcess(folder: string, words: readonly string[]): Promise<Ended> {
  const started = performance.now();
  const told = { out: "", err: "" };
  const fx = nodeEffects({ words, interrupted: new AbortController().signal });
  const code = await runFleet({
    ...fx,
    out: (text) => {
      told.out += text;
    },
    note: (text) => {
      told.err += text;
    },
    progress: () => undefined,
    ask: async () => undefined,
    read: (path, trouble) => fx.read(resolve(folder, path), trouble),
    modeOf: (path) => fx.modeOf(resolve(folder, path)),
    list: (path) => fx.list(resolve(folder, path)),
    write: (path, bytes, how) => fx.write(resolve(folder, path), bytes, how),
  });
  // What it read is named in full.
  const plain = { out: told.out, err: told.err.replaceAll(`${folder}/`, "") };
  return { code, ...plain, ms: performance.now() - started };
}

const command = (): readonly string[] =>
  process.env.BEDSIDE_FLEET === undefined ? [process.execPath, PROGRAM] : [process.env.BEDSIDE_FLEET];
const environment = () => ({ PATH: process.env.PATH ?? "" });

/** script(1) is the terminal; each line is typed when the program asks, which it does with a colon. */
function onTerminal(how: {
  readonly folder: string;
  readonly typed: readonly string[];
  readonly words: readonly string[];
  readonly running: Set<ChildProcess>;
}): Promise<Ended> {
  const quoted = [...command(), ...how.words].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const child = spawn("script", ["-qefc", quoted, "/dev/null"], { cwd: how.folder, env: environment(), stdio: ["pipe", "pipe", "pipe"] });
  const lines = [...how.typed];
  child.stdout.on("data", (chunk: Buffer) => {
    if (chunk.toString().endsWith(": ") && lines.length > 0) child.stdin.write(`${lines.shift()}\r`);
  });
  return follow(child, how.running).ended;
}

/** With no variable from outside but the path. */
function start(cwd: string, words: readonly string[], running: Set<ChildProcess>): Running {
  const [file = "", ...first] = command();
  return follow(spawn(file, [...first, ...words], { cwd, env: environment(), stdio: ["ignore", "pipe", "pipe"] }), running);
}

function follow(child: ChildProcess & { readonly stdout: Readable; readonly stderr: Readable }, running: Set<ChildProcess>): Running {
  const started = performance.now();
  running.add(child);
  const told = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (told.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told.err += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve({ code: code ?? signal ?? "", ...told, ms: performance.now() - started });
    });
  });
  return { child, ended, out: () => told.out, err: () => told.err };
}
