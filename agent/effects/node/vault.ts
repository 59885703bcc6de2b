import process from "node:process";
import { Fault } from "../../fault/fault.ts";
import type { Vault } from "../effects.ts";
import { readSmallFile, type SmallFile } from "./small-file.ts";

/** Bytes. A chain of certificates has less than a tenth of it. */
export const CREDENTIAL_MAX = 64 * 1024;
const KEY_MODE = 0o600;

/** The credentials in files, read anew at every call. Throws Fault `credentials.unreadable` or `credentials.too_open`. */
export function fileVault(paths: { readonly ca: string; readonly cert: string; readonly key: string }): Vault {
  return {
    credentials: async () => {
      const [ca, cert, key] = await Promise.all([
        readNamed(paths.ca, "broker.ca"),
        readNamed(paths.cert, "broker.cert"),
        readNamed(paths.key, "broker.key"),
      ]);
      checkPrivate(paths.key, key);
      return { ca: ca.bytes, cert: cert.bytes, key: key.bytes };
    },
  };
}

const readNamed = (path: string, name: string): Promise<SmallFile> =>
  readSmallFile(path, { max: CREDENTIAL_MAX, key: "credentials.unreadable", name });

/** A key that another user may read, or put there, proves nothing about this box. */
function checkPrivate(path: string, { owner, mode }: SmallFile): void {
  const user = process.geteuid?.() ?? 0;
  if (owner !== user)
    throw new Fault("credentials.too_open", `broker.key: ${path} belongs to user ${owner}, and the agent runs as user ${user}`, {
      path,
      owner,
      user,
    });
  if ((mode & ~KEY_MODE) !== 0)
    throw new Fault("credentials.too_open", `broker.key: ${path} has mode ${octal(mode)}; no more than ${octal(KEY_MODE)} is allowed`, {
      path,
      mode: octal(mode),
    });
}

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");
