import { stat } from "node:fs/promises";
import process from "node:process";
import { Fault } from "../../fault/fault.ts";

const OTHERS_WRITE = 0o022;

/**
 * Throws Fault `state.too_open` where another user could put files into the folder. One that does not exist yet is made for
 * the agent alone; what else is wrong with it is told where it is used.
 */
export async function checkOwnFolder(path: string): Promise<void> {
  const seen = await stat(path).catch(() => undefined);
  if (seen?.isDirectory() !== true) return;
  const user = process.geteuid?.() ?? 0;
  if (seen.uid !== user)
    throw new Fault("state.too_open", `${path} belongs to user ${seen.uid}, and the agent runs as user ${user}`, {
      path,
      owner: seen.uid,
      user,
    });
  const mode = (seen.mode & 0o7777).toString(8).padStart(4, "0");
  if ((seen.mode & OTHERS_WRITE) !== 0)
    throw new Fault("state.too_open", `Other users may write into ${path} (mode ${mode})`, { path, mode });
}
