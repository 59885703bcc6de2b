import type { X509Certificate } from "node:crypto";
import { Fault, type FaultKey } from "../../fault/fault.ts";
import { REASONS } from "../../uplink/packet-check.table.ts";
import type { ConnectOptions } from "../effects.ts";
import type { Own } from "./broker-credentials.ts";

/**
 * How far a connection has come. In TLS 1.3 "secured" is this side's opinion only: the broker has not looked at our
 * certificate yet, and its refusal comes as an alert or a plain close a moment later.
 */
export type Phase = "resolving" | "reaching" | "handshake" | "secured" | "open";

/** What was seen of a connection until its end: all that a fault may be made of. */
export type Seen = {
  readonly options: ConnectOptions;
  readonly own: Own;
  phase: Phase;
  presented: X509Certificate | undefined;
  error: Error | undefined;
};

/** Verdicts of the TLS library on the broker's certificate; those not named here are `uplink.server_refused`. */
const VERDICTS: Readonly<Record<string, FaultKey>> = {
  UNABLE_TO_GET_ISSUER_CERT: "uplink.wrong_issuer",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "uplink.wrong_issuer",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "uplink.wrong_issuer",
  DEPTH_ZERO_SELF_SIGNED_CERT: "uplink.wrong_issuer",
  SELF_SIGNED_CERT_IN_CHAIN: "uplink.wrong_issuer",
  CERT_SIGNATURE_FAILURE: "uplink.wrong_issuer",
  CERT_UNTRUSTED: "uplink.wrong_issuer",
  ERR_TLS_CERT_ALTNAME_INVALID: "uplink.wrong_name",
  CERT_HAS_EXPIRED: "uplink.server_expired",
  CERT_NOT_YET_VALID: "uplink.server_expired",
};

/** Why a connection ended for which this side gave no reason. */
export function endFault(seen: Seen): Fault {
  const { host } = seen.options;
  const code = codeOf(seen.error);
  switch (seen.phase) {
    case "resolving":
      if (code.startsWith("EAI_") || code === "ENOTFOUND")
        return fault(seen, "uplink.name_unknown", `The name "${host}" does not resolve (${code})`);
      return unreached(seen, code);
    case "reaching":
      return unreached(seen, code);
    case "handshake":
      return handshakeFault(seen, code);
    case "secured":
      if (code === "ETIMEDOUT") return timeoutFault(seen);
      return fault(
        seen,
        "uplink.client_refused",
        `${place(seen)} ${answer(code)} when it saw this box's certificate (${describe(seen.own.certificate)})`,
      );
    case "open":
      return fault(seen, "uplink.closed", `${place(seen)} ${answer(code)}`);
  }
}

const MISSING: Readonly<Record<Phase, string>> = {
  resolving: "the name service did not answer",
  reaching: "no TCP connection",
  handshake: "TCP connected, but the TLS handshake did not end",
  secured: "TLS connected, but no CONNACK came",
  open: "no answer",
};

export function timeoutFault(seen: Seen): Fault {
  return fault(seen, "uplink.timed_out", `No session with ${place(seen)} within ${seen.options.within / 1000} s: ${MISSING[seen.phase]}`);
}

/** A CONNACK or DISCONNECT with its code; `words` is the broker's own Reason String. */
export function reasonFault(
  key: "uplink.refused" | "uplink.closed",
  said: { readonly options: ConnectOptions; readonly code: number; readonly words: string | undefined },
): Fault {
  const { host, port } = said.options;
  const what = key === "uplink.refused" ? "refused the session" : "ended the session";
  const words = said.words === undefined ? "" : `: "${printable(said.words)}"`;
  return new Fault(key, `${host}:${port} ${what}: ${reasonName(said.code)}${words}`, { host, port, code: said.code });
}

export const reasonName = (code: number): string => `0x${code.toString(16).padStart(2, "0")} ${REASONS[code] ?? "unknown reason"}`;

function unreached(seen: Seen, code: string): Fault {
  return code === "ETIMEDOUT" ? timeoutFault(seen) : fault(seen, "uplink.unreachable", `No TCP connection to ${place(seen)} (${code})`);
}

function handshakeFault(seen: Seen, code: string): Fault {
  const { presented, own, options } = seen;
  if (presented !== undefined && seen.error !== undefined) {
    const key = VERDICTS[code] ?? "uplink.server_refused";
    const shown = `${place(seen)} presented ${describe(presented)}`;
    if (key === "uplink.wrong_issuer") {
      return fault(
        seen,
        key,
        `${shown}; this box trusts ${own.authorities
          .slice(0, 3)
          .map((one) => nameOf(one.subject))
          .join(", ")}`,
      );
    }
    if (key === "uplink.wrong_name") return fault(seen, key, `${shown}, which is not for "${options.host}"`);
    if (key === "uplink.server_expired") return fault(seen, key, `${shown}; the clock of this box says ${day(new Date())}`);
    return fault(seen, key, `${shown}, which cannot be accepted (${code})`);
  }
  if (code.includes("ALERT") || code === "ERR_SSL_UNSUPPORTED_PROTOCOL")
    return fault(seen, "uplink.server_refused", `${place(seen)} ${answer(code)} in the TLS handshake`);
  // Not an alert, but bytes that are no TLS at all.
  if (code.startsWith("ERR_SSL_")) return fault(seen, "uplink.protocol", `${place(seen)} does not speak TLS (${code})`);
  if (code === "ETIMEDOUT") return timeoutFault(seen);
  return fault(seen, "uplink.closed", `${place(seen)} ${answer(code)} in the TLS handshake`);
}

function fault(seen: Seen, key: FaultKey, message: string): Fault {
  const code = codeOf(seen.error);
  const context = { host: seen.options.host, port: seen.options.port, ...(code === "" ? {} : { code }) };
  return new Fault(key, message, context, seen.error === undefined ? {} : { cause: seen.error });
}

const place = (seen: Seen): string => `${seen.options.host}:${seen.options.port}`;

/** What the other side did, from the error's code: an alert by its name, a reset, or nothing at all. */
function answer(code: string): string {
  const alert = code.split("ALERT_")[1];
  if (alert !== undefined) return `sent the TLS alert "${alert.toLowerCase().replaceAll("_", " ")}"`;
  return code === "" ? "closed the connection without a word" : `broke the connection (${code})`;
}

function codeOf(error: Error | undefined): string {
  if (error === undefined) return "";
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === "string" ? code : error.message;
}

function describe(certificate: X509Certificate): string {
  const names = certificate.subjectAltName === undefined ? "" : `, names ${printable(certificate.subjectAltName)}`;
  const from = day(certificate.validFromDate);
  return `"${nameOf(certificate.subject)}" issued by "${nameOf(certificate.issuer)}", valid ${from} to ${day(certificate.validToDate)}${names}`;
}

/** The common name where there is one, the whole name otherwise. */
function nameOf(name: string): string {
  const common = name.split("\n").find((line) => line.startsWith("CN="));
  return printable(common?.slice(3) ?? name.replaceAll("\n", ", "));
}

const day = (date: Date): string => `${date.toISOString().slice(0, 16)}Z`;

const WORDS_MAX = 200;

/** Text of the other side goes into logs and onto terminals: no control characters, and not endless. */
function printable(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, "?").slice(0, WORDS_MAX);
}
