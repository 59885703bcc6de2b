import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { plant } from "./plant.ts";
import { SMALL } from "./small.table.ts";

/** `node test/sim/small.ts …`: as main.ts, on a copy of the agent whose rings, segments and spool are small. */
const { folder, remove } = plant(SMALL);
try {
  const { status } = spawnSync(process.execPath, [join(folder, "test/sim/main.ts"), ...process.argv.slice(2)], {
    cwd: folder,
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
} finally {
  remove();
}
