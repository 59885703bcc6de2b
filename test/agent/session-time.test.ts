import { describe, expect, it } from "vitest";
import type { OpenPort } from "../../agent/effects/effects.ts";
import type { SessionHooks } from "../../agent/session/attachment.ts";
import { Session } from "../../agent/session/session.ts";
import { Milliseconds, Minutes } from "../../config/units.ts";
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
    commit: async () => true,
    beginEpoch: () => 1,
    endEpoch: () => undefined,
    clockAt: (at) => ({ mono: at, wall: 0 as never, quality: { known: "unsynced", source: "" } }),
    deviceClock: () => undefined,
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
    admitted: { device: "oximeter-1", socket: "bed-1", known: "socket" },
    hooks,
  });
  session.tick(clock.now());
  await settle();
  session.tick(clock.now());
  const { sends } = noninEmulator.step(noninEmulator.start(1), new Uint8Array(), Milliseconds(1000));
  const frames = Buffer.concat(sends.map(({ bytes }) => bytes)).subarray(0, SECOND_OF_FRAMES * 5);
  const feed = () => {
    waiting = new Uint8Array(frames);
  };
  feed();
  return { session, raised, feed };
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

  it("is forgiven after ten good minutes: the next failure pauses it as the first one did", async () => {
    const clock = new StillClock();
    let fails = false;
    const moody: AnyDriver = {
      ...nonin,
      quiet: Minutes(60),
      decode: (frame, memory, gap) => {
        if (fails) clock.work(2);
        return nonin.decode(frame, memory, gap);
      },
    };
    const pauses: number[] = [];
    for (const goodFor of [0, Minutes(11)]) {
      const { session, feed } = await reading(clock, moody);
      for (const wait of [0, goodFor]) {
        session.tick(clock.now());
        clock.pass(wait);
        fails = true;
        feed();
        session.tick(clock.now());
        fails = false;
        pauses.push(await pausedFor(session, clock));
        feed();
      }
    }
    expect(pauses).toEqual([10, 20, 10, 10]);
  });
});

/** Seconds until a quarantined session opens its port again. */
async function pausedFor(session: Session, clock: StillClock): Promise<number> {
  expect(session.view().phase).toBe("quarantined");
  for (let seconds = 1; ; seconds++) {
    clock.pass(1000);
    session.tick(clock.now());
    if (session.view().phase === "quarantined") continue;
    await settle();
    session.tick(clock.now());
    return seconds;
  }
}
