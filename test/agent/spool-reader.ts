import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Lane } from "../../agent/model/model.ts";
import type { MemoryDisk } from "./fakes.ts";

/** What spool-reader.py tells of a disk. It was written from FORMAT.md and shares no line with the spool. */
export type FoundBlock = {
  readonly run: string;
  readonly number: number;
  readonly records: readonly (readonly [epoch: number, n: number])[];
};
export type OnFlash = FoundBlock & { readonly delivered: boolean; readonly segment: string; readonly offset: number };
export type InRing = FoundBlock & { readonly released: boolean; readonly offset: number };
type Place = { readonly segment: string; readonly offset: number; readonly bytes: number };
export type Found = {
  readonly key: "spool.key" | "spool.key.copy" | null;
  readonly lanes: Readonly<Record<Lane, readonly OnFlash[]>>;
  readonly rings: Readonly<Record<string, readonly InRing[]>>;
  /** What the next start finds undelivered, on flash and behind it in the ring. */
  readonly waiting: Readonly<Record<Lane, readonly FoundBlock[]>>;
  readonly damage: readonly Place[];
  readonly sealed: readonly (Place & { readonly records: number; readonly delivered: boolean })[];
  readonly free: readonly string[];
  readonly unknown: readonly string[];
  /** Blocks that stand in a second place as well: a start was killed while it wrote them anew. */
  readonly twice: readonly string[];
  /** Segments that have a header at one end only, and which. */
  readonly oneEnded: Readonly<Record<string, "front" | "back">>;
  /** Where the bytes are not as the paper says. */
  readonly odd: readonly string[];
};

/** Runs a program in Python; what it prints, read as JSON. */
export function python(program: string, words: readonly string[], input = ""): unknown {
  const path = resolve(import.meta.dirname, program);
  const { stdout, stderr } = spawnSync("/usr/bin/python3", [path, ...words], { encoding: "utf8", input, maxBuffer: 1 << 28 });
  if (stderr !== "") throw new Error(stderr);
  return JSON.parse(stdout);
}

export function readDisk(disk: MemoryDisk): Found {
  const folder = mkdtempSync(join(tmpdir(), "bedside-spool-"));
  try {
    for (const [path, bytes] of disk.files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    return python("spool-reader.py", [join(folder, "state"), "--runtime", join(folder, "run/bedside")]) as Found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const namesFound = (lane: Lane, blocks: readonly FoundBlock[]): string[] =>
  blocks.flatMap(({ records }) => records.map(([epoch, n]) => `${lane}/${epoch}/${n}`));
