import type { OpenPort, Serial } from "../../agent/effects/effects.ts";
import { Fault } from "../../agent/fault/fault.ts";
import { Milliseconds } from "../../config/units.ts";
import type { Emulator, Unit } from "../../drivers/kit/emulator.ts";
import type { Life, Stage } from "./life.ts";
import { type Instant, MS, SECOND } from "./schedule.ts";

const KERNEL_BUFFER = 4096;
const BITS_PER_BYTE = 10;

/** One unit in the sender's own ledger, and what became of it on the line. */
export type SentUnit = {
  readonly port: string;
  readonly unit: Unit;
  /** When the first byte left and the last had arrived. */
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  /** Some of it came while nobody held the port, was overrun in the kernel, or was spoilt on the line. */
  fate: "under way" | "unheard" | "spoilt" | "read";
  /** When the agent read its last byte, and through which opening of the port. */
  readAt: Instant;
  opening: Opening | undefined;
};
/** One opening of a port by one life. */
export type Opening = { readonly life: Life; readonly at: Instant };

/** Bytes on the line that leave together. */
type Piece = { readonly bytes: Uint8Array; readonly start: Instant; readonly unit: SentUnit | undefined; taken: number };

/** A device on a line, its own ledger, and the kernel's end of it. All lazy: it is brought up to now when somebody looks. */
export class SimPort {
  readonly path: string;
  readonly location: string;
  readonly units: SentUnit[] = [];
  readonly #stage: Stage;
  readonly #step: (heard: Uint8Array, at: Instant) => { sends: readonly { bytes: Uint8Array; unit?: Unit }[]; next: Instant };
  readonly #byteTime: number;
  readonly #line: Piece[] = [];
  #lineFree: Instant = 0;
  #next: Instant = 0;
  #heard: number[] = [];
  #kernel: number[] = [];
  /** Units whose last byte lies in the kernel's buffer, with how many bytes are before its end. */
  #complete: { unit: SentUnit; end: number }[] = [];
  #opening: Opening | undefined;
  #plugged = true;
  #switchedOff: Instant | undefined;
  #silentUntil: Instant = 0;
  #spoilNext = false;

  constructor(stage: Stage, place: { path: string; location: string }, device: { emulator: Emulator<unknown>; seed: number }) {
    this.path = place.path;
    this.location = place.location;
    this.#stage = stage;
    const { emulator } = device;
    let state = emulator.start(device.seed);
    this.#byteTime = (BITS_PER_BYTE * SECOND) / emulator.speed;
    this.#step = (heard, at) => {
      const stepped = emulator.step(state, heard, Milliseconds(at / MS));
      state = stepped.state;
      return { sends: stepped.sends, next: Math.round(stepped.next * MS) };
    };
  }

  get plugged(): boolean {
    return this.#plugged;
  }

  open(life: Life): Opening {
    this.#advance();
    this.#kernel = [];
    this.#complete = [];
    this.#opening = { life, at: this.#stage.schedule.now };
    return this.#opening;
  }

  holds(opening: Opening): boolean {
    return this.#opening === opening && opening.life.alive;
  }

  close(opening: Opening): void {
    this.#advance();
    if (this.#opening === opening) this.#lose();
  }

  /** The process that held it is no more. */
  lifeEnded(): void {
    this.#advance();
    this.#lose();
  }

  read(limit: number): Uint8Array {
    this.#advance();
    const bytes = Uint8Array.from(this.#kernel.splice(0, limit));
    for (const entry of this.#complete) entry.end -= bytes.length;
    while (this.#complete[0] !== undefined && this.#complete[0].end <= 0) {
      const { unit } = this.#complete.shift() as { unit: SentUnit };
      unit.fate = unit.fate === "under way" ? "read" : unit.fate;
      unit.readAt = this.#stage.schedule.now;
      unit.opening = this.#opening;
    }
    return bytes;
  }

  write(bytes: Uint8Array): void {
    this.#advance();
    this.#heard.push(...bytes);
    this.#next = Math.min(this.#next, this.#stage.schedule.now + Math.ceil(bytes.length * this.#byteTime));
  }

  /** The cable: unplugged, a holder sees a hang-up. */
  plug(plugged: boolean): void {
    this.#advance();
    this.#plugged = plugged;
    if (!plugged) this.#lose();
  }

  silence(until: Instant): void {
    this.#advance();
    this.#silentUntil = until;
  }

  /** The next bytes that leave are hit by noise: one byte of them is turned. */
  spoil(): void {
    this.#spoilNext = true;
  }

  /** The device is switched off for good. */
  switchOff(): void {
    this.#advance();
    this.#switchedOff = this.#stage.schedule.now;
  }

  /** Brings device, line and kernel up to now. */
  #advance(): void {
    const { now } = this.#stage.schedule;
    while (this.#switchedOff === undefined && this.#next <= now) {
      const at = this.#next;
      const heard = Uint8Array.from(this.#heard.splice(0));
      const { sends, next } = this.#step(heard, at);
      this.#next = Math.max(next, at + 1);
      if (at < this.#silentUntil) continue;
      for (const { bytes, unit } of sends) this.#send(bytes, unit, at);
    }
    while (this.#line[0] !== undefined && this.#arrive(this.#line[0], now)) this.#line.shift();
  }

  #send(bytes: Uint8Array, unit: Unit | undefined, at: Instant): void {
    const start = Math.max(at, this.#lineFree);
    this.#lineFree = start + bytes.length * this.#byteTime;
    const onLine = bytes.slice();
    const sent: SentUnit | undefined =
      unit === undefined
        ? undefined
        : {
            port: this.location,
            unit,
            firstAt: start - Math.max(0, unit.bytes - bytes.length) * this.#byteTime,
            lastAt: this.#lineFree,
            fate: "under way",
            readAt: 0,
            opening: undefined,
          };
    if (sent !== undefined) this.units.push(sent);
    if (this.#spoilNext && onLine.length > 0) {
      this.#spoilNext = false;
      const hit = this.#stage.random.stream(`noise ${start}`).between(0, onLine.length - 1);
      onLine[hit] = (onLine[hit] ?? 0) ^ 0x5a;
      if (sent !== undefined) sent.fate = "spoilt";
    }
    this.#line.push({ bytes: onLine, start, unit: sent, taken: 0 });
  }

  /** Moves what has arrived into the kernel, or nowhere; true when the piece has arrived whole. */
  #arrive(piece: Piece, now: Instant): boolean {
    const arrived = Math.min(piece.bytes.length, Math.floor((now - piece.start) / this.#byteTime));
    for (; piece.taken < arrived; piece.taken += 1) {
      const at = piece.start + (piece.taken + 1) * this.#byteTime;
      const heard = this.#opening !== undefined && at >= this.#opening.at && this.#kernel.length < KERNEL_BUFFER;
      if (heard) this.#kernel.push(piece.bytes[piece.taken] as number);
      else if (piece.unit !== undefined && piece.unit.fate === "under way") piece.unit.fate = "unheard";
    }
    if (piece.taken < piece.bytes.length) return false;
    if (piece.unit !== undefined && this.#opening !== undefined) this.#complete.push({ unit: piece.unit, end: this.#kernel.length });
    return true;
  }

  /** Nobody holds the port any more: what the kernel held is gone. */
  #lose(): void {
    for (const { unit } of this.#complete) if (unit.fate === "under way") unit.fate = "unheard";
    for (const piece of this.#line) if (piece.taken > 0 && piece.unit?.fate === "under way") piece.unit.fate = "unheard";
    this.#opening = undefined;
    this.#kernel = [];
    this.#complete = [];
  }
}

/** The serial lines as one process sees them. */
export function serialOf(life: Life, stage: Stage, ports: readonly SimPort[]): Serial {
  return {
    open: (path) => {
      const delay = stage.random.between(100, 3000);
      return life.later(delay, () => {
        const port = ports.find((one) => one.path === path);
        stage.trace.add("open", stage.schedule.now, life.index, path);
        if (port === undefined || !port.plugged) throw new Fault("port.missing", `${path} does not exist`, { path });
        return openPort(life, stage, port);
      });
    },
  };
}

function openPort(life: Life, stage: Stage, port: SimPort): OpenPort {
  const opening = port.open(life);
  return {
    get gone() {
      return !port.holds(opening);
    },
    read: (limit) => {
      if (!port.holds(opening)) return new Uint8Array(0);
      const bytes = port.read(limit);
      if (bytes.length > 0) {
        stage.trace.add("read", stage.schedule.now, port.location);
        stage.trace.bytes(bytes);
      }
      return bytes;
    },
    write: (bytes) => {
      if (!port.holds(opening)) return false;
      stage.trace.add("write", stage.schedule.now, port.location);
      stage.trace.bytes(bytes);
      port.write(bytes);
      return true;
    },
    close: () => life.later(100, () => port.close(opening)),
  };
}
