import { fromBase64, isBase64, toBase64 } from "../../config/bytes-text.ts";
import type { Disk, Entropy, Seal, Seals } from "../effects/effects.ts";
import { asFault } from "../fault/fault.ts";
import { crc32 } from "./crc32.ts";
import { isGood, readCopies, writeWhole } from "./run-file.ts";

/** Bytes of a key of AES-256. */
const KEY_BYTES = 32;
export const COPIES = ["spool.key", "spool.key.copy"] as const;

export type KeyringOptions = { readonly disk: Disk; readonly folder: string; readonly entropy: Entropy; readonly seals: Seals };

/**
 * The key under which everything on flash is sealed, in two equal files: who erases both has erased the backlog, wherever the flash
 * still holds it. It is made where there is none, and is on flash before anything is sealed with it.
 */
export class Keyring {
  readonly #options: KeyringOptions;
  #seal: Promise<Seal> | undefined;

  constructor(options: KeyringOptions) {
    this.#options = options;
  }

  /** Throws Fault `disk.*`; the next call tries again. */
  seal(): Promise<Seal> {
    this.#seal ??= this.#find().catch((caught: unknown) => {
      this.#seal = undefined;
      throw caught;
    });
    return this.#seal;
  }

  async #find(): Promise<Seal> {
    const { entropy, seals } = this.#options;
    const copies = await readCopies(
      this.#options.disk,
      COPIES.map((name) => `${this.#options.folder}/${name}`),
      (bytes) => keyIn(new TextDecoder().decode(bytes)),
    );
    const known = copies.find(isGood)?.good;
    const key = known ?? entropy.bytes(KEY_BYTES);
    for (const [at, name] of COPIES.entries()) {
      if (isGood(copies[at]!)) continue;
      const written = this.#write(name, key);
      // One copy is enough to go on with; the other one is written at the next start.
      await (known === undefined
        ? written
        : written.catch((caught: unknown) => void asFault(caught, "disk.failed", `Cannot write ${name}`)));
    }
    return seals(key);
  }

  #write(name: string, key: Uint8Array): Promise<void> {
    return writeWhole(this.#options.disk, this.#options.folder, name, `1 ${toBase64(key)} ${crc32(key)}\n`);
  }
}

export type KeyFound = {
  readonly key: Uint8Array | undefined;
  readonly copies: Readonly<Record<(typeof COPIES)[number], "good" | "missing" | "damaged">>;
};

/** The key as it lies there, for who only looks: nothing is made or written anew. Throws Fault `disk.*`. */
export async function findKey(disk: Pick<Disk, "read">, folder: string): Promise<KeyFound> {
  const found = await Promise.all(COPIES.map((name) => disk.read(`${folder}/${name}`)));
  const keys = found.map((bytes) => (bytes === undefined ? undefined : keyIn(new TextDecoder().decode(bytes))));
  const is = (at: 0 | 1) => (keys[at] !== undefined ? "good" : found[at] === undefined ? "missing" : "damaged");
  return { key: keys[0] ?? keys[1], copies: { "spool.key": is(0), "spool.key.copy": is(1) } };
}

function keyIn(text: string): Uint8Array | undefined {
  const [, base64 = "", check] = /^1 ([A-Za-z0-9+/=]{44}) (\d{1,10})\n$/.exec(text) ?? [];
  if (!isBase64(base64)) return undefined;
  const key = fromBase64(base64);
  return key.length === KEY_BYTES && crc32(key) === Number(check) ? key : undefined;
}
