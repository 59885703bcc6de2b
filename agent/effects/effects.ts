import type { Bytes, Duration, Mono, Wall } from "../../config/units.ts";
import type { LineSettings } from "../../drivers/kit/driver.ts";
import type { Fault } from "../fault/fault.ts";

/**
 * Everything outside the process. Handed in at the composition root: `effects/node` on a gateway, `test/sim` in a simulated
 * world. Nothing else in agent/ or drivers/ may reach the operating system.
 */
export type Effects = {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly serial: Serial;
  readonly ports: Ports;
  readonly broker: Broker;
  readonly entropy: Entropy;
  readonly signatures: Signatures;
  readonly seals: Seals;
  readonly vault: Vault;
  readonly host: Host;
  readonly watchdog: Watchdog;
  readonly control: Control;
  readonly log: (line: string) => void;
};

export type Clock = {
  now(): Mono;
  wall(): Wall;
  /** What this thread has worked since some moment: the time it waited for a processor does not count. */
  worked(): Duration;
  /** Resolves after `time`, or at once when the signal aborts; never rejects. */
  sleep(time: Duration, signal: AbortSignal): Promise<void>;
};

/** Public keys and hashes only: nothing here signs. */
export type Signatures = {
  /** Lower-case hex. */
  sha256(bytes: Uint8Array): string;
  /** Ed25519 (RFC 8032); `publicKey` is the raw key of 32 bytes. Never throws. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
};

export type Entropy = { bytes(count: number): Uint8Array };

/**
 * Files, with the calls whose order decides what survives. Paths are absolute; names of folders end without a slash.
 * Throws Fault `disk.full`, `disk.read_only`, `disk.denied`, `disk.too_many` or `disk.failed`. A failed `sync` is never repeated
 * on the same file. Nothing but a regular file is opened, and no link is followed at the end of a path.
 */
/** What keeps bytes from whoever has not the key, and from being altered. Synchronous. */
export type Seal = {
  /** Tells keys apart; says nothing of the key. */
  readonly id: number;
  /** `nonce`: 12 bytes, never twice under one key. `beside` is not hidden, but cannot be altered either. 16 bytes longer than `plain`. */
  seal(nonce: Uint8Array, beside: Uint8Array, plain: Uint8Array): Uint8Array;
  /** Undefined where it was altered, or sealed under another key. */
  open(nonce: Uint8Array, beside: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
};
/** `key`: 32 bytes. */
export type Seals = (key: Uint8Array) => Seal;

export type Disk = {
  /** Names in a folder, sorted; empty where it does not exist. */
  list(folder: string): Promise<readonly string[]>;
  makeFolder(folder: string): Promise<void>;
  /** The whole file; undefined where it does not exist. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Opens for reading and writing; "create" makes an empty file and truncates an old one. */
  open(path: string, how: "create" | "existing"): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  /** A file that does not exist is removed already. */
  remove(path: string): Promise<void>;
  /** Makes names in the folder durable. */
  syncFolder(folder: string): Promise<void>;
  free(folder: string): Promise<{ readonly bytes: Bytes; readonly inodes: number }>;
  /** Whether the folder lies on tmpfs. */
  isTmpfs(folder: string): Promise<boolean>;
  /** Names for the folder and each above it, equal however its path is written or linked. Never throws. */
  lineage(folder: string): Promise<readonly string[]>;
};
export type DiskFile = {
  read(at: number, length: number): Promise<Uint8Array>;
  write(at: number, bytes: Uint8Array): Promise<void>;
  /** Synchronous write, for files on tmpfs only: part of the turn that stamps a record. */
  writeNow(at: number, bytes: Uint8Array): void;
  /** fdatasync: what was written before it survives a power cut after it. */
  sync(): Promise<void>;
  close(): Promise<void>;
};

export type Serial = {
  /**
   * Opens, locks and sets the line, and discards what the kernel held from before. A path with an address ("udp:192.0.2.7:24105") is a
   * network port: datagrams to and from that one address, of which `line` says nothing.
   * Throws Fault `port.missing`, `port.denied`, `port.in_use`, `port.not_a_tty`, `port.no_route` or `port.open_failed`.
   */
  open(path: string, line: LineSettings): Promise<OpenPort>;
};
export type OpenPort = {
  /** Told by the line itself (hang-up); once true it stays true. */
  readonly gone: boolean;
  /**
   * What the kernel holds now, at most `limit` bytes; empty when nothing came. Never waits. The bytes are the caller's to keep. A network
   * port gives one datagram, whole.
   */
  read(limit: number): Uint8Array;
  /** Another datagram waits. */
  readonly more?: boolean;
  /** Of a network port: what came since the last call and is never read. */
  takeUnread?(): Unread | undefined;
  /** Hands all bytes to the kernel; false when it took fewer (what it took is on the line). Never waits. */
  write(bytes: Uint8Array): boolean;
  close(): Promise<void>;
};

/** `strangers`: from other addresses. `overrun`: too long, or more than wait between two reads. */
export type Unread = Readonly<Record<"strangers" | "overrun", { readonly packets: number; readonly bytes: number }>>;

/**
 * A place where a serial line ends, as the host shows it, or a device's address on a network, as declared. The path may change at any
 * boot; the location survives.
 */
export type PortFacts = {
  readonly path: string;
  /** USB controller, sockets and interface ("usb-0000:00:14.0-1.3:1.0"), UART ("uart-3f201000.serial"), or as declared. */
  readonly location: string;
  /** Whether sysfs shows hardware behind it, or the address is not one of this box itself. A pty or a declared path is not hardware. */
  readonly hardware: boolean;
  /** Adapter facts, each as the host says it ("vendor": "0403"). A claim, not evidence. */
  readonly facts: Readonly<Record<string, string>>;
  /** Names one enumeration by the host: another one is another attachment, whatever else is equal. Absent where the host tells none. */
  readonly attachment?: string;
};
export type Ports = {
  /** Every port seen now, in order of location. */
  list(): Promise<readonly PortFacts[]>;
  /** Whether a look is worth while: something may have changed since the last call. A hint; absent where nothing can tell. */
  stirred?(): boolean;
};

/** Read for every connect, so that rotation needs no restart. PEM. Throws Fault `credentials.unreadable`. */
export type Vault = { credentials(): Promise<Credentials> };
export type Credentials = { readonly ca: Uint8Array; readonly cert: Uint8Array; readonly key: Uint8Array };

export type Broker = {
  /**
   * One connection, with MQTT 5, mutual TLS 1.3, clean start, session expiry 0. Resolves on CONNACK 0x00.
   * Throws Fault `uplink.*` or `credentials.*` (see FAULTS) for everything else; never retries. Where the broker said with a
   * reason code what it wants, the fault's `context.react` says how to go on (REACTIONS).
   */
  connect(options: ConnectOptions, signal: AbortSignal): Promise<BrokerSession>;
};
export type ConnectOptions = {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly credentials: Credentials;
  readonly keepalive: Duration;
  /** Limit for the whole of TCP, TLS and CONNACK. */
  readonly within: Duration;
  readonly will?: Message;
  /** Told once for each attempt, before anything is sent: what is doubtful about the own certificate, but for the broker to decide. */
  readonly doubt: (fault: Fault | undefined) => void;
};
export type Message = {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  /** Travel as MQTT user properties, beside the bytes. */
  readonly properties: Readonly<Record<string, string>>;
};
export type BrokerSession = {
  /** The server's Receive Maximum; 65535 where it named none. The caller keeps its own count of what is unanswered. */
  readonly receiveMaximum: number;
  /** The server's Maximum Packet Size in bytes; Infinity where it named none. */
  readonly packetMax: number;
  /** QoS 1. Resolves with the PUBACK's reason code; never settles if the session ends first. */
  publish(message: Message): Promise<number>;
  /** Resolves with the SUBACK's reason code. */
  subscribe(topic: string, heard: (message: { topic: string; payload: Uint8Array; retain: boolean }) => void): Promise<number>;
  /** Resolves once, with why the session ended, whoever ended it. */
  readonly closed: Promise<Fault>;
  /** DISCONNECT 0x00 and close; resolves when the socket is closed, at the latest after two seconds. */
  end(): Promise<void>;
};

export type ClockQuality =
  | { readonly known: "unsynced"; readonly source: string }
  | {
      readonly known: "synced" | "holdover";
      readonly source: string;
      readonly uncertainty: Duration;
      /** When the source last set the clock right, by this very clock; absent where it was asked just now. */
      readonly answered?: Wall;
    };

export type Host = {
  readonly bootId: string;
  clockQuality(): Promise<ClockQuality>;
  /** Resident memory of this process and free memory of the host. */
  memory(): Promise<{ readonly resident: Bytes; readonly free: Bytes }>;
  /** Holds a name until this process dies; false when another process holds it. */
  claim(name: string): Promise<boolean>;
};

/** Who restarts this process when it hangs, where there is somebody (systemd). Nothing here waits or throws. */
export type Watchdog = {
  /** Silence that ends the process; undefined where nobody watches. */
  readonly limit: Duration | undefined;
  /** Why it cannot be told, while it cannot. */
  readonly fault: Fault | undefined;
  /** The start is done; from here on only `alive` keeps the process. */
  ready(): void;
  /** To be called in every turn; tells it now and then, with one line for people. */
  alive(status: () => string): void;
  stopping(): void;
};

export type Control = {
  /** Answers requests on a Unix socket, one JSON line each way, until the signal aborts. */
  serve(path: string, answer: (request: string) => unknown, signal: AbortSignal): Promise<void>;
};
