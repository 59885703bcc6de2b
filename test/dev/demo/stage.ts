import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Central, openCentral } from "../../support/central.ts";
import type { EmulatedDevice } from "../../support/emulated-device.ts";
import { startMosquitto } from "../../support/mosquitto.ts";
import { makeAuthority } from "../../support/pki.ts";
import { type AgentLife, startAgent } from "./agent-life.ts";
import type { DeviceBook } from "./book.ts";
import { GATEWAY, type Part, type Rule } from "./cast.ts";
import { type Office, openOffice, READER_ACL } from "./office.ts";

/** Everything around the agent: certificates, broker, devices, the centre's subscriber, and the agent's lives so far. */
export type Stage = {
  readonly brokerPort: number;
  readonly central: Central;
  readonly office: Office;
  readonly devices: readonly Placed[];
  /** Those that are to be read now. */
  readonly admitted: () => readonly Placed[];
  /** From now on also the one that the signed change admits; returns its device. */
  readonly admitLate: () => string;
  readonly runtimeDir: string;
  readonly lives: readonly AgentLife[];
  /** Starts the agent on the same directories, as a service manager does. */
  readonly start: () => AgentLife;
  readonly books: () => readonly DeviceBook[];
  /** Ends what still runs and removes every file, in this order. Reports what could not be done. */
  readonly clear: () => Promise<readonly string[]>;
};
export type Placed = { readonly part: Part; readonly emulated: EmulatedDevice };

/** Records are sent this often; a kill between two messages finds some that only the ring has. */
const PACE_MS = 250;
const WINDOW_MS = 400;

export type StageOptions = {
  readonly cast: readonly Part[];
  /** Each with its words before the verb. */
  readonly programs: Programs;
  /** The gateway trusts a stranger's key, to prove that the demo can fail. */
  readonly betrayed: boolean;
  readonly say: (what: string) => void;
};

export type Programs = { readonly agent: readonly string[]; readonly fleet: readonly string[] };

export async function setStage(options: StageOptions): Promise<Stage> {
  const undo: (() => Promise<void> | void)[] = [];
  const clear = async (): Promise<readonly string[]> => {
    const failed: string[] = [];
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
      try {
        await step();
      } catch (caught) {
        failed.push(caught instanceof Error ? caught.message : String(caught));
      }
    }
    return failed;
  };
  try {
    return { ...(await build({ ...options, undo })), clear };
  } catch (caught) {
    await clear();
    throw caught;
  }
}

type Undo = (() => Promise<void> | void)[];

async function build({ cast, programs, betrayed, say, undo }: StageOptions & { readonly undo: Undo }): Promise<Omit<Stage, "clear">> {
  const folder = mkdtempSync(join(tmpdir(), "bedside-demo-"));
  removeAtEnd(folder, undo);
  // The window of undelivered records lies in memory; the agent refuses a runtime directory on disk.
  const runtimeDir = join("/dev/shm", basename(folder));
  mkdirSync(runtimeDir, { mode: 0o700 });
  removeAtEnd(runtimeDir, undo);

  say("Making a certificate authority and certificates for this demo alone (EC P-256) ...");
  const pki = makeAuthority("Demo hospital CA");
  const gateway = pki.issue({ cn: GATEWAY, kind: "client" });
  const files = { ca: pki.cert, cert: gateway.cert, key: gateway.key };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.pem`), text, { mode: 0o600 });

  say("Starting mosquitto on a free loopback port: TLS 1.3 only, a client certificate required ...");
  const brokerFolder = join(folder, "broker");
  mkdirSync(brokerFolder);
  const broker = await startMosquitto({ folder: brokerFolder, pki, aclExtra: READER_ACL });
  undo.push(() => broker.stop());

  say("Subscribing as central operations would ...");
  const identity = pki.issue({ cn: "consumer", kind: "client" });
  const central = await openCentral({ port: broker.port, pki, identity, gateway: GATEWAY });
  undo.push(() => central.stop());

  say(`Plugging in ${cast.length} emulated devices, each behind a pty ...`);
  const devices = await plugIn(cast, folder, undo);

  say("Making keys with bedside-fleet: the hospital's, and a stranger's ...");
  const office = await openOffice({
    program: programs.fleet,
    ...{ folder, brokerPort: broker.port, pki, betrayed, undo },
    bodies: {
      first: bodyText(devices.filter(({ part }) => part.admittedBy === "first admissions")),
      hospital: bodyText(devices),
      stranger: "rules: []\n",
    },
  });
  const config = join(folder, "bedside.yaml");
  writeFileSync(config, configuration({ folder, port: broker.port, devices, trust: office.trust }));

  const words = ["run", "--config", config, "--state-dir", join(folder, "state"), "--runtime-dir", runtimeDir];
  return { brokerPort: broker.port, central, office, devices, runtimeDir, ...livesOf([...programs.agent, ...words], devices, undo) };
}

async function plugIn(cast: readonly Part[], folder: string, undo: Undo): Promise<readonly Placed[]> {
  const devices: Placed[] = [];
  for (const part of cast) {
    const emulated = await part.start(join(folder, `tty-${part.location}`));
    undo.push(() => emulated.stop());
    // Switched on, but not sending before somebody listens. The one that is asked is silent by itself.
    if (part.admittedBy === "first admissions" && part.speaks === "unasked") emulated.pause();
    devices.push({ part, emulated });
  }
  return devices;
}

/** The agent's processes one after another, and the devices that they are to read. */
function livesOf(
  command: readonly string[],
  devices: readonly Placed[],
  undo: Undo,
): Pick<Stage, "lives" | "start" | "admitted" | "admitLate" | "books"> {
  const lives: AgentLife[] = [];
  let isLate = false;
  const admitted = (): readonly Placed[] => devices.filter(({ part }) => part.admittedBy === "first admissions" || isLate);
  undo.push(async () => {
    for (const life of lives) await life.stop();
  });
  return {
    lives,
    admitted,
    start: () => {
      const ports = admitted().map(({ emulated }) => emulated.path);
      const life = startAgent(command, ports);
      lives.push(life);
      return life;
    },
    admitLate: () => {
      isLate = true;
      const { part, emulated } = devices.find((one) => one.part.admittedBy === "signed change")!;
      lives.at(-1)?.watch(emulated.path);
      return part.rule.device;
    },
    books: () =>
      admitted().map(({ part, emulated }) => ({
        ...part,
        device: part.rule.device,
        sent: emulated.ledger,
        holds: lives.flatMap((life) => life.holdOf(emulated.path) ?? []),
      })),
  };
}

function removeAtEnd(folder: string, undo: Undo): void {
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // Also where we are made to exit before everything was put away.
  process.once("exit", remove);
  undo.push(() => {
    remove();
    process.removeListener("exit", remove);
  });
}

type Configuration = { readonly folder: string; readonly port: number; readonly devices: readonly Placed[]; readonly trust: string };
function configuration({ folder, port, devices, trust }: Configuration): string {
  const file = (name: string): string => join(folder, `${name}.pem`);
  const ports = devices.map(({ part, emulated }) => `  - { path: ${emulated.path}, location: ${part.location} }`);
  return `gateway: ${GATEWAY}
description: demo
broker: { host: localhost, port: ${port}, ca: ${file("ca")}, cert: ${file("cert")}, key: ${file("key")} }
pace: ${PACE_MS}ms
window: ${WINDOW_MS}ms
ports:
${ports.join("\n")}
trust:
${trust}`;
}

const bodyText = (devices: readonly Placed[]): string =>
  `rules:\n${devices.map(({ part: { location, rule } }) => `  - ${ruleText(location, rule)}\n`).join("")}`;

/** A rule as a person writes it. */
export const ruleText = (location: string, { device, driver, socket }: Rule): string =>
  `{ when: { location: ${location} }, allow: true, device: ${device}, driver: ${driver}, socket: ${socket} }`;
