import type { Disk, Entropy, Seal } from "../effects/effects.ts";
import { Fault } from "../fault/fault.ts";

/** Captures that wait on a box; a person decides about each. */
export const KEPT_MAX = 8;
const END = ".sealed";
const MAGIC = new TextEncoder().encode("bedside-sealed-capture-1\n");
const NONCE_BYTES = 12;

type Options = {
  readonly disk: Disk;
  readonly folder: string;
  readonly entropy: Entropy;
  /** Throws Fault `disk.*`. */
  readonly seal: () => Promise<Seal>;
};

/**
 * Captures that may name persons, sealed under the key of this box as all that waits on its flash is. One file each, complete or not
 * there. All throw Fault `disk.*`.
 */
export class KeptCaptures {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  async names(): Promise<readonly string[]> {
    const files = await this.#options.disk.list(this.#options.folder);
    return files.flatMap((file) => (file.endsWith(END) ? [file.slice(0, -END.length)] : []));
  }

  async keep(name: string, text: string): Promise<void> {
    const { disk, folder, entropy, seal } = this.#options;
    const nonce = entropy.bytes(NONCE_BYTES);
    const sealed = (await seal()).seal(nonce, besideOf(name), new TextEncoder().encode(text));
    await disk.makeFolder(folder);
    const path = `${folder}/${name}`;
    const file = await disk.open(`${path}.new`, "create");
    try {
      await file.write(0, Uint8Array.of(...MAGIC, ...nonce));
      await file.write(MAGIC.length + NONCE_BYTES, sealed);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(`${path}.new`, path + END);
    await disk.syncFolder(folder);
  }

  /** Throws Fault `capture.unknown` or `capture.damaged`. */
  async open(name: string): Promise<string> {
    const bytes = await this.#options.disk.read(await this.#pathOf(name));
    const at = MAGIC.length + NONCE_BYTES;
    const known = bytes !== undefined && MAGIC.every((byte, i) => bytes[i] === byte);
    const text = known
      ? (await this.#options.seal()).open(bytes.subarray(MAGIC.length, at), besideOf(name), bytes.subarray(at))
      : undefined;
    if (text === undefined) throw new Fault("capture.damaged", `The capture ${name} cannot be opened`, { name });
    return new TextDecoder().decode(text);
  }

  /** Throws Fault `capture.unknown`. */
  async discard(name: string): Promise<void> {
    await this.#options.disk.remove(await this.#pathOf(name));
    await this.#options.disk.syncFolder(this.#options.folder);
  }

  async #pathOf(name: string): Promise<string> {
    if (!(await this.names()).includes(name))
      throw new Fault("capture.unknown", `There is no capture ${JSON.stringify(name)} on this box`, { name });
    return `${this.#options.folder}/${name}${END}`;
  }
}

/** One file cannot stand for another. */
const besideOf = (name: string): Uint8Array => new TextEncoder().encode(name);
