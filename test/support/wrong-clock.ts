import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../config/package/target.ts";
import type { Room, StartOptions } from "./agent.ts";

/**
 * The packaged agent under a wrong clock, by libfaketime. The agent refuses LD_PRELOAD, so it comes in by /etc/ld.so.preload, in a mount
 * namespace where the room's own folder stands for /etc.
 */

const [FAKETIME] = ["/", join(ROOT, ".build/debian/")].flatMap((root) => globSync(`${root}usr/lib/*/faketime/libfaketime.so.1`));
const mayMount = spawnSync("unshare", ["--map-root-user", "--mount", "true"]).status === 0;

/** Undefined where a clock can be wrong. */
export const whyNoWrongClock: string | undefined =
  FAKETIME === undefined ? "libfaketime is not installed" : mayMount ? undefined : "this machine gives no mount namespace";

const KEPT = ["hosts", "nsswitch.conf", "passwd", "ld.so.cache"];

/** What starts the agent at that time, as libfaketime writes it ("@1970-01-01 00:10:00", "+20y", "+0"); `set` changes it while it runs. */
export function clockOf(room: Room, time: string): { readonly how: StartOptions; set(time: string): void } {
  const etc = room.at("etc");
  mkdirSync(etc);
  for (const name of KEPT) if (existsSync(join("/etc", name))) copyFileSync(join("/etc", name), join(etc, name));
  writeFileSync(join(etc, "ld.so.preload"), `${FAKETIME}\n`);
  const set = (to: string): void => writeFileSync(join(etc, "faketimerc"), `${to}\n`);
  set(time);
  const through = ["unshare", "--map-root-user", "--mount", "sh", "-c", `mount --bind ${etc} /etc && exec "$@"`, "sh"];
  // The other clock, of time elapsed, is not touched; and the file is read anew each time.
  return { how: { through, environment: { FAKETIME_DONT_FAKE_MONOTONIC: "1", FAKETIME_NO_CACHE: "1" } }, set };
}
