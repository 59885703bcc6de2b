import { Seconds } from "../../config/units.ts";
import { sum8 } from "../kit/checks.ts";
import { decimal } from "../kit/decimal.ts";
import { type Decoded, driver } from "../kit/driver.ts";
import { type ConditionMetric, numeric, type Reading, type Validity, type ValueMetric, type WaveMetric } from "../kit/reading.ts";

const SPO2 = numeric("MDC_PULS_OXIM_SAT_O2", "MDC_DIM_PERCENT", { name: "SpO2-D" });
const PULSE = numeric("MDC_PULS_OXIM_PULS_RATE", "MDC_DIM_BEAT_PER_MIN", { name: "HR-D" });
const ARTEFACT: ValueMetric = { kind: "enumeration", refid: "nonin.artefact", name: "artefact" };
const PERFUSION: ValueMetric = { kind: "enumeration", refid: "nonin.perfusion", name: "perfusion" };
const PLETH: WaveMetric = {
  kind: "wave",
  refid: "MDC_PULS_OXIM_PLETH",
  name: "pleth",
  unit: "MDC_DIM_DIMLESS",
  rate: [75, 1],
  scale: [
    { raw: 0, physical: decimal(0) },
    { raw: 255, physical: decimal(255) },
  ],
};
const technical = (refid: string, name: string, on: string): ConditionMetric => ({
  kind: "condition",
  refid,
  name,
  nature: "technical",
  on,
});
const SENSOR_ALARM = technical("MDC_EVT_SENSOR_DISCONN", "sensor alarm", SPO2.refid);
const OUT_OF_TRACK = technical("MDC_EVT_SIG_LO", "out of track", SPO2.refid);
const BATTERY_LOW = technical("MDC_EVT_BATT_LO", "low battery", "device");

const FRAME_BYTES = 5; // OX1-2
const PACKET_FRAMES = 25; // OX1-3
const STATUS = { sync: 0x01, green: 0x02, red: 0x04, sensorAlarm: 0x08, outOfTrack: 0x10, artefact: 0x20, always: 0x80 } as const;

type Sample = readonly [status: number, pleth: number, float: number];
/** A packet as far as it is heard. Serialisable; bounded by 25 samples. */
type Packet = {
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

/** Nonin data format 2 (OEM III, Xpod): a packet of 25 frames three times a second; the device talks by itself. */
export const nonin = driver({
  id: "nonin",
  device: "Nonin OEM III, Xpod and kin, data format 2",
  grade: "document",
  line: { speed: 9600, format: "8N1", modemLines: "untouched" }, // OX1-1
  quiet: Seconds(2), // OX1-8
  proof: PACKET_FRAMES, // OX1-2: an 8-bit sum alone is weak
  frame: { fixed: { start: 0x01, length: FRAME_BYTES, accepts } },
  metrics: [SPO2, PULSE, ARTEFACT, PERFUSION, PLETH, SENSOR_ALARM, OUT_OF_TRACK, BATTERY_LOW],
  tx: {},
  memory: START,
  decode,
});

// OX1-2: 01, status with bit 7, pleth, float, sum of the first four.
function accepts(frame: Uint8Array): boolean {
  return frame[0] === 0x01 && (frame[1]! & STATUS.always) !== 0 && sum8(frame.subarray(0, 4)) === frame[4];
}

function decode(frame: Uint8Array, memory: Packet, gap: number): Decoded<Packet> {
  const sample: Sample = [frame[1] ?? 0, frame[2] ?? 0, frame[3] ?? 0];
  const before = gap === 0 ? memory : giveUp({ ...memory, missed: memory.missed + gap }); // OX1-10
  if ((sample[0] & STATUS.sync) !== 0) return begin(giveUp(before), sample); // OX1-3
  const heard = before.heard + 1;
  if (before.held.length > 0) {
    const held = [...before.held, sample];
    if (held.length < PACKET_FRAMES) return { readings: [], memory: { ...before, held, heard } };
    return { readings: packetReadings(held, before.first), memory: { ...before, held: [], heard } };
  }
  // Out of step: counted, and told once a packet.
  const lost = before.lost + 1;
  if (lost < PACKET_FRAMES) return { readings: [], memory: { ...before, heard, lost } };
  return { readings: [unreadable(lost)], memory: { ...before, heard, lost: 0 } };
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

function packetReadings(packet: readonly Sample[], first: number): readonly Reading[] {
  const status = packet.reduce((flags, [byte]) => flags | byte, 0);
  const float = (n: number): number => packet[n - 1]![2] & 0x7f; // OX1-12: seven bits each
  const wide = (n: number): number => (float(n) << 7) | float(n + 1);
  const sensorAlarm = (status & STATUS.sensorAlarm) !== 0;
  const outOfTrack = (status & STATUS.outOfTrack) !== 0;
  const held = sensorAlarm ? "sensor_alarm" : outOfTrack ? "out_of_track" : undefined; // OX1-6
  return [
    { told: "deviceTime", value: String(wide(6)) }, // OX1-13
    { told: "identity", fact: "firmware", value: String(float(4)) }, // OX1-14
    number(SPO2, float(9), { none: 127, held }), // OX1-4
    number(PULSE, wide(20) & 0x1ff, { none: 511, held }), // OX1-5: 2 + 7 bits; 150 is sent as 01 16
    { told: "text", metric: ARTEFACT, value: (status & STATUS.artefact) === 0 ? "off" : "on" }, // OX1-9
    { told: "text", metric: PERFUSION, value: perfusion(packet) },
    { told: "condition", metric: SENSOR_ALARM, present: sensorAlarm },
    { told: "condition", metric: OUT_OF_TRACK, present: outOfTrack },
    { told: "condition", metric: BATTERY_LOW, present: (float(8) & 0x01) !== 0 }, // OX1-7
    { told: "wave", metric: PLETH, samples: packet.map(([, pleth]) => pleth), first },
  ];
}

function number(metric: ValueMetric, value: number, { none, held }: { readonly none: number; readonly held: string | undefined }): Reading {
  const absent = (validity: Validity, reason: string): Reading => ({ told: "absent", metric, validity, reason });
  if (value === none) return absent("not_available", "no_value");
  return held === undefined ? { told: "number", metric, value: decimal(value) } : absent("invalid", held);
}

/** OX1-9: a colour is shown with a pulse only, and both bits are yellow; of several in one packet the poorest is told. */
function perfusion(packet: readonly Sample[]): "normal" | "green" | "red" | "yellow" {
  const colours = packet.map(([status]) => status & (STATUS.green | STATUS.red));
  if (colours.includes(STATUS.red)) return "red";
  if (colours.includes(STATUS.red | STATUS.green)) return "yellow";
  return colours.includes(STATUS.green) ? "green" : "normal";
}
