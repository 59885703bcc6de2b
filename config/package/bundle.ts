import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { ROOT } from "./target.ts";

export type BundleOptions = {
  readonly entry: string;
  readonly outfile: string;
  readonly version: string;
  readonly build: string;
  /** Milliseconds since 1970. */
  readonly committedAt?: number;
  /** What the add-on's bytes must hash to; the loader refuses others. */
  readonly addonSha256: string;
};

/** Optional in the packages that name them, and guarded there; none is installed. */
const LEFT_OUT = ["bufferutil", "utf-8-validate", "supports-color", "osx-temperature-sensor", "macos-temperature-sensor"];

/** Makes the one CommonJS file that Node's single executables need. `await import()` inside it stays lazy. */
export async function bundle(options: BundleOptions): Promise<Metafile> {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [options.entry],
    outfile: options.outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    metafile: true,
    charset: "ascii",
    legalComments: "none",
    logLevel: "warning",
    external: LEFT_OUT,
    // A tsconfig found beside the file would change the bytes ("use strict"), so none is looked for.
    tsconfigRaw: {},
    define: {
      __BEDSIDE_VERSION__: JSON.stringify(options.version),
      __BEDSIDE_BUILD__: JSON.stringify(options.build),
      __BEDSIDE_MADE_AT__: String(options.committedAt ?? 0),
      __ADDON_SHA256__: JSON.stringify(options.addonSha256),
      // A second line: MQTT.js would divert a connection that it opens by this variable. The agent opens its own and hands it over, so
      // today nothing hangs on this; it holds should that change, or should the refusal of the variable fail.
      "process.env.MQTTJS_SOCKS_PROXY": "undefined",
    },
    plugins: [replacements],
  });
  await writeFile(options.outfile, asciiOnly(await readFile(options.outfile, "utf8")));
  return result.metafile;
}

/**
 * One character above U+00FF makes V8 hold the whole program in two bytes a character (3 MB more). esbuild escapes texts; what is left
 * stands in patterns and comments, where an escape means the same.
 */
const asciiOnly = (code: string): string =>
  code.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Stands for the package `debug`: the environment must not make the agent print packets. */
const SILENT = "const silent = () => undefined; silent.enabled = false; silent.extend = () => silent; module.exports = () => silent;";

/** Modules of packages that cannot work, or must not, inside the one file. */
const replacements: Plugin = {
  name: "replacements",
  setup(setup) {
    // It looks for the add-on on disk, where there is none.
    setup.onResolve({ filter: /^\.\/serialport-bindings$/ }, (wanted) =>
      wanted.importer.includes("/@serialport/bindings-cpp/dist/") ? { path: join(ROOT, "config/package/addon-loader.ts") } : undefined,
    );
    setup.onResolve({ filter: /^debug$/ }, () => ({ path: "debug", namespace: "silent" }));
    setup.onLoad({ filter: /.*/, namespace: "silent" }, () => ({ contents: SILENT, loader: "js" }));
  },
};
