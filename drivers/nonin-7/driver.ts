import { Seconds } from "../../config/units.ts";
import { sum8 } from "../kit/checks.ts";
import { driver } from "../kit/driver.ts";
import { FRAME_BYTES, PACKET_FRAMES, packetFormat, STATUS } from "../nonin/packet.ts";

/** Nonin data format 7: the packets of format 2 with a pleth of 16 bits. */
export const nonin7 = driver({
  id: "nonin-7",
  device: "Nonin OEM III, Xpod and kin, data format 7",
  grade: "document",
  line: { speed: 9600, format: "8N1", modemLines: "untouched" }, // OX1-1
  quiet: Seconds(2), // OX1-8
  proof: PACKET_FRAMES, // OX7-2: one bit and an 8-bit sum let one in 512 shifted frames pass
  frame: { fixed: { length: FRAME_BYTES, accepts } },
  scrub: "nobody",
  tx: {},
  ...packetFormat({ plethMost: 65_535, sampleOf: (frame) => [frame[0] ?? 0, ((frame[1] ?? 0) << 8) | (frame[2] ?? 0), frame[3] ?? 0] }),
});

// OX7-1: status with bit 7, pleth high and low, float, sum of the first four.
function accepts(frame: Uint8Array): boolean {
  return (frame[0]! & STATUS.always) !== 0 && sum8(frame.subarray(0, 4)) === frame[4];
}
