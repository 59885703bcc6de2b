import type { Wall } from "../../config/units.ts";

declare const __BEDSIDE_VERSION__: string | undefined;
declare const __BEDSIDE_BUILD__: string | undefined;
declare const __BEDSIDE_MADE_AT__: number | undefined;

/** The version in package.json, put in when the one file is built; run from source there is none. */
export const VERSION: string = typeof __BEDSIDE_VERSION__ === "string" ? __BEDSIDE_VERSION__ : "0.0.0-source";

/** The commit that was built, with "+changed" where the work tree differed from it; "source" when run from source. */
export const BUILD: string = typeof __BEDSIDE_BUILD__ === "string" ? __BEDSIDE_BUILD__ : "source";

/** When the commit that was built was made, so that two builds of it are the same; 1970 when run from source. */
export const MADE_AT: Wall = (typeof __BEDSIDE_MADE_AT__ === "number" ? __BEDSIDE_MADE_AT__ : 0) as Wall;
