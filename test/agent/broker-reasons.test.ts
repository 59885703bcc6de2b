import { afterEach, describe, expect, test, vi } from "vitest";
import { nodeBroker } from "../../agent/effects/node/broker.ts";
import { Fault } from "../../agent/fault/fault.ts";
import { KNOWN_REASONS, REACTIONS, REASONS } from "../../agent/uplink/packet-check.table.ts";
import { Seconds } from "../../config/units.ts";
import { connack, disconnect, type FakeBroker, obliging, puback, type Script, startFakeBroker } from "../support/fake-broker.ts";
import { credentialsOf, makeAuthority } from "../support/pki.ts";

/** Every reason code that MQTT 5 gives a server, from a broker that sends it. */

const pki = makeAuthority("Bedside Test CA");
const credentials = credentialsOf(pki, pki.issue({ cn: "gw-1", kind: "client" }));
const message = { topic: "bedside/v1/gw-1/up/birth", payload: Buffer.from("x"), retain: true, properties: {} };
let broker: FakeBroker | undefined;
vi.setConfig({ testTimeout: 20_000 });

afterEach(() => broker?.stop());

async function connect(script: Script) {
  broker = await startFakeBroker({ pki, script });
  const options = { host: "localhost", port: broker.port, clientId: "gw-1", credentials, keepalive: Seconds(30), within: Seconds(10) };
  return nodeBroker().connect({ ...options, will: message, doubt: () => undefined }, new AbortController().signal);
}

const faultOf = (outcome: Promise<unknown>): Promise<Fault> =>
  outcome.then(
    (value) => (value instanceof Fault ? value : Promise.reject(new TypeError("no fault"))),
    (caught: unknown) => caught as Fault,
  );

/** The codes of refusals; a DISCONNECT may come without one, too. */
const refusals = (packet: keyof typeof REACTIONS): readonly number[] =>
  KNOWN_REASONS[packet].filter((code) => code >= 0x80 || (packet === "disconnect" && code === 0));
const said = (code: number): string => `0x${code.toString(16).padStart(2, "0")} ${REASONS[code]}`;
const rows = (packet: "connack" | "disconnect" | "puback") =>
  refusals(packet).map((code) => ({ code, name: said(code), ...REACTIONS[packet][code]! }));

describe("the table of reactions", () => {
  test.each(["connack", "puback", "disconnect"] as const)(
    "has a row for each refusal of a %s that the standard knows, and no other",
    (packet) => {
      expect(Object.keys(REACTIONS[packet]).map(Number)).toEqual(refusals(packet));
      for (const code of refusals(packet)) expect(REASONS[code], said(code)).toMatch(/^[A-Z]/);
    },
  );
});

describe("a broker that refuses the session", () => {
  test.each(rows("connack"))("with CONNACK $name is told by number, name and meaning, with reaction $react (R39)", async (row) => {
    const fault = await faultOf(connect((packet) => (packet.type === 1 ? [connack(row.code), "close"] : undefined)));
    expect(fault.key).toBe(row.react === "person" ? "uplink.refused" : "uplink.busy");
    expect(fault.message).toBe(`The broker at localhost:${broker!.port} takes no session (${row.name}): ${row.means}`);
    expect(fault.context).toMatchObject({ code: row.code, react: row.react });
    expect(broker!.packets.map(({ type }) => type)).toEqual([1]);
  });
});

describe("a broker that ends the session", () => {
  test.each(rows("disconnect"))("with DISCONNECT $name is told by number, name and meaning, with reaction $react (R39)", async (row) => {
    const session = await connect((packet) => (packet.type === 3 ? [puback(packet.id, 0), disconnect(row.code)] : obliging(packet)));
    void session.publish(message);
    const fault = await session.closed;
    const ordinary = row.react === "person" ? "uplink.refused" : "uplink.closed";
    expect(fault.key).toBe(row.code === 0x8e ? "uplink.identity_twice" : ordinary);
    expect(fault.message).toBe(`The broker at localhost:${broker!.port} ended the session (${row.name}): ${row.means}`);
    expect(fault.context).toMatchObject({ code: row.code, react: row.react });
  });
});

describe("a broker that refuses a message", () => {
  test("with any PUBACK code of the standard has the code handed on, and the session goes on (R39)", async () => {
    const codes = refusals("puback");
    const left = [...codes];
    const session = await connect((packet) => (packet.type === 3 ? puback(packet.id, left.shift() ?? 0) : obliging(packet)));
    for (const code of codes) expect(await session.publish(message)).toBe(code);
    expect(await session.publish(message)).toBe(0);
    await session.end();
  });
});
