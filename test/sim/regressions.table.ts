import type { WorldName } from "./run.ts";

/** Seeds that once failed, and what they found. The test run repeats each. */
export const REGRESSIONS: readonly { readonly world: WorldName; readonly seed: number; readonly found: string }[] = [
  { world: "spool", seed: 317, found: "how far a start had written anew was known to nobody until its rings began" },
  { world: "spool", seed: 636, found: "the same, for reports and alerts" },
  { world: "spool", seed: 989, found: "the same, for the one commit of a segment" },
  { world: "spool", seed: 566, found: "a copy that was freed came back when what it was copied from was moved behind it" },
  { world: "spool", seed: 581, found: "the same, where starts in a row were cut off" },
  { world: "whole", seed: 18, found: "a run that died before its RunEnded left the end of the run before untold" },
  { world: "whole", seed: 76, found: "a run that flash refused was not told when the next start was killed" },
  { world: "small", seed: 88, found: "the gap of a segment given up lay in memory when the process died" },
];
