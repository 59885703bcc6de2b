import type { Emulator } from "../kit/emulator.ts";
import { FRAME_BYTES, FRAMES_A_PACKET, noninEmulator, STATUS } from "./emulator.ts";

/**
 * An oximeter of which SYNC comes one frame after its place in every fourth packet, with sums that hold: no damage of a line, so that
 * the kit's faults cannot play it. Such a packet carries no unit: of a packet with fewer than 25 frames in step nothing is published.
 * (SYNC one frame before its place makes 25 good frames in a row that are one frame off: no reader could tell them from a packet,
 * so that no device is emulated that does it.)
 */
const EVERY = 4;
type State = { readonly device: ReturnType<typeof noninEmulator.start>; readonly frames: number };

export const syncLateEmulator: Emulator<State> = {
  id: noninEmulator.id,
  speed: noninEmulator.speed,
  start: (seed) => ({ device: noninEmulator.start(seed), frames: 0 }),
  step: (state, heard, at) => {
    const turn = noninEmulator.step(state.device, heard, at);
    const sends = turn.sends.map((sent, index) => {
      const frame = (state.frames + index) % FRAMES_A_PACKET;
      const packet = Math.floor((state.frames + index) / FRAMES_A_PACKET) + 1;
      if (packet % EVERY !== 0) return sent;
      return { bytes: frame < 2 ? marked(sent.bytes, frame === 1 ? "sync" : "no sync") : sent.bytes };
    });
    return { state: { device: turn.state, frames: state.frames + turn.sends.length }, sends, next: turn.next };
  },
};

/** The frame with or without SYNC, and the sum that belongs to it. */
function marked(frame: Uint8Array, how: "sync" | "no sync"): Uint8Array {
  const changed = frame.slice();
  const status = changed[1] ?? 0;
  changed[1] = how === "sync" ? status | STATUS.sync : status & ~STATUS.sync;
  changed[FRAME_BYTES - 1] = changed.subarray(0, FRAME_BYTES - 1).reduce((sum, byte) => sum + byte, 0) & 0xff;
  return changed;
}
