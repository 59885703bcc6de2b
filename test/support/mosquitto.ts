import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { connect as connectMqtt, type MqttClient } from "mqtt";
import { type RunningBroker, startBroker } from "./broker-process.ts";
import type { Authority, Identity } from "./pki.ts";

export { freePort } from "./broker-process.ts";

/** A real mosquitto on a free loopback port, as config/broker/mosquitto has it. */
export type Mosquitto = RunningBroker;
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
  /** Certificates that hold no more, as `Authority.revoke` has them. */
  readonly revoked?: string;
  /** The broker's own certificate, where it is not to be a good one. */
  readonly server?: Identity;
};

const HEARD_WITHIN = 10_000;
const CONFIGURATION = join(import.meta.dirname, "../../config/broker/mosquitto");

export function startMosquitto(options: MosquittoOptions): Promise<Mosquitto> {
  const program = mosquittoPath();
  return startBroker({
    port: options.port,
    start: (port) => ({ command: [program, "-c", writeConfiguration(options, port)], environment: {} }),
  });
}

function writeConfiguration(options: MosquittoOptions, port: number): string {
  const { folder } = options;
  const at = (name: string): string => join(folder, name);
  mkdirSync(at("db"), { recursive: true });
  writeBrokerFiles(options);
  const filled = readFileSync(join(CONFIGURATION, "mosquitto.conf"), "utf8")
    .replaceAll("@ADDRESS@", "127.0.0.1")
    .replaceAll("@PORT@", String(port))
    .replaceAll("@CONFIG@", folder)
    .replaceAll("@DATA@", at("db"))
    .replace(/^# (?=crlfile )/m, options.revoked === undefined ? "# " : "");
  const lines = [
    ...filled.trimEnd().split("\n"),
    // Started as root it would change to the user mosquitto, who cannot read this folder.
    ...(process.getuid?.() === 0 ? ["user root"] : []),
    ...(options.more ?? []),
  ].filter((line) => options.without?.includes(line) !== true);
  writeFileSync(at("mosquitto.conf"), `${lines.join("\n")}\n`);
  return at("mosquitto.conf");
}

/** What every broker is given: certificates, and the access rules, which both read in the same form. */
export function writeBrokerFiles(
  options: Pick<MosquittoOptions, "folder" | "pki" | "server" | "gatewayAcl" | "aclExtra" | "revoked">,
): void {
  const server = options.server ?? options.pki.issue({ cn: "localhost", kind: "server" });
  const at = (name: string): string => join(options.folder, name);
  writeFileSync(at("ca.crt"), options.pki.cert);
  if (options.revoked !== undefined) writeFileSync(at("ca.crl"), options.revoked);
  writeFileSync(at("server.crt"), server.cert);
  writeFileSync(at("server.key"), server.key, { mode: 0o600 });
  const rules = readFileSync(join(CONFIGURATION, "acl"), "utf8");
  const people = rules.replaceAll(/^pattern .*\n/gm, "");
  const acl = options.gatewayAcl === undefined ? rules : options.gatewayAcl + people;
  writeFileSync(at("acl"), `${acl}${options.aclExtra ?? ""}\n`, { mode: 0o600 });
}

function mosquittoPath(): string {
  // Debian puts it into sbin, which is not on everyone's path.
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const found = folders.map((folder) => join(folder, "mosquitto")).find((path) => existsSync(path));
  if (found === undefined) throw new Error("mosquitto is not installed: apt-get install mosquitto");
  return found;
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
    // As every client of these brokers: its CN.
    clientId: new X509Certificate(options.identity.cert).subject.replace(/^CN=/, ""),
    ...(options.durable ? { clean: false, properties: { sessionExpiryInterval: 600 } } : { clean: true }),
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
    heard: (what, within = HEARD_WITHIN) => waitFor({ messages, waiting, what, within }),
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
