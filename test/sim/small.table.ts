/** One text in one file, replaced. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

/**
 * The limits of the spool, made so small that a simulated minute fills rings, segments and the whole spool: what takes hours on
 * a gateway happens in every seed.
 */
export const SMALL: readonly Edit[] = [
  { file: "agent/spool/block.ts", find: "BLOCK_MAX = 64 * 1024", replace: "BLOCK_MAX = 4 * 1024" },
  { file: "agent/spool/block.ts", find: "RECORD_MAX = 32 * 1024", replace: "RECORD_MAX = 2 * 1024" },
  { file: "agent/spool/ring.ts", find: "RING_BYTES = 4 * 1024 * 1024", replace: "RING_BYTES = 32 * 1024" },
  { file: "agent/spool/segment-state.ts", find: "UNIT_MAX = 256 * 1024", replace: "UNIT_MAX = 8 * 1024" },
  { file: "agent/spool/segment.ts", find: "SEGMENT_BYTES = 1024 * 1024", replace: "SEGMENT_BYTES = 16 * 1024" },
  { file: "agent/spool/scraps.ts", find: "SCRAPS_MAX = 256 * 1024", replace: "SCRAPS_MAX = 16 * 1024" },
  { file: "config/settings/bounds.table.ts", find: `least: "8MiB"`, replace: `least: "1KiB"` },
  { file: "test/sim/plan.ts", find: `["8MiB", "64MiB"]`, replace: `["96KiB", "128KiB", "2MiB"]` },
];
