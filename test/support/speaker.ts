import { connect as connectMqtt, type IClientOptions, type Packet } from "mqtt";
import type { Room } from "./agent.ts";

type Answered = "connack" | "puback" | "suback" | "disconnect";
/** A client of a broker that tells every packet it gets, and does what a gateway never would. */
export type Speaker = {
  /** The reason codes of all packets of that kind so far. */
  readonly answers: (kind: Answered) => readonly number[];
  /** The code of CONNACK, or "closed" where the connection ended before. */
  readonly greeted: Promise<number | "closed">;
  /** The first of that kind, when it comes. */
  readonly answer: (kind: Answered) => Promise<number>;
  readonly receiveMaximum: () => number | undefined;
  readonly heard: () => readonly string[];
  readonly publish: (topic: string, text: string) => Promise<number>;
  readonly subscribe: (topic: string) => Promise<number>;
  readonly closed: Promise<void>;
  /** Without DISCONNECT. */
  readonly cut: () => void;
  readonly stop: () => Promise<void>;
};

export function speaker(wanted: {
  readonly port: number;
  readonly room: Room;
  readonly cn: string;
  readonly how: IClientOptions;
}): Speaker {
  const { port, room, cn, how } = wanted;
  const client = connectMqtt({
    ...{ protocol: "mqtts", host: "localhost", port, protocolVersion: 5, clientId: cn, clean: true, reconnectPeriod: 0 },
    ...{ ca: room.pki.cert, rejectUnauthorized: true, ...room.pki.issue({ cn, kind: "client" }) },
    ...how,
  });
  const packets: { readonly kind: string; readonly code: number }[] = [];
  const heard: string[] = [];
  let receiveMaximum: number | undefined;
  client.on("packetreceive", (packet: Packet) => {
    if (packet.cmd === "connack") receiveMaximum = packet.properties?.receiveMaximum;
    packets.push({ kind: packet.cmd, code: codeOf(packet) });
  });
  client.on("message", (_topic, payload) => heard.push(payload.toString()));
  client.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => client.once("close", resolve));
  const greeted = new Promise<number | "closed">((resolve) => {
    client.on("packetreceive", (packet) => packet.cmd === "connack" && resolve(codeOf(packet)));
    void closed.then(() => resolve("closed"));
  });
  const answers = (kind: Answered): readonly number[] => packets.filter((one) => one.kind === kind).map(({ code }) => code);
  return {
    answers,
    greeted,
    answer: async (kind) => {
      await room.until(`${cn} gets a ${kind}; got ${JSON.stringify(packets)}`, () => answers(kind).length > 0);
      return answers(kind)[0]!;
    },
    receiveMaximum: () => receiveMaximum,
    heard: () => heard,
    publish: (topic, text) =>
      new Promise((resolve) => {
        // Called right behind the PUBACK, of whose codes below 0x80 it is told nothing.
        client.publish(topic, text, { qos: 1 }, () => resolve(answers("puback").at(-1) ?? -1));
      }),
    subscribe: (topic) =>
      new Promise((resolve) => {
        client.subscribe(topic, { qos: 1 }, (_error, _granted, suback) => resolve(Number(suback?.granted[0])));
      }),
    closed,
    cut: () => client.stream.destroy(),
    stop: () => client.endAsync(true),
  };
}

function codeOf(packet: Packet): number {
  if (packet.cmd === "suback") return Number(packet.granted[0]);
  return "reasonCode" in packet ? (packet.reasonCode ?? 0) : 0;
}
