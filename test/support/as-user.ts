import { chownSync, copyFileSync, linkSync } from "node:fs";
import process from "node:process";
import { agentCommand, type Room } from "./agent.ts";

/** Root may read, write and open everything, so that as root another user must try what rights hold back. */
export const asRoot = process.getuid?.() === 0;
/** Debian's user "nobody": has no right to anything of ours that others do not have. */
export const NOBODY = 65_534;

/** Put before a program, it runs as that user (setpriv, util-linux); anybody but root stays who he is. */
export const through = (uid: number): readonly string[] =>
  asRoot ? ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--inh-caps=-all"] : [];

/** The packaged agent for somebody without rights, who owns the room's folders and files then. */
export function ordinaryAgent(room: Room): { readonly program: readonly string[]; readonly through: readonly string[] } {
  if (!asRoot) return { program: agentCommand(), through: [] };
  const own = ["ca.crt", "gw.crt", "gw.key", "bedside.yaml"].map(room.at);
  for (const path of [room.folder, room.runtimeDir, ...own]) chownSync(path, NOBODY, NOBODY);
  return { program: reachable(room), through: through(NOBODY) };
}

/** The packaged file at a place where another user can reach it. */
function reachable(room: Room): readonly string[] {
  const [file = "", ...words] = agentCommand();
  if (words.length > 0) return [file, ...words];
  const there = room.at("bedside");
  try {
    linkSync(file, there);
  } catch (caught) {
    if (!(caught instanceof Error && "code" in caught && (caught.code === "EXDEV" || caught.code === "EPERM"))) throw caught;
    copyFileSync(file, there);
  }
  return [there];
}
