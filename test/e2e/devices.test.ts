import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Milliseconds } from "../../config/units.ts";
import type { Emulator } from "../../drivers/kit/emulator.ts";
import { noninEmulator, type Packet, packetBytes, STAT2, STATUS } from "../../drivers/nonin/emulator.ts";
import { type Pb840State, puritanBennett840Emulator } from "../../drivers/puritan-bennett-840/emulator.ts";
import { CAUSE, EDGE, IDENTITY, VERDICT } from "../../proto/messages.ts";
import { faulty } from "../dev/devices.ts";
import { type Agent, type Bed, openRoom, type Room } from "../support/agent.ts";
import type { Central } from "../support/central.ts";
import { type EmulatedDevice, startEmulatedDevice } from "../support/emulated-device.ts";
import { STEADY_PACKET } from "../support/steady-packet.ts";
import { alertsOf, endsOf, eventsOf, expectEveryUnit, holes, reportsOf } from "./told.ts";

/** One packaged agent with a ward of devices that misbehave, each in its own way and none at another's cost. */

const TEST_MS = 60_000;
/** OX1-8: two seconds without a frame are silence. A frame may follow the last report, and a busy machine may be late. */
const QUIET_NS = 2_000_000_000n;
const QUIET_LATE_NS = 2_500_000_000n;

/** All at once, on one line; nothing of it is longer than the quiet time. */
const EVERYTHING_WRONG =
  "flip:bits=2,every=3,cut:every=4,garbage:bytes=60,every=2,split:bytes=2,pause=3ms,late:800ms,every=7,checksum:every=11";

let room: Room;
let agent: Agent;
let central: Central;
const devices = new Map<string, EmulatedDevice>();
/** Which of two ventilators is on the line of "swapped". */
let onTheLine: keyof TwoVentilators = "first";
let alarming = true;

const device = (name: string): EmulatedDevice => devices.get(name)!;
const told = (name: string): number => reportsOf(central, name).filter(({ body }) => body.observations.length > 0).length;
const epochsOf = (name: string): readonly number[] => eventsOf(central, "epochBegan", name).map(({ record }) => record.epoch);
const statusOf = async (name: string) => (await room.status())!.devices.find((one) => one.device === name)!;
const faultsTold = (location: string): readonly string[] =>
  eventsOf(central, "fault")
    .filter(({ event }) => event.fault.location === location)
    .map(({ event }) => `${event.fault.key} ${event.fault.ended === true ? "ended" : "began"}`);

beforeAll(async () => {
  room = openRoom();
  const broker = await room.startBroker();
  central = await room.openCentral(broker.port);
  const beds: Bed[] = [];
  const plug = async <S>(name: string, emulator: Emulator<S>): Promise<void> => {
    const link = room.at(name);
    devices.set(name, room.keep(await startEmulatedDevice({ emulator, seed: devices.size + 1, link })));
    if (name !== "unlisted") beds.push({ path: link, location: name, device: name, driver: emulator.id });
  };
  await plug("neighbour", noninEmulator);
  await plug("silent", noninEmulator);
  await plug("unplugged", noninEmulator);
  await plug("wrong-sums", faulty(noninEmulator, "checksum:every=3").emulator);
  await plug("everything-wrong", faulty(noninEmulator, EVERYTHING_WRONG).emulator);
  await plug("alarming", alarmingOximeter);
  await plug("cut-answers", faulty(puritanBennett840Emulator, "cut:every=2").emulator);
  await plug("swapped", twoOnOneLine);
  await plug("unlisted", noninEmulator);
  room.configure({ port: broker.port, beds, unlisted: [{ path: device("unlisted").path, location: "unlisted" }] });
  agent = room.start();
  await room.until("every admitted device is told", () => beds.every((bed) => told(bed.device) > 0));
}, TEST_MS);
afterAll(() => room.stop(), TEST_MS);

describe.concurrent("a ward of devices", () => {
  test(
    "a device that goes silent is told within its quiet time, and what comes back begins a new epoch",
    async () => {
      const [first] = epochsOf("silent");
      device("silent").pause();
      await room.until("its epoch ended", () => endsOf(central, "silent").length === 1);
      const last = reportsOf(central, "silent").at(-1)!;
      const [end] = eventsOf(central, "epochEnded", "silent");
      expect([end!.record.epoch, end!.event.epochEnded.reason]).toEqual([first, "silent"]);
      const took = end!.record.at - last.at;
      expect(took).toBeGreaterThanOrEqual(QUIET_NS - 20_000_000n);
      expect(took).toBeLessThanOrEqual(QUIET_NS + QUIET_LATE_NS);
      const { faults } = await room.statusWhere("status tells it", (status) => status.faults.some(({ scope }) => scope === "port silent"));
      expect(faults.find(({ scope }) => scope === "port silent")).toMatchObject({ key: "session.silent", number: "BED-214" });

      const before = told("silent");
      device("silent").resume();
      await room.until("it is told again", () => told("silent") > before);
      const [, second] = epochsOf("silent");
      expect(second).toBeGreaterThan(first!);
      expect(reportsOf(central, "silent").at(-1)!.epoch).toBe(second);
      await room.until("the fault is over", () => faultsTold("silent").length === 2);
      expect(faultsTold("silent")).toEqual(["session.silent began", "session.silent ended"]);
    },
    TEST_MS,
  );

  test(
    "an unplugged port is told as gone, and plugged in again it begins a new epoch by itself",
    async () => {
      const [first] = epochsOf("unplugged");
      await device("unplugged").unplug();
      await room.until("its epoch ended", () => endsOf(central, "unplugged").length === 1);
      expect(endsOf(central, "unplugged")).toEqual(["unplugged"]);
      await room.until("the fault is told", () => faultsTold("unplugged").includes("port.gone began"));
      expect((await statusOf("unplugged")).phase).not.toBe("streaming");
      const before = told("unplugged");
      await device("unplugged").plug();
      await room.until("it is told again", () => told("unplugged") > before);
      expect(epochsOf("unplugged")[1]).toBeGreaterThan(first!);
      await room.until("no fault stands", async () => (await room.status())!.faults.every(({ scope }) => scope !== "port unplugged"));
    },
    TEST_MS,
  );

  test(
    "another ventilator on the same line ends the epoch, and none of its values is told as the first one's",
    async () => {
      const [first] = epochsOf("swapped");
      await room.until("the first told who it is", () => eventsOf(central, "identityLearned", "swapped").length === 1);
      const known = eventsOf(central, "identityLearned", "swapped")[0]!.event.identityLearned.facts;
      onTheLine = "second";
      await room.until("the second begins", () => epochsOf("swapped").length === 2);
      expect(endsOf(central, "swapped")).toEqual(["replaced"]);
      const [, began] = eventsOf(central, "epochBegan", "swapped");
      expect(began!.record.epoch).toBeGreaterThan(first!);
      expect(began!.event.epochBegan.facts!.serial).toMatch(/^35\d{8}$/);
      expect(began!.event.epochBegan.facts!.serial).not.toBe(known!.serial);
      expect(began!.record.device.identity).toBe(IDENTITY.protocol);
      const second = began!.record.epoch;
      await room.until("its values follow", () => reportsOf(central, "swapped").some(({ epoch }) => epoch === second));
      expect(reportsOf(central, "swapped").find(({ epoch }) => epoch === second)!.n, "its first answer is in its own epoch").toBe(0);
      const { facts, epoch } = await statusOf("swapped");
      expect([facts, epoch]).toEqual([began!.event.epochBegan.facts, second]);
    },
    TEST_MS,
  );

  test(
    "an alert that is present when an epoch begins is an onset with cause start; later edges are the device's",
    async () => {
      await room.until("both onsets came", () => alertsOf(central, "alarming").length === 2);
      const edges = () =>
        alertsOf(central, "alarming").map(({ body }) => [body.metric.refid, body.alert.edge, body.alert.cause ?? CAUSE.device] as const);
      const sorted = () => edges().map(String).sort();
      const both = (edge: number, cause: number): string[] =>
        ["MDC_EVT_BATT_LO", "MDC_EVT_SENSOR_DISCONN"].map((refid) => String([refid, edge, cause]));
      expect(sorted()).toEqual(both(EDGE.onset, CAUSE.start));
      expect((await statusOf("alarming")).conditions.map(({ refid }) => refid).sort()).toEqual([
        "MDC_EVT_BATT_LO",
        "MDC_EVT_SENSOR_DISCONN",
      ]);
      // What the display holds while the sensor is off is no measurement.
      const report = reportsOf(central, "alarming").find(({ body }) => body.observations.length > 0)!;
      const spo2 = report.body.observations.find(({ metric }) => metric.refid === "MDC_PULS_OXIM_SAT_O2")!;
      expect(spo2).toMatchObject({ value: null, reason: "sensor_alarm" });

      alarming = false;
      await room.until("both are clear", () => edges().length === 4);
      expect(sorted()).toEqual([...both(EDGE.onset, CAUSE.start), ...both(EDGE.clear, CAUSE.device)].sort());
      alarming = true;
      await room.until("both are back", () => edges().length === 6);
      expect(edges().slice(4).map(String).sort()).toEqual(both(EDGE.onset, CAUSE.device));
    },
    TEST_MS,
  );

  test(
    "frames with wrong sums are counted and given up, and every good packet between them arrives",
    async () => {
      await room.until("a dozen packets came", () => told("wrong-sums") >= 12);
      const { counts } = await statusOf("wrong-sums");
      expect(counts.broken).toBeGreaterThanOrEqual(3);
      expect(counts.discarded).toBeGreaterThanOrEqual(counts.broken);
      expect(counts.bytes).toBe(counts.framed + counts.discarded + counts.pending);
      const arrived = expectEveryUnit(central, { device: "wrong-sums", ledger: device("wrong-sums").ledger });
      expect(arrived).toBeGreaterThanOrEqual(10);
      const unreadable = reportsOf(central, "wrong-sums").filter(({ body }) => body.unreadable > 0);
      expect(unreadable.length, "what was given up is said").toBeGreaterThanOrEqual(3);
    },
    TEST_MS,
  );

  test(
    "a line that does everything wrong at once costs what it damaged and nothing else",
    async () => {
      await room.until("a dozen packets came", () => told("everything-wrong") >= 12);
      const { counts } = await statusOf("everything-wrong");
      expect(counts.discarded).toBeGreaterThan(60);
      expect(counts.bytes).toBe(counts.framed + counts.discarded + counts.pending);
      const arrived = expectEveryUnit(central, { device: "everything-wrong", ledger: device("everything-wrong").ledger });
      expect(arrived).toBeGreaterThanOrEqual(12);
      expect(epochsOf("everything-wrong").length, "it is one and the same attachment").toBe(1);
    },
    TEST_MS,
  );

  test(
    "answers that are cut are counted and asked for again, and every whole one arrives in the ventilator's own digits",
    async () => {
      await room.until("three answers came", () => told("cut-answers") >= 3);
      const { counts } = await statusOf("cut-answers");
      expect(counts.discarded).toBeGreaterThan(0);
      expect(counts.bytes).toBe(counts.framed + counts.discarded + counts.pending);
      const values = reportsOf(central, "cut-answers").map(({ body }) =>
        Object.fromEntries(body.observations.map(({ metric, value }) => [`pb840.${metric.name}`, value])),
      );
      const sent = device("cut-answers").ledger.map(({ unit }) => unit.observations);
      expect(values.length).toBeGreaterThanOrEqual(3);
      for (const [at, observations] of values.entries()) expect(observations).toMatchObject(sent[at]!);
    },
    TEST_MS,
  );

  test(
    "a port that no rule names is never opened, and the birth and an event say which rule is missing",
    async () => {
      const reasons = ["no rule for location unlisted"];
      await room.until("its admission is told", () =>
        eventsOf(central, "admission").some(({ event }) => event.admission.location === "unlisted"),
      );
      const [admission] = eventsOf(central, "admission").filter(({ event }) => event.admission.location === "unlisted");
      expect(admission!.event.admission).toMatchObject({ verdict: VERDICT.block, reasons, path: device("unlisted").path });
      await room.until("the birth has it", () => central.birth()?.ports?.some(({ location }) => location === "unlisted") === true);
      expect(central.birth()!.ports!.find(({ location }) => location === "unlisted")).toMatchObject({ verdict: VERDICT.block, reasons });
      expect(device("neighbour").holders(), "the search for holders does find one").toEqual([agent.pid]);
      expect(device("unlisted").holders()).toEqual([]);
      expect(device("unlisted").bytesHeard()).toBe(0);
      expect(reportsOf(central, "unlisted")).toEqual([]);
    },
    TEST_MS,
  );
});

test(
  "none of this cost the well-behaved neighbour a packet, or the record a hole",
  async () => {
    expect((await room.status())!.unexplained).toBe(0);
    expect(device("unlisted").holders()).toEqual([]);
    expect((await agent.terminate()).code).toBe(0);
    expect(expectEveryUnit(central, { device: "neighbour", ledger: device("neighbour").ledger })).toBeGreaterThanOrEqual(15);
    expect(endsOf(central, "neighbour")).toEqual(["stopped"]);
    expect(holes(central)).toEqual([]);
    expect(central.broken).toEqual([]);
    const discards = eventsOf(central, "discards").filter(({ event }) => event.discards.location === "wrong-sums");
    expect(discards.reduce((sum, { event }) => sum + (event.discards.framesBroken ?? 0), 0)).toBeGreaterThanOrEqual(3);
    // Everything came through a pty, so that nobody may chart it.
    expect(new Set(central.records.filter(({ epoch }) => epoch > 0).map((record) => record.device.mode))).toEqual(new Set([2]));
  },
  TEST_MS,
);

// ── Devices of this ward ────────────────────────────────────────────────────────────────────────────────────────────

const PACKET_MS = 1000 / 3;

/** Three packets a second, all with the same state: sensor off and battery low, or neither. */
const alarmingOximeter: Emulator<{ readonly due: number; readonly count: number }> = {
  id: "nonin",
  speed: 9600,
  start: () => ({ due: 0, count: 0 }),
  step: ({ due, count }, _heard, at) => {
    if (at < due) return { state: { due, count }, sends: [], next: Milliseconds(due - at) };
    const next = due + PACKET_MS;
    return {
      state: { due: next, count: count + 1 },
      sends: [{ bytes: packetBytes(steady(count)) }],
      next: Milliseconds(Math.max(1, next - at)),
    };
  },
};
const steady = (timer: number): Packet => ({
  ...STEADY_PACKET,
  timer,
  stat2: alarming ? STAT2.batteryLow : 0,
  statuses: Array.from({ length: 25 }, () => (alarming ? STATUS.sensorAlarm : 0)),
  pleth: Array.from({ length: 25 }, (_, sample) => 50 + sample),
});

type TwoVentilators = { readonly first: Pb840State; readonly second: Pb840State };
const twoOnOneLine: Emulator<TwoVentilators> = {
  id: puritanBennett840Emulator.id,
  speed: puritanBennett840Emulator.speed,
  start: (seed) => ({ first: puritanBennett840Emulator.start(seed), second: puritanBennett840Emulator.start(seed + 100) }),
  step: (state, heard, at) => {
    const turn = puritanBennett840Emulator.step(state[onTheLine], heard, at);
    return { ...turn, state: { ...state, [onTheLine]: turn.state } };
  },
};
