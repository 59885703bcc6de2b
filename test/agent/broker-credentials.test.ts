import { createPrivateKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Credentials } from "../../agent/effects/effects.ts";
import { doubtOf, ownCredentials } from "../../agent/effects/node/broker-credentials.ts";
import { Fault, type FaultKey } from "../../agent/fault/fault.ts";
import { type CertificateRequest, credentialsOf, type KeyKind, makeAuthority } from "../support/pki.ts";

/** What this box finds in its own certificate and key before it connects. */

const pki = makeAuthority("Hospital CA");
const DAY = 86_400_000;
const client = (request: Partial<CertificateRequest> = {}): Credentials =>
  credentialsOf(pki, pki.issue({ cn: "gw-1", kind: "client", ...request }));
const inPem = (text: string): Uint8Array => Buffer.from(text);
/** The first bytes behind the PEM's first line are others. */
const damaged = (pem: Uint8Array): Uint8Array =>
  Buffer.from(
    Buffer.from(pem)
      .toString()
      .replace(/-\n..../, "-\n////"),
  );
const locked = (pem: Uint8Array): Uint8Array =>
  inPem(createPrivateKey(Buffer.from(pem)).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }).toString());

function refusal(credentials: Credentials, gateway = "gw-1"): Fault {
  try {
    ownCredentials(credentials, gateway);
  } catch (caught) {
    if (caught instanceof Fault) return caught;
    throw caught;
  }
  throw new TypeError("it was accepted");
}
const doubt = (request: Partial<CertificateRequest>, now = new Date()): Fault | undefined =>
  doubtOf(ownCredentials(client(request), "gw-1"), now);

type Case = { readonly what: string; readonly credentials: () => Credentials; readonly key: FaultKey; readonly says: RegExp };
const CASES: readonly Case[] = [
  {
    what: "a file that is no certificate",
    credentials: () => ({ ...client(), cert: inPem("hello") }),
    key: "credentials.damaged",
    says: /^broker\.cert holds no whole certificate$/,
  },
  {
    what: "a certificate that was cut while it was copied",
    credentials: () => ({ ...client(), cert: client().cert.subarray(0, 300) }),
    key: "credentials.damaged",
    says: /^broker\.cert holds no whole certificate$/,
  },
  {
    what: "a damaged certificate",
    credentials: () => ({ ...client(), cert: damaged(client().cert) }),
    key: "credentials.damaged",
    says: /^broker\.cert holds a damaged certificate$/,
  },
  {
    what: "an authority file that is none",
    credentials: () => ({ ...client(), ca: inPem("") }),
    key: "credentials.damaged",
    says: /^broker\.ca holds no whole certificate$/,
  },
  {
    what: "a file that is no key",
    credentials: () => ({ ...client(), key: inPem("hello") }),
    key: "credentials.damaged",
    says: /^broker\.key holds no usable private key$/,
  },
  {
    what: "a key that is locked with a password",
    credentials: () => ({ ...client(), key: locked(client().key) }),
    key: "credentials.damaged",
    says: /^broker\.key holds a key that is locked with a password; this box needs it without one$/,
  },
  {
    what: "the key of another certificate",
    credentials: () => ({ ...client(), key: client().key }),
    key: "credentials.mismatched",
    says: /^broker\.key does not belong to broker\.cert, the certificate of "gw-1"$/,
  },
  {
    what: "the certificate of another gateway",
    credentials: () => client({ cn: "gw-2" }),
    key: "credentials.wrong_name",
    says: /^broker\.cert is the certificate of "gw-2", but this gateway is "gw-1"$/,
  },
];

describe("the own certificate and key", () => {
  test.each(CASES)("with $what are refused as $key before anything is sent", ({ credentials, key, says }) => {
    const fault = refusal(credentials());
    expect(fault.key).toBe(key);
    expect(fault.message).toMatch(says);
  });

  test.each<[KeyKind, string]>([
    ["P-224", "an EC key on the curve secp224r1"],
    ["RSA-1024", "an RSA key of 1024 bits"],
    ["RSA-2048", "an RSA key of 2048 bits"],
  ])("with a key %s are too weak, and the text names its size (R03)", (keys, named) => {
    const fault = refusal(client({ keys }));
    expect(fault.key).toBe("credentials.weak");
    expect(fault.message).toContain(`The key in broker.key is ${named}; this box uses EC P-256 or better, or RSA from 3072 bits`);
  });

  test.each<KeyKind>(["P-256", "RSA-3072"])("with a key %s are good enough (R03)", (keys) => {
    expect(() => ownCredentials(client({ keys }), "gw-1")).not.toThrow();
    expect(doubt({ keys })).toBeUndefined();
  });
});

describe("what is for the broker to decide", () => {
  test("an expired certificate is doubted with its date and the time of this box", () => {
    const fault = doubt({ notBefore: new Date("2025-01-01T00:00Z"), notAfter: new Date("2026-01-01T12:30Z") });
    expect(fault?.key).toBe("credentials.expired");
    expect(fault?.message).toMatch(
      /^This box's certificate \(broker\.cert, "gw-1" issued by "Hospital CA"\) expired on 2026-01-01 12:30 UTC; /,
    );
    expect(fault?.message).toMatch(/; this box says that it is \d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
  });

  test("a clock of 1970 makes a good certificate one that is valid only from later on (R12)", () => {
    const fault = doubt({}, new Date(0));
    expect(fault?.key).toBe("credentials.not_yet");
    expect(fault?.message).toMatch(/is valid only from .* UTC; this box says that it is 1970-01-01 00:00 UTC$/);
  });

  test("a server's certificate is doubted as made for another use", () => {
    expect(doubt({ kind: "server" })?.key).toBe("credentials.wrong_use");
  });

  test("authorities that have all expired are doubted, one that still holds is enough", () => {
    const own = ownCredentials(client({ notAfter: new Date(Date.now() + 90 * DAY) }), "gw-1");
    const later = new Date(Date.now() + 60 * DAY);
    const fault = doubtOf(own, later);
    expect(fault?.key).toBe("credentials.expired");
    expect(fault?.message).toMatch(/^The authority in broker\.ca \("Hospital CA"\) expired on .* UTC; this box says that it is .* UTC$/);
    const holding = ownCredentials({ ...client(), ca: Buffer.from(`${pki.cert}${makeAuthority("New CA").cert}`) }, "gw-1");
    expect(holding.authorities).toHaveLength(2);
    expect(doubtOf(holding, new Date())).toBeUndefined();
  });
});
