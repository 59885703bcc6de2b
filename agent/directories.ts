import type { Effects } from "./effects/effects.ts";
import { asFault, Fault } from "./fault/fault.ts";

export type Directories = { readonly stateDir: string; readonly runtimeDir: string };

/**
 * Makes sure that this agent alone works in these directories, however their paths are written, and that the window lies in memory.
 * A runtime directory that cannot be used ends the start: without it nobody could ask the agent anything. A state directory does not.
 * Throws Fault `start.directories`, `agent.second`, `runtime.not_tmpfs`, and `disk.*` for the runtime directory.
 */
export async function claimDirectories(
  { disk, host }: Pick<Effects, "disk" | "host">,
  { stateDir, runtimeDir }: Directories,
): Promise<void> {
  const [runtime = runtimeDir] = await disk.lineage(runtimeDir);
  if ((await disk.lineage(stateDir)).includes(runtime)) {
    throw new Fault("start.directories", `${stateDir} lies in ${runtimeDir}, which is emptied when this box restarts`, {
      stateDir,
      runtimeDir,
    });
  }
  const held = new Set<string>();
  const claim = async (folder: string): Promise<void> => {
    const [name = folder] = await disk.lineage(folder);
    if (held.has(name)) return;
    if (!(await host.claim(`agent ${name}`))) throw new Fault("agent.second", `Another agent runs on ${folder}`, { folder });
    held.add(name);
  };
  for (const folder of [stateDir, runtimeDir]) await claim(folder);
  const refused = await disk.makeFolder(runtimeDir).then(
    () => undefined,
    (caught: unknown) => asFault(caught, "disk.failed", `Cannot make ${runtimeDir}`),
  );
  if (refused?.key === "disk.denied") throw refused;
  const inMemory = await disk.isTmpfs(runtimeDir).catch((caught: unknown) => {
    throw refused ?? caught;
  });
  if (!inMemory) throw new Fault("runtime.not_tmpfs", `${runtimeDir} is not on tmpfs`, { runtimeDir });
  // Where it cannot be made, the recovery says so, and goes on.
  await disk.makeFolder(stateDir).catch((caught: unknown) => asFault(caught, "disk.failed", `Cannot make ${stateDir}`));
  // Now that they exist they have other names than those that were still to be made, for the next agent too.
  for (const folder of [stateDir, runtimeDir]) await claim(folder);
}
