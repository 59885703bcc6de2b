/**
 * Planted bugs, chosen before their checkers were written. Each edit replaces a text that stands exactly once in the file; the
 * simulator must find the bug by one of the checkers named.
 */
export type Canary = {
  readonly name: string;
  /** What is broken, as one would say it in a review. */
  readonly kind: string;
  readonly file: string;
  readonly edits: readonly { readonly find: string; readonly replace: string }[];
  readonly finds: readonly string[];
};

export const CANARIES: readonly Canary[] = [
  { name: "no fsync", kind: "a commit is called durable before it is synced", file: "agent/spool/store.ts", edits: [{ find: "for (const segment of touched.keys()) await segment.file.sync();", replace: "" }], finds: ["lost"] },
  { name: "release before PUBACK", kind: "a message counts as delivered when it is handed to the network", file: "agent/uplink/drain.ts", edits: [{ find: "    void this.#session.publish({ topic: this.#topics.lane(lane),", replace: "    this.#source.answered(outgoing, 0, this.#now());\n    void this.#session.publish({ topic: this.#topics.lane(lane)," }, { find: "      this.#source.answered(outgoing, code, at);\n", replace: "" }], finds: ["lost"] },
  { name: "torn tail kept", kind: "recovery takes a commit that a power cut tore", file: "agent/spool/segment.ts", edits: [{ find: " || view.getUint32(24, true) !== unitCheck(bytes)", replace: "" }, { find: "if (verifyBlock(body, name)?.length === body.length) blocks.push(", replace: "blocks.push(" }], finds: ["invented", "name-reused", "gap-unexplained"] },
  { name: "ring not checked", kind: "recovery takes a block of the window without looking at its check", file: "agent/spool/block.ts", edits: [{ find: " || view.getUint32(start + 1, true) !== running", replace: "" }], finds: ["invented", "name-reused"] },
  { name: "window not bounded", kind: "what is not answered waits in the window for a minute", file: "agent/spool/spool.ts", edits: [{ find: "elapsed(block.firstAt, now) >= this.#options.window - COMMIT_LEAD", replace: "elapsed(block.firstAt, now) >= 60_000" }], finds: ["lost"] },
];
