import { constants, type FileHandle, open, stat } from "node:fs/promises";
import { Fault, type FaultKey } from "../../fault/fault.ts";
import { readAll } from "./read-all.ts";

export type SmallFile = { readonly bytes: Uint8Array; readonly owner: number /** Permission bits alone. */; readonly mode: number };
export type Wanted = {
  /** Bytes. */
  readonly max: number;
  /** The fault that is thrown. */
  readonly key: FaultKey;
  /** What people call the file; the path where it has no other name. */
  readonly name?: string;
};

const WORDS: Readonly<Record<string, string>> = { ENOENT: "it does not exist", EACCES: "no right to read it" };

type Seen = { readonly size: number; isFile(): boolean };

/**
 * A file that a person has written or copied. Whatever the path names instead (a FIFO, a device, a folder), it neither waits
 * nor reads more than `max`; a symbolic link is followed, since certificate managers switch by one. Throws the wanted Fault.
 */
export async function readSmallFile(path: string, wanted: Wanted): Promise<SmallFile> {
  const refused = (why: string, cause?: unknown): Fault => {
    const said = wanted.name === undefined ? path : `${wanted.name}: ${path}`;
    return new Fault(wanted.key, `Cannot read ${said} (${why})`, { ...(wanted.name && { setting: wanted.name }), path, why }, { cause });
  };
  const check = (seen: Seen): void => {
    if (!seen.isFile()) throw refused("it is no regular file");
    if (seen.size > wanted.max) throw refused(`it is larger than ${wanted.max} bytes`);
  };
  let handle: FileHandle | undefined;
  try {
    // Looked at before it is opened: opening alone does something to some devices. And after it, in case it was exchanged.
    check(await stat(path));
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const seen = await handle.stat();
    check(seen);
    const bytes = await readAll(handle, 0, wanted.max + 1);
    // What grows while it is read, or tells no size (/proc).
    check({ size: bytes.length, isFile: () => true });
    return { bytes, owner: seen.uid, mode: seen.mode & 0o7777 };
  } catch (caught) {
    if (caught instanceof Fault) throw caught;
    const code = (caught as NodeJS.ErrnoException).code ?? "unknown";
    throw refused(WORDS[code] ?? code, caught);
  } finally {
    await handle?.close();
  }
}
