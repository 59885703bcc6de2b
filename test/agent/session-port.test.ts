import { describe, expect, test } from "vitest";
import { Fault } from "../../agent/fault/fault.ts";
import { Seconds } from "../../config/units.ts";
import { type AnyDriver, driver } from "../../drivers/kit/driver.ts";
import { settle } from "./fakes.ts";
import { ASK, frame, PULSE, Room, tiny } from "./session-room.ts";

describe("a port", () => {
  test("that hangs up is read to its last byte, its epoch ends, and it is opened again by itself", async () => {
    const room = await new Room().streaming();
    room.taken();
    room.line.gone = true;
    const more = 900;
    await room.tick(...Array.from({ length: more }, () => frame("n", 4)));
    await room.tick();
    await room.tick();
    const said = room.taken();
    expect(said.slice(-2)).toEqual(["end 1 unplugged", "raise port.gone"]);
    expect(said.filter((one) => one === "report 1 4")).toHaveLength(more);
    expect(room.line.isOpen).toBe(false);
    await room.pass(1100);
    expect(room.line.isOpen).toBe(true);
    await room.tick(frame("n", 1), frame("n", 2), frame("n", 3));
    expect(room.taken().slice(0, 2)).toEqual(["clear", "begin 2 {}"]);
  });

  test("that does not open says why, once, and is tried again", async () => {
    const room = new Room();
    room.line.fails = new Fault("port.denied", "no right");
    await room.pass(200);
    expect(room.taken()).toEqual(["raise port.denied"]);
    room.line.fails = undefined;
    await room.pass(1100);
    expect(room.line.isOpen).toBe(true);
  });

  test("that is opened when nobody wants it any more is shut again", async () => {
    const room = new Room();
    room.session.tick(room.clock.pass(20));
    const ending = room.session.end("revoked");
    await settle();
    await ending;
    await settle();
    expect(room.line.isOpen).toBe(false);
    await room.pass(60_000);
    expect(room.line.opened).toHaveLength(1);
  });

  test("is shut when its session ends, for whatever reason", async () => {
    for (const reason of ["revoked", "stopped"] as const) {
      const room = await new Room().streaming();
      room.taken();
      await room.session.end(reason);
      expect(room.taken()).toEqual([`end 1 ${reason}`]);
      expect(room.line.isOpen).toBe(false);
    }
  });
});

describe("a driver", () => {
  test("that throws is quarantined with its frame, and is tried again after 10 s, then after 20 s", async () => {
    const room = await new Room().streaming();
    room.taken();
    await room.tick(frame("n", 1), frame("x", 2), frame("n", 3));
    expect(room.session.view().phase).toBe("quarantined");
    expect(room.taken()).toEqual(["raise session.quarantined 027802007c", "end 1 quarantined"]);
    expect(room.line.isOpen).toBe(false);
    await room.pass(9900);
    expect(room.line.isOpen).toBe(false);
    await room.pass(200);
    expect(room.line.isOpen).toBe(true);
    await room.tick(frame("x", 2));
    await room.pass(19_900);
    expect(room.line.isOpen).toBe(false);
    await room.pass(200);
    expect(room.line.isOpen).toBe(true);
  });

  test("tells no byte of a frame that may hold a person's name", async () => {
    const room = await new Room({ driver: { ...tiny, personal: true } }).streaming();
    room.taken();
    await room.tick(frame("x", 2));
    expect(room.taken()[0]).toBe("raise session.quarantined");
  });

  test("that fails touches no other session", async () => {
    const bad = await new Room().streaming();
    const good = await new Room().streaming();
    await bad.tick(frame("x", 1));
    await good.tick(frame("n", 1));
    expect([bad.session.view().phase, good.session.view().phase]).toEqual(["quarantined", "streaming"]);
  });

  test("that tells what the wire cannot carry is quarantined, not the process", async () => {
    const wide: AnyDriver = {
      ...tiny,
      decode: () => ({ readings: [{ told: "number", metric: PULSE, value: { mantissa: 2n ** 70n, exponent: 0 } }], memory: 0 }),
    };
    const room = new Room({ driver: wide });
    await room.tick();
    await room.tick();
    await room.tick(frame("n", 1), frame("n", 1), frame("n", 1));
    expect(room.session.view().phase).toBe("quarantined");
  });

  test("asks by its templates, and what it asks is on the line", async () => {
    const asking = driver({
      ...tiny,
      run: function* (line) {
        yield* line.send("ask");
        yield* line.sleep(Seconds(60));
      },
    });
    const room = new Room({ driver: asking });
    await room.tick();
    await room.tick();
    expect(room.line.wrote).toEqual([ASK]);
  });

  test("that wants to send what it has not declared is quarantined, and nothing is sent", async () => {
    const rogue: AnyDriver = {
      ...tiny,
      *run() {
        yield { do: "send", template: "ask", bytes: Uint8Array.of(0x1b) };
      },
    };
    const room = new Room({ driver: rogue });
    await room.tick();
    await room.tick();
    expect(room.line.wrote).toEqual([]);
    expect(room.taken()).toEqual(["raise port.transmit_refused"]);
    expect(room.session.view().phase).toBe("quarantined");
    expect(room.line.isOpen).toBe(false);
  });
});
