/** BCC on the wire: blocks of the rack, and requests of its host. */

const STX = 0x02;
const LAST = 0x03;
const MORE = 0x17;
const END = 0x04;
const START = 0x01;
export const ACK = 0x06;
export const NAK = 0x15;

/** Longest request, stuffed; and longest bed id. */
export const REQUEST_MAX = 160;
export const BED_MAX = 15;

/** A setting of the site: d and e, D and E go as pairs, or as they are. */
export type Stuffing = "on" | "off";
const PAIRS: Readonly<Record<string, string>> = { d: "ex", e: "ee", D: "EX", E: "EE" };

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const five = (value: number): Uint8Array => utf8(String(value).padStart(5, "0"));

export type Block = { readonly bed: string; readonly info: string; readonly follows: "nothing" | "more" };

/** Length and sum are of the message as it was before it was stuffed: from 01 to 04, and from 01 to 03 or 17. */
export function blockBytes({ bed, info, follows }: Block, stuffing: Stuffing): Uint8Array {
  const content = [STX, ...utf8(`${bed}/1/1>${info}`), follows === "more" ? MORE : LAST];
  const summed = [START, ...five(content.length + 12), ...content];
  const inner = [...summed.slice(1), ...five(summed.reduce((sum, byte) => sum + byte, 0) % 256)];
  return Uint8Array.from([START, ...(stuffing === "on" ? stuffed(inner) : inner), END]);
}

const stuffed = (bytes: readonly number[]): readonly number[] =>
  bytes.flatMap((byte) => {
    const pair = PAIRS[String.fromCharCode(byte)];
    return pair === undefined ? [byte] : [...utf8(pair)];
  });

/** From left to right in one pass: EEX is EX. Undefined where a pair is none. */
export function unstuffed(bytes: readonly number[]): readonly number[] | undefined {
  const plain: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const first = String.fromCharCode(bytes[at]!);
    if (first !== "e" && first !== "E") {
      plain.push(bytes[at]!);
      continue;
    }
    const pair = `${first}${String.fromCharCode(bytes[++at] ?? 0)}`;
    const found = Object.keys(PAIRS).find((letter) => PAIRS[letter] === pair);
    if (found === undefined) return undefined;
    plain.push(found.charCodeAt(0));
  }
  return plain;
}

// ── What the host says ──────────────────────────────────────────────────────────────────────────────────────────────

export type Heard =
  | { readonly heard: "ack" | "nak" | "nothing" }
  | { readonly heard: "request"; readonly bed: string; readonly request: string };
/** Bytes of a request since its 01; undefined: none has begun. */
export type Receiver = readonly number[] | undefined;

export function receive(receiver: Receiver, byte: number, stuffing: Stuffing): readonly [Receiver, Heard] {
  if (byte === START) return [[START], { heard: "nothing" }];
  if (receiver === undefined) return [undefined, { heard: byte === ACK ? "ack" : byte === NAK ? "nak" : "nothing" }];
  if (byte !== END) return [receiver.length < REQUEST_MAX ? [...receiver, byte] : undefined, { heard: "nothing" }];
  return [undefined, requestOf(receiver.slice(1), stuffing)];
}

function requestOf(inner: readonly number[], stuffing: Stuffing): Heard {
  const plain = stuffing === "on" ? unstuffed(inner) : inner;
  if (plain === undefined) return { heard: "nothing" };
  const text = String.fromCharCode(...plain);
  const [length, sum, content] = [text.slice(0, 5), text.slice(-5), text.slice(5, -5)];
  const total = plain.slice(0, -5).reduce((all, byte) => all + byte, START) % 256;
  if (length !== String(plain.length + 2).padStart(5, "0") || sum !== String(total).padStart(5, "0")) return { heard: "nothing" };
  if (content.charCodeAt(0) !== STX || content.charCodeAt(content.length - 1) !== LAST) return { heard: "nothing" };
  const [bed = "", ...rest] = content.slice(1, -1).split("/1/1>");
  return bed.length > BED_MAX || rest.length !== 1 ? { heard: "nothing" } : { heard: "request", bed, request: rest[0]! };
}
