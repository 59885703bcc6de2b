import type { Effects } from "./effects.ts";
import { Trouble, type TroubleKey } from "./trouble.ts";

const OTHERS = 0o077;

/** A file that only its owner may read. Throws the Trouble given where it cannot be read, `key.too_open` where others can. */
export function readSecret(fx: Effects, path: string, trouble?: TroubleKey): Uint8Array {
  const bytes = fx.read(path, trouble);
  const mode = fx.modeOf(path) ?? 0;
  if ((mode & OTHERS) !== 0) throw new Trouble("key.too_open", `Other users of this machine can read ${path} (mode ${mode.toString(8)})`);
  return bytes;
}
