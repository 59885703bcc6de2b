import { createCipheriv, createDecipheriv, createHash, createSecretKey, type KeyObject } from "node:crypto";
import type { Seal, Seals } from "../effects.ts";

const CIPHER = "aes-256-gcm";
const TAG_BYTES = 16;

/** AES-256-GCM (NIST SP 800-38D) with a nonce of 96 bits and a tag of 128. */
export function nodeSeals(): Seals {
  return (bytes) => sealOf(createHash("sha256").update(bytes).digest().readUInt32LE(0), createSecretKey(bytes));
}

function sealOf(id: number, key: KeyObject): Seal {
  return {
    id,
    seal: (nonce, beside, plain) => {
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(beside);
      const body = cipher.update(plain);
      return new Uint8Array(Buffer.concat([body, cipher.final(), cipher.getAuthTag()]));
    },
    open: (nonce, beside, sealed) => {
      if (sealed.length < TAG_BYTES) return undefined;
      const end = sealed.length - TAG_BYTES;
      const cipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(beside).setAuthTag(sealed.subarray(end));
      const plain = cipher.update(sealed.subarray(0, end));
      try {
        cipher.final();
      } catch {
        return undefined;
      }
      return new Uint8Array(plain.buffer, plain.byteOffset, plain.length);
    },
  };
}
