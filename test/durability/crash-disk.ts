import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Python, startPython } from "./python.ts";

/** A real ext4 on a block device whose cache is volatile: what reached it, and what a flush confirmed, is written down (block_disk.py). */
export type CrashDisk = {
  /** The file system as it was made. */
  readonly base: string;
  readonly log: string;
  readonly disk: Python;
  /** Mounted there from now on, for its owner alone. */
  readonly mount: (place: string) => void;
  readonly unmount: (place: string) => void;
  readonly stop: () => Promise<void>;
};

const IMAGE_BYTES = 32 * 1024 * 1024;
const JOURNAL_MIB = 4;

/** What is missing here for such a disk; undefined: nothing. */
export function whyNoCrashDisk(): string | undefined {
  if (process.getuid?.() !== 0) return "not root";
  for (const device of ["/dev/fuse", "/dev/loop-control"]) if (!existsSync(device)) return `there is no ${device}`;
  for (const program of ["mkfs.ext4", "mount", "umount"]) if (run(program, ["-V"])?.startsWith("spawnSync")) return `${program} is missing`;
  return undefined;
}

/** Throws where it cannot be made. */
export async function openCrashDisk(): Promise<CrashDisk> {
  const folder = mkdtempSync(join(tmpdir(), "bedside-disk-"));
  const at = (name: string): string => join(folder, name);
  const [base, log, fuse] = [at("base.img"), at("log"), at("fuse")];
  mkdirSync(fuse);
  writeFileSync(base, "");
  truncateSync(base, IMAGE_BYTES);
  must("mkfs.ext4", ["-q", "-F", "-b", "4096", "-J", `size=${JOURNAL_MIB}`, base]);
  const disk = await startPython("block_disk.py", [fuse, base, log]);
  const mounted = new Set<string>();
  const clear = (): void => {
    for (const place of [...mounted, fuse]) run("umount", ["-l", place]);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", clear);
  return {
    base,
    log,
    disk,
    mount: (place) => {
      must("mount", ["-o", "loop", join(fuse, "disk"), place]);
      mounted.add(place);
      must("chmod", ["700", place]);
    },
    unmount: (place) => {
      must("umount", [place]);
      mounted.delete(place);
    },
    stop: async () => {
      process.off("exit", clear);
      run("umount", [fuse]);
      await disk.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What it said of what is wrong; undefined: it is done. */
export function run(program: string, words: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, words, { encoding: "utf8" });
  return error === undefined ? (status === 0 ? undefined : stderr || `ended with ${status}`) : `spawnSync ${error.message}`;
}

export function must(program: string, words: readonly string[]): void {
  const wrong = run(program, words);
  if (wrong !== undefined) throw new Error(`${program} ${words.join(" ")}: ${wrong}`);
}
