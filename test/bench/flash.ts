import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { FlashCounter } from "./scenes.ts";
import type { Stage } from "./stage.ts";

/**
 * A disk of our own (ext4 in a file, on a loop device), whose device counts what reaches it. Root only; undefined where it cannot
 * be had.
 */
export function mountFlash(stage: Stage): { readonly counter: FlashCounter; readonly stop: () => void } | undefined {
  const image = join(stage.folder, "flash.img");
  const folder = join(stage.folder, "flash");
  mkdirSync(folder);
  writeFileSync(image, "");
  truncateSync(image, IMAGE_BYTES);
  const wrong = command("mkfs.ext4", ["-q", "-F", image]) ?? command("mount", ["-o", "loop", image, folder]);
  if (wrong !== undefined) {
    console.error(`SKIPPED: bytes that reach the device, which needs a loop device and root: ${wrong.trim()}`);
    return undefined;
  }
  const device = basename(loopOf(image));
  const read = () => {
    const fields = readFileSync(`/sys/block/${device}/stat`, "utf8").trim().split(/\s+/).map(Number);
    return { bytes: (fields[6] ?? 0) * SECTOR_BYTES, flushes: fields[15] ?? 0 };
  };
  const stop = (): void => {
    command("umount", [folder]);
    rmSync(image, { force: true });
  };
  return { counter: { folder, read }, stop };
}

const IMAGE_BYTES = 512 * 1024 * 1024;
/** The kernel counts in these, whatever the device's own are. */
const SECTOR_BYTES = 512;

function loopOf(image: string): string {
  const found = readdirSync("/sys/block").find((name) => {
    if (!name.startsWith("loop")) return false;
    try {
      return readFileSync(`/sys/block/${name}/loop/backing_file`, "utf8").trim() === image;
    } catch (caught) {
      if (caught instanceof Error && "code" in caught && caught.code === "ENOENT") return false;
      throw caught;
    }
  });
  if (found === undefined) throw new Error(`no loop device has ${image}`);
  return found;
}

function command(name: string, words: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(name, words, { encoding: "utf8" });
  return error?.message ?? (status === 0 ? undefined : stderr);
}
