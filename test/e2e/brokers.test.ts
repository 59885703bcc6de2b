import { mkdirSync } from "node:fs";
import type { IClientOptions } from "mqtt";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { puritanBennett840Emulator } from "../../drivers/puritan-bennett-840/emulator.ts";
import { decodeHealth, decodePresence } from "../../proto/codec.ts";
import { DEATH_CAUSE, RUN_END } from "../../proto/messages.ts";
import { type Agent, openRoom, type Room } from "../support/agent.ts";
import type { RunningBroker } from "../support/broker-process.ts";
import { BROKERS, type BrokerRow } from "../support/brokers.table.ts";
import type { Central } from "../support/central.ts";
import { type EmulatedDevice, type LedgerEntry, startEmulatedDevice } from "../support/emulated-device.ts";
import { subscribeRaw } from "../support/mosquitto.ts";
import type { Identity } from "../support/pki.ts";
import { type Speaker, speaker } from "../support/speaker.ts";
import { hasFault } from "./errors.ts";
import { excusedBy, expectMade, type Leaving, leave } from "./leaving.ts";
import { roomFor } from "./room.ts";
import { eventsOf, expectAllUpTo, expectEveryUnit, holes, reportsOf } from "./told.ts";

/** The same on every broker, and where they differ, each as the table has it. */

const TEST_MS = 120_000;
/** The brokers at the same time; on each one test after the other. */
const IN_ORDER = { concurrent: false, timeout: TEST_MS };
const BURST = 300;
/** So long after its last message a broker has nothing more to hand on. */
const QUIET_MS = 300;

for (const row of BROKERS) {
  const { name } = row;
  const missing = row.missing?.();
  if (missing === undefined) {
    describe.concurrent(name, () => onBroker(row));
    test.concurrent(
      `on ${name} one leaf that is refused does not keep the others from being told (R19)`,
      (t) => oneLeafRefused(t, row),
      TEST_MS,
    );
  } else test.skip(`NOT RUN on ${name}: ${missing}`, () => undefined);
}

function onBroker(row: BrokerRow): void {
  let room: Room;
  let broker: RunningBroker;
  let revoked: Identity;
  beforeAll(async () => {
    room = openRoom();
    mkdirSync(room.at("broker"));
    revoked = room.pki.issue({ cn: "gw-1", kind: "client" });
    broker = room.keep(await row.start({ folder: room.at("broker"), pki: room.pki, revoked: room.pki.revoke([revoked]) }));
  }, TEST_MS);
  afterAll(() => room.stop(), TEST_MS);

  const speak = (cn: string, how: IClientOptions = {}): Speaker => room.keep(speaker({ port: broker.port, room, cn, how }));
  const operations = (topic: string) => {
    const identity = room.pki.issue({ cn: "ops", kind: "client" });
    return subscribeRaw({ port: broker.port, pki: room.pki, identity, topic });
  };

  test(`a gateway writes its own up and nothing else; elsewhere 0x87, then ${told(row.afterRefusedPublish)} (R19)`, IN_ORDER, async () => {
    const ops = await operations("bedside/v1/#");
    for (const foreign of ["bedside/v1/gw-2/up/reports", "bedside/v1/gw-1/down/desired/settings", "elsewhere"]) {
      const gateway = speak("gw-1");
      expect(await gateway.answer("connack")).toBe(0x00);
      expect(await gateway.publish("bedside/v1/gw-1/up/reports", "own")).toBe(0x00);
      expect([foreign, await gateway.publish(foreign, "forged")]).toEqual([foreign, 0x87]);
      if (row.afterRefusedPublish === undefined) expect(await gateway.publish("bedside/v1/gw-1/up/reports", "own")).toBe(0x00);
      else expect(await gateway.answer("disconnect")).toBe(row.afterRefusedPublish);
      await gateway.stop();
    }
    await ops.publish("bedside/v1/gw-1/down/command", "last");
    await ops.heard(({ payload }) => payload.toString() === "last");
    expect(new Set(ops.messages.map(({ payload }) => payload.toString()))).toEqual(new Set(["own", "last"]));
    await ops.stop();
  });

  test(
    `a gateway reads its own birth and down, and nothing of another, which SUBACK ${told(row.foreignSubscription)} says (R19)`,
    IN_ORDER,
    async () => {
      const ops = await operations("bedside/v1/nowhere");
      const gateway = speak("gw-1");
      expect(await gateway.answer("connack")).toBe(0x00);
      for (const own of ["bedside/v1/gw-1/up/birth", "bedside/v1/gw-1/down/#"]) expect(await gateway.subscribe(own)).toBe(0x01);
      for (const foreign of ["bedside/v1/gw-2/up/birth", "bedside/v1/gw-2/down/#", "bedside/v1/+/down/#", "#"])
        expect([foreign, await gateway.subscribe(foreign)]).toEqual([foreign, row.foreignSubscription]);
      await ops.publish("bedside/v1/gw-2/up/birth", "foreign");
      await ops.publish("bedside/v1/gw-2/down/command", "foreign");
      await gateway.publish("bedside/v1/gw-1/up/birth", "own birth");
      await ops.publish("bedside/v1/gw-1/down/command", "own down");
      await room.until("the own ones came", () => gateway.heard().includes("own down"));
      expect([...new Set(gateway.heard())]).toEqual(["own birth", "own down"]);
      await Promise.all([gateway.stop(), ops.stop()]);
    },
  );

  test(`another's client id costs that other nothing (CONNACK ${told(row.foreignClientId)}) (R19)`, IN_ORDER, async () => {
    const victim = speak("gw-1");
    expect(await victim.answer("connack")).toBe(0x00);
    const thief = speak("gw-2", { clientId: "gw-1" });
    expect(await thief.answer("connack")).toBe(row.foreignClientId);
    expect(await victim.publish("bedside/v1/gw-1/up/reports", "still here")).toBeLessThan(0x80);
    await Promise.all([thief.stop(), victim.stop()]);
  });

  test(`a certificate that was revoked is refused, another of the same name is not (${told(row.revoked)}) (R19)`, IN_ORDER, async () => {
    const stolen = speak("gw-1", revoked);
    expect(await stolen.greeted).toBe(row.revoked ?? "closed");
    const good = speak("gw-1");
    expect(await good.answer("connack")).toBe(0x00);
    await good.stop();
  });

  test(`a second session with one certificate ends the first (${told(row.takeOver)})`, IN_ORDER, async () => {
    const older = speak("gw-1");
    expect(await older.answer("connack")).toBe(0x00);
    const newer = speak("gw-1");
    expect(await newer.answer("connack")).toBe(0x00);
    await older.closed;
    expect(older.answers("disconnect")).toEqual(row.takeOver === undefined ? [] : [row.takeOver]);
    await newer.stop();
  });

  test(`a will on another's topic is not sent (CONNACK ${told(row.foreignWill)})`, IN_ORDER, async () => {
    const ops = await operations("bedside/v1/#");
    const will = (topic: string): IClientOptions => ({ will: { topic, payload: Buffer.from("dead"), qos: 1, retain: false } });
    const forger = speak("gw-1", will("bedside/v1/gw-2/up/birth"));
    expect(await forger.answer("connack")).toBe(row.foreignWill);
    forger.cut();
    const honest = speak("gw-3", will("bedside/v1/gw-3/up/birth"));
    expect(await honest.answer("connack")).toBe(0x00);
    honest.cut();
    await ops.heard(({ topic }) => topic === "bedside/v1/gw-3/up/birth");
    expect(ops.messages.filter(({ topic }) => topic.startsWith("bedside/v1/gw-2"))).toEqual([]);
    await ops.stop();
  });

  test(
    `it allows ${row.receiveMaximum} unanswered, tells 0x10 where nobody subscribed, and a burst ends with ${told(row.burst)} (R39)`,
    IN_ORDER,
    async () => {
      const gateway = speak("gw-4");
      expect(await gateway.answer("connack")).toBe(0x00);
      expect(gateway.receiveMaximum()).toBe(row.receiveMaximum);
      expect(await gateway.publish("bedside/v1/gw-4/up/reports", "to nobody")).toBe(0x10);
      const burst = Array.from({ length: BURST }, () => gateway.publish("bedside/v1/gw-4/up/reports", "x"));
      if (row.burst === undefined) expect(new Set(await Promise.all(burst))).toEqual(new Set([0x10]));
      else expect(await gateway.answer("disconnect")).toBe(row.burst);
      await gateway.stop();
    },
  );

  test("readings of two devices arrive value by value through a broker and an agent that are killed, and a take-over (R35)", IN_ORDER, () =>
    wholeStory({ room, broker, row }),
  );
}

const told = (code: number | undefined): string => (code === undefined ? "no word" : `0x${code.toString(16).padStart(2, "0")}`);

// ── The packaged agent ──────────────────────────────────────────────────────────────────────────────────────────────

type Stage = { readonly room: Room; readonly broker: RunningBroker; readonly row: BrokerRow };

async function wholeStory(stage: Stage): Promise<void> {
  const { room, broker, row } = stage;
  const central = await room.openCentral(broker.port);
  const { oximeter, ventilator } = await twoBeds(stage);
  const leavings: Leaving[] = [];
  let agent = room.start();
  const away = async (how: (one: Agent) => Promise<unknown>): Promise<void> => {
    leavings.push(await leave(room, () => how(agent)));
  };
  await freshReadings({ room, central });
  await expectRetained(stage);

  // The broker is killed. What it acknowledged and nobody had read would be lost with it, so nothing is under way just then.
  agent.signal("SIGSTOP");
  await nothingMore(room, central);
  await killBehindRetained(stage);
  agent.signal("SIGCONT");
  await room.statusWhere("readings wait", ({ uplink, ledger }) => uplink.phase === "offline" && ledger.report.waiting >= 6);
  await away((one) => one.kill());
  agent = room.start();
  await room.statusWhere("they still wait", ({ ledger }) => ledger.report.adopted >= 6 && ledger.report.made >= 6);
  await broker.restart();
  await expectKept(stage);
  const back = await room.statusWhere("it is back", ({ uplink }) => uplink.phase === "online");
  const caughtUp = await room.statusWhere("the backlog is delivered", ({ ledger }) =>
    Object.values(ledger).every(({ waiting }) => waiting <= 2),
  );
  expect(caughtUp.uplink.connection, "never more unanswered than the broker allows, which would have ended the connection").toBe(
    back.uplink.connection,
  );
  await freshReadings({ room, central });

  // The agent is killed: the broker tells it by the will.
  await away((one) => one.kill());
  await room.until("the will came", () => {
    const presence = central.presence();
    return presence?.state.kind === "death" && presence.state.death.cause === DEATH_CAUSE.lost;
  });
  agent = room.start();
  await freshReadings({ room, central });

  // Another client with this gateway's certificate.
  const twin = speaker({ port: broker.port, room, cn: room.gateway, how: {} });
  await room.statusWhere(`${row.thrownOut} is told`, hasFault(row.thrownOut));
  await twin.stop();
  await away((one) => one.terminate());
  agent = room.start();
  await freshReadings({ room, central });
  expect((await room.status())!.unexplained).toBe(0);
  expect((await agent.terminate()).code).toBe(0);

  const ended = eventsOf(central, "runEnded");
  expect(ended.map(({ event }) => event.runEnded.how)).toEqual([RUN_END.killed, RUN_END.killed, RUN_END.clean]);
  for (const { event } of ended) expectAllUpTo(central, event.runEnded.run, event.runEnded.last);
  expectMade(central, leavings);
  expectValues({ central, oximeter, ventilator, leavings });
  expect(holes(central)).toEqual([]);
  expect(central.broken).toEqual([]);
  expect(eventsOf(central, "gap")).toEqual([]);
}

const WITHOUT_REPORTS = ["birth", "health", "reported/#", "events", "alerts", "waves"];

async function oneLeafRefused(t: TestContext, row: BrokerRow): Promise<void> {
  const room = roomFor(t);
  mkdirSync(room.at("broker"));
  const rules = [
    ...WITHOUT_REPORTS.map((leaf) => `write bedside/v1/%u/up/${leaf}`),
    "read bedside/v1/%u/up/birth",
    "read bedside/v1/%u/down/#",
  ];
  const gatewayAcl = rules.map((rule) => `pattern ${rule}\n`).join("");
  const broker = room.keep(await row.start({ folder: room.at("broker"), pki: room.pki, gatewayAcl }));
  const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 23, link: room.at("port") }));
  room.configure({ port: broker.port, beds: [{ path: device.path, location: "b", device: "dv-1", driver: "nonin" }] });
  room.start();
  await room.statusWhere("the refusal is told", hasFault("uplink.publish_refused"));
  const { ledger, faults, unexplained } = await room.statusWhere(
    "waves and events go on",
    (status) => status.uplink.phase === "online" && status.ledger.wave.delivered >= 10 && status.ledger.wave.waiting <= 2,
  );
  expect(ledger.report).toMatchObject({ delivered: 0, dropped: 0 });
  expect(ledger.report.waiting).toBeGreaterThanOrEqual(8);
  expect(ledger.event.delivered).toBeGreaterThanOrEqual(2);
  expect(faults.map(({ scope, key }) => [scope, key])).toEqual([["lane report", "uplink.publish_refused"]]);
  expect(unexplained).toBe(0);
}

async function freshReadings({ room, central }: { readonly room: Room; readonly central: Central }): Promise<void> {
  const before = central.records.length;
  const fresh = (device: string): number =>
    reportsOf(central, device).filter((one) => one.body.observations.length > 0 && central.records.indexOf(one) >= before).length;
  await room.until("both devices are told", () => fresh("oximeter") >= 3 && fresh("ventilator") >= 1);
}

async function twoBeds({ room, broker }: Stage) {
  const oximeter = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 31, link: room.at("oximeter") }));
  const ventilator = room.keep(await startEmulatedDevice({ emulator: puritanBennett840Emulator, seed: 32, link: room.at("ventilator") }));
  room.configure({
    port: broker.port,
    beds: [
      { path: oximeter.path, location: "oximeter", device: "oximeter", driver: "nonin" },
      { path: ventilator.path, location: "ventilator", device: "ventilator", driver: "puritan-bennett-840" },
    ],
  });
  return { oximeter, ventilator };
}

/** The centre hears nothing more. */
async function nothingMore(room: Room, central: Central): Promise<void> {
  let heard = { count: -1, since: performance.now() };
  await room.until("the centre hears nothing more", () => {
    if (central.records.length !== heard.count) heard = { count: central.records.length, since: performance.now() };
    return performance.now() - heard.since >= QUIET_MS;
  });
}

const ASSERTED = "bedside/v1/gw-9/down/command";

/** Killed right behind the PUBACK of a retained message. */
async function killBehindRetained({ room, broker }: Stage): Promise<void> {
  const ops = await subscribeRaw({
    port: broker.port,
    pki: room.pki,
    identity: room.pki.issue({ cn: "ops", kind: "client" }),
    topic: ASSERTED,
  });
  await ops.publish(ASSERTED, "kept", { retain: true });
  await broker.kill();
  await ops.stop();
}

async function expectKept({ room, broker, row }: Stage): Promise<void> {
  const identity = room.pki.issue({ cn: "ops", kind: "client" });
  const ops = await subscribeRaw({ port: broker.port, pki: room.pki, identity, topic: ASSERTED });
  await ops.publish(ASSERTED, "now");
  await ops.heard(({ payload }) => payload.toString() === "now");
  expect(
    ops.messages.some(({ payload }) => payload.toString() === "kept"),
    "a retained message outlives the kill",
  ).toBe(row.keepsWhenKilled);
  await ops.stop();
}

/** Birth and health stand there for whoever comes later. */
async function expectRetained({ room, broker }: Stage): Promise<void> {
  const identity = room.pki.issue({ cn: "ops", kind: "client" });
  const late = await subscribeRaw({ port: broker.port, pki: room.pki, identity, topic: `bedside/v1/${room.gateway}/up/+` });
  const stood = async (leaf: string) => late.heard(({ topic, retain }) => retain && topic.endsWith(`/up/${leaf}`));
  expect(decodePresence((await stood("birth")).payload)?.state.kind).toBe("birth");
  expect(decodeHealth((await stood("health")).payload)).toBeDefined();
  await late.stop();
}

/** In order, what left whole, and of what the line refused in part while no agent read it that which was told all the same. */
const sentBy = ({ ledger, missed }: EmulatedDevice, isTold: (entry: LedgerEntry) => boolean): readonly LedgerEntry[] =>
  [...ledger, ...missed.filter(isTold)].sort((a, b) => Number(a.firstByteAt - b.firstByteAt));

/** Of each device everything that it sent, but for what came while no agent was there. */
function expectValues(all: {
  readonly central: Central;
  readonly oximeter: EmulatedDevice;
  readonly ventilator: EmulatedDevice;
  readonly leavings: readonly Leaving[];
}): void {
  const { central, oximeter, ventilator, leavings } = all;
  const isTold = (time: string | undefined): boolean => reportsOf(central, "oximeter").some((report) => report.deviceTime === time);
  const ledger = sentBy(oximeter, ({ unit }) => isTold(unit.deviceTime));
  const excused = excusedBy(leavings, ledger, isTold);
  expect(expectEveryUnit(central, { device: "oximeter", ledger, excused })).toBeGreaterThanOrEqual(20);

  // The ventilator answers when it is asked. Every answer that is told was given, in this order, with what the emulator says of
  // it; of an old software's answer, which a late one can make the agent ask for, that is not every field.
  const answers = [...reportsOf(central, "ventilator")]
    .filter(({ body }) => body.observations.length > 0)
    .sort((a, b) => Number(a.at - b.at));
  expect(answers.length).toBeGreaterThanOrEqual(4);
  const sent = sentBy(ventilator, () => true);
  let from = 0;
  for (const { body } of answers) {
    const values = Object.fromEntries(body.observations.map(({ metric, value }) => [`pb840.${metric.name}`, value]));
    const at = sent.findIndex(
      ({ unit }, n) => n >= from && Object.entries(unit.observations).every(([key, value]) => values[key] === value),
    );
    expect(at, `nothing that the ventilator sent from ${from} on says ${JSON.stringify(values)}`).toBeGreaterThanOrEqual(0);
    from = at + 1;
  }
}
