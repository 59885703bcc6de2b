import process from "node:process";

/** What the command line needs of its process. */
export type Self = {
  /** The words after the program's name. */
  readonly words: readonly string[];
  /** Of the variables named in DANGEROUS, those that are set. */
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

/**
 * Variables that the loader, Node or a library obeys before or behind our own code. Some of them do nothing in the packaged
 * file, whose flags are baked in; from the source tree all work.
 */
export const DANGEROUS: readonly string[] = [
  "DEBUG",
  "LD_AUDIT",
  "LD_LIBRARY_PATH",
  "LD_PRELOAD",
  "MQTTJS_SOCKS_PROXY",
  "NODE_CHANNEL_FD",
  "NODE_COMPILE_CACHE",
  "NODE_DEBUG",
  "NODE_EXTRA_CA_CERTS",
  "NODE_OPTIONS",
  "NODE_PATH",
  "NODE_REDIRECT_WARNINGS",
  "NODE_REPL_EXTERNAL_MODULE",
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "NODE_USE_SYSTEM_CA",
  "NODE_V8_COVERAGE",
  "OPENSSL_CONF",
  "SSLKEYLOGFILE",
  "SSL_CERT_FILE",
];

/** Names of those variables that are set; also to nothing, since Node looks at some only for being there. */
export const dangerousEnvironment = (env: Readonly<Record<string, string | undefined>>): readonly string[] =>
  DANGEROUS.filter((name) => env[name] !== undefined);

/** To be called once, at the start. */
export function nodeProcess(title: string): Self {
  // Threads are named, so that ps and pgrep find the agent by its name.
  process.title = title;
  return {
    words: process.argv.slice(2),
    dangerous: dangerousEnvironment(process.env),
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
