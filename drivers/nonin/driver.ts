import { Seconds } from "../../config/units.ts";
import { sum8 } from "../kit/checks.ts";
import { driver } from "../kit/driver.ts";
import { FRAME_BYTES, PACKET_FRAMES, packetFormat, STATUS } from "./packet.ts";

const START_BYTE = 0x01;

/** Nonin data format 2 (OEM III, Xpod): a packet of 25 frames three times a second; the device talks by itself. */
export const nonin = driver({
  id: "nonin",
  device: "Nonin OEM III, Xpod and kin, data format 2",
  grade: "document",
  line: { speed: 9600, format: "8N1", modemLines: "untouched" }, // OX1-1
  quiet: Seconds(2), // OX1-8
  proof: PACKET_FRAMES, // OX1-2: an 8-bit sum alone is weak
  frame: { fixed: { start: START_BYTE, length: FRAME_BYTES, accepts } },
  scrub: "nobody",
  tx: {},
  ...packetFormat({ plethMost: 255, sampleOf: (frame) => [frame[1] ?? 0, frame[2] ?? 0, frame[3] ?? 0] }),
});

// OX1-2: 01, status with bit 7, pleth, float, sum of the first four.
function accepts(frame: Uint8Array): boolean {
  return frame[0] === START_BYTE && (frame[1]! & STATUS.always) !== 0 && sum8(frame.subarray(0, 4)) === frame[4];
}
