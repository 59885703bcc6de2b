import type { WorldName } from "./run.ts";

/** Seeds that once failed, and what they found. The test run repeats each. */
export const REGRESSIONS: readonly { readonly world: WorldName; readonly seed: number; readonly found: string }[] = [
  { world: "spool", seed: 25, found: "what found no room while the agent stopped was named by nobody" },
  { world: "spool", seed: 37, found: "ends of runs that were read late were in no ring until the next turn" },
  { world: "spool", seed: 79, found: "the second unit of a commit survived a power cut without the first" },
  { world: "spool", seed: 159, found: "a segment whose header was torn while it was emptied came before what it was copied to" },
  { world: "whole", seed: 18, found: "a run that died before its RunEnded left the end of the run before untold" },
  { world: "whole", seed: 76, found: "a run that flash refused was not told when the next start was killed" },
  { world: "small", seed: 88, found: "the gap of a segment given up lay in memory when the process died" },
];
