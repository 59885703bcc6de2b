import type { Duration } from "../../config/units.ts";
import { bytesOf } from "./bytes.ts";
import { channelsOf, Demultiplexer, membersOf } from "./demux.ts";
import type { DatagramFraming, Framing, PlainFraming } from "./driver.ts";

/**
 * What became of bytes, in their order; discards in a row are one output. `broken` counts complete frames whose check failed:
 * once each, so what begins within one already counted is not counted again. `channel` where the line has several.
 */
export type Output = ({ readonly frame: Uint8Array } | Discard) & { readonly channel?: string };
type Discard = { readonly discard: number; readonly broken: number };

/**
 * Cuts bytes into frames. Three laws hold for every kind of frame, for each channel where there are several, and tests prove them:
 * conservation: frames + discards + `pending` = bytes pushed, in order;
 * chunk invariance: frames, and what is discarded between them, do not depend on how the bytes were cut;
 * resynchronisation: a bad frame costs one byte (where a frame has a start mark), never the length that it claims.
 * Of datagrams the first law alone holds: how they came is what they are. Memory is bounded by twice the longest frame of each
 * channel, whatever arrives. Throws only what the driver's own `accepts` or `size`
 * throws.
 */
export type Framer = {
  /** Takes bytes as they came. The frames returned are copies: they stay valid. */
  push(bytes: Uint8Array): readonly Output[];
  /**
   * So much time went by since this was last said. A channel is silent since the first `pass` behind its last byte; when its idle time is
   * over, a frame that only its own header claims is given up, and one that only its head begins has ended.
   */
  pass(time: Duration): readonly Output[];
  /** The line has ended: what is pending becomes frames or discards, and the framer begins as new. */
  flush(): readonly Output[];
  /** Bytes held back, at most one longest frame of each channel. */
  readonly pending: number;
  /** Bytes arrived since the last `pass` that may be of an answer: not those of a channel `aside`. */
  readonly heard: boolean;
};

export function createFramer(framing: Framing): Framer {
  if ("datagram" in framing) return new DatagramFramer(framing);
  return "demux" in framing ? new Demultiplexer(framing.demux, (plain) => new BoundedFramer(plain)) : new BoundedFramer(framing);
}

/** Bytes that an Ethernet frame carries whole in one UDP datagram (1,500 without the headers of IP and UDP). */
export const DATAGRAM_MAX = 1472;

/** Names of the channels that are said beside the talk. */
export const asideOf = (framing: Framing): ReadonlySet<string | undefined> =>
  new Set("demux" in framing ? [...channelsOf(framing.demux)].flatMap(([name, { aside }]) => (aside === true ? [name] : [])) : []);

/** Longest frame of a framing with its marks, in bytes; of several channels, that of the longest. */
export function frameMax(framing: Framing): number {
  if ("demux" in framing) return Math.max(...[...channelsOf(framing.demux).values()].map(({ frame }) => frameMax(frame)));
  if ("datagram" in framing) return framing.datagram.lengthMax;
  // The byte behind a headed frame is what ends it.
  if ("headed" in framing) return framing.headed.lengthMax + 1;
  if ("fixed" in framing) return framing.fixed.length;
  if ("length" in framing) return framing.length.lengthMax;
  return "delimited" in framing ? framing.delimited.lengthMax : framing.stuffed.lengthMax;
}

/** The content of a stuffed frame: flags stripped, escapes undone; undefined where an escape has no byte behind it. */
export function unstuff(
  frame: Uint8Array,
  marks: { readonly flag: number; readonly escape: number; readonly xor: number },
): Uint8Array | undefined {
  const content: number[] = [];
  for (let i = 0; i < frame.length; i++) {
    const byte = frame[i]!;
    if (byte === marks.flag) continue;
    if (byte !== marks.escape) {
      content.push(byte);
      continue;
    }
    const escaped = frame[++i];
    if (escaped === undefined || escaped === marks.flag) return undefined;
    content.push(escaped ^ marks.xor);
  }
  return Uint8Array.from(content);
}

/** `length` of "broken" is that of the candidate; `cost` is what is discarded of it. */
type Verdict =
  | { readonly is: "wait" }
  | { readonly is: "frame"; readonly length: number }
  | { readonly is: "junk"; readonly cost: number }
  | { readonly is: "broken"; readonly length: number; readonly cost: number };
/**
 * Received bytes are buffer[from, to); `base` is the number of buffer[0] in the channel, so that base + i never changes its byte.
 * `ended`: nothing will follow.
 */
type Look = (buffer: Uint8Array, from: number, to: number, base: number, ended: boolean) => Verdict;

const WAIT: Verdict = { is: "wait" };
const ONE: Verdict = { is: "junk", cost: 1 };
const junk = (cost: number): Verdict => (cost === 1 ? ONE : { is: "junk", cost });

/** Each push is one datagram. Nothing is ever held back, and what is no frame is discarded whole. */
class DatagramFramer implements Framer {
  readonly #framing: DatagramFraming["datagram"];
  readonly pending = 0;
  #heard = false;

  constructor({ datagram }: DatagramFraming) {
    this.#framing = datagram;
  }

  get heard(): boolean {
    return this.#heard;
  }

  push(bytes: Uint8Array): readonly Output[] {
    if (bytes.length === 0) return [];
    this.#heard = true;
    const { lengthMax, accepts } = this.#framing;
    return bytes.length <= lengthMax && accepts(bytes) ? [{ frame: bytes.slice() }] : [{ discard: bytes.length, broken: 1 }];
  }

  pass(): readonly Output[] {
    this.#heard = false;
    return [];
  }

  flush(): readonly Output[] {
    return [];
  }
}

class BoundedFramer implements Framer {
  readonly #framing: PlainFraming;
  #look: Look;
  readonly #buffer: Uint8Array;
  #from = 0;
  #to = 0;
  #base = 0;
  /** A candidate that begins before this lies in a broken frame already counted. */
  #brokenUntil = 0;
  #heard = false;
  #silent = 0;

  constructor(framing: PlainFraming) {
    const lengthMax = frameMax(framing);
    if (!(Number.isInteger(lengthMax) && lengthMax > 0))
      throw new RangeError(`A frame's longest length must be positive, not ${lengthMax}.`);
    this.#framing = framing;
    this.#look = lookFor(framing);
    this.#buffer = new Uint8Array(2 * lengthMax);
  }

  get pending(): number {
    return this.#to - this.#from;
  }

  get heard(): boolean {
    return this.#heard;
  }

  push(bytes: Uint8Array): readonly Output[] {
    const outputs: Output[] = [];
    if (bytes.length > 0) this.#heard = true;
    for (let at = 0; at < bytes.length; ) {
      if (this.#to === this.#buffer.length) this.#compact();
      const end = Math.min(bytes.length, at + this.#buffer.length - this.#to);
      // Runs of a channel are a few bytes: a loop is faster there, and as fast elsewhere.
      while (at < end) this.#buffer[this.#to++] = bytes[at++]!;
      this.#drain(outputs, "wait");
    }
    return outputs;
  }

  pass(time: Duration): readonly Output[] {
    const outputs: Output[] = [];
    this.#silent = this.#heard ? 0 : this.#silent + time;
    this.#heard = false;
    const idle = idleOf(this.#framing);
    if (idle !== undefined && this.#silent >= idle) this.#drain(outputs, "give up");
    return outputs;
  }

  flush(): readonly Output[] {
    const outputs: Output[] = [];
    this.#drain(outputs, "give up");
    this.#look = lookFor(this.#framing);
    return outputs;
  }

  #drain(outputs: Output[], incomplete: "wait" | "give up"): void {
    while (this.#from < this.#to) {
      let verdict = this.#look(this.#buffer, this.#from, this.#to, this.#base, incomplete === "give up");
      if (verdict.is === "wait") {
        // A frame that is not complete within the longest length is none, whatever its marks say.
        if (incomplete === "wait" && this.pending * 2 < this.#buffer.length) return;
        verdict = ONE;
      }
      switch (verdict.is) {
        case "frame":
          outputs.push({ frame: this.#buffer.slice(this.#from, this.#from + verdict.length) });
          this.#from += verdict.length;
          break;
        case "junk":
          addDiscard(outputs, verdict.cost, 0);
          this.#from += verdict.cost;
          break;
        case "broken": {
          const at = this.#base + this.#from;
          const counts = at >= this.#brokenUntil;
          if (counts) this.#brokenUntil = at + verdict.length;
          addDiscard(outputs, verdict.cost, counts ? 1 : 0);
          this.#from += verdict.cost;
          break;
        }
      }
    }
  }

  #compact(): void {
    this.#buffer.copyWithin(0, this.#from, this.#to);
    this.#base += this.#from;
    this.#to -= this.#from;
    this.#from = 0;
  }
}

/** Discards in a row, of one channel, are one output. */
export function addDiscard(outputs: Output[], discard: number, broken: number, channel?: string): void {
  const last = outputs.at(-1);
  const follows = last !== undefined && "discard" in last && last.channel === channel;
  const sum = follows ? { discard: last.discard + discard, broken: last.broken + broken } : { discard, broken };
  const output = channel === undefined ? sum : { discard: sum.discard, broken: sum.broken, channel };
  if (follows) outputs[outputs.length - 1] = output;
  else outputs.push(output);
}

const idleOf = (framing: PlainFraming): Duration | undefined =>
  "length" in framing ? framing.length.idle : "headed" in framing ? framing.headed.idle : undefined;

function lookFor(framing: PlainFraming): Look {
  if ("headed" in framing) return headed(framing.headed);
  if ("fixed" in framing) return fixed(framing.fixed);
  if ("length" in framing) return length(framing.length);
  if ("stuffed" in framing) return stuffed(framing.stuffed);
  return framing.delimited.start === undefined
    ? lines(framing.delimited)
    : delimited({ ...framing.delimited, start: framing.delimited.start });
}

type Spec<K extends string> = Extract<PlainFraming, Record<K, unknown>>[K & keyof Extract<PlainFraming, Record<K, unknown>>];

/** First place of `byte` in buffer[from, to), or `to`. */
function seek(buffer: Uint8Array, byte: number, from: number, to: number): number {
  let at = from;
  while (at < to && buffer[at] !== byte) at++;
  return at;
}

function fixed({ start, length, accepts }: Spec<"fixed">): Look {
  return (buffer, from, to) => {
    const at = start === undefined ? from : seek(buffer, start, from, to);
    if (at > from) return junk(at - from);
    if (to - from < length) return WAIT;
    return accepts(buffer.subarray(from, from + length)) ? { is: "frame", length } : { is: "broken", length, cost: 1 };
  };
}

function length({ start, header, size, lengthMax, accepts }: Spec<"length">): Look {
  return (buffer, from, to) => {
    const at = seek(buffer, start, from, to);
    if (at > from) return junk(at - from);
    if (to - from < header) return WAIT;
    const claimed = size(buffer.subarray(from, from + header));
    if (!Number.isInteger(claimed) || claimed < header || claimed > lengthMax) return ONE;
    if (to - from < claimed) return WAIT;
    return accepts(buffer.subarray(from, from + claimed)) ? { is: "frame", length: claimed } : { is: "broken", length: claimed, cost: 1 };
  };
}

function delimited({ start, end, lengthMax, accepts }: Spec<"delimited"> & { readonly start: string }): Look {
  const head = mark(start);
  const findEnd = finder(mark(end));
  return (buffer, from, to, base) => {
    const at = seek(buffer, head[0]!, from, to);
    if (at > from) return junk(at - from);
    const seen = Math.min(head.length, to - from);
    for (let i = 1; i < seen; i++) if (buffer[from + i] !== head[i]) return ONE;
    if (seen < head.length) return WAIT;
    const endAt = findEnd(buffer, from + head.length, to, base);
    const size = endAt === undefined ? to - from : endAt + end.length - from;
    if (endAt === undefined) return size < lengthMax ? WAIT : ONE;
    if (size > lengthMax) return ONE;
    return accepts(buffer.subarray(from, from + size)) ? { is: "frame", length: size } : { is: "broken", length: size, cost: 1 };
  };
}

/**
 * Frames that only an end mark limits. A frame may begin behind an end mark and nowhere else: the rest of a damaged or a half
 * heard line could pass for a shorter, good one ("-12.5" read as "2.5"). Hence a bad line costs the line, and the first one is never read.
 */
function lines({ end, lengthMax, accepts }: Spec<"delimited">): Look {
  const tail = mark(end);
  const findEnd = finder(tail);
  let begins = -1;
  return (buffer, from, to, base) => {
    const endAt = findEnd(buffer, from, to, base);
    const size = endAt === undefined ? to - from : endAt + tail.length - from;
    if (base + from !== begins) {
      if (endAt === undefined) return size < tail.length ? WAIT : junk(size - tail.length + 1);
      begins = base + from + size;
      return junk(size);
    }
    if (endAt === undefined) return size < lengthMax ? WAIT : ONE;
    if (size > lengthMax) return ONE;
    begins = base + from + size;
    return accepts(buffer.subarray(from, from + size)) ? { is: "frame", length: size } : { is: "broken", length: size, cost: size };
  };
}

/**
 * One flag may close a frame and open the next; flags in a row are fill and go with the frame behind them. The content holds no
 * flag, so that a bad frame costs its opening flags, and its closing flag may open the next.
 */
function stuffed({ flag, lengthMax, accepts }: Spec<"stuffed">): Look {
  const findFlag = finder(Uint8Array.of(flag));
  let closed = -1;
  // Flags in a row were looked at up to here, so that a line of nothing else is not searched anew with each byte.
  let filled = 0;
  return (buffer, from, to, base) => {
    const at = base + from === closed ? from : seek(buffer, flag, from, to);
    if (at > from) return junk(at - from);
    let content = Math.max(from, filled - base);
    while (content < to && buffer[content] === flag) content++;
    filled = base + content;
    const flags = content - from;
    const endAt = content === to ? undefined : findFlag(buffer, content, to, base);
    const size = endAt === undefined ? to - from : endAt + 1 - from;
    if (endAt === undefined && size < lengthMax) return WAIT;
    // Of flags alone as many are held as fit, however they came.
    if (content === to) return ONE;
    if (endAt === undefined || size > lengthMax) return junk(Math.max(1, flags - 1));
    if (!accepts(buffer.subarray(from, from + size))) return { is: "broken", length: size, cost: Math.max(1, flags) };
    closed = base + from + size;
    return { is: "frame", length: size };
  };
}

/** A frame holds no byte that begins one, so that a bad one costs itself. */
function headed({ start, lengthMax, accepts }: Spec<"headed">): Look {
  const begins = membersOf(start);
  let searched = 0;
  const next = (buffer: Uint8Array, from: number, to: number): number => {
    let at = from;
    while (at < to && begins[buffer[at]!] === 0) at++;
    return at;
  };
  return (buffer, from, to, base, ended) => {
    const at = next(buffer, from, to);
    if (at > from) return junk(at - from);
    const endAt = next(buffer, Math.max(from + 1, searched - base), to);
    searched = base + endAt;
    const size = endAt - from;
    if (size > lengthMax) return junk(size);
    if (endAt === to && !ended) return WAIT;
    return accepts(buffer.subarray(from, endAt)) ? { is: "frame", length: size } : { is: "broken", length: size, cost: size };
  };
}

function mark(text: string): Uint8Array {
  if (text.length === 0) throw new RangeError("A frame's mark must not be empty.");
  return bytesOf(text);
}

/** Searches a mark and remembers how far it has looked, so that no byte is searched twice however the bytes come. */
function finder(wanted: Uint8Array): (buffer: Uint8Array, from: number, to: number, base: number) => number | undefined {
  let found = -1;
  let searched = 0;
  return (buffer, from, to, base) => {
    if (found >= base + from) return found - base;
    if (found >= 0) searched = found + 1;
    found = -1;
    let at = Math.max(from, searched - base);
    for (; at + wanted.length <= to; at++) {
      let same = 0;
      while (same < wanted.length && buffer[at + same] === wanted[same]) same++;
      if (same < wanted.length) continue;
      found = base + at;
      return at;
    }
    searched = base + at;
    return undefined;
  };
}
