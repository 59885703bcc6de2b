import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { DRIVERS, driverById } from "../../drivers/index.ts";
import { keyAt } from "../../drivers/kit/reading.ts";
import { devicesOf } from "../dev/devices.ts";
import type { Central, Received } from "../support/central.ts";
import { type EmulatedDevice, startEmulatedDevice } from "../support/emulated-device.ts";
import { roomFor } from "./room.ts";
import { holes } from "./told.ts";

/** The packaged agent at one device of every kind that it has a driver for, all at once. */

const TEST_MS = 150_000;
const WITHIN_MS = 60_000;
/** Reports with values, of each. */
const REPORTS = 4;
const WAVING = ["draeger-medibus", "ge-dri", "nonin", "nonin-7", "philips-intellivue", "puritan-bennett-840-waves"];

/** An emulated IntelliVue of another seed may refuse waves, as some do. */
const SEED = 85;

/** Set otherwise than it comes out of its box, and its rule says so. */
const OTHERWISE: Readonly<Record<string, { readonly line: string }>> = { "puritan-bennett-840": { line: "38400 8N1" } };
const wantedSpeed = (driver: string): string => OTHERWISE[driver]?.line.split(" ")[0] ?? String(driverById(driver)?.line.speed);
const speedOf = (path: string): string => execFileSync("stty", ["-F", path, "speed"]).toString().trim();

type Bed = { readonly driver: string; readonly device: EmulatedDevice };

test(
  "one device of each driver is read at once, and no value is told that its device did not send",
  async (t) => {
    const room = roomFor(t);
    const broker = await room.startBroker();
    const central = await room.openCentral(broker.port);
    const beds: Bed[] = [];
    for (const { id } of DRIVERS) {
      const { emulator } = devicesOf(id)[0]![1];
      const device = await startEmulatedDevice({ emulator, seed: SEED, link: room.at(id) });
      beds.push({ driver: id, device: room.keep(device) });
    }
    room.configure({
      port: broker.port,
      beds: beds.map(({ driver, device }) => ({ path: device.path, location: driver, device: driver, driver, ...OTHERWISE[driver] })),
    });
    const agent = room.start();
    for (const { driver } of beds) await room.until(`${driver} is told`, () => valuesOf(central, driver).length >= REPORTS, WITHIN_MS);
    for (const driver of WAVING) await room.until(`${driver} sends waves, too`, () => hasWaves(central, driver), WITHIN_MS);
    for (const { driver, device } of beds) expect([driver, speedOf(device.path)]).toEqual([driver, wantedSpeed(driver)]);
    const status = await room.statusWhere("a last status", () => true);
    expect(status.unexplained).toBe(0);
    expect(status.devices.filter(({ phase }) => phase !== "streaming").map(({ device }) => device)).toEqual([]);
    expect((await agent.terminate()).code).toBe(0);
    expect(holes(central)).toEqual([]);
    expect(central.broken).toEqual([]);
    for (const { driver, device } of beds) expectSent(central, driver, device);
  },
  TEST_MS,
);

const hasWaves = (central: Central, driver: string): boolean =>
  central.records.some(({ body, device }) => body.kind === "wave" && device.device === driver);

/** Reports that tell values, of the device or of one below its port. */
const valuesOf = (central: Central, device: string) =>
  central.records.filter(
    (record): record is Received & { body: Extract<Received["body"], { kind: "report" }> } =>
      record.body.kind === "report" && record.device.device === device && record.body.observations.length > 0,
  );

/** Each value was sent under its name, digit by digit. What the emulator's paper does not name is not looked at, but most is. */
function expectSent(central: Central, driver: string, { ledger, missed }: EmulatedDevice): void {
  const sent = new Map<string, Set<string | null>>();
  for (const { unit } of [...ledger, ...missed])
    for (const [key, value] of Object.entries(unit.observations)) sent.set(key, (sent.get(key) ?? new Set()).add(value));
  const told = valuesOf(central, driver).flatMap(({ device, body }) =>
    body.observations.map(({ metric, value }) => ({ key: keyIn(sent, keyAt(device.node, metric.refid), metric.name), value })),
  );
  const known = told.flatMap(({ key, value }) => (key === undefined ? [] : [{ key, value, was: sent.get(key)! }]));
  // That a module is gone is told of each of its values; the emulator says nothing of it then.
  expect(known.filter(({ value, was }) => value !== null && !was.has(value))).toEqual([]);
  expect(known.length, `${driver}: values that its emulator names too, of ${told.length}`).toBeGreaterThan(told.length / 2);
}

const keyIn = (sent: ReadonlyMap<string, unknown>, key: string, name: string | undefined): string | undefined =>
  sent.has(key) ? key : [...sent.keys()].find((one) => name !== undefined && name !== "" && one.endsWith(`.${name}`));
