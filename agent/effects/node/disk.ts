import { writeSync } from "node:fs";
import { constants, type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Bytes } from "../../../config/units.ts";
import { asFault, Fault } from "../../fault/fault.ts";
import type { Disk, DiskFile } from "../effects.ts";

/** What statfs calls tmpfs (linux/magic.h). */
const TMPFS_MAGIC = 0x01021994;
/** Nobody but the service reads what a patient's devices said. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** The files of the host. */
export function nodeDisk(): Disk {
  return {
    list: async (folder) => (await missingIs([], () => named(folder, () => readdir(folder)))).sort((a, b) => (a < b ? -1 : Number(a > b))),
    makeFolder: (folder) => named(folder, () => makeFolders(folder)),
    read: (path) => missingIs(undefined, () => named(path, async () => plain(await readFile(path)))),
    open: async (path, how) => {
      const flags = constants.O_RDWR | (how === "create" ? constants.O_CREAT | constants.O_TRUNC : 0);
      return diskFile(path, await named(path, () => open(path, flags, FILE_MODE)));
    },
    rename: (from, to) => named(from, () => rename(from, to)),
    // Recovery removes what an earlier, interrupted recovery may have removed already.
    remove: (path) => named(path, () => rm(path, { force: true })),
    syncFolder: (folder) => named(folder, () => syncFolder(folder)),
    free: (folder) =>
      named(folder, async () => {
        const system = await statfs(folder);
        // Some file systems (btrfs) have no table of inodes, so they cannot run out of them.
        const inodes = system.files === 0 ? Number.MAX_SAFE_INTEGER : system.ffree;
        return { bytes: (system.bavail * system.bsize) as Bytes, inodes };
      }),
    isTmpfs: (folder) => named(folder, async () => (await statfs(folder)).type === TMPFS_MAGIC),
  };
}

function diskFile(path: string, handle: FileHandle): DiskFile {
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

async function readAll(handle: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done === length ? bytes : bytes.slice(0, done);
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
  if (errno === undefined) return asFault(caught, "disk.failed", `Cannot use ${path}`);
  const details = { path, errno };
  if (errno === "ENOSPC" || errno === "EDQUOT")
    return new Fault("disk.full", `No space left for ${path} (${errno})`, details, { cause: caught });
  if (errno === "EROFS") return new Fault("disk.read_only", `${path} is on a read-only disk (${errno})`, details, { cause: caught });
  return new Fault("disk.failed", `Cannot use ${path} (${errno})`, details, { cause: caught });
}

/** Without Node's own class, which compares and prints differently. */
const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

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
