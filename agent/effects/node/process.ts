import { readFileSync } from "node:fs";
import process from "node:process";
import { stopCoverage } from "node:v8";
import { DANGEROUS_FAMILIES, DANGEROUS_NAMES } from "./environment.table.ts";

/** What the command line needs of its process. */
export type Self = {
  /** The words after the program's name. */
  readonly words: readonly string[];
  /** Variables that could change what the program does, and were set when it was started. */
  readonly dangerous: readonly string[];
  readonly arch: string;
  readonly versions: { readonly node: string; readonly openssl: string };
  /** Whether a person looks at stdout. */
  readonly terminal: boolean;
  /** Writes text as it stands; false once the reader of the stream is gone. Never throws. */
  out(text: string): boolean;
  err(text: string): boolean;
  /** The code that the process ends with when nothing more is to be done. */
  exitWith(code: number): void;
  /** Ends the process now. */
  exit(code: number): never;
  /** Aborts at the first SIGTERM or SIGINT, with its name as reason; the second one ends the process. */
  stopSignal(): AbortSignal;
};

/** Of these variables, those that could change what the program does, sorted. Only for being there: Node looks at some in this way. */
export const dangerousAmong = (names: readonly string[]): readonly string[] =>
  [...new Set(names)]
    .filter((name) => DANGEROUS_NAMES.includes(name) || DANGEROUS_FAMILIES.some((family) => name.startsWith(family)))
    .sort();

/** To be called once, at the start. */
export function nodeProcess(title: string): Self {
  const dangerous = dangerousAmong(environmentNames());
  // Node would write what has run into that folder at the end, also of a refused start.
  if (dangerous.includes("NODE_V8_COVERAGE")) stopCoverage();
  // Threads are named, so that ps and pgrep find the agent by its name.
  process.title = title;
  return {
    words: process.argv.slice(2),
    dangerous,
    arch: process.arch,
    versions: { node: process.versions.node, openssl: process.versions.openssl ?? "" },
    terminal: process.stdout.isTTY === true,
    out: writer(process.stdout),
    err: writer(process.stderr),
    exitWith: (code) => {
      process.exitCode = code;
    },
    exit: (code) => process.exit(code),
    stopSignal,
  };
}

/** As the kernel handed them over: some (NODE_CHANNEL_FD) Node obeys and takes away before our first line. */
function environmentNames(): readonly string[] {
  const own = Object.keys(process.env);
  try {
    return [
      ...own,
      ...readFileSync("/proc/self/environ", "latin1")
        .split("\0")
        .map((one) => one.slice(0, Math.max(0, one.indexOf("=")))),
    ];
  } catch (cause) {
    // Where /proc is not mounted, or the file has capabilities, what Node took away is not seen.
    if (["ENOENT", "EACCES", "EPERM"].includes((cause as NodeJS.ErrnoException).code ?? "")) return own;
    throw cause;
  }
}

/** Without somebody who hears of it, a reader that went away (EPIPE) ends the process. */
function writer(stream: NodeJS.WriteStream): (text: string) => boolean {
  let gone = false;
  stream.on("error", () => {
    gone = true;
  });
  return (text) => {
    if (gone || stream.destroyed) return false;
    stream.write(text);
    return !gone;
  };
}

function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const names = ["SIGTERM", "SIGINT"] as const;
  const heard = (name: NodeJS.Signals): void => {
    // Without a listener the next one does what it always does.
    for (const each of names) process.off(each, heard);
    stop.abort(name);
  };
  for (const name of names) process.on(name, heard);
  return stop.signal;
}
