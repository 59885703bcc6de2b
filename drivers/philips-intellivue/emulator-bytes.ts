/** Big-endian pieces of a message, as plain numbers until a message is whole. */
export type Piece = readonly number[];

export const u8 = (value: number): Piece => [value & 0xff];
export const u16 = (value: number): Piece => [(value >>> 8) & 0xff, value & 0xff];
export const u32 = (value: number): Piece => [...u16(value >>> 16), ...u16(value)];
/** Length in bytes, then the content. */
export const sized = (content: Piece): Piece => joined([u16(content.length), content]);
/** Count, length in bytes, then the entries. */
export const list = (entries: readonly Piece[]): Piece => {
  const content = joined(entries);
  return joined([u16(entries.length), u16(content.length), content]);
};
/** Without spreading: most of an emulated monitor's time goes here. */
export const joined = (pieces: readonly Piece[]): Piece => ([] as number[]).concat(...(pieces as number[][]));
export const hex = (text: string): Piece => (text.replaceAll(" ", "").match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
export const hexWord = (value: number): string => value.toString(16).toUpperCase().padStart(4, "0");

/** The exponent as i8, the mantissa as i24. */
export type Float = { readonly mantissa: number; readonly exponent: number };
export const float = ({ mantissa, exponent }: Float): Piece => [...u8(exponent), ...u8(mantissa >>> 16), ...u16(mantissa)];

/** What a reader of a message must not run past. */
export class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }
  get left(): number {
    return this.#bytes.length - this.#at;
  }
  /** Undefined behind the end; so is everything read after it. */
  take(count: number): Uint8Array | undefined {
    const from = this.#at;
    this.#at = count > this.left ? this.#bytes.length + 1 : from + count;
    return count <= this.#bytes.length - from ? this.#bytes.subarray(from, from + count) : undefined;
  }
  /** An unsigned number of so many bytes; NaN behind the end. */
  number(count: 1 | 2 | 4): number {
    const bytes = this.take(count);
    return bytes === undefined ? Number.NaN : bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  }
}
