import type { Duration, Mono } from "../../config/units.ts";
import type { DeviceClock } from "./clock.ts";
import type { Metric, Reading } from "./reading.ts";

/**
 * A driver is a value: what it knows of a line, a frame and a device, and a pure `decode`. It cannot do I/O, tell the time or
 * log. Everything it may send is a declared template; `tx: {}` makes it listen-only.
 */
export type Driver<M, T extends Templates> = {
  /** Folder name, and its id in rules ("nonin"). */
  readonly id: string;
  /** Maker, models and port, as people say it. */
  readonly device: string;
  /** What its proof rests on: document < capture < bench < ward. */
  readonly grade: Grade;
  /** The line at which its device speaks as it comes out of its box; of a rule that names none, the one that is used. */
  readonly line: LineSettings;
  /** Others that a device of this driver may be set to, or that another model has: a rule names one of them. Nothing is guessed. */
  readonly otherLines?: readonly Pick<LineSettings, "speed" | "format">[];
  /** No accepted frame for this long is silence. */
  readonly quiet: Duration;
  /** Accepted frames without a discard between them before anything is published. At least 1; a weak check asks for more. */
  readonly proof: number;
  readonly frame: Framing;
  /** Frames may hold a person's name, number or birth date: none of their bytes goes into a log, and nothing that decode throws. */
  readonly personal?: true;
  /**
   * What a capture may hold of an accepted frame: all of it where "nobody" can be named in one; otherwise the same frame, accepted and
   * decoded as before, with every byte blanked that may name a person, or undefined where nothing of it may be kept. Total and pure.
   * Where a driver says nothing, nobody has looked: its captures stay on the box until somebody releases them.
   */
  readonly scrub?: "nobody" | ((frame: Uint8Array) => Uint8Array | undefined);
  /** How its device times read; absent where they are counts, or times of stored measurements. Nothing is ever corrected by it. */
  readonly clock?: DeviceClock;
  /** Every metric that `decode` may tell; a reading of another one is a bug. */
  readonly metrics: readonly Metric[];
  readonly tx: T;
  /** Memory before the first frame, and after every new attachment. */
  readonly memory: M;
  /** Most characters that its JSON may ever have, at most `MEMORY_CAP`; `MEMORY_MAX` where it says nothing. */
  readonly memoryMax?: number;
  /**
   * Total and pure. `gap` is the number of bytes discarded on this channel since the last accepted frame; a driver whose
   * reading spans frames uses it to give up what is out of step (and says so by an `unreadable` reading).
   */
  readonly decode: (frame: Uint8Array, memory: M, gap: number) => Decoded<M>;
  /** What must be asked, as a synchronous generator; absent for a device that talks by itself. */
  readonly run?: (line: Line<M, T>) => Step<void>;
  /**
   * What `run` sends before the device has answered changes nothing at it, and nothing as noise either, at a wrong speed or at another
   * device: `identify` may send it. Where a driver says nothing, it only listens.
   */
  readonly firstRequest?: "harmless";
  /** The template, one without holes, that is sent when the port is let go and the device has spoken: its answer is not waited for. */
  readonly leave?: keyof T & string;
  /** How the same device is reached on a network, where that was looked at. */
  readonly lan?: Lan<M, T>;
};

/** What is another on a network (UDP) than on the line; all else is the same. A datagram is a message: there is nothing to cut. */
export type Lan<M, T extends Templates> = Pick<Driver<M, T>, "proof" | "decode" | "run" | "scrub" | "leave"> & {
  readonly frame: DatagramFraming;
  /** The same requests, as datagrams. */
  readonly tx: T;
};

/** Of a driver that says nothing; and of any, so that a rack of devices costs a gateway kilobytes, not megabytes. */
export const MEMORY_MAX = 4096;
export const MEMORY_CAP = 65_536;

export type Grade = "document" | "capture" | "bench" | "ward";
export type Decoded<M> = { readonly readings: readonly Reading[]; readonly memory: M };

export type LineSettings = {
  readonly speed: number;
  readonly format: "8N1" | "8N2" | "8E1" | "8O1" | "7E1";
  /** "untouched": DTR and RTS stay as they are. XON and XOFF are never obeyed below the driver: to some devices they are other words. */
  readonly modemLines: "untouched" | "rtscts";
  /** The device answers sooner than two ticks, so the line is watched while an answer is awaited. */
  readonly turnaround?: "short";
};

// ── Frames ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One framer serves all drivers; a frame is described, not parsed. `accepts` sees a complete candidate and checks all of it. */
export type Framing = LineFraming | DatagramFraming;
/** Of a line, whose bytes come in any pieces. */
export type LineFraming = PlainFraming | { readonly demux: Demux };
/** What comes together is one frame or none; `lengthMax` is at most `DATAGRAM_MAX`. */
export type DatagramFraming = { readonly datagram: Check & Bounded };
export type PlainFraming =
  | { readonly fixed: Check & { readonly start?: number; readonly length: number } }
  | {
      readonly length: Check &
        Bounded &
        Idle & { readonly start: number; readonly header: number; readonly size: (header: Uint8Array) => number };
    }
  | { readonly delimited: Check & Bounded & { readonly start?: string; readonly end: string } }
  | { readonly stuffed: Check & Bounded & { readonly flag: number; readonly escape: number; readonly xor: number } }
  /** Ends where the next one begins, or when nothing follows for `idle`; no byte of `start` stands within it. */
  | { readonly headed: Check & Bounded & Idle & { readonly start: ByteSet } };
type Check = { readonly accepts: (frame: Uint8Array) => boolean };
/** Longest frame with its marks, in bytes; what is longer is discarded byte by byte. */
type Bounded = { readonly lengthMax: number };
/** A frame that only its header claims, or only its head begins, is over when its channel is silent for this time. */
type Idle = { readonly idle: Duration };

/** Values of bytes: single ones, and ranges from the first to the last. */
export type ByteSet = readonly (number | readonly [first: number, last: number])[];

/**
 * Several talks on one line. The value of a byte, and whether a nested frame is open, say to which channel it belongs; then each
 * channel is framed by itself, with a `gap` of its own, as if the bytes of the others had never been there.
 */
export type Demux = {
  /** By the channel's name: bytes of these values are its own wherever they stand, within any frame of another channel too. */
  readonly byteClass: Readonly<Record<string, Channel & { readonly bytes: ByteSet }>>;
  /**
   * Frames that may stand within one of `rest` at any place: from the start byte to the end byte what is of no byte class is their own.
   * `never`: bytes that cannot stand in one; they show that it was torn, and belong to `rest`. A start byte shows it as well.
   */
  readonly nested?: Omit<Channel, "frame"> & { readonly frame: { readonly delimited: Nested }; readonly never: ByteSet };
  readonly rest: Channel;
};
export type Channel = {
  readonly frame: PlainFraming;
  /** Beside the talk and without a check worth the name: its bytes are no answer, its frames prove nothing and break no silence. */
  readonly aside?: true;
};
type Nested = Check & Bounded & { readonly start: string; readonly end: string };

// ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Everything that may be sent. H names its bounded holes; encode adds the check and throws RangeError outside a bound. */
export type Template<H extends string = never> = {
  readonly holes: readonly H[];
  readonly encode: (fill: Readonly<Record<H, number>>) => Uint8Array;
};
// biome-ignore lint/suspicious/noExplicitAny: H stands in a contravariant place; only `any` accepts every template.
export type Templates = Readonly<Record<string, Template<any>>>;

export type Seen = { readonly frame: Uint8Array; readonly readings: readonly Reading[]; readonly at: Mono };
export type Wanted<N extends string> = Readonly<Record<N, (frame: Uint8Array) => boolean>>;
export type Expected<N extends string> =
  | { readonly got: N; readonly seen: Seen }
  /** A complete frame whose check failed; told once per frame, never per junk byte, and not of a channel `aside`. */
  | { readonly got: "broken"; readonly bytes: number; readonly channel?: string }
  | { readonly got: "nothing" };
export type Effect =
  | { readonly do: "send"; readonly template: string; readonly bytes: Uint8Array }
  | { readonly do: "expect"; readonly wanted: Wanted<string>; readonly within: Duration; readonly between: Duration }
  | { readonly do: "sleep"; readonly time: Duration }
  | { readonly do: "commit"; readonly within: Duration };
export type Kept = "kept" | "refused";
export type Answer = "done" | Kept | Expected<string>;
/** A part of a dialogue. Always `yield*`: each step then has the type of its own answer. No effect inside `finally`. */
export type Step<A> = Generator<Effect, A, Answer>;
type Fill<T> = T extends Template<infer H> ? ([H] extends [never] ? [] : [fill: Readonly<Record<H, number>>]) : never;
/** What a dialogue may do. It is resumed by the link, so it needs no clock, and is cancelled at once. */
export type Line<M, T extends Templates> = {
  /** What decode has learned by now. */
  readonly memory: M;
  send<K extends keyof T & string>(template: K, ...fill: Fill<T[K]>): Step<"done">;
  /**
   * Waits for a frame that one of `wanted` matches; `within` counts from the call, and `between` (where not given: `within` again) from
   * each byte of an answer under way.
   */
  expect<N extends string>(wanted: Wanted<N>, within: Duration, between?: Duration): Step<Expected<N>>;
  sleep(time: Duration): Step<"done">;
  /**
   * Before a device is answered that forgets what it was answered for: `kept` when every reading that was told until now is on flash or
   * with the broker; `refused` where the disk does not take it, where the device is not proved yet, and after `within`. Samples that wait
   * for more of their block are not waited for.
   */
  commit(within: Duration): Step<Kept>;
};

/** Infers M from `memory` and T from `tx`: never give type arguments. */
export const driver = <M, const T extends Templates>(value: Driver<M, T>): Driver<M, T> => value;

/** A driver whose memory and templates are nobody's business: what the registry and the agent handle. */
// biome-ignore lint/suspicious/noExplicitAny: M is private to the driver; the agent hands it back unread.
export type AnyDriver = Driver<any, any>;
