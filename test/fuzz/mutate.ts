import type { Random } from "../drivers/streams.ts";

/** What inputs are made of: what was kept, and words that the parser itself compares with. */
export type Stock = { readonly kept: readonly Uint8Array[]; readonly words: readonly Uint8Array[]; readonly lengthMax: number };

const EDGY = [0x00, 0x01, 0x02, 0x7e, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x0a, 0x0d, 0x20, 0x2c, 0x2d, 0x30, 0x39] as const;
const STEPS_MAX = 6;
const RUN_MAX = 32;

type Way = (bytes: Uint8Array, random: Random, stock: Stock) => Uint8Array;

/** A new input out of one that was kept. */
export function mutated(from: Uint8Array, random: Random, stock: Stock): Uint8Array {
  let bytes: Uint8Array = from.slice();
  for (let steps = 1 + random.below(1 + random.below(STEPS_MAX)); steps > 0; steps--) {
    const way = bytes.length === 0 ? inserted : WAYS[random.below(WAYS.length)]!;
    bytes = way(bytes, random, stock);
  }
  return bytes.length > stock.lengthMax ? bytes.slice(0, stock.lengthMax) : bytes;
}

const place = (bytes: Uint8Array, random: Random): number => random.below(bytes.length);
const run = (bytes: Uint8Array, random: Random): readonly [from: number, to: number] => {
  const from = place(bytes, random);
  return [from, Math.min(bytes.length, from + 1 + random.below(random.below(4) === 0 ? bytes.length : RUN_MAX))];
};
const put = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  bytes[at] = value;
  return bytes;
};
function spliced(bytes: Uint8Array, from: number, to: number, middle: Uint8Array): Uint8Array {
  const whole = new Uint8Array(from + middle.length + bytes.length - to);
  whole.set(bytes.subarray(0, from));
  whole.set(middle, from);
  whole.set(bytes.subarray(to), from + middle.length);
  return whole;
}
const overwritten = (bytes: Uint8Array, at: number, by: Uint8Array): Uint8Array => {
  bytes.set(by.subarray(0, bytes.length - at), at);
  return bytes;
};
const wordOf = (random: Random, { words }: Stock): Uint8Array => words[random.below(words.length)] ?? Uint8Array.of(random.below(256));
const inserted: Way = (bytes, random, stock) => {
  const at = random.below(bytes.length + 1);
  return spliced(bytes, at, at, random.below(2) === 0 ? wordOf(random, stock) : random.bytes(1 + random.below(4)));
};
const other = (random: Random, { kept }: Stock): Uint8Array => kept[random.below(kept.length)]!;

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
/** Text stays text: a digit for a digit, a letter for a letter. */
function alike(byte: number, random: Random): number {
  if (isDigit(byte)) return 0x30 + random.below(10);
  if (byte >= 0x20 && byte < 0x7f) return 0x20 + random.below(0x5f);
  return random.below(256);
}

const WAYS: readonly Way[] = [
  (bytes, random) => {
    const at = place(bytes, random);
    return put(bytes, at, bytes[at]! ^ (1 << random.below(8)));
  },
  (bytes, random) => put(bytes, place(bytes, random), random.below(256)),
  (bytes, random) => put(bytes, place(bytes, random), EDGY[random.below(EDGY.length)]!),
  (bytes, random) => {
    const at = place(bytes, random);
    return put(bytes, at, alike(bytes[at]!, random));
  },
  (bytes, random) => {
    const at = place(bytes, random);
    return put(bytes, at, bytes[at]! + 1 + random.below(16) - 8);
  },
  // A byte from elsewhere in it.
  (bytes, random) => put(bytes, place(bytes, random), bytes[place(bytes, random)]!),
  (bytes, random, stock) => overwritten(bytes, place(bytes, random), wordOf(random, stock)),
  inserted,
  (bytes, random) => {
    const [from, to] = run(bytes, random);
    return spliced(bytes, from, to, new Uint8Array());
  },
  (bytes, random) => {
    const [from, to] = run(bytes, random);
    return spliced(bytes, to, to, bytes.slice(from, to));
  },
  (bytes, random) => {
    const [from, to] = run(bytes, random);
    return bytes.fill(random.below(2) === 0 ? bytes[from]! : random.below(256), from, to);
  },
  (bytes, random, stock) => {
    const donor = other(random, stock);
    if (donor.length === 0) return bytes;
    const [from, to] = run(donor, random);
    const at = place(bytes, random);
    return random.below(2) === 0 ? spliced(bytes, at, at, donor.slice(from, to)) : overwritten(bytes, at, donor.slice(from, to));
  },
  (bytes, random, stock) => {
    const at = place(bytes, random);
    return spliced(bytes, at, bytes.length, other(random, stock).subarray(at));
  },
  (bytes, random, stock) => spliced(bytes, bytes.length, bytes.length, other(random, stock)),
];

/** Words of a program as bytes: texts as they are, numbers in one, two and four bytes of either order. */
export function wordsAsBytes(words: readonly string[], numbers: readonly number[]): readonly Uint8Array[] {
  const wide = (number: number): readonly Uint8Array[] => {
    if (number <= 0xff) return [Uint8Array.of(number)];
    const big = number <= 0xffff ? [number >> 8, number & 0xff] : [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff);
    return [Uint8Array.from(big), Uint8Array.from(big.toReversed())];
  };
  const texts = words.map((word) => Uint8Array.from(Buffer.from(word, "utf8")));
  const all = [...texts, ...[...numbers].flatMap(wide)];
  return [...new Map(all.map((one) => [Buffer.from(one).toString("latin1"), one])).values()];
}
