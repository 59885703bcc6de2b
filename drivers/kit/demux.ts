import type { Duration } from "../../config/units.ts";
import type { ByteSet, Channel, Demux, PlainFraming } from "./driver.ts";
import { addDiscard, type Framer, type Output } from "./framer.ts";

/** Name of the channel that is no byte class, and of the one whose frames stand within it. */
export const REST = "rest";
export const NESTED = "nested";

/** 1 at each value of the set. */
export function membersOf(set: ByteSet): Uint8Array {
  const members = new Uint8Array(256);
  for (const one of set) {
    const [first, last] = typeof one === "number" ? [one, one] : one;
    if (!(first >= 0 && first <= last && last < 256)) throw new RangeError(`A set of bytes cannot hold ${first} to ${last}.`);
    members.fill(1, first, last + 1);
  }
  return members;
}

/** The channels of a demultiplexer by name. */
export function channelsOf({ byteClass, nested, rest }: Demux): ReadonlyMap<string, Channel> {
  for (const name of [NESTED, REST])
    if (Object.hasOwn(byteClass, name)) throw new RangeError(`"${name}" is the name of another channel, and of no byte class.`);
  return new Map<string, Channel>([
    ...Object.entries(byteClass),
    ...(nested === undefined ? [] : [[NESTED, nested] as const]),
    [REST, rest],
  ]);
}

type Way = { readonly name: string; readonly aside: boolean; readonly framer: Framer };

/**
 * Sends each byte to the framer of its channel, one run of bytes after the other, so that outputs come in the order of the bytes that
 * completed them. The way of a byte depends on the bytes before it only, never on how they were cut: so do all outputs.
 */
export class Demultiplexer implements Framer {
  readonly #ways: readonly Way[];
  /** Of each byte class; undefined where it is none. */
  readonly #class: readonly (Way | undefined)[];
  readonly #rest: Way;
  readonly #nested:
    | (Way & { readonly start: number; readonly end: number; readonly never: Uint8Array; readonly lengthMax: number })
    | undefined;
  /** Bytes of the nested frame that is open; 0: none is. */
  #open = 0;

  constructor(demux: Demux, framerOf: (framing: PlainFraming) => Framer) {
    const wayOf = (name: string, { frame, aside }: Channel): Way => ({ name, aside: aside === true, framer: framerOf(frame) });
    const ways = new Map([...channelsOf(demux)].map(([name, channel]) => [name, wayOf(name, channel)]));
    this.#ways = [...ways.values()];
    this.#rest = ways.get(REST)!;
    const byValue = new Array<Way | undefined>(256).fill(undefined);
    for (const [name, { bytes }] of Object.entries(demux.byteClass)) {
      for (const [value, member] of membersOf(bytes).entries()) {
        if (member === 0) continue;
        if (byValue[value] !== undefined) throw new RangeError(`Byte ${value} belongs to two channels.`);
        byValue[value] = ways.get(name);
      }
    }
    this.#class = byValue;
    if (demux.nested === undefined) return;
    const { start, end, lengthMax } = demux.nested.frame.delimited;
    if (start.length !== 1 || end.length !== 1) throw new RangeError("A nested frame begins with one byte, and ends with one.");
    const marks = { start: start.charCodeAt(0), end: end.charCodeAt(0), never: membersOf(demux.nested.never), lengthMax };
    this.#nested = { ...ways.get(NESTED)!, ...marks };
  }

  get pending(): number {
    return this.#ways.reduce((sum, { framer }) => sum + framer.pending, 0);
  }

  get heard(): boolean {
    return this.#ways.some(({ aside, framer }) => !aside && framer.heard);
  }

  push(bytes: Uint8Array): readonly Output[] {
    const outputs: Output[] = [];
    let from = 0;
    let way: Way | undefined;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]!;
      const own = this.#class[byte];
      const torn = own === undefined && this.#isTorn(byte);
      const next = own ?? this.#next(byte, torn);
      if (next === way && !torn) continue;
      if (way !== undefined) take(outputs, way, way.framer.push(bytes.subarray(from, at)));
      // Nothing that follows belongs to it: it must not glue to the next nested frame.
      if (torn) take(outputs, this.#nested!, this.#nested!.framer.flush());
      from = at;
      way = next;
    }
    if (way !== undefined) take(outputs, way, way.framer.push(bytes.subarray(from)));
    return outputs;
  }

  pass(time: Duration): readonly Output[] {
    const outputs: Output[] = [];
    for (const way of this.#ways) take(outputs, way, way.framer.pass(time));
    return outputs;
  }

  flush(): readonly Output[] {
    const outputs: Output[] = [];
    for (const way of this.#ways) take(outputs, way, way.framer.flush());
    this.#open = 0;
    return outputs;
  }

  /** The nested frame that is open does not go on with this byte. */
  #isTorn(byte: number): boolean {
    const nested = this.#nested;
    if (nested === undefined || this.#open === 0) return false;
    return byte === nested.start || nested.never[byte] === 1 || this.#open === nested.lengthMax;
  }

  #next(byte: number, torn: boolean): Way {
    const nested = this.#nested;
    if (nested === undefined) return this.#rest;
    if (torn) this.#open = 0;
    if (this.#open === 0 && byte !== nested.start) return this.#rest;
    this.#open = byte === nested.end ? 0 : this.#open + 1;
    return nested;
  }
}

function take(outputs: Output[], { name }: Way, from: readonly Output[]): void {
  for (const output of from) {
    if ("frame" in output) outputs.push({ frame: output.frame, channel: name });
    else addDiscard(outputs, output.discard, output.broken, name);
  }
}
