import { type Bytes, KiB } from "../../config/units.ts";
import { DISCONNECT, KNOWN_REASONS, type PacketKind, PROPERTIES, type PropertyRow, REASONS } from "./packet-check.table.ts";

/**
 * The check that stands between the network and the MQTT client: MQTT 5, server to client, strict. The client library behind
 * it ends the process on some malformed packets and answers most others as if nothing had happened, so nothing reaches it
 * that was not found well-formed first. References [MQTT-…] are to the OASIS standard, version 5.0.
 */
export type PacketCheck = {
  /**
   * Takes what came next, cut anywhere. "ok" means: every packet completed so far is well-formed, and nothing wrong can be
   * seen yet in an incomplete one. Once a violation was returned, it is returned for ever.
   */
  push(bytes: Uint8Array): Verdict;
};
export type Verdict = "ok" | Violation;
export type Violation =
  | "first_not_connack"
  | "second_connack"
  | "client_packet"
  | "unasked_packet"
  | "reserved_type"
  | "flags"
  | "qos_forbidden"
  | "length_malformed"
  | "too_large"
  | "truncated"
  | "trailing_bytes"
  | "session_present"
  | "reason_unknown"
  | "property_unknown"
  | "property_misplaced"
  | "property_twice"
  | "property_value"
  | "string_malformed"
  | "topic_malformed"
  | "packet_id_zero"
  | "suback_count"
  | "after_end";

export type PacketLimits = {
  /** Of a whole packet with its header; announced to the broker as Maximum Packet Size. */
  readonly packetMax: Bytes;
  readonly connackMax: Bytes;
  readonly topicMax: Bytes;
};
export const PACKET_LIMITS: PacketLimits = { packetMax: KiB(256), connackMax: KiB(16), topicMax: KiB(1) };

/** A reason code as people read it out: number and the standard's name. */
export const reasonName = (code: number): string => `0x${code.toString(16).padStart(2, "0")} ${REASONS[code] ?? "unknown reason"}`;

const HEADER_MAX = 5;
const LENGTH_BYTES_MAX = 4;

export function packetCheck(limits: PacketLimits): PacketCheck {
  let phase: Phase = "first";
  let broken: Violation | undefined;
  // An incomplete packet: at most HEADER_MAX bytes until its length is known, at most `packetMax` from then on.
  let held = new Uint8Array(HEADER_MAX);
  let filled = 0;

  function judge(packet: Uint8Array): Violation | undefined {
    const { violation, over } = judgePacket(packet, limits);
    phase = over ? "over" : "open";
    return violation;
  }

  function hold(bytes: Uint8Array, total: number): void {
    if (total > held.length) {
      const larger = new Uint8Array(total);
      larger.set(held.subarray(0, filled));
      held = larger;
    }
    held.set(bytes, filled);
    filled += bytes.length;
  }

  /** Judges the packet that begins at `at`, or holds what there is of it; answers where the next one begins. */
  function step(bytes: Uint8Array, at: number): number | Violation {
    const start = filled === 0 ? bytes.subarray(at) : held.subarray(0, filled);
    const total = totalLength(start, phase, limits);
    if (typeof total === "string") return total;
    if (filled === 0 && total !== undefined && total <= start.length) return judge(start.subarray(0, total)) ?? at + total;
    const wanted = total === undefined ? 1 : total - filled;
    const taken = bytes.subarray(at, at + wanted);
    hold(taken, total ?? HEADER_MAX);
    if (total === undefined || filled < total) {
      // A header that has just become complete may be a whole packet (length 0), or already wrong.
      const now = totalLength(held.subarray(0, filled), phase, limits);
      if (now === undefined || (typeof now === "number" && now > filled)) return at + taken.length;
      if (typeof now === "string") return now;
    }
    const packet = held.subarray(0, filled);
    held = new Uint8Array(HEADER_MAX);
    filled = 0;
    return judge(packet) ?? at + taken.length;
  }

  return {
    push(bytes) {
      let at = 0;
      while (broken === undefined && at < bytes.length) {
        const next = step(bytes, at);
        if (typeof next === "string") broken = next;
        else at = next;
      }
      return broken ?? "ok";
    },
  };
}

type Phase = "first" | "open" | "over";

/** The length of the packet with its header, undefined while the header is incomplete. */
function totalLength(start: Uint8Array, phase: Phase, limits: PacketLimits): number | Violation | undefined {
  const first = judgeFirstByte(start[0]!, phase);
  if (first !== undefined) return first;
  let length = 0;
  for (let i = 1; i < start.length; i++) {
    const byte = start[i]!;
    length += (byte & 0x7f) * 128 ** (i - 1);
    if (byte < 0x80) {
      // [MQTT-1.5.5-1]: the shortest form only.
      if (byte === 0 && i > 1) return "length_malformed";
      const total = 1 + i + length;
      return total > (phase === "first" ? limits.connackMax : limits.packetMax) ? "too_large" : total;
    }
    if (i === LENGTH_BYTES_MAX) return "length_malformed";
  }
  return undefined;
}

function judgeFirstByte(byte: number, phase: Phase): Violation | undefined {
  const kind = byte >> 4;
  const flags = byte & 0x0f;
  if (phase === "over") return "after_end";
  if (phase === "first" && kind !== 2) return "first_not_connack";
  if (phase === "open" && kind === 2) return "second_connack";
  switch (kind) {
    case 0:
      return "reserved_type";
    case 1:
    case 8:
    case 10:
    case 12:
      return "client_packet";
    case 3:
      if ((flags & 0x06) > 0x02) return "qos_forbidden";
      // [MQTT-3.3.1-2]: DUP is 0 for QoS 0.
      return (flags & 0x0e) === 0x08 ? "flags" : undefined;
    case 5:
    case 6:
    case 7:
      return "qos_forbidden";
    case 11:
    case 15:
      return "unasked_packet";
    default:
      return flags === 0 ? undefined : "flags";
  }
}

/** A cursor that remembers the first thing wrong; after it, every read gives 0 and does not move. */
type Cursor = { readonly bytes: Uint8Array; at: number; readonly end: number; bad: Violation | undefined };

/** A whole packet with an acceptable first byte. `over`: nothing may follow. */
function judgePacket(packet: Uint8Array, limits: PacketLimits): { violation: Violation | undefined; over: boolean } {
  let body = 1;
  while (packet[body]! >= 0x80) body += 1;
  const cursor: Cursor = { bytes: packet, at: body + 1, end: packet.length, bad: undefined };
  const kind = packet[0]! >> 4;
  let over = false;
  if (kind === 2) over = connack(cursor) >= 0x80;
  else if (kind === 3) publish(cursor, (packet[0]! & 0x06) !== 0, limits);
  else if (kind === 4) puback(cursor);
  else if (kind === 9) suback(cursor);
  else if (kind === DISCONNECT) {
    disconnect(cursor);
    over = true;
  }
  if (cursor.bad === undefined && cursor.at !== cursor.end) cursor.bad = "trailing_bytes";
  return { violation: cursor.bad, over };
}

function connack(cursor: Cursor): number {
  const flags = byteAt(cursor);
  if (flags > 1) fail(cursor, "flags");
  // Every session begins clean, so the broker cannot have one of ours. [MQTT-3.2.2-2]
  if (flags === 1) fail(cursor, "session_present");
  const code = reason(cursor, "connack");
  properties(cursor, "connack");
  return code;
}

function publish(cursor: Cursor, withId: boolean, limits: PacketLimits): void {
  const topic = field(cursor);
  checkText(cursor, topic);
  // No alias was ever allowed, so the topic is never empty; wildcards belong to filters. [MQTT-3.3.2-2]
  if (topic.length === 0 || topic.length > limits.topicMax || topic.includes(0x23) || topic.includes(0x2b)) fail(cursor, "topic_malformed");
  if (withId) packetId(cursor);
  properties(cursor, "publish");
  if (cursor.bad === undefined) cursor.at = cursor.end;
}

function puback(cursor: Cursor): void {
  packetId(cursor);
  if (cursor.at < cursor.end) reason(cursor, "puback");
  if (cursor.at < cursor.end) properties(cursor, "puback");
}

function suback(cursor: Cursor): void {
  packetId(cursor);
  properties(cursor, "suback");
  // Each SUBSCRIBE of ours carries one filter.
  if (cursor.bad === undefined && cursor.end - cursor.at !== 1) fail(cursor, "suback_count");
  reason(cursor, "suback");
}

function disconnect(cursor: Cursor): void {
  if (cursor.at < cursor.end) reason(cursor, "disconnect");
  if (cursor.at < cursor.end) properties(cursor, "disconnect");
}

function properties(cursor: Cursor, kind: PacketKind): void {
  const length = variable(cursor);
  const end = cursor.at + length;
  if (end > cursor.end) fail(cursor, "truncated");
  const inner: Cursor = { bytes: cursor.bytes, at: cursor.at, end, bad: cursor.bad };
  const seen = new Set<number>();
  while (inner.bad === undefined && inner.at < inner.end) {
    const id = variable(inner);
    const row = PROPERTIES[id];
    if (row === undefined) fail(inner, "property_unknown");
    else if (!row.in.includes(kind)) fail(inner, "property_misplaced");
    else if (seen.has(id) && !row.repeats) fail(inner, "property_twice");
    else propertyValue(inner, row);
    seen.add(id);
  }
  cursor.bad = inner.bad;
  if (inner.bad === undefined) cursor.at = end;
}

function propertyValue(cursor: Cursor, row: PropertyRow): void {
  switch (row.type) {
    case "bit":
      if (byteAt(cursor) > 1) fail(cursor, "property_value");
      return;
    case "u16":
      if (word(cursor) === 0 && row.nonZero) fail(cursor, "property_value");
      return;
    case "u32":
      if (word(cursor) + word(cursor) === 0 && row.nonZero) fail(cursor, "property_value");
      return;
    case "variable":
      if (variable(cursor) === 0 && row.nonZero) fail(cursor, "property_value");
      return;
    case "text":
      checkText(cursor, field(cursor));
      return;
    case "pair":
      checkText(cursor, field(cursor));
      checkText(cursor, field(cursor));
      return;
    case "binary":
      field(cursor);
      return;
  }
}

function fail(cursor: Cursor, violation: Violation): void {
  cursor.bad ??= violation;
}

function byteAt(cursor: Cursor): number {
  if (cursor.at >= cursor.end) fail(cursor, "truncated");
  return cursor.bad === undefined ? cursor.bytes[cursor.at++]! : 0;
}

function word(cursor: Cursor): number {
  return byteAt(cursor) * 256 + byteAt(cursor);
}

function variable(cursor: Cursor): number {
  let value = 0;
  for (let i = 0; i < LENGTH_BYTES_MAX; i++) {
    const byte = byteAt(cursor);
    value += (byte & 0x7f) * 128 ** i;
    if (byte === 0 && i > 0) fail(cursor, "length_malformed");
    if (byte < 0x80) return value;
  }
  fail(cursor, "length_malformed");
  return 0;
}

/** Bytes with a length of two bytes before them. */
function field(cursor: Cursor): Uint8Array {
  const length = word(cursor);
  if (cursor.at + length > cursor.end) fail(cursor, "truncated");
  if (cursor.bad !== undefined) return new Uint8Array(0);
  cursor.at += length;
  return cursor.bytes.subarray(cursor.at - length, cursor.at);
}

/** [MQTT-1.5.4-1, -2]: well-formed UTF-8 without U+0000. */
function checkText(cursor: Cursor, text: Uint8Array): void {
  if (text.includes(0)) fail(cursor, "string_malformed");
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(text);
  } catch (caught) {
    if (!(caught instanceof TypeError)) throw caught;
    fail(cursor, "string_malformed");
  }
}

function packetId(cursor: Cursor): void {
  if (word(cursor) === 0) fail(cursor, "packet_id_zero");
}

function reason(cursor: Cursor, kind: Exclude<PacketKind, "publish">): number {
  const code = byteAt(cursor);
  if (!KNOWN_REASONS[kind].includes(code)) fail(cursor, "reason_unknown");
  return code;
}
