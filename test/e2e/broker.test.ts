import { mkdirSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { type Room, unusedPort } from "../support/agent.ts";
import type { Central } from "../support/central.ts";
import { type EmulatedDevice, startEmulatedDevice } from "../support/emulated-device.ts";
import { startFakeBroker } from "../support/fake-broker.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { makeAuthority } from "../support/pki.ts";
import { roomFor } from "./room.ts";
import { eventsOf, expectAllUpTo, expectEveryUnit, holes, reportsOf } from "./told.ts";

/** The packaged agent against a real mosquitto that is not there, goes, pauses, or does not trust it. */

const TEST_MS = 90_000;
const DEVICE = "dv-1";

async function oximeterAt(room: Room, port: number): Promise<EmulatedDevice> {
  const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 11, link: room.at("port") }));
  room.configure({ port, beds: [{ path: device.path, location: "b", device: DEVICE, driver: "nonin" }] });
  return device;
}

/** After an orderly end: all that was ever numbered has come, and nothing came that was not sent. */
function expectNothingMissing(central: Central, device: EmulatedDevice): number {
  for (const { event, record } of eventsOf(central, "epochEnded", DEVICE)) expectAllUpTo(central, record.run, event.epochEnded.last);
  expect(holes(central)).toEqual([]);
  expect(central.broken).toEqual([]);
  expect(eventsOf(central, "gap")).toEqual([]);
  return expectEveryUnit(central, { device: DEVICE, ledger: device.ledger });
}

test.concurrent(
  "readings taken while the broker is not there yet arrive when it comes, marked live or backlog",
  async (t) => {
    const room = roomFor(t);
    // The subscriber introduces itself first, so that the broker keeps for it what comes before it is back.
    const introduced = await room.startBroker();
    const central = await room.openCentral(introduced.port);
    await introduced.stop();
    const device = await oximeterAt(room, introduced.port);
    const agent = room.start();
    const offline = await room.statusWhere("readings wait", ({ ledger }) => ledger.report.waiting >= 6);
    expect(offline.uplink.phase).not.toBe("online");
    expect(offline.faults).toEqual([expect.objectContaining({ key: "uplink.unreachable", number: "BED-102", scope: "uplink" })]);
    expect(offline.spool.flashBytes).toBeGreaterThan(0);
    expect(central.records).toEqual([]);

    await room.startBroker(introduced.port);
    await room.statusWhere("the backlog is delivered", ({ uplink, ledger }) => uplink.phase === "online" && ledger.report.waiting <= 1);
    const here = central.records.length;
    await room.until(
      "live readings follow",
      () => reportsOf(central, DEVICE).filter(({ range }) => range === "live").length >= 3 && here > 0,
    );
    const last = await room.statusWhere("the fault is over", ({ faults }) => faults.length === 0);
    expect(last.unexplained).toBe(0);
    expect((await agent.terminate()).code).toBe(0);
    expect(expectNothingMissing(central, device)).toBeGreaterThanOrEqual(8);
    const ranges = new Set(central.records.map(({ range }) => range));
    expect([...ranges].sort()).toEqual(["backlog", "live"]);
    // Live records overtake those of the backlog; their numbers tell the order in which it happened.
    const inOrder = [...eventsOf(central, "fault")].sort((a, b) => a.record.n - b.record.n);
    const told = inOrder.map(({ event }) => [event.fault.key, event.fault.ended ?? false] as const);
    // A disk that other tests keep busy has its own to tell.
    expect(told.filter(([key]) => key.startsWith("uplink."))).toEqual([
      ["uplink.unreachable", false],
      ["uplink.unreachable", true],
    ]);
  },
  TEST_MS,
);

test.concurrent(
  "a broker that pauses and then restarts costs nothing",
  async (t) => {
    const room = roomFor(t);
    const broker = await room.startBroker();
    const central = await room.openCentral(broker.port);
    const device = await oximeterAt(room, broker.port);
    const agent = room.start();
    const came = (count: number): Promise<void> => room.until(`${count} reports came`, () => reportsOf(central, DEVICE).length >= count);
    await came(3);

    broker.pause();
    const { ledger } = await room.statusWhere("a status", () => true);
    await room.statusWhere("three seconds of readings wait", (status) => status.ledger.report.waiting >= 9);
    broker.resume();
    await room.statusWhere("what waited is delivered", (status) => status.ledger.report.delivered >= ledger.report.made + 9);
    const afterPause = await room.statusWhere("a status", () => true);
    expect(afterPause.uplink.connection, "a pause is no loss of the connection").toBe(1);
    expect(central.duplicates(), "what was committed while its answer was late is not sent again").toBe(0);

    await broker.restart();
    await room.statusWhere("the agent is back", ({ uplink }) => uplink.connection >= 2 && uplink.phase === "online");
    await came(reportsOf(central, DEVICE).length + 3);
    expect((await room.status())?.unexplained).toBe(0);
    expect((await agent.terminate()).code).toBe(0);

    expect(expectNothingMissing(central, device)).toBeGreaterThanOrEqual(14);
  },
  TEST_MS,
);

// ── Who trusts whom ─────────────────────────────────────────────────────────────────────────────────────────────────

/** Attempts in this time: drawn waits of up to 2, 4, 8 … s. An agent that hammers makes hundreds. */
const WATCHED_MS = 6_000;
const ATTEMPTS_MAX = 12;

async function watchAttempts(room: Room): Promise<number> {
  const from = performance.now();
  await room.until("the time has passed", () => performance.now() - from >= WATCHED_MS, WATCHED_MS + 10_000);
  return (await room.statusWhere("a status", () => true)).uplink.connection;
}

test.concurrent(
  "a broker that trusts another authority refuses the agent's certificate: told as such, nothing sent, attempts back off",
  async (t) => {
    const room = roomFor(t);
    const stranger = makeAuthority("Another Hospital CA");
    mkdirSync(room.at("broker"));
    const server = room.pki.issue({ cn: "localhost", kind: "server" });
    const broker = room.keep(await startMosquitto({ folder: room.at("broker"), pki: stranger, server }));
    await oximeterAt(room, broker.port);
    room.start();
    const refused = await room.statusWhere("the refusal is told", ({ faults }) =>
      faults.some(({ key }) => key === "uplink.client_refused"),
    );
    expect(refused.faults).toEqual([expect.objectContaining({ number: "BED-114", scope: "uplink" })]);
    const attempts = await watchAttempts(room);
    expect(attempts).toBeGreaterThanOrEqual(2);
    expect(attempts).toBeLessThanOrEqual(ATTEMPTS_MAX);
    const kept = await room.statusWhere("readings are kept", ({ ledger }) => ledger.report.waiting >= 3);
    expect(kept.ledger.report.delivered).toBe(0);
    expect(kept.unexplained).toBe(0);
    expect(
      broker.log.filter((line) => /New client connected|received/i.test(line)),
      "no session, no message",
    ).toEqual([]);
  },
  TEST_MS,
);

test.concurrent(
  "a broker with a certificate from another authority is refused: told as such, not one byte sent, attempts back off",
  async (t) => {
    const room = roomFor(t);
    const proxy = makeAuthority("Inspecting Proxy CA");
    const broker = room.keep(
      await startFakeBroker({ pki: room.pki, server: proxy.issue({ cn: "localhost", kind: "server" }), script: () => undefined }),
    );
    await oximeterAt(room, broker.port);
    room.start();
    const refused = await room.statusWhere("the refusal is told", ({ faults }) => faults.some(({ key }) => key === "uplink.wrong_issuer"));
    expect(refused.faults).toEqual([
      expect.objectContaining({ number: "BED-110", text: expect.stringContaining('issued by "Inspecting Proxy CA"') }),
    ]);
    const attempts = await watchAttempts(room);
    expect(attempts).toBeGreaterThanOrEqual(2);
    expect(attempts).toBeLessThanOrEqual(ATTEMPTS_MAX);
    expect(broker.applicationBytes).toBe(0);
    expect((await room.status())?.ledger.report).toMatchObject({ delivered: 0, dropped: 0 });
  },
  TEST_MS,
);

test.concurrent(
  "a certificate authority file that is missing is told, and readings go on",
  async (t) => {
    const room = roomFor(t);
    await oximeterAt(room, await unusedPort());
    room.configure({ port: 1, beds: [{ path: room.at("port"), location: "b", device: DEVICE, driver: "nonin" }], more: "" });
    rmSync(room.at("ca.crt"));
    room.start();
    const told = await room.statusWhere("the fault is told", ({ faults }) => faults.some(({ key }) => key === "credentials.unreadable"));
    expect(told.faults).toEqual([expect.objectContaining({ number: "BED-130", text: expect.stringContaining("ca.crt") })]);
    await room.statusWhere("readings are kept", ({ ledger }) => ledger.report.waiting >= 2);
  },
  TEST_MS,
);
