import { elapsed, type Mono } from "../../config/units.ts";
import { DialogueRunner, type DialogueTurn } from "../../drivers/kit/dialogue.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { createFramer, type Framer, type Output } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";

/** What the link counts: bytes in = bytes in frames + discarded + pending. */
export type LinkCounts = { bytes: number; frames: number; framed: number; discarded: number; broken: number };
export type Decoded = {
  readonly frame: Uint8Array;
  readonly readings: readonly Reading[];
  readonly at: Mono /** No byte was discarded since the frame before. */;
  readonly clean: boolean;
};

/**
 * One driver on one open line: framer, decode with its memory, dialogue, transmit gate. Pure but for its own memory; it neither
 * reads nor writes the port. Throws what the driver throws; the session quarantines it then.
 */
export class Link {
  readonly #driver: AnyDriver;
  readonly #framer: Framer;
  readonly #dialogue: DialogueRunner<unknown>;
  #memory: unknown;
  #gap = 0;
  #lastBytes: Mono | undefined;
  /** The frame that decode was given last, for the report of a failure. */
  lastFrame: Uint8Array = new Uint8Array();
  readonly counts: LinkCounts;

  constructor(driver: AnyDriver, counts: LinkCounts) {
    this.#driver = driver;
    this.#framer = createFramer(driver.frame);
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
    if (bytes.length > 0) {
      this.#lastBytes = now;
      this.counts.bytes += bytes.length;
      turn.add(this.#dialogue.step(now, { saw: "bytes" }));
      this.#take(this.#framer.push(bytes), now, decoded, turn);
    } else if (this.#lastBytes !== undefined) this.#take(this.#framer.idle(elapsed(this.#lastBytes, now)), now, decoded, turn);
    turn.add(this.#dialogue.step(now));
    return { decoded, turn: turn.done };
  }

  /** The frame told of another device: what was learned before does not hold for it. Decodes the frame as its first. */
  startAnew(frame: Uint8Array): readonly Reading[] {
    const { readings, memory } = this.#driver.decode(frame, this.#driver.memory, 0);
    this.#memory = memory;
    return readings;
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
      if ("discard" in output) {
        this.#gap += output.discard;
        this.counts.discarded += output.discard;
        this.counts.broken += output.broken;
        for (let broken = 0; broken < output.broken; broken++) turn.add(this.#dialogue.step(now, { saw: "broken", bytes: output.discard }));
        continue;
      }
      const clean = this.#gap === 0;
      this.lastFrame = output.frame;
      const { readings, memory } = this.#driver.decode(output.frame, this.#memory, this.#gap);
      this.#memory = memory;
      this.#gap = 0;
      this.counts.frames += 1;
      this.counts.framed += output.frame.length;
      decoded.push({ frame: output.frame, readings, at: now, clean });
      turn.add(this.#dialogue.step(now, { saw: "frame", seen: { frame: output.frame, readings, at: now } }));
    }
  }
}

/** Gathers the dialogue's steps of one tick. */
class Turn {
  readonly #writes: Uint8Array[] = [];
  #ended = false;
  #refused: string | undefined;

  add(step: DialogueTurn): void {
    this.#writes.push(...step.writes);
    this.#ended ||= step.ended;
    this.#refused ??= step.refused;
  }

  get done(): DialogueTurn {
    return { writes: this.#writes, ended: this.#ended, ...(this.#refused === undefined ? {} : { refused: this.#refused }) };
  }
}
