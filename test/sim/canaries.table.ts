import type { Edit } from "./small.table.ts";

/**
 * Planted bugs, chosen before their checkers were written. The simulator must find each by one of the
 * checkers named; `small` looks in the world of small.table.ts.
 */
export type Canary = {
  readonly name: string;
  /** What is broken, as one would say it in a review. */
  readonly kind: string;
  readonly edits: readonly Edit[];
  readonly small?: true;
  readonly finds: readonly string[];
};

export const CANARIES: readonly Canary[] = [
  { name: "no fsync", kind: "a commit is called durable before it is synced", edits: [{ file: "agent/spool/store.ts", find: "      }\n      await written.at(-1)?.segment.file.sync();", replace: "      }" }], finds: ["lost"] },
  { name: "release before PUBACK", kind: "a message counts as delivered when it is handed to the network", edits: [{ file: "agent/uplink/drain.ts", find: "    void this.#session.publish({ topic: this.#topics.lane(lane),", replace: "    this.#source.answered(outgoing, 0, this.#now());\n    void this.#session.publish({ topic: this.#topics.lane(lane)," }, { file: "agent/uplink/drain.ts", find: "      this.#source.answered(outgoing, code, at);\n", replace: "" }], finds: ["lost"] },
  { name: "torn tail kept", kind: "recovery takes a commit that a power cut tore", edits: [{ file: "agent/spool/segment.ts", find: " || view.getUint32(24, true) !== unitCheck(bytes)", replace: "" }, { file: "agent/spool/segment.ts", find: "if (verifyBlock(body, name)?.length === body.length) yield {", replace: "yield {" }, { file: "agent/effects/node/seals.ts", find: "        return undefined;\n      }\n", replace: "      }\n" }], finds: ["invented", "name-reused", "gap-unexplained"] },
  { name: "ring not checked", kind: "recovery takes a block of the window without looking at its check", edits: [{ file: "agent/spool/block.ts", find: " || view.getUint32(start + 1, true) !== running", replace: "" }], finds: ["invented", "name-reused"] },
  { name: "window not bounded", kind: "what is not answered waits in the window for a minute", edits: [{ file: "agent/spool/committer.ts", find: "elapsed(block.firstAt, now) >= this.blockAge", replace: "elapsed(block.firstAt, now) >= 60_000" }], finds: ["lost"] },
  { name: "cursor ahead", kind: "a commit counts as delivered with its first answer", edits: [{ file: "agent/spool/segment-state.ts", find: "if (first === undefined || first.done.size < first.blocks) break;", replace: "if (first === undefined) break;" }], finds: ["died", "lost", "gap-unexplained", "stuck"] },
  { name: "run without chance", kind: "every run has the same name", edits: [{ file: "agent/main.ts", find: "getBigUint64(0) | 1n", replace: "getBigUint64(0) * 0n + 1n" }], finds: ["name-reused", "invented"] },
  { name: "key not kept", kind: "the key that seals what is kept is in memory alone", edits: [{ file: "agent/spool/keyring.ts", find: "const written = this.#write(name, key);", replace: "const written = Promise.resolve();" }], finds: ["lost"] },
  { name: "ring not written", kind: "what is stamped waits for flash in memory that dies with the process", edits: [{ file: "agent/spool/ring.ts", find: "    this.#file?.writeNow(slot.offset + HEADER + length, bytes);", replace: "" }], finds: ["lost"] },
  { name: "drop without a word", kind: "what gives way for room is not told", edits: [{ file: "agent/spool/committer.ts", find: "      this.#options.lose(lane, lost);\n", replace: "" }], finds: ["lost", "gap-unexplained", "stuck"] },
  { name: "end of a run untold", kind: "nobody says that a run ended", edits: [{ file: "agent/main.ts", find: "    for (const ended of untold) this.#tellEnd(ended);", replace: "" }], finds: ["lost", "gap-unexplained", "stuck"] },
];
