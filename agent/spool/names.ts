import { decodeBatch } from "../../proto/codec.ts";
import type { Lane, LastKnown, RunId } from "../model/model.ts";
import type { StoredBlock } from "./segment.ts";

/** The names of the records in a block, in order. Looks inside, so it is for recovery and for gaps only. */
export function namesIn(block: Pick<StoredBlock, "name" | "bytes">): readonly { run: RunId; epoch: number; lane: Lane; n: number }[] {
  const batch = decodeBatch(block.bytes);
  if (batch === undefined) return [];
  return batch.records.map(({ epoch, n }) => ({ run: block.name.run, lane: block.name.lane, epoch, n }));
}

/** Collects the highest n of each stream of one run. */
export class LastSeen {
  readonly #run: RunId;
  readonly #last = new Map<string, LastKnown>();

  constructor(run: RunId) {
    this.#run = run;
  }

  see(block: Pick<StoredBlock, "name" | "bytes">): void {
    if (block.name.run !== this.#run) return;
    for (const { epoch, lane, n } of namesIn(block)) {
      const key = `${lane}/${epoch}`;
      if ((this.#last.get(key)?.n ?? -1) < n) this.#last.set(key, { epoch, lane, n });
    }
  }

  get all(): readonly LastKnown[] {
    return [...this.#last.values()];
  }
}
