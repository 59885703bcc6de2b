import { statfsSync, writeSync } from "node:fs";
import { constants, type FileHandle, mkdir, open, readdir, realpath, rename, stat, statfs, unlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Bytes } from "../../../config/units.ts";
import { asFault, Fault } from "../../fault/fault.ts";
import type { Disk, DiskFile } from "../effects.ts";
import { readAll } from "./read-all.ts";

/** What statfs calls tmpfs (linux/magic.h). */
const TMPFS_MAGIC = 0x01021994;
/** Nobody but the service reads what a patient's devices said. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** No file that is read whole is longer: four rings would fit in it. */
const READ_MAX = 16 * 1024 * 1024;
/** A link in the place of one of our files may lead anywhere, and a pipe never answers. */
const PLAIN = constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** The disk works, but what is asked for may not be had, is not there, or is something else. */
const DENIED = new Set("EACCES EPERM ENOENT EEXIST ENOTDIR EISDIR ELOOP ENAMETOOLONG ENOTEMPTY ENXIO".split(" "));

/** The files of the host. */
export function nodeDisk(): Disk {
  return {
    list: async (folder) => (await missingIs([], () => named(folder, () => readdir(folder)))).sort((a, b) => (a < b ? -1 : Number(a > b))),
    makeFolder: (folder) => named(folder, () => makeFolders(folder)),
    read: (path) => missingIs(undefined, () => named(path, () => readWhole(path, constants.O_RDONLY | PLAIN))),
    open: async (path, how) => {
      const flags = constants.O_RDWR | PLAIN | (how === "create" ? constants.O_CREAT : 0);
      return diskFile(path, await named(path, () => openPlain(path, flags, how === "create" ? 0 : undefined)));
    },
    rename: (from, to) => named(from, () => rename(from, to)),
    // Recovery removes what an earlier, interrupted recovery may have removed already.
    remove: (path) => missingIs(undefined, () => named(path, () => unlink(path))),
    syncFolder: (folder) => named(folder, () => syncFolder(folder)),
    free: (folder) =>
      named(folder, async () => {
        const system = await statfs(folder);
        // Some file systems (btrfs) have no table of inodes, so they cannot run out of them.
        const inodes = system.files === 0 ? Number.MAX_SAFE_INTEGER : system.ffree;
        return { bytes: (system.bavail * system.bsize) as Bytes, inodes };
      }),
    isTmpfs: (folder) => named(folder, async () => (await statfs(folder)).type === TMPFS_MAGIC),
    lineage,
  };
}

/** A file that is open. */
export function diskFile(path: string, handle: FileHandle): DiskFile {
  let syncFailed = false;
  return {
    read: (at, length) => named(path, () => readAll(handle, at, length)),
    write: (at, bytes) => named(path, () => writeAll(handle, at, bytes)),
    writeNow: (at, bytes) => {
      try {
        for (let done = 0; done < bytes.length; ) done += writeSync(handle.fd, bytes, done, bytes.length - done, at + done);
      } catch (caught) {
        throw diskFault(path, caught);
      }
    },
    sync: async () => {
      // After a failed fsync Linux forgets which pages were dirty: a second one would succeed without having written them.
      if (syncFailed) throw new Fault("disk.failed", `An earlier sync of ${path} failed, so it is not tried again`, { path });
      try {
        await handle.datasync();
      } catch (caught) {
        syncFailed = true;
        throw diskFault(path, caught);
      }
    },
    close: () => named(path, () => handle.close()),
  };
}

async function readWhole(path: string, flags: number): Promise<Uint8Array> {
  const handle = await openPlain(path, flags);
  try {
    const { size } = await handle.stat();
    if (size > READ_MAX) throw new Fault("disk.denied", `${path} is longer than ${READ_MAX} bytes, so it is none of ours`, { path });
    return await readAll(handle, 0, size);
  } finally {
    await handle.close();
  }
}

/** Only a regular file; emptied only when that is certain. */
async function openPlain(path: string, flags: number, size?: number): Promise<FileHandle> {
  const handle = await open(path, flags, FILE_MODE);
  try {
    if (!(await handle.stat()).isFile()) throw new Fault("disk.denied", `${path} is no ordinary file`, { path });
    if (size !== undefined) await handle.truncate(size);
    return handle;
  } catch (caught) {
    await handle.close();
    throw caught;
  }
}

async function writeAll(handle: FileHandle, at: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Names what failed; a result that comes in time is passed on. */
async function named<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (caught) {
    throw diskFault(path, caught);
  }
}

async function missingIs<T>(instead: T, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (caught) {
    if (caught instanceof Fault && caught.context.errno === "ENOENT") return instead;
    throw caught;
  }
}

function diskFault(path: string, caught: unknown): Fault {
  const errno = caught instanceof Error && "code" in caught ? String(caught.code) : undefined;
  if (caught instanceof Fault || errno === undefined) return asFault(caught, "disk.failed", `Cannot use ${path}`);
  const details = { path, errno };
  const cause = { cause: caught };
  if (errno === "ENOSPC" || errno === "EDQUOT") return new Fault("disk.full", `${fullText(path)} (${errno})`, details, cause);
  if (errno === "EROFS") return new Fault("disk.read_only", `${path} is on a read-only disk (${errno})`, details, cause);
  if (errno === "EMFILE" || errno === "ENFILE")
    return new Fault("disk.too_many", `${path} would be one open file too many (${errno})`, details, cause);
  if (DENIED.has(errno)) return new Fault("disk.denied", deniedText(path, errno), details, cause);
  return new Fault("disk.failed", `Cannot use ${path} (${errno})`, details, cause);
}

/** A disk with room, but with as many files as it can have, looks empty to whoever looks for space. */
function fullText(path: string): string {
  try {
    const { files, ffree } = statfsSync(dirname(path));
    return files > 0 && ffree === 0 ? `No more files fit on the disk of ${path}: it has too many small ones` : `No space left for ${path}`;
  } catch {
    // Whoever cannot be asked has no better answer.
    return `No space left for ${path}`;
  }
}

function deniedText(path: string, errno: string): string {
  switch (errno) {
    case "EACCES":
    case "EPERM":
      return `No right to use ${path} (${errno})`;
    case "ENOENT":
      return `${path} does not exist (${errno})`;
    case "ELOOP":
      return `${path} is a link, and links are not followed (${errno})`;
    case "EISDIR":
    case "ENOTEMPTY":
      return `${path} is a folder, where a file is expected (${errno})`;
    case "EEXIST":
    case "ENOTDIR":
      return `${path}: a file lies where a folder is expected (${errno})`;
    case "ENAMETOOLONG":
      return `The name ${path.slice(0, 80)}… is too long (${errno})`;
    default:
      return `${path} is no ordinary file (${errno})`;
  }
}

/** Step by step from the first that is missing: mkdir's own `recursive` never returns where a file system refuses folders (/proc). */
async function makeFolders(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: FOLDER_MODE });
  } catch (caught) {
    const code = (caught as NodeJS.ErrnoException).code;
    if (code === "EEXIST" && (await stat(folder)).isDirectory()) return;
    if (code !== "ENOENT" || dirname(folder) === folder || (await exists(dirname(folder)))) throw caught;
    await makeFolders(dirname(folder));
    await mkdir(folder, { mode: FOLDER_MODE });
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function lineage(folder: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (let at = await realPath(resolve(folder)); ; at = dirname(at)) {
    names.push(await identity(at));
    if (dirname(at) === at) return names;
  }
}

/** Without links, also where the end of the path does not exist yet. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    // Missing, or closed to us: its name in the folder above it is all that it has.
    return dirname(path) === path ? path : join(await realPath(dirname(path)), basename(path));
  }
}

async function identity(path: string): Promise<string> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    // As above.
    return path;
  }
}
