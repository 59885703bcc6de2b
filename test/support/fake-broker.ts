import { createServer as createTcpServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import type { Authority, Identity } from "./pki.ts";

/** A TLS 1.3 server with client certificates that answers MQTT packets with whatever bytes its script says. */
export type FakeBroker = {
  readonly port: number;
  /** What clients sent inside TLS, over all connections: packets in order, and the count of their bytes. */
  readonly packets: readonly HeardPacket[];
  readonly applicationBytes: number;
  /** TLS handshakes that succeeded in the server's eyes, and how many of them were resumed by a ticket. */
  readonly secured: number;
  readonly resumed: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Ends the connections that are open now; new ones are taken. */
  drop(): void;
  stop(): Promise<void>;
};
export type HeardPacket = {
  /** The packet type: 1 CONNECT, 3 PUBLISH, 4 PUBACK, 8 SUBSCRIBE, 12 PINGREQ, 14 DISCONNECT. */
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
  /** Of PUBLISH (QoS 1) and SUBSCRIBE; 0 for the others. */
  readonly id: number;
};
/** Bytes to send, or what to do with the connection; nothing for no answer. */
export type Answer = Buffer | "close" | "reset" | undefined;
/** A promise is an answer that comes late. */
export type Script = (packet: HeardPacket) => Answer | Promise<Answer> | readonly Answer[];
export type FakeBrokerOptions = {
  readonly pki: Authority;
  readonly script: Script;
  /** The server's own certificate, where it is not to be a good one. */
  readonly server?: Identity;
  /** Overrides, such as another `ca`, `maxVersion: "TLSv1.2"` or `requestCert: false`. */
  readonly tls?: TlsOptions;
  /** Called when TLS stands in the server's eyes, before any packet. */
  readonly greet?: Answer;
};

export const CONNACK_OK = Buffer.of(0x20, 0x03, 0x00, 0x00, 0x00);
export const connack = (code: number, properties: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([Buffer.of(0x20, 3 + properties.length, 0x00, code, properties.length), properties]);
export const puback = (id: number, code: number): Buffer => Buffer.of(0x40, 0x04, id >> 8, id & 0xff, code, 0x00);
export const suback = (id: number, code: number): Buffer => Buffer.of(0x90, 0x04, id >> 8, id & 0xff, 0x00, code);
export const disconnect = (code: number): Buffer => Buffer.of(0xe0, 0x02, code, 0x00);
export const PINGRESP = Buffer.of(0xd0, 0x00);

/** A broker that behaves: everything is accepted. */
export const obliging: Script = (packet) => {
  if (packet.type === 1) return CONNACK_OK;
  if (packet.type === 3) return puback(packet.id, 0x00);
  if (packet.type === 8) return suback(packet.id, 0x01);
  if (packet.type === 12) return PINGRESP;
  return packet.type === 14 ? "close" : undefined;
};

export async function startFakeBroker(options: FakeBrokerOptions): Promise<FakeBroker> {
  const server = options.server ?? options.pki.issue({ cn: "localhost", kind: "server" });
  const state = { packets: [] as HeardPacket[], applicationBytes: 0, secured: 0, resumed: 0, sockets: new Set<Socket>() };
  const tls = createTlsServer({
    minVersion: "TLSv1.3",
    ...server,
    ca: options.pki.cert,
    requestCert: true,
    rejectUnauthorized: true,
    ...options.tls,
  });
  tls.on("connection", (socket: Socket) => track(state.sockets, socket));
  tls.on("tlsClientError", () => undefined);
  tls.on("secureConnection", (socket: TLSSocket) => {
    state.secured += 1;
    if (socket.isSessionReused()) state.resumed += 1;
    socket.on("error", () => undefined);
    const perform = (answer: Answer): void => {
      if (answer === "close") socket.end();
      // A TLS socket cannot reset; the TCP socket beneath it can.
      else if (answer === "reset") [...state.sockets].find((one) => one.remotePort === socket.remotePort)?.resetAndDestroy();
      else if (answer !== undefined) socket.write(answer);
    };
    perform(options.greet);
    const split = splitter();
    socket.on("data", (bytes: Buffer) => {
      state.applicationBytes += bytes.length;
      for (const packet of split(bytes)) {
        state.packets.push(packet);
        const answer = options.script(packet);
        if (answer instanceof Promise) void answer.then(perform);
        else for (const one of [answer].flat()) perform(one);
      }
    });
  });
  const port = await listen(tls);
  return {
    port,
    packets: state.packets,
    get applicationBytes() {
      return state.applicationBytes;
    },
    get secured() {
      return state.secured;
    },
    get resumed() {
      return state.resumed;
    },
    get open() {
      return state.sockets.size;
    },
    drop: () => {
      for (const socket of state.sockets) socket.destroy();
    },
    stop: () => stop(tls, state.sockets),
  };
}

/** A plain TCP server: something else on the port that the broker is thought to have. */
export async function startPlainServer(greet: (socket: Socket) => void): Promise<{ port: number; heard(): number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let heard = 0;
  const server = createTcpServer((socket) => {
    track(sockets, socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      heard += bytes.length;
    });
    greet(socket);
  });
  const port = await listen(server);
  return { port, heard: () => heard, stop: () => stop(server, sockets) };
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
}

async function listen(server: ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function stop(server: ReturnType<typeof createTcpServer>, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  for (const socket of sockets) socket.destroy();
  await closed;
}

/** Cuts what a well-behaved client sends into packets. */
function splitter(): (bytes: Buffer) => HeardPacket[] {
  let held = Buffer.alloc(0);
  return (bytes) => {
    held = Buffer.concat([held, bytes]);
    const packets: HeardPacket[] = [];
    for (;;) {
      let length = 0;
      let at = 1;
      for (; at < held.length; at++) {
        length += (held[at]! & 0x7f) * 128 ** (at - 1);
        if (held[at]! < 0x80) break;
      }
      if (at >= held.length || held.length < at + 1 + length) return packets;
      const body = held.subarray(at + 1, at + 1 + length);
      packets.push({ type: held[0]! >> 4, flags: held[0]! & 0x0f, body, id: idOf(held[0]!, body) });
      held = held.subarray(at + 1 + length);
    }
  };
}

function idOf(first: number, body: Buffer): number {
  if (first >> 4 === 8) return body.readUInt16BE(0);
  if (first >> 4 !== 3 || (first & 0x06) === 0) return 0;
  return body.readUInt16BE(2 + body.readUInt16BE(0));
}
