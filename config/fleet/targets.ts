import { DOCUMENT_STATUS, type Refusal, type Reported } from "../../proto/messages.ts";
import { toHex } from "../bytes-text.ts";
import type { Kind, TrustedKey } from "../envelope/envelope.ts";
import type { Mark } from "../envelope/generation.ts";
import { type Opened, openDocument, type Store } from "./documents.ts";
import type { Effects } from "./effects.ts";
import { Trouble } from "./trouble.ts";
import type { GatewayView } from "./view.ts";

/** How a gateway stands to the document that it is to have. */
export type Outcome =
  | { readonly is: "applied" | "trial" | "waiting" | "nothing" }
  /** It runs another document of the same or a higher generation. */
  | { readonly is: "other"; readonly runs: Mark }
  | { readonly is: "refused" | "reverted"; readonly reasons: readonly Refusal[] };

/** The key of the refusal of a document that was tried and given up. */
const REVERTED = "document.reverted";

/** From what a gateway reports to what became of one document. */
export function outcomeOf(reported: Reported | undefined, wanted: Mark | undefined): Outcome {
  const runs = runningOf(reported);
  if (wanted === undefined) return runs === undefined ? { is: "nothing" } : { is: "other", runs };
  if (reported === undefined) return { is: "waiting" };
  if (runs !== undefined && isSame(runs, wanted)) return { is: reported.status === DOCUMENT_STATUS.trial ? "trial" : "applied" };
  // By hash alone: of what it did not verify, a gateway need not believe the generation.
  const reasons = reported.refusals.filter(({ sha256 }) => toHex(sha256) === wanted.sha256);
  // The status alone does not say which document fell back: it stays while a later one is refused.
  if (reasons.length > 0) return { is: reasons.some(({ key }) => key === REVERTED) ? "reverted" : "refused", reasons };
  if (runs !== undefined && runs.generation >= wanted.generation) return { is: "other", runs };
  return { is: "waiting" };
}

/** What it says that it runs; undefined: none. */
export function runningOf(reported: Reported | undefined): Mark | undefined {
  if (reported === undefined || reported.generation === 0) return undefined;
  return { generation: reported.generation, sha256: toHex(reported.sha256) };
}

export const isSame = (one: Mark, other: Mark): boolean => one.generation === other.generation && one.sha256 === other.sha256;

/** What stands retained, opened; `trouble` where it is no document that a gateway could take. */
export type StandingDocument = { readonly opened?: Opened; readonly trouble?: string };

export function standingDocument(fx: Effects, view: GatewayView, kind: Kind, trust: readonly TrustedKey[]): StandingDocument {
  const signed = view.standing[kind];
  if (signed === undefined) return {};
  try {
    const opened = openDocument(fx, signed, { trust, now: undefined }, "what stands at the broker");
    if (opened.envelope.kind !== kind) return { trouble: `what stands at the broker is of kind ${opened.envelope.kind}` };
    if (!opened.envelope.audience.includes(view.gateway)) return { trouble: "what stands at the broker is for other gateways" };
    return { opened };
  } catch (caught) {
    if (caught instanceof Trouble) return { trouble: caught.message };
    throw caught;
  }
}

/** The document that a gateway is to have: the highest that was pushed from here or stands retained. */
export function targetOf(store: Store, view: GatewayView, kind: Kind, standing: StandingDocument): Opened | undefined {
  const kept = store.last(view.gateway, kind);
  const { opened } = standing;
  return opened !== undefined && opened.generation > (kept?.generation ?? 0) ? opened : kept;
}
