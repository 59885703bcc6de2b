import { type Expectation, KINDS, ROLE_OF, type Signed, type TrustedKey } from "./envelope/envelope.ts";
import { readStrictJson } from "./envelope/strict-json.ts";
import { isFields } from "./settings/fields.ts";

/**
 * What a document says of itself before anybody believes it: its kind and generation, the first gateway that it names, and keys under
 * the names that signed it. Opened with these and a `verify` that always holds, everything but the signatures is looked at.
 */
export function claimsOf({
  payload,
  signatures,
}: Signed): Pick<Expectation, "kind" | "gateway" | "keys"> & { readonly generation: number } {
  const read = readStrictJson(payload);
  const fields = "value" in read && isFields(read.value) ? read.value : {};
  const kind = KINDS.find((one) => one === fields.kind) ?? "settings";
  const first: unknown = Array.isArray(fields.audience) ? fields.audience[0] : undefined;
  return {
    kind,
    generation: typeof fields.generation === "number" ? fields.generation : 0,
    gateway: typeof first === "string" ? first : "",
    keys: signatures.map(({ keyId }): TrustedKey => ({ id: keyId, role: ROLE_OF[kind], publicKey: new Uint8Array(32) })),
  };
}
