import { expect, test } from "vitest";
import { readCapture } from "../../agent/capture/capture-file.ts";
import { Recording } from "../../agent/capture/recording.ts";
import { replay } from "../../agent/capture/replay.ts";
import type { OpenPort, Unread } from "../../agent/effects/effects.ts";
import { Seconds } from "../../config/units.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { DATAGRAM_MAX } from "../../drivers/kit/framer.ts";
import { HandLine } from "./fakes.ts";
import { frame, LENGTH, Room, tiny } from "./session-room.ts";

/** A device on a network, by hand: what is said at once are datagrams, each by itself. */
class HandNetwork extends HandLine {
  readonly #waiting: Uint8Array[] = [];
  unread: Unread | undefined;
  override say(...datagrams: readonly Uint8Array[]): void {
    this.#waiting.push(...datagrams);
  }
  constructor() {
    super();
    const [open, waiting] = [this.open, this.#waiting];
    const self = this;
    this.open = async (...given): Promise<OpenPort> => ({
      ...(await open(...given)),
      get gone() {
        return self.gone;
      },
      get more() {
        return waiting.length > 0;
      },
      read: () => waiting.shift() ?? new Uint8Array(),
      takeUnread: () => {
        const { unread } = self;
        self.unread = undefined;
        return unread;
      },
    });
  }
}

const isWhole = (bytes: Uint8Array): boolean =>
  bytes.length === LENGTH && (bytes[0]! + bytes[1]! + bytes[2]! + bytes[3]!) % 256 === bytes[4];
const onNetwork: AnyDriver = { ...tiny, frame: { datagram: { lengthMax: DATAGRAM_MAX, accepts: isWhole } }, scrub: (bytes) => bytes };
const opened = () => {
  const line = new HandNetwork();
  return { line, room: new Room({ driver: onNetwork, line }) };
};
const joined = (...frames: readonly Uint8Array[]): Uint8Array => Uint8Array.from(frames.flatMap((one) => [...one]));

test("all datagrams of a tick are read in it, each as one frame", async () => {
  const { room } = opened();
  await room.streaming();
  room.taken();
  await room.tick(frame("n", 4), frame("n", 5), frame("n", 6), frame("n", 7));
  expect(room.taken()).toEqual(["report 1 4", "report 1 5", "report 1 6", "report 1 7"]);
});

test("a datagram that is no message is given up whole and counted, and costs neither neighbour", async () => {
  const { room } = opened();
  await room.streaming();
  room.taken();
  const bad = [joined(frame("n", 1), frame("n", 2)), frame("n", 3).slice(0, 4), Uint8Array.of(...frame("n", 4), 0), frame("n", 5).fill(9)];
  await room.tick(frame("n", 6), ...bad, frame("n", 7));
  expect(room.taken()).toEqual(["report 1 6", "report 1 7"]);
  const { counts, pending } = room.session.view();
  const discarded = bad.reduce((sum, one) => sum + one.length, 0);
  expect(counts).toMatchObject({ frames: 5, framed: 5 * LENGTH, discarded, broken: bad.length });
  expect([counts.bytes, pending]).toEqual([counts.framed + counts.discarded, 0]);
});

test("what strangers sent is no byte of the device: it is counted by itself and told once a minute", async () => {
  const { room, line } = opened();
  await room.streaming();
  const { bytes } = room.session.view().counts;
  line.unread = { strangers: { packets: 3, bytes: 90 }, overrun: { packets: 0, bytes: 0 } };
  await room.tick(frame("n", 4));
  line.unread = { strangers: { packets: 1, bytes: 10 }, overrun: { packets: 2, bytes: 8 } };
  await room.tick();
  expect(room.session.view()).toMatchObject({
    counts: { bytes: bytes + LENGTH, discarded: 0 },
    unread: { strangers: { packets: 4, bytes: 100 }, overrun: { packets: 2, bytes: 8 } },
  });
  expect(room.discards).toEqual([]);
  await room.session.end("stopped");
  expect(room.discards).toEqual([
    { location: "uart-0", bytes: 100, framesBroken: 4, readings: 0, reason: "stranger" },
    { location: "uart-0", bytes: 8, framesBroken: 2, readings: 0, reason: "overrun" },
  ]);
});

test("a driver that is paused because of one datagram is not given the next ones of that tick", async () => {
  const slow = 9;
  const room: Room = new Room({
    line: new HandNetwork(),
    driver: {
      ...onNetwork,
      decode: (bytes, memory, gap) => {
        if (bytes[2] === slow) room.clock.work(101);
        return tiny.decode(bytes, memory, gap);
      },
    },
  });
  await room.streaming();
  await room.tick(frame("n", 4), frame("n", slow), frame("n", 5));
  expect(room.session.view()).toMatchObject({ phase: "quarantined", counts: { frames: 5 } });
});

test("a capture has a piece for each datagram, so that it is read again as it came", async () => {
  for (const kept of ["whole", "scrubbed"] as const) {
    const { room } = opened();
    const head = { format: "bedside-capture-1", driver: "tiny", origin: "device", speed: 9600 } as const;
    const recording = new Recording({ head, driver: onNetwork, kept, since: room.clock.now(), lasts: Seconds(60) });
    room.session.tap((dir, bytes, now) => recording.hear(dir, bytes, now));
    await room.streaming();
    await room.tick(frame("n", 4), joined(frame("n", 8), frame("n", 9)), frame("n", 5));
    recording.tick(room.clock.now(), "streaming");
    const capture = readCapture(recording.take(room.clock.now()));
    if ("mistake" in capture) throw new Error(capture.mistake);
    expect(capture.pieces.map(({ bytes }) => bytes.length)).toEqual([5, 5, 5, 5, 10, 5]);
    expect(replay(onNetwork, capture.pieces).counts).toMatchObject({ frames: 5, discarded: 10, broken: 1 });
  }
});
