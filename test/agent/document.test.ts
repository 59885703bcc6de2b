import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { judgeDocument, type Known } from "../../agent/configure/document.ts";
import type { FaultKey } from "../../agent/fault/fault.ts";
import type { Signed } from "../../config/envelope/envelope.ts";
import { DOCUMENT_BYTES_MAX } from "../../config/envelope/strict-json.ts";
import { encodeSignedDocument } from "../../proto/codec.ts";
import { envelopeOf, makeSigner, type Signer, signatureOf, signEnvelope, verifyEd25519 } from "../support/signing.ts";

const operations = makeSigner("ops-1", "operations");
const biomedical = makeSigner("biomed-1", "biomedical");
const stranger = makeSigner("ops-9", "operations");
const KNOWN: Known = {
  kind: "settings",
  gateway: "gw-1",
  keys: [operations, biomedical].map(({ trusted }) => trusted),
  verify: verifyEd25519,
  sha256: (bytes) => createHash("sha256").update(bytes).digest("hex"),
  now: Date.parse("2026-11-26T12:00:00Z"),
  running: undefined,
  floor: undefined,
  refused: [],
  readBody: () => ({ body: {}, values: {} }),
};
/** Signed as it stands, whatever it is. */
const over = (payload: string | Uint8Array, signer: Signer = operations): Signed => {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  return { payload: bytes, signatures: [signatureOf(bytes, signer)] };
};
const good = signEnvelope(envelopeOf(), operations);
const text = new TextDecoder().decode(good.payload);
const MARK = { generation: 1, sha256: KNOWN.sha256(good.payload) };
const OTHER = { generation: 1, sha256: "0".repeat(64) };

// biome-ignore format: a table is read by eye.
const REFUSED: readonly (readonly [key: FaultKey, signed: Signed | Uint8Array, known?: Partial<Known>])[] = [
  ["document.unreadable",       Uint8Array.of(1, 2, 3)],
  ["document.unreadable",       new Uint8Array()],
  ["document.oversized",        over(" ".repeat(DOCUMENT_BYTES_MAX + 1))],
  ["document.truncated",        over(text.slice(0, -5))],
  ["document.not_json",         over("gateway: gw-1")],
  ["document.nested",           over(text.replace('"body":{}', `"body":${"[".repeat(99)}${"]".repeat(99)}`))],
  ["document.duplicate_key",    over(text.replace('"generation":1', '"generation":1,"generation":2'))],
  ["document.forbidden_key",    over(text.replace('"body":{}', '"body":{"__proto__":{}}'))],
  ["document.format",           over(text.replace('"format":1', '"format":2'))],
  ["document.envelope",         over(text.replace('"reason":"a test"', '"reason":""'))],
  ["document.unsigned",         { ...good, signatures: [] }],
  ["document.key_unknown",      signEnvelope(envelopeOf(), stranger)],
  ["document.wrong_role",       signEnvelope(envelopeOf(), biomedical)],
  ["document.signature",        { ...good, payload: new TextEncoder().encode(text.replace("a test", "a best")) }],
  ["document.wrong_kind",       over(text.replace('"kind":"settings"', '"kind":"admissions"'))],
  ["document.wrong_gateway",    signEnvelope(envelopeOf({ audience: ["gw-2"] }), operations)],
  ["document.expired",          signEnvelope(envelopeOf({ expires: "2026-11-26T12:00:00Z" }), operations)],
  ["document.older",            good, { running: { ...OTHER, generation: 2 } }],
  ["document.generation_twice", good, { running: OTHER }],
  ["document.refused_before",   good, { refused: [MARK] }],
  ["document.invalid",          good, { readBody: () => ({ mistakes: [{ path: "pace", message: "is no time" }] }) }],
];

describe("a document that is pushed", () => {
  for (const [key, signed, known = {}] of REFUSED)
    test(`is refused with ${key}, a code of its own (R22, R23, R24)`, () => {
      const bytes = signed instanceof Uint8Array ? signed : encodeSignedDocument(signed);
      const judged = judgeDocument(bytes, { ...KNOWN, ...known });
      expect(judged.is === "refused" ? judged.findings.map((finding) => finding.key) : judged.is).toEqual([key]);
    });
  test("is taken where nothing is wrong with it", () => {
    expect(judgeDocument(encodeSignedDocument(good), KNOWN).is).toBe("good");
  });
});
