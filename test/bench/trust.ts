import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Authority } from "../support/pki.ts";

/** The credentials of the benchmark's clients, in files of one folder: ca.crt, and <cn>.crt and <cn>.key for each. */
export function writeTrust(folder: string, pki: Authority, names: readonly string[]): void {
  writeFileSync(join(folder, "ca.crt"), pki.cert);
  for (const cn of names) {
    const { cert, key } = pki.issue({ cn, kind: "client" });
    writeFileSync(join(folder, `${cn}.crt`), cert);
    writeFileSync(join(folder, `${cn}.key`), key, { mode: 0o600 });
  }
}

export const readTrust = (folder: string, cn: string): { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer } => ({
  ca: readFileSync(join(folder, "ca.crt")),
  cert: readFileSync(join(folder, `${cn}.crt`)),
  key: readFileSync(join(folder, `${cn}.key`)),
});
