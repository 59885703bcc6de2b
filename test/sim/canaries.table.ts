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
  { name: "no fsync", kind: "a commit is called durable before it is synced", edits: [{ file: "agent/spool/store.ts", find: "for (const segment of touched.keys()) await segment.file.sync();", replace: "" }], finds: ["lost"] },
  { name: "release before PUBACK", kind: "a message counts as delivered when it is handed to the network", edits: [{ file: "agent/uplink/drain.ts", find: "    void this.#session.publish({ topic: this.#topics.lane(lane),", replace: "    this.#source.answered(outgoing, 0, this.#now());\n    void this.#session.publish({ topic: this.#topics.lane(lane)," }, { file: "agent/uplink/drain.ts", find: "      this.#source.answered(outgoing, code, at);\n", replace: "" }], finds: ["lost"] },
  { name: "torn tail kept", kind: "recovery takes a commit that a power cut tore", edits: [{ file: "agent/spool/segment.ts", find: " || view.getUint32(24, true) !== unitCheck(bytes)", replace: "" }, { file: "agent/spool/segment.ts", find: "if (verifyBlock(body, name)?.length === body.length) blocks.push(", replace: "blocks.push(" }], finds: ["invented", "name-reused", "gap-unexplained"] },
  { name: "ring not checked", kind: "recovery takes a block of the window without looking at its check", edits: [{ file: "agent/spool/block.ts", find: " || view.getUint32(start + 1, true) !== running", replace: "" }], finds: ["invented", "name-reused"] },
  { name: "window not bounded", kind: "what is not answered waits in the window for a minute", edits: [{ file: "agent/spool/committer.ts", find: "elapsed(block.firstAt, now) >= this.blockAge", replace: "elapsed(block.firstAt, now) >= 60_000" }], finds: ["lost"] },
];
