import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { type Bytes, CLOCK_DRIFT, type Duration, type Wall } from "../../../config/units.ts";
import { Fault } from "../../fault/fault.ts";
import type { ClockQuality, Host } from "../effects.ts";
import { askChrony } from "./chrony.ts";

/** A socket's name has 108 bytes, and a longer one would be cut, so that two claims became one. */
const NAME_MAX = 90;
/** timesyncd believes no server whose root distance is larger (RootDistanceMaxSec). It tells nobody how good the time really is. */
const TIMESYNCD_DISTANCE_MAX = 5000;
/** timesyncd asks at least this often (PollIntervalMaxSec, 2048 s); twice that without an answer is holdover. */
const TIMESYNCD_SILENCE_MAX = 2 * 2_048_000;

export type HostOptions = { readonly procRoot?: string; readonly runRoot?: string; readonly chronyPort?: number };

/** The machine that the agent runs on. Starts no process. Throws Fault `agent.failed` where the host has no boot id. */
export function nodeHost({ procRoot = "/proc", runRoot = "/run", chronyPort }: HostOptions = {}): Host {
  return {
    bootId: readBootId(`${procRoot}/sys/kernel/random/boot_id`),
    clockQuality: () => clockQuality(runRoot, chronyPort),
    memory: async () => {
      // Imported here, since few ask and it costs ten megabytes. Its mem() alone of all its functions starts no process.
      const { mem } = await import("systeminformation");
      const { available } = await mem();
      return { resident: process.memoryUsage.rss() as Bytes, free: available as Bytes };
    },
    claim: async (name) => (await holdName(name)) !== undefined,
  };
}

export type HeldName = { release(): Promise<void> };

/**
 * Takes a name that one process of this host can hold, by listening on an abstract Unix socket; undefined where it is held.
 * The kernel frees it when the process dies, however it dies. Any local user may hold any name: it guards against mistakes.
 */
export function holdName(name: string): Promise<HeldName | undefined> {
  const whole = `bedside-${name}`;
  const short = whole.length <= NAME_MAX ? whole : `bedside-${createHash("sha256").update(name).digest("hex")}`;
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (caught: NodeJS.ErrnoException) => {
      if (caught.code === "EADDRINUSE") resolve(undefined);
      else reject(new Fault("agent.failed", `The name ${name} cannot be held (${caught.code})`, { name }, { cause: caught }));
    });
    server.listen(`\0${short}`, () => {
      // The process lives by its work, not by its names.
      server.unref();
      resolve({ release: () => new Promise<void>((released) => server.close(() => released())) });
    });
  });
}

function readBootId(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new Fault("agent.failed", `This host does not tell its boot id (${path}); is ProcSubset= set?`, { path }, { cause });
  }
}

/**
 * | source    | what tells it                                   | quality                                                        |
 * |-----------|-------------------------------------------------|----------------------------------------------------------------|
 * | timesyncd | its file, touched at each successful answer     | ± 5 s (what it tolerates), then holdover growing with the drift |
 * | chrony    | its answer on this host's port 323              | its own bound; unsynced where it says so, or follows this clock |
 * | none      |                                                 | unsynced                                                       |
 * A year that looks right is no evidence.
 */
async function clockQuality(runRoot: string, chronyPort: number | undefined): Promise<ClockQuality> {
  const chrony = modified(`${runRoot}/chrony`) !== undefined;
  const told = chrony ? await askChrony(Date.now, chronyPort) : undefined;
  if (told !== undefined) return told;
  const touched = modified(`${runRoot}/systemd/timesync/synchronized`);
  if (touched !== undefined) {
    const age = Date.now() - touched;
    // The clock went back since, so that nobody knows how long ago that was.
    if (age < -TIMESYNCD_DISTANCE_MAX) return { known: "unsynced", source: "timesyncd" };
    const uncertainty = (TIMESYNCD_DISTANCE_MAX + Math.max(0, age) * CLOCK_DRIFT) as Duration;
    return { known: age > TIMESYNCD_SILENCE_MAX ? "holdover" : "synced", source: "timesyncd", uncertainty, answered: touched as Wall };
  }
  return { known: "unsynced", source: chrony ? "chrony (no answer)" : "none" };
}

function modified(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs;
  } catch {
    // Missing, or not for our eyes: either way it tells us nothing.
    return undefined;
  }
}
