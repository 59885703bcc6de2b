import type { BodyValues, ReadBody } from "../../config/bodies.ts";
import { type Envelope, type Expectation, openEnvelope, type Refused } from "../../config/envelope/envelope.ts";
import { GENERATION_STEP_MAX, higher, type Mark, type Order, orderOf } from "../../config/envelope/generation.ts";
import { decodeSignedDocument } from "../../proto/codec.ts";
import type { FaultKey } from "../fault/fault.ts";

/** A signed document that was opened. `id` names it among all: generation and hash. */
export type Document = Mark & {
  readonly id: string;
  /** As it came, a `SignedDocument`. */
  readonly bytes: Uint8Array;
  readonly envelope: Envelope;
  /** What its body sets. */
  readonly values: BodyValues;
};

/** One thing that is wrong with a document. */
export type Finding = { readonly key: FaultKey; readonly path: string; readonly text: string };
/**
 * `mark` where the right role signed it: only then it is remembered, or anybody could use up generations. `sha256` says which bytes
 * are meant, whoever signed them.
 */
export type Judgement =
  | { readonly is: "good"; readonly document: Document }
  | { readonly is: "same" }
  | { readonly is: "refused"; readonly mark: Mark | undefined; readonly sha256: string; readonly findings: readonly Finding[] };

export type Known = Expectation & {
  readonly running: Mark | undefined;
  /** The highest that ever ran for good, where more is known than what runs. */
  readonly floor: Mark | undefined;
  readonly refused: readonly Mark[];
  /** SHA-256 as lower-case hex. */
  readonly sha256: (bytes: Uint8Array) => string;
  /** Reads a body, on this gateway as it is now. */
  readonly readBody: (body: unknown) => ReadBody;
};

/** From the bytes of a topic, or of the own disk, to a document that may run here. Pure but for what is handed in. */
export function judgeDocument(bytes: Uint8Array, known: Known): Judgement {
  const signed = decodeSignedDocument(bytes);
  if (signed === undefined || signed.payload.length === 0) return refusal("", "document.unreadable", "the bytes are no signed document");
  const sha256 = known.sha256(signed.payload);
  const opened = openEnvelope(signed, known);
  if ("why" in opened) return refusal(sha256, KEYS[opened.why], opened.detail);
  const { envelope } = opened;
  const mark = { generation: envelope.generation, sha256 };
  const order = orderOf(mark, known.running, known.refused, known.floor);
  if (order === "same") return { is: "same" };
  if (order !== "newer") return refusal(sha256, ORDER_KEYS[order], ORDER_TEXTS[order](mark, higher(known.running, known.floor)));
  const read = known.readBody(envelope.body);
  if ("mistakes" in read)
    return {
      is: "refused",
      mark,
      sha256,
      findings: read.mistakes.map(({ path, message }) => ({ key: "document.invalid", path, text: message })),
    };
  return { is: "good", document: { ...mark, id: idOf(mark), bytes, envelope, values: read.values } };
}

export const idOf = ({ generation, sha256 }: Mark): string => `${generation}-${sha256}`;

const refusal = (sha256: string, key: FaultKey, text: string): Judgement => ({
  is: "refused",
  mark: undefined,
  sha256,
  findings: [{ key, path: "", text }],
});

const KEYS: Readonly<Record<Refused["why"], FaultKey>> = {
  oversized: "document.oversized",
  truncated: "document.truncated",
  not_json: "document.not_json",
  nested: "document.nested",
  duplicate_key: "document.duplicate_key",
  forbidden_key: "document.forbidden_key",
  format: "document.format",
  envelope: "document.envelope",
  unsigned: "document.unsigned",
  key_unknown: "document.key_unknown",
  role: "document.wrong_role",
  signature: "document.signature",
  kind: "document.wrong_kind",
  audience: "document.wrong_gateway",
  expired: "document.expired",
};

type Wrong = Exclude<Order, "newer" | "same">;
const ORDER_KEYS: Readonly<Record<Wrong, FaultKey>> = {
  older: "document.older",
  twice: "document.generation_twice",
  leap: "document.leap",
  refused_before: "document.refused_before",
};
const ORDER_TEXTS: Readonly<Record<Wrong, (offered: Mark, highest: Mark | undefined) => string>> = {
  older: ({ generation }, highest) => `it is generation ${generation}; ${highest?.generation ?? "a higher one"} was known before`,
  twice: ({ generation }) => `generation ${generation} was known with other content`,
  leap: ({ generation }, highest) =>
    `generation ${generation} is more than ${GENERATION_STEP_MAX} above ${highest?.generation ?? 0}, the highest that is known`,
  refused_before: ({ generation }) => `generation ${generation} was refused or given up before; only a higher one is tried`,
};
