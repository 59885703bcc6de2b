import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { type Envelope, envelopeBytes, type Role, type Signed, type TrustedKey } from "../../config/envelope/envelope.ts";

/** Keys of people who sign documents, for tests. */
export type Signer = { readonly trusted: TrustedKey; readonly privateKey: KeyObject };

export function makeSigner(id: string, role: Role): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return { trusted: { id, role, publicKey: rawKey(publicKey) }, privateKey };
}

/** Signs an envelope as it stands; `role` and `id` as the signer claims them. */
export function signEnvelope(envelope: Envelope, ...signers: readonly Signer[]): Signed {
  const payload = envelopeBytes(envelope);
  return { payload, signatures: signers.map((signer) => signatureOf(payload, signer)) };
}

export const signatureOf = (payload: Uint8Array, { trusted, privateKey }: Signer): Signed["signatures"][number] => ({
  keyId: trusted.id,
  role: trusted.role,
  ed25519: new Uint8Array(sign(null, payload, privateKey)),
});

export const verifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  verify(
    null,
    message,
    createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey).toString("base64url") }, format: "jwk" }),
    signature,
  );

const rawKey = (key: KeyObject): Uint8Array => new Uint8Array(Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url"));

/** A document that a gateway called gw-1 takes. */
export const envelopeOf = (changed: Partial<Envelope> = {}): Envelope => ({
  format: 1,
  kind: "settings",
  generation: 1,
  audience: ["gw-1"],
  issued: "2026-11-25T12:00:00Z",
  expires: "2027-11-25T12:00:00Z",
  by: "R. Mensah",
  reason: "a test",
  body: {},
  ...changed,
});
