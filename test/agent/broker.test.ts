import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { BrokerSession, ConnectOptions, Message } from "../../agent/effects/effects.ts";
import { nodeBroker } from "../../agent/effects/node/broker.ts";
import { Fault } from "../../agent/fault/fault.ts";
import { Seconds } from "../../config/units.ts";
import {
  CONNACK_OK,
  connack,
  disconnect,
  type FakeBroker,
  obliging,
  puback,
  type Script,
  startFakeBroker,
  suback,
} from "../support/fake-broker.ts";
import { startMosquitto, subscribeRaw } from "../support/mosquitto.ts";
import { credentialsOf, makeAuthority } from "../support/pki.ts";

const pki = makeAuthority("Bedside Test CA");
const gateway = credentialsOf(pki, pki.issue({ cn: "gw-1", kind: "client" }));
/** What a busy machine may add to a limit, in milliseconds. */
const SLACK = 1_000;
const cleanups: (() => unknown)[] = [];
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const message = (topic: string, payload = "x", properties: Record<string, string> = {}): Message => ({
  topic,
  payload: Buffer.from(payload),
  retain: false,
  properties,
});
const optionsFor = (port: number, more: Partial<ConnectOptions> = {}): ConnectOptions => ({
  host: "localhost",
  port,
  clientId: "gw-1",
  credentials: gateway,
  keepalive: Seconds(30),
  within: Seconds(5),
  doubt: () => undefined,
  will: { ...message("bedside/v1/gw-1/up/birth", "dead"), retain: true },
  ...more,
});

async function fake(script: Script): Promise<FakeBroker> {
  const broker = await startFakeBroker({ pki, script });
  cleanups.push(() => broker.stop());
  return broker;
}

async function connected(port: number, more: Partial<ConnectOptions> = {}, broker = nodeBroker()): Promise<BrokerSession> {
  const session = await broker.connect(optionsFor(port, more), new AbortController().signal);
  cleanups.push(() => session.end());
  return session;
}

async function refusal(port: number, more: Partial<ConnectOptions> = {}): Promise<Fault> {
  const outcome = await nodeBroker()
    .connect(optionsFor(port, more), new AbortController().signal)
    .catch((caught: unknown) => caught);
  expect(outcome).toBeInstanceOf(Fault);
  return outcome as Fault;
}

async function until(holds: () => boolean, within = 5_000): Promise<void> {
  const end = Date.now() + within;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`did not come about within ${within} ms: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const sequel =
  (first: ReturnType<Script>, rest: Script = obliging): Script =>
  (packet) =>
    packet.type === 1 ? first : rest(packet);

describe("a broker that answers CONNECT", () => {
  test("with the six bytes that end the client library's process is refused as a protocol fault", async () => {
    const broker = await fake(sequel(Buffer.from("200400000113", "hex")));
    const fault = await refusal(broker.port);
    expect([fault.key, fault.context.violation]).toEqual(["uplink.protocol", "truncated"]);
  });

  test("with a Reason String has its words told, without what a terminal would obey", async () => {
    const words = Buffer.from("ward 7\u001b[2J closed");
    const broker = await fake(sequel(connack(0x87, Buffer.concat([Buffer.of(0x1f, 0, words.length), words]))));
    expect((await refusal(broker.port)).message).toContain('"ward 7?[2J closed"');
  });

  test("with nothing at all is timed out, and says how far it came", async () => {
    const broker = await fake(() => undefined);
    const fault = await refusal(broker.port, { within: Seconds(0.3) });
    expect(fault.key).toBe("uplink.timed_out");
    expect(fault.message).toContain("the broker did not answer on it (no CONNACK)");
    await until(() => broker.open === 0);
  });

  test("without QoS 1 is of no use and refused", async () => {
    const broker = await fake(sequel(connack(0x00, Buffer.of(0x24, 0x00))));
    expect((await refusal(broker.port)).key).toBe("uplink.refused");
  });

  test("twice is closed", async () => {
    const broker = await fake(sequel([CONNACK_OK, CONNACK_OK]));
    const fault = await nodeBroker()
      .connect(optionsFor(broker.port), new AbortController().signal)
      .then((session) => session.closed)
      .catch((caught: unknown) => caught);
    expect(fault).toMatchObject({ key: "uplink.protocol", context: { violation: "second_connack" } });
  });
});

describe("a session", () => {
  test("tells the broker's Receive Maximum and Maximum Packet Size", async () => {
    const broker = await fake(sequel(connack(0x00, Buffer.of(0x21, 0, 10, 0x27, 0, 1, 0, 0))));
    const session = await connected(broker.port);
    expect([session.receiveMaximum, session.packetMax]).toEqual([10, 65_536]);
  });

  test("has the standard's defaults where the broker names none", async () => {
    const session = await connected((await fake(obliging)).port);
    expect([session.receiveMaximum, session.packetMax]).toEqual([65_535, Number.POSITIVE_INFINITY]);
  });

  test.each([0x00, 0x10, 0x80, 0x87, 0x97])("resolves a publish with PUBACK code %i and stays", async (code) => {
    const broker = await fake((packet) => (packet.type === 3 ? puback(packet.id, code) : obliging(packet)));
    const session = await connected(broker.port);
    expect(await session.publish(message("a/b"))).toBe(code);
    expect(await session.publish(message("a/b"))).toBe(code);
  });

  test("gives each of many publishes in flight its own code, in whatever order the PUBACKs come", async () => {
    const ids: number[] = [];
    const broker = await fake((packet) => {
      if (packet.type !== 3) return obliging(packet);
      ids.push(packet.id);
      if (ids.length < 4) return undefined;
      return [puback(ids[3]!, 0x10), puback(ids[0]!, 0x87), puback(ids[2]!, 0x00), puback(ids[1]!, 0x97)];
    });
    const session = await connected(broker.port);
    expect(await Promise.all([1, 2, 3, 4].map((n) => session.publish(message(`a/${n}`))))).toEqual([0x87, 0x97, 0x00, 0x10]);
  });

  test("leaves a publish without PUBACK unsettled, also after its end", async () => {
    const broker = await fake((packet) => (packet.type === 3 ? undefined : obliging(packet)));
    const session = await connected(broker.port);
    let settled = false;
    void session.publish(message("a/b")).finally(() => {
      settled = true;
    });
    await until(() => broker.packets.some((packet) => packet.type === 3));
    await session.end();
    void session.publish(message("a/b")).finally(() => {
      settled = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
  });

  test("ends with DISCONNECT 0x00 although a PUBACK is missing", async () => {
    const broker = await fake((packet) => (packet.type === 3 ? undefined : obliging(packet)));
    const session = await connected(broker.port);
    void session.publish(message("a/b"));
    await session.end();
    expect(broker.packets.map((packet) => packet.type)).toEqual([1, 3, 14]);
    expect(broker.packets.at(-1)!.body.length).toBe(0);
    expect((await session.closed).key).toBe("uplink.closed");
    await until(() => broker.open === 0);
  });

  test("ends within two seconds against a broker that neither answers nor closes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bedside-broker-"));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const broker = await startMosquitto({ folder, pki });
    cleanups.push(() => broker.stop());
    const session = await connected(broker.port);
    broker.pause();
    const before = Date.now();
    await session.end();
    expect(Date.now() - before).toBeLessThan(2_000 + SLACK);
  });

  test("has the answer to a message told also where the broker ends it for that message (HiveMQ)", async () => {
    const broker = await fake((packet) =>
      packet.type === 3 ? [Buffer.concat([puback(packet.id, 0x87), disconnect(0x87)]), "close"] : obliging(packet),
    );
    const session = await connected(broker.port);
    expect(await session.publish(message("bedside/v1/gw-1/up/reports"))).toBe(0x87);
    expect(await session.closed).toMatchObject({ key: "uplink.refused", context: { code: 0x87 } });
  });

  test("ends with the reason of the broker's DISCONNECT", async () => {
    const broker = await fake((packet) => (packet.type === 3 ? [puback(packet.id, 0), disconnect(0x8e)] : obliging(packet)));
    const session = await connected(broker.port);
    expect(await session.publish(message("a/b"))).toBe(0x00);
    const fault = await session.closed;
    expect([fault.key, fault.context.code]).toEqual(["uplink.identity_twice", 0x8e]);
    expect(fault.message).toContain("0x8e Session taken over");
  });

  test("ends without a reason where the broker closes without a word", async () => {
    const broker = await fake((packet) => (packet.type === 3 ? "close" : obliging(packet)));
    const session = await connected(broker.port);
    void session.publish(message("a/b"));
    expect(await session.closed).toMatchObject({ key: "uplink.closed", message: expect.stringContaining("without a word") });
  });

  test("that is closed right behind its CONNACK was not refused", async () => {
    const broker = await fake(sequel([CONNACK_OK, "close"]));
    const fault = await nodeBroker()
      .connect(optionsFor(broker.port), new AbortController().signal)
      .then((session) => session.closed)
      .catch((caught: unknown) => caught);
    expect(fault).toMatchObject({ key: "uplink.closed" });
  });

  test("ends by a violation in the middle of a stream", async () => {
    const broker = await fake((packet) => (packet.type === 3 ? Buffer.of(0x36, 0x03, 0x00, 0x00, 0x00) : obliging(packet)));
    const session = await connected(broker.port);
    void session.publish(message("a/b"));
    expect(await session.closed).toMatchObject({ key: "uplink.protocol", context: { violation: "qos_forbidden" } });
  });

  test("ends at once when its scope does", async () => {
    const broker = await fake(obliging);
    const scope = new AbortController();
    const session = await nodeBroker().connect(optionsFor(broker.port), scope.signal);
    scope.abort();
    expect((await session.closed).key).toBe("uplink.closed");
    await until(() => broker.open === 0);
    expect(broker.packets.map((packet) => packet.type)).toEqual([1]);
    await session.end();
  });

  test.each(["end", "abort", "refusal", "six bytes"])("leaves nothing that keeps its process alive (%s)", async (how) => {
    const first = { "six bytes": Buffer.from("200400000113", "hex"), refusal: connack(0x87) }[how] ?? CONNACK_OK;
    const broker = await fake(sequel(first));
    const child = spawn(process.execPath, ["--input-type=module", "-e", CHILD], { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.end(JSON.stringify({ how, port: broker.port, pem: Object.values(gateway).map((one) => Buffer.from(one).toString()) }));
    const [said, code] = await Promise.all([text(child.stdout), new Promise((resolve) => child.once("exit", resolve))]);
    const expected = { "six bytes": "uplink.protocol", refusal: "uplink.refused" }[how] ?? "uplink.closed";
    expect([said, code]).toEqual([expected, 0]);
  });

  test("is not begun where its scope has already ended, and an attempt is given up when it does", async () => {
    const broker = await fake(() => undefined);
    const scope = new AbortController();
    const attempt = nodeBroker().connect(optionsFor(broker.port), scope.signal);
    await until(() => broker.secured === 1);
    scope.abort();
    await expect(attempt).rejects.toMatchObject({ key: "uplink.closed" });
    await expect(nodeBroker().connect(optionsFor(broker.port), scope.signal)).rejects.toMatchObject({ key: "uplink.closed" });
    expect(broker.secured).toBe(1);
  });

  test("resumes TLS by a ticket, but not beside other credentials", async () => {
    const fakeBroker = await fake(obliging);
    const broker = nodeBroker();
    for (let n = 0; n < 2; n++) {
      const session = await connected(fakeBroker.port, {}, broker);
      // The ticket comes behind the CONNACK or with it; a round trip later it is there.
      await session.publish(message("a/b"));
      await session.end();
    }
    expect([fakeBroker.secured, fakeBroker.resumed]).toEqual([2, 1]);
    await connected(fakeBroker.port, { credentials: credentialsOf(pki, pki.issue({ cn: "gw-1", kind: "client" })) }, broker);
    expect([fakeBroker.secured, fakeBroker.resumed]).toEqual([3, 1]);
  });

  test("sends MQTT 5 with clean start, the will and its own packet limit", async () => {
    const broker = await fake(obliging);
    await connected(broker.port, { keepalive: Seconds(20) });
    const connect = broker.packets[0]!.body;
    expect(connect.subarray(0, 10)).toEqual(Buffer.concat([Buffer.of(0, 4), Buffer.from("MQTT"), Buffer.of(5, 0b0010_1110, 0, 20)]));
    expect(connect.includes(Buffer.of(0x27, 0x00, 0x04, 0x00, 0x00))).toBe(true);
    expect(connect.includes("bedside/v1/gw-1/up/birth")).toBe(true);
  });

  test("hands what it subscribed to over by filter, with SUBACK's code", async () => {
    const heard: string[] = [];
    const publish = (topic: string): Buffer => {
      const body = Buffer.concat([Buffer.of(0, topic.length), Buffer.from(topic), Buffer.of(0), Buffer.from("!")]);
      return Buffer.concat([Buffer.of(0x30, body.length), body]);
    };
    const broker = await fake((packet) => {
      if (packet.type !== 8) return obliging(packet);
      const refused = packet.body.includes("refused");
      return [suback(packet.id, refused ? 0x87 : 0x01), ...["a/down/x/y", "a/down", "a/up/birth"].map(publish)];
    });
    const session = await connected(broker.port);
    expect(await session.subscribe("a/down/#", ({ topic }) => heard.push(topic))).toBe(0x01);
    expect(await session.subscribe("refused/#", ({ topic }) => heard.push(topic))).toBe(0x87);
    await until(() => heard.length === 4);
    expect(heard).toEqual(["a/down/x/y", "a/down", "a/down/x/y", "a/down"]);
  });
});

describe("mosquitto", () => {
  test("gets the bytes, the retain flag and the user properties as they were published", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bedside-broker-"));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const broker = await startMosquitto({ folder, pki });
    cleanups.push(() => broker.stop());
    const consumer = await subscribeRaw({
      port: broker.port,
      pki,
      identity: pki.issue({ cn: "consumer", kind: "client" }),
      topic: "bedside/v1/#",
    });
    cleanups.push(() => consumer.stop());
    const session = await connected(broker.port);
    const payload = Buffer.from(Array.from({ length: 70_000 }, (_, n) => n & 0xff));
    const properties = { range: "live", volatile: "1" };
    expect(await session.publish({ topic: "bedside/v1/gw-1/up/reports", payload, retain: false, properties })).toBe(0x00);
    const got = await consumer.heard((one) => one.topic === "bedside/v1/gw-1/up/reports");
    expect(got.payload.equals(payload)).toBe(true);
    expect(got.properties).toEqual(properties);
    expect(session.receiveMaximum).toBe(100);
    expect(session.packetMax).toBe(1_048_576);
  });

  test("that pauses gets everything when it goes on, and each publish its code", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bedside-broker-"));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const broker = await startMosquitto({ folder, pki });
    cleanups.push(() => broker.stop());
    const session = await connected(broker.port);
    broker.pause();
    const payload = Buffer.alloc(65_536, 7);
    // More than the buffers of the kernel hold.
    const codes = Promise.all(
      Array.from({ length: 100 }, () => session.publish({ topic: "bedside/v1/gw-1/up/waves", payload, retain: false, properties: {} })),
    );
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    broker.resume();
    expect(new Set(await codes)).toEqual(new Set([0x10]));
  });

  test("that freezes is found out within one and a half keep-alives", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bedside-broker-"));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const broker = await startMosquitto({ folder, pki });
    cleanups.push(() => broker.stop());
    const session = await connected(broker.port, { keepalive: Seconds(1) });
    await session.publish(message("bedside/v1/gw-1/up/reports"));
    broker.pause();
    const before = Date.now();
    const fault = await session.closed;
    expect(fault.key).toBe("uplink.timed_out");
    expect(fault.message).toContain("1.5 s");
    expect(Date.now() - before).toBeLessThan(1_500 + SLACK);
  });
});

/** A process of its own, which is over only when nothing of the connection is left: it is not told to exit. */
const CHILD = `
import { text } from "node:stream/consumers";
const { how, port, pem: [ca, cert, key] } = JSON.parse(await text(process.stdin));
const { nodeBroker } = await import(${JSON.stringify(new URL("../../agent/effects/node/broker.ts", import.meta.url).href)});
const scope = new AbortController();
const message = { topic: "a/b", payload: Buffer.from("x"), retain: false, properties: {} };
const credentials = { ca: Buffer.from(ca), cert: Buffer.from(cert), key: Buffer.from(key) };
const server = { host: "localhost", port, clientId: "gw-1", credentials, keepalive: 30_000, within: 30_000 };
const options = { ...server, will: message, doubt: () => undefined };
try {
  const session = await nodeBroker().connect(options, scope.signal);
  await session.publish(message);
  if (how === "end") await session.end();
  else scope.abort();
  process.stdout.write((await session.closed).key);
} catch (fault) {
  process.stdout.write(String(fault.key));
}
`;
