import { createHash, createPublicKey, verify } from "node:crypto";
import type { Signatures } from "../effects.ts";

/** Ed25519 by OpenSSL: refuses S not below the group's order, and keys of small order. */
export function nodeSignatures(): Signatures {
  return {
    sha256: (bytes) => createHash("sha256").update(bytes).digest("hex"),
    verify: (publicKey, message, signature) => {
      // Anybody may send a signature of any length; a key was looked at when the configuration was read.
      if (publicKey.length !== 32 || signature.length !== 64) return false;
      const x = Buffer.from(publicKey).toString("base64url");
      return verify(null, message, createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }), signature);
    },
  };
}
