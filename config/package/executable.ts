import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { type Arch, nodeVersion, ROOT } from "./target.ts";

/** What Node itself is told at every start. */
export type BakedIn = {
  readonly execArgv: readonly string[];
  /** Who may add to it. */
  readonly execArgvExtension: "none" | "env" | "cli";
};

/** Nothing outside the file can take these away. */
export const EXEC_ARGV: readonly string[] = [
  "--disable-sigusr1", // No debugger by signal.
  "--openssl-config=/dev/null", // A configuration file could load foreign code into OpenSSL.
  "--tls-min-v1.3",
  "--disallow-code-generation-from-strings",
  "--disable-proto=delete",
  "--max-semi-space-size=1", // Memory: 10 MB less than by default.
  "--v8-pool-size=1",
];

export type ExecutableOptions = {
  readonly arch: Arch;
  /** A folder of this build alone; holds bedside.cjs and the assets. */
  readonly work: string;
  /** Files that the program finds inside itself. */
  readonly assets?: readonly string[];
  /** The stripped Node binary. */
  readonly node: string;
  /** Absolute. */
  readonly output: string;
  /** For the programs alone with which tests show what these flags are good for. */
  readonly bakedIn?: BakedIn;
};

type Sea = (
  entry: string,
  options: {
    readonly targets: readonly { readonly nodeRange: string; readonly platform: "linux"; readonly arch: Arch; readonly output: string }[];
    readonly signature: false;
    readonly seaConfig: Readonly<Record<string, unknown>>;
  },
) => Promise<void>;

/**
 * Puts bundle and add-on into Node by pkg's own step, whose command line cannot pass assets or flags.
 * While it runs it changes HOME, TMPDIR and the working folder of this process: one at a time, in a process of its own.
 */
export async function makeExecutable(options: ExecutableOptions): Promise<void> {
  await fillCache(options);
  const before = { HOME: process.env.HOME, TMPDIR: process.env.TMPDIR };
  // pkg looks for its cache below HOME, and works in a folder with a random name below TMPDIR: from there "../" reads the
  // same in every build.
  Object.assign(process.env, { HOME: options.work, TMPDIR: options.work });
  try {
    await inject(options);
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

async function inject(options: ExecutableOptions): Promise<void> {
  const sea = (createRequire(import.meta.url)(join(ROOT, "node_modules/@yao-pkg/pkg/lib-es5/sea.js")) as { readonly default: Sea }).default;
  await sea(join(options.work, "bedside.cjs"), {
    targets: [{ nodeRange: `node${nodeVersion()}`, platform: "linux", arch: options.arch, output: options.output }],
    signature: false,
    seaConfig: {
      main: "../bedside.cjs",
      assets: Object.fromEntries((options.assets ?? ["serialport.node", "parts.json"]).map((name) => [name, `../${name}`])),
      disableExperimentalSEAWarning: true,
      useSnapshot: false,
      // A code cache differs in every build.
      useCodeCache: false,
      ...(options.bakedIn ?? { execArgv: EXEC_ARGV, execArgvExtension: "none" }),
    },
  });
}

/** pkg believes that it has downloaded and unpacked this Node already. */
async function fillCache(options: ExecutableOptions): Promise<void> {
  const cache = join(options.work, ".pkg-cache/sea");
  const name = `node-v${nodeVersion()}-linux-${options.arch}`;
  await mkdir(join(cache, name, "bin"), { recursive: true });
  await copyFile(options.node, join(cache, name, "bin/node"));
  for (const mark of [`${name}.tar.gz`, `${name}.tar.gz.ok`, `${name}/bin/node.ok`]) await writeFile(join(cache, mark), "");
}
