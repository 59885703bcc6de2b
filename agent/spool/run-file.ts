import type { Disk } from "../effects/effects.ts";
import { asFault, type Fault } from "../fault/fault.ts";
import { LANES, type Lane, type LastKnown, type RunId } from "../model/model.ts";

/** How a run ended, and the last record that is known of each of its streams. */
export type PreviousRun = { readonly run: RunId; readonly how: "clean" | "killed" | "power"; readonly last: readonly LastKnown[] };

/** What is known of a run after its process has gone. Written at its start and at its clean stop, never between. */
export type RunFile = {
  readonly format: 1;
  readonly run: RunId;
  readonly bootId: string;
  /** Counts starts of this installation; for order only, nothing is named by it. */
  readonly startCount: number;
  readonly clean: boolean;
  readonly last: readonly LastKnown[];
  /** Ends of earlier runs whose telling is not on flash yet: a run that dies before it told them leaves them to the next. */
  readonly untold: readonly PreviousRun[];
};

/** So many ends are handed on at most, the newest: runs that follow each other on a disk that refuses tell them again and again. */
const UNTOLD_MAX = 64;

/** The ends that must be told, oldest first: those that the files hand on, and those of the runs that wrote them. */
export function endsOf(files: readonly RunFile[], bootId: string, last: (run: RunId) => readonly LastKnown[]): readonly PreviousRun[] {
  const ends: PreviousRun[] = [];
  for (const file of files) {
    const own: PreviousRun = file.clean
      ? { run: file.run, how: "clean", last: file.last }
      : { run: file.run, how: file.bootId === bootId ? "killed" : "power", last: last(file.run) };
    for (const end of [...file.untold, own]) if (!ends.some(({ run }) => run === end.run)) ends.push(end);
  }
  return ends.slice(-UNTOLD_MAX);
}

export async function readRunFile(disk: Disk, folder: string): Promise<RunFile | undefined> {
  const bytes = await disk.read(`${folder}/run.json`);
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes), revive);
    return isRunFile(value) ? value : undefined;
  } catch (caught) {
    // A file that a power cut left empty or torn: the run before is unknown, which is a fact and not a fault.
    if (caught instanceof SyntaxError || caught instanceof RangeError) return undefined;
    throw caught;
  }
}

export async function writeRunFile(disk: Disk, folder: string, file: RunFile): Promise<void> {
  await writeWhole(
    disk,
    folder,
    "run.json",
    JSON.stringify(file, (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value)),
  );
}

export const removeRunFile = (disk: Disk, folder: string): Promise<void> => disk.remove(`${folder}/run.json`);

const revive = (key: string, value: unknown): unknown => (key === "run" ? BigInt(String(value)) : value);

/** Replaces a small file so that a power cut leaves the old or the new one, whole. */
export async function writeWhole(disk: Disk, folder: string, name: string, text: string): Promise<void> {
  const file = await disk.open(`${folder}/${name}.new`, "create");
  try {
    await file.write(0, new TextEncoder().encode(text));
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(`${folder}/${name}.new`, `${folder}/${name}`);
  await disk.syncFolder(folder);
}

/** What became of one of two equal files. "damaged": something is there, and it is not what it should be. */
export type Copy<T> = { readonly good: T } | { readonly fault: Fault } | "none" | "damaged";

/**
 * Reads equal files, of which one is enough. `parse` says what the bytes are; undefined: nothing that holds. Throws Fault `disk.*`
 * where none holds and one of them cannot be read: what it has is not known, and must not be written over.
 */
export async function readCopies<T extends object>(
  disk: Disk,
  paths: readonly string[],
  parse: (bytes: Uint8Array) => T | undefined,
): Promise<readonly Copy<T>[]> {
  const copies = await Promise.all(paths.map((path) => readCopy(disk, path, parse)));
  if (!copies.some(isGood)) for (const one of copies) if (typeof one === "object" && "fault" in one) throw one.fault;
  return copies;
}

export const isGood = <T>(copy: Copy<T>): copy is { readonly good: T } => typeof copy === "object" && "good" in copy;

async function readCopy<T>(disk: Disk, path: string, parse: (bytes: Uint8Array) => T | undefined): Promise<Copy<T>> {
  try {
    const bytes = await disk.read(path);
    if (bytes === undefined) return "none";
    const good = parse(bytes);
    return good === undefined ? "damaged" : { good };
  } catch (caught) {
    return { fault: asFault(caught, "disk.failed", `${path} cannot be read`) };
  }
}

/** What is on disk is not believed: a file that parses may still be none of ours, and must not stop every start. */
function isRunFile(value: unknown): value is RunFile {
  if (!isObject(value)) return false;
  const { format, run, bootId, startCount, clean, last, untold } = value;
  return (
    format === 1 &&
    isRun(run) &&
    typeof bootId === "string" &&
    isCount(startCount) &&
    typeof clean === "boolean" &&
    isLast(last) &&
    isUntold(untold)
  );
}
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isRun = (value: unknown): boolean => typeof value === "bigint" && value >= 0n && value < 1n << 64n;
const isLast = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => isObject(one) && isCount(one.epoch) && isCount(one.n) && LANES.includes(one.lane as Lane));
const isUntold = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((one) => isObject(one) && isRun(one.run) && ["clean", "killed", "power"].includes(one.how as string) && isLast(one.last));
