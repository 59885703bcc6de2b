import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { crc32 } from "node:zlib";
import type { UdpAddress } from "../../../config/settings/udp-address.ts";
import { DATAGRAM_MAX } from "../../../drivers/kit/framer.ts";
import { Fault, type FaultKey } from "../../fault/fault.ts";
import type { OpenPort, Unread } from "../effects.ts";
import { type HeldName, holdName } from "./host.ts";

/** Datagrams that wait for the next read; a monitor with all its waves sends a tenth of that in a tick. What comes then is counted. */
export const WAITING_MAX = 128;
/** What was sent last is under way before the port is shut; no network makes that longer. In milliseconds. */
const FAREWELL_WITHIN = 200;

/**
 * A device at one address. Its datagrams alone are handed out: who sends from another address or another port is counted, and nothing
 * of it is looked at. Whoever can send in the name of that address is taken for it, since UDP proves nothing (HAZARDS.md, Z17).
 *
 * Nothing tells that a device is gone: no route, a refusal of its host or a cable that is out are all silence, and each of them could
 * be played by anybody. What comes again is heard at once. `gone` means that our own socket has failed.
 */
export async function openUdp(path: string, peer: UdpAddress): Promise<OpenPort> {
  // One reader for one peer, of all agents on this box: two would be two clients to the device.
  const held = await holdName(`port-${path}`);
  if (held === undefined) throw new Fault("port.in_use", `${path} is in use by another agent`, { path });
  const socket = createSocket({ type: "udp4", reuseAddr: false });
  try {
    await tryTheWay(peer);
    await bind(socket, peer);
    return portOf(socket, peer, held);
  } catch (caught) {
    socket.close();
    await held.release();
    throw openFault(path, caught);
  }
}

/**
 * The kernel is asked for the way there before anything is sent; it knows a broadcast address of this box's own networks, and refuses
 * it. By a socket of its own: connected, the kernel would drop what strangers send, so that nobody could tell that they do, and a new
 * address of this box would end it.
 */
async function tryTheWay({ host, port }: UdpAddress): Promise<void> {
  const probe = createSocket("udp4");
  try {
    const connected = once(probe, "connect");
    probe.connect(port, host);
    await connected;
  } finally {
    probe.close();
  }
}

/** Below those that Linux gives away by itself, so that it is nearly always free. */
const OWN_PORTS = { first: 20_000, count: 8192 } as const;

/**
 * The same port of this box for the same device at each opening: to the device a killed agent and the next one are one client, which
 * may release what it had. Where another program has it, any.
 */
async function bind(socket: Socket, { host, port }: UdpAddress): Promise<void> {
  const own = OWN_PORTS.first + (crc32(`${host}:${port}`) % OWN_PORTS.count);
  for (const local of [own, 0]) {
    const bound = once(socket, "listening");
    socket.bind(local);
    const failed = await bound.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    if (failed === undefined) return;
    if (local === 0 || !(failed instanceof Error && "code" in failed && failed.code === "EADDRINUSE")) throw failed;
  }
}

function portOf(socket: Socket, peer: UdpAddress, held: HeldName): OpenPort {
  const waiting: Uint8Array[] = [];
  const nothing = () => ({ strangers: { packets: 0, bytes: 0 }, overrun: { packets: 0, bytes: 0 } });
  let unread: ReturnType<typeof nothing> | undefined;
  const count = (why: keyof Unread, bytes: number): void => {
    unread ??= nothing();
    unread[why].packets += 1;
    unread[why].bytes += bytes;
  };
  let gone = false;
  let sending = 0;
  let closing: Promise<void> | undefined;
  socket.on("message", (bytes, from) => {
    if (from.address !== peer.host || from.port !== peer.port) count("strangers", bytes.length);
    else if (bytes.length > DATAGRAM_MAX || waiting.length >= WAITING_MAX) count("overrun", bytes.length);
    else if (bytes.length > 0) waiting.push(new Uint8Array(bytes));
  });
  socket.on("error", () => {
    gone = true;
  });
  socket.unref();
  return {
    get gone() {
      return gone;
    },
    get more() {
      return waiting.length > 0;
    },
    takeUnread: () => {
      const taken = unread;
      unread = undefined;
      return taken;
    },
    read: () => waiting.shift() ?? new Uint8Array(),
    write: (bytes) => {
      if (gone || closing !== undefined) return false;
      sending += 1;
      // What cannot be sent is an unanswered question.
      socket.send(bytes, peer.port, peer.host, () => {
        sending -= 1;
        if (sending === 0) socket.emit("bedside-sent");
      });
      return true;
    },
    close: () => {
      closing ??= closeSocket(socket, () => sending > 0).then(() => held.release());
      return closing;
    },
  };
}

async function closeSocket(socket: Socket, busy: () => boolean): Promise<void> {
  if (busy()) await once(socket, "bedside-sent", { signal: AbortSignal.timeout(FAREWELL_WITHIN) }).catch(() => undefined);
  await new Promise<void>((closed) => socket.close(() => closed()));
}

function openFault(path: string, caught: unknown): Fault {
  if (caught instanceof Fault) return caught;
  const errno = caught instanceof Error && "code" in caught ? String(caught.code) : "";
  const { key, fact } = MEANINGS[errno] ?? { key: "port.open_failed", fact: "cannot be opened" };
  return new Fault(key, `${path} ${fact} (${errno})`, { path }, { cause: caught });
}
const MEANINGS: Readonly<Record<string, { readonly key: FaultKey; readonly fact: string }>> = {
  ENETUNREACH: { key: "port.no_route", fact: "lies in no network of this box" },
  EHOSTUNREACH: { key: "port.no_route", fact: "cannot be reached from this box" },
  EADDRNOTAVAIL: { key: "port.no_route", fact: "cannot be reached: this box has no address there" },
  EINVAL: { key: "port.no_route", fact: "cannot be reached from this box" },
  EACCES: { key: "port.no_route", fact: "is no device's address but that of a whole network" },
};
