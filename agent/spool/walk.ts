import type { Seal } from "../effects/effects.ts";
import { nextUnitBehind, readUnit, SEGMENT_BYTES, type Unit } from "./segment.ts";
import { behindHoles, type Segment } from "./segment-state.ts";

/** What stands at a place of a segment. */
export type Place =
  | { readonly is: "unit"; readonly offset: number; readonly length: number; readonly unit: Unit }
  /** Whole, and sealed under a key that is not here. */
  | { readonly is: "sealed"; readonly offset: number; readonly length: number; readonly records: number }
  | { readonly is: "damage"; readonly offset: number; readonly length: number };

/** `filled`: up to here there were finished commits, so that what does not hold before it is damage, and no end. */
export type Walk = { readonly from: number; readonly until: number; readonly filled: number; readonly seal: Seal };

/**
 * Place by place what a segment holds, up to its end: where nothing holds and nothing that does follows. What is known as a hole
 * is passed over. The file is read at once. Throws Fault `disk.*`.
 */
export async function* placesIn(segment: Segment, { from, until, filled, seal }: Walk): AsyncGenerator<Place> {
  const { generation } = segment;
  const bytes = await segment.file.read(0, SEGMENT_BYTES);
  const file = { read: async (at: number, length: number) => bytes.subarray(at, Math.min(at + length, bytes.length)) };
  for (let at = behindHoles(segment, from); at < until; at = behindHoles(segment, at)) {
    const unit = await readUnit(file, { offset: at, generation, seal });
    if (unit !== undefined) {
      const { offset, length } = unit;
      at += length;
      yield "sealedRecords" in unit ? { is: "sealed", offset, length, records: unit.sealedRecords } : { is: "unit", offset, length, unit };
      continue;
    }
    const next = await nextUnitBehind(file, { offset: at, generation, seal });
    const end = next === undefined || next > until ? Math.min(filled, until) : next;
    if (end <= at) return;
    const offset = at;
    at = end;
    yield { is: "damage", offset, length: end - offset };
  }
}
