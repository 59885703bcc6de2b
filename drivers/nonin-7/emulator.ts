import type { Emulator, Sent, Unit } from "../kit/emulator.ts";
import { type NoninState, noninEmulator } from "../nonin/emulator.ts";

/**
 * The same oximeter, set to data format 7: the packets of format 2, with a pleth of 16 bits and no byte 01 in front.
 * Frame: status, pleth high, pleth low, float, sum of the first four mod 256. Written from the protocol paper alone.
 */

/** Format 2 has the compressed pleth; what stands below its eight bits is made up, and differs with them. */
const PLETH_STRIDE = 73;
export const fullPleth = (compressed: number): number => (compressed << 8) | ((compressed * PLETH_STRIDE + 11) & 0xff);

export const nonin7Emulator: Emulator<NoninState> = {
  ...noninEmulator,
  id: "nonin-7",
  step: (state, heard, at) => {
    const turn = noninEmulator.step(state, heard, at);
    return { ...turn, sends: turn.sends.map(asFormat7) };
  },
};

function asFormat7({ bytes, unit }: Sent): Sent {
  const [, status = 0, compressed = 0, float = 0] = bytes;
  const pleth = fullPleth(compressed);
  const said = [status, pleth >> 8, pleth & 0xff, float];
  const frame = Uint8Array.of(...said, said.reduce((sum, byte) => sum + byte, 0) & 0xff);
  return unit === undefined ? { bytes: frame } : { bytes: frame, unit: { ...unit, waves: widened(unit) } };
}

const widened = ({ waves }: Unit): Unit["waves"] =>
  Object.fromEntries(Object.entries(waves).map(([refid, samples]) => [refid, samples.map(fullPleth)]));
