import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import type { Agent } from "../support/agent.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { type RawMessage, subscribeRaw } from "../support/mosquitto.ts";
import { roomFor } from "./room.ts";

/** A room whose state directory is a small file system of its own, that only the agent (and `/proc/<pid>/root`) sees. */

export const DEVICE = "dv-1";

/** Undefined, told aloud, where no file system can be mounted. */
export async function smallDiskRoom(t: TestContext, how: { readonly mount: string; readonly more?: string }) {
  const why = whyNoMount();
  if (why !== undefined) {
    console.warn(`NOT TESTED: ${t.task.name}, because no file system can be mounted here (${why})`);
    return undefined;
  }
  const room = roomFor(t);
  mkdirSync(room.stateDir);
  const broker = await room.startBroker();
  const central = await room.openCentral(broker.port);
  const reports: RawMessage[] = [];
  const topic = `bedside/v1/${room.gateway}/up/reports`;
  const identity = room.pki.issue({ cn: "ops", kind: "client" });
  room.keep(await subscribeRaw({ port: broker.port, pki: room.pki, identity, topic, heard: (message) => reports.push(message) }));
  const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 7, link: room.at("port") }));
  const beds = [{ path: device.path, location: "b", device: DEVICE, driver: "nonin" }];
  room.configure({ port: broker.port, beds, ...(how.more === undefined ? {} : { more: how.more }) });
  /** The agent with its disk; `prepare` is a shell script that runs in the state directory before it. */
  const start = (prepare = "true", mount = how.mount): Agent => {
    const script = `set -e; mount -t tmpfs -o "$1" none "$0"; (cd "$0"; ${prepare}); ${mount.includes("ro,") ? `mount -o remount,ro "$0";` : ""} shift; exec "$@"`;
    return room.start({ through: ["unshare", "--mount", "sh", "-c", script, room.stateDir, mount.replace("ro,", "")] });
  };
  /** Waits until so many messages of reports in a row say of themselves that they are volatile, or that they are not. */
  const inARow = async (count: number, wanted: "volatile" | "kept"): Promise<void> => {
    const from = reports.length;
    const is = ({ properties }: RawMessage): boolean => (properties.volatile === "true" ? "volatile" : "kept") === wanted;
    // What was sent just before may still come.
    const inARow = (): boolean => {
      const last = reports.slice(from).slice(-count);
      return last.length === count && last.every(is);
    };
    await room.until(`${count} messages in a row are ${wanted}`, inARow).catch(async (caught: unknown) => {
      const came = reports.slice(from).map(({ properties }) => properties.volatile === "true");
      throw new Error(`Of ${came.length} messages these were volatile: ${came}. ${JSON.stringify(await room.status())}`, { cause: caught });
    });
  };
  return { room, broker, central, device, start, inARow, seen: (agent: Agent, name = "") => seenBy(agent, join(room.stateDir, name)) };
}

/** The path of something as this agent sees it. */
export const seenBy = (agent: Agent, path: string): string => `/proc/${agent.pid}/root${path}`;

/** A command among this agent's own file systems. */
export function amongMountsOf(agent: Agent, command: readonly string[]): void {
  const done = spawnSync("nsenter", ["--target", String(agent.pid), "--mount", ...command]);
  if (done.status !== 0) throw new TypeError(`${command.join(" ")}: ${done.stderr.toString()}`);
}

function whyNoMount(): string | undefined {
  if (process.getuid?.() !== 0) return "not root";
  if (!existsSync("/proc/self/ns/mnt")) return "no mount namespaces";
  const place = mkdtempSync(join(tmpdir(), "bedside-mount-"));
  const done = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", place]);
  rmdirSync(place);
  return done.status === 0 ? undefined : done.stderr.toString().trim() || "unshare is missing";
}
