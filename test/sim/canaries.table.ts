import type { Edit } from "./small.table.ts";

/**
 * Planted bugs, chosen before their checkers were written. The simulator must find each by one of the
 * checkers named, in the world that is named, or in the whole one.
 */
export type Canary = {
  readonly name: string;
  /** What is broken, as one would say it in a review. */
  readonly kind: string;
  readonly edits: readonly Edit[];
  readonly world?: "small" | "spool";
  /** A seed that finds it; the look begins there, and goes on behind it. */
  readonly from?: number;
  readonly finds: readonly string[];
};

export const CANARIES: readonly Canary[] = [
  { name: "no fsync", from: 4, world: "spool", kind: "a commit is called durable before it is synced", edits: [{ file: "agent/spool/store.ts", find: "      }\n      await written.at(-1)?.segment.file.sync();", replace: "      }" }], finds: ["lost"] },
  { name: "release before PUBACK", from: 3, kind: "a message counts as delivered when it is handed to the network", edits: [{ file: "agent/uplink/drain.ts", find: "    void this.#session.publish({ topic: this.#topics.lane(lane),", replace: "    this.#source.answered(outgoing, 0, this.#now());\n    void this.#session.publish({ topic: this.#topics.lane(lane)," }, { file: "agent/uplink/drain.ts", find: "      this.#source.answered(outgoing, code, at);\n", replace: "" }], finds: ["lost"] },
  { name: "torn tail kept", from: 18, kind: "recovery takes a commit that a power cut tore", edits: [{ file: "agent/spool/segment.ts", find: " || view.getUint32(24, true) !== unitCheck(bytes)", replace: "" }, { file: "agent/spool/segment.ts", find: "if (verifyBlock(body, name)?.length === body.length) yield {", replace: "yield {" }, { file: "agent/effects/node/seals.ts", find: "        return undefined;\n      }\n", replace: "      }\n" }], finds: ["invented", "name-reused", "gap-unexplained"] },
  { name: "ring not checked", from: 11, kind: "recovery takes a block of the window without looking at its check", edits: [{ file: "agent/spool/block.ts", find: " || view.getUint32(start + 1, true) !== running", replace: "" }], finds: ["invented", "name-reused"] },
  { name: "window not bounded", from: 13, world: "spool", kind: "what is not answered waits in the window for a minute", edits: [{ file: "agent/spool/committer.ts", find: "elapsed(block.firstAt, now) >= age)", replace: "elapsed(block.firstAt, now) >= 60_000)" }], finds: ["lost"] },
  { name: "cursor ahead", kind: "a commit counts as delivered with its first answer", edits: [{ file: "agent/spool/segment-state.ts", find: "if (first === undefined || first.done.size < first.blocks) break;", replace: "if (first === undefined) break;" }], finds: ["died", "lost", "gap-unexplained", "stuck"] },
  { name: "run without chance", kind: "every run has the same name", edits: [{ file: "agent/main.ts", find: "getBigUint64(0) | 1n", replace: "getBigUint64(0) * 0n + 1n" }], finds: ["name-reused", "invented"] },
  { name: "key not kept", world: "spool", kind: "the key that seals what is kept is in memory alone", edits: [{ file: "agent/spool/keyring.ts", find: "const written = this.#write(name, key);", replace: "const written = Promise.resolve();" }], finds: ["lost"] },
  { name: "ring not written", world: "spool", kind: "what is stamped waits for flash in memory that dies with the process", edits: [{ file: "agent/spool/ring.ts", find: "    this.#file?.writeNow(slot.offset + HEADER + length, bytes);", replace: "" }], finds: ["lost"] },
  { name: "drop without a word", from: 495, world: "spool", kind: "what gives way for room is not told", edits: [{ file: "agent/spool/giving-way.ts", find: "      this.#parts.lose(lane, lost, reason);\n", replace: "" }], finds: ["lost", "gap-unexplained", "stuck"] },
  { name: "end of a run untold", kind: "nobody says that a run ended", edits: [{ file: "agent/main.ts", find: "    for (const ended of untold) this.#tellEnd(ended);", replace: "" }], finds: ["lost", "gap-unexplained", "stuck"] },
  { name: "recovery not synced", from: 602, world: "spool", kind: "what a start reads from the cache is sent before it is on the card", edits: [{ file: "agent/spool/adoption.ts", find: "      await file.sync();\n", replace: "" }], finds: ["lost", "name-reused"] },
  { name: "refusal counted as delivered", from: 31, world: "spool", kind: "a PUBACK that refuses releases the batch", edits: [{ file: "agent/spool/spool.ts", find: "if (code >= 0x80) {", replace: "if (code >= 0x100) {" }], finds: ["lost"] },
  { name: "newest first", from: 32, world: "spool", kind: "the backlog is sent beginning with its newest segment", edits: [{ file: "agent/spool/adoption.ts", find: "    segments.sort((a, b) => a.order - b.order);", replace: "    segments.sort((a, b) => b.order - a.order);" }], finds: ["order"] },
  { name: "n begins again", world: "spool", kind: "each block numbers its records from 0", edits: [{ file: "agent/spool/lane.ts", find: "const n = this.#next.get(entry.epoch) ?? 0;", replace: "const n = this.#open?.epochs.has(entry.epoch) === true ? (this.#next.get(entry.epoch) ?? 0) : 0;" }], finds: ["name-reused"] },
  { name: "window by the wall clock", kind: "the age of a block is told by a clock that steps", edits: [{ file: "agent/spool/lane.ts", find: "      firstAt: clock.mono,", replace: "      firstAt: (BigInt(Math.round(clock.wall)) * 1_000_000n) as Mono," }], finds: ["lost", "stuck"] },
  { name: "damaged end believed", world: "spool", kind: "a damaged last commit is taken for the end of its segment", edits: [{ file: "agent/spool/cursors.ts", find: "return Math.max(0, ...told", replace: "return Math.min(0, ...told" }], finds: ["falsely-healthy"] },
];
