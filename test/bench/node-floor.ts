import { readSync } from "node:fs";
import addon from "@serialport/bindings-cpp/dist/load-bindings.js";
import { connect } from "mqtt";
import { encodeBatch } from "../../proto/codec.ts";
import type { Body, Observation, WireRecord } from "../../proto/messages.ts";
import { readTrust } from "./trust.ts";

/**
 * The floor in Node: the same job and nothing else, in as few lines as it takes. serialport's add-on opens, all ports are read
 * on one 20 ms tick, one protobuf every 100 ms, QoS 1 over mutual TLS 1.3. No admission, no disk, no heads, no recovery.
 *
 *   node node-floor.ts PORT TRUST-FOLDER CN LINE...
 */
const [TICK, PACE_TICKS, FRAME, FRAMES] = [20, 5, 5, 25];
const [port = "", folder = "", cn = "", ...paths] = process.argv.slice(2);

type AddOn = { asyncOpen(path: string, options: object): Promise<number>; asyncFlush(fd: number): Promise<void> };
type Line = { readonly fd: number; readonly index: number; rest: Buffer; packet: Buffer[]; n: number };

const { asyncOpen, asyncFlush } = addon as unknown as AddOn;
const format = { baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1, rtscts: false, xon: false, xoff: false, xany: false };
const lines: Line[] = [];
for (const [index, path] of paths.entries()) {
  const fd = await asyncOpen(path, { path, ...format, hupcl: false, lock: true, vmin: 0, vtime: 0 });
  await asyncFlush(fd);
  lines.push({ fd, index, rest: Buffer.alloc(0), packet: [], n: 0 });
}
const trust = readTrust(folder, cn);
const server = { protocol: "mqtts", host: "localhost", port: Number(port), rejectUnauthorized: true, minVersion: "TLSv1.3" } as const;
const client = connect({ ...server, ...trust, protocolVersion: 5, clientId: cn, clean: true });
client.on("connect", () => (client.stream as unknown as { setNoDelay?: (on: boolean) => void }).setNoDelay?.(true));

const buffer = Buffer.alloc(4096);
let records: WireRecord[] = [];
let turn = 0;
setInterval(() => {
  for (const line of lines) take(line);
  if (++turn % PACE_TICKS !== 0 || records.length === 0) return;
  client.publish(`bedside/v1/${cn}/up/reports`, Buffer.from(encodeBatch({ devices: [], metrics: [], records })), { qos: 1 });
  records = [];
}, TICK);

function take(line: Line): void {
  const got = readSync(line.fd, buffer, 0, buffer.length, null);
  if (got === 0) return;
  const bytes = Buffer.concat([line.rest, buffer.subarray(0, got)]);
  let at = 0;
  while (bytes.length - at >= FRAME) {
    if (bytes[at] !== 1 || ((1 + bytes[at + 1]! + bytes[at + 2]! + bytes[at + 3]!) & 0xff) !== bytes[at + 4]) {
      at += 1;
      continue;
    }
    if ((bytes[at + 1]! & 1) !== 0) line.packet = [];
    line.packet.push(bytes.subarray(at, at + FRAME));
    if (line.packet.length === FRAMES && (line.packet[0]![1]! & 1) !== 0) keep(line);
    at += FRAME;
  }
  line.rest = bytes.subarray(at);
}

function keep(line: Line): void {
  const low = (n: number): number => line.packet[n - 1]![3]! & 0x7f;
  const seen = (metric: number, value: number, none: number): Observation =>
    value === none ? { metric, validity: 2 } : { metric, value: { kind: "decimal", decimal: { mantissa: BigInt(value), exponent: 0 } } };
  const observations = [seen(1, low(9), 127), seen(2, ((low(20) << 7) | low(21)) & 0x1ff, 511)];
  const about = {
    epoch: line.index + 1,
    n: line.n,
    atUs: Math.round(performance.now() * 1000),
    deviceTime: String((low(6) << 7) | low(7)),
  };
  const wave: Body = { kind: "wave", wave: { metric: 3, first: line.n * FRAMES, samples: line.packet.map((frame) => frame[2]!) } };
  records.push({ ...about, body: { kind: "report", report: { observations } } }, { ...about, body: wave });
  line.n += 1;
}
