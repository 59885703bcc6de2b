import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { FaultKey } from "../../agent/fault/fault.ts";
import { type Room, unusedPort } from "../support/agent.ts";
import { obliging, startFakeBroker } from "../support/fake-broker.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { type Authority, type Identity, makeAuthority } from "../support/pki.ts";
import { expectShown, expectTold, hasFault } from "./errors.ts";
import { roomFor } from "./room.ts";

/** What the packaged agent tells a technician of its own certificate and key. */

const TEST_MS = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const EXPIRED = { notBefore: new Date("2025-01-01T00:00Z"), notAfter: new Date("2026-01-01T00:00Z") };
const FUTURE = { notBefore: new Date(Date.now() + HOUR), notAfter: new Date(Date.now() + DAY) };

const issue = (authority: Authority, room: Room, request: Partial<Parameters<Authority["issue"]>[0]> = {}): Identity =>
  authority.issue({ cn: room.gateway, kind: "client", ...request });
function install(room: Room, { cert, key }: Identity): void {
  writeFileSync(room.at("gw.crt"), cert);
  writeFileSync(room.at("gw.key"), key, { mode: 0o600 });
}

// ── What is found before anything is sent ───────────────────────────────────────────────────────────────────────────

type Own = {
  readonly what: string;
  readonly proves?: string;
  readonly spoil: (room: Room) => void;
  readonly key: FaultKey;
  readonly says: RegExp;
};
const OWN: readonly Own[] = [
  {
    what: "a certificate that was cut while it was copied",
    spoil: (room) => writeFileSync(room.at("gw.crt"), readFileSync(room.at("gw.crt"), "utf8").slice(0, 300)),
    key: "credentials.damaged",
    says: /^broker\.cert holds no whole certificate$/,
  },
  {
    what: "a key of another certificate",
    spoil: (room) => writeFileSync(room.at("gw.key"), issue(room.pki, room).key, { mode: 0o600 }),
    key: "credentials.mismatched",
    says: /^broker\.key does not belong to broker\.cert, the certificate of "gw-e2e"$/,
  },
  {
    what: "the certificate of another gateway",
    spoil: (room) => install(room, issue(room.pki, room, { cn: "gw-other" })),
    key: "credentials.wrong_name",
    says: /^broker\.cert is the certificate of "gw-other", but this gateway is "gw-e2e"$/,
  },
  {
    what: "a key that is too weak",
    proves: " (R03)",
    spoil: (room) => install(room, issue(room.pki, room, { keys: "RSA-2048" })),
    key: "credentials.weak",
    says: /^The key in broker\.key is an RSA key of 2048 bits; this box uses EC P-256 or better, or RSA from 3072 bits$/,
  },
];

for (const { what, proves = "", spoil, key, says } of OWN)
  test.concurrent(
    `${what} is told as ${key}, and nobody is asked${proves}`,
    async (t) => {
      const room = roomFor(t);
      const broker = room.keep(await startFakeBroker({ pki: room.pki, script: obliging }));
      room.configure({ port: broker.port });
      const good: Identity = { cert: readFileSync(room.at("gw.crt"), "utf8"), key: readFileSync(room.at("gw.key"), "utf8") };
      spoil(room);
      await expectTold({ room, agent: room.start() }, { key, says });
      expect([broker.secured, broker.open]).toEqual([0, 0]);
      // The right files, and no restart.
      install(room, good);
      await room.until("it connects", () => broker.secured > 0);
    },
    TEST_MS,
  );

// ── What the broker has to decide: told at once, tried all the same ─────────────────────────────────────────────────

const TIME = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC";
type Tried = {
  readonly what: string;
  readonly make: (room: Room) => Identity;
  readonly doubt?: { readonly key: FaultKey; readonly says: RegExp };
  /** How mosquitto's refusal looks. */
  readonly refused: RegExp;
};
const TRIED: readonly Tried[] = [
  {
    what: "that has expired",
    make: (room) => issue(room.pki, room, EXPIRED),
    doubt: {
      key: "credentials.expired",
      says: new RegExp(`"gw-e2e" issued by "Hospital CA"\\) expired on 2026-01-01 00:00 UTC; this box says that it is ${TIME}$`),
    },
    refused: /refused this box's certificate: it says that the certificate has expired \(TLS alert "certificate expired"\)\. It is "gw/,
  },
  {
    what: "that is valid only later",
    make: (room) => issue(room.pki, room, FUTURE),
    doubt: {
      key: "credentials.not_yet",
      says: new RegExp(`"gw-e2e" issued by "Hospital CA"\\) is valid only from ${TIME}; this box says that it is ${TIME}$`),
    },
    refused: /refused this box's certificate: it says that the certificate is not valid \(TLS alert "bad certificate"\)\. It is/,
  },
  {
    what: "that is a server's",
    make: (room) => issue(room.pki, room, { kind: "server" }),
    doubt: { key: "credentials.wrong_use", says: /is not made for a client that connects to a server$/ },
    refused: /: it says that the certificate is not made for this use \(TLS alert "unsupported certificate"\)\. It is/,
  },
  {
    what: "from another authority than the broker trusts",
    make: (room) => issue(makeAuthority("Old Hospital CA"), room),
    refused:
      /: it does not know the authority .*"unknown ca"\)\. .* issued by "Old Hospital CA".*; the broker's own is issued by "Hospital CA"$/,
  },
];

for (const { what, make, doubt, refused } of TRIED)
  test.concurrent(
    `a certificate of this box ${what} is told${doubt === undefined ? "" : " before it is tried"}, and so is mosquitto's refusal`,
    async (t) => {
      const room = roomFor(t);
      const broker = await room.startBroker();
      room.configure({ port: broker.port });
      install(room, make(room));
      const agent = room.start();
      const status = await expectTold({ room, agent }, { key: "uplink.client_refused", says: refused });
      const { faults } = status;
      if (doubt === undefined) expect(faults).toHaveLength(1);
      else {
        await expectTold({ room, agent }, { ...doubt, scope: "credentials" });
        expect(faults.map(({ key }) => key)).toEqual([doubt.key, "uplink.client_refused"]);
        if (doubt.key === "credentials.expired") await expectShown(room, status);
        expect(agent.log().indexOf(doubt.key), "told first").toBeLessThan(agent.log().indexOf("uplink.client_refused"));
      }
      // A good one, and no restart.
      install(room, issue(room.pki, room));
      await room.statusWhere("all is well", (status) => status.uplink.phase === "online" && status.faults.length === 0);
    },
    TEST_MS,
  );

test.concurrent(
  "an expired certificate that the broker takes all the same stays told while readings go on",
  async (t) => {
    const room = roomFor(t);
    // A broker that looks at no client certificate: its clock, or its rules, are not ours.
    mkdirSync(room.at("broker"));
    const broker = room.keep(
      await startMosquitto({
        folder: room.at("broker"),
        pki: room.pki,
        without: ["require_certificate true", "use_identity_as_username true", "use_username_as_clientid true", "allow_anonymous false"],
        more: ["allow_anonymous true"],
        gatewayAcl: "topic readwrite bedside/v1/#\n",
      }),
    );
    room.configure({ port: broker.port });
    install(room, issue(room.pki, room, EXPIRED));
    room.start();
    const { faults } = await room.statusWhere("it is on line", ({ uplink }) => uplink.phase === "online");
    expect(faults).toEqual([expect.objectContaining({ scope: "credentials", key: "credentials.expired", number: "BED-131" })]);
  },
  TEST_MS,
);

test.concurrent(
  "an authority in broker.ca that has expired is told as such",
  async (t) => {
    const room = roomFor(t);
    room.configure({ port: await unusedPort() });
    writeFileSync(room.at("ca.crt"), room.pki.issue({ cn: "Old Hospital CA", kind: "client", signed: "self", ...EXPIRED }).cert);
    const agent = room.start();
    const says = /^The authority in broker\.ca \("Old Hospital CA"\) expired on 2026-01-01 00:00 UTC; /;
    await expectTold({ room, agent }, { key: "credentials.expired", scope: "credentials", says });
    await room.statusWhere("the broker is looked for all the same", hasFault("uplink.unreachable"));
  },
  TEST_MS,
);
