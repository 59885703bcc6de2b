import { decimal } from "../kit/decimal.ts";
import type { Decoded } from "../kit/driver.ts";
import type { Metric, Reading, WaveMetric } from "../kit/reading.ts";
import {
  ARTEFACT,
  BATTERY_LOW,
  heldBecause,
  NO_VALUE,
  numberOrNone,
  OUT_OF_TRACK,
  PERFUSION,
  PULSE,
  SENSOR_ALARM,
  SPO2,
} from "./oximetry.ts";

/** A packet of 25 frames, three times a second: formats 2 and 7 say the same in it, and differ in the frame and in the pleth. */

/** Raw integers as sent, from 0 to `most`. */
const plethOf = (most: number): WaveMetric => ({
  kind: "wave",
  refid: "MDC_PULS_OXIM_PLETH",
  name: "pleth",
  unit: "MDC_DIM_DIMLESS",
  rate: [75, 1],
  scale: [
    { raw: 0, physical: decimal(0) },
    { raw: most, physical: decimal(most) },
  ],
});
export const FRAME_BYTES = 5; // OX1-2
export const PACKET_FRAMES = 25; // OX1-3
export const STATUS = {
  sync: 0x01,
  green: 0x02,
  red: 0x04,
  sensorAlarm: 0x08,
  outOfTrack: 0x10,
  artefact: 0x20,
  disconnected: 0x40,
  always: 0x80,
} as const;

/** What a frame says, whatever its layout. */
export type Sample = readonly [status: number, pleth: number, float: number];
/** A packet as far as it is heard. Serialisable; bounded by 25 samples. */
export type Packet = {
  /** Number of the first sample of this packet: a multiple of 25, so that a hole in the wave keeps the packets' grid. */
  readonly first: number;
  /** Frames in step since SYNC; empty before SYNC, after the packet was told, and after it was given up. */
  readonly held: readonly Sample[];
  /** Frames heard, and bytes discarded, since SYNC. */
  readonly heard: number;
  readonly missed: number;
  /** Frames given up and not yet told. */
  readonly lost: number;
};
const START: Packet = { first: 0, held: [], heard: 0, missed: 0, lost: 0 };

type PacketFormat = {
  readonly metrics: readonly Metric[];
  readonly memory: Packet;
  readonly decode: (frame: Uint8Array, memory: Packet, gap: number) => Decoded<Packet>;
};

/** `sampleOf` reads one accepted frame; `plethMost` is the largest raw value of the pleth. */
export function packetFormat({ plethMost, sampleOf }: { plethMost: number; sampleOf: (frame: Uint8Array) => Sample }): PacketFormat {
  const pleth = plethOf(plethMost);
  return {
    metrics: [SPO2, PULSE, ARTEFACT, PERFUSION, pleth, SENSOR_ALARM, OUT_OF_TRACK, BATTERY_LOW],
    memory: START,
    decode: (frame, memory, gap) => heard(sampleOf(frame), memory, gap, pleth),
  };
}

function heard(sample: Sample, memory: Packet, gap: number, pleth: WaveMetric): Decoded<Packet> {
  const before = gap === 0 ? memory : giveUp({ ...memory, missed: memory.missed + gap }); // OX1-10
  if ((sample[0] & STATUS.sync) !== 0) return begin(giveUp(before), sample); // OX1-3
  const frames = before.heard + 1;
  if (before.held.length > 0) {
    const held = [...before.held, sample];
    if (held.length < PACKET_FRAMES) return { readings: [], memory: { ...before, held, heard: frames } };
    return { readings: packetReadings(held, before.first, pleth), memory: { ...before, held: [], heard: frames } };
  }
  // Out of step: counted, and told once a packet.
  const lost = before.lost + 1;
  if (lost < PACKET_FRAMES) return { readings: [], memory: { ...before, heard: frames, lost } };
  return { readings: [unreadable(lost)], memory: { ...before, heard: frames, lost: 0 } };
}

const giveUp = (packet: Packet): Packet => ({ ...packet, held: [], lost: packet.lost + packet.held.length });

/**
 * SYNC opens a packet. The one before had 25 samples however many of them were heard, so the count goes on by the whole number of
 * packets that fits best what was heard and what was discarded, and never by fewer samples than were heard.
 */
function begin({ first, heard, missed, lost }: Packet, sample: Sample): Decoded<Packet> {
  const packets = Math.max(Math.ceil(heard / PACKET_FRAMES), Math.round((heard + missed / FRAME_BYTES) / PACKET_FRAMES));
  return {
    readings: lost === 0 ? [] : [unreadable(lost)],
    memory: { first: first + packets * PACKET_FRAMES, held: [sample], heard: 1, missed: 0, lost: 0 },
  };
}

const unreadable = (frames: number): Reading => ({ told: "unreadable", bytes: frames * FRAME_BYTES, reason: "packet_incomplete" });

function packetReadings(packet: readonly Sample[], first: number, pleth: WaveMetric): readonly Reading[] {
  const status = packet.reduce((flags, [byte]) => flags | byte, 0);
  const float = (n: number): number => packet[n - 1]![2] & 0x7f; // OX1-12: seven bits each
  const wide = (n: number): number => (float(n) << 7) | float(n + 1);
  const sensorAlarm = (status & STATUS.sensorAlarm) !== 0;
  const outOfTrack = (status & STATUS.outOfTrack) !== 0;
  const held = heldBecause({ sensorAlarm, outOfTrack });
  const disconnected = (status & STATUS.disconnected) !== 0;
  return [
    { told: "deviceTime", value: String(wide(6)) }, // OX1-13
    { told: "identity", fact: "firmware", value: String(float(4)) }, // OX1-14
    numberOrNone(SPO2, float(9), { none: NO_VALUE.spo2, held, disconnected }), // OX1-4
    numberOrNone(PULSE, wide(20) & 0x1ff, { none: NO_VALUE.pulse, held, disconnected }), // OX1-5: 2 + 7 bits; 150 is sent as 01 16
    { told: "text", metric: ARTEFACT, value: (status & STATUS.artefact) === 0 ? "off" : "on" }, // OX1-9
    { told: "text", metric: PERFUSION, value: perfusion(packet) },
    { told: "condition", metric: SENSOR_ALARM, present: sensorAlarm },
    { told: "condition", metric: OUT_OF_TRACK, present: outOfTrack },
    { told: "condition", metric: BATTERY_LOW, present: (float(8) & 0x01) !== 0 }, // OX1-7
    { told: "wave", metric: pleth, samples: packet.map(([, sample]) => sample), first },
  ];
}

/** OX1-9: a colour is shown with a pulse only, and both bits are yellow; of several in one packet the poorest is told. */
function perfusion(packet: readonly Sample[]): "normal" | "green" | "red" | "yellow" {
  const colours = packet.map(([status]) => status & (STATUS.green | STATUS.red));
  if (colours.includes(STATUS.red)) return "red";
  if (colours.includes(STATUS.red | STATUS.green)) return "yellow";
  return colours.includes(STATUS.green) ? "green" : "normal";
}
