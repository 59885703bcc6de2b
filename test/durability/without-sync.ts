import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { hostArch, ROOT } from "../../config/package/target.ts";
import { plant } from "../sim/plant.ts";

/** The packaged file without a single fsync, from a copy of the source: a harness that does not find it out proves nothing. */
export function packageWithoutSync(): { readonly program: string; readonly remove: () => void } {
  const file = "agent/effects/node/disk.ts";
  const { folder, remove } = plant([
    { file, find: "await handle.datasync();", replace: "await handle.stat();" },
    { file, find: "await handle.sync();", replace: "await handle.stat();" },
  ]);
  const words = ["config/package/main.ts", "host", "--entry", join(folder, "agent/cli/bedside.ts"), "--out", join(folder, "dist")];
  const { status, stderr } = spawnSync(process.execPath, words, { cwd: ROOT, encoding: "utf8" });
  if (status === 0) return { program: join(folder, "dist", `bedside-linux-${hostArch()}`), remove };
  remove();
  throw new Error(`a file without fsync could not be made: ${stderr}`);
}
