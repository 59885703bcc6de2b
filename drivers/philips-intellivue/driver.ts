import { Seconds } from "../../config/units.ts";
import { type DeviceClock, milliseconds } from "../kit/clock.ts";
import { type Decoded, driver } from "../kit/driver.ts";
import { DATAGRAM_MAX } from "../kit/framer.ts";
import { CONDITIONS } from "./alerts.ts";
import { decodeMessage } from "./decode-message.ts";
import { dialogue } from "./dialogue.ts";
import { MEMORY_MAX, type Memory, START } from "./memory.ts";
import { readMessage } from "./message.ts";
import { NUMERICS } from "./numerics.ts";
import { MESSAGES, SERIAL } from "./request.ts";
import { scrub, scrubMessage } from "./scrub.ts";
import { FRAME_BYTES_MAX, FRAME_MARKS, messageOf } from "./serial-frame.ts";
import { WAVES } from "./waves.ts";

/** IV-9: `2026-11-20 10:05:07.00`, where the monitor says a time. Its ticks (IV-14) are a count. */
const CLOCK: DeviceClock = {
  grain: Seconds(1),
  read: (text) => {
    const [, ...numbers] = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)\.\d\d$/.exec(text) ?? [];
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers.map(Number);
    return milliseconds({ year, month, day, hour, minute, second });
  },
};

/** Philips IntelliVue: an association is opened and polled. On MIB/RS232 messages stand in frames; on the LAN each is a datagram. */
export const philipsIntellivue = driver({
  id: "philips-intellivue",
  device: "Philips IntelliVue monitors, data export by MIB/RS232 or LAN",
  grade: "document",
  line: { speed: 115_200, format: "8N1", modemLines: "untouched" }, // IV-11
  quiet: Seconds(15),
  proof: 1, // IV-11: 16 bits of FCS, a length and two marks
  frame: { delimited: { ...FRAME_MARKS, lengthMax: FRAME_BYTES_MAX, accepts: (frame) => messageOf(frame) !== undefined } },
  personal: true, // IV-10
  scrub, // IV-10
  clock: CLOCK,
  metrics: [...NUMERICS, ...WAVES, ...CONDITIONS],
  tx: SERIAL,
  memory: START,
  memoryMax: MEMORY_MAX,
  decode,
  run: dialogue(messageOf),
  lan: {
    frame: { datagram: { lengthMax: DATAGRAM_MAX, accepts: (bytes) => readMessage(bytes) !== undefined } },
    proof: 2, // IV-27: no FCS; two messages whose every length fits
    scrub: scrubMessage,
    tx: MESSAGES,
    decode: decodeMessage,
    run: dialogue((bytes) => bytes),
    leave: "RELEASE", // IV-27
  },
});

function decode(frame: Uint8Array, memory: Memory, gap: number): Decoded<Memory> {
  const message = messageOf(frame);
  if (message === undefined) return { readings: [{ told: "unreadable", bytes: frame.length, reason: "frame" }], memory };
  return decodeMessage(message, memory, gap);
}
