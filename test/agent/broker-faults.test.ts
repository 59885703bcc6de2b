import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ALERT_WORDS, NO_NETWORK, SYSTEM_WORDS } from "../../agent/effects/node/broker-faults.table.ts";
import { endFault, type Phase, type Seen, timeoutFault } from "../../agent/effects/node/broker-faults.ts";
import { Seconds } from "../../config/units.ts";
import { credentialsOf, makeAuthority } from "../support/pki.ts";

/** The words for ends of a connection that a test machine cannot bring about. */

const pki = makeAuthority("Hospital CA");
const identity = pki.issue({ cn: "gw-1", kind: "client" });
const OWN = { certificate: new X509Certificate(identity.cert), authorities: [new X509Certificate(pki.cert)] };
const seen = (phase: Phase, code?: string): Seen => ({
  options: {
    ...{ host: "b.h", port: 8883, clientId: "gw-1", keepalive: Seconds(30), within: Seconds(15) },
    credentials: credentialsOf(pki, identity),
    will: { topic: "a", payload: Buffer.of(), retain: true, properties: {} },
    doubt: () => undefined,
  },
  own: OWN,
  phase,
  presented: undefined,
  error: code === undefined ? undefined : Object.assign(new TypeError("words for programmers"), { code }),
});
const told = (phase: Phase, code?: string): string => {
  const { key, message } = endFault(seen(phase, code));
  return `${key}  ${message}`;
};

describe("the end of a connection", () => {
  test.each<[Phase, string | undefined, string]>([
    ["resolving", "EAI_AGAIN", 'uplink.no_dns  The broker\'s name "b.h" cannot be looked up: no name service answered (EAI_AGAIN)'],
    [
      "resolving",
      "ENODATA",
      'uplink.name_unknown  The broker\'s name "b.h" is not known: the name service has no address for it (ENODATA)',
    ],
    [
      "reaching",
      "EHOSTUNREACH",
      "uplink.unreachable  No connection to the broker at b.h:8883: no machine answers at that address (EHOSTUNREACH)",
    ],
    ["reaching", "ENETDOWN", "uplink.no_network  No connection to the broker at b.h:8883: the network of this box is down (ENETDOWN)"],
    ["reaching", "EACCES", "uplink.unreachable  No connection to the broker at b.h:8883: a rule on this box forbids it (EACCES)"],
    ["reaching", "ETIMEDOUT", "uplink.timed_out  The broker at b.h:8883 did not answer within 15 s: nothing answered at all"],
    ["handshake", "ECONNRESET", "uplink.closed  The broker at b.h:8883 cut the connection off (ECONNRESET), before it was secure"],
    ["open", "ECONNRESET", "uplink.closed  The broker at b.h:8883 cut the connection off (ECONNRESET)"],
    ["open", undefined, "uplink.closed  The broker at b.h:8883 closed the connection without a word"],
  ])("while %s by %s has its words", (phase, code, words) => {
    expect(told(phase, code)).toBe(words);
  });

  test("by an alert before any certificate was looked at has its words", () => {
    const [key, text] = told("handshake", "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE").split("  ");
    expect(key).toBe("uplink.server_refused");
    expect(text).toContain('agreed to no secure connection: the two found no method that both accept (TLS alert "handshake failure")');
  });

  test("by a name service that never answers is told as that, not as a broker that is slow", () => {
    const fault = timeoutFault(seen("resolving"));
    expect(fault.key).toBe("uplink.no_dns");
    expect(fault.message).toBe('The broker\'s name "b.h" cannot be looked up: no name service answered within 15 s');
  });

  test("by any alert on our certificate names the alert in words, and an unknown one by its name", () => {
    for (const [alert, words] of Object.entries(ALERT_WORDS)) {
      const code = `ERR_SSL_TLSV1_ALERT_${alert.toUpperCase().replaceAll(" ", "_")}`;
      expect(told("secured", code)).toContain(
        `refused this box's certificate: ${words} (TLS alert "${alert}"). It is "gw-1" issued by "Hospital CA"`,
      );
    }
    expect(told("secured", "ERR_SSL_TLSV1_ALERT_TOO_NEW")).toContain('it does not say why (TLS alert "too new")');
  });

  test("never hands on the library's own words, and keeps its code", () => {
    for (const phase of ["resolving", "reaching", "handshake", "secured", "open"] as const)
      for (const code of [...Object.keys(SYSTEM_WORDS), ...NO_NETWORK, "ERR_SSL_WRONG_VERSION_NUMBER", "EUNHEARDOF"]) {
        const fault = endFault(seen(phase, code));
        expect(fault.message).not.toContain("words for programmers");
        expect(fault.cause).toBeUndefined();
        expect(fault.context.code).toBe(code);
      }
  });
});
