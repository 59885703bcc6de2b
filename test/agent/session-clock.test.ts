import { describe, expect, test } from "vitest";
import { timeOnLine } from "../../agent/session/device-clock.ts";
import { Link } from "../../agent/session/link.ts";
import { encodeBirth } from "../../agent/uplink/birth.ts";
import { Milliseconds } from "../../config/units.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { atLine } from "../../drivers/kit/line.ts";
import { masimoAscii } from "../../drivers/masimo-ascii/driver.ts";
import { philipsIntellivue } from "../../drivers/philips-intellivue/driver.ts";
import { decodePresence } from "../../proto/codec.ts";
import { Room } from "./session-room.ts";

/** An oximeter whose clock is so many milliseconds from that of the test. */
function line(room: Room, ahead: number, serial = "0000145838"): Uint8Array {
  const [date, time] = new Date(room.clock.wall() + ahead).toISOString().split(/[T.]/);
  const [year, month, day] = date!.split("-");
  return new TextEncoder().encode(`${month}/${day}/${year!.slice(2)} ${time} SN=${serial} SPO2=097% BPM=080 ALARM=0000 EXC=000000\r\n`);
}
async function lines(room: Room, seconds: number, ahead: number, serial?: string): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await room.pass(980);
    await room.tick(line(room, ahead, serial));
  }
}
const clocksSaid = (room: Room): readonly string[] => room.taken().filter((said) => /^(clock|begin|end)/.test(said));

describe("a session and the clock of its device", () => {
  test("compares the two once an epoch, tells a jump, and leaves the device's own time as it was said", async () => {
    const room = new Room({ driver: masimoAscii });
    await lines(room, 30, -40_000);
    const [began, told, ...none] = clocksSaid(room);
    expect([began, none]).toEqual(["begin 1 {}", []]);
    expect(Math.abs(Number(told!.split(" ")[2]) + 40_000)).toBeLessThan(600);
    await lines(room, 30, -40_000 + 3_600_000);
    const jumped = clocksSaid(room);
    expect(jumped).toHaveLength(1);
    expect(jumped[0]).toMatch(/^clock 1 35\d{5}(\.\d+)? by 3600\d{3}$/);
  });

  test("begins anew with another device on the same line", async () => {
    const room = new Room({ driver: masimoAscii });
    await lines(room, 30, 0, "0000000001");
    expect(room.session.view().clock).toBeDefined();
    room.taken();
    await lines(room, 2, -7_200_000, "0000000002");
    expect(room.session.view().clock).toBeUndefined();
    await lines(room, 10, -7_200_000, "0000000002");
    const said = clocksSaid(room);
    expect(said.slice(0, 2)).toEqual(["end 1 replaced", 'begin 2 {"serial":"0000000002"}']);
    expect(said[2], "no step: it is another clock").toMatch(/^clock 2 -7199\d{3}(\.\d+)?$|^clock 2 -720\d{4}(\.\d+)?$/);
  });

  test("stands in the birth as it was compared last", async () => {
    const room = new Room({ driver: masimoAscii });
    await lines(room, 100, -40_000);
    const self = { gateway: "gw-1", run: 1n, startCount: 1, version: "0", bootId: "", description: undefined };
    const clock = { mono: room.clock.now(), wall: room.clock.wall(), quality: { known: "unsynced", source: "" } } as const;
    const birth = encodeBirth(self, { connection: 1, nonce: new Uint8Array(8), clock, sessions: [room.session.view()], ports: [] });
    const { state } = decodePresence(birth)!;
    const told = state.kind === "birth" ? state.birth.devices[0]?.deviceClock : undefined;
    expect(Math.abs(told!.offsetUs + 40_000_000)).toBeLessThanOrEqual(told!.boundUs);
    expect(told!.boundUs).toBeLessThan(700_000);
    expect(Number(clock.mono) / 1000 - told!.against!.monoUs, "not older than a look").toBeLessThanOrEqual(11_000_000);
  });
});

describe("how long a frame may have been on its way", () => {
  const counts = () => ({ bytes: 0, frames: 0, framed: 0, discarded: 0, broken: 0 });

  test.each([20, 1500])("is its time on the line and what passed since the tick before its last byte, %i ms here", (since) => {
    const room = new Room({ driver: masimoAscii });
    const link = new Link(masimoAscii, counts());
    const frame = line(room, 0);
    // The first line is not read: nobody knows whether it is whole.
    link.push(frame, room.clock.pass(20));
    link.push(frame.subarray(0, 40), room.clock.pass(700));
    const { decoded } = link.push(frame.subarray(40), room.clock.pass(since));
    expect(decoded.map(({ underWay }) => Math.round(underWay))).toEqual([since + Math.round((frame.length * 11 * 1000) / 9600)]);
  });

  test("is also what was waited for the end of a frame that only silence ends", () => {
    const headed: AnyDriver = {
      ...masimoAscii,
      frame: { headed: { start: [0x24], idle: Milliseconds(200), lengthMax: 9, accepts: () => true } },
      decode: (_frame, memory) => ({ readings: [], memory }),
    };
    const room = new Room({ driver: headed });
    const link = new Link(headed, counts());
    link.push(new Uint8Array(), room.clock.pass(20));
    link.push(Uint8Array.of(0x24, 0x31), room.clock.pass(20));
    const ends = Array.from({ length: 12 }, () => link.push(new Uint8Array(), room.clock.pass(20)).decoded).flat();
    expect(ends).toHaveLength(1);
    expect(ends[0]!.underWay).toBeGreaterThanOrEqual(200);
  });

  test("is on a network known to nobody", () => {
    expect(timeOnLine(1000, atLine(philipsIntellivue, "udp")!)).toBe(0);
  });
});
