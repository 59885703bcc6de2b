import { type Duration, Milliseconds } from "../../config/units.ts";
import { type Emulator, nextRandom, type Sent, type Unit } from "../../drivers/kit/emulator.ts";
import { openPtyLine, type PtyLine } from "./pty-line.ts";

/**
 * Emulated devices behind a pty: they send at line speed in monotonic time (process.hrtime.bigint()) and keep a ledger of what
 * left. What the pty refused was not sent: while the device is paused or unplugged, or nobody takes its bytes (see pty-line),
 * it goes on living and its bytes are lost, as a real one's are.
 */

/** A unit of which every byte left, with the times just before its first and just after its last byte. In order. */
export type LedgerEntry = { readonly unit: Unit; readonly firstByteAt: bigint; readonly lastByteAt: bigint };
/** A unit that did not leave whole: `sent` of its bytes did (0 included). The times are those at which it should have left. */
export type MissedEntry = LedgerEntry & { readonly sent: number };

export type EmulatedDevice = {
  /** What the agent opens: a link to the pty. */
  readonly path: string;
  readonly ledger: readonly LedgerEntry[];
  readonly missed: readonly MissedEntry[];
  readonly bytesSent: () => number;
  readonly bytesLost: () => number;
  readonly bytesHeard: () => number;
  /** Silence: the device neither sends nor hears until `resume`; its path stays. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly unplug: () => Promise<void>;
  readonly plug: () => Promise<void>;
  /** Pids that have the port open, without the line's own child. */
  readonly holders: () => readonly number[];
  readonly stop: () => Promise<void>;
};
export type EmulatedDeviceOptions<S> = {
  readonly emulator: Emulator<S>;
  readonly seed: number;
  /** Where the path is made; its folder exists. */
  readonly link: string;
  /** Instead of the state that the seed gives. */
  readonly state?: S;
  /** Every chunk that left, and every one that was heard, as it happens. */
  readonly onSent?: (bytes: Uint8Array, at: bigint) => void;
  readonly onHeard?: (bytes: Uint8Array, at: bigint) => void;
  /** What faults do, a line each, as it happens. */
  readonly onFault?: (what: string) => void;
  /** When the port is gone, and when it is back, counted from switch-on; an infinite `until`: for good. */
  readonly unplugs?: readonly { readonly from: Duration; readonly until: Duration }[];
};

export async function startEmulatedDevice<S>(options: EmulatedDeviceOptions<S>): Promise<EmulatedDevice> {
  const { emulator } = options;
  const books = openBooks();
  const pace = lineOf(emulator.speed);
  let state = options.state ?? emulator.start(options.seed);
  let phase: "on" | "paused" | "stopped" = "on";
  let heard = 0;
  let timer: NodeJS.Timeout | undefined;
  const switchedOn = process.hrtime.bigint();
  let stepAt = switchedOn;

  const line: PtyLine = await openPtyLine({
    link: options.link,
    heard: (bytes) => {
      heard += bytes.length;
      if (phase !== "on") return;
      options.onHeard?.(bytes, process.hrtime.bigint());
      turn(bytes);
    },
  });
  const step = (bytes: Uint8Array): void => {
    const now = process.hrtime.bigint();
    const result = emulator.step(state, bytes, Milliseconds(Number(now - switchedOn) / 1e6));
    state = result.state;
    stepAt = now + BigInt(Math.ceil(result.next * 1e6));
    for (const sent of result.sends) pace.add(sent);
    for (const what of result.did ?? []) options.onFault?.(what);
  };
  const send = (bytes: Uint8Array): void => {
    const before = process.hrtime.bigint();
    const how = phase === "on" ? line.write(bytes) : "refused";
    books.chunk({ length: bytes.length, before, after: process.hrtime.bigint(), taken: how === "taken" });
    if (how === "taken") options.onSent?.(bytes, before);
  };
  const turn = (bytes: Uint8Array): void => {
    if (phase === "stopped") return;
    if (bytes.length > 0 || stepAt <= process.hrtime.bigint()) step(bytes);
    const due = pace.pump(send, books.unit);
    const wake = due === undefined || due > stepAt ? stepAt : due;
    clearTimeout(timer);
    timer = setTimeout(turn, Math.max(1, Math.ceil(Number(wake - process.hrtime.bigint()) / 1e6)), NOTHING);
  };
  turn(NOTHING);
  const plugs = playUnplugs(line, options);
  return {
    path: line.path,
    ledger: books.ledger,
    missed: books.missed,
    bytesSent: () => books.sent(),
    bytesLost: () => books.lost(),
    bytesHeard: () => heard,
    pause: () => {
      if (phase === "on") phase = "paused";
    },
    resume: () => {
      if (phase === "paused") phase = "on";
    },
    unplug: line.unplug,
    plug: line.plug,
    holders: line.holders,
    stop: async () => {
      phase = "stopped";
      clearTimeout(timer);
      await plugs.stop();
      await line.stop();
    },
  };
}

const NOTHING = new Uint8Array();

/** Takes the port away and gives it back, one after another. */
function playUnplugs(line: PtyLine, { unplugs = [], onFault }: Pick<EmulatedDeviceOptions<unknown>, "unplugs" | "onFault">) {
  let last: Promise<void> = Promise.resolve();
  const timers = unplugs.flatMap(({ from, until }) => {
    const later = (ms: number, what: string, act: () => Promise<void>): NodeJS.Timeout =>
      setTimeout(() => {
        onFault?.(`${(ms / 1000).toFixed(2)} s  ${what}`);
        last = last.then(act);
      }, ms);
    const gone = later(from, "unplugged: the port is gone", line.unplug);
    return Number.isFinite(until) ? [gone, later(until, "plugged in again", line.plug)] : [gone];
  });
  return {
    stop: async (): Promise<void> => {
      for (const timer of timers) clearTimeout(timer);
      await last;
    },
  };
}

// ── Pace ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Start bit, eight data bits, stop bit. */
const BITS_A_BYTE = 10;
/** Long answers leave in slices of this time. */
const SLICE_MS = 10;
/** No slice is shorter than this: a frame of a few bytes goes whole. */
const SLICE_BYTES_MIN = 16;
/** A timer that wakes late is made up for up to this time. */
const CATCH_UP_NS = 50_000_000n;

type Pace = {
  readonly add: (sent: Sent) => void;
  /** Sends what the line has time for and returns when it has time again; undefined where nothing waits. */
  readonly pump: (send: (bytes: Uint8Array) => void, unit: (unit: Unit) => void) => bigint | undefined;
};

function lineOf(speed: number): Pace {
  const queue: Sent[] = [];
  const slice = Math.max(SLICE_BYTES_MIN, Math.round(((speed / BITS_A_BYTE) * SLICE_MS) / 1000));
  let offset = 0;
  let freeAt = 0n;
  return {
    add: (sent) => {
      const now = process.hrtime.bigint();
      // An idle line owes nobody anything: only a line at work makes up for a late timer.
      if (queue.length === 0 && freeAt < now) freeAt = now;
      queue.push(sent);
    },
    pump: (send, unit) => {
      for (let first = queue[0]; first !== undefined; first = queue[0]) {
        const now = process.hrtime.bigint();
        if (now < freeAt) return freeAt;
        const bytes = first.bytes.subarray(offset, offset + slice);
        send(bytes);
        offset += bytes.length;
        freeAt = (now - freeAt > CATCH_UP_NS ? now : freeAt) + BigInt(Math.round((bytes.length * BITS_A_BYTE * 1e9) / speed));
        if (offset < first.bytes.length) continue;
        queue.shift();
        offset = 0;
        if (first.unit !== undefined) unit(first.unit);
      }
      return undefined;
    },
  };
}

// ── Ledger ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** More than any unit has; a device without units keeps no more. */
const CHUNKS_MAX = 8192;

type Chunk = { readonly length: number; readonly before: bigint; readonly after: bigint; readonly taken: boolean };
type Books = {
  readonly ledger: readonly LedgerEntry[];
  readonly missed: readonly MissedEntry[];
  readonly chunk: (chunk: Chunk) => void;
  /** A unit ended with the last chunk. */
  readonly unit: (unit: Unit) => void;
  readonly sent: () => number;
  readonly lost: () => number;
};

function openBooks(): Books {
  const ledger: LedgerEntry[] = [];
  const missed: MissedEntry[] = [];
  /** Chunks since the last unit ended. */
  let recent: Chunk[] = [];
  let sent = 0;
  let lost = 0;
  return {
    ledger,
    missed,
    chunk: (chunk) => {
      if (recent.length >= CHUNKS_MAX) recent = recent.slice(CHUNKS_MAX / 2);
      recent.push(chunk);
      if (chunk.taken) sent += chunk.length;
      else lost += chunk.length;
    },
    unit: (unit) => {
      const own = chunksOf(unit, recent);
      recent = [];
      const [first, last] = [own[0], own.at(-1)];
      if (first === undefined || last === undefined) return;
      const entry = { unit, firstByteAt: first.before, lastByteAt: last.after };
      const whole = own.every((chunk) => chunk.taken);
      if (whole) ledger.push(entry);
      else missed.push({ ...entry, sent: own.reduce((sum, chunk) => sum + (chunk.taken ? chunk.length : 0), 0) });
    },
    sent: () => sent,
    lost: () => lost,
  };
}
/** The last chunks that make up the unit's bytes: what stands before them belongs to no unit (a damaged answer). */
function chunksOf(unit: Unit, chunks: readonly Chunk[]): readonly Chunk[] {
  let from = chunks.length;
  for (let left = unit.bytes; left > 0 && from > 0; left -= chunks[from]?.length ?? 0) from -= 1;
  return chunks.slice(from);
}

// ── Devices that are no emulators ───────────────────────────────────────────────────────────────────────────────────

export type PlaybackOptions = {
  readonly link: string;
  readonly speed?: number;
  /** Everything heard since the last answer → the bytes to answer with; none: goes on listening. */
  readonly on: (heard: Uint8Array) => Uint8Array;
};
/** A device that plays recorded bytes, at line speed. */
export const startPlayback = ({ link, speed = 9600, on }: PlaybackOptions): Promise<EmulatedDevice> =>
  startEmulatedDevice<Uint8Array>({ emulator: playback(speed, on), seed: 0, link });

const playback = (speed: number, on: PlaybackOptions["on"]): Emulator<Uint8Array> => ({
  id: "playback",
  speed,
  start: () => NOTHING,
  step: (before, heard) => {
    const all = Buffer.concat([before, heard]);
    const bytes = heard.length === 0 ? NOTHING : on(all);
    const kept = bytes.length > 0 ? NOTHING : all.subarray(-HEARD_BYTES_MAX);
    return { state: kept, sends: bytes.length > 0 ? [{ bytes }] : [], next: Milliseconds(1000) };
  },
});
const HEARD_BYTES_MAX = 4096;

/** For `on`: answers that are given to the command that was heard last ("SNDF\r"), in the order of the table. */
export const answersTo =
  (table: Readonly<Record<string, Uint8Array>>) =>
  (heard: Uint8Array): Uint8Array => {
    const text = Buffer.from(heard).toString("latin1");
    return Object.entries(table).find(([command]) => text.endsWith(command))?.[1] ?? NOTHING;
  };

export type RawDevice = {
  readonly path: string;
  /** At once, whatever the line speed; "refused" as on a line that nobody reads. */
  readonly write: (bytes: Uint8Array) => "taken" | "refused";
  readonly heard: () => Uint8Array;
  readonly line: PtyLine;
  readonly stop: () => Promise<void>;
};
/** A line on which a test says what is sent. */
export async function startRaw({ link }: { readonly link: string }): Promise<RawDevice> {
  const chunks: Uint8Array[] = [];
  const line = await openPtyLine({ link, heard: (bytes) => chunks.push(bytes) });
  return { path: line.path, write: line.write, heard: () => new Uint8Array(Buffer.concat(chunks)), line, stop: line.stop };
}

export type FloodOptions = {
  readonly link: string;
  readonly seed: number;
  /** Bytes a block; blocks follow one another as fast as the line takes them. */
  readonly block?: number;
  /** What is poured out; pseudo-random bytes where it is absent. */
  readonly fill?: (block: number) => Uint8Array;
};
export type Flood = { readonly path: string; readonly bytesSent: () => number; readonly stop: () => Promise<void> };
/** A device gone mad: bytes without end, as fast as the pty takes them, while somebody holds it. */
export async function startFlood({ link, seed, block = 1024, fill }: FloodOptions): Promise<Flood> {
  const line = await openPtyLine({ link, heard: () => undefined });
  let sent = 0;
  let pouring = true;
  let random = seed;
  const noise = (): Uint8Array =>
    Uint8Array.from({ length: block }, () => {
      const [next, value] = nextRandom(random);
      random = next;
      return Math.floor(value * 256);
    });
  const done = (async () => {
    for (let count = 0; pouring; ) {
      const bytes = fill?.(count) ?? noise();
      while (pouring && line.write(bytes) === "refused") {
        await line.room();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (!pouring) break;
      sent += bytes.length;
      count += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  return {
    path: line.path,
    bytesSent: () => sent,
    stop: async () => {
      pouring = false;
      await line.stop();
      await done;
    },
  };
}
