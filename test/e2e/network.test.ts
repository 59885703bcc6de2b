import { createSocket } from "node:dgram";
import { expect, test } from "vitest";
import { intellivueAlone, intellivueEmulator } from "../../drivers/philips-intellivue/emulator.ts";
import type { Received } from "../support/central.ts";
import { type EmulatedMonitor, type Fate, startEmulatedMonitor } from "../support/emulated-monitor.ts";
import { roomFor } from "./room.ts";
import { endsOf, eventsOf, holes, reportsOf } from "./told.ts";

/** The packaged agent at monitors on a network, which is this machine's own: what comes from there is a test. */

const TEST_MS = 120_000;
const SEED = 85;
const STRANGERS = 40;
/** Numerics of a poll, in a message of data. */
const isData = (bytes: Uint8Array): boolean => bytes[0] === 0xe1;
const RELEASE = 0x09;

/** Beginning and end of an association pass; of what it serves each fifth is lost, each seventh comes twice, each eleventh too late. */
function rough(n: number, bytes: Uint8Array): Fate {
  if (!isData(bytes) || n < 8) return "passes";
  return n % 5 === 0 ? "lost" : n % 7 === 0 ? "twice" : n % 11 === 0 ? "late" : "passes";
}

const reported = (report: Received & { body: { kind: "report" } }) =>
  Object.fromEntries(
    (report.body as Extract<Received["body"], { kind: "report" }>).observations.map(({ metric, value }) => [metric.refid, value]),
  );

/** Messages with values that the monitor sent, each with what became of it. */
const withValues = ({ sent }: EmulatedMonitor) =>
  sent.filter(({ unit }) => unit !== undefined && Object.keys(unit.observations).length > 0);

test(
  "a monitor on the network is read digit by digit, a rough network costs what it takes and nothing else, and a stranger is not heard",
  async (t) => {
    const room = roomFor(t);
    const broker = await room.startBroker();
    const central = await room.openCentral(broker.port);
    const monitor = room.keep(await startEmulatedMonitor({ emulator: intellivueAlone, seed: SEED, fate: rough }));
    const unlisted = room.keep(await startEmulatedMonitor({ emulator: intellivueAlone, seed: SEED }));
    room.configure({
      port: broker.port,
      beds: [{ path: `udp:${monitor.address}`, location: "lan-1", device: "dv-lan", driver: "philips-intellivue" }],
      unlisted: [{ path: `udp:${unlisted.address}`, location: "lan-2" }],
    });
    const agent = room.start();
    const told = () => reportsOf(central, "dv-lan").filter(({ body }) => body.observations.length > 0);
    await room.until("a dozen reports came", () => told().length >= 12, 60_000);

    // Another port of the very same host, with a genuine message in which one digit is another.
    const client = monitor.client()!;
    const genuine = withValues(monitor).findLast(({ fate }) => fate === "passes")!.bytes;
    await sendAs(client, genuine, STRANGERS);
    const { devices } = await room.statusWhere(
      "the strangers are counted",
      (status) => (status.devices[0]?.counts.unread?.strangers.packets ?? 0) >= STRANGERS,
    );
    expect(devices[0]!.counts.unread).toEqual({
      strangers: { packets: STRANGERS, bytes: STRANGERS * genuine.length },
      overrun: { packets: 0, bytes: 0 },
    });
    const before = told().length;
    await room.until("it is read on", () => told().length >= before + 12, 60_000);

    const { counts } = (await room.status())!.devices[0]!;
    expect(counts.bytes).toBe(counts.framed + counts.discarded + counts.pending);
    expect([counts.discarded, counts.broken]).toEqual([0, 0]);
    const said = (await room.bedside(["ports", "--runtime-dir", room.runtimeDir])).out;
    expect(said).toMatch(new RegExp(`^used +lan-1 +udp:${monitor.address} +UDP +this box itself: marked as a test$`, "m"));
    expect(said).toContain("driver philips-intellivue at udp");
    expect(said).toContain(`- { when: { location: "lan-2", address: "${unlisted.address}" }, allow: true`);
    expect((await room.status())!.unexplained).toBe(0);

    expect((await agent.terminate()).code).toBe(0);
    expect(monitor.heard.at(-1)![0], "the monitor is told that the gateway leaves").toBe(RELEASE);
    expect(unlisted.heard, "nothing is sent to an address that no rule allows").toEqual([]);
    expect([holes(central), central.broken, endsOf(central, "dv-lan")]).toEqual([[], [], ["stopped"]]);
    expect(new Set(told().map(({ device }) => device.mode)), "nobody may chart what comes from this machine").toEqual(new Set([2]));
    const strangers = eventsOf(central, "discards").filter(({ event }) => event.discards.reason === "stranger");
    expect(strangers.map(({ event }) => [event.discards.location, event.discards.framesBroken])).toEqual([["lan-1", STRANGERS]]);
    expectSent(monitor, told());
  },
  TEST_MS,
);

test(
  "a monitor on the network is recorded and read again as it was, and one that falls silent ends its epoch until it is back",
  async (t) => {
    const room = roomFor(t);
    const broker = await room.startBroker();
    const central = await room.openCentral(broker.port);
    const monitor = room.keep(await startEmulatedMonitor({ emulator: intellivueEmulator, seed: SEED }));
    const beds = [{ path: `udp:${monitor.address}`, location: "lan-1", device: "dv-lan", driver: "philips-intellivue" }];
    room.configure({ port: broker.port, beds });
    room.start();
    const told = () => reportsOf(central, "dv-lan").filter(({ body }) => body.observations.length > 0);
    await room.until("it is read", () => told().length > 0, 60_000);
    const file = room.at("lan.capture.jsonl");
    const captured = await room.bedside(["capture", "dv-lan", "--for", "3s", "--out", file, "--runtime-dir", room.runtimeDir]);
    expect(captured.code, captured.err).toBe(0);
    const replayed = await room.bedside(["replay", "--decode", file, "--json"]);
    expect(replayed.code, replayed.err).toBe(0);
    expect(JSON.parse(replayed.err)).toMatchObject({ driver: "philips-intellivue", broken: 0, discarded: 0, pending: 0 });
    expect(replayed.out.split("\n").length, "frames that say something").toBeGreaterThan(3);
    expect(endsOf(central, "dv-lan")).toEqual([]);

    monitor.pause();
    await room.until("its epoch ended", () => endsOf(central, "dv-lan").length === 1, 60_000);
    expect(endsOf(central, "dv-lan")).toEqual(["silent"]);
    const { faults } = await room.statusWhere("the fault stands", (status) => status.faults.length > 0);
    expect(faults).toMatchObject([{ key: "session.silent", text: expect.stringContaining("nothing comes from its address") }]);
    const before = told().length;
    monitor.resume();
    await room.until("it is read again", () => told().length > before, 60_000);
    await room.statusWhere("the fault is over", (status) => status.faults.length === 0);
    expect(eventsOf(central, "epochBegan", "dv-lan")).toHaveLength(2);
  },
  TEST_MS,
);

async function sendAs({ port, address }: { readonly port: number; readonly address: string }, bytes: Uint8Array, times: number) {
  const forged = bytes.with(-1, bytes.at(-1)! ^ 1);
  const stranger = createSocket("udp4");
  for (let count = 0; count < times; count++) await new Promise((sent) => stranger.send(forged, port, address, sent));
  await new Promise<void>((closed) => stranger.close(() => closed()));
}

/** Each report is a message as it was sent, and each message that left in its turn has come, from the first to the last that did. */
function expectSent(monitor: EmulatedMonitor, told: ReturnType<typeof reportsOf>): void {
  const messages = withValues(monitor);
  const same = (report: (typeof told)[number], at: number): boolean => {
    const { unit } = messages[at]!;
    return (
      report.deviceTime === unit!.deviceTime && JSON.stringify(sorted(reported(report))) === JSON.stringify(sorted(unit!.observations))
    );
  };
  const found = told.map((report) => messages.findIndex((_, at) => same(report, at)));
  expect(
    told.filter((_, at) => found[at] === -1).map((report) => [report.deviceTime, reported(report)]),
    "nothing is told that was not sent",
  ).toEqual([]);
  const came = new Set(found);
  const lost = messages.flatMap(({ fate }, at) => (came.has(at) && fate === "lost" ? [at] : []));
  expect(lost, "nothing is told that did not arrive").toEqual([]);
  const between = messages.slice(Math.min(...found), Math.max(...found) + 1);
  const missing = between.filter(
    ({ fate, unit }) => (fate === "passes" || fate === "twice") && !came.has(messages.findIndex((one) => one.unit === unit)),
  );
  expect(
    missing.map(({ unit }) => unit!.deviceTime),
    "what left in its turn has come",
  ).toEqual([]);
}
const sorted = (values: Readonly<Record<string, string | null>>) => Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
