import { describe, expect, test } from "vitest";
import { NODES_MAX } from "../../agent/session/nodes.ts";
import { ofSlot, rack } from "./rack-driver.ts";
import { frame, Room } from "./session-room.ts";

const PUMPS = 24;
/** A rack that speaks, in epoch 1. */
async function speaking(): Promise<Room> {
  const room = await new Room({ driver: rack }).streaming();
  room.taken();
  return room;
}
/** All its pumps speak, in epochs 2 to 25; each has told its serial number. */
async function full(): Promise<Room> {
  const room = await speaking();
  await room.tick(...Array.from({ length: PUMPS }, (_, i) => ofSlot(i + 1, "i", i + 1)));
  room.taken();
  return room;
}
const epochOf = (room: Room, slot: number): number | undefined =>
  room.session.view().nodes.find(({ node }) => node.join() === `1,${slot}`)?.epoch;

describe("a node below a port", () => {
  test("begins with its first reading, in an epoch of its own beside that of the port's device", async () => {
    const room = await speaking();
    await room.tick(ofSlot(3, "n", 7), frame("n", 9), ofSlot(3, "n", 8));
    expect(room.taken()).toEqual(["begin 2 {} at 1/3", "report 2 7", "report 1 9", "report 2 8"]);
    expect(room.attachments.at(-1)).toEqual({
      device: "monitor-1",
      socket: "bed-1",
      known: "socket",
      contested: false,
      mode: "real",
      location: "uart-0",
      driver: "rack",
      facts: {},
      node: ["1", "3"],
    });
  });

  test("begins with what it tells of itself in that frame, and learns the rest in its epoch", async () => {
    const room = await speaking();
    await room.tick(ofSlot(3, "i", 5), ofSlot(4, "n", 1), ofSlot(4, "i", 6));
    expect(room.taken()).toEqual([
      'begin 2 {"serial":"sn-5"} at 1/3',
      "report 2 5",
      "begin 3 {} at 1/4",
      "report 3 1",
      'learned 3 {"serial":"sn-6"}',
      "report 3 6",
    ]);
    expect(room.session.view().facts).toEqual({});
  });

  test("is one of 24 that one frame may tell of, each in its own epoch", async () => {
    const room = await speaking();
    await room.tick(ofSlot(PUMPS, "a", 0));
    const reports = room.taken().filter((one) => one.startsWith("report"));
    expect(reports).toEqual(Array.from({ length: PUMPS }, (_, i) => `report ${i + 2} ${i + 1}`));
    expect(room.session.view().nodes).toHaveLength(PUMPS);
  });

  test("has conditions of its own", async () => {
    const room = await speaking();
    await room.tick(ofSlot(3, "c", 1), ofSlot(4, "c", 0), ofSlot(4, "c", 1), ofSlot(3, "c", 1), frame("c", 0));
    expect(room.taken().filter((one) => one.startsWith("alert"))).toEqual(["alert 2 onset at start", "alert 3 onset"]);
    expect(room.session.view().conditions.get("test.sensor device")?.present).toBe(false);
  });

  test("knows none of the conditions of the rack it hangs on", async () => {
    const room = await speaking();
    await room.tick(frame("c", 1), ofSlot(3, "c", 1));
    expect(room.taken().filter((one) => one.startsWith("alert"))).toEqual(["alert 1 onset at start", "alert 2 onset at start"]);
  });
});

describe("a node that is exchanged", () => {
  test("takes the next epoch from that frame on; no other node does", async () => {
    const room = await full();
    const before = room.session.view().nodes.map(({ epoch }) => epoch);
    await room.tick(ofSlot(7, "c", 1));
    room.taken();
    await room.tick(ofSlot(7, "i", 99), ofSlot(8, "n", 1), ofSlot(7, "c", 1));
    expect(room.taken()).toEqual([
      "end 8 replaced",
      'begin 26 {"serial":"sn-99"} at 1/7',
      "report 26 99",
      "report 9 1",
      "alert 26 onset at start",
      "report 26 1",
    ]);
    expect(epochOf(room, 7)).toBe(26);
    expect(
      room.session
        .view()
        .nodes.map(({ epoch }) => epoch)
        .filter((epoch) => epoch !== 26),
    ).toEqual(before.filter((epoch) => epoch !== 8));
    expect(room.session.view().epoch).toBe(1);
  });

  test("and told of in one frame with the one that left is in the next epoch, also with an equal serial number", async () => {
    const room = await full();
    await room.tick(ofSlot(7, "x", 7));
    expect(room.taken()).toEqual(["end 8 removed", 'begin 26 {"serial":"sn-7"} at 1/7', "report 26 7"]);
  });

  test("is not known any more when it left, and another one begins when something comes there", async () => {
    const room = await full();
    await room.tick(ofSlot(7, "r", 0), ofSlot(7, "r", 0));
    expect(room.taken()).toEqual(["end 8 removed"]);
    expect(epochOf(room, 7)).toBeUndefined();
    await room.tick(ofSlot(7, "n", 1));
    expect(room.taken()).toEqual(["begin 26 {} at 1/7", "report 26 1"]);
  });
});

describe("the end of the port's epoch", () => {
  test("ends all nodes for its reason, and they begin anew when it is proved", async () => {
    const room = await full();
    await room.pass(3100);
    const ends = room.taken().filter((one) => one.startsWith("end"));
    expect(ends).toEqual([...Array.from({ length: PUMPS }, (_, i) => `end ${i + 2} silent`), "end 1 silent"]);
    expect(room.session.view().nodes).toEqual([]);
    await room.tick(ofSlot(1, "n", 1), ofSlot(1, "n", 2), frame("n", 3));
    expect(room.taken()).toEqual(["clear", "begin 26 {}", "begin 27 {} at 1/1", "report 27 1", "report 27 2", "report 26 3"]);
  });

  test("comes where the rack is another one, and takes the pumps with it", async () => {
    const room = await speaking();
    await room.tick(frame("i", 1), ofSlot(3, "n", 1));
    room.taken();
    await room.tick(frame("i", 2), ofSlot(3, "n", 1));
    expect(room.taken()).toEqual([
      "end 2 replaced",
      "end 1 replaced",
      'begin 3 {"serial":"sn-2"}',
      "report 3 2",
      "begin 4 {} at 1/3",
      "report 4 1",
    ]);
  });

  test("ends them when the agent stops", async () => {
    const room = await full();
    await room.session.end("stopped");
    expect(room.taken().filter((one) => one.startsWith("end"))).toHaveLength(PUMPS + 1);
  });
});

describe("nodes beyond the limit", () => {
  const slots = NODES_MAX + 3;

  test("are not published; a fault stands, and their readings are counted", async () => {
    const room = await speaking();
    await room.tick(ofSlot(slots, "a", 0), ofSlot(slots, "a", 0));
    const told = room.taken();
    expect(told.filter((one) => one.startsWith("begin"))).toHaveLength(NODES_MAX);
    expect(told.filter((one) => one.startsWith("report"))).toHaveLength(2 * NODES_MAX);
    expect(told.filter((one) => one.startsWith("raise"))).toEqual(["raise session.nodes_full"]);
    expect(room.texts.at(-1)).toBe(`monitor-1 at uart-0 has more than ${NODES_MAX} nodes; 1/${NODES_MAX + 1} is not published`);
    await room.session.end("stopped");
    expect(room.discards).toContainEqual({ location: "uart-0", bytes: 0, framesBroken: 0, readings: 6, reason: "nodes_full" });
  });

  test("find a place when one of them leaves, and the fault is over", async () => {
    const room = await speaking();
    await room.tick(ofSlot(NODES_MAX + 1, "a", 0));
    room.taken();
    await room.tick(ofSlot(1, "r", 0), ofSlot(NODES_MAX + 1, "n", 5));
    expect(room.taken()).toEqual([
      "end 2 removed",
      "clear",
      `begin ${NODES_MAX + 2} {} at 1/${NODES_MAX + 1}`,
      `report ${NODES_MAX + 2} 5`,
    ]);
    expect(room.session.view().nodes).toHaveLength(NODES_MAX);
  });
});
