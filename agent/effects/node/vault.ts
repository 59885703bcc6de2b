import { readFile } from "node:fs/promises";
import { Fault } from "../../fault/fault.ts";
import type { Vault } from "../effects.ts";

/** The credentials in files, read anew at every call. */
export function fileVault(paths: { readonly ca: string; readonly cert: string; readonly key: string }): Vault {
  return {
    credentials: async () => {
      const [ca, cert, key] = await Promise.all([
        readNamed(paths.ca, "broker.ca"),
        readNamed(paths.cert, "broker.cert"),
        readNamed(paths.key, "broker.key"),
      ]);
      return { ca, cert, key };
    },
  };
}

async function readNamed(path: string, setting: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new Fault("credentials.unreadable", `Cannot read ${setting}: ${path} (${code})`, { setting, path, code }, { cause });
  }
}
