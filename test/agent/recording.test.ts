import { describe, expect, test } from "vitest";
import { type CaptureHead, type Piece, readCapture } from "../../agent/capture/capture-file.ts";
import { CAPTURE_BYTES_MAX, type Kept, Recording, UNHEARD_MAX } from "../../agent/capture/recording.ts";
import { Milliseconds, Minutes, Seconds } from "../../config/units.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { StillClock } from "./fakes.ts";
import { frame, tiny } from "./session-room.ts";

const HEAD: CaptureHead = { format: "bedside-capture-1", driver: "tiny", origin: "device", speed: 9600 };
const scrub = (bytes: Uint8Array): Uint8Array | undefined => (bytes[1] === "p".charCodeAt(0) ? undefined : bytes);
const PERSON = frame("p", 7);

function recorded(kept: Kept, driver: AnyDriver = { ...tiny, scrub }, lasts = Seconds(60)) {
  const clock = new StillClock();
  const recording = new Recording({ head: HEAD, driver, kept, since: clock.now(), lasts });
  let text = "";
  return {
    clock,
    recording,
    rx: (...bytes: readonly Uint8Array[]) => recording.hear("rx", Uint8Array.from(bytes.flatMap((one) => [...one])), clock.now()),
    tx: (bytes: Uint8Array) => recording.hear("tx", bytes, clock.now()),
    tick: (phase: "streaming" | "proving" | "ended", ms = 20) => recording.tick(clock.pass(ms), phase),
    pieces: (): readonly Piece[] => {
      text += recording.take(clock.now());
      const read = readCapture(text);
      if ("mistake" in read) throw new Error(read.mistake);
      return read.pieces;
    },
  };
}
const bytesOf = (pieces: readonly Piece[]): readonly number[] => pieces.flatMap(({ bytes }) => [...bytes]);

describe("a recording", () => {
  test("whole has every byte both ways as it came, with its time", () => {
    const { rx, tx, tick, pieces } = recorded("whole");
    rx(Uint8Array.of(1, 2, 3));
    tick("proving", 40);
    tx(Uint8Array.of(9));
    rx(PERSON);
    expect(pieces()).toEqual([
      { t_ms: 0, dir: "rx", bytes: Uint8Array.of(1, 2, 3) },
      { t_ms: 40, dir: "tx", bytes: Uint8Array.of(9) },
      { t_ms: 40, dir: "rx", bytes: PERSON },
    ]);
  });

  test("scrubbed has frames as the driver's map leaves them, and blanks for all other bytes", () => {
    const { rx, tick, pieces } = recorded("scrubbed");
    rx(Uint8Array.of(0x41, 0x42), frame("n", 1), PERSON, frame("n", 2));
    tick("streaming");
    expect(pieces().map(({ bytes, blank }) => [bytes.length, blank === true])).toEqual([
      [2, true],
      [5, false],
      [5, true],
      [5, false],
    ]);
    expect(bytesOf(pieces())).not.toContain(0x41);
    expect(bytesOf(pieces())).toEqual([0x58, 0x58, ...frame("n", 1), 0x58, 0x58, 0x58, 0x58, 0x58, ...frame("n", 2)]);
  });

  test("has what came in one turn in one piece", () => {
    const { rx, tick, pieces } = recorded("scrubbed");
    rx(frame("n", 1), frame("n", 2), frame("n", 3));
    tick("streaming");
    rx(frame("n", 4));
    tick("streaming");
    expect(pieces().map(({ t_ms, bytes }) => [t_ms, bytes.length])).toEqual([
      [0, 15],
      [20, 5],
    ]);
  });

  test("hands out nothing of a device before it is proved, and blanks what never was", () => {
    const { rx, tx, tick, pieces, recording, clock } = recorded("scrubbed");
    rx(frame("n", 1));
    tx(Uint8Array.of(9));
    tick("proving");
    expect(pieces()).toEqual([]);
    tick("streaming");
    expect(bytesOf(pieces())).toEqual([...frame("n", 1), 9]);
    rx(frame("n", 2));
    tick("proving");
    recording.end("asked", clock.now());
    expect(bytesOf(pieces())).toEqual([...frame("n", 1), 9, 0x58, 0x58, 0x58, 0x58, 0x58]);
  });

  test("ends with its time, with its bytes, with the port, and when nobody asks for it any more", () => {
    const time = recorded("whole", tiny, Milliseconds(50));
    time.tick("streaming", 60);
    const full = recorded("whole");
    full.rx(new Uint8Array(CAPTURE_BYTES_MAX));
    const port = recorded("whole");
    port.tick("ended");
    const unheard = recorded("whole", tiny, Minutes(5));
    unheard.tick("streaming", UNHEARD_MAX);
    expect([time, full, port, unheard].map(({ recording }) => recording.ended)).toEqual(["time", "full", "unplugged", "unheard"]);
    full.rx(Uint8Array.of(1));
    expect(full.recording.received, "an end is an end").toBe(CAPTURE_BYTES_MAX);
  });

  test("whose field map fails ends, and keeps the byte that it failed on to itself", () => {
    const failing = {
      ...tiny,
      scrub: () => {
        throw new RangeError("the map did not think of this");
      },
    };
    const { rx, tick, pieces, recording } = recorded("scrubbed", failing);
    rx(PERSON);
    tick("streaming");
    expect([recording.ended, pieces()]).toEqual(["failed", []]);
  });
});
