import { bedside } from "./generated/bedside.js";
import type {
  Batch,
  ClockMapping,
  Decimal,
  Device,
  Event,
  Head,
  Health,
  Metric,
  Observation,
  Presence,
  Reported,
  SignedDocument,
  WaveBlock,
  WireRecord,
} from "./messages.ts";

/**
 * The only importer of the generated code. Encoding throws RangeError on a value that the wire cannot carry exactly: that is a
 * programmer's error. Decoding takes any bytes and answers undefined where they are no such message.
 */

const v1 = bedside.v1;
/** Raw samples lie strictly within ±2^30, so that the step between two of them fits 32 bits. */
const SAMPLE_MAX = 2 ** 30;
/** What the generated encoders take: fields by name, 64-bit integers as a number or as two halves. */
type Fields = { [field: string]: unknown };
type Halves = { readonly low: number; readonly high: number; readonly unsigned: boolean };

// ── One field of a batch at a time: tag, length and content, ready to be appended to an open batch ──

export const encodeHeadField = (head: Head): Uint8Array => v1.Batch.encode({ head: headFields(head) }).finish();
export const encodeDeviceField = (device: Device): Uint8Array => v1.Batch.encode({ devices: [device as Fields] }).finish();
export const encodeMetricField = (metric: Metric): Uint8Array => v1.Batch.encode({ metrics: [metricFields(metric)] }).finish();
export const encodeRecordField = (record: WireRecord): Uint8Array => v1.Batch.encode({ records: [recordFields(record)] }).finish();

/** Always five bytes, also for 0: tag 0x7d (field 15, fixed32) and the CRC in little-endian order. */
export function encodeCheckField(crc: number): Uint8Array {
  const field = new Uint8Array(5);
  field[0] = 0x7d;
  new DataView(field.buffer).setUint32(1, crc, true);
  return field;
}

// ── Whole messages ──

/** Fields in the order head, devices, metrics, records, check. */
export function encodeBatch(batch: Batch): Uint8Array {
  const { head, devices, metrics, records, check } = batch;
  const fields: Fields = { devices, metrics: metrics.map(metricFields), records: records.map(recordFields) };
  if (head !== undefined) fields.head = headFields(head);
  const bytes = v1.Batch.encode(fields).finish();
  return check === undefined ? bytes : concat(bytes, encodeCheckField(check));
}
export const encodePresence = ({ state, run, ...rest }: Presence): Uint8Array => {
  if (state.kind === "unknown") throw new RangeError("a presence is a birth or a death");
  return v1.Presence.encode({ ...rest, run: halves(run), ...named(state) } as Fields).finish();
};
export const encodeHealth = ({ run, ...rest }: Health): Uint8Array => v1.Health.encode({ ...rest, run: halves(run) } as Fields).finish();
export const encodeReported = (reported: Reported): Uint8Array => v1.Reported.encode(reported as Fields).finish();
export const encodeSignedDocument = (document: SignedDocument): Uint8Array => v1.SignedDocument.encode(document as Fields).finish();

export const decodeBatch = (bytes: Uint8Array): Batch | undefined => decode<Batch>(v1.Batch, bytes);
export const decodePresence = (bytes: Uint8Array): Presence | undefined => decode<Presence>(v1.Presence, bytes);
export const decodeHealth = (bytes: Uint8Array): Health | undefined => decode<Health>(v1.Health, bytes);
export const decodeReported = (bytes: Uint8Array): Reported | undefined => decode<Reported>(v1.Reported, bytes);
export const decodeSignedDocument = (bytes: Uint8Array): SignedDocument | undefined => decode<SignedDocument>(v1.SignedDocument, bytes);

// ── To the generated encoders ──

function recordFields({ epoch, n, atUs, deviceTime, body }: WireRecord): Fields {
  const fields: Fields = { epoch, n: whole(n), atUs: whole(atUs), deviceTime };
  switch (body.kind) {
    case "report":
      fields.report = { observations: body.report.observations.map(observationFields), unreadable: body.report.unreadable };
      return fields;
    case "wave":
      fields.wave = waveFields(body.wave);
      return fields;
    case "alert":
      fields.alert = body.alert;
      return fields;
    case "event":
      fields.event = eventFields(body.event);
      return fields;
    case "unknown":
      throw new RangeError("a record of an unknown kind cannot be encoded");
  }
}

function observationFields(observation: Observation): Fields {
  const { metric, value, wordCode, validity, reason, demo, stored, qualifiers } = observation;
  const fields: Fields = { metric, wordCode, validity, reason, demo, stored, qualifiers };
  switch (value?.kind) {
    case "decimal":
      fields.decimal = decimalFields(value.decimal);
      return fields;
    case "text":
      fields.text = value.text;
      return fields;
    case "compound":
      fields.compound = { parts: value.compound.parts.map(observationFields) };
      return fields;
    case undefined:
      return fields;
  }
}

function waveFields({ samples, first, ...rest }: WaveBlock): Fields {
  let before = 0;
  const steps = samples.map((sample) => {
    if (!Number.isInteger(sample) || Math.abs(sample) >= SAMPLE_MAX) throw new RangeError(`a sample is an integer within ±2^30: ${sample}`);
    const step = sample - before;
    before = sample;
    return step;
  });
  return { ...rest, first: whole(first), steps };
}

function eventFields(event: Event): Fields {
  if (event.kind === "unknown") throw new RangeError("an event of an unknown kind cannot be encoded");
  if (event.kind === "gap") return { gap: { ...event.gap, run: halves(event.gap.run) } };
  if (event.kind === "runEnded") return { runEnded: { ...event.runEnded, run: halves(event.runEnded.run) } };
  return named(event);
}

const headFields = ({ run, ...rest }: Head): Fields => ({ ...rest, run: halves(run), clock: rest.clock && clockFields(rest.clock) });
const clockFields = (clock: ClockMapping): Fields => ({ ...clock, monoUs: whole(clock.monoUs), utcUs: whole(clock.utcUs) });

function metricFields({ scale, ...rest }: Metric): Fields {
  if (scale === undefined) return rest;
  const point = ({ raw, physical }: { raw: number; physical: Decimal }) => ({ raw, physical: decimalFields(physical) });
  return { ...rest, scale: { low: point(scale.low), high: point(scale.high) } };
}

/** A number where one is exact; a BigInt itself would silently be written as 0. */
function decimalFields({ mantissa, exponent }: Decimal): Fields {
  if (mantissa >= Number.MIN_SAFE_INTEGER && mantissa <= Number.MAX_SAFE_INTEGER) return { mantissa: Number(mantissa), exponent };
  if (BigInt.asIntN(64, mantissa) !== mantissa) throw new RangeError("a mantissa has at most 64 bits");
  return { mantissa: halves(BigInt.asUintN(64, mantissa)), exponent };
}

const halves = (value: bigint): Halves => {
  if (BigInt.asUintN(64, value) !== value) throw new RangeError("not a number of 64 bits");
  return { low: Number(value & 0xffff_ffffn) | 0, high: Number(value >> 32n) | 0, unsigned: true };
};

/** { kind: "birth", birth } → { birth } */
const named = (choice: { readonly kind: string }): Fields => ({ [choice.kind]: (choice as unknown as Fields)[choice.kind] });

function whole(value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${value}`);
  return value;
}

function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

// ── From the generated decoders ──

type Decoder = { decode(bytes: Uint8Array): object };
/** 64-bit fields that need all their bits; the others are counters and times, and a number. */
const BIGINTS: ReadonlySet<string> = new Set(["run", "mantissa"]);
/** Messages of which exactly one of several fields is set, and what they call the choice. */
const CHOICES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [v1.Record, "body"],
  [v1.Event, "what"],
  [v1.Presence, "state"],
  [v1.Observation, "value"],
]);
/** Fields that a plain value always has, in the zero that the wire leaves out. */
const ALWAYS: ReadonlyMap<unknown, Fields> = new Map<unknown, Fields>([
  [v1.Batch, { devices: [], metrics: [], records: [] }],
  [v1.Head, { gateway: "", run: 0n, stream: 0, bootId: new Uint8Array() }],
  [v1.ClockMapping, { monoUs: 0, utcUs: 0, quality: 0 }],
  [v1.DeviceClock, { offsetUs: 0, boundUs: 0 }],
  [v1.Device, { epoch: 0 }],
  [v1.Metric, { id: 0, refid: "" }],
  [v1.ScalePoint, { raw: 0, physical: { mantissa: 0n, exponent: 0 } }],
  [v1.Decimal, { mantissa: 0n, exponent: 0 }],
  [v1.Record, { epoch: 0, n: 0, atUs: 0 }],
  [v1.Report, { observations: [] }],
  [v1.Observation, { metric: 0 }],
  [v1.Compound, { parts: [] }],
  [v1.Unreadable, { bytes: 0 }],
  [v1.WaveBlock, { metric: 0, first: 0 }],
  [v1.Annotation, { sample: 0, text: "" }],
  [v1.Alert, { metric: 0, edge: 0 }],
  [v1.Gap, { run: 0n, epoch: 0, stream: 0, nFirst: 0, nLast: 0, reason: "" }],
  [v1.RunEnded, { run: 0n, how: 0, last: [] }],
  [v1.LastKnown, { epoch: 0, stream: 0, n: 0 }],
  [v1.EpochBegan, { location: "" }],
  [v1.EpochEnded, { reason: "", last: [] }],
  [v1.Admission, { location: "", verdict: 0, reasons: [] }],
  [v1.IdentityLearned, { facts: {} }],
  [v1.Discards, { location: "", reason: "" }],
  [v1.FaultRaised, { key: "" }],
  [v1.Presence, { gateway: "", run: 0n, startCount: 0, connection: 0 }],
  [v1.Birth, { nonce: new Uint8Array(), version: "", bootId: new Uint8Array(), devices: [], ports: [] }],
  [v1.Death, { cause: 0 }],
  [v1.DeviceState, { liveness: 0, sinceUs: 0 }],
  [v1.ActiveCondition, { refid: "" }],
  [v1.Health, { gateway: "", run: 0n, connection: 0, uptimeMs: 0 }],
  [v1.Ledger, { streams: [], unexplained: 0 }],
  [v1.StreamLedger, { stream: 0, made: 0, adopted: 0, delivered: 0, dropped: 0, waiting: 0 }],
  [v1.SpoolHealth, { ringBytes: 0, flashBytes: 0, flashWrittenBytes: 0, windowMs: 0, degraded: false }],
  [v1.PortHealth, { location: "", bytes: 0, frames: 0, discarded: 0, pending: 0 }],
  [v1.SignedDocument, { payload: new Uint8Array(), signatures: [] }],
  [v1.Signature, { keyId: "", role: "", ed25519: new Uint8Array() }],
  [v1.Reported, { gateway: "", kind: "", generation: 0, sha256: new Uint8Array(), status: 0, refusals: [] }],
  [v1.Refusal, { generation: 0, sha256: new Uint8Array(), key: "" }],
]);

function decode<Message>(decoder: Decoder, bytes: Uint8Array): Message | undefined {
  try {
    return plain(decoder.decode(bytes)) as Message;
  } catch {
    // RangeError, TypeError (bad UTF-8) and Error of the generated decoders say one thing: these bytes are no such message.
    return undefined;
  }
}

/** A decoded message as one of messages.ts. Throws RangeError where a counter or time is above 2^53. */
function plain(message: object): Fields {
  const always = ALWAYS.get(message.constructor);
  const fields: Fields = { ...always };
  const choice = CHOICES.get(message.constructor);
  const chosen = choice === undefined ? undefined : (message as Fields)[choice];
  for (const [field, value] of Object.entries(message)) if (field !== chosen && !isEmpty(value)) fields[field] = plainValue(field, value);
  if (message instanceof v1.WaveBlock) return waveOf(fields);
  if (choice === undefined) return fields;
  const one =
    typeof chosen === "string" ? { kind: chosen, [chosen]: plainValue(chosen, (message as Fields)[chosen]) } : { kind: "unknown" };
  if (message instanceof v1.Event) return one;
  // The one choice that may be left out: an observation without a value is absent.
  return one.kind === "unknown" && message instanceof v1.Observation ? fields : { ...fields, [choice]: one };
}

/** The decoders leave empty lists and maps where the wire has nothing. */
const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : value instanceof Object && value.constructor === Object && Object.keys(value).length === 0;

function plainValue(field: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => plainValue(field, item));
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (typeof value !== "object" || value === null) return value;
  if (isHalves(value)) return integer(field, value);
  return value.constructor === Object ? { ...value } : plain(value);
}

const isHalves = (value: object): value is Halves =>
  "low" in value && "high" in value && "unsigned" in value && value.constructor !== Object;

function integer(field: string, { low, high, unsigned }: Halves): bigint | number {
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  const value = unsigned ? bits : BigInt.asIntN(64, bits);
  return BIGINTS.has(field) ? value : whole(Number(value));
}

function waveOf({ steps, ...rest }: Fields): Fields {
  let sample = 0;
  return { ...rest, samples: ((steps ?? []) as readonly number[]).map((step) => (sample += step)) };
}

// ── Recovery ──

/** One field of a message: its number, and where its tag begins and its content ends. */
export type Field = { readonly field: number; readonly start: number; readonly end: number };

/**
 * The outermost fields of a message in their order. Ends at the first that is malformed or cut short (also at a tag of 0, so at
 * zeros behind a block); the last `end` is where. Looks at no content, so its cost is bounded by the number of fields.
 */
export function* scanFields(bytes: Uint8Array): Generator<Field, void> {
  let start = 0;
  while (start < bytes.length) {
    const tag = varint(bytes, start);
    if (tag === undefined || tag.value > 0xffff_ffff || tag.value < 8) return;
    const end = contentEnd(bytes, tag.value % 8, tag.end);
    if (end === undefined || end > bytes.length) return;
    yield { field: Math.floor(tag.value / 8), start, end };
    start = end;
  }
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

function contentEnd(bytes: Uint8Array, wireType: number, at: number): number | undefined {
  switch (wireType) {
    case VARINT:
      return varint(bytes, at)?.end;
    case FIXED64:
      return at + 8;
    case LENGTH: {
      const length = varint(bytes, at);
      return length === undefined ? undefined : length.end + length.value;
    }
    case FIXED32:
      return at + 4;
    default:
      return undefined;
  }
}

/** At most ten bytes. A value above 2^53 is not exact, but is larger than any length either way. */
function varint(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let i = 0; i < 10; i += 1) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  return undefined;
}

const EPOCH_TAG = 0x08;
const N_TAG = 0x10;

/** Epoch and n of the record in that field of a batch, without a look at the rest. The encoders write them first, and leave out a 0. */
export function recordName(bytes: Uint8Array, { start }: Field): { readonly epoch: number; readonly n: number } {
  const tag = varint(bytes, start);
  const length = tag === undefined ? undefined : varint(bytes, tag.end);
  let at = length?.end ?? bytes.length;
  const told = (wanted: number): number => {
    if (bytes[at] !== wanted) return 0;
    const value = varint(bytes, at + 1);
    at = value?.end ?? bytes.length;
    return value?.value ?? 0;
  };
  return { epoch: told(EPOCH_TAG), n: told(N_TAG) };
}

/** The epoch of it. */
export const recordEpoch = (bytes: Uint8Array, field: Field): number => recordName(bytes, field).epoch;
