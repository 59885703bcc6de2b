import type { Packet } from "../../drivers/nonin/emulator.ts";

/** A Nonin packet of the values in the given vector: rate 72, saturation 97, revision 48, nothing wrong. */
export const STEADY_PACKET: Packet = {
  heartRate: 72,
  saturation: 97,
  revision: 48,
  timer: 0,
  stat2: 0,
  saturationD: 97,
  saturationFast: 97,
  saturationBeat: 97,
  heartRateE: 72,
  saturationE: 97,
  saturationED: 97,
  heartRateD: 72,
  heartRateED: 72,
  statuses: Array(25).fill(0),
  pleth: Array(25).fill(1),
};
