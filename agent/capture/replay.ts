import { after, Milliseconds, type Mono, Seconds } from "../../config/units.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { type Decoded, Link, type LinkCounts } from "../session/link.ts";
import type { Piece } from "./capture-file.ts";

/** The agent's own tick. */
const TICK = Milliseconds(20);
/** A pause is lived through tick by tick up to this; what has to end of silence has ended then. */
const PAUSE_MAX = Seconds(2);
const NOTHING = new Uint8Array();

export type Replayed = {
  /** Frames that say something, in order; `t_ms` as in the capture. */
  readonly frames: readonly { readonly t_ms: number; readonly decoded: Decoded }[];
  readonly counts: Readonly<LinkCounts>;
  /** Bytes of a frame that the capture does not end. */
  readonly pending: number;
  /** Frames in a row without a discard between them, at most: a session publishes nothing before its driver's `proof`. */
  readonly row: number;
};

/**
 * What the agent's own link makes of a capture. What its dialogue would send now changes nothing: the talk was had before.
 * Throws what the driver throws.
 */
export function replay(driver: AnyDriver, pieces: readonly Piece[]): Replayed {
  const counts: LinkCounts = { bytes: 0, frames: 0, framed: 0, discarded: 0, broken: 0 };
  const link = new Link(driver, counts);
  const frames: { t_ms: number; decoded: Decoded }[] = [];
  let row = 0;
  let longest = 0;
  let now = 0;
  const hear = (bytes: Uint8Array): void => {
    for (const decoded of link.push(bytes, instant(now)).decoded) {
      if (!decoded.aside) row = decoded.clean ? row + 1 : 1;
      longest = Math.max(longest, row);
      frames.push({ t_ms: now, decoded });
    }
  };
  const wait = (until: number): void => {
    const from = Math.max(now, until - PAUSE_MAX);
    for (now = from; now + TICK < until; ) {
      now += TICK;
      hear(NOTHING);
    }
    now = until;
  };
  for (const { t_ms, dir, bytes } of pieces) {
    if (dir === "tx") continue;
    wait(t_ms);
    hear(bytes);
  }
  wait(now + PAUSE_MAX);
  return { frames, counts, pending: link.pending, row: longest };
}

const instant = (ms: number): Mono => after(0n as Mono, Milliseconds(ms));
