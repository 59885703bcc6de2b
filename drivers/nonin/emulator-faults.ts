import type { Emulator, Sent } from "../kit/emulator.ts";
import { FRAME_BYTES, FRAMES_A_PACKET, STATUS } from "./emulator.ts";

/**
 * A sensor line that damages every n-th packet. A damaged packet carries no unit: of a packet with fewer than 25 good frames
 * nothing is published.
 *
 * "sum": one frame has a wrong checksum · "sync early": SYNC one frame before its place · "sync late": one after it ·
 * "lost frame": one frame is missing.
 */
export type NoninFault = "sum" | "sync early" | "sync late" | "lost frame";
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
        return damage(sent, { fault, frame, hit: packet % every === 0, nextHit: (packet + 1) % every === 0 });
      });
      return { state: { device: turn.state, frames: state.frames + turn.sends.length }, sends, next: turn.next };
    },
  };
}

/** `hit`: this packet is to be damaged; `nextHit`: the one after it. `frame` counts from 0. */
type Place = { readonly fault: NoninFault; readonly frame: number; readonly hit: boolean; readonly nextHit: boolean };
const MIDDLE = 12;

function damage(sent: Sent, { fault, frame, hit, nextHit }: Place): readonly Sent[] {
  const last = FRAMES_A_PACKET - 1;
  // An early SYNC costs the packet it belongs to and the one that it falls into.
  if (fault === "sync early" && nextHit && frame === last) return [{ bytes: marked(sent.bytes, "sync") }];
  if (!hit) return [sent];
  const { bytes } = sent;
  switch (fault) {
    case "sum":
      if (frame === MIDDLE) return [{ bytes: bytes.map((byte, index) => (index === FRAME_BYTES - 1 ? byte ^ 0x55 : byte)) }];
      break;
    case "lost frame":
      if (frame === MIDDLE) return [];
      break;
    case "sync early":
      if (frame === 0) return [{ bytes: marked(bytes, "no sync") }];
      break;
    case "sync late":
      if (frame < 2) return [{ bytes: marked(bytes, frame === 1 ? "sync" : "no sync") }];
      break;
  }
  return [{ bytes }];
}

/** The frame with or without SYNC, and the sum that belongs to it. */
function marked(frame: Uint8Array, how: "sync" | "no sync"): Uint8Array {
  const changed = frame.slice();
  const status = changed[1] ?? 0;
  changed[1] = how === "sync" ? status | STATUS.sync : status & ~STATUS.sync;
  changed[FRAME_BYTES - 1] = changed.subarray(0, FRAME_BYTES - 1).reduce((sum, byte) => sum + byte, 0) & 0xff;
  return changed;
}
