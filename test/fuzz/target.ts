import type { Edit } from "../sim/small.table.ts";

/** A bug in one text of one file, and what a review would call it. */
export type Planted = Edit & { readonly kind: string };

/** One parser, as the fuzzer sees it. */
export type Target = {
  readonly name: string;
  /** Source whose branches count, by the beginning of its path. */
  readonly files: readonly string[];
  /** Longest input, in bytes. */
  readonly lengthMax: number;
  /** What the first inputs are made of: what the devices, captures and encoders of the house say. */
  readonly seeds: () => readonly Uint8Array[];
  /** Gives an input to the parser; throws where it breaks a law. `deep`: also those whose proof costs more. */
  readonly run: (input: Uint8Array, deep: boolean) => void | Promise<void>;
  /** Makes checksums and lengths hold again, so that what stands behind them is reached. */
  readonly fixup?: (input: Uint8Array) => Uint8Array;
  /** Work of one execution, in branches passed: a bound that the length of the input sets, and no clock. */
  readonly work: { readonly base: number; readonly perByte: number };
  /** A bug that the fuzzer must find; otherwise it proves nothing. */
  readonly planted: Planted | undefined;
};
