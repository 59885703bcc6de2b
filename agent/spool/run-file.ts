import type { Disk } from "../effects/effects.ts";
import type { LastKnown, RunId } from "../model/model.ts";

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

export async function readRunFile(disk: Disk, folder: string): Promise<RunFile | undefined> {
  const bytes = await disk.read(`${folder}/run.json`);
  if (bytes === undefined) return undefined;
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes), revive) as RunFile | null;
    return value?.format === 1 ? value : undefined;
  } catch (caught) {
    // A file that a power cut left empty or torn: the run before is unknown, which is a fact and not a fault.
    if (caught instanceof SyntaxError) return undefined;
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
