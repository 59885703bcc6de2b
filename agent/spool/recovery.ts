import type { Disk, DiskFile, Entropy } from "../effects/effects.ts";
import { asFault, type Fault } from "../fault/fault.ts";
import { LANES, type Lane, type LastKnown, type RunId } from "../model/model.ts";
import { readCursors } from "./cursors.ts";
import { LastSeen } from "./names.ts";
import { type Found, readRing } from "./ring.ts";
import { type PreviousRun, type RunFile, readRunFile, writeRunFile } from "./run-file.ts";
import type { StoredBlock } from "./segment.ts";
import { LaneStore } from "./store.ts";

export type Folders = { readonly stateDir: string; readonly runtimeDir: string };
export type Recovered = {
  /** Ends of earlier runs that must still be told, oldest first. */
  readonly untold: readonly PreviousRun[];
  readonly startCount: number;
  readonly stores: Readonly<Record<Lane, LaneStore>>;
  readonly rings: Readonly<Record<Lane, DiskFile>>;
  /** Found in rings, not on flash: the first commit of this run takes them. Empty unless the disk failed. */
  readonly homeless: Readonly<Record<Lane, readonly StoredBlock[]>>;
  readonly adopted: Readonly<Record<Lane, number>>;
  readonly fault: Fault | undefined;
};

/**
 * Takes over what the run before left. Order matters: what segments hold is synced before anything is published; what only
 * the rings hold is committed; then the new run is written down; then the new rings begin. A crash at any step repeats it.
 */
export async function recoverSpool(
  disk: Disk,
  entropy: Entropy,
  folders: Folders,
  now: { run: RunId; bootId: string },
): Promise<Recovered> {
  const spoolDir = `${folders.stateDir}/spool`;
  await disk.makeFolder(folders.stateDir);
  await disk.makeFolder(spoolDir);
  await disk.makeFolder(folders.runtimeDir);
  const before = await readRunFile(disk, folders.stateDir);
  const seen = new LastSeen(before?.run ?? 0n);
  const committed = new Map<string, number>();
  const stores = await recoverStores(disk, entropy, spoolDir, (block) => {
    seen.see(block);
    const key = `${block.name.run}/${block.name.lane}`;
    committed.set(key, Math.max(committed.get(key) ?? 0, block.name.number));
  });

  const found = await readRings(disk, folders.runtimeDir);
  for (const block of found) seen.see(block);
  const left = found.filter((block) => !block.released && block.name.number > (committed.get(`${block.name.run}/${block.name.lane}`) ?? 0));
  const { homeless, fault } = await adopt(stores, left);
  const adopted = perLane((lane) => stores[lane].waiting + homeless[lane].reduce((sum, block) => sum + block.records, 0));
  const untold = [...(before?.untold ?? []), ...endOf(before, now.bootId, seen.all)];
  const startCount = (before?.startCount ?? 0) + 1;
  await writeRunFile(disk, folders.stateDir, { format: 1, ...now, startCount, clean: false, last: [], untold });
  const rings = await beginRings(disk, folders.runtimeDir, fault !== undefined);
  return { untold, startCount, stores, rings, homeless, adopted, fault };
}

/** A process that died without the host left its rings on tmpfs; where the host has booted since, they are gone. */
function endOf(before: RunFile | undefined, bootId: string, seen: readonly LastKnown[]): PreviousRun[] {
  if (before === undefined) return [];
  if (before.clean) return [{ run: before.run, how: "clean", last: before.last }];
  return [{ run: before.run, how: before.bootId === bootId ? "killed" : "power", last: seen }];
}

async function recoverStores(
  disk: Disk,
  entropy: Entropy,
  folder: string,
  seen: (block: StoredBlock) => void,
): Promise<Record<Lane, LaneStore>> {
  const cursors = await readCursors(disk, folder);
  const stores = perLane((lane) => new LaneStore(disk, folder, lane, entropy));
  // A name that is seen here may stand in the cache only: what is committed into its file would go with it.
  await disk.syncFolder(folder);
  for (const name of await disk.list(folder)) {
    const lane = LANES.find((one) => new RegExp(`^${one}-\\d+\\.seg$`).test(name));
    if (lane !== undefined) await stores[lane].recover(`${folder}/${name}`, cursors, seen);
  }
  for (const lane of LANES) stores[lane].settle();
  return stores;
}

/** The rings of the run before, and those that an earlier start could not adopt. */
async function readRings(disk: Disk, runtimeDir: string): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const lane of LANES) {
    for (const name of [`${lane}.old`, `${lane}.ring`]) {
      const bytes = await disk.read(`${runtimeDir}/${name}`);
      if (bytes !== undefined) found.push(...readRing(bytes));
    }
  }
  return found;
}

/** One commit a lane: what only the rings hold, behind what an earlier run left in nearly empty segments. */
async function adopt(
  stores: Readonly<Record<Lane, LaneStore>>,
  left: readonly Found[],
): Promise<{ homeless: Record<Lane, readonly StoredBlock[]>; fault: Fault | undefined }> {
  const homeless = perLane((lane): readonly StoredBlock[] => left.filter((block) => block.name.lane === lane));
  let fault: Fault | undefined;
  for (const lane of LANES) {
    const { blocks, forget, putBack } = await stores[lane].scraps();
    try {
      if (blocks.length + homeless[lane].length === 0) continue;
      await stores[lane].append([...blocks, ...homeless[lane]], () => false);
      homeless[lane] = [];
      await forget();
    } catch (caught) {
      putBack();
      fault = asFault(caught, "disk.failed", "What the run before left cannot be written to flash");
    }
  }
  return { homeless, fault };
}

/** New rings take the old ones' names in one step each. What could not be adopted stays beside them as `.old`. */
async function beginRings(disk: Disk, runtimeDir: string, keepOld: boolean): Promise<Record<Lane, DiskFile>> {
  const present = await disk.list(runtimeDir);
  const rings: Partial<Record<Lane, DiskFile>> = {};
  for (const lane of LANES) {
    if (keepOld && present.includes(`${lane}.ring`) && !present.includes(`${lane}.old`)) {
      await disk.rename(`${runtimeDir}/${lane}.ring`, `${runtimeDir}/${lane}.old`);
    }
    rings[lane] = await disk.open(`${runtimeDir}/${lane}.new`, "create");
    await disk.rename(`${runtimeDir}/${lane}.new`, `${runtimeDir}/${lane}.ring`);
    if (!keepOld && present.includes(`${lane}.old`)) await disk.remove(`${runtimeDir}/${lane}.old`);
  }
  return rings as Record<Lane, DiskFile>;
}

export const perLane = <T>(make: (lane: Lane) => T): Record<Lane, T> => ({
  alert: make("alert"),
  event: make("event"),
  report: make("report"),
  wave: make("wave"),
});
