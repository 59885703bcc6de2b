import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, test } from "vitest";
import type { OpenPort } from "../../agent/effects/effects.ts";
import { nodeLinks } from "../../agent/effects/node/links.ts";
import { WAITING_MAX } from "../../agent/effects/node/udp.ts";
import { Fault } from "../../agent/fault/fault.ts";
import { DATAGRAM_MAX } from "../../drivers/kit/framer.ts";
import { until } from "../support/until.ts";

/** Network ports on the real kernel. */

const LINE = { speed: 115_200, format: "8N1", modemLines: "untouched" } as const;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function bound(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  closing.push(() => new Promise<void>((closed) => socket.close(() => closed())));
  return socket;
}
const pathOf = (socket: Socket): string => `udp:127.0.0.1:${socket.address().port}`;
async function open(path: string): Promise<OpenPort> {
  const port = await nodeLinks().open(path, LINE);
  closing.push(() => port.close());
  return port;
}
const faultOf = async (path: string): Promise<unknown> =>
  nodeLinks()
    .open(path, LINE)
    .then(
      async (port) => port.close(),
      (caught: unknown) => (caught instanceof Fault ? caught.key : caught),
    );
const send = (from: Socket, to: RemoteInfo, ...datagrams: readonly Uint8Array[]): Promise<unknown> =>
  Promise.all(datagrams.map((bytes) => new Promise((sent) => from.send(bytes, to.port, to.address, sent))));

/** A device, a port on it, and who the device sees there. */
async function pair(): Promise<{ device: Socket; port: OpenPort; client: RemoteInfo }> {
  const device = await bound();
  const port = await open(pathOf(device));
  const heard = once(device, "message") as Promise<[Buffer, RemoteInfo]>;
  expect(port.write(Uint8Array.of(1, 2, 3))).toBe(true);
  const [bytes, from] = await heard;
  expect([...bytes]).toEqual([1, 2, 3]);
  return { device, port, client: { ...from, address: "127.0.0.1" } };
}

describe("a network port", () => {
  test("gives each datagram whole and by itself, in the order in which they came", async () => {
    const { device, port, client } = await pair();
    expect([port.more, port.read(4096).length]).toEqual([false, 0]);
    await send(device, client, Uint8Array.of(1), Uint8Array.of(2, 2), new Uint8Array(DATAGRAM_MAX).fill(3));
    const read: number[] = [];
    await until("all three came", () => {
      if (port.more === true) read.push(port.read(4096).length);
      return read.length === 3;
    });
    expect(read).toEqual([1, 2, DATAGRAM_MAX]);
    expect([port.more, port.gone, port.takeUnread?.()]).toEqual([false, false, undefined]);
  });

  test("hears its device alone: another port of that host and another host are counted, and nothing of them is read", async () => {
    const { device, port, client } = await pair();
    const other = await bound();
    const elsewhere = createSocket("udp4");
    elsewhere.bind(device.address().port, "127.0.0.2");
    await once(elsewhere, "listening");
    closing.push(() => new Promise<void>((closed) => elsewhere.close(() => closed())));
    await send(other, client, Uint8Array.of(9), Uint8Array.of(9, 9));
    await send(elsewhere, client, Uint8Array.of(9, 9, 9));
    await send(device, client, Uint8Array.of(7));
    await until("the device's own came", () => port.more === true);
    expect([...port.read(4096)]).toEqual([7]);
    expect(port.more).toBe(false);
    expect(port.takeUnread?.()).toEqual({ strangers: { packets: 3, bytes: 6 }, overrun: { packets: 0, bytes: 0 } });
    expect(port.takeUnread?.(), "told once").toBeUndefined();
  });

  test("keeps no more than its bound between two reads, and counts the rest and what is too long", async () => {
    const { device, port, client } = await pair();
    await send(device, client, new Uint8Array(DATAGRAM_MAX + 1));
    for (let count = 0; count < WAITING_MAX + 5; count++) await send(device, client, Uint8Array.of(count));
    let overrun = 0;
    await until("all is there", () => {
      overrun += port.takeUnread?.()?.overrun.packets ?? 0;
      return overrun === 6;
    });
    let read = 0;
    for (; port.more === true; read++) expect([...port.read(4096)]).toEqual([read]);
    expect(read).toBe(WAITING_MAX);
  });

  test("is one for each device: a second one is refused, and another may follow when it is shut", async () => {
    const device = await bound();
    const port = await open(pathOf(device));
    expect(await faultOf(pathOf(device))).toBe("port.in_use");
    await port.close();
    await open(pathOf(device));
  });

  test("speaks from the same port at each opening, so that the device knows its client again; from another where that is taken", async () => {
    const { device, port, client } = await pair();
    const again = async (): Promise<number> => {
      const next = await open(pathOf(device));
      const heard = once(device, "message") as Promise<[Buffer, RemoteInfo]>;
      next.write(Uint8Array.of(1));
      const [, from] = await heard;
      await next.close();
      return from.port;
    };
    await port.close();
    expect(await again()).toBe(client.port);
    const other = createSocket("udp4");
    other.bind(client.port);
    await once(other, "listening");
    closing.push(() => new Promise<void>((closed) => other.close(() => closed())));
    expect(await again()).not.toBe(client.port);
  });

  test("takes a device that nobody answers for as silence, and hears it when it is there", async () => {
    const device = await bound();
    const at = device.address().port;
    await closing.pop()!();
    const port = await open(`udp:127.0.0.1:${at}`);
    for (let count = 0; count < 3; count++) expect(port.write(Uint8Array.of(1))).toBe(true);
    const later = createSocket("udp4");
    later.bind(at, "127.0.0.1");
    await once(later, "listening");
    closing.push(() => new Promise<void>((closed) => later.close(() => closed())));
    const heard = once(later, "message") as Promise<[Buffer, RemoteInfo]>;
    expect([port.gone, port.write(Uint8Array.of(2))]).toEqual([false, true]);
    const [, from] = await heard;
    await send(later, from, Uint8Array.of(5));
    await until("it is heard", () => port.more === true);
    expect([...port.read(4096)]).toEqual([5]);
  });

  test("sends what was written last before it is shut", async () => {
    const { device, port } = await pair();
    const heard = once(device, "message") as Promise<[Buffer, RemoteInfo]>;
    port.write(Uint8Array.of(0x09));
    await port.close();
    expect([...(await heard)[0]]).toEqual([0x09]);
    expect(port.write(Uint8Array.of(1)), "shut is shut").toBe(false);
  });

  test("is refused where no way leads, and for the address of a whole network", async () => {
    const broadcast = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .find(({ family, internal, netmask }) => family === "IPv4" && !internal && netmask === "255.255.255.0");
    if (broadcast === undefined) console.warn("skipped: this machine has no /24 network whose broadcast address could be tried");
    else expect(await faultOf(`udp:${broadcast.address.replace(/\d+$/, "255")}:24105`)).toBe("port.no_route");
    // 240.0.0.0/4 is passed over as no address at all, so that it is a serial port that does not exist.
    expect(await faultOf("udp:240.0.0.1:24105")).toBe("port.missing");
  });
});
