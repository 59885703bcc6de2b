declare const __BEDSIDE_VERSION__: string | undefined;
declare const __BEDSIDE_BUILD__: string | undefined;

/** The version in package.json, put in when the one file is built; run from source there is none. */
export const VERSION: string = typeof __BEDSIDE_VERSION__ === "string" ? __BEDSIDE_VERSION__ : "0.0.0-source";

/** The commit that was built, with "+changed" where the work tree differed from it; "source" when run from source. */
export const BUILD: string = typeof __BEDSIDE_BUILD__ === "string" ? __BEDSIDE_BUILD__ : "source";
