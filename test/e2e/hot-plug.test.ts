import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { IDENTITY, MODE, VERDICT } from "../../proto/messages.ts";
import { type Agent, agentCommand, openRoom, type Room } from "../support/agent.ts";
import type { Central } from "../support/central.ts";
import { type EmulatedDevice, startEmulatedDevice } from "../support/emulated-device.ts";
import { type Adapter, type FakeHost, openFakeHost, type Plugged } from "../support/fake-sysfs.ts";
import { endsOf, eventsOf, expectEveryUnit, reportsOf } from "./told.ts";

/** One packaged agent on a host whose sockets are played: adapters come, go, change places and claim to be one another. */

const TEST_MS = 60_000;
/** A device that is told sent so many; three a second. */
const PACKETS = 2;
const at = (sockets: string, number = 0): string => `usb-0000:00:14.0-${sockets}:1.${number}`;

let room: Room;
let agent: Agent;
let central: Central;
let host: FakeHost;
let secondClaimant: Plugged;
const devices = new Map<string, EmulatedDevice>();

/** Rules by place, and rules by what the adapter says of itself. */
const BY_PLACE: Readonly<Record<string, string>> = {
  replugged: at("1.1"),
  swapped_a: at("1.2"),
  swapped_b: at("1.3"),
  carried: at("2.1"),
  restless: at("2.3"),
  quad_0: at("3", 0),
  quad_1: at("3", 1),
  quad_2: at("3", 2),
  quad_3: at("3", 3),
};
const BY_SERIAL: Readonly<Record<string, string>> = { rolling: "ROLLING", original: "0001", uncertain: "0002" };

const configuration = (port: number): string => `gateway: ${room.gateway}
broker: { host: localhost, port: ${port}, ca: ${room.at("ca.crt")}, cert: ${room.at("gw.crt")}, key: ${room.at("gw.key")} }
${room.admit(
  [
    ...Object.entries(BY_PLACE).map(([device, location]) => ({ device, when: { location } })),
    ...Object.entries(BY_SERIAL).map(([device, serial]) => ({ device, when: { vendor: "0403", serial } })),
  ].map((one) => ({ ...one, driver: "nonin" })),
)}`;

async function makeDevice(name: string): Promise<EmulatedDevice> {
  const link = room.at(`lines/${name}`);
  const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: devices.size + 1, link }));
  devices.set(name, device);
  return device;
}
const plug = (name: string, sockets: string, more: Partial<Adapter> = {}): Plugged =>
  host.plug({ at: `1-${sockets}`, lines: [room.at(`lines/${name}`)], ...more });
/** As it happens: the node and its folders go, then the line hangs up. */
const pull = async (name: string, plugged: Plugged, held?: "held"): Promise<void> => {
  host.unplug(plugged, held);
  await devices.get(name)!.unplug();
};

/** Most frames tell no packet, and neither do the reports of those. */
const packetsOf = (device: string) => reportsOf(central, device).filter(({ body }) => body.observations.length > 0);
const epochsOf = (device: string): readonly number[] => eventsOf(central, "epochBegan", device).map(({ record }) => record.epoch);
const began = (device: string, times: number): Promise<void> =>
  room.until(`epoch ${times} of ${device} has values`, () => {
    const epoch = epochsOf(device)[times - 1];
    return epoch !== undefined && packetsOf(device).filter((report) => report.epoch === epoch).length >= PACKETS;
  });
const portAt = async (location: string) => (await room.status())?.ports.find((port) => port.location === location);
const portWhere = (location: string, verdict: string): Promise<void> =>
  room.until(`${location} is ${verdict}`, async () => (await portAt(location))?.verdict.is === verdict);
const held = (name: string): boolean => devices.get(name)!.holders().includes(agent.pid);
/** What was told under this device's name is what this device said, and nothing else. */
const expectOwnValues = (name: string, device = name): number =>
  expectEveryUnit(central, { device, ledger: devices.get(name)!.ledger, excused: () => true });

beforeAll(async () => {
  room = openRoom();
  mkdirSync(room.at("lines"));
  host = openFakeHost(room.at("host"));
  const broker = await room.startBroker();
  central = await room.openCentral(broker.port);
  writeFileSync(room.configFile, configuration(broker.port));
  for (const name of ["first_claimant", "second_claimant"]) await makeDevice(name);
  plug("first_claimant", "4.1", { serial: "0002" });
  secondClaimant = plug("second_claimant", "4.2", { serial: "0002" });
  agent = room.start({ program: [...agentCommand(), "--sys-root", host.sysRoot, "--dev-root", host.devRoot] });
  await room.until("the agent answers", async () => (await room.status()) !== undefined);
}, TEST_MS);
afterAll(() => room.stop(), TEST_MS);

describe.concurrent("what is plugged in", () => {
  test(
    "without a rule is seen and told, and nobody opens it (R13)",
    async () => {
      const device = await makeDevice("unknown");
      plug("unknown", "5", { serial: "A9", manufacturer: "FTDI" });
      await portWhere(at("5"), "block");
      expect(await portAt(at("5"))).toMatchObject({
        path: `${host.devRoot}/ttyUSB${/\d+$/.exec((await portAt(at("5")))!.path)}`,
        hardware: true,
        facts: { serial: "A9", manufacturer: "FTDI" },
        verdict: { is: "block", reasons: [`no rule for location ${at("5")}`] },
      });
      const about = () => eventsOf(central, "admission").filter(({ event }) => event.admission.location === at("5"));
      await room.until("the centre knows", () => about().length > 0);
      expect(about()[0]!.event.admission).toMatchObject({ verdict: VERDICT.block, facts: { serial: "A9" } });
      await room.until("the device spoke in vain", () => device.bytesSent() + device.bytesLost() > 1000);
      expect(device.holders()).toEqual([]);
    },
    TEST_MS,
  );

  test(
    "is opened where a rule names its socket; pulled and plugged in again under another tty number it is the same device in the next epoch (R13)",
    async () => {
      await makeDevice("replugged");
      const first = plug("replugged", "1.1");
      await began("replugged", 1);
      expect(reportsOf(central, "replugged")[0]!.device).toMatchObject({ mode: MODE.real, identity: IDENTITY.socket });
      await pull("replugged", first, "held");
      await room.until("its epoch ended", () => endsOf(central, "replugged").length === 1);
      expect(endsOf(central, "replugged")).toEqual(["unplugged"]);
      const missing = await room.statusWhere("it is missed", ({ devices: all }) =>
        all.some(({ device, phase }) => device === "replugged" && phase === "unplugged"),
      );
      expect(missing.faults.find(({ scope }) => scope === `port ${at("1.1")}`)).toMatchObject({ key: "port.gone", number: "BED-206" });
      await devices.get("replugged")!.plug();
      const second = plug("replugged", "1.1");
      expect(second.ttys).not.toEqual(first.ttys);
      await began("replugged", 2);
      expect((await portAt(at("1.1")))!.path).toBe(`${host.devRoot}/${second.ttys[0]}`);
      expect(epochsOf("replugged")[1]).toBeGreaterThan(epochsOf("replugged")[0]!);
      expect((await room.status())!.faults.filter(({ scope }) => scope === `port ${at("1.1")}`)).toEqual([]);
      expectOwnValues("replugged");
    },
    TEST_MS,
  );

  test(
    "keeps its identity by its socket when two adapters exchange their tty numbers (R13)",
    async () => {
      await makeDevice("swapped_a");
      await makeDevice("swapped_b");
      const a = plug("swapped_a", "1.2", { serial: "0001-swap" });
      const b = plug("swapped_b", "1.3", { serial: "0001-swap" });
      await Promise.all([began("swapped_a", 1), began("swapped_b", 1)]);
      // The host takes both away and finds them in the other order; the lines themselves stay, and so do their old nodes' targets.
      const [newB, newA] = host.renumber([b, a]);
      expect([newA!.ttys[0], newB!.ttys[0]]).not.toEqual([a.ttys[0], b.ttys[0]]);
      await Promise.all([began("swapped_a", 2), began("swapped_b", 2)]);
      expect(expectOwnValues("swapped_a")).toBeGreaterThanOrEqual(2 * PACKETS);
      expect(expectOwnValues("swapped_b")).toBeGreaterThanOrEqual(2 * PACKETS);
      expect([endsOf(central, "swapped_a"), endsOf(central, "swapped_b")]).toEqual([["unplugged"], ["unplugged"]]);
    },
    TEST_MS,
  );

  test(
    "with four ports under one serial number is four devices, each by its own interface (R13)",
    async () => {
      const names = ["quad_0", "quad_1", "quad_2", "quad_3"];
      for (const name of names) await makeDevice(name);
      host.plug({ at: "1-3", product: "6011", serial: "FT4232", lines: names.map((name) => room.at(`lines/${name}`)) });
      await Promise.all(names.map((name) => began(name, 1)));
      for (const name of names) expectOwnValues(name);
    },
    TEST_MS,
  );

  test(
    "in another socket than its rule names is not used there (R13)",
    async () => {
      await makeDevice("carried");
      const first = plug("carried", "2.1", { serial: "CARRIED" });
      await began("carried", 1);
      await pull("carried", first);
      await devices.get("carried")!.plug();
      plug("carried", "2.2", { serial: "CARRIED" });
      await portWhere(at("2.2"), "block");
      await room.until("its epoch ended", () => endsOf(central, "carried").length === 1);
      expect(await portAt(at("2.1"))).toBeUndefined();
      expect(held("carried")).toBe(false);
      expect(epochsOf("carried")).toHaveLength(1);
    },
    TEST_MS,
  );

  test(
    "is the same device in another socket, in its next epoch, where a rule knows its adapter by serial number (R13)",
    async () => {
      await makeDevice("rolling");
      const first = plug("rolling", "2.5", { serial: "ROLLING" });
      await began("rolling", 1);
      expect(reportsOf(central, "rolling")[0]!.device.identity).toBe(IDENTITY.adapter);
      await pull("rolling", first);
      await devices.get("rolling")!.plug();
      plug("rolling", "2.6", { serial: "ROLLING" });
      await began("rolling", 2);
      expect(eventsOf(central, "epochBegan", "rolling").map(({ event }) => event.epochBegan.location)).toEqual([at("2.5"), at("2.6")]);
      expectOwnValues("rolling");
      const { devices: all, faults } = (await room.status())!;
      expect(
        all.filter(({ device }) => device === "rolling").map(({ location }) => location),
        "nothing is missed at its old place",
      ).toEqual([at("2.6")]);
      expect(faults.filter(({ scope }) => scope === `port ${at("2.5")}`)).toEqual([]);
    },
    TEST_MS,
  );

  test(
    "anew between two looks, with nothing else changed, is another attachment: the next epoch (R13)",
    async () => {
      await makeDevice("restless");
      const first = plug("restless", "2.3", { number: 70 });
      await began("restless", 1);
      const [second] = host.renumber([first]);
      expect(second!.devnum).toBeGreaterThan(first.devnum);
      expect(second!.ttys).toEqual(first.ttys);
      await began("restless", 2);
      expect(endsOf(central, "restless")).toEqual(["unplugged"]);
    },
    TEST_MS,
  );

  test(
    "and claims to be a device that is published is blocked; that one goes on without a break and says that it is contested (R13)",
    async () => {
      await makeDevice("original");
      await makeDevice("copy");
      plug("original", "6.1", { serial: "0001" });
      await began("original", 1);
      const copy = plug("copy", "6.2", { serial: "0001" });
      await portWhere(at("6.2"), "block");
      expect((await portAt(at("6.2")))!.verdict).toMatchObject({ reasons: [`duplicate-of original at ${at("6.1")}`], claims: "original" });
      const contested = (): boolean => reportsOf(central, "original").at(-1)!.device.contested === true;
      await room.until("its reports say so", contested);
      const { faults, devices: known } = (await room.status())!;
      expect(faults.find(({ scope }) => scope === "device original")).toMatchObject({ key: "identity.contested", number: "BED-301" });
      expect(known.find(({ device }) => device === "original")).toMatchObject({ contested: true, phase: "streaming" });
      expect(held("copy")).toBe(false);
      await room.until("it goes on", () => reportsOf(central, "original").filter(({ device }) => device.contested === true).length > 3);
      const birth = () => central.birth()?.devices.find(({ device }) => device?.device === "original");
      await room.until("the birth says so", () => birth()?.device?.contested === true);

      await pull("copy", copy);
      await room.until("it is contested no more", () => !contested());
      expect((await room.status())!.faults.filter(({ scope }) => scope === "device original")).toEqual([]);
      expect(epochsOf("original"), "one epoch all along").toHaveLength(1);
      const lost = expectEveryUnit(central, { device: "original", ledger: devices.get("original")!.ledger });
      expect(lost).toBeGreaterThan(3);
    },
    TEST_MS,
  );

  test(
    "twice with one serial number before the start is used by neither, until one of them is gone (R13)",
    async () => {
      await portWhere(at("4.1"), "block");
      expect((await portAt(at("4.2")))!.verdict).toMatchObject({ is: "block", claims: "uncertain" });
      expect((await room.status())!.faults.find(({ scope }) => scope === "device uncertain")).toMatchObject({ number: "BED-302" });
      expect([held("first_claimant"), held("second_claimant"), packetsOf("uncertain").length]).toEqual([false, false, 0]);
      await pull("second_claimant", secondClaimant);
      await began("uncertain", 1);
      expect(eventsOf(central, "epochBegan", "uncertain")[0]!.event.epochBegan.location).toBe(at("4.1"));
      expect((await room.status())!.faults.filter(({ scope }) => scope === "device uncertain")).toEqual([]);
    },
    TEST_MS,
  );
});
