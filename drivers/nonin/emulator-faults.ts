import type { Emulator, Sent } from "../kit/emulator.ts";
import { FRAME_BYTES, FRAMES_A_PACKET, STATUS } from "./emulator.ts";

/**
 * A sensor line that damages every n-th packet. A damaged packet carries no unit: of a packet with fewer than 25 good frames
 * nothing is published.
 *
 * "sum": one frame has a wrong checksum · "lost frame": one frame is missing, the next SYNC comes early · "sync late": SYNC one
 * frame after its place. (SYNC one frame before its place, with sums that hold, makes 25 good frames in a row that are one
 * frame off: no reader could tell them from a packet, so that no device is emulated that does it.)
 */
export type NoninFault = "sum" | "sync late" | "lost frame";
export type FaultyState<S> = { readonly device: S; readonly frames: number };

export function noninFaults<S>(device: Emulator<S>, fault: NoninFault, every: number): Emulator<FaultyState<S>> {
  return {
    id: device.id,
    speed: device.speed,
    start: (seed) => ({ device: device.start(seed), frames: 0 }),
    step: (state, heard, at) => {
      const turn = device.step(state.device, heard, at);
      const sends = turn.sends.flatMap((sent, index) => {
        const frame = (state.frames + index) % FRAMES_A_PACKET;
        const packet = Math.floor((state.frames + index) / FRAMES_A_PACKET) + 1;
        return packet % every === 0 ? damage(sent.bytes, fault, frame) : [sent];
      });
      return { state: { device: turn.state, frames: state.frames + turn.sends.length }, sends, next: turn.next };
    },
  };
}

const MIDDLE = 12;

/** `frame` counts from 0. */
function damage(bytes: Uint8Array, fault: NoninFault, frame: number): readonly Sent[] {
  switch (fault) {
    case "sum":
      return [{ bytes: frame === MIDDLE ? bytes.map((byte, index) => (index === FRAME_BYTES - 1 ? byte ^ 0x55 : byte)) : bytes }];
    case "lost frame":
      return frame === MIDDLE ? [] : [{ bytes }];
    case "sync late":
      return [{ bytes: frame < 2 ? marked(bytes, frame === 1 ? "sync" : "no sync") : bytes }];
  }
}

/** The frame with or without SYNC, and the sum that belongs to it. */
function marked(frame: Uint8Array, how: "sync" | "no sync"): Uint8Array {
  const changed = frame.slice();
  const status = changed[1] ?? 0;
  changed[1] = how === "sync" ? status | STATUS.sync : status & ~STATUS.sync;
  changed[FRAME_BYTES - 1] = changed.subarray(0, FRAME_BYTES - 1).reduce((sum, byte) => sum + byte, 0) & 0xff;
  return changed;
}
