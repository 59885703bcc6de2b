import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectMqtt } from "mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, type TestContext, test, vi } from "vitest";
import type { BrokerSession } from "../../agent/effects/effects.ts";
import { nodeBroker } from "../../agent/effects/node/broker.ts";
import { Fault } from "../../agent/fault/fault.ts";
import { Seconds } from "../../config/units.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { type Mosquitto, type MosquittoOptions, startMosquitto, subscribeRaw } from "../support/mosquitto.ts";
import { credentialsOf, makeAuthority } from "../support/pki.ts";
import { expectTold } from "./errors.ts";
import { roomFor } from "./room.ts";

const pki = makeAuthority("Hospital CA");
const cleanups: (() => unknown)[] = [];
vi.setConfig({ testTimeout: 30_000, hookTimeout: 20_000 });

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe("mosquitto's access rules (R19)", () => {
  let mosquitto: Mosquitto;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "bedside-acl-"));
    mosquitto = await startMosquitto({ folder, pki });
  });
  afterAll(async () => {
    await mosquitto.stop();
    rmSync(folder, { recursive: true });
  });

  const connect = (cn: string, signal = new AbortController().signal): Promise<BrokerSession> => {
    const credentials = credentialsOf(pki, pki.issue({ cn, kind: "client" }));
    const will = { topic: `bedside/v1/${cn}/up/birth`, payload: Buffer.from("dead"), retain: true, properties: {} };
    const server = { host: "localhost", port: mosquitto.port, clientId: cn, credentials, keepalive: Seconds(30), within: Seconds(5) };
    return nodeBroker().connect({ ...server, will, doubt: () => undefined }, signal);
  };
  const gateway = async (cn: string): Promise<BrokerSession> => {
    const session = await connect(cn);
    cleanups.push(() => session.end());
    return session;
  };
  const say = (topic: string, text = "x") => ({ topic, payload: Buffer.from(text), retain: false, properties: {} });
  const operations = async (topic = "bedside/v1/#") => {
    const ops = await subscribeRaw({ port: mosquitto.port, pki, identity: pki.issue({ cn: "ops", kind: "client" }), topic });
    cleanups.push(() => ops.stop());
    return ops;
  };

  test("let a gateway write its own up and nothing else", async () => {
    const ops = await operations();
    const session = await gateway("gw-1");
    expect(await session.publish(say("bedside/v1/gw-1/up/reports", "mine"))).toBe(0x00);
    for (const foreign of [
      "bedside/v1/gw-2/up/reports",
      "bedside/v1/gw-1/down/desired/settings",
      "bedside/v1/gw-2/down/command",
      "elsewhere",
    ]) {
      expect([foreign, await session.publish(say(foreign, "forged"))]).toEqual([foreign, 0x87]);
    }
    expect(await session.publish(say("bedside/v1/gw-1/up/reports", "last"))).toBe(0x00);
    await ops.heard((message) => message.payload.toString() === "last");
    expect(ops.messages.map((message) => message.payload.toString())).toEqual(["mine", "last"]);
  });

  test("deliver a gateway its own down and its own birth, and nothing of another, whatever SUBACK said", async () => {
    const ops = await operations();
    const [one, two] = [await gateway("gw-1"), await gateway("gw-2")];
    const heard: string[] = [];
    for (const filter of ["bedside/v1/gw-1/down/#", "bedside/v1/gw-1/up/birth", "bedside/v1/gw-2/#", "bedside/v1/+/down/#", "#"]) {
      await one.subscribe(filter, ({ topic }) => heard.push(topic));
    }
    await ops.publish("bedside/v1/gw-2/down/command", "for two");
    await two.publish(say("bedside/v1/gw-2/up/birth"));
    await two.publish(say("bedside/v1/gw-2/up/reports"));
    await one.publish(say("bedside/v1/gw-1/up/birth"));
    await ops.publish("bedside/v1/gw-1/down/command", "for one");
    await expect.poll(() => heard.includes("bedside/v1/gw-1/down/command")).toBe(true);
    expect([...new Set(heard)].sort()).toEqual(["bedside/v1/gw-1/down/command", "bedside/v1/gw-1/up/birth"]);
  });

  // This box never tries it: with another's certificate it does not connect at all (credentials.wrong_name).
  test("do not let a gateway disturb another by using its client id", async () => {
    const victim = await gateway("gw-1");
    const thief = connectMqtt({
      ...{ protocol: "mqtts", host: "localhost", port: mosquitto.port, protocolVersion: 5, clientId: "gw-1", reconnectPeriod: 0 },
      ...{ ca: pki.cert, ...pki.issue({ cn: "gw-2", kind: "client" }) },
    });
    cleanups.push(() => thief.endAsync(true));
    await new Promise((resolve) => thief.once("connect", resolve));
    await expect(thief.publishAsync("bedside/v1/gw-1/up/reports", "forged", { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
    expect(await victim.publish(say("bedside/v1/gw-1/up/reports"))).not.toBe(0x87);
    await thief.publishAsync("bedside/v1/gw-2/up/reports", "own", { qos: 1 });
    expect(await Promise.race([victim.closed, victim.publish(say("bedside/v1/gw-1/up/reports"))])).not.toBeInstanceOf(Fault);
  });

  test("cut the older of two sessions with one certificate, without a word", async () => {
    const older = await gateway("gw-1");
    await gateway("gw-1");
    expect((await older.closed).key).toBe("uplink.closed");
  });

  test("let a DISCONNECT keep the will back, and a dropped connection send it", async () => {
    const ops = await operations("bedside/v1/gw-3/up/birth");
    const orderly = await gateway("gw-3");
    await orderly.end();
    const scope = new AbortController();
    const dropped = await connect("gw-3", scope.signal);
    await dropped.publish(say("bedside/v1/gw-3/up/birth", "second"));
    scope.abort();
    await ops.heard((message) => message.payload.toString() === "dead");
    expect(ops.messages.map((message) => message.payload.toString())).toEqual(["second", "dead"]);
  });
});

// ── What the packaged agent tells of such rules ─────────────────────────────────────────────────────────────────────

const TEST_MS = 60_000;
type Rules = { readonly what: string; readonly acl: string; readonly says: RegExp };
const READ_BIRTH = "pattern read bedside/v1/%u/up/birth\n";
const WRITE = (...leaves: readonly string[]): string => leaves.map((leaf) => `pattern write bedside/v1/%u/up/${leaf}\n`).join("");
const UNPROVED: readonly Rules[] = [
  {
    what: "do not let a gateway read its own birth",
    acl: "pattern write bedside/v1/%u/up/#\n",
    says: /own message on bedside\/v1\/gw-e2e\/up\/birth did not come back within 10 s: the broker took it and gave it to nobody$/,
  },
  {
    what: "do not let a gateway write its own birth",
    acl: `${READ_BIRTH}${WRITE("events", "reports", "alerts", "waves", "health")}`,
    says: /did not come back within 10 s: the broker refused to take it \(0x87 Not authorized\)$/,
  },
];

async function roomWith(t: TestContext, options: Partial<MosquittoOptions>) {
  const room = roomFor(t);
  mkdirSync(room.at("broker"));
  const broker = room.keep(await startMosquitto({ folder: room.at("broker"), pki: room.pki, ...options }));
  return { room, broker };
}

for (const { what, acl, says } of UNPROVED)
  test.concurrent(
    `rules that ${what} are told as such, and nothing counts as delivered (R19)`,
    async (t) => {
      const { room, broker } = await roomWith(t, { gatewayAcl: acl });
      room.configure({ port: broker.port });
      const { ledger } = await expectTold({ room, agent: room.start() }, { key: "uplink.no_round_trip", says });
      expect(ledger.event).toMatchObject({ delivered: 0, dropped: 0 });
    },
    TEST_MS,
  );

test.concurrent(
  "rules that refuse one leaf are told by its topic, what it holds is kept, and the other leaves go on (R19)",
  async (t) => {
    const acl = `${READ_BIRTH}${WRITE("birth", "events", "alerts", "waves")}`;
    const { room, broker } = await roomWith(t, { gatewayAcl: acl });
    const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 23, link: room.at("port") }));
    room.configure({ port: broker.port, beds: [{ path: device.path, location: "b", device: "dv-1", driver: "nonin" }] });
    const agent = room.start();
    const says =
      /^The broker refused a message on bedside\/v1\/gw-e2e\/up\/reports \(0x87 Not authorized\): this gateway may not write there$/;
    await expectTold({ room, agent }, { key: "uplink.publish_refused", scope: "lane report", says });
    const { ledger, faults, unexplained } = await room.statusWhere(
      "waves and events go on",
      (status) => status.ledger.wave.delivered >= 3 && status.ledger.event.delivered >= 2 && status.ledger.report.waiting >= 3,
    );
    expect(ledger.report).toMatchObject({ delivered: 0, dropped: 0 });
    expect(unexplained).toBe(0);
    // What states the gateway tells of itself are no lanes: their refusal is told beside.
    expect(faults.map(({ scope, key }) => [scope, key]).sort()).toEqual([
      ["lane health", "uplink.publish_refused"],
      ["lane report", "uplink.publish_refused"],
      ["lane reported", "uplink.publish_refused"],
    ]);
    // The rules are put right. The lane rests for half a minute after a refusal; a new connection ends that at once.
    writeFileSync(room.at("broker/acl"), `${READ_BIRTH}${WRITE("#")}`);
    await broker.restart();
    await room.statusWhere("all is delivered", (status) => status.faults.length === 0 && status.ledger.report.delivered >= 3);
  },
  TEST_MS,
);

test.concurrent(
  "a broker to which nobody subscribed (PUBACK 0x10) takes everything, as the standard has it, and nothing is told as wrong (R39)",
  async (t) => {
    const { room, broker } = await roomWith(t, {});
    const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 24, link: room.at("port") }));
    room.configure({ port: broker.port, beds: [{ path: device.path, location: "b", device: "dv-1", driver: "nonin" }] });
    room.start();
    const status = await room.statusWhere("reports are delivered", ({ ledger }) => ledger.report.delivered >= 3);
    expect([status.faults, status.unexplained]).toEqual([[], 0]);
  },
  TEST_MS,
);

type Refusal = { readonly what: string; readonly without?: readonly string[]; readonly more?: readonly string[]; readonly says: RegExp };
const REFUSALS: readonly Refusal[] = [
  {
    what: "lets nobody in without a name and password",
    without: ["use_identity_as_username true", "use_username_as_clientid true"],
    says: /takes no session \(0x87 Not authorized\): it does not let this gateway in$/,
  },
  {
    what: "keeps no retained messages",
    more: ["retain_available false"],
    says: /takes no session \(0x9a Retain not supported\): it keeps no retained messages, and this box needs them$/,
  },
  {
    what: "takes messages without acknowledgement only",
    more: ["max_qos 0"],
    says: /takes no session \(0x9b QoS not supported\): it does not acknowledge messages \(QoS 1\), and this box needs that$/,
  },
];

for (const { what, says, ...options } of REFUSALS)
  test.concurrent(
    `a mosquitto that ${what} is told by its CONNACK (R39)`,
    async (t) => {
      const { room, broker } = await roomWith(t, options);
      room.configure({ port: broker.port });
      const { uplink } = await expectTold({ room, agent: room.start() }, { key: "uplink.refused", says });
      expect(uplink.nextAttemptSeconds).toBeGreaterThanOrEqual(29);
    },
    TEST_MS,
  );
