import { decodeSignedDocument, encodeSignedDocument } from "../../proto/codec.ts";
import type { SignedDocument } from "../../proto/messages.ts";
import { readBody } from "../bodies.ts";
import { claimsOf } from "../claims.ts";
import { type Envelope, envelopeBytes, type Kind, openEnvelope, ROLE_OF, type TrustedKey } from "../envelope/envelope.ts";
import type { Mark } from "../envelope/generation.ts";
import { byLines, toldLine } from "../settings/mistakes.ts";
import type { Effects } from "./effects.ts";
import type { Signer } from "./keys.ts";
import { plain, Trouble } from "./trouble.ts";
import { readYaml } from "./yaml-text.ts";

/** A signed document that was opened. */
export type Opened = Mark & { readonly signed: SignedDocument; readonly envelope: Envelope };
export type Wish = Pick<Envelope, "kind" | "generation" | "audience" | "by" | "reason" | "body"> & { readonly validFor: number };

/** Signs and looks at the result as a gateway will. Throws Trouble `key.role`, `document.invalid`. */
export function signDocument(fx: Effects, wish: Wish, signer: Signer): Opened {
  const { validFor, ...rest } = wish;
  if (signer.role !== ROLE_OF[wish.kind])
    throw new Trouble("key.role", `The key "${signer.id}" has the role ${signer.role}; ${wish.kind} are signed by ${ROLE_OF[wish.kind]}`);
  const envelope: Envelope = { format: 1, ...rest, issued: second(fx.now()), expires: second(fx.now() + validFor) };
  const payload = envelopeBytes(envelope);
  const signed = { payload, signatures: [{ keyId: signer.id, role: signer.role, ed25519: signer.sign(payload) }] };
  return openDocument(fx, signed, { trust: [signer], now: fx.now() }, "The document cannot be signed so");
}
const second = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/**
 * Opens a document by its own words: kind and audience are taken from it. Signatures are checked where `trust` is not empty,
 * expiry where `now` is given. Throws Trouble `document.invalid`.
 */
export function openDocument(
  fx: Effects,
  signed: SignedDocument,
  { trust, now }: { readonly trust: readonly TrustedKey[]; readonly now: number | undefined },
  name: string,
): Opened {
  const claims = claimsOf(signed);
  const opened = openEnvelope(
    signed,
    trust.length === 0 ? { ...claims, verify: () => true, now } : { ...claims, keys: trust, verify: fx.verify, now },
  );
  if ("why" in opened) throw new Trouble("document.invalid", `${name}: ${plain(opened.detail)} (${opened.why})`);
  const { envelope } = opened;
  return { signed, envelope, generation: envelope.generation, sha256: fx.sha256(signed.payload) };
}

/** As it lies in a file. */
export function readDocument(
  fx: Effects,
  file: string,
  known: { readonly trust: readonly TrustedKey[]; readonly now: number | undefined },
): Opened {
  const signed = decodeSignedDocument(fx.read(file));
  if (signed === undefined || signed.payload.length === 0) throw new Trouble("document.invalid", `${file} is no signed document`);
  return openDocument(fx, signed, known, file);
}
export const documentBytes = (opened: Opened): Uint8Array => encodeSignedDocument(opened.signed);

/** YAML that people wrote, checked as the body of that kind. Throws Trouble `body.invalid` that names every mistake. */
export function readBodyFile(fx: Effects, file: string, kind: Kind): unknown {
  const read = readYaml(new TextDecoder().decode(fx.read(file)));
  const checked = "mistakes" in read ? read : readBody(kind, read.value);
  if ("body" in checked) return checked.body;
  const lines = byLines(checked.mistakes, "mistakes" in read ? () => undefined : read.lineOf).map(toldLine);
  throw new Trouble("body.invalid", [`${file} has ${lines.length === 1 ? "a mistake" : `${lines.length} mistakes`}`, ...lines].join("\n"));
}

// ── The store: all that was pushed from here ──

export type Store = {
  /** The document of highest generation that was pushed to this gateway, or was going to be. */
  last(gateway: string, kind: Kind): Opened | undefined;
  /** By hash: to tell what a gateway runs that is no longer the last. */
  find(sha256: string): Opened | undefined;
  keep(opened: Opened, gateways: readonly string[]): void;
  pathOf(opened: Opened): string;
};

const SUFFIX = ".signed";
/** Beside each: the gateways that it was pushed to, which may be fewer than it names. */
const TO = ".to";

/** Files <kind>-<generation>-<hash>.signed. Written before anything is published, so that an interrupted push is known. */
export function openStore(fx: Effects, folder: string): Store {
  const all = new Map<string, Opened>();
  const latest = new Map<string, Opened>();
  const take = (opened: Opened, gateways: readonly string[]): void => {
    all.set(opened.sha256, opened);
    for (const gateway of gateways) {
      const name = `${opened.envelope.kind} ${gateway}`;
      if ((latest.get(name)?.generation ?? 0) < opened.generation) latest.set(name, opened);
    }
  };
  const pushedTo = (path: string): readonly string[] => {
    if (fx.modeOf(path + TO) === undefined) return [];
    const lines = new TextDecoder().decode(fx.read(path + TO)).split("\n");
    return lines.filter((line) => line !== "");
  };
  for (const name of fx.list(folder)) {
    const path = `${folder}/${name}`;
    if (name.endsWith(SUFFIX)) take(readDocument(fx, path, { trust: [], now: undefined }), pushedTo(path));
  }
  const pathOf = ({ envelope, generation, sha256 }: Opened): string =>
    `${folder}/${envelope.kind}-${generation}-${sha256.slice(0, 12)}${SUFFIX}`;
  return {
    last: (gateway, kind) => latest.get(`${kind} ${gateway}`),
    find: (sha256) => all.get(sha256),
    keep: (opened, gateways) => {
      const path = pathOf(opened);
      const before = pushedTo(path);
      const together = [...new Set([...before, ...gateways])].sort();
      if (fx.modeOf(path) === undefined) fx.write(path, documentBytes(opened), { mode: 0o644, fresh: false });
      if (together.length > before.length)
        fx.write(path + TO, new TextEncoder().encode(`${together.join("\n")}\n`), { mode: 0o644, fresh: false });
      take(opened, gateways);
    },
    pathOf,
  };
}
