import type { Message } from "../../agent/effects/effects.ts";
import { decodeBatch, decodeHealth, decodePresence } from "../../proto/codec.ts";
import { type Batch, type Head, type Health, RUN_END, STREAM, type WireRecord } from "../../proto/messages.ts";
import type { Connection, Received, Receiver } from "./broker.ts";
import type { Life } from "./life.ts";
import type { Instant } from "./schedule.ts";

/** The name of a record on the wire. */
export type Name = { readonly run: bigint; readonly epoch: number; readonly stream: number; readonly n: number };
/** A record as the receiver has it, readable alone. */
export type Delivered = {
  readonly name: Name;
  readonly at: Instant;
  /** Life and connection that brought it first. */
  readonly life: Life;
  readonly record: WireRecord;
  readonly device: string;
  readonly monoUs: number;
  readonly bootId: string;
  readonly refid: (metric: number) => string;
  /** Everything it says, with nothing that depends on the batch around it. */
  readonly content: string;
};
export type Span = { readonly run: bigint; readonly epoch: number; readonly stream: number; readonly first: number; readonly last: number };
export type RunEnd = { readonly run: bigint; readonly how: "clean" | "killed" | "power" | "unknown"; readonly last: readonly Span[] };

const LANE_TOPIC = /\/up\/(alerts|events|reports|waves)$/;
const TOPIC_STREAM: Readonly<Record<string, number>> = {
  alerts: STREAM.alert,
  events: STREAM.event,
  reports: STREAM.report,
  waves: STREAM.wave,
};

/** Central operations: keeps what it receives by name, and what the gateway said of holes and runs. */
export class Ledger implements Receiver {
  readonly records = new Map<string, Delivered>();
  readonly gaps: Span[] = [];
  readonly runEnds: RunEnd[] = [];
  readonly epochEnds: Span[] = [];
  /** Which life is which run, as its birth says. */
  readonly runs = new Map<bigint, Life>();
  health: { readonly at: Instant; readonly health: Health; readonly life: Life; readonly connection: number } | undefined;
  receptions = 0;
  readonly #problem: (checker: string, text: string) => void;
  readonly #arrived: (delivered: Delivered) => void;
  readonly #gateway: string;
  readonly #published = new Map<number, Set<string>>();
  readonly #answered = new Map<number, Set<string>>();
  readonly #parked = new Set<string>();
  readonly #refused: (life: Life) => boolean;
  readonly #last = new Map<string, number>();
  /** A message is looked into once, however often it is spoken of. */
  readonly #read = new WeakMap<Uint8Array, Batch>();

  constructor(options: {
    gateway: string;
    problem: (checker: string, text: string) => void;
    arrived: (delivered: Delivered) => void;
    /** Whether the disk refused this life or one before it something. */
    refused?: (life: Life) => boolean;
  }) {
    this.#gateway = options.gateway;
    this.#problem = options.problem;
    this.#arrived = options.arrived;
    this.#refused = options.refused ?? (() => false);
  }

  /** Within one connection nothing goes out twice, and nothing that this process knows to be answered goes out again. */
  published(connection: Connection, message: Message): string {
    const prefix = `bedside/v1/${this.#gateway}/up/`;
    if (!message.topic.startsWith(prefix)) this.#problem("invented", `a message on ${message.topic}`);
    const batch = this.#batchOf(message);
    if (batch === undefined) return "";
    const sent = this.#published.get(connection.number) ?? new Set<string>();
    this.#published.set(connection.number, sent);
    for (const name of namesOf(batch)) {
      const key = keyOf(name);
      if (sent.has(key)) this.#problem("sent-twice", `${key} twice in connection ${connection.number}`);
      if (this.#answered.get(connection.life.index)?.has(key)) this.#problem("sent-twice", `${key} again after its PUBACK`);
      sent.add(key);
    }
    return namesOf(batch).map(keyOf).join(" ");
  }

  received(message: Received): void {
    if (message.topic.endsWith("/up/birth")) this.#presence(message);
    if (message.topic.endsWith("/up/health")) this.#heardHealth(message);
    const batch = this.#batchOf(message);
    if (batch === undefined || batch.head === undefined) return;
    this.#order(message, batch.head, batch.records);
    if (message.code >= 0x80) {
      for (const name of namesOf(batch)) this.#published.get(message.connection)?.delete(keyOf(name));
      return;
    }
    this.receptions += batch.records.length;
    for (const record of batch.records) this.#take(message, batch, record);
  }

  /**
   * First deliveries come in order of n within a range of one connection, unless the broker refused one of the lane, or the disk
   * kept back a file of the backlog until later: what was written beside it may have got a lower order than it has.
   */
  #order(message: Received, { run, stream }: Head, records: readonly WireRecord[]): void {
    if (message.properties.range === "backlog" && this.#refused(message.life)) return;
    const place = `${message.connection} ${message.topic}`;
    if (message.code >= 0x80) this.#parked.add(place);
    if (this.#parked.has(place)) return;
    for (const { epoch, n } of records) {
      if (this.records.has(keyOf({ run, epoch, stream, n }))) continue;
      const range = `${place} ${message.properties.range} ${run}/${epoch}`;
      if (n <= (this.#last.get(range) ?? -1)) this.#problem("order", `${range}: ${n} came after ${this.#last.get(range)}`);
      this.#last.set(range, n);
    }
  }

  answered(message: Received): void {
    const batch = this.#batchOf(message);
    if (batch === undefined || message.code >= 0x80) return;
    const answered = this.#answered.get(message.life.index) ?? new Set<string>();
    this.#answered.set(message.life.index, answered);
    for (const name of namesOf(batch)) answered.add(keyOf(name));
  }

  #batchOf(message: { topic: string; payload: Uint8Array }): Batch | undefined {
    const leaf = LANE_TOPIC.exec(message.topic)?.[1];
    if (leaf === undefined) return undefined;
    const known = this.#read.get(message.payload);
    if (known !== undefined) return known;
    const batch = decodeBatch(message.payload);
    if (batch !== undefined) this.#read.set(message.payload, batch);
    if (batch?.head === undefined) this.#problem("invented", `a batch on ${message.topic} that cannot be read`);
    else if (batch.head.stream !== TOPIC_STREAM[leaf]) this.#problem("invented", `a batch of stream ${batch.head.stream} on ${leaf}`);
    else if (batch.head.gateway !== this.#gateway) this.#problem("invented", `a batch of gateway ${batch.head.gateway}`);
    return batch;
  }

  #take(message: Received, batch: Batch, record: WireRecord): void {
    const delivered = readRecord(message, batch, record);
    if (delivered === undefined) {
      this.#problem("invented", `a record of ${message.topic} names a device or a metric that its batch does not define`);
      return;
    }
    const key = keyOf(delivered.name);
    const known = this.records.get(key);
    if (known !== undefined) {
      if (known.content !== delivered.content) this.#problem("name-reused", `${key}: ${known.content} and ${delivered.content}`);
      return;
    }
    this.records.set(key, delivered);
    this.#event(delivered);
    this.#arrived(delivered);
  }

  #event({ record: { body }, name }: Delivered): void {
    if (body.kind !== "event") return;
    const { event } = body;
    if (event.kind === "gap") {
      const { run, epoch, stream, nFirst, nLast } = event.gap;
      this.gaps.push({ run, epoch, stream, first: nFirst, last: nLast });
    }
    if (event.kind === "runEnded") {
      const { run, how, last } = event.runEnded;
      const known = Object.entries(RUN_END).find(([, number]) => number === how)?.[0] as RunEnd["how"] | undefined;
      this.runEnds.push({
        run,
        how: known ?? "unknown",
        last: last.map(({ epoch, stream, n }) => ({ run, epoch, stream, first: n, last: n })),
      });
    }
    if (event.kind === "epochEnded") {
      for (const { epoch, stream, n } of event.epochEnded.last) this.epochEnds.push({ run: name.run, epoch, stream, first: n, last: n });
    }
  }

  #presence(message: Received): void {
    const presence = decodePresence(message.payload);
    if (presence === undefined) this.#problem("invented", "a presence that cannot be read");
    else if (presence.state.kind === "birth") this.runs.set(presence.run, message.life);
  }

  #heardHealth({ payload, at, life, connection }: Received): void {
    const health = decodeHealth(payload);
    if (health === undefined) this.#problem("invented", "a health that cannot be read");
    else this.health = { at, health, life, connection };
  }
}

export const keyOf = ({ run, epoch, stream, n }: Name): string => `${run.toString(16)}/${epoch}/${stream}/${n}`;

function namesOf(batch: Batch): readonly Name[] {
  const { head } = batch;
  return head === undefined ? [] : batch.records.map(({ epoch, n }) => ({ run: head.run, stream: head.stream, epoch, n }));
}

function readRecord(message: Received, batch: Batch, record: WireRecord): Delivered | undefined {
  const { head } = batch;
  const device = batch.devices.find((one) => one.epoch === record.epoch);
  if (head === undefined || (device === undefined && record.epoch !== 0)) return undefined;
  const refids = new Map(batch.metrics.map((metric) => [metric.id, metric.refid]));
  const used = metricsOf(record);
  if (used.some((metric) => !refids.has(metric))) return undefined;
  const monoUs = (head.clock?.monoUs ?? 0) + record.atUs;
  const { n: _n, atUs: _at, ...said } = record;
  const metrics = used.map((metric) => refids.get(metric));
  const content = JSON.stringify([monoUs, device?.device, metrics, said], (_key, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value,
  );
  return {
    name: { run: head.run, epoch: record.epoch, stream: head.stream, n: record.n },
    at: message.at,
    life: message.life,
    record,
    device: device?.device ?? "",
    monoUs,
    bootId: Buffer.from(head.bootId).toString("hex"),
    refid: (metric) => refids.get(metric) ?? "",
    content: content.replaceAll(/"metric":\d+/g, '"metric"'),
  };
}

function metricsOf({ body }: WireRecord): readonly number[] {
  switch (body.kind) {
    case "report":
      return body.report.observations.map(({ metric }) => metric);
    case "wave":
      return [body.wave.metric];
    case "alert":
      return [body.alert.metric];
    case "event":
    case "unknown":
      return [];
  }
}
