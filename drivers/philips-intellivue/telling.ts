import type { Reading } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";

/** What one message told: each metric once, and one sum of bytes for each reason why something was given up. */
export class Telling {
  readonly #readings: Reading[] = [];
  readonly #refids = new Set<string>();
  readonly #lost = new Map<Reason, number>();

  /** Passed over where its metric was told of this message before. */
  tell(reading: Reading): void {
    if ("metric" in reading) {
      if (this.#refids.has(reading.metric.refid)) return;
      this.#refids.add(reading.metric.refid);
    }
    this.#readings.push(reading);
  }

  has(refid: string): boolean {
    return this.#refids.has(refid);
  }

  giveUp(bytes: number, reason: Reason): void {
    this.#lost.set(reason, (this.#lost.get(reason) ?? 0) + bytes);
  }

  get readings(): readonly Reading[] {
    return [...this.#readings, ...Array.from(this.#lost, ([reason, bytes]) => ({ told: "unreadable", bytes, reason }) as const)];
  }
}

/** Why bytes of a frame with a good FCS were given up; explained in README.md, "What is given up". */
export type Reason = Extract<
  Word,
  | "message_unknown"
  | "lengths"
  | "event_unknown"
  | "class_unknown"
  | "demographics"
  | "physio_unknown"
  | "unit_unknown"
  | "rate_unknown"
  | "layout_unknown"
  | "second_source"
  | "objects_too_many"
  | "special_sample"
  | "out_of_time"
  | "alert_type_unknown"
  | "alerts_too_many"
  | "clock"
>;
