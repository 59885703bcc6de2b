import type { Disk, Entropy, Seals } from "../effects/effects.ts";
import { asFault, type Fault } from "../fault/fault.ts";
import { LANES, type Lane, type RunId } from "../model/model.ts";
import { type CursorEntry, type Known, readCursors, writeCursors } from "./cursors.ts";
import { Keyring } from "./keyring.ts";
import { LastSeen } from "./names.ts";
import { laneOfFile } from "./places.ts";
import { type Found, RING_BYTES, Ring, readRing, readRingEnd, type Slot } from "./ring.ts";
import { endsOf, type PreviousRun, type RunFile, readRunFile, removeRunFile, writeRunFile } from "./run-file.ts";
import type { SegmentEnd, StoredBlock } from "./segment.ts";
import { LaneStore } from "./store.ts";
import type { Tally } from "./tally.ts";

export type Folders = { readonly stateDir: string; readonly runtimeDir: string };
/** Found in a ring, not on flash. Its slot is in the new ring; undefined where that had no room or could not be written. */
export type Homeless = StoredBlock & { readonly slot: Slot | undefined };
export type Recovered = {
  /** Ends of earlier runs that must still be told, oldest first. */
  readonly untold: readonly PreviousRun[];
  readonly startCount: number;
  /** Whether the run file could be read, and whether it names this run now. */
  readonly runFile: "unread" | "unwritten" | "written";
  readonly known: Known;
  readonly stores: Readonly<Record<Lane, LaneStore>>;
  readonly rings: Readonly<Record<Lane, Ring>>;
  /** The next commit takes them. Empty unless the disk failed. */
  readonly homeless: Readonly<Record<Lane, readonly Homeless[]>>;
  readonly adopted: Readonly<Record<Lane, number>>;
  readonly faults: StartFaults;
};
/** What the start went on without. */
export type StartFaults = {
  /** Nothing can be kept on flash now, as far as is known. */
  readonly keeping: Fault | undefined;
  /** Something of an earlier run cannot be read now. */
  readonly reading: Fault | undefined;
  /** The window of this run, or of the one before, lies in memory alone or cannot be read. */
  readonly ring: Fault | undefined;
};

/** Does a step; what refuses it is remembered, and the start goes on without. */
class Steps {
  refused: Fault | undefined;

  async try<T>(instead: T, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (caught) {
      this.refused ??= asFault(caught, "disk.failed", "The disk refuses");
      return instead;
    }
  }
}

/**
 * Takes over what the run before left. Order matters: what segments hold is synced before anything is published; what only
 * the rings hold is committed; then the new run is written down; then the new rings begin. A crash at any step repeats it.
 * Never throws a fault: what the disk refuses is told in `faults`, stays where it is, and is tried again while the agent runs.
 */
export async function recoverSpool(
  { disk, entropy, seals }: { readonly disk: Disk; readonly entropy: Entropy; readonly seals: Seals },
  { stateDir, runtimeDir }: Folders,
  now: { readonly run: RunId; readonly bootId: string },
): Promise<Recovered> {
  const spoolDir = `${stateDir}/spool`;
  const [keeping, reading, ringing] = [new Steps(), new Steps(), new Steps()];
  for (const folder of [stateDir, spoolDir]) await keeping.try(undefined, () => disk.makeFolder(folder));
  await ringing.try(undefined, () => disk.makeFolder(runtimeDir));
  const before = await reading.try<RunFile | undefined | "unread">("unread", () => readRunFile(disk, stateDir));
  // What a run wrote down that its disk refused. It came after the one that flash knows.
  const later = await ringing.try(undefined, () => readRunFile(disk, runtimeDir));
  const files = [before, later].filter((file) => file !== undefined && file !== "unread");
  const { found, unread, ends } = await readRings(disk, runtimeDir, ringing);
  const seen = new LastSeen(files.map(({ run }) => run));
  for (const block of found) seen.see(block);

  const keyring = new Keyring({ disk, folder: stateDir, entropy, seals });
  const stores = perLane((lane) => new LaneStore({ disk, entropy, keyring }, spoolDir, lane));
  const committed = new Map<string, number>();
  const cursors = await reading.try<readonly CursorEntry[]>([], () => readCursors(disk, spoolDir));
  const known = { cursors, ends };
  const see = (block: StoredBlock): void => {
    seen.see(block);
    const key = `${block.name.run}/${block.name.lane}`;
    committed.set(key, Math.max(committed.get(key) ?? 0, block.name.number));
  };
  const refused = await readSegments(disk, spoolDir, { stores, known }, { seen: see });

  const left = found.filter((block) => !block.released && block.name.number > (committed.get(`${block.name.run}/${block.name.lane}`) ?? 0));
  // Of what is written anew only this knows how far it goes, until the new rings do.
  const saveEnds = async (): Promise<void> => {
    const entries = LANES.flatMap((lane) => stores[lane].cursors());
    const unread = cursors.filter(({ generation }) => !entries.some((entry) => entry.generation === generation));
    const saving = writeCursors(disk, spoolDir, [...entries, ...unread], "lazily");
    await saving.catch((caught: unknown) => asFault(caught, "disk.failed", "The cursors cannot be written"));
  };
  const orphans = await adopt(stores, left, { steps: keeping, saveEnds });
  const untold = endsOf(files, now.bootId, (run) => seen.of(run));
  const startCount = Math.max(0, ...files.map((file) => file.startCount)) + 1;
  const file: RunFile = { format: 1, ...now, startCount, clean: false, last: [], untold };
  const written = before !== "unread" && (await keeping.try(false, () => writeRunFile(disk, stateDir, file).then(() => true)));
  await ringing.try(undefined, () => (written ? removeRunFile(disk, runtimeDir) : writeRunFile(disk, runtimeDir, file)));
  const ringsOf = { run: now.run, orphans, unread, steps: ringing, newest: (lane: Lane) => stores[lane].newest };
  const { rings, homeless } = await beginRings(disk, runtimeDir, ringsOf);
  return {
    untold,
    startCount,
    runFile: before === "unread" ? "unread" : written ? "written" : "unwritten",
    known,
    stores,
    rings,
    homeless,
    adopted: perLane((lane) => stores[lane].waiting + homeless[lane].reduce((sum, block) => sum + block.records, 0)),
    faults: { keeping: keeping.refused, reading: reading.refused ?? refused, ring: ringing.refused },
  };
}

/**
 * Reads the segments that the stores do not hold yet, and counts what waits in them. Returns why one or more could not be read,
 * each of which is as it was and may be asked for again.
 */
export async function readSegments(
  disk: Disk,
  folder: string,
  into: { readonly stores: Readonly<Record<Lane, LaneStore>>; readonly known: Known },
  told: { readonly seen?: (block: StoredBlock) => void; readonly counted?: (lane: Lane, records: Tally) => void },
): Promise<Fault | undefined> {
  const { stores, known } = into;
  const { seen = () => undefined, counted = () => undefined } = told;
  const steps = new Steps();
  // A name that is seen here may stand in the cache only: what is committed into its file would go with it.
  await steps.try(undefined, () => disk.syncFolder(folder));
  for (const name of await steps.try<readonly string[]>([], () => disk.list(folder))) {
    const [lane, path] = [laneOfFile(name), `${folder}/${name}`];
    if (lane === undefined || LANES.some((one) => stores[one].knows(path))) continue;
    await steps.try(undefined, async () => {
      // Under another name than its own it is still what its header says.
      const own = await stores[lane].recover(path, known, seen);
      if (own !== lane) await stores[own].recover(path, known, seen);
    });
  }
  for (const lane of LANES) {
    const { found, refused } = await stores[lane].settle();
    counted(lane, found);
    steps.refused ??= refused;
  }
  return steps.refused;
}

type Rings = { readonly found: readonly Found[]; readonly unread: readonly Lane[]; readonly ends: readonly SegmentEnd[] };

/** The rings of the run before, and those that an earlier start could not read. */
async function readRings(disk: Disk, runtimeDir: string, steps: Steps): Promise<Rings> {
  const found: Found[] = [];
  const unread: Lane[] = [];
  const ends: SegmentEnd[] = [];
  for (const lane of LANES) {
    for (const name of [`${lane}.old`, `${lane}.ring`]) {
      const bytes = await steps.try<Uint8Array | undefined | "unread">("unread", () => disk.read(`${runtimeDir}/${name}`));
      if (bytes === "unread") unread.push(lane);
      if (bytes === "unread" || bytes === undefined) continue;
      found.push(...readRing(bytes));
      const end = readRingEnd(bytes);
      if (end !== undefined) ends.push(end);
    }
  }
  return { found, unread, ends };
}

/** One commit a lane: what only the rings hold, behind what an earlier run left in nearly empty segments. Returns what found no place. */
async function adopt(
  stores: Readonly<Record<Lane, LaneStore>>,
  left: readonly Found[],
  { steps, saveEnds }: { readonly steps: Steps; readonly saveEnds: () => Promise<void> },
): Promise<Readonly<Record<Lane, readonly StoredBlock[]>>> {
  const orphans = perLane((lane): readonly StoredBlock[] => left.filter((block) => block.name.lane === lane));
  for (const lane of LANES) {
    stores[lane].cameFromRing(orphans[lane]);
    await steps.try(undefined, async () => {
      const { blocks, forget, putBack } = await stores[lane].scraps();
      if (blocks.length + orphans[lane].length === 0) return;
      try {
        await stores[lane].append([...blocks, ...orphans[lane]], () => false);
      } catch (caught) {
        putBack();
        throw caught;
      }
      orphans[lane] = [];
      await saveEnds();
      await forget();
    });
  }
  return orphans;
}

/**
 * New rings take the old ones' names in one step each, with what found no place on flash already in them: a start that is killed,
 * or many in a row on a disk that refuses, lose nothing of it. A ring that could not be read stays beside them as `.old`.
 */
async function beginRings(
  disk: Disk,
  runtimeDir: string,
  {
    run,
    orphans,
    unread,
    steps,
    newest,
  }: {
    run: RunId;
    orphans: Readonly<Record<Lane, readonly StoredBlock[]>>;
    unread: readonly Lane[];
    steps: Steps;
    newest: (lane: Lane) => SegmentEnd | undefined;
  },
): Promise<Pick<Recovered, "rings" | "homeless">> {
  const present = await steps.try<readonly string[]>([], () => disk.list(runtimeDir));
  const rings = perLane((lane) => new Ring(undefined, run, lane));
  const homeless = perLane((lane): readonly Homeless[] => orphans[lane].map((block) => ({ ...block, slot: undefined })));
  for (const lane of LANES) {
    const at = (end: string) => `${runtimeDir}/${lane}.${end}`;
    await steps.try(undefined, async () => {
      const ring = new Ring(await disk.open(at("new"), "create"), run, lane);
      ring.note(newest(lane));
      const housed = await takeOver(ring, orphans[lane], steps);
      if (unread.includes(lane) && present.includes(`${lane}.ring`) && !present.includes(`${lane}.old`))
        await disk.rename(at("ring"), at("old"));
      await disk.rename(at("new"), at("ring"));
      rings[lane] = ring;
      homeless[lane] = housed;
      const free = !unread.includes(lane) && housed.every(({ slot }) => slot !== undefined);
      if (free && present.includes(`${lane}.old`)) await disk.remove(at("old"));
    });
  }
  return { rings, homeless };
}

/** Where the ring has no room for all, the oldest have only the memory. */
async function takeOver(ring: Ring, orphans: readonly StoredBlock[], steps: Steps): Promise<readonly Homeless[]> {
  let room = RING_BYTES - Ring.room(0);
  const last = orphans.findLastIndex(({ bytes }) => {
    room -= Ring.room(bytes.length);
    return room < 0;
  });
  const housed: Homeless[] = [];
  for (const [at, block] of orphans.entries()) {
    const slot = at <= last ? undefined : await steps.try(undefined, async () => ring.takeOver(block.name, block.bytes));
    housed.push({ ...block, slot });
  }
  return housed;
}

export const perLane = <T>(make: (lane: Lane) => T): Record<Lane, T> => ({
  alert: make("alert"),
  event: make("event"),
  report: make("report"),
  wave: make("wave"),
});
