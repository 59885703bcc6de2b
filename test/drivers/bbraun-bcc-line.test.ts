import { describe, expect, test } from "vitest";
import { Milliseconds, type Mono } from "../../config/units.ts";
import { bbraunBcc } from "../../drivers/bbraun-bcc/driver.ts";
import type { Template } from "../../drivers/kit/driver.ts";
import { Reader } from "./agreement.ts";
import { inWords, message, pump, RackReader, RUNNING } from "./bcc-rack.ts";
import { expectLaws, join, randomOf, specimenOf } from "./streams.ts";

const { tx } = bbraunBcc;
const SEEDS = 200;

/** The driver on the agent's own link; `sent` in words: a request's text, "ACK", "NAK". */
class Talk {
  readonly reader = new Reader(bbraunBcc);
  #at = 0;
  #told = 0;
  sent(): readonly string[] {
    const words = this.reader.sent.slice(this.#told).map((bytes) => {
      if (bytes.length === 1) return bytes[0] === 0x06 ? "ACK" : "NAK";
      return Buffer.from(bytes.subarray(7, -7)).toString("utf8");
    });
    this.#told = this.reader.sent.length;
    return words;
  }
  pass(ms: number): readonly string[] {
    for (const end = this.#at + ms; this.#at < end; this.#at += 20) this.#hear(new Uint8Array());
    return this.sent();
  }
  say(...frames: readonly Uint8Array[]): readonly string[] {
    for (const frame of frames) this.#hear(frame);
    return this.pass(200);
  }
  #hear(bytes: Uint8Array): void {
    this.reader.hear(bytes, (BigInt(this.#at) * 1_000_000n) as Mono);
  }
}
const ALIVE = "1/1/1>ADMIN:ALIVE";
const STUFFED = "1/1/1>AEXMIN:ALIVEE";
const ACK = message("206,50100,GNACK,0");
const VERSION = message("207,50100,V3.30");

describe("the line", () => {
  test("is asked who is there, in both ways of writing, until somebody answers (BB-13, BB-15)", () => {
    const talk = new Talk();
    expect(talk.pass(100)).toEqual([ALIVE]);
    expect(talk.pass(3000)).toEqual([STUFFED]);
    expect(talk.pass(5100)).toEqual([ALIVE]);
  });

  test("is asked for version and memory under the bed id that it told, each block acknowledged (BB-12, BB-14)", () => {
    const talk = new Talk();
    talk.pass(100);
    expect(talk.say(ACK)).toEqual(["ACK", "SpaceCOM/1/1>ADMIN:VERSION"]);
    expect(talk.say(VERSION)).toEqual(["ACK"]);
    expect(talk.pass(1000)).toEqual(["SpaceCOM/1/1>MEM:GET"]);
    expect(talk.say(message(pump("11", RUNNING), { more: true }))).toEqual(["ACK"]);
    expect(talk.say(message(pump("12", RUNNING)))).toEqual(["ACK"]);
    expect(talk.pass(1000)).toEqual(["SpaceCOM/1/1>MEM:GET"]);
    expect(inWords(talk.reader.readings)).toContain("12 MDC_FLOW_FLUID_PUMP 12.50");
  });

  test("is spoken to stuffed where it answers stuffed, also after it was silent (BB-13)", () => {
    const talk = new Talk();
    talk.pass(3100);
    expect(talk.say(message("206,50100,GNACK,0", { stuffed: true }))).toEqual(["ACK", "SpaceeCOM/1/1>AEXMIN:VEERSION"]);
    expect(talk.pass(5100)).toEqual([STUFFED]);
  });

  test("is spoken to in the way that was answered, also where the answer itself does not show it (BB-13)", () => {
    const talk = new Talk();
    talk.pass(3100);
    expect(talk.say(message("206,50100,GNACK,0", { stuffed: true, bed: "ICU 4" }))).toEqual(["ACK", "ICU 4/1/1>AEXMIN:VEERSION"]);
    talk.say(message("207,50100,V3.30", { stuffed: true, bed: "ICU 4" }));
    expect(talk.pass(1000)).toEqual(["ICU 4/1/1>MEEM:GEET"]);
  });

  test("is asked for a block again where its sum is wrong, and three times at most", () => {
    const talk = new Talk();
    talk.pass(100);
    talk.say(ACK);
    talk.say(VERSION);
    talk.pass(1000);
    const wrong = message(pump("11", RUNNING), { sum: 0 });
    for (let times = 0; times < 3; times++) expect(talk.say(wrong)).toEqual(["NAK"]);
    expect(talk.say(wrong)).toEqual([]);
    expect(talk.pass(2100)).toEqual([ALIVE]);
  });

  test("that answers late, with what was asked before, is not taken for an answer to what is asked now", () => {
    const talk = new Talk();
    talk.pass(100);
    expect(talk.say(message(pump("11", RUNNING)))).toEqual([]);
    expect(talk.say(ACK)).toEqual(["ACK", "SpaceCOM/1/1>ADMIN:VERSION"]);
  });

  test("of a rack without pumps is asked on (BB-10)", () => {
    const talk = new Talk();
    talk.pass(100);
    talk.say(ACK);
    talk.say(VERSION);
    talk.pass(1000);
    expect(talk.say(message("210,50100,GNERR,11"))).toEqual(["ACK"]);
    expect(talk.pass(1000)).toEqual(["SpaceCOM/1/1>MEM:GET"]);
  });
});

describe("what may be sent", () => {
  test("reads: ALIVE, VERSION, GET, GETSLOT, and one byte that acknowledges or asks again (BB-15)", () => {
    const bed = Object.fromEntries([..."abcdefghijklmno"].map((letter, i) => [`bed${i + 1}`, letter.charCodeAt(0)]));
    const sent = Object.values(tx as Readonly<Record<string, Template<string>>>).map((template) =>
      Buffer.from(template.encode({ ...bed, stuffed: 0, pillar: 3, slot: 24 })).toString("latin1"),
    );
    expect(sent.map((text) => (text.length === 1 ? text : text.slice(7, -7)))).toEqual([
      "1/1/1>ADMIN:ALIVE",
      "abcdefghijklmno/1/1>ADMIN:VERSION",
      "abcdefghijklmno/1/1>MEM:GET",
      "abcdefghijklmno/1/1>MEM:GETSLOT#3O",
      "\x06",
      "\x15",
    ]);
  });

  test("has bounded holes: no other slot, and no bed id that would end early or hold a command", () => {
    const good = { bed1: 0x31, stuffed: 0, pillar: 1, slot: 1 };
    const slot = tx.slot as Template<string>;
    expect(() => slot.encode(good)).not.toThrow();
    for (const bad of [
      { pillar: 4 },
      { slot: 0 },
      { slot: 25 },
      { slot: 1.5 },
      { stuffed: 2 },
      { bed1: 0x2f },
      { bed1: 3 },
      { bed1: 0 },
      { bed1: 0xd800 },
    ])
      expect(() => slot.encode({ ...good, ...bad }), JSON.stringify(bad)).toThrow(RangeError);
  });
});

// ── Whatever comes ──────────────────────────────────────────────────────────────────────────────────────────────────

const FRAMES = [
  ACK,
  VERSION,
  message(pump("11", { ...RUNNING, INSOL: "Dobutamine", INDCON: "1.0", INDCONU: "31", INBOCNT: "1" })),
  message([pump("12", RUNNING), pump("3O", { ...RUNNING, INA3: "1", INRMT: "65535" })].join("\x1e"), { more: true }),
  message([pump("3O", { INSERNUM: "77" }), pump("21", { INVI: "_NV" })].join("\x1e"), { stuffed: true }),
  message("310,50100,GNERR,11"),
  message("310,50113,GNERR,39"),
];

test("the framing laws hold on frames of a rack", () => {
  expectLaws(specimenOf(bbraunBcc.id, bbraunBcc.frame, FRAMES), SEEDS);
});

test("whatever comes is decoded: the same each time, declared metrics only, each once for a pump, in a small memory", () => {
  const declared = new Set<unknown>(bbraunBcc.metrics);
  for (let seed = 1; seed <= SEEDS / 4; seed++) {
    const random = randomOf(seed);
    const reader = new RackReader();
    for (let count = 0; count < 30; count++) {
      const frame = changed(FRAMES[random.below(FRAMES.length)]!, FRAMES[random.below(FRAMES.length)]!, random);
      const gap = random.below(4) === 0 ? random.below(100) : 0;
      const before = reader.memory;
      const readings = reader.hear(frame, gap);
      expect(bbraunBcc.decode(frame, before, gap)).toEqual({ readings, memory: reader.memory });
      const keys = readings.flatMap((reading) => ("metric" in reading ? [`${reading.node?.join("") ?? ""} ${reading.metric.refid}`] : []));
      expect(new Set(keys).size, `seed ${seed}: ${keys.join()}`).toBe(keys.length);
      for (const reading of readings) if ("metric" in reading) expect(declared.has(reading.metric)).toBe(true);
      expect(JSON.stringify(reader.memory).length).toBeLessThan(4096);
    }
  }
});

/** Text of two answers spliced where it hurts, with a length and a sum that hold; or bytes changed, which do not. */
function changed(one: Uint8Array, other: Uint8Array, random: ReturnType<typeof randomOf>): Uint8Array {
  if (random.below(4) === 0) return one.with(random.below(one.length), random.below(256));
  const text = (frame: Uint8Array): string =>
    Buffer.from(frame.subarray(7, -7))
      .toString("utf8")
      .replace(/^[^>]*>/, "");
  const [a, b] = [text(one), text(other)];
  const spliced = a.slice(0, random.below(a.length + 1)) + b.slice(random.below(b.length + 1));
  return message(spliced, { more: random.below(2) === 0, bed: random.below(8) === 0 ? "other" : "SpaceCOM" });
}

test("a stream of blocks survives being cut anywhere", () => {
  const stream = join(...FRAMES);
  const told = (size: number): readonly string[] => {
    const reader = new Reader(bbraunBcc);
    for (let at = 0; at < stream.length; at += size) reader.hear(stream.subarray(at, at + size), BigInt(Milliseconds(1)) as Mono);
    return inWords(reader.readings);
  };
  for (const size of [1, 7, 64]) expect(told(size)).toEqual(told(stream.length));
});
