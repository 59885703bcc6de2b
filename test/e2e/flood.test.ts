import { expect, type TestContext, test } from "vitest";
import type { Status } from "../../agent/health/snapshot.ts";
import { nextRandom } from "../../drivers/kit/emulator.ts";
import { noninEmulator, type Packet, packetBytes } from "../../drivers/nonin/emulator.ts";
import type { Agent, Room } from "../support/agent.ts";
import type { Central } from "../support/central.ts";
import { type EmulatedDevice, type Flood, startEmulatedDevice, startFlood } from "../support/emulated-device.ts";
import { STEADY_PACKET } from "../support/steady-packet.ts";
import { roomFor } from "./room.ts";
import { endsOf, eventsOf, expectEveryUnit, holes, reportsOf } from "./told.ts";

/** A device gone mad beside a well-behaved one, on a line that takes whatever comes: as fast as the agent reads. */

const TEST_MS = 90_000;
const KIB = 1024;
/** What a flood may add to the agent's resident memory: buffers of one port and of what is under way, and uncollected garbage. */
const MEMORY_MAX = 64 * KIB * KIB;
/** Bytes that the agent must have read of the flood before it is judged: 128 times what it takes of one port in one tick. */
const READ_MIN = 512 * KIB;

type Flooded = {
  readonly room: Room;
  readonly agent: Agent;
  readonly central: Central;
  readonly neighbour: EmulatedDevice;
  readonly flood: Flood;
  /** When READ_MIN was read. */
  readonly status: Status;
};

async function flooded(t: TestContext, fill: (block: number) => Uint8Array): Promise<Flooded> {
  const room = roomFor(t);
  const broker = await room.startBroker();
  const central = await room.openCentral(broker.port);
  const neighbour = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 21, link: room.at("neighbour") }));
  const beds = ["neighbour", "flood"].map((name) => ({ path: room.at(name), location: name, device: name, driver: "nonin" }));
  room.configure({ port: broker.port, beds });
  const agent = room.start();
  await room.until("the neighbour is told", () => reportsOf(central, "neighbour").length >= 3);
  const before = agent.resident();
  const flood = room.keep(await startFlood({ link: room.at("flood"), seed: 5, fill }));
  const status = await room.statusWhere("the flood is read", (now) => countsOf(now).bytes >= READ_MIN);
  expect(agent.resident() - before).toBeLessThan(MEMORY_MAX);
  const counts = countsOf(status);
  expect(counts.bytes).toBe(counts.framed + counts.discarded + counts.pending);
  expect(status.unexplained).toBe(0);
  return { room, agent, central, neighbour, flood, status };
}

const countsOf = ({ devices }: Status) => devices.find(({ device }) => device === "flood")!.counts;

function expectNeighbourUntouched({ central, neighbour }: Flooded): void {
  expect(endsOf(central, "neighbour")).toEqual(["stopped"]);
  expect(expectEveryUnit(central, { device: "neighbour", ledger: neighbour.ledger })).toBeGreaterThanOrEqual(10);
  expect(holes(central)).toEqual([]);
  expect(central.broken).toEqual([]);
  expect(eventsOf(central, "gap")).toEqual([]);
}

test.concurrent(
  "noise without end costs the neighbour nothing, takes no memory, and every byte of it is counted and told",
  async (t) => {
    const noise = noiseBlock(5);
    const all = await flooded(t, () => noise);
    const { room, agent, central, status } = all;
    const { phase, epoch } = status.devices.find(({ device }) => device === "flood")!;
    expect([phase, epoch], "noise proves nothing").toEqual(["proving", undefined]);
    const isNoFrame = ({ key, scope }: Status["faults"][number]): boolean => key === "session.no_frame" && scope === "port flood";
    const last = await room.statusWhere("it is told as no device", ({ faults }) => faults.some(isNoFrame));
    expect((await agent.terminate()).code).toBe(0);
    const discards = eventsOf(central, "discards").filter(({ event }) => event.discards.location === "flood");
    const told = discards.reduce((sum, { event }) => sum + (event.discards.bytes ?? 0), 0);
    expect(told, "the events name what was discarded").toBeGreaterThanOrEqual(countsOf(last).discarded);
    expect(reportsOf(central, "flood")).toEqual([]);
    expectNeighbourUntouched(all);
  },
  TEST_MS,
);

test.concurrent(
  "good packets far too fast cost the neighbour nothing, and every one that was read arrives",
  async (t) => {
    const all = await flooded(t, (block) => Buffer.concat(packetNumbers(block).map((timer) => packetBytes({ ...PACKET, timer }))));
    const { room, agent, central, flood } = all;
    await flood.stop();
    const { ledger } = await room.statusWhere(
      "all is delivered",
      ({ ledger: { report, wave } }) => report.waiting <= 1 && wave.waiting <= 1,
    );
    expect(ledger.report.dropped + ledger.wave.dropped).toBe(0);
    expect((await agent.terminate()).code).toBe(0);
    const times = reportsOf(central, "flood")
      .filter(({ body }) => body.observations.length > 0)
      .toSorted((a, b) => a.n - b.n)
      .map(({ deviceTime }) => Number(deviceTime));
    expect(times.length).toBeGreaterThanOrEqual(READ_MIN / 125 - 1);
    const [first = 0] = times;
    expect(times, "one after another, none twice").toEqual(Array.from(times, (_, at) => (first + at) % TIMER_MODULUS));
    expectNeighbourUntouched(all);
  },
  TEST_MS,
);

/** Pseudo-random, made once: the flood is to cost the agent time, not this process. */
function noiseBlock(seed: number): Uint8Array {
  let random = seed;
  return Uint8Array.from({ length: 4096 }, () => {
    const [next, value] = nextRandom(random);
    random = next;
    return Math.floor(value * 256);
  });
}

const TIMER_MODULUS = 1 << 14;
const PACKETS_A_BLOCK = 16;
const packetNumbers = (block: number): readonly number[] =>
  Array.from({ length: PACKETS_A_BLOCK }, (_, at) => (block * PACKETS_A_BLOCK + at) % TIMER_MODULUS);
const PACKET: Packet = { ...STEADY_PACKET, statuses: [], pleth: Array.from({ length: 25 }, (_, sample) => 50 + sample) };
