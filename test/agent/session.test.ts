import { describe, expect, test } from "vitest";
import { HELD_MAX, READ_MAX } from "../../agent/session/session.ts";
import { frame, LENGTH, Room, START, tiny } from "./session-room.ts";

describe("a session", () => {
  test("holds the frames before its proof and publishes them in order after it", async () => {
    const room = new Room();
    await room.tick();
    await room.tick();
    expect(room.line.isOpen).toBe(true);
    await room.tick(frame("n", 70));
    await room.tick(frame("n", 71));
    expect(room.said).toEqual([]);
    await room.tick(frame("n", 72), frame("n", 73));
    expect(room.taken()).toEqual(["clear", "begin 1 {}", "report 1 70", "report 1 71", "report 1 72", "report 1 73"]);
    await room.tick(frame("n", 74));
    expect(room.taken()).toEqual(["report 1 74"]);
  });

  test("begins to prove anew behind discarded bytes", async () => {
    const room = new Room();
    await room.tick();
    await room.tick();
    await room.tick(frame("n", 1), frame("n", 2), Uint8Array.of(9, 9), frame("n", 3), frame("n", 4));
    expect(room.session.view().phase).toBe("proving");
    await room.tick(frame("n", 5));
    expect(room.session.view().phase).toBe("streaming");
    expect(room.said.filter((one) => one.startsWith("report"))).toHaveLength(5);
  });

  test("drops what it held for 10 s without proof, and counts it as unproved", async () => {
    const room = new Room();
    await room.tick();
    await room.tick();
    await room.tick(frame("n", 1), frame("n", 2));
    await room.pass(10_000);
    expect(room.discards).toEqual([{ location: "uart-0", bytes: 2 * LENGTH, framesBroken: 0, readings: 2, reason: "unproved" }]);
    await room.tick(frame("n", 3), frame("n", 4), frame("n", 5));
    expect(room.said.filter((one) => one.startsWith("report"))).toEqual(["report 1 3", "report 1 4", "report 1 5"]);
  });

  test("holds no more than it may of a device that is never proved, and tells of it now and then, not for every frame", async () => {
    const length = 256;
    const room = new Room({ driver: { ...tiny, proof: 1_000_000, frame: { fixed: { start: START, length, accepts: () => true } } } });
    await room.tick();
    await room.tick();
    const flood = new Uint8Array(READ_MAX).fill(START);
    for (let tick = 1; tick <= 64; tick++) {
      await room.tick(flood);
      const dropped = room.discards.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(room.session.view().counts.framed - dropped).toBeLessThanOrEqual(HELD_MAX);
    }
    expect(room.discards.every(({ reason }) => reason === "unproved")).toBe(true);
    expect(room.discards.length).toBeGreaterThan(2);
    expect(room.discards.length, "each makes a record").toBeLessThan(12);
  });

  test("takes of a flood no more than its share in a tick", async () => {
    const room = await new Room().streaming();
    room.taken();
    room.line.say(...Array.from({ length: 1200 }, () => frame("n", 1)));
    await room.tick();
    expect(room.taken().length).toBeLessThanOrEqual(READ_MAX / LENGTH);
    await room.tick();
    expect(room.session.view().counts.frames).toBe(1203);
  });

  test("counts every byte: in frames, discarded or pending", async () => {
    const room = await new Room().streaming();
    await room.tick(Uint8Array.of(7, 8, 9), frame("n", 1), Uint8Array.of(START, 0x6e, 1, 0, 0), frame("n", 2).subarray(0, 3));
    const { counts, pending } = room.session.view();
    expect(counts.bytes).toBe(counts.framed + counts.discarded + pending);
    expect(counts.broken).toBe(1);
    await room.pass(60_000);
    expect(room.discards.some(({ reason, framesBroken }) => reason === "broken" && framesBroken === 1)).toBe(true);
  });

  test("says test for what no hardware stands behind, and real for the rest", async () => {
    expect((await new Room({ hardware: false }).streaming()).attachments[0]?.mode).toBe("test");
    expect((await new Room({ hardware: true }).streaming()).attachments[0]).toEqual({
      device: "monitor-1",
      socket: "bed-1",
      known: "socket",
      contested: false,
      mode: "real",
      location: "uart-0",
      driver: "tiny",
      facts: {},
    });
  });
});

describe("silence", () => {
  test("ends the epoch; what comes back is proved again, in an epoch of its own", async () => {
    const room = await new Room().streaming();
    room.taken();
    await room.pass(3100);
    expect(room.taken()).toEqual(["end 1 silent", "raise session.silent"]);
    await room.tick(frame("n", 9), frame("n", 10));
    expect(room.said).toEqual([]);
    await room.tick(frame("n", 11));
    expect(room.taken()).toEqual(["clear", "begin 2 {}", "report 2 9", "report 2 10", "report 2 11"]);
  });

  test("makes the driver forget what it had learned of the device before", async () => {
    const room = await new Room().streaming();
    await room.tick(frame("m", 0));
    expect(room.taken().at(-1)).toBe("report 1 3");
    await room.pass(3100);
    await room.tick(frame("m", 0), frame("m", 0), frame("m", 0));
    expect(room.taken().slice(-3)).toEqual(["report 2 0", "report 2 1", "report 2 2"]);
  });

  test("is told once of a port that says nothing, as a wrong speed where bytes come and none holds", async () => {
    const silent = new Room();
    await silent.pass(12_000);
    expect(silent.said).toEqual(["raise session.silent"]);
    const wrong = new Room();
    await wrong.tick();
    for (let tick = 0; tick < 600; tick++) await wrong.tick(Uint8Array.of(0xff, 0x00, 0xfe));
    expect(wrong.said.filter((one) => one.startsWith("raise"))).toEqual(["raise session.no_frame"]);
    expect(wrong.texts.at(-1)).toBe(
      "monitor-1 at uart-0: bytes arrive, but the driver tiny (tiny) understands none; it expects 9600 baud, 8N1 (8 data bits, no parity, 1 stop bit)",
    );
  });

  test("makes a condition that is still present an onset of the new epoch, at its start", async () => {
    const room = await new Room().streaming();
    await room.tick(frame("c", 1));
    await room.pass(3100);
    room.taken();
    await room.tick(frame("c", 1), frame("c", 1), frame("c", 0));
    expect(room.taken().filter((one) => one.startsWith("alert"))).toEqual(["alert 2 onset at start", "alert 2 clear"]);
    expect([...room.session.view().conditions.values()].map(({ present }) => present)).toEqual([false]);
  });
});

describe("a device", () => {
  test("that tells its serial number for the first time stays in its epoch", async () => {
    const room = await new Room().streaming();
    room.taken();
    await room.tick(frame("i", 5));
    await room.tick(frame("i", 5));
    expect(room.taken()).toEqual(['learned 1 {"serial":"sn-5"}', "report 1 5", "report 1 5"]);
  });

  test("that tells another serial number is another device: the next epoch, from that frame on (R14)", async () => {
    const room = await new Room().streaming();
    await room.tick(frame("i", 5), frame("c", 1));
    room.taken();
    await room.tick(frame("i", 6), frame("n", 80), frame("c", 1));
    expect(room.taken()).toEqual([
      "end 1 replaced",
      'begin 2 {"serial":"sn-6"}',
      "report 2 6",
      "report 2 80",
      "alert 2 onset at start",
      "report 2 1",
    ]);
  });

  test("that is another one is not read by what the driver had learned of the one before", async () => {
    const room = await new Room().streaming();
    await room.tick(frame("i", 5));
    await room.tick(frame("i", 6));
    room.taken();
    await room.tick(frame("m", 0));
    expect(room.taken()).toEqual(["report 2 1"]);
  });

  test("that comes back after silence may tell another serial number without a word about replacement", async () => {
    const room = await new Room().streaming();
    await room.tick(frame("i", 5));
    await room.pass(3100);
    room.taken();
    await room.tick(frame("i", 6), frame("n", 1), frame("n", 2));
    expect(room.taken().slice(0, 3)).toEqual(["clear", "begin 2 {}", 'learned 2 {"serial":"sn-6"}']);
  });
});
