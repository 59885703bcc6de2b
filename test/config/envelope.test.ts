import { describe, expect, test } from "vitest";
import { type Expectation, openEnvelope, SIGNATURES_MAX, type Signed } from "../../config/envelope/envelope.ts";
import { type Mark, orderOf } from "../../config/envelope/generation.ts";
import { envelopeOf, makeSigner, signatureOf, signEnvelope, verifyEd25519 } from "../support/signing.ts";

const operations = makeSigner("ops-1", "operations");
const biomedical = makeSigner("bio-1", "biomedical");
const stranger = makeSigner("ops-9", "operations");
const impostor = makeSigner("ops-1", "operations");
const NOW = Date.parse("2026-12-01T00:00:00Z");
const expected: Expectation = {
  kind: "settings",
  gateway: "gw-1",
  keys: [operations.trusted, biomedical.trusted],
  verify: verifyEd25519,
  now: NOW,
};
const why = (signed: Signed, changed: Partial<Expectation> = {}): string => {
  const opened = openEnvelope(signed, { ...expected, ...changed });
  return "why" in opened ? opened.why : "taken";
};
const payload = (text: string): Signed => {
  const bytes = new TextEncoder().encode(text);
  return { payload: bytes, signatures: [signatureOf(bytes, operations)] };
};

describe("a signed document", () => {
  test("is taken from its role, for this gateway, while it has not expired", () => {
    expect(openEnvelope(signEnvelope(envelopeOf(), operations), expected)).toEqual({ envelope: envelopeOf() });
    expect(why(signEnvelope(envelopeOf({ kind: "admissions" }), biomedical), { kind: "admissions" })).toBe("taken");
    expect(why(signEnvelope(envelopeOf({ audience: ["gw-0", "gw-1"] }), stranger, operations))).toBe("taken");
  });

  test.each<[string, Signed, string]>([
    ["no signature", { ...signEnvelope(envelopeOf()), signatures: [] }, "unsigned"],
    ["too many signatures", signEnvelope(envelopeOf(), ...Array.from({ length: SIGNATURES_MAX + 1 }, () => operations)), "unsigned"],
    ["a key that is not trusted", signEnvelope(envelopeOf(), stranger), "key_unknown"],
    ["another's key under a trusted name", signEnvelope(envelopeOf(), impostor), "signature"],
    ["the wrong role", signEnvelope(envelopeOf(), biomedical), "role"],
    [
      "a role that the key does not have",
      {
        ...signEnvelope(envelopeOf()),
        signatures: [{ ...signatureOf(signEnvelope(envelopeOf()).payload, biomedical), role: "operations" }],
      },
      "role",
    ],
    ["another kind", signEnvelope(envelopeOf({ kind: "admissions" }), operations), "kind"],
    ["another gateway's", signEnvelope(envelopeOf({ audience: ["gw-2", "gw-10"] }), operations), "audience"],
    ["every gateway's", signEnvelope(envelopeOf({ audience: ["*"] }), operations), "audience"],
    ["an expired one", signEnvelope(envelopeOf({ expires: "2026-12-01T00:00:00Z" }), operations), "expired"],
    ["a newer format", signEnvelope({ ...envelopeOf(), format: 2 as 1 }, operations), "format"],
    ["generation 0", signEnvelope(envelopeOf({ generation: 0 }), operations), "envelope"],
    ["half a generation", signEnvelope(envelopeOf({ generation: 1.5 }), operations), "envelope"],
    ["a generation beyond what is exact", signEnvelope(envelopeOf({ generation: 2 ** 53 }), operations), "envelope"],
    ["no audience", signEnvelope(envelopeOf({ audience: [] }), operations), "envelope"],
    ["no reason", signEnvelope(envelopeOf({ reason: "" }), operations), "envelope"],
    ["a time that is none", signEnvelope(envelopeOf({ expires: "2026-13-45T00:00:00Z" }), operations), "envelope"],
    ["a list", payload("[]"), "envelope"],
    ["an unknown key", payload(JSON.stringify({ ...envelopeOf(), extra: 1 })), "envelope"],
    ["__proto__", payload(JSON.stringify(envelopeOf()).replace('"body":{}', '"body":{"__proto__":{}}')), "forbidden_key"],
    ["a key twice", payload(JSON.stringify(envelopeOf()).replace('"generation":1', '"generation":1,"generation":2')), "duplicate_key"],
  ])("is refused as what it is: %s (R22)", (_what, signed, reason) => {
    expect(why(signed)).toBe(reason);
  });

  test("is not taken with any bit altered, in the payload or the signature (R22)", () => {
    const signed = signEnvelope(envelopeOf({ body: { pace: "1s" } }), operations);
    for (let bit = 0; bit < signed.payload.length * 8; bit++) {
      const altered = signed.payload.slice();
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(why({ ...signed, payload: altered })).not.toBe("taken");
    }
    const [signature] = signed.signatures;
    for (let bit = 0; bit < 512; bit++) {
      const ed25519 = signature!.ed25519.slice();
      ed25519[bit >> 3]! ^= 1 << (bit & 7);
      expect(why({ ...signed, signatures: [{ ...signature!, ed25519 }] })).toBe("signature");
    }
  });

  test("cut anywhere is refused", () => {
    const signed = signEnvelope(envelopeOf(), operations);
    for (let length = 0; length < signed.payload.length; length++)
      expect(why({ ...signed, payload: signed.payload.subarray(0, length) })).not.toBe("taken");
  });

  test("is not called expired by a clock that nobody believes", () => {
    expect(why(signEnvelope(envelopeOf({ expires: "1999-01-01T00:00:00Z" }), operations), { now: undefined })).toBe("taken");
  });

  test("is refused without a word of it reaching a terminal as it stands", () => {
    const opened = openEnvelope(signEnvelope(envelopeOf({ audience: ["\u001b[2J\u0007"] }), operations), expected);
    expect("detail" in opened && /\p{C}/u.test(opened.detail)).toBe(false);
  });
});

describe("a generation", () => {
  const mark = (generation: number, sha256: string): Mark => ({ generation, sha256 });
  test.each<[string, Mark, Mark | undefined, readonly Mark[], string]>([
    ["the first", mark(1, "a"), undefined, [], "newer"],
    ["a higher one", mark(8, "b"), mark(7, "a"), [], "newer"],
    ["the one that runs", mark(7, "a"), mark(7, "a"), [], "same"],
    ["the same with other content", mark(7, "b"), mark(7, "a"), [], "twice"],
    ["a lower one", mark(6, "b"), mark(7, "a"), [], "older"],
    ["one that was refused", mark(8, "b"), mark(7, "a"), [mark(8, "b")], "refused_before"],
    ["a refused generation with other content", mark(8, "c"), mark(7, "a"), [mark(8, "b")], "twice"],
    ["one between the running and a refused one", mark(8, "c"), mark(7, "a"), [mark(9, "b")], "older"],
    ["one above a refused one", mark(10, "c"), mark(7, "a"), [mark(9, "b")], "newer"],
    ["the one that runs, although it was refused once", mark(7, "a"), mark(7, "a"), [mark(7, "a")], "same"],
  ])("stands where it stands: %s (R23, R24)", (_what, offered, running, refused, order) => {
    expect(orderOf(offered, running, refused)).toBe(order);
  });
});
