/** A document as it is known by name: two that differ in a byte differ in `sha256` (hex). */
export type Mark = { readonly generation: number; readonly sha256: string };
export type Order = "newer" | "same" | "older" | "twice" | "leap" | "refused_before";

/** No step is larger: one slip of a hand must not use up the numbers of a gateway for good. The first generation may be any. */
export const GENERATION_STEP_MAX = 1_000_000_000;

/**
 * Where a document stands to what is known. A generation never goes back, and one generation never has two contents. What was
 * refused or reverted is known by its hash and not tried again until a higher generation comes. `floor` is the highest that ever
 * ran, where that is more than what runs: it outlives a document that cannot be used any more, and only that very document, or a
 * later one, takes its place.
 */
export function orderOf(offered: Mark, running: Mark | undefined, refused: readonly Mark[], floor: Mark | undefined = running): Order {
  const known = refused.find((one) => one.generation === offered.generation);
  if (running !== undefined && offered.generation === running.generation) return offered.sha256 === running.sha256 ? "same" : "twice";
  if (floor !== undefined && offered.generation === floor.generation && offered.sha256 !== floor.sha256) return "twice";
  const least = Math.max(running?.generation ?? 0, floor?.generation ?? 0);
  if (offered.generation < least) return "older";
  if (least > 0 && offered.generation > least + GENERATION_STEP_MAX) return "leap";
  if (known !== undefined) return known.sha256 === offered.sha256 ? "refused_before" : "twice";
  return refused.some((one) => one.generation > offered.generation) ? "older" : "newer";
}

/** The higher of two. */
export const higher = (one: Mark | undefined, other: Mark | undefined): Mark | undefined =>
  one === undefined || (other !== undefined && other.generation > one.generation) ? other : one;
