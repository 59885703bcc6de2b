import { describe, expect, test } from "vitest";
import { Log } from "../../agent/log/log.ts";
import { Session } from "../../agent/session/session.ts";
import { Milliseconds } from "../../config/units.ts";
import { driverById } from "../../drivers/index.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import type { AnyEmulator } from "../../drivers/kit/emulator.ts";
import { HandLine, StillClock, settle } from "../agent/fakes.ts";
import { DEVICES } from "../dev/devices.ts";
import { expectNoTrace, holdsPlanted } from "./planted.ts";
import { join } from "./streams.ts";

const TICK_MS = 20;
const SECONDS = 20;

/** A device on the line of a whole session: everything that leaves the session, records encoded, faults as they are logged. */
async function attended(driver: AnyDriver, device: AnyEmulator) {
  const clock = new StillClock();
  const line = new HandLine();
  const logged: string[] = [];
  const log = new Log({ log: (text) => logged.push(text), clock });
  const left: unknown[] = [];
  const frames: Uint8Array[] = [];
  let epoch = 0;
  const session = new Session({
    effects: { clock, serial: line },
    port: { path: "/dev/ttyS0", location: "uart-0", hardware: true, facts: {} },
    driver,
    admitted: { device: "monitor-1", socket: "bed-1", known: "socket" },
    hooks: {
      commit: async () => true,
      keep: (lane, { encode }) =>
        left.push(
          lane,
          encode({ n: 0, atUs: 0 }, () => 1),
        ),
      beginEpoch: (attachment) => {
        left.push(attachment);
        epoch += 1;
        return epoch;
      },
      endEpoch: (ended, reason) => left.push(ended, reason),
      clockAt: (at) => ({ mono: at, wall: 0 as never, quality: { known: "unsynced", source: "" } }),
      deviceClock: () => undefined,
      learned: (known, facts) => left.push(known, facts),
      discarded: (what) => left.push(what),
      raise: (fault) => {
        log.fault(fault);
        left.push(fault.context);
      },
      clear: () => undefined,
      changed: () => left.push(session.view()),
    },
  });
  let state = device.start(1);
  for (let at = 0; at < SECONDS * 1000; at += TICK_MS) {
    const turn = device.step(state, join(...line.wrote.splice(0)), Milliseconds(at));
    state = turn.state;
    const sent = turn.sends.map(({ bytes }) => bytes);
    frames.push(...sent);
    line.say(...sent);
    session.tick(clock.pass(TICK_MS));
    await settle();
  }
  left.push(session.view());
  return { left, logged, frames };
}

/** A driver that fails on every frame that holds a name, and quotes it. */
const failing = (driver: AnyDriver, names: readonly string[]): AnyDriver => ({
  ...driver,
  decode: (frame, memory, gap) => {
    if (holdsPlanted(frame, names)) throw new RangeError(`what is this: ${Buffer.from(frame).toString("latin1")}`);
    return driver.decode(frame, memory, gap);
  },
});

const NAMING = Object.entries(DEVICES).flatMap(([name, { emulator, plants }]) =>
  plants === undefined ? [] : [{ name, emulator, plants }],
);

describe.each(NAMING)("a patient whom $name names", ({ emulator, plants }) => {
  const driver = driverById(emulator.id)!;

  test("is in no record, no view and no line of the log", async () => {
    const { left, logged, frames } = await attended(driver, emulator);
    expect(frames.some((frame) => holdsPlanted(frame, plants))).toBe(true);
    expect(left.length).toBeGreaterThan(100);
    expectNoTrace("what left the session", left, plants);
    expectNoTrace("the log", logged, plants);
  });

  test("is in no fault either where the driver fails on the frame and quotes it", async () => {
    const { left, logged } = await attended(failing(driver, plants), emulator);
    expect(logged.some((text) => text.includes("session.quarantined"))).toBe(true);
    expectNoTrace("what left the session", left, plants);
    expectNoTrace("the log", logged, plants);
  });

  test("would be found: what tells a frame is caught", () => {
    const frame = Buffer.from(plants[0]!, "utf16le").swap16();
    for (const told of [
      plants[0],
      frame.toString("hex"),
      frame.toString("base64"),
      [...frame],
      { text: plants[0]!.slice(0, 9) },
      frame,
      JSON.stringify(frame.toString("latin1")),
    ])
      expect(() => expectNoTrace("this", told, plants), JSON.stringify(told)).toThrow(/holds a trace/);
  });
});

test("a device names a patient", () => {
  expect(NAMING.map(({ name }) => name)).toContain("philips-intellivue-alone");
});
