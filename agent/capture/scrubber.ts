import type { Duration } from "../../config/units.ts";
import { channelsOf } from "../../drivers/kit/demux.ts";
import type { AnyDriver, Framing } from "../../drivers/kit/driver.ts";
import { createFramer, type Framer, type Output } from "../../drivers/kit/framer.ts";
import type { Piece } from "./capture-file.ts";

/** What stands for a byte that may not be kept. */
const BLANK = 0x58;

export type Scrubbed = Omit<Piece, "t_ms" | "dir">;

/**
 * What a capture may hold of what a device sends: frames as the driver's field map leaves them. Bytes in no accepted frame are nobody's
 * to judge (a torn one may hold half a name), so each is blanked; their number and their place stay. Framed as the link frames them, so
 * that who reads the capture sees the same frames and the same gaps. On a line of several talks a frame is not in one piece: where
 * nobody is named on it, all bytes stay as they came.
 */
export class Scrubber {
  readonly #framer: Framer;
  readonly #framing: Framing;
  readonly #scrub: NonNullable<AnyDriver["scrub"]>;
  readonly #asItCame: boolean;

  constructor({ frame, scrub }: Pick<AnyDriver, "frame"> & { readonly scrub: NonNullable<AnyDriver["scrub"]> }) {
    this.#framer = createFramer(frame);
    this.#framing = frame;
    this.#scrub = scrub;
    this.#asItCame = scrub === "nobody" && "demux" in frame;
  }

  /** The bytes of one tick (perhaps none), and the time since the one before. Throws what the driver throws. */
  push(bytes: Uint8Array, passed: Duration): readonly Scrubbed[] {
    if (this.#asItCame) return bytes.length === 0 ? [] : [{ bytes }];
    return [...this.#framer.push(bytes), ...this.#framer.pass(passed)].map((output) => this.#scrubbed(output));
  }

  /** The end of the capture: what is no frame by now is none. */
  end(): readonly Scrubbed[] {
    return this.#framer
      .flush()
      .map((output) => this.#scrubbed("frame" in output ? { ...output, discard: output.frame.length, broken: 0 } : output));
  }

  #scrubbed(output: Output): Scrubbed {
    if ("discard" in output) return this.#blank(output.discard, output.channel);
    const { frame, channel } = output;
    const kept = this.#scrub === "nobody" ? frame : this.#scrub(frame);
    return kept === undefined ? this.#blank(frame.length, channel) : { bytes: kept };
  }

  #blank(length: number, channel: string | undefined): Scrubbed {
    const bytes = new Uint8Array(length).fill(BLANK);
    const end = endOf(this.#framing, channel);
    // Without a start mark a frame begins behind an end mark: it would be lost with what is blanked before it.
    if (end.length <= length) bytes.set(end, length - end.length);
    return { bytes, blank: true };
  }
}

function endOf(framing: Framing, channel: string | undefined): Uint8Array {
  const plain = "demux" in framing ? channelsOf(framing.demux).get(channel ?? "")?.frame : framing;
  const end = plain !== undefined && "delimited" in plain && plain.delimited.start === undefined ? plain.delimited.end : "";
  return Uint8Array.from(end, (letter) => letter.charCodeAt(0));
}
