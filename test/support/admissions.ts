import { writeFileSync } from "node:fs";
import { toBase64 } from "../../config/bytes-text.ts";
import { envelopeBytes } from "../../config/envelope/envelope.ts";
import { encodeSignedDocument } from "../../proto/codec.ts";
import { makeSigner, type Signer, signatureOf } from "./signing.ts";

/** What a rule that allows says, for a device at a place; its socket is made up where none is given. */
export type Admitted = {
  readonly when: object;
  readonly device: string;
  readonly driver: string;
  readonly line?: string;
  readonly socket?: string;
};

/** A biomedical engineer of a test: signs what a box admits, each time with a higher generation. */
export type Biomedical = {
  /** Writes the signed document into a file; returns the lines of a configuration that take it, those of `trust:` last. */
  readonly admit: (file: string, gateway: string, admitted: readonly Admitted[]) => string;
};

export function biomedicalEngineer(id = "bio-test"): Biomedical {
  const signer = makeSigner(id, "biomedical");
  let generation = 0;
  return {
    admit: (file, gateway, admitted) => {
      generation += 1;
      writeFileSync(file, signedAdmissions(signer, { gateway, generation, admitted }));
      return `documents: [${file}]\ntrust:\n${trustLine(signer)}\n`;
    },
  };
}

/** A line of `trust:`. */
export const trustLine = ({ trusted: { id, role, publicKey } }: Signer): string =>
  `  - { id: ${id}, role: ${role}, key: "${toBase64(publicKey)}" }`;

type What = { readonly gateway: string; readonly generation: number; readonly admitted: readonly Admitted[] };

/** Good for longer than any clock of a test is wrong. */
export function signedAdmissions(signer: Signer, { gateway, generation, admitted }: What): Uint8Array {
  const rules = admitted.map(({ when, device, socket = `ICU-1/${device}`, ...named }) => ({ when, allow: true, device, socket, ...named }));
  const payload = envelopeBytes({
    format: 1,
    kind: "admissions",
    generation,
    audience: [gateway],
    issued: "2026-11-25T12:00:00Z",
    expires: "2099-01-01T00:00:00Z",
    by: "A. Okafor",
    reason: "a test",
    body: { rules },
  });
  return encodeSignedDocument({ payload, signatures: [signatureOf(payload, signer)] });
}
