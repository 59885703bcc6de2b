/** A document as it is known by name: two that differ in a byte differ in `sha256` (hex). */
export type Mark = { readonly generation: number; readonly sha256: string };
export type Order = "newer" | "same" | "older" | "twice" | "refused_before";

/**
 * Where a document stands to the one that runs. A generation never goes back, and one generation never has two contents. What was
 * refused or reverted is known by its hash and not tried again until a higher generation comes.
 */
export function orderOf(offered: Mark, running: Mark | undefined, refused: readonly Mark[]): Order {
  const known = refused.find((one) => one.generation === offered.generation);
  if (running !== undefined && offered.generation === running.generation) return offered.sha256 === running.sha256 ? "same" : "twice";
  if (running !== undefined && offered.generation < running.generation) return "older";
  if (known !== undefined) return known.sha256 === offered.sha256 ? "refused_before" : "twice";
  return refused.some((one) => one.generation > offered.generation) ? "older" : "newer";
}
