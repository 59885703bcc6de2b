import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { BrokerSession, ConnectOptions, Credentials } from "../../agent/effects/effects.ts";
import { nodeBroker } from "../../agent/effects/node/broker.ts";
import { fileVault } from "../../agent/effects/node/vault.ts";
import { Fault, type FaultKey } from "../../agent/fault/fault.ts";
import { Seconds } from "../../config/units.ts";
import { type FakeBrokerOptions, obliging, startFakeBroker, startPlainServer } from "../support/fake-broker.ts";
import { freePort, type Mosquitto, startMosquitto } from "../support/mosquitto.ts";
import { type CertificateRequest, credentialsOf, makeAuthority } from "../support/pki.ts";

// R01, R02, R10: what the requirements ask of TLS.

const pki = makeAuthority("Hospital CA");
const stranger = makeAuthority("Inspecting Proxy CA");
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const past = { notBefore: new Date(Date.now() - 2 * DAY), notAfter: new Date(Date.now() - HOUR) };
const future = { notBefore: new Date(Date.now() + HOUR), notAfter: new Date(Date.now() + DAY) };
const cleanups: (() => unknown)[] = [];
vi.setConfig({ testTimeout: 30_000, hookTimeout: 20_000 });

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const client = (request: Partial<CertificateRequest> = {}, authority = pki): Credentials => ({
  ...credentialsOf(authority, authority.issue({ cn: "gw-1", kind: "client", ...request })),
  ca: Buffer.from(pki.cert),
});

const will = { topic: "bedside/v1/gw-1/up/birth", payload: Buffer.from("dead"), retain: true, properties: {} };
const optionsFor = (port: number, more: Partial<ConnectOptions> = {}): ConnectOptions => ({
  host: "localhost",
  port,
  clientId: "gw-1",
  credentials: client(),
  keepalive: Seconds(30),
  within: Seconds(5),
  doubt: () => undefined,
  will,
  ...more,
});

async function outcome(options: ConnectOptions): Promise<BrokerSession | Fault> {
  return nodeBroker()
    .connect(options, new AbortController().signal)
    .catch((caught: unknown) => {
      if (caught instanceof Fault) return caught;
      throw caught;
    });
}

async function refusal(options: ConnectOptions): Promise<Fault> {
  const got = await outcome(options);
  if (!(got instanceof Fault)) await got.end();
  expect(got).toBeInstanceOf(Fault);
  return got as Fault;
}

async function fakeBroker(more: Partial<FakeBrokerOptions>): ReturnType<typeof startFakeBroker> {
  const broker = await startFakeBroker({ pki, script: obliging, ...more });
  cleanups.push(() => broker.stop());
  return broker;
}

type Case = {
  readonly what: string;
  readonly server?: Partial<FakeBrokerOptions>;
  readonly options?: () => Partial<ConnectOptions>;
  readonly key: FaultKey;
  /** What the message must name. */
  readonly says: RegExp;
};

const server = (request: Partial<CertificateRequest>, authority = pki): Partial<FakeBrokerOptions> => ({
  server: authority.issue({ cn: "broker", kind: "server", ...request }),
});

const REFUSED_BY_US: readonly Case[] = [
  {
    what: "from another authority",
    server: server({}, stranger),
    key: "uplink.wrong_issuer",
    says: /from "Inspecting Proxy CA", expected one from "Hospital CA"\. .*"broker" issued by "Inspecting Proxy CA"/,
  },
  {
    what: "signed by itself alone",
    server: server({ signed: "self" }),
    key: "uplink.self_signed",
    says: /that it signed itself, expected one from "Hospital CA"\. .*"broker" issued by "broker"/,
  },
  {
    what: "whose signature is damaged",
    server: server({ signed: "unheld" }),
    key: "uplink.server_damaged",
    says: /the signature on it is wrong\. .*"broker" issued by "Hospital CA"/,
  },
  {
    what: "with a key that is too short",
    server: { ...server({ keys: "RSA-1024" }), tls: { ciphers: "DEFAULT@SECLEVEL=0" } },
    key: "uplink.server_weak",
    says: /too weak \(rsa 1024\)\. .*"broker" issued by "Hospital CA"/,
  },
  {
    what: "for another name",
    server: server({ names: ["mqtt.elsewhere.example", "10.0.0.7"] }),
    key: "uplink.wrong_name",
    says: /not for "localhost"\. .*DNS:mqtt\.elsewhere\.example, IP Address:10\.0\.0\.7/,
  },
  {
    what: "for a name, where an address is configured",
    server: server({ names: ["localhost"] }),
    options: () => ({ host: "127.0.0.1" }),
    key: "uplink.wrong_name",
    says: /not for "127\.0\.0\.1"/,
  },
  {
    what: "that has expired",
    server: server(past),
    key: "uplink.server_expired",
    says: /expired on .* UTC; this box says that it is .* UTC/,
  },
  {
    what: "that is not valid yet",
    server: server(future),
    key: "uplink.server_not_yet",
    says: /is valid only from .* UTC; this box says that it is .* UTC/,
  },
  {
    what: "that is a client's",
    server: server({ kind: "client", names: ["localhost"] }),
    key: "uplink.wrong_use",
    says: /not made for a server\. .*"broker" issued by "Hospital CA"/,
  },
  {
    what: "behind TLS 1.2 only",
    server: { tls: { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } },
    key: "uplink.tls_version",
    says: /does not speak TLS 1\.3/,
  },
];

describe("the certificates these tests are made with", () => {
  const openssl = spawnSync("openssl", ["version"]).status === 0;
  if (!openssl) console.warn("SKIPPED ALOUD: no openssl on this machine, so the certificates are judged by Node's TLS alone");

  test.skipIf(!openssl)("satisfy openssl's strict reading", () => {
    const folder = mkdtempSync(join(tmpdir(), "bedside-pki-"));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const at = (name: string): string => join(folder, name);
    writeFileSync(at("ca.pem"), pki.cert);
    for (const kind of ["server", "client"] as const) {
      writeFileSync(
        at(`${kind}.pem`),
        pki.issue({ cn: "gw-1", kind, ...(kind === "client" ? {} : { notAfter: new Date("2060-01-01") }) }).cert,
      );
      const purpose = kind === "server" ? "sslserver" : "sslclient";
      const names = kind === "server" ? ["-verify_hostname", "localhost", "-verify_ip", "127.0.0.1"] : [];
      const args = ["verify", "-x509_strict", "-purpose", purpose, ...names, "-CAfile", at("ca.pem"), at(`${kind}.pem`)];
      const run = spawnSync("openssl", args, { encoding: "utf8" });
      expect([run.stdout.trim(), run.stderr]).toEqual([`${at(`${kind}.pem`)}: OK`, ""]);
    }
  });
});

describe("a broker's certificate", () => {
  test.each(REFUSED_BY_US)(
    "$what is refused as $key, and no byte of MQTT is sent (R01, R02)",
    async ({ server: made, options, key, says }) => {
      const broker = await fakeBroker(made ?? {});
      const fault = await refusal(optionsFor(broker.port, options?.()));
      expect(fault.key).toBe(key);
      expect(fault.message).toMatch(says);
      await expect.poll(() => broker.open).toBe(0);
      expect([broker.applicationBytes, broker.packets.length]).toEqual([0, 0]);
    },
  );

  test("behind TLS 1.2 is refused whatever the process would allow by default (R01)", async () => {
    const [least, most] = [tls.DEFAULT_MIN_VERSION, tls.DEFAULT_MAX_VERSION];
    cleanups.push(() => Object.assign(tls, { DEFAULT_MIN_VERSION: least, DEFAULT_MAX_VERSION: most }));
    Object.assign(tls, { DEFAULT_MIN_VERSION: "TLSv1", DEFAULT_MAX_VERSION: "TLSv1.2" });
    const old = await fakeBroker({ tls: { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } });
    expect((await refusal(optionsFor(old.port))).key).toBe("uplink.tls_version");
    expect(old.applicationBytes).toBe(0);
  });

  test("that holds, from an authority that has expired, is told by the authority (R02)", async () => {
    const old = makeAuthority("Old Hospital CA", past);
    const broker = await fakeBroker(server({}, old));
    const fault = await refusal(optionsFor(broker.port, { credentials: { ...client(), ca: Buffer.from(old.cert) } }));
    expect(fault.key).toBe("uplink.server_expired");
    expect(fault.message).toMatch(
      /^The certificate of the authority "Old Hospital CA" behind the broker has expired; this box says that it is/,
    );
    expect(broker.applicationBytes).toBe(0);
  });

  test("for the configured address is accepted", async () => {
    const broker = await fakeBroker(server({ names: ["127.0.0.1"] }));
    const session = await outcome(optionsFor(broker.port, { host: "127.0.0.1" }));
    expect(session).not.toBeInstanceOf(Fault);
    await (session as BrokerSession).end();
  });

  test("from another authority is refused although the environment says to accept everything", async () => {
    const broker = await fakeBroker(server({}, stranger));
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    cleanups.push(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
    expect((await refusal(optionsFor(broker.port))).key).toBe("uplink.wrong_issuer");
    expect(broker.applicationBytes).toBe(0);
  });
});

const REFUSED_BY_BROKER: readonly { what: string; credentials: () => Credentials; says: RegExp }[] = [
  {
    what: "from another authority",
    credentials: () => client({}, stranger),
    says: /alert "unknown ca".*"gw-1" issued by "Inspecting Proxy CA".*the broker's own is issued by "Hospital CA"$/,
  },
  { what: "that has expired", credentials: () => client(past), says: /alert "certificate expired".*valid .* UTC to .* UTC/ },
  { what: "that is not valid yet", credentials: () => client(future), says: /alert "bad certificate".*valid .* UTC to .* UTC/ },
  { what: "that is a server's", credentials: () => client({ kind: "server" }), says: /alert "[a-z ]*certificate[a-z ]*"/ },
];

describe("this box's certificate", () => {
  let mosquitto: Mosquitto;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "bedside-tls-"));
    mosquitto = await startMosquitto({ folder, pki });
  });
  afterAll(async () => {
    await mosquitto.stop();
    rmSync(folder, { recursive: true });
  });

  test.each(REFUSED_BY_BROKER)("$what is told as refused by the broker, late as TLS 1.3 does it", async ({ credentials, says }) => {
    const fault = await refusal(optionsFor(mosquitto.port, { credentials: credentials() }));
    expect(fault.key).toBe("uplink.client_refused");
    expect(fault.message).toMatch(says);
  });

  test.each(REFUSED_BY_BROKER)("$what brings no byte of MQTT to a server that refuses it", async ({ credentials }) => {
    const broker = await fakeBroker({});
    expect((await refusal(optionsFor(broker.port, { credentials: credentials() }))).key).toBe("uplink.client_refused");
    await expect.poll(() => broker.open).toBe(0);
    expect([broker.applicationBytes, broker.secured]).toEqual([0, 0]);
  });

  test("refused by a plain close after the handshake is told as refused, too", async () => {
    const broker = await fakeBroker({ greet: "close", script: () => undefined });
    const fault = await refusal(optionsFor(broker.port));
    expect(fault.key).toBe("uplink.client_refused");
    expect(fault.message).toContain("without a word");
  });

  test("refused by a reset after the handshake is told as refused, too", async () => {
    const broker = await fakeBroker({ greet: "reset" });
    expect((await refusal(optionsFor(broker.port))).key).toBe("uplink.client_refused");
  });

  test("may go unasked for: a server that wants none still has to prove itself, and gets a session", async () => {
    const open = await fakeBroker({ tls: { requestCert: false, rejectUnauthorized: false } });
    const session = await outcome(optionsFor(open.port));
    expect(session).not.toBeInstanceOf(Fault);
    await (session as BrokerSession).end();
    const forged = await fakeBroker({ ...server({}, stranger), tls: { requestCert: false, rejectUnauthorized: false } });
    expect((await refusal(optionsFor(forged.port))).key).toBe("uplink.wrong_issuer");
    expect(forged.applicationBytes).toBe(0);
  });

  test("is good again at once when its files are replaced, without a restart", async () => {
    const paths = { ca: join(folder, "v-ca.pem"), cert: join(folder, "v-cert.pem"), key: join(folder, "v-key.pem") };
    const write = (credentials: Credentials): void => {
      for (const name of ["ca", "cert", "key"] as const) writeFileSync(paths[name], credentials[name], { mode: 0o600 });
    };
    const vault = fileVault(paths);
    const broker = nodeBroker();
    const attempt = async (): Promise<BrokerSession> =>
      broker.connect(optionsFor(mosquitto.port, { credentials: await vault.credentials() }), new AbortController().signal);
    write(client(past));
    await expect(attempt()).rejects.toMatchObject({ key: "uplink.client_refused" });
    write(client());
    await (await attempt()).end();
    // R10: a bad new one is refused although the ticket of the good one is still in memory.
    write(client(past));
    await expect(attempt()).rejects.toMatchObject({ key: "uplink.client_refused" });
    write(client());
    await (await attempt()).end();
  });
});

describe("a broker that is not there", () => {
  test("has its name told where the name does not resolve", async () => {
    const fault = await refusal(optionsFor(8883, { host: "broker.invalid", within: Seconds(20) }));
    expect(fault.key).toBe("uplink.name_unknown");
    expect(fault.message).toContain('"broker.invalid" ');
  });

  test("is unreachable where nothing listens", async () => {
    const fault = await refusal(optionsFor(await freePort()));
    expect(fault.key).toBe("uplink.unreachable");
    expect(fault.message).toContain("ECONNREFUSED");
  });

  test("is timed out where TCP answers and TLS does not", async () => {
    const silent = await startPlainServer(() => undefined);
    cleanups.push(() => silent.stop());
    const fault = await refusal(optionsFor(silent.port, { within: Seconds(0.3) }));
    expect(fault.key).toBe("uplink.timed_out");
    expect(fault.message).toContain("something takes the connection there, but does not answer (no TLS)");
  });

  test("is another service where something answers that is no TLS", async () => {
    const other = await startPlainServer((socket) => socket.write("220 mail.example ESMTP\r\n"));
    cleanups.push(() => other.stop());
    expect((await refusal(optionsFor(other.port))).key).toBe("uplink.protocol");
  });

  test("has closed where TCP is accepted and closed", async () => {
    const closing = await startPlainServer((socket) => socket.end());
    cleanups.push(() => closing.stop());
    expect((await refusal(optionsFor(closing.port))).key).toBe("uplink.closed");
  });
});
