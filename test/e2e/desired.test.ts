import { mkdirSync } from "node:fs";
import { expect, type TestContext, test } from "vitest";
import type { Envelope } from "../../config/envelope/envelope.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { decodeReported, encodeSignedDocument } from "../../proto/codec.ts";
import { DOCUMENT_STATUS, type Reported } from "../../proto/messages.ts";
import { trustLine } from "../support/admissions.ts";
import type { Room } from "../support/agent.ts";
import { type EmulatedDevice, startEmulatedDevice } from "../support/emulated-device.ts";
import { type RawSubscriber, startMosquitto, subscribeRaw } from "../support/mosquitto.ts";
import { envelopeOf, makeSigner, type Signer, signEnvelope } from "../support/signing.ts";
import { roomFor } from "./room.ts";
import { endsOf, eventsOf, expectEveryUnit, holes, reportsOf } from "./told.ts";

const TEST_MS = 90_000;
/** An admission that is revoked closes its port within this. */
const REVOKED_WITHIN_MS = 2000;

type Kind = Envelope["kind"];
type Office = {
  readonly operations: Signer;
  readonly biomedical: Signer;
  /** Lines for the gateway's file. */
  readonly trust: string;
  /** Signed by who may, unless another is named; retained. */
  readonly push: (envelope: Partial<Envelope>, signer?: Signer) => Promise<void>;
  readonly pushBytes: (kind: Kind, bytes: Uint8Array) => Promise<void>;
  readonly reported: (kind: Kind) => Reported | undefined;
  readonly until: (kind: Kind, what: string, holds: (reported: Reported) => boolean) => Promise<Reported>;
};

async function openOffice(room: Room, port: number): Promise<Office> {
  const { gateway, pki } = room;
  const operations = makeSigner("ops-1", "operations");
  const biomedical = makeSigner("bio-1", "biomedical");
  const topic = `bedside/v1/${gateway}`;
  const line: RawSubscriber = room.keep(
    await subscribeRaw({ port, pki, identity: pki.issue({ cn: "ops", kind: "client" }), topic: `${topic}/up/reported/+` }),
  );
  const pushBytes = (kind: Kind, bytes: Uint8Array) => line.publish(`${topic}/down/desired/${kind}`, bytes, { retain: true });
  const reported = (kind: Kind): Reported | undefined => {
    const message = line.messages.findLast((one) => one.topic.endsWith(`/${kind}`));
    return message === undefined ? undefined : decodeReported(message.payload);
  };
  return {
    operations,
    biomedical,
    trust: `trust:\n${[operations, biomedical].map(trustLine).join("\n")}`,
    pushBytes,
    push: (envelope, signer) => {
      const whole = envelopeOf({ audience: [gateway], ...envelope });
      const who = signer ?? (whole.kind === "settings" ? operations : biomedical);
      return pushBytes(whole.kind, encodeSignedDocument(signEnvelope(whole, who)));
    },
    reported,
    until: async (kind, what, holds) => {
      await room.until(what, () => {
        const now = reported(kind);
        return now !== undefined && holds(now);
      });
      return reported(kind)!;
    },
  };
}

const admit = (location: string, device: string) => ({
  when: { location },
  allow: true,
  device,
  driver: "nonin",
  socket: `ICU-1/${location}`,
});
const applied = (generation: number) => (reported: Reported) =>
  reported.generation === generation && reported.status === DOCUMENT_STATUS.applied;

/** Two oximeters on declared ports, an agent whose file admits neither, and an office that may sign. */
async function trustingRoom(t: TestContext) {
  const room = roomFor(t);
  const broker = await room.startBroker();
  const central = await room.openCentral(broker.port);
  const office = await openOffice(room, broker.port);
  const plug = async (location: string, seed: number): Promise<EmulatedDevice> =>
    room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed, link: room.at(location) }));
  const devices = { a: await plug("a", 1), b: await plug("b", 2) };
  const unlisted = Object.entries(devices).map(([location, { path }]) => ({ path, location }));
  const configure = (port = broker.port) => room.configure({ port, unlisted, more: office.trust });
  configure();
  return { room, broker, central, office, devices, configure };
}

test.concurrent(
  "an admission opens its port, another one later does not cost the first a byte, and a revoked one is shut within two seconds (R27)",
  async (t) => {
    const { room, central, office, devices } = await trustingRoom(t);
    room.start();
    await office.until("admissions", "nothing runs yet", ({ status }) => status === DOCUMENT_STATUS.none);
    await room.statusWhere("both are blocked", ({ ports }) => ports.filter(({ verdict }) => verdict.is === "block").length >= 2);
    expect(devices.a.holders()).toEqual([]);

    await office.push({ kind: "admissions", generation: 1, body: { rules: [admit("a", "dv-a")] } });
    await office.until("admissions", "the first runs", applied(1));
    await room.until("a is read", () => reportsOf(central, "dv-a").length >= 3);
    expect(devices.b.holders()).toEqual([]);

    await office.push({ kind: "admissions", generation: 2, body: { rules: [admit("b", "dv-b"), admit("a", "dv-a")] } });
    await room.until("b is read", () => reportsOf(central, "dv-b").length >= 3);

    await office.push({ kind: "admissions", generation: 3, body: { rules: [admit("a", "dv-a")] } });
    const pushed = performance.now();
    await room.until("b is shut", () => devices.b.holders().length === 0, REVOKED_WITHIN_MS);
    expect(performance.now() - pushed).toBeLessThan(REVOKED_WITHIN_MS);
    const before = reportsOf(central, "dv-a").length;
    await room.until("a goes on", () => reportsOf(central, "dv-a").length >= before + 3);

    expect(endsOf(central, "dv-b")).toHaveLength(1);
    expect(eventsOf(central, "epochBegan", "dv-a"), "a was never opened anew").toHaveLength(1);
    expectEveryUnit(central, { device: "dv-a", ledger: devices.a.ledger });
    const status = await room.statusWhere("nothing is wrong", ({ unexplained }) => unexplained === 0);
    expect(status.devices.map(({ device, counts }) => [device, counts.discarded])).toEqual([["dv-a", expect.any(Number)]]);
  },
  TEST_MS,
);

test.concurrent(
  "what may not run is refused with its own number, told to the centre, and leaves what runs alone (R22, R23, R24, R26)",
  async (t) => {
    const { room, office } = await trustingRoom(t);
    room.start();
    const body = { rules: [admit("a", "dv-a")] };
    await office.push({ kind: "admissions", generation: 5, body });
    await office.until("admissions", "it runs", applied(5));
    const refusedAs = async (key: string, push: () => Promise<void>): Promise<void> => {
      await push();
      const reported = await office.until("admissions", key, ({ refusals }) => refusals[0]?.key === key);
      expect([reported.generation, reported.status], key).toEqual([5, DOCUMENT_STATUS.applied]);
    };
    const next = (changed: Partial<Envelope>, signer?: Signer) => () =>
      office.push({ kind: "admissions", generation: 6, body, ...changed }, signer);
    await refusedAs("document.key_unknown", next({}, makeSigner("stranger", "biomedical")));
    await refusedAs("document.wrong_role", next({}, office.operations));
    await refusedAs("document.signature", next({}, { ...makeSigner("bio-1", "biomedical") }));
    await refusedAs("document.wrong_gateway", next({ audience: ["gw-2"] }));
    await refusedAs("document.older", next({ generation: 4 }));
    await refusedAs("document.generation_twice", next({ generation: 5, reason: "other words" }));
    await refusedAs("document.invalid", next({ generation: 7, body: { rules: [{ ...admit("a", "dv-a"), driver: "nonim" }] } }));
    await refusedAs("document.refused_before", next({ generation: 7, body: { rules: [{ ...admit("a", "dv-a"), driver: "nonim" }] } }));
    await refusedAs("document.unreadable", () => office.pushBytes("admissions", Buffer.from("rubbish")));
    const { faults } = await room.statusWhere("it stands", (status) => status.faults.some(({ scope }) => scope === "document admissions"));
    expect(faults.filter(({ scope }) => scope === "document admissions")).toHaveLength(1);
    await office.push({ kind: "admissions", generation: 8, body });
    await office.until("admissions", "a higher one is taken", applied(8));
    await room.statusWhere("and the fault is over", (status) => !status.faults.some(({ scope }) => scope === "document admissions"));
  },
  TEST_MS,
);

test.concurrent(
  "of a thousand pushes the newest wins, and the log stays small",
  async (t) => {
    const { room, office } = await trustingRoom(t);
    const agent = room.start();
    await office.until("settings", "it is on line", () => true);
    const PUSHES = 1000;
    const generations = Array.from({ length: PUSHES }, (_, at) => at + 1);
    await Promise.all(generations.map((generation) => office.push({ generation, body: { description: `generation ${generation}` } })));
    await office.until("settings", "the last runs", applied(PUSHES));
    expect(
      agent
        .log()
        .split("\n")
        .filter((line) => line.includes("document")).length,
    ).toBeLessThan(PUSHES / 4);
  },
  TEST_MS,
);

test.concurrent(
  "what runs outlives a kill, without the broker",
  async (t) => {
    const { room, broker, central, office, configure } = await trustingRoom(t);
    const agent = room.start();
    await office.push({ kind: "admissions", generation: 3, body: { rules: [admit("a", "dv-a")] } });
    await office.push({ generation: 2, body: { pace: "50ms", window: "300ms" } });
    await office.until("admissions", "admissions run", applied(3));
    await office.until("settings", "settings run", applied(2));
    await agent.kill();
    await broker.stop();
    configure();
    room.start();
    const status = await room.statusWhere("a is read", ({ devices }) => devices.some(({ phase }) => phase === "streaming"));
    expect([status.spool.windowMs, status.uplink.phase === "online"]).toEqual([300, false]);
    expect(holes(central)).toEqual([]);
  },
  TEST_MS,
);

const GATEWAY_ACL = [
  ...["birth", "health", "reported/#", "events", "alerts", "waves", "reports"].map((leaf) => `write bedside/v1/%u/up/${leaf}`),
  "read bedside/v1/%u/up/birth",
];

test.concurrent(
  "settings that name another broker are tried beside the old one first, and kept where the way there and back was walked (R25)",
  async (t) => {
    const { room, office } = await trustingRoom(t);
    const other = await room.startBroker(undefined, "other");
    const otherOffice = await openOffice(room, other.port);
    const third = await room.startBroker(undefined, "third");
    const thirdOffice = await openOffice(room, third.port);
    let agent = room.start();
    await office.until("settings", "it is on line", () => true);
    const pushTo = async (offices: readonly Office[], generation: number, port: number): Promise<void> => {
      const body = { broker: { host: "localhost", port } };
      const whole = envelopeOf({ audience: [room.gateway], generation, body });
      for (const one of offices) await one.pushBytes("settings", encodeSignedDocument(signEnvelope(whole, office.operations)));
    };
    await pushTo([otherOffice, office], 1, other.port);
    await otherOffice.until("settings", "it is kept there", applied(1));

    // The third one passes the test and is gone when the gateway has left for it, which is killed while it tries.
    await pushTo([thirdOffice, otherOffice], 2, third.port);
    await room.statusWhere("it has left", ({ uplink }) => uplink.phase === "offline");
    await third.stop();
    await room.statusWhere("it tries", ({ uplink }) => uplink.phase === "offline" && uplink.because === "uplink.unreachable");
    await agent.kill();
    agent = room.start();
    const reported = await otherOffice.until("settings", "it is reverted", ({ status }) => status === DOCUMENT_STATUS.reverted);
    expect(reported.generation).toBe(1);
    expect(reported.refusals[0]).toMatchObject({ key: "document.reverted", generation: 2 });
    await agent.terminate();
  },
  TEST_MS,
);

test.concurrent(
  "a broker that cannot be reached, or grants the way down and hands out nothing, is never gone to: the old session goes on (R25)",
  async (t) => {
    const { room, office } = await trustingRoom(t);
    mkdirSync(room.at("mute"));
    const mute = room.keep(
      await startMosquitto({ folder: room.at("mute"), pki: room.pki, gatewayAcl: GATEWAY_ACL.map((rule) => `pattern ${rule}\n`).join("") }),
    );
    const muteOffice = await openOffice(room, mute.port);
    room.start();
    await office.until("settings", "it is on line", () => true);
    const before = (await room.statusWhere("a first status", () => true)).uplink.connection;
    const refusedAs = async (generation: number, port: number): Promise<string> => {
      const whole = envelopeOf({ audience: [room.gateway], generation, body: { broker: { host: "localhost", port } } });
      const bytes = encodeSignedDocument(signEnvelope(whole, office.operations));
      await muteOffice.pushBytes("settings", bytes);
      await office.pushBytes("settings", bytes);
      const isIt = ({ refusals }: Reported): boolean => refusals[0]?.generation === generation;
      const { refusals, status } = await office.until("settings", `generation ${generation} is refused`, isIt);
      expect([refusals[0]?.key, status]).toEqual(["document.unreachable", DOCUMENT_STATUS.none]);
      return refusals[0]?.text ?? "";
    };
    expect(await refusedAs(1, 1)).toMatch(/localhost:1\b/);
    expect(await refusedAs(2, mute.port)).toMatch(/does not hold this document on .*\/down\/desired\/settings, or does not let it be read/);
    const { uplink } = await room.statusWhere("a last status", () => true);
    expect([uplink.phase, uplink.connection]).toEqual(["online", before]);
  },
  TEST_MS,
);

test.concurrent(
  "the same broker by another name is tried and taken, and nobody is alarmed that somebody else came with this gateway's name",
  async (t) => {
    const { room, broker, office } = await trustingRoom(t);
    const agent = room.start();
    await office.until("settings", "it is on line", () => true);
    await office.push({ generation: 1, body: { broker: { host: "127.0.0.1", port: broker.port } } });
    await office.until("settings", "it is kept", applied(1));
    const { faults, uplink } = await room.statusWhere("it is on line", (status) => status.uplink.phase === "online");
    expect([faults.filter(({ scope }) => scope === "uplink"), uplink.phase]).toEqual([[], "online"]);
    expect(agent.log()).not.toMatch(/BED-1\d\d/);
  },
  TEST_MS,
);
