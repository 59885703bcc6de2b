import type { Disk } from "../effects/effects.ts";
import { SEGMENT_BYTES } from "./segment.ts";

/** Everything before `cursor` in that segment is delivered. */
export type CursorEntry = { readonly path: string; readonly generation: string; readonly cursor: number };

const NAME = "cursors.json";

export async function readCursors(disk: Disk, folder: string): Promise<readonly CursorEntry[]> {
  const bytes = await disk.read(`${folder}/${NAME}`);
  if (bytes === undefined) return [];
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return Array.isArray(value) ? (value as (CursorEntry | null)[]).filter((entry) => entry !== null) : [];
  } catch (caught) {
    // Written lazily, so a power cut may leave it torn; without it some blocks are sent twice under equal names.
    if (caught instanceof SyntaxError) return [];
    throw caught;
  }
}

/** Replaces the file without a sync: old or new, either is true. Throws Fault `disk.*`. */
export async function writeCursors(disk: Disk, folder: string, entries: readonly CursorEntry[]): Promise<void> {
  const file = await disk.open(`${folder}/${NAME}.new`, "create");
  try {
    await file.write(0, new TextEncoder().encode(JSON.stringify(entries)));
  } finally {
    await file.close();
  }
  await disk.rename(`${folder}/${NAME}.new`, `${folder}/${NAME}`);
}

/** Behind what is known to be delivered of a segment, however the path to it was written then; 0 where nothing is known. */
export function savedCursor(entries: readonly CursorEntry[], path: string, generation: bigint): number {
  const saved = entries.find((entry) => entry.generation === generation.toString() && nameOf(String(entry.path)) === nameOf(path));
  return saved !== undefined && saved.cursor <= SEGMENT_BYTES ? saved.cursor : 0;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
