import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Agent, openRoom, type Room, type StartOptions } from "../support/agent.ts";
import { type Mosquitto, startMosquitto } from "../support/mosquitto.ts";
import { type Authority, makeAuthority } from "../support/pki.ts";
import { type Python, startPython } from "./python.ts";

/**
 * Rooms, each with a gateway and oximeters, and one broker for all. The ledgers lie in one folder: what the devices sent, what a
 * subscriber received, and when agents lived; the verdict over them is verifier.py's.
 */
export type Ward = {
  readonly broker: Mosquitto;
  readonly pki: Authority;
  /** The folder of the ledgers. */
  readonly ledgers: string;
  readonly open: (gateway: string, how: PlaceOptions) => Promise<Place>;
  /** The broker does not answer until `back`. */
  readonly away: (away: () => unknown, back: () => unknown, forMs: number) => Promise<void>;
  /** Waits until nothing new has come for so long. */
  readonly quiet: (seconds: number) => Promise<void>;
  /** Waits likewise, and judges. */
  readonly verdict: (how: { readonly quietSeconds: number; readonly slackMs?: number }) => Promise<Verdict>;
  readonly stop: () => Promise<void>;
};
export type PlaceOptions = {
  readonly devices: number;
  /** How much faster than a real one each device is. */
  readonly speed?: number;
  readonly more?: string;
  /** Where it looks for the broker, if not where it is. */
  readonly port?: number;
};
export type Place = {
  readonly room: Room;
  readonly devices: Python;
  readonly start: (how?: StartOptions) => Life;
  /** Those that have not ended. */
  readonly lives: () => readonly Life[];
};
export type Life = {
  readonly agent: Agent;
  readonly began: bigint;
  /** When the first record of it came; rejects where it ends by itself. */
  readonly heard: () => Promise<bigint>;
  readonly end: (how: "kill" | "stop") => Promise<void>;
};
export type Verdict = {
  readonly clean: boolean;
  readonly lost: number;
  readonly invented: number;
  readonly conflicting: number;
  readonly disordered: number;
  readonly unexplained: number;
  readonly broken: number;
  readonly duplicates: number;
  readonly records: number;
  readonly packets: number;
  /** Packets that some agent had read and must deliver. */
  readonly owed: number;
  readonly lives: number;
  readonly heard: number;
  readonly ends: Readonly<Record<string, number>>;
  /** Seconds from the start of a process to its first record at the subscriber. */
  readonly ready: { readonly p50?: number; readonly p99?: number; readonly max?: number };
  readonly gaps: Readonly<Record<string, number>>;
  readonly volatile: number;
  readonly clocks: Readonly<Record<string, number>>;
  readonly mappings: number;
  readonly examples: Readonly<Record<string, readonly string[]>>;
};

const RUN_WITHIN_MS = 60_000;
const SAID = 2000;

export async function openWard(): Promise<Ward> {
  const folder = mkdtempSync(join(tmpdir(), "bedside-durability-"));
  const at = (name: string): string => join(folder, name);
  const pki = makeAuthority("Hospital CA");
  const stops: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    for (const name of ["broker", "ledgers"]) mkdirSync(at(name));
    const broker = await startMosquitto({ folder: at("broker"), pki });
    stops.push(() => broker.stop());
    const { cert, key } = pki.issue({ cn: "consumer", kind: "client" });
    for (const [name, text] of Object.entries({ "ca.crt": pki.cert, "own.crt": cert, "own.key": key })) writeFileSync(at(name), text);
    const runs = runsHeard();
    const files = ["--port", String(broker.port), "--ca", at("ca.crt"), "--cert", at("own.crt"), "--key", at("own.key")];
    const receiver = await startPython("verifier.py", ["receive", at("ledgers/received.tsv"), ...files], runs.line);
    stops.push(() => receiver.stop());
    return {
      broker,
      pki,
      ledgers: at("ledgers"),
      open: async (gateway, how) => {
        const room = openRoom(gateway, pki);
        stops.push(() => room.stop());
        return openPlace(room, { port: broker.port, ...how, ledgers: at("ledgers"), keep: (one) => stops.push(one), heard: runs.heard });
      },
      away: async (away, back, forMs) => {
        const from = process.hrtime.bigint();
        await away();
        await new Promise((later) => setTimeout(later, forMs));
        await back();
        appendFileSync(at("ledgers/away.tsv"), `${from}\t${process.hrtime.bigint()}\n`);
      },
      quiet: async (seconds) => void (await receiver.ask(`drain ${seconds}`, "drained")),
      verdict: async ({ quietSeconds, slackMs = 500 }) => {
        await receiver.ask(`drain ${quietSeconds}`, "drained");
        return judge(at("ledgers"), slackMs);
      },
      stop,
    };
  } catch (caught) {
    await stop();
    throw caught;
  }
}

type Opening = PlaceOptions & {
  readonly port: number;
  readonly ledgers: string;
  readonly keep: (stop: () => Promise<unknown>) => void;
  readonly heard: (gateway: string, since: bigint) => Promise<bigint>;
};

async function openPlace(room: Room, { devices: count, speed = 1, more = "", port, ledgers, keep, heard }: Opening): Promise<Place> {
  const links = Array.from({ length: count }, (_, index) => room.at(`port-${index}`));
  const devices = await startPython("devices.py", ["--speed", String(speed), join(ledgers, `sent-${room.gateway}.tsv`), ...links]);
  keep(() => devices.stop());
  const beds = links.map((path, index) => ({ path, location: `place-${index}`, device: `device-${index}`, driver: "nonin" }));
  room.configure({ port, beds, more });
  const lives = new Set<Life>();
  return {
    room,
    devices,
    lives: () => [...lives],
    start: (how) => {
      const began = process.hrtime.bigint();
      const agent = room.start(how);
      const life: Life = {
        agent,
        began,
        heard: () => {
          const ended = agent.ended.then(({ code, err }): never => {
            throw new Error(`the agent ended by itself (${code}): ${err.slice(-SAID)}`);
          });
          // Whatever ends it later is nobody's surprise.
          ended.catch(() => undefined);
          return Promise.race([heard(room.gateway, began), ended]);
        },
        end: async (how) => {
          const ended = process.hrtime.bigint();
          await (how === "kill" ? agent.kill() : agent.terminate());
          lives.delete(life);
          appendFileSync(join(ledgers, "lives.tsv"), `${room.gateway}\t${began}\t${ended}\t${how}\n`);
        },
      };
      lives.add(life);
      return life;
    },
  };
}

/** What the receiver tells of runs: "run GATEWAY RUN MONO_NS". */
function runsHeard() {
  const runs = new Map<string, bigint[]>();
  const waiting = new Set<() => void>();
  const after = (gateway: string, since: bigint): bigint | undefined => runs.get(gateway)?.find((at) => at > since);
  return {
    line: (line: string): void => {
      const [what, gateway = "", , at = "0"] = line.split(" ");
      if (what !== "run") return;
      runs.set(gateway, [...(runs.get(gateway) ?? []), BigInt(at)]);
      for (const look of [...waiting]) look();
    },
    heard: (gateway: string, since: bigint): Promise<bigint> =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`nothing of a new run of ${gateway} came within ${RUN_WITHIN_MS} ms`));
        }, RUN_WITHIN_MS);
        const look = (): void => {
          const at = after(gateway, since);
          if (at === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(at);
        };
        waiting.add(look);
        look();
      }),
  };
}

function judge(ledgers: string, slackMs: number): Verdict {
  const words = ["-B", join(import.meta.dirname, "verifier.py"), "judge", ledgers, "--slack-ms", String(slackMs)];
  const { stdout, stderr, error } = spawnSync("/usr/bin/python3", words, { encoding: "utf8", maxBuffer: 1 << 26 });
  if (error !== undefined || stderr !== "") throw new Error(`the verifier gave no verdict: ${error?.message ?? stderr}`);
  return JSON.parse(stdout) as Verdict;
}
