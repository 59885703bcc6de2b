import type { X509Certificate } from "node:crypto";
import { Fault, type FaultKey } from "../../fault/fault.ts";
import { REACTIONS, type ReactionRow } from "../../uplink/packet-check.table.ts";
import { reasonName } from "../../uplink/packet-check.ts";
import type { ConnectOptions } from "../effects.ts";
import type { Own } from "./broker-credentials.ts";
import { ALERT_WORDS, CUT_OFF, NO_NETWORK, SYSTEM_WORDS, VERDICTS } from "./broker-faults.table.ts";
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
      if (code === "EAI_AGAIN") return fault(seen, "uplink.no_dns", `The broker's name "${host}" cannot be looked up: ${inWords(code)}`);
      if (code.startsWith("EAI_") || code.startsWith("ENO"))
        return fault(seen, "uplink.name_unknown", `The broker's name "${host}" is not known: ${inWords(code)}`);
      return unreached(seen, code);
    case "reaching":
      return unreached(seen, code);
    case "handshake":
      return handshakeFault(seen, code);
    case "secured":
      return code === "ETIMEDOUT" ? timeoutFault(seen) : refusedFault(seen, code);
    case "open":
      return fault(seen, "uplink.closed", `${broker(seen)} ${answer(code)}`);
  }
}

/** What is missing for a session, by how far it came. */
const MISSING: Readonly<Record<Exclude<Phase, "resolving">, string>> = {
  reaching: "nothing answered at all",
  handshake: "something takes the connection there, but does not answer (no TLS)",
  secured: "the secure connection stands, but the broker did not answer on it (no CONNACK)",
  open: "no answer",
};

export function timeoutFault(seen: Seen): Fault {
  const within = `within ${seen.options.within / 1000} s`;
  // With several name services set up, asking them all takes longer than this.
  if (seen.phase === "resolving")
    return fault(seen, "uplink.no_dns", `The broker's name "${seen.options.host}" cannot be looked up: no name service answered ${within}`);
  return fault(seen, "uplink.timed_out", `${broker(seen)} did not answer ${within}: ${MISSING[seen.phase]}`);
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
  const message = `The broker at ${host}:${port} ${what} (${reasonName(said.code)}): ${row?.means ?? "the code is not explained"}${words}`;
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
    return fault(seen, "uplink.tls_version", `${broker(seen)} does not speak TLS 1.3, which this box asks for`);
  if (alert !== undefined)
    return fault(seen, "uplink.server_refused", `${broker(seen)} agreed to no secure connection: ${alertInWords(alert)}`);
  // Not an alert, but bytes that are no TLS at all.
  if (code.startsWith("ERR_SSL_"))
    return fault(
      seen,
      "uplink.protocol",
      `Something answers at ${place(seen)}, but not with a secure connection (TLS) as a broker does (${code})`,
    );
  if (code === "ETIMEDOUT") return timeoutFault(seen);
  return fault(seen, "uplink.closed", `${broker(seen)} ${answer(code)}, before it was secure`);
}

/** The refusal of our certificate, as servers tell it: by an alert, or by an end without one. */
function refusedFault(seen: Seen, code: string): Fault {
  const alert = alertOf(code);
  const own = `It is ${describe(seen.own.certificate)}${issuerOf(seen)}`;
  const text =
    alert === undefined
      ? `${broker(seen)} ${answer(code)} when it saw this box's certificate. ${own}`
      : `${broker(seen)} refused this box's certificate: ${alertInWords(alert)}. ${own}`;
  return fault(seen, "uplink.client_refused", text);
}

/** The library's verdict on the certificate that was presented, with what was seen of it. */
function verdictFault(seen: Seen, presented: X509Certificate, code: string): Fault {
  const { own, options, error } = seen;
  const weak = code === "UNSPECIFIED" && / too (weak|small)/.test(error?.message ?? "");
  const key = weak ? "uplink.server_weak" : (VERDICTS[code] ?? "uplink.server_refused");
  const issuer = `"${nameOf(presented.issuer)}"`;
  const trusted = own.authorities.slice(0, TRUSTED_TOLD).map(({ subject }) => `"${nameOf(subject)}"`);
  const expected = `expected one from ${trusted.join(" or ")}`;
  const now = new Date();
  const holds = presented.validFromDate <= now && now <= presented.validToDate;
  // The library judges the whole chain: where the certificate itself holds, its authority does not.
  const whose = holds ? `The certificate of the authority ${issuer} behind the broker` : "The broker's certificate";
  const expiry = holds ? "has expired" : `expired on ${day(presented.validToDate)}`;
  const begin = holds ? "is not valid yet" : `is valid only from ${day(presented.validFromDate)}`;
  const clock = `this box says that it is ${day(now)}`;
  const say = (text: string): Fault => fault(seen, key, `${text}. ${place(seen)} presented ${describe(presented)}`);
  switch (key) {
    case "uplink.wrong_issuer":
      return say(`The broker answered with a certificate from ${issuer}, ${expected}`);
    case "uplink.self_signed":
      return say(`The broker answered with a certificate that it signed itself, ${expected}`);
    case "uplink.server_damaged":
      return say(`The broker's certificate says that it comes from ${issuer}, but the signature on it is wrong`);
    case "uplink.wrong_name":
      return say(`The broker's certificate is not for "${options.host}"`);
    case "uplink.server_expired":
      return say(`${whose} ${expiry}; ${clock}`);
    case "uplink.server_not_yet":
      return say(`${whose} ${begin}; ${clock}`);
    case "uplink.wrong_use":
      return say("The broker's certificate is not made for a server");
    case "uplink.server_weak":
      return say(`The key or the signature of the broker's certificate is too weak (${keyWords(presented)})`);
    default:
      return say(`The broker's certificate cannot be accepted (${code}: ${printable(error?.message ?? "")})`);
  }
}

/** So many of the authorities that this box trusts are named. */
const TRUSTED_TOLD = 3;

function keyWords({ publicKey }: X509Certificate): string {
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  return `${publicKey.asymmetricKeyType ?? "unknown"} ${modulusLength ?? namedCurve ?? ""}`.trim();
}

/** Without the library's own error: the code is kept, the words are translated, and its hints are for programmers. */
function fault(seen: Seen, key: FaultKey, message: string): Fault {
  const code = codeOf(seen.error);
  return new Fault(key, message, { host: seen.options.host, port: seen.options.port, ...(code === "" ? {} : { code }) });
}

/** Where the two certificates come from different authorities, that is worth a look. */
function issuerOf({ own, presented }: Seen): string {
  if (presented === undefined || presented.issuer === own.certificate.issuer) return "";
  return `; the broker's own is issued by "${nameOf(presented.issuer)}"`;
}

const broker = (seen: Seen): string => `The broker at ${place(seen)}`;
const place = (seen: Seen): string => `${seen.options.host}:${seen.options.port}`;

/** What the other side did, where it gave no alert. */
function answer(code: string): string {
  const alert = alertOf(code);
  if (alert !== undefined) return `ended the connection: ${alertInWords(alert)}`;
  if (code === "") return "closed the connection without a word";
  return CUT_OFF.includes(code) ? `cut the connection off (${code})` : `ended the connection: ${inWords(code)}`;
}

/** With the alert's name behind the words, for those who know it. */
const alertInWords = (alert: string): string => `${ALERT_WORDS[alert] ?? "it does not say why"} (TLS alert "${alert}")`;

const alertOf = (code: string): string | undefined => code.split("ALERT_")[1]?.toLowerCase().replaceAll("_", " ");

/** With the code behind the words, for those who know it. */
const inWords = (code: string): string => (SYSTEM_WORDS[code] === undefined ? code : `${SYSTEM_WORDS[code]} (${code})`);

function codeOf(error: Error | undefined): string {
  if (error === undefined) return "";
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === "string" ? code : error.message;
}
