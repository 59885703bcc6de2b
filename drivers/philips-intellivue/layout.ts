import { type Attribute, Cursor, readList } from "./cursor.ts";
import { LAYOUTS_MAX, type Layout, SPECIAL_MAX } from "./memory.ts";
import type { Telling } from "./telling.ts";

const ATTRIBUTE = { spec: 0x096d, special: 0x0a16, period: 0x098d, unit: 0x0996, range: 0x096f } as const;
const BITS: readonly number[] = [8, 16];
/** IV-18: only where this flag stands, the bits above the significant ones are no part of a sample. */
const MASKED = 0x1000;

type Parts = Partial<Omit<Layout, "at">>;

/**
 * IV-7: what an object says of the layout of its samples. One object may hold arrays of several lengths, and a layout is that of the
 * length which its specification names (IV-18). What is told without a specification changes the one layout that there is; where
 * there are several nobody knows which is meant, and all are forgotten rather than one of them kept wrong.
 */
export function learnLayout(at: string, attributes: readonly Attribute[], layouts: readonly Layout[], telling: Telling): readonly Layout[] {
  const about = attributes.filter(({ id }) => id in PART);
  if (about.length === 0) return layouts;
  const own = layouts.filter((layout) => layout.at === at);
  const others = layouts.filter((layout) => layout.at !== at);
  const parts = partsOf(about);
  if (parts === undefined) {
    telling.giveUp(bytesOf(about), "lengths");
    return others;
  }
  if (parts.samples === undefined) {
    const [only, ...more] = own;
    return only === undefined || more.length > 0 ? others : [...others, { ...only, ...parts }];
  }
  const rest = layouts.filter((layout) => layout.at !== at || layout.samples !== parts.samples);
  const whole = completed(at, parts);
  if (whole === undefined) return rest;
  if (rest.length < LAYOUTS_MAX) return [...rest, whole];
  telling.giveUp(bytesOf(about), "objects_too_many");
  return rest;
}

const bytesOf = (attributes: readonly Attribute[]): number => attributes.reduce((sum, { value }) => sum + value.length, 0);

function completed(at: string, { samples, bits, significant, period, unit, range, special = [] }: Parts): Layout | undefined {
  if (samples === undefined || bits === undefined || significant === undefined) return undefined;
  if (period === undefined || unit === undefined || range === undefined) return undefined;
  return { at, samples, bits, significant, period, unit, range, special };
}

/** How each attribute is read; undefined where its value makes no sense. */
const PART: Readonly<Record<number, (cursor: Cursor) => Parts | undefined>> = {
  [ATTRIBUTE.spec]: (cursor) => {
    const [samples, bits, claimed, flags] = [cursor.u16(), cursor.u8(), cursor.u8(), cursor.u16()];
    const significant = (flags & MASKED) === 0 ? bits : claimed;
    return samples > 0 && BITS.includes(bits) && claimed > 0 && claimed <= bits ? { samples, bits, significant } : undefined;
  },
  [ATTRIBUTE.special]: (cursor) => {
    const special = readList(cursor, (inner) => {
      inner.u16();
      return inner.u16();
    });
    return special !== undefined && special.length <= SPECIAL_MAX ? { special } : undefined;
  },
  [ATTRIBUTE.period]: (cursor) => {
    const period = cursor.u32();
    return period > 0 ? { period } : undefined;
  },
  [ATTRIBUTE.unit]: (cursor) => ({ unit: cursor.u16() }),
  [ATTRIBUTE.range]: (cursor) => ({ range: [cursor.u32(), cursor.u32(), cursor.u16(), cursor.u16()] }),
};

function partsOf(attributes: readonly Attribute[]): Parts | undefined {
  let parts: Parts = {};
  for (const { id, value } of attributes) {
    const cursor = new Cursor(value);
    const part = PART[id]?.(cursor);
    if (part === undefined || !cursor.complete) return undefined;
    parts = { ...parts, ...part };
  }
  return parts;
}
