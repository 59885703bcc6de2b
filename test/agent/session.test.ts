import { describe, expect, test } from "vitest";
import { Fault } from "../../agent/fault/fault.ts";
import type { Lane } from "../../agent/model/model.ts";
import { type Attachment, type Discarded, HELD_MAX, READ_MAX, Session, type SessionHooks } from "../../agent/session/session.ts";
import { Seconds } from "../../config/units.ts";
import { type AnyDriver, driver } from "../../drivers/kit/driver.ts";
import { type ConditionMetric, numeric, type Reading } from "../../drivers/kit/reading.ts";
import { decodeBatch } from "../../proto/codec.ts";
import { HandLine, StillClock, settle } from "./fakes.ts";

const START = 0x02;
const LENGTH = 5;
const PULSE = numeric("MDC_PULS_OXIM_PULS_RATE", "MDC_DIM_BEAT_PER_MIN");
const LOST: ConditionMetric = { kind: "condition", refid: "test.sensor", nature: "technical", on: "device" };
const ASK = Uint8Array.of(0x3f);
/** 02 kind value 0 sum */
const frame = (kind: string, value: number): Uint8Array => {
  const code = kind.charCodeAt(0);
  return Uint8Array.of(START, code, value, 0, (START + code + value) & 0xff);
};

/** A device that tells a number (n), a serial number (i), a condition (c), what its driver remembers (m) or cannot bear (x). */
const tiny = driver({
  id: "tiny",
  grade: "document",
  line: { speed: 9600, format: "8N1", modemLines: "untouched" },
  quiet: Seconds(3),
  proof: 3,
  frame: {
    fixed: { start: START, length: LENGTH, accepts: (bytes) => (bytes[0]! + bytes[1]! + bytes[2]! + bytes[3]!) % 256 === bytes[4] },
  },
  metrics: [PULSE, LOST],
  tx: { ask: { holes: [], encode: () => ASK } },
  memory: 0,
  decode: (bytes, memory) => {
    const kind = String.fromCharCode(bytes[1]!);
    if (kind === "x") throw new RangeError("the driver did not think of this");
    return { readings: kind === "m" ? [number(memory)] : readingsOf(kind, bytes[2]!), memory: memory + 1 };
  },
});
function readingsOf(kind: string, value: number): Reading[] {
  if (kind === "i") return [{ told: "identity", fact: "serial", value: `sn-${value}` }, number(value)];
  if (kind === "c") return [{ told: "condition", metric: LOST, present: value > 0 }, number(value)];
  return [number(value)];
}
const number = (value: number): Reading => ({ told: "number", metric: PULSE, value: { mantissa: BigInt(value), exponent: 0 } });

/** A session, its line, and what it told the rest of the agent in words. */
class Room {
  readonly clock = new StillClock();
  readonly line = new HandLine();
  readonly said: string[] = [];
  readonly attachments: Attachment[] = [];
  readonly discards: Discarded[] = [];
  readonly session: Session;
  #epoch = 0;

  constructor(options: { driver?: AnyDriver; hardware?: boolean } = {}) {
    const hooks: SessionHooks = {
      keep: (lane, { epoch, encode }) =>
        this.said.push(
          `${lane} ${epoch} ${toldIn(
            lane,
            encode({ n: 0, atUs: 0 }, () => 1),
          )}`,
        ),
      beginEpoch: (attachment) => {
        this.attachments.push(attachment);
        this.#epoch += 1;
        this.said.push(`begin ${this.#epoch} ${JSON.stringify(attachment.facts)}`);
        return this.#epoch;
      },
      endEpoch: (epoch, reason) => this.said.push(`end ${epoch} ${reason}`),
      learned: (epoch, facts) => this.said.push(`learned ${epoch} ${JSON.stringify(facts)}`),
      discarded: (what) => this.discards.push(what),
      raise: (fault) => this.said.push(`raise ${fault.key}${fault.context.frame === undefined ? "" : ` ${fault.context.frame}`}`),
      clear: () => this.said.push("clear"),
      changed: () => undefined,
    };
    this.session = new Session({
      effects: { clock: this.clock, serial: this.line },
      port: { path: "/dev/ttyS0", location: "uart-0", hardware: options.hardware ?? true, facts: {} },
      driver: options.driver ?? tiny,
      admitted: { device: "monitor-1", socket: "bed-1" },
      hooks,
    });
  }

  async tick(...frames: readonly Uint8Array[]): Promise<void> {
    this.line.say(...frames);
    this.session.tick(this.clock.pass(20));
    await settle();
  }
  async pass(time: number): Promise<void> {
    for (let passed = 0; passed < time; passed += 20) await this.tick();
  }
  /** Open, and proved by three frames. */
  async streaming(): Promise<this> {
    await this.tick();
    await this.tick();
    await this.tick(frame("n", 1), frame("n", 2), frame("n", 3));
    expect(this.session.view().phase).toBe("streaming");
    return this;
  }
  taken(): string[] {
    return this.said.splice(0);
  }
}

function toldIn(lane: Lane, field: Uint8Array): string {
  const [record] = decodeBatch(field)!.records;
  const body = record!.body;
  if (lane === "alert" && body.kind === "alert")
    return `${body.alert.edge === 1 ? "onset" : "clear"}${body.alert.cause === 1 ? " at start" : ""}`;
  const value = body.kind === "report" ? body.report.observations[0]?.value : undefined;
  return value?.kind === "decimal" ? String(value.decimal.mantissa) : "nothing";
}

describe("a session", () => {
  test("holds the frames before its proof and publishes them in order after it", async () => {
    const room = new Room();
    await room.tick();
    await room.tick();
    expect(room.line.isOpen).toBe(true);
    await room.tick(frame("n", 70));
    await room.tick(frame("n", 71));
    expect(room.said).toEqual([]);
    await room.tick(frame("n", 72), frame("n", 73));
    expect(room.taken()).toEqual(["clear", "begin 1 {}", "report 1 70", "report 1 71", "report 1 72", "report 1 73"]);
    await room.tick(frame("n", 74));
    expect(room.taken()).toEqual(["report 1 74"]);
  });

  test("begins to prove anew behind discarded bytes", async () => {
    const room = new Room();
    await room.tick();
    await room.tick();
    await room.tick(frame("n", 1), frame("n", 2), Uint8Array.of(9, 9), frame("n", 3), frame("n", 4));
    expect(room.session.view().phase).toBe("proving");
    await room.tick(frame("n", 5));
    expect(room.session.view().phase).toBe("streaming");
    expect(room.said.filter((one) => one.startsWith("report"))).toHaveLength(5);
  });

  test("drops what it held for 10 s without proof, and counts it as unproved", async () => {
    const room = new Room();
    await room.tick();
    await room.tick();
    await room.tick(frame("n", 1), frame("n", 2));
    await room.pass(10_000);
    expect(room.discards).toEqual([{ location: "uart-0", bytes: 2 * LENGTH, framesBroken: 0, readings: 2, reason: "unproved" }]);
    await room.tick(frame("n", 3), frame("n", 4), frame("n", 5));
    expect(room.said.filter((one) => one.startsWith("report"))).toEqual(["report 1 3", "report 1 4", "report 1 5"]);
  });

  test("holds no more than it may of a device that is never proved, and tells of it now and then, not for every frame", async () => {
    const length = 256;
    const room = new Room({ driver: { ...tiny, proof: 1_000_000, frame: { fixed: { start: START, length, accepts: () => true } } } });
    await room.tick();
    await room.tick();
    const flood = new Uint8Array(READ_MAX).fill(START);
    for (let tick = 1; tick <= 64; tick++) {
      await room.tick(flood);
      const dropped = room.discards.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(room.session.view().counts.framed - dropped).toBeLessThanOrEqual(HELD_MAX);
    }
    expect(room.discards.every(({ reason }) => reason === "unproved")).toBe(true);
    expect(room.discards.length).toBeGreaterThan(2);
    expect(room.discards.length, "each makes a record").toBeLessThan(12);
  });

  test("takes of a flood no more than its share in a tick", async () => {
    const room = await new Room().streaming();
    room.taken();
    room.line.say(...Array.from({ length: 1200 }, () => frame("n", 1)));
    await room.tick();
    expect(room.taken().length).toBeLessThanOrEqual(READ_MAX / LENGTH);
    await room.tick();
    expect(room.session.view().counts.frames).toBe(1203);
  });

  test("counts every byte: in frames, discarded or pending", async () => {
    const room = await new Room().streaming();
    await room.tick(Uint8Array.of(7, 8, 9), frame("n", 1), Uint8Array.of(START, 0x6e, 1, 0, 0), frame("n", 2).subarray(0, 3));
    const { counts, pending } = room.session.view();
    expect(counts.bytes).toBe(counts.framed + counts.discarded + pending);
    expect(counts.broken).toBe(1);
    await room.pass(60_000);
    expect(room.discards.some(({ reason, framesBroken }) => reason === "broken" && framesBroken === 1)).toBe(true);
  });

  test("says test for what no hardware stands behind, and real for the rest", async () => {
    expect((await new Room({ hardware: false }).streaming()).attachments[0]?.mode).toBe("test");
    expect((await new Room({ hardware: true }).streaming()).attachments[0]).toEqual({
      device: "monitor-1",
      socket: "bed-1",
      mode: "real",
      location: "uart-0",
      driver: "tiny",
      facts: {},
    });
  });
});

describe("silence", () => {
  test("ends the epoch; what comes back is proved again, in an epoch of its own", async () => {
    const room = await new Room().streaming();
    room.taken();
    await room.pass(3100);
    expect(room.taken()).toEqual(["end 1 silent", "raise session.silent"]);
    await room.tick(frame("n", 9), frame("n", 10));
    expect(room.said).toEqual([]);
    await room.tick(frame("n", 11));
    expect(room.taken()).toEqual(["clear", "begin 2 {}", "report 2 9", "report 2 10", "report 2 11"]);
  });

  test("makes the driver forget what it had learned of the device before", async () => {
    const room = await new Room().streaming();
    await room.tick(frame("m", 0));
    expect(room.taken().at(-1)).toBe("report 1 3");
    await room.pass(3100);
    await room.tick(frame("m", 0), frame("m", 0), frame("m", 0));
    expect(room.taken().slice(-3)).toEqual(["report 2 0", "report 2 1", "report 2 2"]);
  });

  test("is told once of a port that says nothing, as a wrong speed where bytes come and none holds", async () => {
    const silent = new Room();
    await silent.pass(12_000);
    expect(silent.said).toEqual(["raise session.silent"]);
    const wrong = new Room();
    await wrong.tick();
    for (let tick = 0; tick < 600; tick++) await wrong.tick(Uint8Array.of(0xff, 0x00, 0xfe));
    expect(wrong.said.filter((one) => one.startsWith("raise"))).toEqual(["raise session.no_frame"]);
  });

  test("makes a condition that is still present an onset of the new epoch, at its start", async () => {
    const room = await new Room().streaming();
    await room.tick(frame("c", 1));
    await room.pass(3100);
    room.taken();
    await room.tick(frame("c", 1), frame("c", 1), frame("c", 0));
    expect(room.taken().filter((one) => one.startsWith("alert"))).toEqual(["alert 2 onset at start", "alert 2 clear"]);
    expect([...room.session.view().conditions.values()].map(({ present }) => present)).toEqual([false]);
  });
});

describe("a device", () => {
  test("that tells its serial number for the first time stays in its epoch", async () => {
    const room = await new Room().streaming();
    room.taken();
    await room.tick(frame("i", 5));
    await room.tick(frame("i", 5));
    expect(room.taken()).toEqual(['learned 1 {"serial":"sn-5"}', "report 1 5", "report 1 5"]);
  });

  test("that tells another serial number is another device: the next epoch, from that frame on", async () => {
    const room = await new Room().streaming();
    await room.tick(frame("i", 5), frame("c", 1));
    room.taken();
    await room.tick(frame("i", 6), frame("n", 80), frame("c", 1));
    expect(room.taken()).toEqual([
      "end 1 replaced",
      'begin 2 {"serial":"sn-6"}',
      "report 2 6",
      "report 2 80",
      "alert 2 onset at start",
      "report 2 1",
    ]);
  });

  test("that is another one is not read by what the driver had learned of the one before", async () => {
    const room = await new Room().streaming();
    await room.tick(frame("i", 5));
    await room.tick(frame("i", 6));
    room.taken();
    await room.tick(frame("m", 0));
    expect(room.taken()).toEqual(["report 2 1"]);
  });

  test("that comes back after silence may tell another serial number without a word about replacement", async () => {
    const room = await new Room().streaming();
    await room.tick(frame("i", 5));
    await room.pass(3100);
    room.taken();
    await room.tick(frame("i", 6), frame("n", 1), frame("n", 2));
    expect(room.taken().slice(0, 3)).toEqual(["clear", "begin 2 {}", 'learned 2 {"serial":"sn-6"}']);
  });
});

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
