import { decodeBatch, recordEpoch, scanFields } from "../../proto/codec.ts";
import type { GapReason } from "./gaps.ts";

/** Records by the device that they are of; "" is the gateway itself. */
export type Tally = ReadonlyMap<string, number>;
export type Counts = Map<string, number>;

const DEVICE_FIELD = 2;
const RECORD_FIELD = 4;

/** Whose records a block holds, by what it says itself. Looks into no record but for its epoch. */
export function tallyOf(block: Uint8Array): Tally {
  const names = new Map<number, string>();
  const counts: Counts = new Map();
  for (const field of scanFields(block)) {
    if (field.field === DEVICE_FIELD) {
      const [device] = decodeBatch(block.subarray(field.start, field.end))?.devices ?? [];
      if (device !== undefined) names.set(device.epoch, device.device ?? "");
    }
    if (field.field !== RECORD_FIELD) continue;
    const name = names.get(recordEpoch(block, field)) ?? "";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

export function add(counts: Counts, tally: Tally): void {
  for (const [name, count] of tally) counts.set(name, (counts.get(name) ?? 0) + count);
}
/** What has come to nothing is forgotten: names come and go. */
export function take(counts: Counts, tally: Tally): void {
  for (const [name, count] of tally) {
    const left = (counts.get(name) ?? 0) - count;
    if (left === 0) counts.delete(name);
    else counts.set(name, left);
  }
}

// ── A lane's ledger, device by device ──

export type Dropped = Partial<Record<GapReason, number>>;
export type DeviceLedger = {
  readonly made: number;
  readonly adopted: number;
  readonly delivered: number;
  readonly waiting: number;
  /** By reason. */
  readonly dropped: Dropped;
};
type Entry = { made: number; adopted: number; delivered: number; readonly dropped: { -readonly [K in keyof Dropped]: Dropped[K] } };

/** A room has a tenth of it; devices that come later are counted together. */
export const DEVICES_MAX = 256;
export const OTHERS = "(others)";

/** What became of each device's records in one lane. What waits is counted elsewhere, where it waits, or the sum would prove nothing. */
export class LaneBook {
  readonly #entries = new Map<string, Entry>();
  /** Of all devices together. */
  readonly #totals = { adopted: 0, delivered: 0, dropped: 0 };

  get totals(): Readonly<Record<"adopted" | "delivered" | "dropped", number>> {
    return this.#totals;
  }

  made(name: string): void {
    this.#entry(name).made += 1;
  }
  add(what: "adopted" | "delivered", tally: Tally): void {
    for (const [name, count] of tally) {
      this.#entry(name)[what] += count;
      this.#totals[what] += count;
    }
  }
  drop(reason: keyof Dropped, tally: Tally): void {
    for (const [name, count] of tally) {
      const { dropped } = this.#entry(name);
      dropped[reason] = (dropped[reason] ?? 0) + count;
      this.#totals.dropped += count;
    }
  }

  /** With what waits now. */
  ledger(waiting: Tally): ReadonlyMap<string, DeviceLedger> {
    const told = new Map<string, DeviceLedger>();
    for (const [name, entry] of this.#entries) told.set(name, { ...entry, dropped: { ...entry.dropped }, waiting: 0 });
    for (const [name, count] of waiting) {
      const of = told.has(name) ? name : OTHERS;
      const known = told.get(of) ?? { made: 0, adopted: 0, delivered: 0, waiting: 0, dropped: {} };
      told.set(of, { ...known, waiting: known.waiting + count });
    }
    return told;
  }

  #entry(name: string): Entry {
    const key = this.#entries.has(name) || this.#entries.size < DEVICES_MAX ? name : OTHERS;
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const entry: Entry = { made: 0, adopted: 0, delivered: 0, dropped: {} };
    this.#entries.set(key, entry);
    return entry;
  }
}
