import { recordName, scanFields } from "../../proto/codec.ts";
import type { Lane, LastKnown, RunId } from "../model/model.ts";
import type { StoredBlock } from "./segment.ts";

/** The names of the records in a block, in order. Looks at no more of a record than its name. */
export function namesIn(block: Pick<StoredBlock, "name" | "bytes">): readonly { run: RunId; epoch: number; lane: Lane; n: number }[] {
  const names = [];
  for (const field of scanFields(block.bytes))
    if (field.field === RECORD_FIELD) names.push({ run: block.name.run, lane: block.name.lane, ...recordName(block.bytes, field) });
  return names;
}

const RECORD_FIELD = 4;

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
