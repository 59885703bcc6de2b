import { expect, test } from "vitest";
import { masimoAsciiEmulator } from "../../drivers/masimo-ascii/emulator.ts";
import type { DeviceClock } from "../../proto/messages.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { clockOf, whyNoWrongClock } from "../support/wrong-clock.ts";
import { roomFor } from "./room.ts";

const TEST_MS = 90_000;
const HOUR_US = 3_600_000_000;
/** The emulated oximeter shows midnight of this day when it is switched on. */
const SHOWS_US = Date.UTC(2018, 1, 24) * 1000;
if (whyNoWrongClock !== undefined) console.warn(`SKIPPED ALOUD: ${whyNoWrongClock}, so no clock steps beside a device's own`);

test.skipIf(whyNoWrongClock !== undefined)(
  "a device whose clock is years behind is told with its bound, and a step of the box's clock is none of the device's (R43)",
  async (t) => {
    const room = roomFor(t);
    const broker = await room.startBroker();
    const central = await room.openCentral(broker.port);
    const began = Date.now() * 1000;
    const device = room.keep(await startEmulatedDevice({ emulator: masimoAsciiEmulator, seed: 25, link: room.at("port") }));
    const switchedOn = Date.now() * 1000;
    room.configure({ port: broker.port, beds: [{ path: device.path, location: "b", device: "dv-1", driver: "masimo-ascii" }] });
    const clock = clockOf(room, "+0");
    room.start(clock.how);
    const told = (): readonly DeviceClock[] =>
      central.records.flatMap(({ body }) => (body.kind === "event" && body.event.kind === "deviceClock" ? [body.event.deviceClock] : []));
    await room.until("the device's clock is told", () => told().length > 0);
    const first = told()[0]!;
    // It may have been slow to speak, which makes it look later by so much at most.
    expect(first.offsetUs).toBeGreaterThanOrEqual(SHOWS_US - switchedOn - first.boundUs - 2_000_000);
    expect(first.offsetUs).toBeLessThanOrEqual(SHOWS_US - began + first.boundUs);
    expect(first.boundUs).toBeGreaterThan(500_000);
    const text = await room.bedside(["status", "--runtime-dir", room.runtimeDir]);
    expect(text.out).toMatch(
      /^ {2}to set {3}dv-1 {3}.* its clock is 8 years \d+ days behind the local time of this box \(± 1 s\); but nobody vouches/m,
    );

    clock.set("+1h");
    const behind = (status: Awaited<ReturnType<typeof room.status>>): number => status?.devices[0]?.clock?.offsetMs ?? 0;
    await room.statusWhere("it was compared anew", (status) => behind(status) * 1000 < first.offsetUs - HOUR_US + 5_000_000);
    await room.until("the step of the box is told", () => mappings().length >= 2);
    expect(told().map(({ stepUs = 0 }) => stepUs)).toEqual(told().map(() => 0));
    expect(central.broken).toEqual([]);

    function mappings(): readonly unknown[] {
      return central.records.filter(({ body }) => body.kind === "event" && body.event.kind === "clockMapping");
    }
  },
  TEST_MS,
);
