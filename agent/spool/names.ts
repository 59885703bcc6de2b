import { decodeBatch } from "../../proto/codec.ts";
import type { Lane, LastKnown, RunId } from "../model/model.ts";
import type { StoredBlock } from "./segment.ts";

/** The names of the records in a block, in order. Looks inside, so it is for recovery and for gaps only. */
export function namesIn(block: Pick<StoredBlock, "name" | "bytes">): readonly { run: RunId; epoch: number; lane: Lane; n: number }[] {
  const batch = decodeBatch(block.bytes);
  if (batch === undefined) return [];
  return batch.records.map(({ epoch, n }) => ({ run: block.name.run, lane: block.name.lane, epoch, n }));
}

/** Collects the highest n of each stream, of the runs that are asked for. */
export class LastSeen {
  readonly #runs = new Map<RunId, Map<string, LastKnown>>();

  constructor(runs: Iterable<RunId>) {
    for (const run of runs) this.#runs.set(run, new Map());
  }

  see(block: Pick<StoredBlock, "name" | "bytes">): void {
    const last = this.#runs.get(block.name.run);
    if (last === undefined) return;
    for (const { epoch, lane, n } of namesIn(block)) {
      const key = `${lane}/${epoch}`;
      if ((last.get(key)?.n ?? -1) < n) last.set(key, { epoch, lane, n });
    }
  }

  of(run: RunId): readonly LastKnown[] {
    return [...(this.#runs.get(run)?.values() ?? [])];
  }
}
