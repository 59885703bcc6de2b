import { constants, open, unlink } from "node:fs/promises";
import { Fault, type FaultKey } from "../../fault/fault.ts";

export type NewFile = {
  append(text: string): Promise<void>;
  close(): Promise<void>;
  /** As if it had never been made. */
  drop(): Promise<void>;
};

/** Who made it reads it, and nobody else. */
const MODE = 0o600;

/** A file for the person at the keyboard. What is there already is not touched. Throws the wanted Fault. */
export async function newFile(path: string, key: FaultKey): Promise<NewFile> {
  const refused = (caught: unknown): Fault => {
    const code = (caught as NodeJS.ErrnoException).code ?? "unknown";
    return new Fault(key, `Cannot write ${path} (${WORDS[code] ?? code})`, { path, why: code }, { cause: caught });
  };
  const fail = (caught: unknown): never => {
    throw refused(caught);
  };
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, MODE).catch(fail);
  return {
    append: async (text) => void (await handle.appendFile(text).catch(fail)),
    close: async () => {
      await handle.sync().catch(fail);
      await handle.close().catch(fail);
    },
    drop: async () => {
      await handle.close().catch(fail);
      await unlink(path).catch(fail);
    },
  };
}
const WORDS: Readonly<Record<string, string>> = {
  EEXIST: "it is there already",
  EACCES: "no right to write there",
  ENOENT: "no such folder",
};
