import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { readOr } from "./read-or.ts";

/** Tells that something stirred in folders. It may tell too often and it may tell nothing: whoever asks looks for himself. */
export type FolderWatch = {
  /** Whether anything stirred since the last call. */
  stirred(): boolean;
  /** Watches what came, lets go of what went. */
  refresh(): void;
  close(): void;
};

/** More notifications than this between two refreshes are no plugging: somebody writes to these folders without end. */
const BUSY = 500;
/** A folder that was too busy is left alone for so many refreshes. */
const REST = 60;

/**
 * Watches where device nodes appear: the device root (ttyUSB0) and the folder of each USB bus (a device that has no tty yet).
 * sysfs itself notifies nobody. A watch costs a wake-up a notification and never holds the process; where it cannot be had
 * (no inotify left, no such folder, no right), there is none.
 */
export function watchDevices(devRoot: string): FolderWatch {
  const watched = new Map<string, { readonly inode: number; readonly watcher: FSWatcher }>();
  let stirred = false;
  let notes = 0;
  let rest = 0;

  const letGo = (folder: string): void => {
    watched.get(folder)?.watcher.close();
    watched.delete(folder);
  };
  const begin = (folder: string, inode: number): void => {
    try {
      const watcher = watch(folder, { persistent: false }, (what) => {
        // "change" is a write to a node or another owner of it: older kernels tell each write to /dev/null and to our own ports.
        if (what === "rename") stirred = true;
        notes += 1;
        if (notes === BUSY) for (const one of [...watched.keys()]) letGo(one);
      });
      watcher.on("error", () => letGo(folder));
      watched.set(folder, { inode, watcher });
    } catch {
      // None left, or the folder went meanwhile: the next refresh tries again.
      watched.delete(folder);
    }
  };
  return {
    stirred: () => {
      const has = stirred;
      stirred = false;
      return has;
    },
    refresh: () => {
      if (notes >= BUSY) rest = REST;
      notes = 0;
      if (rest > 0) {
        rest -= 1;
        return;
      }
      const present = folders(devRoot);
      for (const [folder, { inode }] of watched) if (present.get(folder) !== inode) letGo(folder);
      for (const [folder, inode] of present) if (!watched.has(folder)) begin(folder, inode);
    },
    close: () => {
      for (const folder of [...watched.keys()]) letGo(folder);
    },
  };
}

/** With the inode: a folder that was removed and made again is another one. */
function folders(devRoot: string): ReadonlyMap<string, number> {
  const present = new Map<string, number>();
  const buses = `${devRoot}/bus/usb`;
  for (const folder of [devRoot, buses, ...names(buses).map((name) => `${buses}/${name}`)]) {
    const inode = inodeOf(folder);
    if (inode !== undefined) present.set(folder, inode);
  }
  return present;
}
const names = (folder: string): readonly string[] => readOr(() => readdirSync(folder)) ?? [];
function inodeOf(folder: string): number | undefined {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found?.isDirectory() === true ? found.ino : undefined;
}
