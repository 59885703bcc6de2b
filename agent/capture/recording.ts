import { type Duration, elapsed, type Mono, Seconds } from "../../config/units.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { AssertionFailed } from "../fault/fault.ts";
import type { SessionView } from "../session/session.ts";
import { type CaptureHead, headLine, type Piece, pieceLine } from "./capture-file.ts";
import { type Scrubbed, Scrubber } from "./scrubber.ts";

/** Bytes of the line in one capture: two minutes of the fastest, an hour of most. */
export const CAPTURE_BYTES_MAX = 2 * 1024 * 1024;
/** Who records asks for what has come every now and then; when he asks no more, he is gone. */
export const UNHEARD_MAX = Seconds(10);

export type Ended = "time" | "full" | "unplugged" | "asked" | "unheard" | "stopped" | "failed";
/** "whole": every byte as it came, for this box alone; "scrubbed": what the driver's field map lets through. */
export type Kept = "whole" | "scrubbed";
type Options = {
  readonly head: CaptureHead;
  readonly driver: AnyDriver;
  readonly kept: Kept;
  readonly since: Mono;
  readonly lasts: Duration;
};

/**
 * One capture while it is made. Scrubbed, nothing of a device that is not proved passes: its frames are held until enough of them hold,
 * and blanked where they never do.
 */
export class Recording {
  readonly #options: Options;
  readonly #scrubber: Scrubber | undefined;
  #lines: string[];
  #held: Piece[] = [];
  #last: Mono;
  #asked: Mono;
  #bytes = 0;
  #received = 0;
  #ended: Ended | undefined;
  #failed = false;

  constructor(options: Options) {
    const { driver, kept, since, head } = options;
    this.#options = options;
    this.#scrubber =
      kept === "whole" || driver.scrub === undefined ? undefined : new Scrubber({ frame: driver.frame, scrub: driver.scrub });
    this.#last = since;
    this.#asked = since;
    this.#lines = [headLine(head)];
  }

  get ended(): Ended | undefined {
    return this.#ended;
  }
  /** Bytes that the device sent. */
  get received(): number {
    return this.#received;
  }

  hear(dir: Piece["dir"], bytes: Uint8Array, now: Mono): void {
    if (this.#ended !== undefined) return;
    this.#bytes += bytes.length;
    if (dir === "rx") this.#received += bytes.length;
    if (dir === "tx" || this.#scrubber === undefined) this.#add({ t_ms: this.#time(now), dir, bytes });
    else this.#scrub(bytes, now);
    if (this.#bytes >= CAPTURE_BYTES_MAX) this.end("full", now);
  }

  /** `phase` of the session on the port; undefined: there is none. */
  tick(now: Mono, phase: SessionView["phase"] | undefined): void {
    if (this.#ended !== undefined) return;
    if (this.#scrubber !== undefined) this.#scrub(NOTHING, now);
    if (phase === "streaming") this.#pass();
    if (phase === "ended") this.end("unplugged", now);
    else if (elapsed(this.#options.since, now) >= this.#options.lasts) this.end("time", now);
    else if (elapsed(this.#asked, now) >= UNHEARD_MAX) this.end("unheard", now);
  }

  end(how: Ended, now: Mono): void {
    if (this.#ended !== undefined) return;
    const t_ms = this.#time(now);
    const rest = (this.#failed ? [] : this.#scrubber?.end())?.map((one): Piece => ({ t_ms, dir: "rx", ...one })) ?? [];
    this.#held = [...this.#held, ...rest].map((piece) => (piece.dir === "tx" ? piece : blanked(piece)));
    this.#pass();
    this.#ended = how;
  }

  /** Who records still wants it. */
  asked(now: Mono): void {
    this.#asked = now;
  }

  /** Lines since the last call. */
  take(now: Mono): string {
    this.#asked = now;
    return this.#lines.splice(0).join("");
  }

  #scrub(bytes: Uint8Array, now: Mono): void {
    const passed = elapsed(this.#last, now);
    this.#last = now;
    const t_ms = this.#time(now);
    try {
      for (const one of joined(this.#scrubber?.push(bytes, passed) ?? [])) this.#add({ t_ms, dir: "rx", ...one });
    } catch (caught) {
      // The session goes on: what failed is a driver's field map, or the driver itself, which the session sees too.
      if (caught instanceof AssertionFailed) throw caught;
      this.#failed = true;
      this.end("failed", now);
    }
  }

  #add(piece: Piece): void {
    if (this.#scrubber === undefined) this.#lines.push(pieceLine(piece));
    else this.#held.push(piece);
  }

  #pass(): void {
    this.#lines.push(...this.#held.splice(0).map(pieceLine));
  }

  #time(now: Mono): number {
    return Math.round(elapsed(this.#options.since, now));
  }
}

/** Frames of one turn, or blanks, are one piece: a device that sends five bytes a frame would fill a file with times. */
function joined(pieces: readonly Scrubbed[]): readonly Scrubbed[] {
  const all: { bytes: number[]; blank: true | undefined }[] = [];
  for (const { bytes, blank } of pieces) {
    const last = all.at(-1);
    if (last !== undefined && last.blank === blank) last.bytes.push(...bytes);
    else all.push({ bytes: [...bytes], blank });
  }
  return all.map(({ bytes, blank }) => ({ bytes: Uint8Array.from(bytes), ...(blank === undefined ? {} : { blank }) }));
}

const NOTHING = new Uint8Array();
const BLANK = 0x58;
const blanked = ({ t_ms, dir, bytes, blank }: Piece): Piece => ({
  ...{ t_ms, dir, blank: true },
  bytes: blank === true ? bytes : new Uint8Array(bytes.length).fill(BLANK),
});
