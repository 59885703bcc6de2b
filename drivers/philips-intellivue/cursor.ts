/**
 * Reads big-endian numbers one behind the other. Total: past the end every number is 0, and `intact` is false from then on.
 * Nothing is copied.
 */
export class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;
  #short = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** No read went past the end. */
  get intact(): boolean {
    return !this.#short;
  }

  /** Every byte was read, and none that is not there. */
  get complete(): boolean {
    return !this.#short && this.#at === this.#bytes.length;
  }

  u8(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) this.#short = true;
    else this.#at += 1;
    return byte ?? 0;
  }

  u16(): number {
    const high = this.u8();
    return high * 0x100 + this.u8();
  }

  u32(): number {
    const high = this.u16();
    return high * 0x1_0000 + this.u16();
  }

  /** The next `length` bytes; none where there are fewer. */
  take(length: number): Uint8Array {
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    if (bytes.length < length) {
      this.#short = true;
      return EMPTY;
    }
    this.#at += length;
    return bytes;
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at);
  }
}

const EMPTY = new Uint8Array();

/**
 * A list as this protocol writes each of them: count, length in bytes, entries (IV-12). Undefined where the entries do not fill
 * the length exactly. An entry takes a byte at least, so that a count cannot ask for more work than there are bytes.
 */
export function readList<T>(cursor: Cursor, entry: (cursor: Cursor) => T | undefined): readonly T[] | undefined {
  const count = cursor.u16();
  const inner = new Cursor(cursor.take(cursor.u16()));
  const entries: T[] = [];
  for (let i = 0; i < count && inner.intact; i++) {
    const read = entry(inner);
    if (read === undefined) return undefined;
    entries.push(read);
  }
  return cursor.intact && inner.complete ? entries : undefined;
}

/** An attribute: id, length, value (IV-12). */
export type Attribute = { readonly id: number; readonly value: Uint8Array };
export function readAttribute(cursor: Cursor): Attribute | undefined {
  const id = cursor.u16();
  const value = cursor.take(cursor.u16());
  return cursor.intact ? { id, value } : undefined;
}
