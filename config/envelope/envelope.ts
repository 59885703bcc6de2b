import { type JsonRefusal, readStrictJson } from "./strict-json.ts";

/** Kinds of documents, each with its own generations, its own role that may sign it, and its own topic. */
export const KINDS = ["settings", "admissions"] as const;
export type Kind = (typeof KINDS)[number];
/** Central operations · biomedical engineering. */
export type Role = "operations" | "biomedical";
export const ROLE_OF: Readonly<Record<Kind, Role>> = { settings: "operations", admissions: "biomedical" };

/** Distinct keys of the kind's role that must have signed. A later trust document may ask for more. */
export const THRESHOLD = 1;
/** A document carries at most this many signatures: each costs a verification. */
export const SIGNATURES_MAX = 8;
/** Gateways that one document may name. */
export const AUDIENCE_MAX = 10_000;
/** The format of the payload that this version reads. */
export const ENVELOPE_FORMAT = 1;

/** What travels: exact bytes, and signatures over them. As in `SignedDocument` on the wire. */
export type Signed = {
  readonly payload: Uint8Array;
  readonly signatures: readonly { readonly keyId: string; readonly role: string; readonly ed25519: Uint8Array }[];
};

/** A key that this gateway trusts. `publicKey` is the raw Ed25519 key, 32 bytes. */
export type TrustedKey = { readonly id: string; readonly role: Role; readonly publicKey: Uint8Array };

/** What the payload says of itself; `body` is validated by the schema of its kind. */
export type Envelope = {
  readonly format: typeof ENVELOPE_FORMAT;
  readonly kind: Kind;
  /** Grows for each gateway and kind; 1 to 2^53 - 1. */
  readonly generation: number;
  /** Gateways that it is for, by name. Never all of them: a document for one room must not open ports in another. */
  readonly audience: readonly string[];
  /** ISO 8601, UTC. Not taken any more from then on; what runs already goes on. */
  readonly expires: string;
  /** When it was signed: a floor for clocks that know no better. */
  readonly issued: string;
  /** Who made it and why: a claim, told in logs. */
  readonly by: string;
  readonly reason: string;
  readonly body: unknown;
};

export type Refused = {
  readonly why:
    | JsonRefusal["why"]
    | "format"
    | "envelope"
    | "unsigned"
    | "key_unknown"
    | "role"
    | "signature"
    | "kind"
    | "audience"
    | "expired";
  /** For people: what was found. */
  readonly detail: string;
};

/** Ed25519 by the host (RFC 8032; S < L and no identity-point keys). Must not throw. */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

export type Expectation = {
  readonly kind: Kind;
  readonly gateway: string;
  readonly keys: readonly TrustedKey[];
  readonly verify: Verify;
  /** Milliseconds since 1970; undefined while the clock is not believed: then nothing is taken for expired. */
  readonly now: number | undefined;
};

/**
 * From bytes that came from anywhere to an envelope that the right role signed for this gateway. Size, depth and keys are looked
 * at first, then signatures, then meaning; nothing of an unsigned document reaches a schema.
 */
export function openEnvelope(signed: Signed, expected: Expectation): { readonly envelope: Envelope } | Refused {
  const read = readStrictJson(signed.payload);
  if ("why" in read) return read;
  const unsigned = judgeSignatures(signed, expected);
  if (unsigned !== undefined) return unsigned;
  const shaped = shapeOf(read.value);
  if ("why" in shaped) return shaped;
  const { envelope } = shaped;
  if (envelope.kind !== expected.kind)
    return { why: "kind", detail: `a document of kind "${envelope.kind}" where "${expected.kind}" belongs` };
  if (!envelope.audience.includes(expected.gateway))
    return { why: "audience", detail: `it is for ${some(envelope.audience)}, this is ${expected.gateway}` };
  if (expected.now !== undefined && Date.parse(envelope.expires) <= expected.now)
    return { why: "expired", detail: `it expired at ${envelope.expires}` };
  return { envelope };
}

/** A signature that does not hold is told before a key that is not known: an altered byte must not look like a missing key. */
function judgeSignatures({ payload, signatures }: Signed, { kind, keys, verify }: Expectation): Refused | undefined {
  if (signatures.length === 0) return { why: "unsigned", detail: "it bears no signature" };
  if (signatures.length > SIGNATURES_MAX)
    return { why: "unsigned", detail: `it bears ${signatures.length} signatures, at most ${SIGNATURES_MAX} are looked at` };
  const held = new Set<string>();
  let first: Refused | undefined;
  for (const { keyId, role, ed25519 } of signatures) {
    const key = keys.find((one) => one.id === keyId);
    let refused: Refused | undefined;
    if (key === undefined) refused = { why: "key_unknown", detail: `key "${printable(keyId)}" is not trusted here` };
    else if (key.role !== role || role !== ROLE_OF[kind])
      refused = { why: "role", detail: `key "${key.id}" has the role ${key.role}; ${kind} are signed by ${ROLE_OF[kind]}` };
    else if (!verify(key.publicKey, payload, ed25519))
      refused = {
        why: "signature",
        detail: `the signature of key "${key.id}" does not hold: the document was altered, or signed otherwise`,
      };
    else held.add(key.id);
    first ??= refused;
  }
  return held.size >= THRESHOLD ? undefined : first;
}

function shapeOf(value: unknown): { readonly envelope: Envelope } | Refused {
  const bad = (detail: string): Refused => ({ why: "envelope", detail });
  if (typeof value !== "object" || value === null || Array.isArray(value)) return bad("it is no object");
  const { format, kind, generation, audience, expires, issued, by, reason, body, ...rest } = value as Readonly<Record<string, unknown>>;
  if (format !== ENVELOPE_FORMAT)
    return { why: "format", detail: `format ${printable(JSON.stringify(format) ?? "none")}; this version reads ${ENVELOPE_FORMAT}` };
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) return bad(`"${printable(unknown)}" is not known here`);
  if (!KINDS.includes(kind as Kind)) return bad(`kind: expected ${KINDS.join(" or ")}`);
  if (!Number.isSafeInteger(generation) || (generation as number) < 1) return bad("generation: expected a whole number from 1 on");
  if (!isAudience(audience)) return bad(`audience: expected a list of 1 to ${AUDIENCE_MAX} gateways`);
  if (!isTime(expires) || !isTime(issued)) return bad('issued, expires: expected a time such as "2027-01-31T12:00:00Z"');
  if (!isText(by) || !isText(reason)) return bad("by, reason: expected a text of 1 to 256 characters");
  return { envelope: value as Envelope };
}

const isAudience = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.length <= AUDIENCE_MAX && value.every((one) => typeof one === "string" && one !== "");
const isText = (value: unknown): boolean => typeof value === "string" && value.length > 0 && value.length <= 256 && !/\p{C}/u.test(value);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;
const isTime = (value: unknown): boolean => typeof value === "string" && TIME.test(value) && !Number.isNaN(Date.parse(value));

const printable = (text: string): string => text.slice(0, 64).replace(/\p{C}/gu, "\ufffd");
const some = (names: readonly string[]): string =>
  names.length <= 3 ? names.map(printable).join(", ") : `${names.slice(0, 3).map(printable).join(", ")} and ${names.length - 3} more`;

/** The exact bytes that are signed and sent. Equal envelopes give equal bytes. */
export function envelopeBytes(envelope: Envelope): Uint8Array {
  const { format, kind, generation, audience, issued, expires, by, reason, body } = envelope;
  return new TextEncoder().encode(JSON.stringify({ format, kind, generation, audience, issued, expires, by, reason, body }));
}
