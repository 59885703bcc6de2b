import { describe, expect, it } from "vitest";
import type { OpenPort } from "../../agent/effects/effects.ts";
import { Session, type SessionHooks } from "../../agent/session/session.ts";
import { Milliseconds } from "../../config/units.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { nonin } from "../../drivers/nonin/driver.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { StillClock, settle } from "./fakes.ts";

const SECOND_OF_FRAMES = 75;

/** A session on an emulated oximeter that has sent a second of frames. */
async function reading(clock: StillClock, driver: AnyDriver) {
  const raised: string[] = [];
  let waiting = new Uint8Array();
  const port: OpenPort = {
    gone: false,
    read: () => {
      const bytes = waiting;
      waiting = new Uint8Array();
      return bytes;
    },
    write: () => true,
    close: async () => undefined,
  };
  const hooks: SessionHooks = {
    keep: () => undefined,
    beginEpoch: () => 1,
    endEpoch: () => undefined,
    learned: () => undefined,
    discarded: () => undefined,
    raise: (fault) => void raised.push(fault.key),
    clear: () => undefined,
    changed: () => undefined,
  };
  const session = new Session({
    effects: { clock, serial: { open: async () => port } },
    port: { path: "/dev/pts/7", location: "place-1", hardware: false, facts: {} },
    driver,
    admitted: { device: "oximeter-1", socket: "bed-1" },
    hooks,
  });
  session.tick(clock.now());
  await settle();
  session.tick(clock.now());
  const { sends } = noninEmulator.step(noninEmulator.start(1), new Uint8Array(), Milliseconds(1000));
  waiting = new Uint8Array(Buffer.concat(sends.map(({ bytes }) => bytes)).subarray(0, SECOND_OF_FRAMES * 5));
  return { session, raised };
}

describe("a driver's time", () => {
  it("does not count what the rest of the tick took before it, so that a host that stalls quarantines nobody", async () => {
    const clock = new StillClock();
    const { session, raised } = await reading(clock, nonin);
    const began = clock.now();
    clock.pass(5000);
    session.tick(began);
    expect([session.view().phase, raised]).toEqual(["streaming", []]);
  });

  it("does not count what its own calls waited for a processor", async () => {
    const clock = new StillClock();
    const waiting: AnyDriver = {
      ...nonin,
      decode: (frame, memory, gap) => {
        clock.pass(2);
        return nonin.decode(frame, memory, gap);
      },
    };
    const { session, raised } = await reading(clock, waiting);
    session.tick(clock.now());
    expect([session.view().phase, raised]).toEqual(["streaming", []]);
  });

  it("counts its own calls: a driver that takes more than 100 ms for one tick's bytes is quarantined", async () => {
    const clock = new StillClock();
    const slow: AnyDriver = {
      ...nonin,
      decode: (frame, memory, gap) => {
        clock.work(2);
        return nonin.decode(frame, memory, gap);
      },
    };
    const { session, raised } = await reading(clock, slow);
    session.tick(clock.now());
    expect([session.view().phase, raised]).toEqual(["quarantined", ["session.quarantined"]]);
  });
});
