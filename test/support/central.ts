import { createHash } from "node:crypto";
import { decimalText } from "../../drivers/kit/decimal.ts";
import { decodeBatch, decodeHealth, decodePresence, decodeReported } from "../../proto/codec.ts";
import type { Alert, Batch, Birth, Device, Event, Health, Metric, Presence, Value, WireRecord } from "../../proto/messages.ts";
import { type RawMessage, subscribeRaw } from "./mosquitto.ts";
import type { Authority, Identity } from "./pki.ts";

/**
 * What central operations would have: a subscriber with a certificate of its own that decodes, removes duplicates by name
 * (gateway, run, epoch, stream, n) and keeps the first of each. It believes nothing but the messages.
 */
export type Central = {
  /** The first of each name, in order of arrival; grows. */
  readonly records: readonly Received[];
  readonly duplicates: () => number;
  /** Messages that break a rule of the wire: undecodable, a foreign gateway's, one name with two contents. */
  readonly broken: readonly string[];
  readonly presence: () => Presence | undefined;
  /** The last birth, also after a death. */
  readonly birth: () => Birth | undefined;
  readonly health: () => Health | undefined;
  readonly stop: () => Promise<void>;
};

export type Received = {
  readonly run: bigint;
  readonly epoch: number;
  readonly stream: number;
  readonly n: number;
  /** The gateway's monotonic time of it, in nanoseconds; on one machine comparable with process.hrtime.bigint(). */
  readonly at: bigint;
  readonly device: Device;
  readonly deviceTime: string | undefined;
  readonly body: ReceivedBody;
  /** Here, in monotonic nanoseconds. */
  readonly arrived: bigint;
  readonly range: string;
};
export type ReceivedBody =
  | { readonly kind: "report"; readonly observations: readonly ReceivedObservation[]; readonly unreadable: number }
  | { readonly kind: "wave"; readonly metric: Metric; readonly first: number; readonly samples: readonly number[] }
  | { readonly kind: "alert"; readonly metric: Metric; readonly alert: Alert }
  | { readonly kind: "event"; readonly event: Event };
export type ReceivedObservation = {
  readonly metric: Metric;
  /** Every digit or letter as it came; null: absent. */
  readonly value: string | null;
  readonly validity: number;
  readonly reason: string | undefined;
};

export type CentralOptions = {
  readonly port: number;
  readonly pki: Authority;
  readonly identity: Identity;
  readonly gateway: string;
  /** After every message. */
  readonly heard?: () => void;
};

export async function openCentral(options: CentralOptions): Promise<Central> {
  const names = new Map<string, string>();
  const records: Received[] = [];
  const broken: string[] = [];
  let duplicates = 0;
  let presence: Presence | undefined;
  let birth: Birth | undefined;
  let health: Health | undefined;

  const take = (record: Received): void => {
    const name = nameOf(record);
    const content = contentOf(record);
    const before = names.get(name);
    if (before === undefined) {
      names.set(name, content);
      records.push(record);
      return;
    }
    duplicates += 1;
    if (before !== content) broken.push(`${name} came with two contents`);
  };
  const heard = ({ topic, payload, properties }: RawMessage): void => {
    const leaf = topic.split("/").at(-1) ?? "";
    if (leaf === "birth") {
      const told = decodePresence(payload);
      if (told === undefined) broken.push("a presence that cannot be decoded");
      else if (isNewer(told, presence)) {
        presence = told;
        if (told.state.kind === "birth") birth = told.state.birth;
      }
    } else if (topic.endsWith(`/up/reported/${leaf}`)) {
      if (decodeReported(payload) === undefined) broken.push(`what is reported of ${leaf} cannot be decoded`);
    } else if (leaf === "health") health = decodeHealth(payload) ?? health;
    else if (leaf in STREAM_OF_LEAF) {
      const batch = decodeBatch(payload);
      const fault = batch === undefined ? "cannot be decoded" : batchFault(batch, options.gateway, leaf);
      if (fault !== undefined) broken.push(`a batch on ${leaf} ${fault}`);
      else for (const record of openBatch(batch!, { arrived: process.hrtime.bigint(), range: properties.range ?? "" })) take(record);
    } else broken.push(`nobody knows the leaf ${leaf}`);
    options.heard?.();
  };
  const raw = await subscribeRaw({ ...options, topic: `bedside/v1/${options.gateway}/up/#`, heard });
  return {
    records,
    duplicates: () => duplicates,
    broken,
    presence: () => presence,
    birth: () => birth,
    health: () => health,
    stop: raw.stop,
  };
}

const STREAM_OF_LEAF: Readonly<Record<string, number>> = { alerts: 1, events: 2, reports: 3, waves: 4 };

export const nameOf = ({ run, epoch, stream, n }: Pick<Received, "run" | "epoch" | "stream" | "n">): string =>
  `${run.toString(16)}/${epoch}/${stream}/${n}`;

function contentOf({ at, device, deviceTime, body }: Received): string {
  // Ids of metrics count within a batch and mean nothing outside it.
  const text = JSON.stringify([at, device.device, deviceTime, body], (key, value) => {
    if (typeof value === "bigint") return String(value);
    return (key === "id" || key === "metric") && typeof value === "number" ? undefined : value;
  });
  return createHash("sha256").update(text).digest("base64");
}

/** A death of an older connection, or anything of an older start, is a late will. */
function isNewer(told: Presence, known: Presence | undefined): boolean {
  if (known === undefined || told.startCount !== known.startCount) return told.startCount >= (known?.startCount ?? 0);
  return told.connection >= known.connection;
}

function batchFault(batch: Batch, gateway: string, leaf: string): string | undefined {
  if (batch.head === undefined) return "has no head";
  if (batch.head.gateway !== gateway) return `says it is of ${batch.head.gateway}`;
  if (batch.head.clock === undefined) return "has no clock";
  return batch.head.stream === STREAM_OF_LEAF[leaf] ? undefined : `carries stream ${batch.head.stream}`;
}

function openBatch(batch: Batch, message: { readonly arrived: bigint; readonly range: string }): Received[] {
  const { run, stream, clock } = batch.head!;
  const devices = new Map(batch.devices.map((device) => [device.epoch, device]));
  const metrics = new Map(batch.metrics.map((metric) => [metric.id, metric]));
  return batch.records.map(({ epoch, n, atUs, deviceTime, body }) => ({
    run,
    epoch,
    stream,
    n,
    at: BigInt(clock!.monoUs + atUs) * 1000n,
    device: devices.get(epoch) ?? { epoch },
    deviceTime,
    body: openBody(body, (id) => metrics.get(id) ?? { id, refid: "" }),
    ...message,
  }));
}

function openBody(body: WireRecord["body"], metricOf: (id: number) => Metric): ReceivedBody {
  switch (body.kind) {
    case "report":
      return {
        kind: "report",
        observations: body.report.observations.map(({ metric, value, validity = 0, reason }) => ({
          metric: metricOf(metric),
          value: valueText(value),
          validity,
          reason,
        })),
        unreadable: (body.report.unreadable ?? []).reduce((sum, { bytes }) => sum + bytes, 0),
      };
    case "wave":
      return { kind: "wave", metric: metricOf(body.wave.metric), first: body.wave.first, samples: body.wave.samples };
    case "alert":
      return { kind: "alert", metric: metricOf(body.alert.metric), alert: body.alert };
    case "event":
      return { kind: "event", event: body.event };
    case "unknown":
      return { kind: "event", event: { kind: "unknown" } };
  }
}

function valueText(value: Value | undefined): string | null {
  switch (value?.kind) {
    case "decimal":
      return decimalText(value.decimal);
    case "text":
      return value.text;
    case "compound":
      return JSON.stringify(value.compound.parts.map((part) => valueText(part.value)));
    case undefined:
      return null;
  }
}
