import { decodeBatch } from "../../proto/codec.ts";
import type { Batch } from "../../proto/messages.ts";
import { quantile } from "./measure.ts";
import { readingsOf } from "./schedule.ts";
import type { Sent } from "./stage.ts";
import type { Heard } from "./subscriber.ts";

/** What a subscriber received of what the devices sent, packet by packet. */
export type Deliveries = {
  /** Packets whose last byte left in the window, in order. */
  readonly packets: readonly Delivery[];
  readonly messages: number;
  /** Of all messages, those about the gateway itself included. */
  readonly payloadBytes: number;
  /** Of the messages that carry readings. */
  readonly readingBytes: number;
  readonly readings: number;
  readonly alertLatenciesMs: readonly number[];
};
/** Times are monotonic ns. A packet is delivered when its report and its wave have come. */
export type Delivery = { readonly leftAt: bigint; readonly report: readonly bigint[]; readonly wave: readonly bigint[] };
export type Span = { readonly from: bigint; readonly to: bigint };

type Arrivals = { report: bigint[]; wave: bigint[]; alert: bigint[] };
type Message = { readonly heard: Heard; readonly batch: Batch };

export function deliveriesOf(heard: readonly Heard[], sent: Sent, span: Span): Deliveries {
  // A broker that was stopped sends again what its subscriber had not answered: that is not the agent's doing.
  const known = new Set<string>();
  const messages = heard.flatMap((one): Message[] => {
    const bytes = Buffer.from(one.payload).toString("latin1");
    if (one.dup && known.has(bytes)) return [];
    known.add(bytes);
    const batch = isStream(one.topic) ? decodeBatch(one.payload) : undefined;
    return batch === undefined ? [] : [{ heard: one, batch }];
  });
  const arrivals = arrivalsOf(messages);
  const inSpan = (at: bigint): boolean => at >= span.from && at < span.to;
  const packets: Delivery[] = [];
  const alertLatenciesMs: number[] = [];
  for (const [index, leftAt] of sent.leftAt.entries()) {
    const packet = sent.schedule.packets[index];
    if (packet === undefined || leftAt === 0n || !inSpan(leftAt)) continue;
    const found = arrivals.get(`${packet.device} ${packet.timer}`) ?? { report: [], wave: [], alert: [] };
    packets.push({ leftAt, report: found.report, wave: found.wave });
    alertLatenciesMs.push(...found.alert.map((at) => Number(at - leftAt) / 1e6));
  }
  const here = heard.filter(({ at }) => inSpan(at));
  const withReadings = messages.filter(({ heard: { topic, at } }) => inSpan(at) && /\/(reports|waves)$/.test(topic));
  return {
    packets,
    alertLatenciesMs,
    messages: here.length,
    payloadBytes: here.reduce((sum, { payload }) => sum + payload.length, 0),
    readingBytes: withReadings.reduce((sum, { heard: { payload } }) => sum + payload.length, 0),
    readings: withReadings.reduce((sum, { batch }) => sum + readingsIn(batch), 0),
  };
}

const isStream = (topic: string): boolean => /\/(reports|waves|alerts)$/.test(topic);

/** A report of a packet carries heart rate and SpO2. */
function readingsIn({ records }: Batch): number {
  let count = 0;
  for (const { body, deviceTime } of records) {
    if (body.kind === "wave") count += 1;
    if (body.kind === "report" && (deviceTime ?? "") !== "") count += 2;
  }
  return count;
}

/** By device and the device's own packet count. A record without it is known by the instant that it shares with its report. */
function arrivalsOf(messages: readonly Message[]): ReadonlyMap<string, Arrivals> {
  const found = new Map<string, Arrivals>();
  const timers = new Map<string, string>();
  const of = (key: string): Arrivals => {
    const known = found.get(key) ?? { report: [], wave: [], alert: [] };
    found.set(key, known);
    return known;
  };
  const later: { readonly device: number; readonly ms: number; readonly kind: "wave" | "alert"; readonly at: bigint }[] = [];
  for (const { heard, batch } of messages) {
    const devices = new Map(batch.devices.map(({ epoch, device = "" }) => [epoch, Number(/\d+$/.exec(device)?.[0])]));
    for (const { epoch, atUs, deviceTime = "", body } of batch.records) {
      // The floors tell no devices; their epoch is the number of the port, from 1.
      const device = batch.head === undefined ? epoch - 1 : (devices.get(epoch) ?? -1);
      const ms = Math.round(((batch.head?.clock?.monoUs ?? 0) + atUs) / 1000);
      if (deviceTime !== "" && body.kind === "report") timers.set(`${device} ${ms}`, deviceTime);
      if (deviceTime !== "" && (body.kind === "report" || body.kind === "wave")) of(`${device} ${deviceTime}`)[body.kind].push(heard.at);
      else if (body.kind === "wave" || body.kind === "alert") later.push({ device, ms, kind: body.kind, at: heard.at });
    }
  }
  for (const { device, ms, kind, at } of later) {
    const timer = [ms, ms - 1, ms + 1].map((near) => timers.get(`${device} ${near}`)).find((one) => one !== undefined);
    if (timer !== undefined) of(`${device} ${timer}`)[kind].push(at);
  }
  return found;
}

export type Summary = {
  readonly packets: number;
  readonly readings: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly lost: number;
  readonly twice: number;
};
export function summaryOf({ packets }: Pick<Deliveries, "packets">): Summary {
  const whole = packets.filter(({ report, wave }) => report.length > 0 && wave.length > 0);
  const latencies = whole.map(({ leftAt, report, wave }) => Number(later(report[0]!, wave[0]!) - leftAt) / 1e6);
  return {
    packets: packets.length,
    readings: readingsOf(packets.length),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: quantile(latencies, 1),
    lost: packets.length - whole.length,
    twice: packets.filter(({ report, wave }) => report.length > 1 || wave.length > 1).length,
  };
}
const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);
