import type { Kind, TrustedKey } from "../envelope/envelope.ts";
import { GENERATION_STEP_MAX } from "../envelope/generation.ts";
import type { Opened, Store } from "./documents.ts";
import type { Effects } from "./effects.ts";
import { isSame, runningOf, standingDocument } from "./targets.ts";
import type { GatewayView } from "./view.ts";

/** An unsigned report counts up to so many generations above what was verified: pushes from elsewhere that nothing here has seen. */
export const REPORTED_STEP_MAX = 1_000;

/** What is known of the generations of one gateway and kind; 0: none. */
export type Known = {
  /** By our own store, and by a standing document whose signature holds. */
  readonly verified: number;
  /** The highest that is only said, by a report or an unchecked document, and that counts: for this gateway alone. */
  readonly reported: number;
  /** The highest that is only said and too far above what was verified to count. */
  readonly beyond: number | undefined;
};
type Place = {
  readonly fx: Effects;
  readonly store: Store;
  readonly site: { readonly trust: readonly TrustedKey[] };
};

/** `signer`: believed where the site file names nobody, since it signs the next one. */
export function knownGenerations({ fx, store, site }: Place, view: GatewayView, kind: Kind, signer?: TrustedKey): Known {
  const believed = site.trust.length === 0 && signer !== undefined ? [signer] : site.trust;
  const proven = believed.length === 0 ? undefined : standingDocument(fx, view, kind, believed).opened;
  const verified = Math.max(store.last(view.gateway, kind)?.generation ?? 0, proven?.generation ?? 0);
  const report = view.reported[kind];
  const unproven = standingDocument(fx, view, kind, site.trust).opened?.generation ?? 0;
  const said = [report?.generation ?? 0, unproven, ...(report?.refusals ?? []).map(({ generation }) => generation)];
  const known = { verified, reported: 0, beyond: 0 };
  for (const generation of said) {
    const is = generation <= verified + REPORTED_STEP_MAX ? "reported" : "beyond";
    known[is] = Math.max(known[is], generation);
  }
  return { ...known, beyond: known.beyond === 0 ? undefined : known.beyond };
}

/** Where there is no broker to ask. */
export const storedGeneration = (store: Store, gateway: string, kind: Kind): Known => ({
  verified: store.last(gateway, kind)?.generation ?? 0,
  reported: 0,
  beyond: undefined,
});

const highestOf = ({ verified, reported }: Known): number => Math.max(verified, reported);

/** For people; undefined where all that it says counts. */
export const beyondText = (kind: Kind, { verified, beyond }: Known): string | undefined =>
  beyond === undefined
    ? undefined
    : `it says ${kind} ${beyond}, ${verified === 0 ? "and no signature is known that bears it out" : `which is more than ${REPORTED_STEP_MAX} above ${verified}, the highest that was verified`}`;

/**
 * The next generation of each gateway: one above the highest that was verified of any of them, and one above what a gateway says
 * of itself for that gateway alone, so that nobody's word moves the others. Where that would be too far it is the gateway's own next.
 */
export function nextGenerations(known: ReadonlyMap<string, Known>): ReadonlyMap<string, number> {
  let base = 0;
  for (const { verified } of known.values()) if (verified < Number.MAX_SAFE_INTEGER) base = Math.max(base, verified);
  return new Map([...known].map(([gateway, one]) => [gateway, Math.max(isTooFar(base + 1, one) ? 0 : base, highestOf(one)) + 1]));
}

const isTooFar = (generation: number, known: Known): boolean => highestOf(known) > 0 && generation > highestOf(known) + GENERATION_STEP_MAX;

/** Why this gateway must not be given this generation; undefined: it may. */
export function stepMistake(kind: Kind, generation: number, known: Known): string | undefined {
  const highest = highestOf(known);
  if (!Number.isSafeInteger(generation)) return `${kind} ${highest} is the highest generation that there can be; there is no next`;
  if (!isTooFar(generation, known)) return undefined;
  return `${kind} ${generation} is more than ${GENERATION_STEP_MAX} above ${highest}, which it has`;
}

/** A newer one that it is known to have: what stands at the broker, or one of ours that it says it runs. 0: none. */
export function newerKnown({ fx, store, site }: Place, view: GatewayView, opened: Opened): number {
  const { kind } = opened.envelope;
  const stands = standingDocument(fx, view, kind, site.trust).opened;
  const runs = runningOf(view.reported[kind]);
  const ours = runs === undefined ? undefined : store.find(runs.sha256);
  const isOurs = ours !== undefined && ours.generation === runs?.generation && ours.envelope.audience.includes(view.gateway);
  const marks = [stands, isOurs ? ours : undefined].filter((one) => one !== undefined);
  return marks.filter((one) => !isSame(one, opened)).reduce((highest, { generation }) => Math.max(highest, generation), 0);
}

/** As `beyondText`, for who looks often: nothing is verified where our own store bears out what it says. */
export function beyondSaid(place: Place, view: GatewayView, kind: Kind): string | undefined {
  const limit = (place.store.last(view.gateway, kind)?.generation ?? 0) + REPORTED_STEP_MAX;
  const { generation = 0, refusals = [] } = view.reported[kind] ?? {};
  if (generation <= limit && refusals.every((one) => one.generation <= limit)) return undefined;
  return beyondText(kind, knownGenerations(place, view, kind));
}
