import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { connect as connectMqtt, type MqttClient } from "mqtt";
import type { Authority, Identity } from "./pki.ts";

/** A real mosquitto on a free loopback port: TLS 1.3 only, client certificates required, identity and client id from the CN. */
export type Mosquitto = {
  readonly port: number;
  readonly pid: number;
  /** Everything it has logged since the first start. */
  readonly log: readonly string[];
  /** Ends it (SIGTERM, so that retained messages are kept) and starts it again on the same port. */
  restart(): Promise<void>;
  /** SIGKILL, without starting it again; `restart` does. */
  kill(): Promise<void>;
  /** SIGSTOP: the sockets stay open and nothing answers. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
};
export type MosquittoOptions = {
  /** An existing folder of its own; everything it writes lies there. */
  readonly folder: string;
  readonly pki: Authority;
  /** Lines put behind the access rules. */
  readonly aclExtra?: string;
  /** In place of the ordinary access rules of a gateway. */
  readonly gatewayAcl?: string;
  /** Lines of the configuration that are left out, and such as are put behind. */
  readonly without?: readonly string[];
  readonly more?: readonly string[];
  readonly port?: number;
  /** The broker's own certificate, where it is not to be a good one. */
  readonly server?: Identity;
};

const START_MAX = 10_000;
const STOP_MAX = 5_000;
const PORT_ATTEMPTS = 5;

export async function startMosquitto(options: MosquittoOptions): Promise<Mosquitto> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const log: string[] = [];
    try {
      return running(await start(writeConfiguration(options, port), log), {
        configuration: join(options.folder, "mosquitto.conf"),
        port,
        log,
      });
    } catch (caught) {
      // Between finding a free port and using it, another may have taken it.
      const taken = log.some((line) => line.includes("Address already in use"));
      if (!taken || options.port !== undefined || attempt === PORT_ATTEMPTS) throw caught;
    }
  }
}

function running(first: ChildProcess, place: { configuration: string; port: number; log: string[] }): Mosquitto {
  let child = first;
  return {
    port: place.port,
    get pid() {
      return child.pid!;
    },
    log: place.log,
    restart: async () => {
      await end(child, "SIGTERM");
      child = await start(place.configuration, place.log);
    },
    kill: () => end(child, "SIGKILL"),
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    stop: () => end(child, "SIGTERM"),
  };
}

function writeConfiguration(options: MosquittoOptions, port: number): string {
  const at = (name: string): string => join(options.folder, name);
  const server = options.server ?? options.pki.issue({ cn: "localhost", kind: "server" });
  mkdirSync(at("db"), { recursive: true });
  writeFileSync(at("ca.crt"), options.pki.cert);
  writeFileSync(at("server.crt"), server.cert);
  writeFileSync(at("server.key"), server.key, { mode: 0o600 });
  writeFileSync(at("acl"), `${options.gatewayAcl ?? GATEWAY_ACL}${PEOPLE_ACL}${options.aclExtra ?? ""}\n`, { mode: 0o600 });
  const lines = [
    "per_listener_settings false",
    `listener ${port} 127.0.0.1`,
    `cafile ${at("ca.crt")}`,
    `certfile ${at("server.crt")}`,
    `keyfile ${at("server.key")}`,
    "tls_version tlsv1.3",
    "require_certificate true",
    "use_identity_as_username true",
    "use_username_as_clientid true",
    "allow_anonymous false",
    `acl_file ${at("acl")}`,
    "set_tcp_nodelay true",
    "max_packet_size 1048576",
    "max_inflight_messages 100",
    "max_queued_messages 1000000",
    "max_keepalive 120",
    "max_topic_alias 10",
    "persistence true",
    `persistence_location ${at("db")}/`,
    "autosave_interval 30",
    "log_dest stderr",
    // Without "debug", which is a line for each packet.
    ...["error", "warning", "notice", "information"].map((kind) => `log_type ${kind}`),
    // Started as root it would change to the user mosquitto, who cannot read this folder.
    ...(process.getuid?.() === 0 ? ["user root"] : []),
  ].filter((line) => options.without?.includes(line) !== true);
  writeFileSync(at("mosquitto.conf"), `${[...lines, ...(options.more ?? [])].join("\n")}\n`);
  return at("mosquitto.conf");
}

const GATEWAY_ACL = `pattern write bedside/v1/%u/up/#
pattern read bedside/v1/%u/up/birth
pattern read bedside/v1/%u/down/#
`;
const PEOPLE_ACL = `user ops
topic readwrite bedside/v1/#
topic read $SYS/#
user consumer
topic read bedside/v1/#
`;

async function start(configuration: string, log: string[]): Promise<ChildProcess> {
  const from = log.length;
  // In a group of its own: Ctrl-C in the terminal of a runner reaches it through the runner, when all is delivered.
  const child = spawn(mosquittoPath(), ["-c", configuration], { stdio: ["ignore", "ignore", "pipe"], detached: true });
  const ready = Promise.withResolvers<void>();
  // A runner that ends without cleaning up takes it along.
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed);
  child.once("exit", () => process.removeListener("exit", killed));
  let rest = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    log.push(...lines);
    if (lines.some((line) => / running$/.test(line))) ready.resolve();
  });
  child.once("error", ready.reject);
  // "close" comes after the last line of the log.
  child.once("close", (code) => ready.reject(new Error(`mosquitto ended with ${code}:\n${log.slice(from).join("\n")}`)));
  const timer = setTimeout(() => ready.reject(new Error(`mosquitto did not start in ${START_MAX} ms`)), START_MAX);
  try {
    await ready.promise;
    return child;
  } catch (caught) {
    child.kill("SIGKILL");
    throw caught;
  } finally {
    clearTimeout(timer);
  }
}

async function end(child: ChildProcess, how: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(how);
  // A paused process takes no SIGTERM.
  child.kill("SIGCONT");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MAX);
  await gone;
  clearTimeout(timer);
}

function mosquittoPath(): string {
  // Debian puts it into sbin, which is not on everyone's path.
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const found = folders.map((folder) => join(folder, "mosquitto")).find((path) => existsSync(path));
  if (found === undefined) throw new Error("mosquitto is not installed: apt-get install mosquitto");
  return found;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export type RawMessage = {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retain: boolean;
  readonly qos: number;
  /** MQTT user properties. */
  readonly properties: Readonly<Record<string, string>>;
};
export type RawSubscriber = {
  /** In order of arrival; grows. */
  readonly messages: readonly RawMessage[];
  /** Resolves as soon as a message has come for which it holds. */
  heard(what: (message: RawMessage) => boolean, within?: number): Promise<RawMessage>;
  /** QoS 1; resolves with the PUBACK. */
  publish(topic: string, payload: Uint8Array | string, options?: { retain?: boolean }): Promise<void>;
  stop(): Promise<void>;
};
export type RawOptions = {
  readonly port: number;
  readonly pki: Authority;
  /** Of its own: two clients with one CN throw each other out. */
  readonly identity: Identity;
  readonly topic: string | readonly string[];
  /** Called for each message beside collecting it. */
  readonly heard?: (message: RawMessage) => void;
  /** The broker keeps its session: what is published while it is away (the broker restarts) comes afterwards. */
  readonly durable?: true;
};

/** A subscriber as central operations would have one; resolves when its subscription stands. */
export async function subscribeRaw(options: RawOptions): Promise<RawSubscriber> {
  const messages: RawMessage[] = [];
  const waiting = new Set<(message: RawMessage) => void>();
  const client = connectMqtt({
    protocol: "mqtts",
    host: "localhost",
    port: options.port,
    protocolVersion: 5,
    ...(options.durable ? { clientId: "durable", clean: false, properties: { sessionExpiryInterval: 600 } } : { clean: true }),
    // Reconnects by itself, so that a restarted broker costs a subscriber nothing but the pause.
    reconnectPeriod: 200,
    resubscribe: true,
    rejectUnauthorized: true,
    ca: options.pki.cert,
    cert: options.identity.cert,
    key: options.identity.key,
  });
  client.on("message", (topic, payload, packet) => {
    const properties = { ...packet.properties?.userProperties } as Record<string, string>;
    const message = { topic, payload: Buffer.from(payload), retain: packet.retain, qos: packet.qos, properties };
    messages.push(message);
    options.heard?.(message);
    for (const one of waiting) one(message);
  });
  try {
    await firstConnect(client);
    await client.subscribeAsync([...[options.topic].flat()], { qos: 1 });
  } catch (caught) {
    await client.endAsync(true);
    throw caught;
  }
  client.on("error", () => undefined);
  return {
    messages,
    heard: (what, within = START_MAX) => waitFor({ messages, waiting, what, within }),
    publish: async (topic, payload, { retain = false } = {}) => {
      await client.publishAsync(topic, Buffer.from(payload as Uint8Array), { qos: 1, retain });
    },
    stop: () => client.endAsync(true),
  };
}

function firstConnect(client: MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
  });
}

function waitFor(options: {
  messages: readonly RawMessage[];
  waiting: Set<(message: RawMessage) => void>;
  what: (message: RawMessage) => boolean;
  within: number;
}): Promise<RawMessage> {
  const already = options.messages.find(options.what);
  if (already !== undefined) return Promise.resolve(already);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      options.waiting.delete(look);
      reject(new Error(`the message did not come within ${options.within} ms; ${options.messages.length} others did`));
    }, options.within);
    const look = (message: RawMessage): void => {
      if (!options.what(message)) return;
      clearTimeout(timer);
      options.waiting.delete(look);
      resolve(message);
    };
    options.waiting.add(look);
  });
}
