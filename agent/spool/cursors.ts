import type { Disk } from "../effects/effects.ts";
import { SEGMENT_BYTES, type SegmentEnd, UNITS_END } from "./segment.ts";

/** Everything before `cursor` in that segment is delivered; it was filled up to `end` then, or further. */
export type CursorEntry = { readonly path: string; readonly generation: string; readonly cursor: number; readonly end?: number };

/** What is known of segments beside what stands in them. */
export type Known = { readonly cursors: readonly CursorEntry[]; readonly ends: readonly SegmentEnd[] };
export const NOTHING_KNOWN: Known = { cursors: [], ends: [] };

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

/** Replaces the file; "lazily" without a sync: old or new, either is true. Throws Fault `disk.*`. */
export async function writeCursors(disk: Disk, folder: string, entries: readonly CursorEntry[], how: "lazily" | "synced"): Promise<void> {
  const file = await disk.open(`${folder}/${NAME}.new`, "create");
  try {
    await file.write(0, new TextEncoder().encode(JSON.stringify(entries)));
    if (how === "synced") await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(`${folder}/${NAME}.new`, `${folder}/${NAME}`);
  if (how === "synced") await disk.syncFolder(folder);
}

/** Behind what is known to be delivered of a segment, wherever it lay then; 0 where nothing is known. */
export function savedCursor(entries: readonly CursorEntry[], generation: bigint): number {
  const saved = entries.find((entry) => entry.generation === generation.toString());
  return saved !== undefined && saved.cursor <= SEGMENT_BYTES ? saved.cursor : 0;
}

/** How far the segment was filled, as the last that wrote of it knew; 0 where nothing is known. */
export function savedEnd({ cursors, ends }: Known, generation: bigint): number {
  const told = [
    ...cursors.flatMap((entry) => (entry.generation === generation.toString() ? [entry.end] : [])),
    ...ends.flatMap((one) => (one.generation === generation ? [one.end] : [])),
  ];
  return Math.max(0, ...told.filter((end): end is number => Number.isSafeInteger(end) && (end as number) <= UNITS_END));
}
