import { Milliseconds } from "../../config/units.ts";
import type { MedibusState } from "../../drivers/draeger-medibus/emulator-state.ts";
import type { Emulator, Sent, Unit } from "../../drivers/kit/emulator.ts";

/** A host for tests of the emulated MEDIBUS devices; it takes the bytes apart in its own way. */

export type Told = { readonly code: number; readonly content: string; readonly at: number };
export type Said = {
  /** Complete frames with a right sum, by kind; `inside`: a command that came inside an answer. */
  readonly answers: readonly Told[];
  readonly commands: readonly (Told & { readonly inside: boolean })[];
  readonly fast: readonly number[];
  readonly controls: readonly number[];
  /** Fast bytes between the first and the last byte of an answer. */
  readonly mixed: number;
  readonly broken: number;
};

export const frame = (start: number, code: number, content = ""): Uint8Array => {
  const body = [start, code, ...Buffer.from(content, "latin1")];
  const sum = body.reduce((total, byte) => total + byte, 0) % 256;
  return Uint8Array.from([...body, ...Buffer.from(sum.toString(16).toUpperCase().padStart(2, "0")), 0x0d]);
};
export const command = (code: number, argument = ""): Uint8Array => frame(0x1b, code, argument);
export const answer = (code: number, content = ""): Uint8Array => frame(0x01, code, content);
export const HOST_ID = "0161'My PC'01.00:03.00";

export const taken = (pieces: readonly Piece[]): Said => pieces.reduce((taker, piece) => taker.take(piece), new Taker()).said;
export type Piece = { readonly at: number; readonly sent: Sent };

class Taker {
  readonly said = {
    ...{ answers: [] as Told[], commands: [] as (Told & { inside: boolean })[], fast: [] as number[], controls: [] as number[] },
    ...{ mixed: 0, broken: 0 },
  };
  #outer: number[] | undefined;
  #inner: number[] | undefined;

  take({ at, sent }: Piece): this {
    for (const byte of sent.bytes) this.#takeByte(byte, at);
    return this;
  }

  #takeByte(byte: number, at: number): void {
    if (byte >= 0x80) {
      this.said.fast.push(byte);
      if (this.#outer !== undefined) this.said.mixed += 1;
    } else if (byte === 0x11 || byte === 0x13) this.said.controls.push(byte);
    else if (byte === 0x1b) this.#inner = [byte];
    else if (byte === 0x01) this.#outer = [byte];
    else if (byte !== 0x0d) (this.#inner ?? this.#outer)?.push(byte);
    else this.#end(at);
  }

  #end(at: number): void {
    const whole = this.#inner ?? this.#outer ?? [];
    const [start = 0, code = 0] = whole;
    const content = Buffer.from(whole.slice(2, -2)).toString("latin1");
    if (!Buffer.from(frame(start, code, content)).equals(Buffer.from([...whole, 0x0d]))) this.said.broken += 1;
    else if (this.#inner !== undefined) this.said.commands.push({ code, content, at, inside: this.#outer !== undefined });
    else this.said.answers.push({ code, content, at });
    if (this.#inner === undefined) this.#outer = undefined;
    this.#inner = undefined;
  }
}

export type Talk = { readonly said: Said; readonly units: readonly Unit[]; readonly state: MedibusState; readonly sends: readonly Sent[] };
export type Habits = {
  readonly time: number;
  /** Asked in turn, twice a second. */
  readonly asks?: readonly Uint8Array[];
  /** Said once, at a time. */
  readonly says?: readonly { readonly at: number; readonly bytes: Uint8Array }[];
  /** What it answers to 52; undefined: it answers nothing at all. */
  readonly id?: string | undefined;
  /** Configures these curves as soon as it may, and again when they changed. */
  readonly curves?: { readonly list: string; readonly enable: readonly (readonly [command: number, streams: number])[] };
  readonly from?: MedibusState;
  readonly tick?: number;
};

export function talk(device: Emulator<MedibusState>, seed: number, habits: Habits): Talk {
  const { time, asks = [], says = [], id, curves, from = device.start(seed), tick = 10 } = habits;
  const pieces: Piece[] = [];
  const taker = new Taker();
  const left = [...says];
  let state = from;
  let known = 0;
  let configure = Number.POSITIVE_INFINITY;
  let turn = 0;
  for (let at = 0; at <= time; at += tick) {
    const heard: Uint8Array[] = [];
    while (left[0] !== undefined && left[0].at <= at) heard.push(left.shift()!.bytes);
    const { commands } = taker.said;
    for (const { code } of id === undefined ? [] : commands.slice(known)) {
      heard.push(answer(code, code === 0x52 ? id : ""));
      if (code === 0x52 || code === 0x56) configure = Math.min(configure, at + 400);
    }
    known = commands.length;
    if (curves !== undefined && at >= configure) {
      configure = Number.POSITIVE_INFINITY;
      const enable = curves.enable.flatMap(([group, streams]) => [0xc0 | group, 0xc0 | streams]);
      heard.push(command(0x54, curves.list), Uint8Array.of(0xd0, ...enable, 0xc0, 0xc0));
    }
    const open = state.session.phase === "open" && state.session.host === "told";
    if (open && asks.length > 0 && at % 500 === 0) heard.push(asks[turn++ % asks.length]!);
    const step = device.step(state, Buffer.concat(heard), Milliseconds(at));
    state = step.state;
    for (const sent of step.sends) taker.take({ at, sent });
    pieces.push(...step.sends.map((sent) => ({ at, sent })));
  }
  const sends = pieces.map(({ sent }) => sent);
  return { said: taker.said, units: sends.flatMap(({ unit }) => (unit === undefined ? [] : [unit])), state, sends };
}
