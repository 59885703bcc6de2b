import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
  X509Certificate,
} from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { dirname } from "node:path";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import type { SecureContextOptions } from "node:tls";
import type { IClientOptions, MqttClient } from "mqtt";
import {
  closeTrouble,
  connectionTrouble,
  disconnectTrouble,
  isClientIdRefused,
  type Refusal,
  type Seen,
  takenOver,
} from "./broker-trouble.ts";
import { type End, endOf } from "./session-end.ts";
import { plain, Trouble, type TroubleKey, troubleText } from "./trouble.ts";

/** The world outside of bedside-fleet; this is the only file of the program that reaches it. */
export type Effects = {
  readonly words: readonly string[];
  /** Standard output: results. */
  out(text: string): void;
  /** Standard error: what a person reads beside them. */
  note(text: string): void;
  /** A line on the terminal that the next one replaces; nothing where there is no terminal. */
  progress(text: string): void;
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some moment; never goes back. */
  mono(): number;
  sleep(ms: number): Promise<void>;
  /** Ctrl-C, or the service manager. */
  readonly interrupted: AbortSignal;
  /** Throws Trouble with the key given. */
  read(path: string, trouble?: TroubleKey): Uint8Array;
  /** Permission bits; undefined where there is no such file. */
  modeOf(path: string): number | undefined;
  /** Names in a folder; none where there is no such folder. */
  list(folder: string): readonly string[];
  /** Makes the folder where it is missing. Whole by rename and fsync; `fresh`: only where nothing of this name is there. */
  write(path: string, bytes: Uint8Array, how: { readonly mode: number; readonly fresh: boolean }): void;
  /** Asks on the terminal without showing what is typed; undefined where there is none. */
  ask(question: string): Promise<string | undefined>;
  newKey(passphrase: string | undefined): { readonly pem: string; readonly publicKey: Uint8Array };
  /** Throws Trouble `key.unreadable` or `key.passphrase`. */
  openKey(pem: Uint8Array, name: string, passphrase: string | undefined): SigningKey;
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** Hex. */
  sha256(bytes: Uint8Array): string;
  /** Hex; not to be guessed. */
  nonce(): string;
  /** Throws Trouble `broker.…`. */
  connect(broker: Credentials, within: number, heard: Heard): Promise<Session>;
};
export type SigningKey = { readonly publicKey: Uint8Array; sign(bytes: Uint8Array): Uint8Array };
export type Credentials = { readonly host: string; readonly port: number } & Readonly<Record<"ca" | "cert" | "key", Uint8Array>>;
export type Session = {
  /** The operator, as the broker knows it: CN of the certificate. */
  readonly operator: string;
  /** Messages that may be unanswered at a time. */
  readonly window: number;
  /** Set once the connection has ended, for whatever reason. */
  ended(): Trouble | undefined;
  /** QoS 1; the reason code of its PUBACK. Throws Trouble `broker.lost`. */
  publish(topic: string, payload: Uint8Array, retain: boolean): Promise<number>;
  /** Reason codes, one for each filter. */
  subscribe(filters: readonly string[]): Promise<readonly number[]>;
  end(): void;
};
export type Heard = (topic: string, payload: Uint8Array, retain: boolean) => void;

/** More than brokers with modest limits take; our own limit beside the broker's Receive Maximum. */
const WINDOW_MAX = 20;
const ED25519_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** What this process was told, and its end. Once in a program. */
export function ownProcess(): Pick<Effects, "words" | "interrupted"> & { exitWith(code: number): void } {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  // A reader that has seen enough (head) is no trouble.
  process.stdout.on("error", () => process.exit(0));
  // The client library throws from within its socket on some malformed packets.
  process.on("uncaughtException", (error) => {
    const trouble = new Trouble("broker.protocol", `What answers is no MQTT 5 broker: ${plain(String(error.message))}`);
    process.stderr.write(`${troubleText(trouble)}\n`);
    process.exit(trouble.exit);
  });
  return {
    words: process.argv.slice(2),
    interrupted: stop.signal,
    // The process ends by itself when nothing is open any more, so that all that was written is read.
    exitWith: (code) => {
      process.exitCode = code;
    },
  };
}

export function nodeEffects({ words, interrupted }: Pick<Effects, "words" | "interrupted">): Effects {
  let shown = false;
  const clear = (): void => {
    if (shown) process.stderr.write("\r\u001b[K");
    shown = false;
  };
  return {
    words,
    out: (text) => {
      clear();
      process.stdout.write(text);
    },
    note: (text) => {
      clear();
      process.stderr.write(text);
    },
    progress: (text) => {
      if (process.stderr.isTTY !== true) return;
      process.stderr.write(`\r\u001b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
      shown = true;
    },
    now: () => Date.now(),
    mono: () => performance.now(),
    sleep: (ms) => wait(ms, undefined, { signal: interrupted }).catch(() => undefined),
    interrupted,
    ...files,
    ask,
    ...keys,
    sha256: (bytes) => createHash("sha256").update(bytes).digest("hex"),
    nonce: () => randomBytes(16).toString("hex"),
    connect,
  };
}

// ── Files ──

const codeOf = (caught: unknown): string => (caught instanceof Error && "code" in caught ? String(caught.code) : String(caught));
const FILE_WORDS: Readonly<Record<string, string>> = {
  ENOENT: "it is not there",
  EACCES: "this user may not",
  EISDIR: "it is a folder",
  ENOSPC: "the disk is full",
  EROFS: "the disk is read-only",
  ENOTDIR: "what should be a folder is a file",
};
const why = (caught: unknown): string => FILE_WORDS[codeOf(caught)] ?? codeOf(caught);

const files: Pick<Effects, "read" | "modeOf" | "list" | "write"> = {
  read: (path, trouble = "file.unreadable") => {
    try {
      return new Uint8Array(readFileSync(path));
    } catch (cause) {
      throw new Trouble(trouble, `${path} cannot be read: ${why(cause)}`, { cause });
    }
  },
  modeOf: (path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? undefined : found.mode & 0o777;
  },
  list: (folder) => {
    try {
      return readdirSync(folder).sort();
    } catch (cause) {
      if (codeOf(cause) === "ENOENT") return [];
      throw new Trouble("file.unreadable", `The folder ${folder} cannot be read: ${why(cause)}`, { cause });
    }
  },
  write: (path, bytes, { mode, fresh }) => {
    const written = fresh ? path : `${path}.${process.pid}.new`;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      writeOne(written, bytes, mode);
      if (!fresh) renameSync(written, path);
    } catch (cause) {
      if (fresh && codeOf(cause) === "EEXIST") throw new Trouble("file.exists", `${path} is there already`, { cause });
      rmSync(written, { force: true });
      throw new Trouble("file.unwritable", `${path} cannot be written: ${why(cause)}`, { cause });
    }
  },
};

function writeOne(path: string, bytes: Uint8Array, mode: number): void {
  const file = openSync(path, "wx", mode);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

// ── The terminal ──

async function ask(question: string): Promise<string | undefined> {
  const { stdin } = process;
  if (stdin.isTTY !== true) return undefined;
  // First, so that nothing of an answer is shown that comes at once.
  stdin.setRawMode(true);
  process.stderr.write(question);
  let typed = "";
  try {
    for await (const chunk of stdin.setEncoding("utf8")) {
      for (const char of chunk as string) {
        if (char === "\r" || char === "\n") return typed;
        if (char === "\u0003" || char === "\u0004") throw new Trouble("interrupted", "No passphrase was given");
        typed = char === "\u007f" ? typed.slice(0, -1) : typed + char;
      }
    }
    return typed;
  } finally {
    stdin.setRawMode(false);
    process.stderr.write("\n");
  }
}

// ── Keys ──

const rawKey = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ type: "spki", format: "der" }).subarray(ED25519_PREFIX.length));

const keys: Pick<Effects, "newKey" | "openKey" | "verify"> = {
  newKey: (passphrase) => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const locked = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
    return { pem: String(privateKey.export({ type: "pkcs8", format: "pem", ...locked })), publicKey: rawKey(publicKey) };
  },
  openKey: (pem, name, passphrase) => {
    let key: KeyObject;
    try {
      key = createPrivateKey({ key: Buffer.from(pem), ...(passphrase === undefined ? {} : { passphrase }) });
    } catch (cause) {
      const locked = Buffer.from(pem).includes("BEGIN ENCRYPTED PRIVATE KEY");
      if (!locked) throw new Trouble("key.unreadable", `${name} holds no private key that can be used`, { cause });
      throw new Trouble("key.passphrase", `The passphrase does not open ${name}`, { cause });
    }
    if (key.asymmetricKeyType !== "ed25519")
      throw new Trouble("key.unreadable", `${name} holds a key of the kind ${key.asymmetricKeyType}; documents are signed with Ed25519`);
    return { publicKey: rawKey(createPublicKey(key)), sign: (bytes) => new Uint8Array(sign(null, bytes, key)) };
  },
  verify: (publicKey, message, signature) => {
    const key = createPublicKey({ key: Buffer.concat([ED25519_PREFIX, publicKey]), format: "der", type: "spki" });
    return verify(null, message, key, signature);
  },
};

// ── The broker ──

/** Without a word from the broker; it is asked so long whether it is still there. */
const PROBE_WITHIN = 500;

/**
 * The broker gives the client id, so that several programs with one certificate live side by side, unless its rules pin it to the
 * certificate: mosquitto then gives the CN whatever is offered (use_username_as_clientid), HiveMQ takes nothing else.
 */
async function connect(broker: Credentials, within: number, heard: Heard): Promise<Session> {
  const operator = operatorOf(broker);
  try {
    return await connectAs("", { broker, operator, within, heard });
  } catch (caught) {
    if (!isClientIdRefused(caught)) throw caught;
    return await connectAs(operator, { broker, operator, within, heard });
  }
}

type Wish = Refusal & { readonly broker: Credentials; readonly within: number; readonly heard: Heard };

async function connectAs(clientId: string, wish: Wish): Promise<Session> {
  const { broker, operator, within } = wish;
  const { host, port } = broker;
  const { connect: open, UniqueMessageIdProvider } = await import("mqtt");
  const options: IClientOptions & Pick<SecureContextOptions, "minVersion"> = {
    protocol: "mqtts",
    host,
    port,
    ca: Buffer.from(broker.ca),
    cert: Buffer.from(broker.cert),
    key: Buffer.from(broker.key),
    minVersion: "TLSv1.3",
    // Said aloud, so that no environment variable changes it.
    rejectUnauthorized: true,
    protocolVersion: 5,
    clientId,
    clean: true,
    properties: { sessionExpiryInterval: 0 },
    keepalive: 30,
    connectTimeout: within,
    // A new connection is our own decision: the client would send its store before anybody asked for it.
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    messageIdProvider: new UniqueMessageIdProvider(),
    log: () => undefined,
  };
  const client = open(options);
  client.on("message", (topic, payload, { retain }) => wish.heard(topic, payload, retain));
  const end = endOf(() => client.end(true));
  const lost = (): Trouble => new Trouble("broker.lost", `The connection to ${host}:${port} ended`);
  // The end has its own reason, which may take a moment to find.
  const failed = (): void => void wait(2 * PROBE_WITHIN, undefined, { ref: false }).then(() => end.now(lost()));
  const window = await opened(client, { wish, end, clientId });
  return {
    operator,
    window,
    ended: () => end.why,
    publish: (topic, payload, retain) =>
      end.before((resolve) => {
        client.publish(topic, Buffer.from(payload), { qos: 1, retain }, (error) => {
          if (error === null || error === undefined) resolve(0);
          else if ("code" in error && typeof error.code === "number") resolve(error.code);
          else failed();
        });
      }),
    subscribe: (filters) =>
      end.before((resolve) => {
        client.subscribe([...filters], { qos: 1, nl: false, rap: false, rh: 0 }, (_error, _granted, suback) => {
          if (suback === undefined) failed();
          else resolve(suback.granted as readonly number[]);
        });
      }),
    end: () => end.now(lost()),
  };
}

/** Resolves with the send window on CONNACK 0x00. What ends the connection later stands in `end`. */
function opened(client: MqttClient, { wish, end, clientId }: { wish: Wish; end: End; clientId: string }): Promise<number> {
  const { broker, operator, within } = wish;
  const { host, port } = broker;
  const seen: Seen = { secured: false, open: false, pinned: clientId !== "" };
  client.stream.once("secureConnect", () => {
    seen.secured = true;
  });
  client.on("error", (error) => end.now(connectionTrouble(error, wish, seen)));
  client.on("disconnect", ({ reasonCode = 0 }) => end.now(disconnectTrouble(reasonCode, wish)));
  client.on("close", () => {
    if (end.why !== undefined) return;
    const lost = closeTrouble(wish, seen);
    if (!seen.open || !seen.pinned) return end.now(lost);
    // A take-over is often a bare close (mosquitto), as the end of a broker is; but after that one nobody is there.
    const still = "it lets in one for each certificate, closed this one without a word, and is still there";
    void isThere(broker).then((there) => end.now(there ? takenOver(wish, still) : lost));
  });
  return end.before((resolve) => {
    client.on("connect", ({ properties }) => {
      seen.open = true;
      seen.pinned ||= properties?.assignedClientIdentifier === operator;
      resolve(Math.min(WINDOW_MAX, properties?.receiveMaximum ?? WINDOW_MAX));
    });
    void wait(within, undefined, { ref: false }).then(() => {
      if (!seen.open) end.now(new Trouble("broker.unreachable", `The broker at ${host}:${port} did not answer within ${within / 1000} s`));
    });
  });
}

function isThere({ host, port }: Credentials): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port, timeout: PROBE_WITHIN });
    const tell = (there: boolean): void => {
      socket.destroy();
      resolve(there);
    };
    socket.once("connect", () => tell(true));
    socket.once("error", () => tell(false));
    socket.once("timeout", () => tell(false));
  });
}

function operatorOf({ cert, key }: Credentials): string {
  try {
    const certificate = new X509Certificate(Buffer.from(cert));
    if (!certificate.checkPrivateKey(createPrivateKey(Buffer.from(key))))
      throw new Trouble("broker.credentials", "broker.key in the site file does not belong to broker.cert");
    return /^CN=(.+)$/m.exec(certificate.subject)?.[1] ?? "";
  } catch (cause) {
    if (cause instanceof Trouble) throw cause;
    throw new Trouble("broker.credentials", "broker.cert or broker.key in the site file holds no certificate or key that can be used", {
      cause,
    });
  }
}
