import { type Duration, elapsed, type Mono } from "../../config/units.ts";
import { type DialogueEvent, DialogueRunner, type DialogueTurn } from "../../drivers/kit/dialogue.ts";
import type { AnyDriver, Kept } from "../../drivers/kit/driver.ts";
import { asideOf, createFramer, type Framer, type Output } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { timeOnLine } from "./device-clock.ts";
import { WaveShapes } from "./wave-shapes.ts";

/** What the link counts: bytes in = bytes in frames + discarded + pending. */
export type LinkCounts = { bytes: number; frames: number; framed: number; discarded: number; broken: number };
export type Decoded = {
  readonly frame: Uint8Array;
  readonly readings: readonly Reading[];
  readonly at: Mono;
  /** How long its last byte may have been on its way before `at`, and the others before it. */
  readonly underWay: Duration;
  /** No byte of its channel was discarded since the frame before. */
  readonly clean: boolean;
  /** It proves nothing, and breaks no silence. */
  readonly aside: boolean;
};

/**
 * One driver on one open line: framer, decode with its memory, dialogue, transmit gate. Pure but for its own memory; it neither
 * reads nor writes the port. Throws what the driver throws; the session quarantines it then.
 */
export class Link {
  readonly #driver: AnyDriver;
  readonly #framer: Framer;
  readonly #dialogue: DialogueRunner<unknown>;
  readonly #aside: ReadonlySet<string | undefined>;
  readonly #shapes = new WaveShapes();
  #memory: unknown;
  /** Bytes discarded on each channel since its last frame. */
  readonly #gaps = new Map<string | undefined, number>();
  #lastTick: Mono | undefined;
  #committed: Extract<DialogueEvent, { saw: "committed" }> | undefined;
  /** The bytes that came last were not there yet at this tick. */
  #before: Mono | undefined;
  /** The frame that decode was given last, for the report of a failure. */
  lastFrame: Uint8Array = new Uint8Array();
  readonly counts: LinkCounts;

  constructor(driver: AnyDriver, counts: LinkCounts) {
    this.#driver = driver;
    this.#framer = createFramer(driver.frame);
    this.#aside = asideOf(driver.frame);
    this.#memory = driver.memory;
    this.#dialogue = new DialogueRunner(driver, () => this.#memory);
    this.counts = counts;
  }

  get pending(): number {
    return this.#framer.pending;
  }

  /** What the bytes of one tick became, in order, and what the dialogue sends because of it. */
  push(bytes: Uint8Array, now: Mono): { readonly decoded: readonly Decoded[]; readonly turn: DialogueTurn } {
    const decoded: Decoded[] = [];
    const turn = new Turn();
    this.counts.bytes += bytes.length;
    if (bytes.length > 0) this.#before = this.#lastTick;
    if (this.#committed !== undefined) turn.add(this.#dialogue.step(now, this.#committed));
    this.#committed = undefined;
    const outputs = this.#framer.push(bytes);
    if (this.#framer.heard) turn.add(this.#dialogue.step(now, { saw: "bytes" }));
    this.#take(outputs, now, decoded, turn);
    this.#take(this.#framer.pass(elapsed(this.#lastTick ?? now, now)), now, decoded, turn);
    this.#lastTick = now;
    turn.add(this.#dialogue.step(now));
    return { decoded, turn: turn.done };
  }

  /** What a turn asked for under this number came to this; the dialogue hears of it in the next tick. */
  committed(commit: number, how: Kept): void {
    this.#committed = { saw: "committed", commit, how };
  }

  /** The frame told of another device: what was learned before does not hold for it. Decodes the frame as its first. */
  startAnew(frame: Uint8Array): readonly Reading[] {
    const { readings, memory } = this.#driver.decode(frame, this.#driver.memory, 0);
    this.#memory = memory;
    return this.#shapes.shaped(readings);
  }

  /** What is sent before the port is let go; undefined where nothing is, or where the device was never understood. */
  get farewell(): Uint8Array | undefined {
    const { leave, tx } = this.#driver;
    return leave === undefined || this.lastFrame.length === 0 ? undefined : tx[leave]?.encode({});
  }

  /** The line has ended: what was pending is discarded, the dialogue is cancelled. */
  end(): void {
    this.#dialogue.cancel();
    for (const output of this.#framer.flush()) {
      // A frame that only the end of the line completes is not decoded: nobody knows what would have followed.
      const bytes = "frame" in output ? output.frame.length : output.discard;
      this.counts.discarded += bytes;
    }
  }

  #take(outputs: readonly Output[], now: Mono, decoded: Decoded[], turn: Turn): void {
    for (const output of outputs) {
      const { channel } = output;
      const gap = this.#gaps.get(channel) ?? 0;
      const aside = this.#aside.has(channel);
      if ("discard" in output) {
        const { discard, broken } = output;
        this.#gaps.set(channel, gap + discard);
        this.counts.discarded += discard;
        this.counts.broken += broken;
        if (aside) continue;
        const saw = { saw: "broken", bytes: discard, ...(channel === undefined ? {} : { channel }) } as const;
        for (let told = 0; told < broken; told++) turn.add(this.#dialogue.step(now, saw));
        continue;
      }
      const { frame } = output;
      this.#gaps.delete(channel);
      this.lastFrame = frame;
      const { readings, memory } = this.#driver.decode(frame, this.#memory, gap);
      this.#memory = memory;
      this.counts.frames += 1;
      this.counts.framed += frame.length;
      const underWay = (elapsed(this.#before ?? now, now) + timeOnLine(frame.length, this.#driver)) as Duration;
      decoded.push({ frame, readings: this.#shapes.shaped(readings), at: now, underWay, clean: gap === 0, aside });
      turn.add(this.#dialogue.step(now, { saw: "frame", seen: { frame, readings, at: now } }));
    }
  }
}

/** Gathers the dialogue's steps of one tick. */
class Turn {
  readonly #writes: Uint8Array[] = [];
  #ended = false;
  #refused: string | undefined;
  #commit: number | undefined;

  add(step: DialogueTurn): void {
    this.#writes.push(...step.writes);
    this.#ended ||= step.ended;
    this.#refused ??= step.refused;
    // A dialogue waits for one at a time.
    this.#commit = step.commit ?? this.#commit;
  }

  get done(): DialogueTurn {
    return {
      writes: this.#writes,
      ended: this.#ended,
      ...(this.#refused === undefined ? {} : { refused: this.#refused }),
      ...(this.#commit === undefined ? {} : { commit: this.#commit }),
    };
  }
}
