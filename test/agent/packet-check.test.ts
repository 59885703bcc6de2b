import { Duplex } from "node:stream";
import { MqttClient } from "mqtt";
import mqttPacket, { type Packet } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { PACKET_LIMITS, packetCheck, type Verdict, type Violation } from "../../agent/uplink/packet-check.ts";

const V5 = { protocolVersion: 5 } as const;
const encode = (packet: Packet): Buffer => mqttPacket.generate(packet, V5);
const CONNACK_OK = Buffer.from("2003000000", "hex");

/** The verdict on `packet` as what comes after a good CONNACK, or as the first of all where it is a CONNACK. */
function verdictOn(packet: Uint8Array, cut: (bytes: Uint8Array) => Uint8Array[] = (bytes) => [bytes]): Verdict {
  const check = packetCheck(PACKET_LIMITS);
  if (packet[0]! >> 4 !== 2) check.push(CONNACK_OK);
  let verdict: Verdict = "ok";
  for (const chunk of cut(packet)) verdict = check.push(chunk);
  return verdict;
}

const byteByByte = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte));

/** Made by another encoder than ours, which has none. */
const GOOD: Readonly<Record<string, Buffer>> = {
  "CONNACK without properties": encode({ cmd: "connack", sessionPresent: false, reasonCode: 0 } as Packet),
  "CONNACK with every property of a broker": encode({
    cmd: "connack",
    sessionPresent: false,
    reasonCode: 0,
    properties: {
      sessionExpiryInterval: 0,
      receiveMaximum: 20,
      maximumQoS: 1,
      retainAvailable: true,
      maximumPacketSize: 1_048_576,
      assignedClientIdentifier: "gw-1",
      topicAliasMaximum: 10,
      reasonString: "willkommen – bienvenue",
      userProperties: { node: ["a", "b"], zone: "7" },
      wildcardSubscriptionAvailable: true,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: true,
      serverKeepAlive: 60,
      serverReference: "other:8883",
    },
  } as Packet),
  "CONNACK that refuses": encode({ cmd: "connack", sessionPresent: false, reasonCode: 0x87, properties: { reasonString: "no" } } as Packet),
  "PUBLISH of QoS 0": encode({ cmd: "publish", topic: "a/b", payload: "x", qos: 0, dup: false, retain: false }),
  "PUBLISH of QoS 1, retained, with properties": encode({
    cmd: "publish",
    topic: "bedside/v1/gw-1/down/desired/settings",
    payload: Buffer.alloc(300, 0xff),
    qos: 1,
    messageId: 65_535,
    dup: true,
    retain: true,
    properties: {
      payloadFormatIndicator: false,
      messageExpiryInterval: 86_400,
      responseTopic: "a",
      correlationData: Buffer.of(0, 1, 2),
      userProperties: { range: "live" },
      subscriptionIdentifier: [1, 200_000],
      contentType: "application/protobuf",
    },
  } as Packet),
  "PUBLISH with an empty payload": encode({ cmd: "publish", topic: "a", payload: "", qos: 0, dup: false, retain: true }),
  "PUBACK of two bytes": encode({ cmd: "puback", messageId: 1, reasonCode: 0 } as Packet),
  "PUBACK with a code alone": Buffer.from("4003000110", "hex"),
  "PUBACK with code and properties": encode({
    cmd: "puback",
    messageId: 513,
    reasonCode: 0x87,
    properties: { reasonString: "acl" },
  } as Packet),
  "SUBACK that grants": encode({ cmd: "suback", messageId: 7, granted: [1], properties: {} } as unknown as Packet),
  "SUBACK that refuses": encode({ cmd: "suback", messageId: 7, granted: [0x87], properties: { reasonString: "acl" } } as unknown as Packet),
  PINGRESP: encode({ cmd: "pingresp" }),
  "DISCONNECT without anything": Buffer.from("e000", "hex"),
  "DISCONNECT with a code alone": Buffer.from("e0018e", "hex"),
  "DISCONNECT with code and properties": encode({
    cmd: "disconnect",
    reasonCode: 0x9d,
    properties: { reasonString: "moved", serverReference: "other:8883" },
  } as Packet),
};

describe("a well-formed packet", () => {
  test.each(Object.entries(GOOD))("%s passes, however it is cut", (_name, packet) => {
    expect(verdictOn(packet)).toBe("ok");
    expect(verdictOn(packet, byteByByte)).toBe("ok");
    for (let at = 1; at < packet.length; at++) {
      expect(verdictOn(packet, (bytes) => [bytes.subarray(0, at), bytes.subarray(at)])).toBe("ok");
      // What is incomplete is not yet wrong.
      expect(verdictOn(packet.subarray(0, at))).toBe("ok");
    }
  });

  test("passes in a row with others, in one chunk or in many", () => {
    const row = Buffer.concat(Object.values(GOOD).filter((packet) => ![2, 14].includes(packet[0]! >> 4)));
    for (const size of [1, 2, 3, 7, 64, 1024]) {
      expect(
        verdictOn(row, (bytes) =>
          Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size)),
        ),
      ).toBe("ok");
    }
  });

  test("may have exactly the largest size", () => {
    const publish = (size: number): Buffer => {
      const body = size - 4;
      const head = Buffer.of(0x30, (body & 0x7f) | 0x80, ((body >> 7) & 0x7f) | 0x80, body >> 14, 0, 1, 0x61, 0);
      return Buffer.concat([head, Buffer.alloc(size - head.length)]);
    };
    expect(verdictOn(publish(PACKET_LIMITS.packetMax))).toBe("ok");
    expect(verdictOn(publish(PACKET_LIMITS.packetMax), byteByByte)).toBe("ok");
    expect(verdictOn(publish(PACKET_LIMITS.packetMax + 1).subarray(0, 4))).toBe("too_large");
  });
});

describe("a packet cut short inside", () => {
  /** The lengths at which a shorter body is a whole packet of its own. */
  const whole = (packet: Buffer): ((length: number) => boolean) => {
    const kind = packet[0]! >> 4;
    if (kind === 4) return (length) => length === 2 || length === 3;
    if (kind === 14) return (length) => length <= 1;
    const parsed = kind === 3 ? parse(packet)[0] : undefined;
    if (parsed?.cmd !== "publish") return () => false;
    const head = packet.length - parsed.payload.length;
    return (length) => length >= head - (packet.length - bodyOf(packet).length);
  };

  test.each(Object.entries(GOOD))("%s is a violation at every length that is no packet", (_name, packet) => {
    const body = bodyOf(packet);
    for (let length = 0; length < body.length; length++) {
      const shorter = framed(packet[0]!, body.subarray(0, length));
      expect([length, verdictOn(shorter) === "ok"]).toEqual([length, whole(packet)(length)]);
      expect(verdictOn(shorter, byteByByte)).toBe(verdictOn(shorter));
    }
  });
});

const BAD: readonly (readonly [what: string, hex: string, violation: Violation])[] = [
  ["a CONNACK of six bytes whose Server Keep Alive has no value", "200400000113", "truncated"],
  ["a PUBLISH before CONNACK", "!3004 0001 61 00", "first_not_connack"],
  ["a DISCONNECT before CONNACK", "!e000", "first_not_connack"],
  ["an AUTH before CONNACK", "!f000", "first_not_connack"],
  ["another service's greeting", "!5353482d322e30", "first_not_connack"],
  ["a CONNACK with flags", "21 03 000000", "flags"],
  ["a CONNACK with reserved acknowledge flags", "2003 02 00 00", "flags"],
  ["a CONNACK that knows an old session", "2003 01 00 00", "session_present"],
  ["a CONNACK of MQTT 3.1.1", "2002 0000", "truncated"],
  ["a CONNACK with an unknown code", "2003 00 01 00", "reason_unknown"],
  ["a CONNACK with a code of DISCONNECT", "2003 00 8e 00", "reason_unknown"],
  ["a CONNACK with an unknown property", "2005 00 00 02 7e 00", "property_unknown"],
  ["a CONNACK with a property of PUBLISH", "2006 00 00 03 23 0001", "property_misplaced"],
  ["a CONNACK with an authentication nobody asked for", "2007 00 00 04 15 0001 61", "property_misplaced"],
  ["a CONNACK that says Receive Maximum twice", "2009 00 00 06 21 0001 21 0001", "property_twice"],
  ["a CONNACK with Receive Maximum 0", "2006 00 00 03 21 0000", "property_value"],
  ["a CONNACK with Maximum Packet Size 0", "2008 00 00 05 27 00000000", "property_value"],
  ["a CONNACK with Maximum QoS 2", "2005 00 00 02 24 02", "property_value"],
  ["a CONNACK whose properties end before its end", "2004 00 00 00 00", "trailing_bytes"],
  ["a CONNACK whose properties go beyond its end", "2003 00 00 01", "truncated"],
  ["a CONNACK with text that is no UTF-8", "2007 00 00 04 1f 0001 ff", "string_malformed"],
  ["a CONNACK with a surrogate in its text", "2009 00 00 06 1f 0003 eda080", "string_malformed"],
  ["a CONNACK with a zero in its text", "2007 00 00 04 1f 0001 00", "string_malformed"],
  ["a CONNACK with a text longer than the packet", "2007 00 00 04 1f 0002 61", "truncated"],
  ["a CONNACK with a property length longer than its shortest form", "2004 00 00 80 00", "length_malformed"],
  ["a CONNACK larger than any should be", "20 8180 01", "too_large"],
  ["a length of five bytes", "20 8080808001", "length_malformed"],
  ["a length that is not in its shortest form", "20 8300", "length_malformed"],
  ["a second CONNACK", "2003000000 2003000000", "second_connack"],
  ["anything after a CONNACK that refuses", "2003008700 d000", "after_end"],
  ["a packet of the reserved type", "0000", "reserved_type"],
  ["a CONNECT from the broker", "1000", "client_packet"],
  ["a SUBSCRIBE from the broker", "8200", "client_packet"],
  ["an UNSUBSCRIBE from the broker", "a200", "client_packet"],
  ["a PINGREQ from the broker", "c000", "client_packet"],
  ["an UNSUBACK nobody asked for", "b004 0001 00 00", "unasked_packet"],
  ["an AUTH nobody asked for", "f000", "unasked_packet"],
  ["a PUBREC", "5002 0001", "qos_forbidden"],
  ["a PUBREL", "6202 0001", "qos_forbidden"],
  ["a PUBCOMP", "7002 0001", "qos_forbidden"],
  ["a PUBLISH of QoS 2", "34 06 0001 61 0001 00", "qos_forbidden"],
  ["a PUBLISH of QoS 3", "36 06 0001 61 0001 00", "qos_forbidden"],
  ["a PUBLISH of QoS 0 that says it is a duplicate", "38 04 0001 61 00", "flags"],
  ["a PUBLISH with an empty topic", "3003 0000 00", "topic_malformed"],
  ["a PUBLISH with a wildcard # as topic", "3004 0001 23 00", "topic_malformed"],
  ["a PUBLISH with a wildcard + in its topic", "3006 0003 612f2b 00", "topic_malformed"],
  ["a PUBLISH with a topic of 1,025 bytes", `30 8408 0401 ${"61".repeat(1025)} 00`, "topic_malformed"],
  ["a PUBLISH with a topic that is no UTF-8", "3005 0002 c328 00", "string_malformed"],
  ["a PUBLISH of QoS 1 with packet identifier 0", "3206 0001 61 0000 00", "packet_id_zero"],
  ["a PUBLISH with a topic alias", "3007 0001 61 03 23 0001", "property_misplaced"],
  ["a PUBLISH with Subscription Identifier 0", "3006 0001 61 02 0b 00", "property_value"],
  ["a PUBLISH with Payload Format Indicator 2", "3006 0001 61 02 01 02", "property_value"],
  ["a PUBLISH with a property of CONNACK", "3007 0001 61 03 21 0001", "property_misplaced"],
  ["a PUBLISH of the largest length there is", "30 ffffff7f", "too_large"],
  ["a PUBACK with flags", "42 02 0001", "flags"],
  ["a PUBACK without identifier", "4000", "truncated"],
  ["a PUBACK with identifier 0", "4002 0000", "packet_id_zero"],
  ["a PUBACK with an unknown code", "4003 0001 01", "reason_unknown"],
  ["a PUBACK with something behind its properties", "4005 0001 00 00 00", "trailing_bytes"],
  ["a SUBACK without a code", "9003 0001 00", "suback_count"],
  ["a SUBACK with two codes", "9005 0001 00 01 01", "suback_count"],
  ["a SUBACK with an unknown code", "9004 0001 00 03", "reason_unknown"],
  ["a PINGRESP with a body", "d001 00", "trailing_bytes"],
  ["a DISCONNECT with a code only clients send", "e001 04", "reason_unknown"],
  ["a DISCONNECT with a Session Expiry Interval", "e007 00 05 11 00000001", "property_misplaced"],
  ["anything after a DISCONNECT", "e000 d000", "after_end"],
];

describe("a malformed packet", () => {
  test.each(BAD)("%s is a violation", (_what, text, violation) => {
    const first = text.startsWith("!");
    const bytes = Buffer.from(text.replaceAll(/[! ]/g, ""), "hex");
    for (const cut of [(whole: Uint8Array) => [whole], byteByByte]) {
      const check = packetCheck(PACKET_LIMITS);
      if (!first && bytes[0]! >> 4 !== 2) check.push(CONNACK_OK);
      const verdicts = cut(bytes).map((chunk) => check.push(chunk));
      expect(verdicts.at(-1)).toBe(violation);
      expect(check.push(CONNACK_OK)).toBe(violation);
    }
  });
});

/** A small generator with a seed (mulberry32), so that a failure can be had again. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function mutated(packet: Buffer, roll: (below: number) => number): Buffer {
  const body = Buffer.from(bodyOf(packet));
  for (let n = roll(3); n >= 0; n--) {
    const at = roll(Math.max(1, body.length));
    if (body.length > 0 && roll(2) === 0) body[at] = roll(256);
    else if (body.length > 0) body[at] = (body[at]! + 1) & 0xff;
  }
  const length = roll(4) === 0 ? roll(body.length + 1) : body.length;
  const first = roll(8) === 0 ? roll(256) : packet[0]!;
  return framed(first, body.subarray(0, length));
}

describe("what the check lets through", () => {
  const SEED = 20_261_125;

  test(`is understood by the client's parser, one packet for one, without an error (seed ${SEED})`, () => {
    const roll = dice(SEED);
    const packets = Object.values(GOOD);
    let passed = 0;
    for (let n = 0; n < 10_000; n++) {
      const bytes = mutated(packets[roll(packets.length)]!, roll);
      const verdict = verdictOn(bytes);
      expect(verdictOn(bytes, byteByByte)).toBe(verdict);
      if (verdict !== "ok") continue;
      passed += 1;
      expect([bytes.toString("hex"), parse(bytes).length]).toEqual([bytes.toString("hex"), 1]);
    }
    // Otherwise nothing was tried.
    expect(passed).toBeGreaterThan(1_000);
  });

  test("never ends the client's process: a CONNACK whose properties end at any byte, with lengths that fit", async () => {
    let passed = 0;
    for (const whole of Object.values(GOOD).filter((packet) => packet[0] === 0x20)) {
      const properties = bodyOf(whole).subarray(3);
      for (let length = 0; length <= properties.length; length++) {
        const bytes = framed(0x20, Buffer.concat([Buffer.of(0, 0, length), properties.subarray(0, length)]));
        if (verdictOn(bytes) !== "ok") continue;
        passed += 1;
        // An exception in the client would be one of this process.
        const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
        const client = new MqttClient(() => stream, { protocolVersion: 5, reconnectPeriod: 0, clientId: "gw-1", keepalive: 30 });
        const connected = new Promise((resolve) => client.once("connect", resolve));
        client.on("error", (error) => expect.unreachable(error.message));
        stream.push(bytes);
        await connected;
        stream.destroy();
      }
    }
    expect(passed).toBeGreaterThan(15);
  });
});

function bodyOf(packet: Buffer): Buffer {
  let at = 1;
  while (packet[at]! >= 0x80) at += 1;
  return packet.subarray(at + 1);
}

function framed(first: number, body: Buffer): Buffer {
  const length = body.length < 128 ? Buffer.of(body.length) : Buffer.of((body.length & 0x7f) | 0x80, body.length >> 7);
  return Buffer.concat([Buffer.of(first), length, body]);
}

function parse(bytes: Buffer): Packet[] {
  const parser = mqttPacket.parser(V5);
  const packets: Packet[] = [];
  parser.on("packet", (packet: Packet) => packets.push(packet));
  parser.on("error", (error) => {
    throw error;
  });
  parser.parse(bytes);
  return packets;
}
