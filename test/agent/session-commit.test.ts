import { describe, expect, test } from "vitest";
import { type Duration, Seconds } from "../../config/units.ts";
import { driver } from "../../drivers/kit/driver.ts";
import { frame, number, Room, tiny } from "./session-room.ts";
import { Ward } from "./ward.ts";

/** A device that forgets a result when it is answered: the answer waits until the result is kept. */

const ACK = Uint8Array.of(0x06);
const NAK = Uint8Array.of(0x15);
const WITHIN = Seconds(1);

const { device, grade, line, quiet, proof, metrics, memory } = tiny;
const meter = (within: Duration = WITHIN) =>
  driver({
    ...{ id: "meter", device, grade, line, quiet, proof, metrics, memory, frame: tiny.frame },
    tx: { ACK: { holes: [], encode: () => ACK }, NAK: { holes: [], encode: () => NAK } },
    decode: (bytes: Uint8Array, memory: number) => ({ readings: [number(bytes[2]!)], memory: memory + 1 }),
    *run(talk) {
      for (;;) {
        const got = yield* talk.expect({ result: () => true }, Seconds(60));
        if (got.got !== "result") continue;
        const how = yield* talk.commit(within);
        yield* talk.send(how === "kept" ? "ACK" : "NAK");
      }
    },
  });
const answers = (room: Room): readonly (number | undefined)[] => room.line.wrote.splice(0).map((bytes) => bytes[0]);
/** Open, proved by three frames, and all that was answered to them forgotten. */
async function proved(room: Room): Promise<Room> {
  await room.streaming();
  await room.pass(100);
  answers(room);
  room.taken();
  return room;
}

describe("a device that forgets what it was answered for", () => {
  test("is answered only when its result is a record and kept", async () => {
    const room = await proved(new Room({ driver: meter() }));
    const { promise, resolve } = Promise.withResolvers<boolean>();
    room.commit = () => {
      room.said.push("commit");
      return promise;
    };
    await room.tick(frame("n", 7));
    await room.pass(500);
    expect([room.taken(), answers(room)]).toEqual([["report 1 7", "commit"], []]);
    resolve(true);
    await room.pass(60);
    expect(answers(room)).toEqual([0x06]);
  });

  test("is refused where the disk does not take it, and told again", async () => {
    const room = await proved(new Room({ driver: meter() }));
    room.commit = async () => false;
    await room.tick(frame("n", 7));
    await room.pass(60);
    expect(answers(room)).toEqual([0x15]);
  });

  test("is refused when the time is over, and a late answer answers nothing else", async () => {
    const room = await proved(new Room({ driver: meter() }));
    const first = Promise.withResolvers<boolean>();
    const second = Promise.withResolvers<boolean>();
    const open = [first, second];
    room.commit = () => open.shift()!.promise;
    await room.tick(frame("n", 7));
    await room.pass(1100);
    expect(answers(room)).toEqual([0x15]);
    await room.tick(frame("n", 8));
    first.resolve(true);
    await room.pass(100);
    expect(answers(room)).toEqual([]);
    second.resolve(true);
    await room.pass(60);
    expect(answers(room)).toEqual([0x06]);
  });

  test("is refused before it is proved: what is held is no record", async () => {
    const room = new Room({ driver: meter() });
    await room.tick();
    await room.tick();
    await room.tick(frame("n", 7));
    await room.pass(60);
    expect(room.session.view().phase).toBe("proving");
    expect(answers(room)).toEqual([0x15]);
    expect(room.taken()).not.toContain("commit");
  });

  test("is answered by the agent when its spool has the result on flash, and refused where the disk refuses", async () => {
    const ward = await Ward.start(meter(Seconds(5)), frame("n", 1), frame("n", 2), frame("n", 3));
    await ward.pass(200);
    const answered = (): readonly (number | undefined)[] => ward.line.wrote.splice(0).map((bytes) => bytes[0]);
    answered();
    const { disk } = ward.bench;
    disk.hold();
    await ward.tick(frame("n", 7));
    await ward.pass(900);
    expect(answered()).toEqual([]);
    disk.letGo();
    await ward.pass(200);
    expect(answered()).toEqual([0x06]);
    disk.fails = (operation) => operation === "sync" || operation === "write";
    await ward.tick(frame("n", 8));
    await ward.pass(200);
    expect(answered()).toEqual([0x15]);
  });
});
