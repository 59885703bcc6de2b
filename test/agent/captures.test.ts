import { describe, expect, test } from "vitest";
import type { Judged } from "../../agent/admission/rules.ts";
import { type Begun, Captures, type Part } from "../../agent/capture/captures.ts";
import { KEPT_MAX, KeptCaptures } from "../../agent/capture/kept-captures.ts";
import { CAPTURE_BYTES_MAX, UNHEARD_MAX } from "../../agent/capture/recording.ts";
import { answerRequest } from "../../agent/control/requests.ts";
import { nodeSeals } from "../../agent/effects/node/seals.ts";
import { Identify } from "../../agent/identify/identify.ts";
import { Log } from "../../agent/log/log.ts";
import type { SessionView, Tap } from "../../agent/session/session.ts";
import { entropyOf, MemoryDisk, StillClock } from "./fakes.ts";
import { frame, tiny } from "./session-room.ts";

const PORT = { path: "/dev/ttyUSB0", location: "usb-1", hardware: true, facts: { vendor: "0403" } };
const ALLOWED: Judged = {
  port: PORT,
  verdict: { is: "allow", rule: 1, device: "dv-1", driver: "tiny", line: "9600 8N1", socket: "bed-1", known: "socket" },
};
const BLOCKED: Judged = { port: { ...PORT, location: "usb-2" }, verdict: { is: "block", reasons: ["no rule for location usb-2"] } };

/** An agent's captures beside a session that is in the test's hands. */
function agent({ mapped = true, phase = "streaming" as SessionView["phase"] } = {}) {
  const [clock, disk, logged] = [new StillClock(), new MemoryDisk(), [] as string[]];
  const taps = new Map<string, Tap>();
  const done: string[] = [];
  const room = {
    ports: [ALLOWED, BLOCKED],
    sessions: () => [{ port: PORT, phase } as Partial<SessionView> as SessionView],
    tap: (location: string, tap: Tap | undefined) => void (tap === undefined ? taps.delete(location) : taps.set(location, tap)),
    lend: async (location: string) => void done.push(`lend ${location}`),
    giveBack: (location: string) => void done.push(`give back ${location}`),
  };
  const kept = new KeptCaptures({
    disk,
    folder: "/state/captures",
    entropy: entropyOf(2),
    seal: async () => nodeSeals()(new Uint8Array(32)),
  });
  const log = new Log({ log: (line) => logged.push(line), clock });
  const drivers = [mapped ? ({ ...tiny, scrub: "nobody" } as const) : tiny];
  const captures = new Captures({ clock, entropy: entropyOf(3), kept, room, drivers, log, version: "1" });
  const identify = new Identify({ effects: { clock, serial: { open: () => Promise.reject(new RangeError("shut")) } }, room, drivers, log });
  const ask = <A>(asked: object): Promise<A> => answerRequest(JSON.stringify(asked), { captures, identify, room }) as Promise<A>;
  return {
    ...{ captures, identify, taps, done, logged, disk, ask },
    say: (bytes: Uint8Array) => taps.get("usb-1")?.("rx", bytes, clock.now()),
    pass: (ms: number) => {
      clock.pass(ms);
      captures.tick();
    },
    begin: (more: object = {}) => ask<Begun>({ do: "capture", port: "usb-1", for_ms: 5000, ...more }),
    faultOf: async (asked: object) => (await ask<{ fault?: { key: string } }>(asked)).fault?.key,
  };
}

describe("the captures of an agent", () => {
  test("hear along on the port of a device, hand out what came, and let go at the end", async () => {
    const { begin, ask, say, pass, taps, done } = agent();
    const { name, kept, line } = await begin({ port: "dv-1" });
    expect([kept, line, done]).toEqual(["scrubbed", "9600 8N1", []]);
    say(frame("n", 1));
    pass(20);
    expect((await ask<Part>({ do: "captured", name })).lines.split("\n")).toHaveLength(3);
    pass(5000);
    expect(taps.size).toBe(0);
    expect(await ask<Part>({ do: "captured", name })).toMatchObject({ ended: "time", received: 5 });
    expect((await ask<{ fault: { key: string } }>({ do: "captured", name })).fault.key).toBe("capture.unknown");
  });

  test("take the port anew only where that is wished, and hear it from its first byte", async () => {
    const { begin, done, taps } = agent();
    await begin({ anew: true });
    expect([done, taps.size]).toEqual([["lend usb-1", "give back usb-1"], 1]);
  });

  test.each([
    [{ mapped: false }, {}, "no_map"],
    [{ phase: "proving" as const }, {}, "unproved"],
    [{}, { whole: true }, "wished"],
  ])("are sealed on the box where nobody can judge what they hold: %o %o", async (of, wish, because) => {
    const { begin, ask, say, pass, disk, logged } = agent(of);
    const { name, kept, because: why } = await begin(wish);
    expect([kept, why]).toEqual(["whole", because]);
    say(frame("n", 1));
    pass(5000);
    expect(await ask<Part>({ do: "captured", name })).toEqual({ lines: "", received: 5, ended: "time" });
    expect([...disk.files.keys()]).toEqual([`/state/captures/${name}.sealed`]);
    expect(await ask({ do: "captures" })).toEqual({ waiting: [name] });
    const { text } = await ask<{ text: string }>({ do: "release", name, by: "R. Mensah" });
    expect(text).toContain('"hex":"026e010071"');
    expect(await ask({ do: "discard", name, by: "R. Mensah" })).toEqual({});
    expect([disk.files.size, logged.filter((line) => line.includes("by=R. Mensah")).length]).toEqual([0, 2]);
  });

  test("that nobody asks for any more end, and make room for the next", async () => {
    const { begin, pass, faultOf } = agent();
    await begin();
    expect(await faultOf({ do: "capture", port: "usb-1", for_ms: 5000 })).toBe("capture.busy");
    pass(UNHEARD_MAX);
    expect((await begin()).name).toMatch(/^dv-1-/);
  });

  test("that are full end at once: the port is let go, and what nobody judged is sealed", async () => {
    const { begin, ask, say, pass, taps, logged } = agent({ mapped: false });
    const { name } = await begin();
    say(new Uint8Array(CAPTURE_BYTES_MAX));
    pass(20);
    expect([taps.size, logged.filter((line) => line.includes("how=full")).length]).toEqual([0, 1]);
    pass(20);
    expect(await ask<Part>({ do: "captured", name })).toEqual({ lines: "", received: CAPTURE_BYTES_MAX, ended: "full" });
    expect(await ask({ do: "captures" })).toEqual({ waiting: [name] });
  });

  test("are sealed where the agent stops", async () => {
    const { begin, say, captures, ask } = agent({ mapped: false });
    const { name } = await begin();
    say(frame("n", 1));
    await captures.stop();
    expect(await ask({ do: "captures" })).toEqual({ waiting: [name] });
  });

  test("wait up to a number", async () => {
    const { faultOf, disk } = agent();
    for (let n = 0; n < KEPT_MAX; n++) disk.files.set(`/state/captures/old-${n}.sealed`, new Uint8Array());
    expect(await faultOf({ do: "capture", port: "usb-1", for_ms: 5000, whole: true })).toBe("capture.box_full");
    expect(await faultOf({ do: "capture", port: "usb-1", for_ms: 5000 }), "one that leaves at once needs no room").toBeUndefined();
  });

  test("refuse what is not allowed or not understood, and leave other requests to others", async () => {
    const { faultOf, captures, identify } = agent();
    expect(await faultOf({ do: "capture", port: "usb-2", for_ms: 5000 })).toBe("port.not_allowed");
    expect(await faultOf({ do: "capture", port: "usb-3", for_ms: 5000 })).toBe("port.unknown");
    for (const wrong of [{ port: "usb-1" }, { port: "usb-1", for_ms: 1 }, { port: 7, for_ms: 5000 }, { for_ms: 5000 }])
      expect(await faultOf({ do: "capture", ...wrong }), JSON.stringify(wrong)).toBe("usage");
    expect(await faultOf({ do: "release", name: "x" })).toBe("usage");
    expect(await faultOf({ do: "release", name: "x", by: " " })).toBe("usage");
    for (const other of ["{", '"x"', "null", '{"do":"dance"}'])
      expect(answerRequest(other, { captures, identify, room: { ports: [] } })).toBeUndefined();
  });
});
