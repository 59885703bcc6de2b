import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import type { Duration, Wall } from "../../../config/units.ts";
import type { ClockQuality } from "../effects.ts";

/** chronyd answers here who asks from this host (cmdport); what it is asked needs no right. */
const PORT = 323;
const LOOPBACK = "127.0.0.1";
const ANSWER_WITHIN = 1000;
/** It asks its sources at least this often by default (maxpoll 10); four times that without a new one is holdover. */
const SILENCE_MAX = 4 * 1_024_000;

/**
 * Request and answer "tracking" of chrony's command protocol, version 6 (candm.h of chrony 4.3). Big endian.
 *
 * | request    | bytes | answer             | at     |
 * |------------|-------|--------------------|--------|
 * | 6, 1, 0, 0 | 0–3   | 6, 2, 0, 0         | 0–3    |
 * | 33         | 4–5   | 33, then 5         | 4–7    |
 * | attempt 0  | 6–7   | status, 0 is good  | 8–9    |
 * | sequence   | 8–11  | sequence           | 16–19  |
 * | zeros: it answers no shorter request than its answer | 12–103 | reference id | 28–31 |
 * |            |       | leap status, 3 is unsynchronised | 54–55 |
 * |            |       | time of its last update: seconds (high, low), nanoseconds | 56–67 |
 * |            |       | correction still due, s | 68–71 |
 * |            |       | root delay, dispersion, s | 92–99 |
 */
const LENGTH = 104;
const VERSION = 6;
const TRACKING = 33;
const TRACKING_TOLD = 5;
const UNSYNCHRONISED = 3;
/** Of a chronyd that counts seconds in 32 bits. */
const NO_HIGH_SECONDS = 0x7fffffff;
/** "local": chrony serves the time of this host to others, and nobody sets it. */
const OWN_CLOCK = 0x7f7f0101;

/** What chrony says of the clock; undefined where it does not answer, or in another version of its protocol. */
export function askChrony(now: () => number, port = PORT): Promise<ClockQuality | undefined> {
  const sequence = randomBytes(4).readUInt32BE();
  const request = Buffer.alloc(LENGTH);
  request.set([VERSION, 1]);
  request.writeUInt16BE(TRACKING, 4);
  request.writeUInt32BE(sequence, 8);
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    let ended = false;
    const end = (quality: ClockQuality | undefined): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      socket.close();
      resolve(quality);
    };
    const timer = setTimeout(() => end(undefined), ANSWER_WITHIN);
    socket.on("error", () => end(undefined));
    socket.once("message", (answer) => end(qualityIn(answer, sequence, now())));
    // Bound to this host and connected, so that nobody else's packets are heard at any moment and a closed port is told at once.
    socket.bind(0, LOOPBACK, () => {
      if (ended) return;
      socket.connect(port, LOOPBACK, (failed?: Error) => {
        if (failed) end(undefined);
        else if (!ended) socket.send(request, (refused) => void (refused && end(undefined)));
      });
    });
  });
}

/** Total. `now` is the wall clock in milliseconds. */
export function qualityIn(answer: Uint8Array, sequence: number, now: number): ClockQuality | undefined {
  if (answer.length < LENGTH) return undefined;
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  const isAnswer = view.getUint8(0) === VERSION && view.getUint8(1) === 2 && view.getUint16(4) === TRACKING;
  if (!isAnswer || view.getUint16(6) !== TRACKING_TOLD || view.getUint16(8) !== 0 || view.getUint32(16) !== sequence) return undefined;
  const source = "chrony";
  if (view.getUint16(54) === UNSYNCHRONISED || view.getUint32(28) === OWN_CLOCK) return { known: "unsynced", source };
  const high = view.getUint32(56);
  const answeredSeconds = (high === NO_HIGH_SECONDS ? 0 : high * 2 ** 32) + view.getUint32(60);
  const answered = Math.round(answeredSeconds * 1000 + view.getUint32(64) / 1e6) as Wall;
  // What chrony itself calls the bound of its error: dispersion grows by itself while no source answers.
  const seconds = Math.abs(floatAt(view, 68)) + Math.abs(floatAt(view, 92)) / 2 + Math.abs(floatAt(view, 96));
  const known = Math.abs(now - answered) > SILENCE_MAX ? "holdover" : "synced";
  return { known, source, uncertainty: (seconds * 1000) as Duration, answered };
}

/** chrony's own: seven bits of exponent and 25 of coefficient, both signed. */
function floatAt(view: DataView, at: number): number {
  const bits = view.getInt32(at);
  const exponent = (bits >> 25) - 25;
  const coefficient = (bits << 7) >> 7;
  return coefficient * 2 ** exponent;
}
