import { asFault } from "../fault/fault.ts";
import type { StoredBlock } from "./segment.ts";
import { keyOf, type Segment } from "./segment-state.ts";

/** Recovered segments that hold no more than this together are written again as one. */
const SCRAPS_MAX = 256 * 1024;

export type Scraps = { readonly blocks: readonly StoredBlock[]; readonly forget: () => Promise<void>; readonly putBack: () => void };
type Hands = {
  readonly waitingIn: (segment: Segment) => Promise<readonly StoredBlock[]>;
  readonly erase: (segment: Segment) => Promise<void>;
  readonly syncFree: () => Promise<void>;
};

/**
 * Takes out the newest segments that an earlier run left nearly empty: every start begins a new segment, and without this a box
 * that restarts often would fill its spool with air. Their blocks are appended again, then `forget` frees the files. A crash between
 * the two leaves a block twice; of such only one is returned. Throws Fault `disk.*`; then nothing is taken out.
 */
export async function takeScraps(segments: Segment[], { waitingIn, erase, syncFree }: Hands): Promise<Scraps> {
  let bytes = 0;
  const from = segments.findLastIndex((segment) => {
    bytes += segment.end - segment.cursor;
    // What is damaged stays until that is told.
    return bytes > SCRAPS_MAX || segment.holes.size > 0;
  });
  const scraps = segments.slice(from + 1);
  const blocks = new Map<string, StoredBlock>();
  for (const segment of scraps)
    for (const block of await waitingIn(segment)) if (!blocks.has(keyOf(block))) blocks.set(keyOf(block), block);
  segments.splice(from + 1);
  return {
    blocks: [...blocks.values()],
    forget: async () => {
      // A file that was freed lately may have held copies of these blocks. If a power cut brought it back when these are gone, it
      // would be older than where they are now, and its blocks would go before those that stand in front of them.
      await syncFree();
      // The newest first, and durably: what a crash leaves is then a beginning, and order is kept.
      for (const segment of scraps.toReversed()) {
        await erase(segment);
        await segment.file.sync().catch((caught: unknown) => asFault(caught, "disk.failed", `Cannot sync ${segment.path}`));
      }
    },
    putBack: () => {
      segments.push(...scraps);
      segments.sort((a, b) => a.order - b.order);
    },
  };
}
