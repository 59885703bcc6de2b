/** Where a quantity lies, both ends taken. Written as people write it, so that the reference shows what is checked. */
export const BOUNDS = {
  /** One tick of reading; and a message a minute is no live reading any more. */
  pace: { unit: "duration", least: "20ms", most: "1min", example: "100ms" },
  /** From below it is bound by the pace. */
  window: { unit: "duration", least: undefined, most: "10min", example: "250ms" },
  /** Each of the four lanes has a file of 1 MiB under way and one that waits. Each file is held open. */
  "spool.size": { unit: "bytes", least: "8MiB", most: "16GiB", example: "256MiB" },
} as const;

/** How long the lists of a document are. Of a longer one as many and one more are looked at: whoever sends it gets no more work out of us. */
export const LISTS_MAX = { documents: 8, ports: 64, rules: 256, trust: 32 } as const;
