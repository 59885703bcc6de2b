import { getAsset, isSea } from "node:sea";

/** The JSON that packaging left inside this file; undefined where the program runs from source. */
export function ownParts(): string | undefined {
  return isSea() ? getAsset("parts.json", "utf8") : undefined;
}
