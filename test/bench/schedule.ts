import { Milliseconds } from "../../config/units.ts";
import { FRAME_BYTES, FRAMES_A_PACKET, FRAMES_A_SECOND, noninEmulator } from "../../drivers/nonin/emulator.ts";

/** What N emulated oximeters send, made beforehand, so that playing it costs nothing: see line-player.c for the bytes. */
export type Schedule = {
  readonly bytes: Buffer;
  /** In the order in which the packets end. */
  readonly packets: readonly ScheduledPacket[];
};
/** `timer` is the device's own count, which it sends in every packet: the identity of a packet whoever reads it. */
export type ScheduledPacket = { readonly device: number; readonly timer: string; readonly conditions: Readonly<Record<string, boolean>> };

const RECORD_BYTES = 12;
const READINGS_A_PACKET = 3;
const PACKET_MS = (FRAMES_A_PACKET * 1000) / FRAMES_A_SECOND;
const FRAME_MS = 1000 / FRAMES_A_SECOND;
/** The devices have been on for this long: an emulated patient is calm for the first twenty seconds, and there would be no alert. */
const AGE_MS = 40_000;

/** Heart rate, SpO2 and the wave block; what a subject tells beyond them is not counted. */
export const readingsOf = (packets: number): number => packets * READINGS_A_PACKET;

export type Wanted = {
  readonly devices: number;
  /** By the devices' own time. */
  readonly seconds: number;
  /** A stretch of the devices' time that is played so many times as fast. */
  readonly faster?: { readonly from: number; readonly to: number; readonly times: number };
};

export function makeSchedule({ devices, seconds, faster = { from: 0, to: 0, times: 1 } }: Wanted): Schedule {
  /** When it is played, in seconds, what falls on that second of the devices' time. */
  const playedAt = (at: number): number => {
    const within = Math.min(Math.max(at - faster.from, 0), faster.to - faster.from);
    return at - within + within / faster.times;
  };
  type Due = ScheduledPacket & { readonly us: number; readonly frame: Uint8Array; readonly ends: boolean };
  const all: Due[] = [];
  for (let device = 0; device < devices; device++) {
    // Spread over a packet's time, and within it over a frame's.
    const phase = ((PACKET_MS + FRAME_MS) * device) / devices;
    let state = noninEmulator.start(device + 1);
    for (let at = 0; at < AGE_MS + seconds * 1000; ) {
      const turn = noninEmulator.step(state, new Uint8Array(), Milliseconds(at));
      // A packet of which the first frame falls before the beginning goes as it is: every reader must cope with that.
      for (const { bytes, unit } of at < AGE_MS ? [] : turn.sends) {
        const known = { device, timer: unit?.deviceTime ?? "", conditions: unit?.conditions ?? {} };
        all.push({ ...known, us: Math.round(playedAt((at - AGE_MS + phase) / 1000) * 1e6), frame: bytes, ends: unit !== undefined });
      }
      state = turn.state;
      at += turn.next;
    }
  }
  all.sort((a, b) => a.us - b.us);
  const bytes = Buffer.alloc(all.length * RECORD_BYTES);
  for (const [index, { us, device, ends, frame }] of all.entries()) {
    const at = index * RECORD_BYTES;
    bytes.writeUInt32LE(us, at);
    bytes.writeUInt16LE(device, at + 4);
    bytes[at + 6] = ends ? 1 : 0;
    if (frame.length !== FRAME_BYTES) throw new RangeError(`a frame of ${frame.length} bytes`);
    bytes.set(frame, at + 7);
  }
  return { bytes, packets: all.filter(({ ends }) => ends).map(({ device, timer, conditions }) => ({ device, timer, conditions })) };
}
