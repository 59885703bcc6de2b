import { randomBytes } from "node:crypto";
import type { Entropy } from "../effects.ts";

/** The kernel's random numbers, through OpenSSL's generator. */
export function nodeEntropy(): Entropy {
  return { bytes: (count) => new Uint8Array(randomBytes(count)) };
}
