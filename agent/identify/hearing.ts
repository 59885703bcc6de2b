import { type Duration, elapsed, Milliseconds, type Mono, Seconds } from "../../config/units.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { lineText } from "../../drivers/kit/line.ts";
import type { Clock, OpenPort, Serial } from "../effects/effects.ts";
import { AssertionFailed } from "../fault/fault.ts";
import { Link, type LinkCounts } from "../session/link.ts";
import type { Try } from "./tries.ts";

/** Devices that talk by themselves do so each second or oftener; of lines without a start mark the first is not read, and two prove. */
export const LISTEN = Seconds(3.5);
/** From a request to the first whole answers. */
export const ASK = Seconds(4);
/** After the proof: who tells model and serial number seldom does so in every frame. */
const MORE = Seconds(1);
const TICK = Milliseconds(20);
const READ_MAX = 4096;

export type Seen = {
  readonly driver: string;
  readonly frames: number;
  /** Frames in a row without a discard between them, at most, and how many prove a device. */
  readonly row: number;
  readonly proof: number;
  readonly facts: Readonly<Record<string, string>>;
};
export type Heard = {
  readonly line: string;
  readonly bytes: number;
  /** Who asked; undefined: nobody did. */
  readonly asked: string | undefined;
  /** Those who saw a frame, most frames first. */
  readonly seen: readonly Seen[];
  readonly gone: boolean;
};
export const isProved = ({ row, proof }: Seen): boolean => row >= proof;

/** Opens the port once and hears what comes. The port is shut when this resolves. Throws Fault `port.*` where it cannot be opened. */
export async function hear(
  effects: { readonly clock: Clock; readonly serial: Serial },
  { path, tried, signal }: { readonly path: string; readonly tried: Try; readonly signal: AbortSignal },
): Promise<Heard> {
  const { clock, serial } = effects;
  const port = await serial.open(path, tried.line);
  const listeners = tried.listening.map((driver) => new Listener(driver));
  try {
    const began = clock.now();
    const lasts = tried.asks ? ASK : LISTEN;
    let proved: Mono | undefined;
    let bytes = 0;
    while (!signal.aborted && !port.gone && elapsed(began, clock.now()) < lasts && !isOver(proved, clock.now())) {
      const came = port.read(READ_MAX);
      bytes += came.length;
      const now = clock.now();
      const writes = listeners.flatMap((one) => one.hear(came, now));
      // What is asked behind the first answers need not be harmless.
      if (proved === undefined) for (const write of writes) port.write(write);
      if (listeners.some(({ seen }) => isProved(seen))) proved ??= now;
      await clock.sleep(TICK, signal);
    }
    const seen = listeners.map((one) => one.seen).filter(({ frames }) => frames > 0);
    return {
      line: lineText(tried.line),
      bytes,
      asked: tried.asks ? tried.listening[0]?.id : undefined,
      seen: seen.sort((a, b) => Number(isProved(b)) - Number(isProved(a)) || b.frames - a.frames),
      gone: port.gone,
    };
  } finally {
    await leave(port, listeners);
  }
}

const isOver = (proved: Mono | undefined, now: Mono): boolean => proved !== undefined && elapsed(proved, now) >= (MORE satisfies Duration);

async function leave(port: OpenPort, listeners: readonly Listener[]): Promise<void> {
  for (const { farewell } of listeners) if (farewell !== undefined && !port.gone) port.write(farewell);
  await port.close();
}

/** One driver on the line. One that fails hears no more: it is not the device's. */
class Listener {
  readonly #driver: AnyDriver;
  readonly #counts: LinkCounts = { bytes: 0, frames: 0, framed: 0, discarded: 0, broken: 0 };
  readonly #link: Link;
  #failed = false;
  #row = 0;
  #longest = 0;
  #facts: Readonly<Record<string, string>> = {};

  constructor(driver: AnyDriver) {
    this.#driver = driver;
    this.#link = new Link(driver, this.#counts);
  }

  get seen(): Seen {
    const { id, proof } = this.#driver;
    return { driver: id, frames: this.#counts.frames, row: this.#failed ? 0 : this.#longest, proof, facts: this.#facts };
  }

  get farewell(): Uint8Array | undefined {
    return this.#failed ? undefined : this.#link.farewell;
  }

  /** What the driver sends because of it. */
  hear(bytes: Uint8Array, now: Mono): readonly Uint8Array[] {
    if (this.#failed) return [];
    try {
      const { decoded, turn } = this.#link.push(bytes, now);
      for (const { aside, clean, readings } of decoded) {
        if (!aside) this.#row = clean ? this.#row + 1 : 1;
        this.#longest = Math.max(this.#longest, this.#row);
        for (const one of readings)
          if (one.told === "identity" && one.node === undefined) this.#facts = { ...this.#facts, [one.fact]: one.value };
      }
      if (turn.refused !== undefined) this.#failed = true;
      return turn.refused === undefined ? turn.writes : [];
    } catch (caught) {
      if (caught instanceof AssertionFailed) throw caught;
      this.#failed = true;
      return [];
    }
  }
}
