import type { X509Certificate } from "node:crypto";
import { Fault, type FaultKey } from "../../fault/fault.ts";
import { REACTIONS, type ReactionRow } from "../../uplink/packet-check.table.ts";
import { reasonName } from "../../uplink/packet-check.ts";
import type { ConnectOptions } from "../effects.ts";
import type { Own } from "./broker-credentials.ts";
import { ALERT_WORDS, NO_NETWORK, SYSTEM_WORDS, VERDICTS } from "./broker-faults.table.ts";
import { day, describe, nameOf, printable } from "./certificate-words.ts";

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

/** Why a connection ended for which this side gave no reason. */
export function endFault(seen: Seen): Fault {
  const { host } = seen.options;
  const code = codeOf(seen.error);
  switch (seen.phase) {
    case "resolving":
      if (code === "EAI_AGAIN") return fault(seen, "uplink.no_dns", `The name "${host}" cannot be looked up: ${inWords(code)}`);
      if (code.startsWith("EAI_") || code.startsWith("ENO"))
        return fault(seen, "uplink.name_unknown", `The broker's name "${host}" does not resolve: ${inWords(code)}`);
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
        `${place(seen)} ${answer(code)}, when it saw this box's certificate (${describe(seen.own.certificate)}${issuerOf(seen)})`,
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
  packet: "connack" | "disconnect",
  said: { readonly options: ConnectOptions; readonly code: number; readonly words: string | undefined },
): Fault {
  const { host, port } = said.options;
  const row: ReactionRow | undefined = REACTIONS[packet][said.code];
  const what = packet === "connack" ? "takes no session" : "ended the session";
  const words = said.words === undefined ? "" : `, in its words: "${printable(said.words)}"`;
  const message = `The broker ${host}:${port} ${what} (${reasonName(said.code)}): ${row?.means ?? "the code is not explained"}${words}`;
  const react = row?.react ?? "again";
  return new Fault(keyOf(packet, said.code, react), message, { host, port, code: said.code, react });
}

const SESSION_TAKEN_OVER = 0x8e;

function keyOf(packet: "connack" | "disconnect", code: number, react: ReactionRow["react"]): FaultKey {
  if (code === SESSION_TAKEN_OVER) return "uplink.identity_twice";
  if (react === "person") return "uplink.refused";
  return packet === "connack" ? "uplink.busy" : "uplink.closed";
}

function unreached(seen: Seen, code: string): Fault {
  if (code === "ETIMEDOUT") return timeoutFault(seen);
  const key = NO_NETWORK.includes(code) ? "uplink.no_network" : "uplink.unreachable";
  return fault(seen, key, `No connection to the broker at ${place(seen)}: ${inWords(code)}`);
}

function handshakeFault(seen: Seen, code: string): Fault {
  if (seen.presented !== undefined && seen.error !== undefined) return verdictFault(seen, seen.presented, code);
  const alert = alertOf(code);
  // What the library says by itself, where it is asked for an older version outright.
  if (alert === "protocol version" || code === "ERR_SSL_UNSUPPORTED_PROTOCOL")
    return fault(seen, "uplink.tls_version", `${place(seen)} does not speak TLS 1.3 (${answer(code)})`);
  if (alert !== undefined) return fault(seen, "uplink.server_refused", `${place(seen)} ${answer(code)}`);
  // Not an alert, but bytes that are no TLS at all.
  if (code.startsWith("ERR_SSL_"))
    return fault(seen, "uplink.protocol", `${place(seen)} answers, but not as a broker with TLS does (${code})`);
  if (code === "ETIMEDOUT") return timeoutFault(seen);
  return fault(seen, "uplink.closed", `${place(seen)} ${answer(code)} before the connection was secure`);
}

/** The library's verdict on the certificate that was presented, with what was seen of it. */
function verdictFault(seen: Seen, presented: X509Certificate, code: string): Fault {
  const { own, options, error } = seen;
  const weak = code === "UNSPECIFIED" && / too (weak|small)/.test(error?.message ?? "");
  const key = weak ? "uplink.server_weak" : (VERDICTS[code] ?? "uplink.server_refused");
  const shown = `${place(seen)} presented ${describe(presented)}`;
  const trusted = own.authorities.slice(0, TRUSTED_TOLD).map(({ subject }) => nameOf(subject));
  const trusts = `this box trusts ${trusted.join(", ")}`;
  const now = new Date();
  const clock = `the clock of this box says ${day(now)}`;
  const holds = presented.validFromDate <= now && now <= presented.validToDate;
  // The library judges the whole chain: where the certificate itself holds, its authority does not.
  const which = holds ? "it holds itself, but the authority that issued it does not; " : "";
  switch (key) {
    case "uplink.wrong_issuer":
    case "uplink.self_signed":
    case "uplink.server_damaged":
      return fault(seen, key, `${shown}${key === "uplink.server_damaged" ? ", but its signature is wrong" : ""}; ${trusts}`);
    case "uplink.wrong_name":
      return fault(seen, key, `${shown}, which is not for "${options.host}"`);
    case "uplink.server_expired":
      return fault(seen, key, `${shown}; ${which || `it expired on ${day(presented.validToDate)}, `}${clock}`);
    case "uplink.server_not_yet":
      return fault(seen, key, `${shown}; ${which || `it is valid only from ${day(presented.validFromDate)}, `}${clock}`);
    case "uplink.wrong_use":
      return fault(seen, key, `${shown}, which is not made for a server`);
    case "uplink.server_weak":
      return fault(seen, key, `${shown}, whose key or signature is too weak (${keyWords(presented)})`);
    default:
      return fault(seen, "uplink.server_refused", `${shown}, which cannot be accepted (${code}: ${printable(error?.message ?? "")})`);
  }
}

/** So many of the authorities that this box trusts are named. */
const TRUSTED_TOLD = 3;

function keyWords({ publicKey }: X509Certificate): string {
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  return `${publicKey.asymmetricKeyType ?? "unknown"} ${modulusLength ?? namedCurve ?? ""}`.trim();
}

function fault(seen: Seen, key: FaultKey, message: string): Fault {
  const code = codeOf(seen.error);
  const context = { host: seen.options.host, port: seen.options.port, ...(code === "" ? {} : { code }) };
  return new Fault(key, message, context, seen.error === undefined ? {} : { cause: seen.error });
}

/** Where the two certificates come from different authorities, that is worth a look. */
function issuerOf({ own, presented }: Seen): string {
  if (presented === undefined || presented.issuer === own.certificate.issuer) return "";
  return `; the broker's own comes from "${nameOf(presented.issuer)}"`;
}

const place = (seen: Seen): string => `${seen.options.host}:${seen.options.port}`;

/** What the other side did, from the error's code: an alert in words, a reset, or nothing at all. */
function answer(code: string): string {
  const alert = alertOf(code);
  if (alert !== undefined) {
    const words = ALERT_WORDS[alert];
    return `sent the TLS alert "${alert}"${words === undefined ? "" : `: ${words}`}`;
  }
  return code === "" ? "closed the connection without a word" : `broke the connection: ${inWords(code)}`;
}

const alertOf = (code: string): string | undefined => code.split("ALERT_")[1]?.toLowerCase().replaceAll("_", " ");

/** With the code behind the words, for those who know it. */
const inWords = (code: string): string => (SYSTEM_WORDS[code] === undefined ? code : `${SYSTEM_WORDS[code]} (${code})`);

function codeOf(error: Error | undefined): string {
  if (error === undefined) return "";
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === "string" ? code : error.message;
}
