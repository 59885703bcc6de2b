import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../../config/package/target.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { biomedicalEngineer } from "../support/admissions.ts";
import { type EmulatedDevice, startEmulatedDevice } from "../support/emulated-device.ts";
import { type Mosquitto, type RawMessage, type RawSubscriber, startMosquitto, subscribeRaw } from "../support/mosquitto.ts";
import { makeAuthority } from "../support/pki.ts";

/** The packaged file as a gateway would run it: a real broker, an emulated oximeter on a pty, folders of its own. */
export type Bed = {
  readonly subscriber: RawSubscriber;
  readonly state: string;
  readonly runtime: string;
  /** Starts the file with `run`, collecting what it prints. */
  run(command: readonly string[], environment?: Readonly<Record<string, string>>): Running;
  stop(): Promise<void>;
};
export type Running = {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Exit code or signal, once it has ended. */
  readonly ended: Promise<number | NodeJS.Signals>;
};

export const GATEWAY = "gw-package";
export const BIRTH = `bedside/v1/${GATEWAY}/up/birth`;
export const REPORTS = `bedside/v1/${GATEWAY}/up/reports`;

const STOP_MAX = 5_000;

/** Where `./build.sh package` put it. */
export function packagedFile(arch: string): string {
  const file = join(ROOT, process.env.BEDSIDE_DIST ?? "dist", `bedside-linux-${arch}`);
  if (!existsSync(file)) throw new RangeError(`${file} is not there; make it with  ./build.sh package`);
  return file;
}

export async function makeBed(): Promise<Bed> {
  const folder = mkdtempSync(join(tmpdir(), "bedside-package-"));
  // The window lies in memory; the agent refuses a runtime directory on disk.
  const runtime = mkdtempSync("/dev/shm/bedside-package-");
  const children: ChildProcess[] = [];
  let broker: Mosquitto | undefined;
  let subscriber: RawSubscriber | undefined;
  let device: EmulatedDevice | undefined;
  const stop = async (): Promise<void> => {
    for (const child of children) await end(child);
    await device?.stop();
    await subscriber?.stop();
    await broker?.stop();
    for (const place of [folder, runtime]) rmSync(place, { recursive: true, force: true });
  };
  try {
    const pki = makeAuthority("hospital");
    mkdirSync(join(folder, "broker"));
    broker = await startMosquitto({ folder: join(folder, "broker"), pki });
    subscriber = await subscribeRaw({
      port: broker.port,
      pki,
      identity: pki.issue({ cn: "consumer", kind: "client" }),
      topic: `bedside/v1/${GATEWAY}/up/#`,
    });
    const gateway = pki.issue({ cn: GATEWAY, kind: "client" });
    writeFileSync(join(folder, "ca.crt"), pki.cert);
    writeFileSync(join(folder, "gw.crt"), gateway.cert);
    writeFileSync(join(folder, "gw.key"), gateway.key, { mode: 0o600 });
    device = await startEmulatedDevice({ emulator: noninEmulator, seed: 1, link: join(folder, "port") });
    writeFileSync(join(folder, "bedside.yaml"), configurationText(folder, broker.port));
    const runWords = ["run", "--config", join(folder, "bedside.yaml"), "--state-dir", join(folder, "state"), "--runtime-dir", runtime];
    return {
      subscriber,
      state: join(folder, "state"),
      runtime,
      run: (command, environment = {}) => {
        const running = start([...command, ...runWords], environment);
        children.push(running.child);
        return running;
      },
      stop,
    };
  } catch (caught) {
    await stop();
    throw caught;
  }
}

const ADMITTED = { when: { location: "test-1" }, device: "oximeter-1", driver: "nonin", socket: "bed-1" };

function configurationText(folder: string, port: number): string {
  return `gateway: ${GATEWAY}
broker: { host: localhost, port: ${port}, ca: ${folder}/ca.crt, cert: ${folder}/gw.crt, key: ${folder}/gw.key }
ports: [{ path: ${folder}/port, location: test-1 }]
${biomedicalEngineer().admit(join(folder, "admissions.signed"), GATEWAY, [ADMITTED])}`;
}

/** With no variable from outside but the path, so that the tests' own environment proves nothing. */
export function start(command: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
  const [file = "", ...words] = command;
  const child = spawn(file, words, {
    env: { PATH: process.env.PATH ?? "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (more: string) => (text += more));
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? -1));
  });
  return { child, output: () => text, ended };
}

/** Each child leads a group, so that what it started ends with it. */
async function end(child: ChildProcess): Promise<void> {
  const gone = child.exitCode !== null || child.signalCode !== null ? undefined : new Promise((resolve) => child.once("exit", resolve));
  signalGroup(child, "SIGTERM");
  const timer = setTimeout(() => signalGroup(child, "SIGKILL"), STOP_MAX);
  await gone;
  clearTimeout(timer);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  }
}

/** The next message of a topic, or what the agent said instead. */
export async function heardFrom(bed: Bed, running: Running, topic: string, within: number): Promise<RawMessage> {
  const known = bed.subscriber.messages.length;
  const died = running.ended.then((code) => {
    throw new RangeError(`the agent ended with ${code}`);
  });
  try {
    const next = bed.subscriber.heard((message) => message.topic === topic && bed.subscriber.messages.indexOf(message) >= known, within);
    return await Promise.race([next, died]);
  } catch (cause) {
    throw new RangeError(`nothing came on ${topic}; the agent said: ${running.output()}`, { cause });
  }
}
