import { expect, test } from "vitest";
import { nextRandom } from "../../drivers/kit/emulator.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { startEmulatedDevice, startFlood } from "../support/emulated-device.ts";
import { roomFor } from "./room.ts";
import { endsOf, eventsOf, expectEveryUnit, holes, reportsOf } from "./told.ts";

const TEST_MS = 90_000;
const KIB = 1024;
const MIB = 1024 * KIB;
/** What a flood may add to the agent's resident memory: buffers of one port, and garbage that is not collected yet. */
const MEMORY_MAX = 48 * MIB;
/** Bytes that the agent must have read of the flood before it is judged: some hundred times what it may hold of one port. */
const READ_MIN = 512 * KIB;

/** Pseudo-random, made once: the flood is to cost the agent time, not this process. */
function noiseBlock(seed: number): Uint8Array {
  let random = seed;
  return Uint8Array.from({ length: 4096 }, () => {
    const [next, value] = nextRandom(random);
    random = next;
    return Math.floor(value * 256);
  });
}

test(
  "a device gone mad costs its neighbour nothing, takes no memory, and every byte of it is counted and told",
  async (t) => {
    const room = roomFor(t);
    const broker = await room.startBroker();
    const central = await room.openCentral(broker.port);
    const neighbour = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 21, link: room.at("neighbour") }));
    const beds = ["neighbour", "flood"].map((name) => ({ path: room.at(name), location: name, device: name, driver: "nonin" }));
    room.configure({ port: broker.port, beds });
    const agent = room.start();
    await room.until("the neighbour is told", () => reportsOf(central, "neighbour").length >= 3);
    const before = agent.resident();

    const noise = noiseBlock(5);
    const flood = room.keep(await startFlood({ link: room.at("flood"), seed: 5, fill: () => noise }));
    const flooded = await room.statusWhere("the flood is read", ({ devices }) =>
      devices.some(({ device, counts }) => device === "flood" && counts.bytes >= READ_MIN),
    );
    expect(flood.bytesSent()).toBeGreaterThanOrEqual(READ_MIN);
    expect(agent.resident() - before).toBeLessThan(MEMORY_MAX);
    const { counts, phase, epoch } = flooded.devices.find(({ device }) => device === "flood")!;
    expect(counts.bytes).toBe(counts.framed + counts.discarded + counts.pending);
    expect([phase, epoch], "noise proves nothing").toEqual(["proving", undefined]);
    expect(flooded.unexplained).toBe(0);
    await room.statusWhere("it is told as no device", ({ faults }) =>
      faults.some(({ key, scope }) => key === "session.no_frame" && scope === "port flood"),
    );
    const last = (await room.status())!.devices.find(({ device }) => device === "flood")!;

    expect((await agent.terminate()).code).toBe(0);
    await flood.stop();
    const discards = eventsOf(central, "discards").filter(({ event }) => event.discards.location === "flood");
    const told = discards.reduce((sum, { event }) => sum + (event.discards.bytes ?? 0), 0);
    expect(told, "the events name what was discarded").toBeGreaterThanOrEqual(last.counts.discarded);
    expect(reportsOf(central, "flood")).toEqual([]);
    expect(endsOf(central, "neighbour")).toEqual(["stopped"]);
    expect(expectEveryUnit(central, { device: "neighbour", ledger: neighbour.ledger })).toBeGreaterThanOrEqual(10);
    expect(holes(central)).toEqual([]);
    expect(central.broken).toEqual([]);
  },
  TEST_MS,
);
