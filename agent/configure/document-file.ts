import { claimsOf } from "../../config/claims.ts";
import type { Kind } from "../../config/envelope/envelope.ts";
import { decodeSignedDocument } from "../../proto/codec.ts";
import type { Fault, FaultKey } from "../fault/fault.ts";
import { type Judgement, judgeDocument, type Known } from "./document.ts";

/** A signed document that lies on this box, as the configuration file names it: what was in it at the start, or why nobody knows. */
export type DocumentFile = GivenFile | { readonly path: string; readonly fault: Fault };
export type GivenFile = { readonly path: string; readonly bytes: Uint8Array };

/** Those that say they are of this kind, by rising generation: as they would have been pushed. */
export function filesOfKind(kind: Kind, files: readonly DocumentFile[]): readonly GivenFile[] {
  return files
    .filter((one): one is GivenFile => "bytes" in one)
    .map((file) => ({ file, claims: claimsOf(decodeSignedDocument(file.bytes) ?? NOTHING) }))
    .filter(({ claims }) => claims.kind === kind)
    .sort((a, b) => a.claims.generation - b.claims.generation)
    .map(({ file }) => file);
}
const NOTHING = { payload: new Uint8Array(), signatures: [] };

/** As if it had been pushed; but a file lies where it lies for years, so that one which is no newer than what is known is no news. */
export function judgeFile(bytes: Uint8Array, known: Known): Judgement {
  const judged = judgeDocument(bytes, known);
  // What is known may have expired since, and that is told before its generation is looked at.
  const ofAnyAge = isRefusedAs(judged, "document.expired") ? judgeDocument(bytes, { ...known, now: undefined }) : judged;
  return ofAnyAge.is === "same" || isRefusedAs(ofAnyAge, "document.older") ? { is: "same" } : judged;
}

const isRefusedAs = (judged: Judgement, wanted: FaultKey): boolean =>
  judged.is === "refused" && judged.findings.some(({ key }) => key === wanted);
