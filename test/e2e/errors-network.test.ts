import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { expect, type TestContext, test } from "vitest";
import type { FaultKey } from "../../agent/fault/fault.ts";
import { type Configuration, unusedPort } from "../support/agent.ts";
import {
  connack,
  disconnect,
  type FakeBrokerOptions,
  obliging,
  type Script,
  startFakeBroker,
  startPlainServer,
  suback,
} from "../support/fake-broker.ts";
import { type CertificateRequest, makeAuthority } from "../support/pki.ts";
import { expectShown, expectTold } from "./errors.ts";
import { roomFor } from "./room.ts";

/** What the packaged agent tells a technician of a broker that cannot be reached, or that is not what it should be. */

const TEST_MS = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function begin(t: TestContext, configuration: Configuration, through: readonly string[] = []) {
  const room = roomFor(t);
  room.configure(configuration);
  return { room, agent: room.start({ through }) };
}

// First, since it takes the longest.
test.concurrent(
  "something that takes the connection and says nothing is told as timed out",
  async (t) => {
    const room = roomFor(t);
    const silent = room.keep(await startPlainServer(() => undefined));
    room.configure({ port: silent.port });
    const says =
      /^The broker at localhost:\d+ did not answer within 15 s: something takes the connection there, but does not answer \(no TLS\)$/;
    await expectTold({ room, agent: room.start() }, { key: "uplink.timed_out", says });
  },
  TEST_MS,
);

// ── The broker's certificate ────────────────────────────────────────────────────────────────────────────────────────

type Bad = {
  readonly what: string;
  readonly key: FaultKey;
  readonly request?: Partial<CertificateRequest>;
  readonly stranger?: true;
  readonly tls?: FakeBrokerOptions["tls"];
  readonly says: RegExp;
};
const TIME = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC";
const SHOWN = `presented "broker" issued by "Hospital CA", valid ${TIME} to ${TIME}, names DNS:localhost, IP Address:127\\.0\\.0\\.1$`;
const BAD: readonly Bad[] = [
  {
    what: "from another authority",
    key: "uplink.wrong_issuer",
    stranger: true,
    says: /^The broker answered with a certificate from "Inspecting Proxy CA", expected one from "Hospital CA"\. .* presented "broker"/,
  },
  {
    what: "signed by itself alone",
    key: "uplink.self_signed",
    request: { signed: "self" },
    says: /^The broker answered with a certificate that it signed itself, expected one from "Hospital CA"\. .* "broker" issued by "broker"/,
  },
  {
    what: "for another name",
    key: "uplink.wrong_name",
    request: { names: ["mqtt.elsewhere.example"] },
    says: /^The broker's certificate is not for "localhost"\. .*, names DNS:mqtt\.elsewhere\.example$/,
  },
  {
    what: "that has expired",
    key: "uplink.server_expired",
    request: { notBefore: new Date("2025-01-01T00:00Z"), notAfter: new Date("2026-01-01T00:00Z") },
    says: new RegExp(`^The broker's certificate expired on 2026-01-01 00:00 UTC; this box says that it is ${TIME}\\. .*${SHOWN}`),
  },
  {
    what: "that is valid only later, as to a box whose clock is behind",
    key: "uplink.server_not_yet",
    request: { notBefore: new Date(Date.now() + HOUR), notAfter: new Date(Date.now() + DAY) },
    says: new RegExp(`^The broker's certificate is valid only from ${TIME}; this box says that it is ${TIME}\\. .*${SHOWN}`),
  },
  {
    what: "that is a client's",
    key: "uplink.wrong_use",
    request: { kind: "client", names: ["localhost"] },
    says: /^The broker's certificate is not made for a server\. .* presented "broker" issued by "Hospital CA"/,
  },
  {
    what: "with a key that is too short",
    key: "uplink.server_weak",
    request: { keys: "RSA-1024" },
    tls: { ciphers: "DEFAULT@SECLEVEL=0" },
    says: new RegExp(`^The key or the signature of the broker's certificate is too weak \\(rsa 1024\\)\\. .*${SHOWN}`),
  },
  {
    what: "whose signature is damaged",
    key: "uplink.server_damaged",
    request: { signed: "unheld" },
    says: new RegExp(`^The broker's certificate says that it comes from "Hospital CA", but the signature on it is wrong\\. .*${SHOWN}`),
  },
  {
    what: "behind TLS 1.2 only",
    key: "uplink.tls_version",
    tls: { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" },
    says: /^The broker at localhost:\d+ does not speak TLS 1\.3, which this box asks for$/,
  },
];

for (const { what, key, request, stranger, tls, says } of BAD)
  test.concurrent(
    `a broker's certificate ${what} is told as ${key}, and not one byte of MQTT leaves (R01, R02)`,
    async (t) => {
      const room = roomFor(t);
      const server = (stranger ? makeAuthority("Inspecting Proxy CA") : room.pki).issue({ cn: "broker", kind: "server", ...request });
      const broker = room.keep(
        await startFakeBroker({ pki: room.pki, server, script: () => undefined, ...(tls === undefined ? {} : { tls }) }),
      );
      room.configure({ port: broker.port });
      await expectTold({ room, agent: room.start() }, { key, says });
      expect([broker.applicationBytes, broker.packets.length]).toEqual([0, 0]);
    },
    TEST_MS,
  );

// ── A broker that is not there ──────────────────────────────────────────────────────────────────────────────────────

test.concurrent(
  "nothing that listens on the broker's port is told as such",
  async (t) => {
    const port = await unusedPort();
    const says = new RegExp(`^No connection to the broker at localhost:${port}: nothing takes connections there \\(ECONNREFUSED\\)$`);
    const { room, agent } = begin(t, { port });
    await expectShown(room, await expectTold({ room, agent }, { key: "uplink.unreachable", says }));
  },
  TEST_MS,
);

test.concurrent(
  "another service on the broker's port is told as no broker",
  async (t) => {
    const room = roomFor(t);
    const mail = room.keep(await startPlainServer((socket) => socket.write("220 mail.example ESMTP\r\n")));
    room.configure({ port: mail.port });
    await expectTold(
      { room, agent: room.start() },
      {
        key: "uplink.protocol",
        says: /^Something answers at localhost:\d+, but not with a secure connection \(TLS\) as a broker does \(ERR_SSL_/,
      },
    );
  },
  TEST_MS,
);

test.concurrent(
  "a machine that takes the connection and closes it is told so",
  async (t) => {
    const room = roomFor(t);
    const closing = room.keep(await startPlainServer((socket) => socket.end()));
    room.configure({ port: closing.port });
    const says =
      /^The broker at localhost:\d+ (closed the connection without a word|cut the connection off \(ECONNRESET\)), before it was secure$/;
    await expectTold({ room, agent: room.start() }, { key: "uplink.closed", says });
  },
  TEST_MS,
);

// A network namespace without a cable: the way to be alone without leaving the machine.
const ALONE = ["unshare", "--map-root-user", "--net"];
const mayUnshare = spawnSync("unshare", ["--map-root-user", "--net", "--mount", "true"]).status === 0;
if (!mayUnshare) console.warn("SKIPPED ALOUD: this machine gives no network namespace, so a box without a network is not tried");

test.skipIf(!mayUnshare).concurrent(
  "a box without any network is told that it is the box, not the broker",
  async (t) => {
    const says = /^No connection to the broker at 192\.0\.2\.7:8883: this box has no network that leads there \(ENETUNREACH\)$/;
    await expectTold(begin(t, { host: "192.0.2.7", port: 8883 }, ALONE), { key: "uplink.no_network", says });
  },
  TEST_MS,
);

test.skipIf(!mayUnshare).concurrent(
  "a name that no name service answers for is told apart from a name that does not exist",
  async (t) => {
    const where = { host: "broker.hospital.example", port: 8883 };
    const unanswered = /^The broker's name "broker\.hospital\.example" cannot be looked up: no name service answered \(EAI_AGAIN\)$/;
    await expectTold(begin(t, where, ALONE), { key: "uplink.no_dns", says: unanswered });

    // A name service that is sure: the machine's own list of names, and no other.
    const room = roomFor(t);
    writeFileSync(room.at("names"), "hosts: files\n");
    room.configure(where);
    const mount = `mount --bind ${room.at("names")} /etc/nsswitch.conf && exec "$@"`;
    const agent = room.start({ through: ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh"] });
    const unknown =
      /^The broker's name "broker\.hospital\.example" is not known: the name service says that there is no such name \(ENOTFOUND\)$/;
    await expectTold({ room, agent }, { key: "uplink.name_unknown", says: unknown });
  },
  TEST_MS,
);

test.concurrent(
  "a session that another with this box's identity takes over (DISCONNECT 0x8e) is told as a second box, not as a network fault (R39)",
  async (t) => {
    const room = roomFor(t);
    const takenOver: Script = (packet) => (packet.type === 8 ? [suback(packet.id, 1), disconnect(0x8e)] : obliging(packet));
    const broker = room.keep(await startFakeBroker({ pki: room.pki, script: takenOver }));
    room.configure({ port: broker.port });
    const says = /ended the session \(0x8e Session taken over\): another connection with this box's identity took its place$/;
    await expectTold({ room, agent: room.start() }, { key: "uplink.identity_twice", says });
  },
  TEST_MS,
);

// ── A broker that refuses ───────────────────────────────────────────────────────────────────────────────────────────

for (const { code, key, says, soon } of [
  { code: 0x88, key: "uplink.busy", says: /takes no session \(0x88 Server unavailable\): it is not ready$/, soon: true },
  { code: 0x97, key: "uplink.busy", says: /\(0x97 Quota exceeded\): a limit is reached/, soon: false },
  { code: 0x8a, key: "uplink.refused", says: /\(0x8a Banned\): this gateway was locked out$/, soon: false },
] as const)
  test.concurrent(
    `a broker that refuses with CONNACK 0x${code.toString(16)} is tried again ${soon ? "at once" : "after half a minute"} (R39)`,
    async (t) => {
      const room = roomFor(t);
      const broker = room.keep(await startFakeBroker({ pki: room.pki, script: () => connack(code) }));
      room.configure({ port: broker.port });
      const { uplink } = await expectTold({ room, agent: room.start() }, { key, says });
      if (soon) await room.until("it is tried again", () => broker.secured >= 2);
      else {
        expect(uplink.phase).toBe("offline");
        expect(uplink.nextAttemptSeconds).toBeGreaterThanOrEqual(29);
        expect(uplink.nextAttemptSeconds).toBeLessThanOrEqual(60);
      }
    },
    TEST_MS,
  );
