import { plain, Trouble } from "./trouble.ts";

/** What is said of a connection that ended: from what was seen of it to a Trouble. Pure. */
export type Seen = {
  /** TLS stood, on our side. */
  secured: boolean;
  /** The broker took the session. */
  open: boolean;
  /** The client id is the certificate's, so that one certificate is one session. */
  pinned: boolean;
};
export type Refusal = { readonly broker: { readonly host: string; readonly port: number }; readonly operator: string };
const CONNACK_REFUSED = 0x80;
const CLIENT_ID_REFUSED = 0x85;
const TAKEN_OVER = 0x8e;
const UNREACHED: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing takes connections there",
  EHOSTUNREACH: "no machine answers at that address",
  ENETUNREACH: "no network leads there",
  ETIMEDOUT: "nothing answered",
  ENOTFOUND: "there is no such name",
  EAI_AGAIN: "no name service answered",
};

export function connectionTrouble(cause: Error, { broker, operator }: Refusal, seen: Seen): Trouble {
  const at = `${broker.host}:${broker.port}`;
  const code = "code" in cause ? cause.code : undefined;
  if (seen.open) return new Trouble("broker.lost", `The connection to ${at} broke: ${plain(cause.message)}`, { cause });
  if (typeof code === "number" && code >= CONNACK_REFUSED)
    return new Trouble("broker.refused", `The broker at ${at} takes no session of "${operator}": ${plain(cause.message)}`, { cause });
  const word = UNREACHED[String(code)];
  if (word !== undefined) return new Trouble("broker.unreachable", `No connection to the broker at ${at}: ${word}`, { cause });
  if (seen.secured) return closeTrouble({ broker, operator }, seen, `: ${plain(cause.message)}`);
  const isTls = String(code).startsWith("ERR_SSL_") || code === "EPROTO";
  if (isTls && !/alert|unsupported/i.test(`${String(code)} ${cause.message}`))
    return new Trouble("broker.protocol", `Something answers at ${at}, but not with TLS as a broker does (${String(code)})`, { cause });
  if (code === "ECONNRESET" || code === undefined) return closeTrouble({ broker, operator }, seen);
  return new Trouble("broker.identity", `What answers at ${at} is not believed to be the broker: ${plain(cause.message)}`, { cause });
}

/** In TLS 1.3 the broker looks at our certificate after the connection is secured on our side; its refusal is often a plain close. */
export function closeTrouble({ broker, operator }: Refusal, { open, secured }: Seen, words = ""): Trouble {
  const at = `${broker.host}:${broker.port}`;
  if (open) return new Trouble("broker.lost", `The connection to ${at} ended${words}`);
  if (secured)
    return new Trouble("broker.refused", `The broker at ${at} closed the connection when it saw the certificate of "${operator}"${words}`);
  return new Trouble("broker.unreachable", `The connection to ${at} was closed before it was secure`);
}

/** DISCONNECT from the broker. */
export function disconnectTrouble(reason: number, known: Refusal): Trouble {
  if (reason === TAKEN_OVER) return takenOver(known, "another program has connected with that certificate");
  const { host, port } = known.broker;
  return new Trouble("broker.lost", `The broker at ${host}:${port} ended the session (reason 0x${reason.toString(16)})`);
}

export const takenOver = ({ broker, operator }: Refusal, how: string): Trouble =>
  new Trouble("broker.taken_over", `The broker at ${broker.host}:${broker.port} ended the session of "${operator}": ${how}`);

/** It wants another client id than it was offered. */
export const isClientIdRefused = (trouble: unknown): boolean =>
  trouble instanceof Trouble && trouble.cause instanceof Error && "code" in trouble.cause && trouble.cause.code === CLIENT_ID_REFUSED;
