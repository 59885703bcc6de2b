import { Duplex } from "node:stream";
import type { IClientOptions, MqttClient } from "mqtt";
import { Fault } from "../../fault/fault.ts";
import { PACKET_LIMITS, type PacketCheck, type Violation } from "../../uplink/packet-check.ts";
import type { BrokerSession, ConnectOptions, Message } from "../effects.ts";
import { reasonFault } from "./broker-faults.ts";
import type { Line } from "./broker-line.ts";

const RECEIVE_MAXIMUM_DEFAULT = 65_535; // MQTT 5, 3.2.2.3.3
const END_MAX = 2_000;
const DISCONNECT_NORMAL = Buffer.of(0xe0, 0x00);

type Mqtt = typeof import("mqtt");
type Wanted = { readonly mqtt: Mqtt; readonly line: Line; readonly options: ConnectOptions; readonly check: PacketCheck };

/** The MQTT session on a secured line. Resolves on CONNACK 0x00; anything else ends the line with its fault, and this never settles. */
export function openSession(wanted: Wanted): Promise<BrokerSession> {
  const { line, options } = wanted;
  const opened = Promise.withResolvers<BrokerSession>();
  const stream = checkedStream(wanted);
  const client = new wanted.mqtt.MqttClient(() => stream, clientOptions(wanted));
  // Told before the client acts on the packet; PUBACK 0x10 is told nowhere else.
  const told = { puback: 0 };
  client.on("packetreceive", (packet) => {
    if (packet.cmd === "puback") told.puback = packet.reasonCode ?? 0;
    if (packet.cmd === "connack" && (packet.reasonCode ?? 0) < 0x80) line.opened();
    else if (packet.cmd === "connack") {
      line.drop(reasonFault("connack", { options, code: packet.reasonCode!, words: packet.properties?.reasonString }));
    }
    if (packet.cmd === "disconnect") {
      line.drop(reasonFault("disconnect", { options, code: packet.reasonCode ?? 0, words: packet.properties?.reasonString }));
    }
  });
  client.on("connect", ({ properties }) => {
    if (properties?.maximumQoS === 0 || properties?.retainAvailable === false) {
      line.drop(
        new Fault(
          "uplink.refused",
          `The broker at ${options.host}:${options.port} offers no QoS 1 or no retained messages; this box needs both`,
          {
            host: options.host,
            react: "person",
          },
        ),
      );
      return;
    }
    opened.resolve(
      session(
        { client, line, stream, told },
        {
          receiveMaximum: properties?.receiveMaximum ?? RECEIVE_MAXIMUM_DEFAULT,
          packetMax: properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY,
        },
      ),
    );
  });
  client.on("error", (error) => line.drop(clientFault(error, wanted, client.keepalive)));
  stream.on("error", (error) => line.drop(clientFault(error, wanted, client.keepalive)));
  return opened.promise;
}

type Parts = { readonly client: MqttClient; readonly line: Line; readonly stream: Duplex; readonly told: { readonly puback: number } };

function session(parts: Parts, limits: { receiveMaximum: number; packetMax: number }): BrokerSession {
  const { client, line, stream, told } = parts;
  const heardBy: { readonly filter: string; readonly heard: Parameters<BrokerSession["subscribe"]>[1] }[] = [];
  let over = false;
  void line.closed.then(() => {
    over = true;
  });
  client.on("message", (topic, payload, packet) => {
    if (over) return;
    for (const one of heardBy) if (filterMatches(one.filter, topic)) one.heard({ topic, payload, retain: packet.retain });
  });
  return {
    ...limits,
    closed: line.closed,
    publish: (message) =>
      new Promise((resolve) => {
        if (over) return;
        const how = { qos: 1, retain: message.retain, dup: false, properties: userProperties(message) } as const;
        client.publish(message.topic, bufferOf(message.payload), how, (error) => {
          // The client makes an error of every code from 0x80, and of a connection that ended; only the former has a number.
          if (error === null || error === undefined) resolve(told.puback);
          else if ("code" in error && typeof error.code === "number") resolve(error.code);
        });
      }),
    subscribe: (topic, heard) =>
      new Promise((resolve) => {
        if (over) return;
        // Before the SUBACK: a retained message may come right behind it.
        const one = { filter: topic, heard };
        heardBy.push(one);
        client.subscribe(topic, { qos: 1, nl: false, rap: false, rh: 0 }, (_error, _subscriptions, suback) => {
          const code = suback?.granted[0];
          if (typeof code !== "number") return;
          if (code >= 0x80) heardBy.splice(heardBy.indexOf(one), 1);
          resolve(code);
        });
      }),
    end: async () => {
      if (!over) {
        over = true;
        line.because(new Fault("uplink.closed", "This box ended the session"));
        // Written here, since the client would wait for every PUBACK that is missing.
        stream.end(DISCONNECT_NORMAL);
      }
      const timer = setTimeout(() => stream.destroy(), END_MAX);
      await line.closed;
      clearTimeout(timer);
    },
  };
}

function clientOptions({ mqtt, options }: Wanted): IClientOptions {
  return {
    protocolId: "MQTT",
    protocolVersion: 5,
    clientId: options.clientId,
    clean: true,
    // In whole seconds on the wire.
    keepalive: Math.max(1, Math.ceil(options.keepalive / 1000)),
    reschedulePings: true,
    timerVariant: "native",
    // The line's own limit ends an attempt; this one must only not come first.
    connectTimeout: options.within * 2,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    autoAssignTopicAlias: false,
    // The default one gives a number again that is still in use, once 65,535 others were given.
    messageIdProvider: new mqtt.UniqueMessageIdProvider(),
    log: () => undefined,
    properties: { sessionExpiryInterval: 0, maximumPacketSize: PACKET_LIMITS.packetMax },
    ...(options.will === undefined ? {} : { will: willOf(options.will) }),
  };
}

const willOf = (message: Message): NonNullable<IClientOptions["will"]> => ({
  topic: message.topic,
  payload: bufferOf(message.payload),
  qos: 1,
  retain: message.retain,
  properties: { willDelayInterval: 0, ...userProperties(message) },
});

/** Left out where there are none: the client then drops the whole packet without a word (mqtt-packet 9.0.2, getProperties). */
function userProperties({ properties }: Message): { userProperties?: Record<string, string> } {
  return Object.keys(properties).length === 0 ? {} : { userProperties: { ...properties } };
}

/** The same bytes, not a copy. */
const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function clientFault(error: Error, { options }: Wanted, keepalive: number): Fault {
  const { host, port } = options;
  if (error.message === "Keepalive timeout") {
    return new Fault(
      "uplink.timed_out",
      `The broker at ${host}:${port} did not answer for ${keepalive * 1.5} s`,
      { host, port },
      { cause: error },
    );
  }
  return new Fault(
    "uplink.protocol",
    `The session with the broker at ${host}:${port} broke: ${error.message}`,
    { host, port },
    { cause: error },
  );
}

/** Between TLS and the client: what comes in was checked, what goes out is one TLS record for what was written in one turn. */
function checkedStream({ line, check, options }: Wanted): Duplex {
  const { socket } = line;
  // A failed write is told by the socket itself, with its reason.
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, () => done()),
    writev: (chunks, done) => void socket.write(Buffer.concat(chunks.map((one) => one.chunk as Buffer)), () => done()),
    final: (done) => void socket.end(() => done()),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on("data", (bytes: Buffer) => {
    const verdict = check.push(bytes);
    if (verdict !== "ok") line.drop(violationFault(verdict, options));
    else if (!stream.push(bytes)) socket.pause();
  });
  socket.once("close", () => stream.destroy());
  return stream;
}

function violationFault(violation: Violation, { host, port }: ConnectOptions): Fault {
  return new Fault("uplink.protocol", `The broker at ${host}:${port} sent what MQTT 5 does not allow (${violation})`, {
    host,
    port,
    violation,
  });
}

/** MQTT 5, 4.7.1. Topics that begin with $ are never subscribed to here. */
function filterMatches(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [i, level] of wanted.entries()) {
    if (level === "#") return true;
    if (i >= levels.length || (level !== "+" && level !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}
