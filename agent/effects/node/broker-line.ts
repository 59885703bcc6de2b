import { createHash, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { asFault, Fault } from "../../fault/fault.ts";
import type { ConnectOptions } from "../effects.ts";
import { doubtOf, ownCredentials } from "./broker-credentials.ts";
import { endFault, type Phase, type Seen, timeoutFault } from "./broker-faults.ts";

/** One TCP and TLS connection, from its first packet to its end. The first reason given for its end is the one told. */
export type Line = {
  readonly socket: TLSSocket;
  /** Resolves when the broker's certificate was found good; never rejects (see `closed`). */
  readonly secured: Promise<void>;
  /** Resolves once, when the socket is closed and nothing of it is left. */
  readonly closed: Promise<Fault>;
  /** The session stands: what ends it from now on is no refusal. */
  opened(): void;
  /** The attempt is over, well or not: its time limit no longer holds. */
  settled(): void;
  /** Why the end that is coming comes, where this side asks for it. */
  because(reason: Fault): void;
  /** Gives the reason and closes at once. */
  drop(reason: Fault): void;
};

export function openLine(wanted: { options: ConnectOptions; signal: AbortSignal; tickets: TicketStore }): Line {
  const { options, signal, tickets } = wanted;
  if (signal.aborted) throw givenUp(options);
  const own = ownCredentials(options.credentials, options.clientId);
  options.doubt(doubtOf(own, new Date()));
  const ticket = ticketName(options);
  const socket = openSocket(options, tickets.get(ticket));
  const seen: Seen = { options, own, phase: isIP(options.host) === 0 ? "resolving" : "reaching", presented: undefined, error: undefined };
  let reason: Fault | undefined;

  const secured = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<Fault>();
  const drop = (fault: Fault): void => {
    reason ??= fault;
    socket.destroy();
  };
  const timer = setTimeout(() => drop(timeoutFault(seen)), options.within);
  const abort = (): void => drop(givenUp(options));
  signal.addEventListener("abort", abort, { once: true });

  socket.once("lookup", (error: Error | null) => {
    if (error === null) advance(seen, "reaching");
  });
  socket.once("connect", () => advance(seen, "handshake"));
  // Before the verdict on the certificate, so that a refusal can name what was presented.
  socket.prependListener("secure", () => {
    // Not getPeerX509Certificate: after it Node's own look at the names finds an empty certificate.
    const { raw } = socket.getPeerCertificate(true);
    seen.presented = raw === undefined ? undefined : new X509Certificate(raw);
  });
  socket.once("secureConnect", () => {
    advance(seen, "secured");
    secured.resolve();
  });
  socket.on("session", (session: Buffer) => tickets.keep(ticket, session));
  socket.on("error", (error) => {
    seen.error ??= error;
  });
  socket.once("close", () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    // A ticket that led to a refusal is not tried again.
    if (seen.phase !== "open") tickets.forget(ticket);
    closed.resolve(reason ?? endFault(seen));
  });
  return {
    socket,
    secured: secured.promise,
    closed: closed.promise,
    opened: () => advance(seen, "open"),
    settled: () => clearTimeout(timer),
    because: (fault) => {
      reason ??= fault;
    },
    drop,
  };
}

function advance(seen: Seen, phase: Phase): void {
  seen.phase = phase;
}

function openSocket(options: ConnectOptions, session: Buffer | undefined): TLSSocket {
  const { ca, cert, key } = options.credentials;
  try {
    const socket = connectTls({
      host: options.host,
      port: options.port,
      // A server name is never an address (RFC 6066, 3); an address is still compared with the names in the certificate.
      ...(isIP(options.host) === 0 ? { servername: options.host } : {}),
      ca: Buffer.from(ca),
      cert: Buffer.from(cert),
      key: Buffer.from(key),
      minVersion: "TLSv1.3",
      maxVersion: "TLSv1.3",
      // Said aloud, so that no environment variable changes it.
      rejectUnauthorized: true,
      ...(session === undefined ? {} : { session }),
    });
    socket.setNoDelay(true);
    return socket;
  } catch (caught) {
    throw asFault(caught, "credentials.damaged", "The certificates or the key cannot be used");
  }
}

function givenUp(options: ConnectOptions): Fault {
  return new Fault("uplink.closed", `This box gave up the connection to ${options.host}:${options.port}`, { host: options.host });
}

/** TLS session tickets, in memory, the latest of each name. */
export type TicketStore = {
  get(name: string): Buffer | undefined;
  keep(name: string, ticket: Buffer): void;
  forget(name: string): void;
};

const TICKETS_MAX = 8;

export function ticketStore(): TicketStore {
  const tickets = new Map<string, Buffer>();
  return {
    get: (name) => tickets.get(name),
    keep: (name, ticket) => {
      tickets.delete(name);
      tickets.set(name, ticket);
      const [oldest] = tickets.keys();
      if (tickets.size > TICKETS_MAX && oldest !== undefined) tickets.delete(oldest);
    },
    forget: (name) => void tickets.delete(name),
  };
}

/** A resumed session skips the look at the certificates, so a ticket is good only beside the credentials it was made with. */
function ticketName(options: ConnectOptions): string {
  const hash = createHash("sha256").update(`${options.host} ${options.port}\n`);
  for (const part of [options.credentials.ca, options.credentials.cert, options.credentials.key]) {
    hash.update(`${part.length}\n`).update(part);
  }
  return hash.digest("base64");
}
