import { describe, expect, test } from "vitest";
import { after, Milliseconds, type Mono } from "../../config/units.ts";
import { DialogueRunner } from "../../drivers/kit/dialogue.ts";
import { driver } from "../../drivers/kit/driver.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import { decodeMessage } from "../../drivers/philips-intellivue/decode-message.ts";
import { dialogue } from "../../drivers/philips-intellivue/dialogue.ts";
import { philipsIntellivue } from "../../drivers/philips-intellivue/driver.ts";
import { MESSAGES } from "../../drivers/philips-intellivue/request.ts";
import { messageOf } from "../../drivers/philips-intellivue/serial-frame.ts";
import { Reader } from "./agreement.ts";
import {
  abort,
  accepted,
  attribute,
  type Bytes,
  command,
  created,
  data,
  errorOf,
  frame,
  hex,
  list,
  MONITOR,
  numericOf,
  refusal,
  releaseAnswer,
  result,
  u32,
} from "./philips-intellivue-bytes.ts";
import { framesOf } from "./streams.ts";

const HOLES = { invoke: 0x0101, pollTicks: 320_000, leaseTicks: 320_000 };
const INVOKE_AT = 8;
type Name = keyof typeof MESSAGES;
/** A request as text without its invoke id. */
const bare = (message: Uint8Array): string => {
  const text = Buffer.from(message).toString("hex");
  return message[0] === 0xe1 ? text.slice(0, 2 * INVOKE_AT) + text.slice(2 * INVOKE_AT + 4) : text;
};
const NAMES: ReadonlyMap<string, Name> = new Map(Object.entries(MESSAGES).map(([name, { encode }]) => [bare(encode(HOLES)), name as Name]));

type Asked = { readonly ms: number; readonly name: Name; readonly invoke: number };
/** What a monitor does: at once when it is asked, or by itself each 100 ms. */
type Script = { readonly answers?: (asked: Asked) => readonly Bytes[]; readonly speaks?: (ms: number) => readonly Bytes[] };
const TICK_MS = 100;
const TURNS_MAX = 20;

/** A scripted line in simulated time; what was asked of it. */
function play({ answers = () => [], speaks = () => [] }: Script, seconds: number) {
  const reader = new Reader(philipsIntellivue);
  const framer = createFramer(philipsIntellivue.frame);
  const asked: Asked[] = [];
  const hear = (messages: readonly Bytes[], now: Mono) => {
    for (const message of messages) reader.hear(frame(message), now);
  };
  const take = (bytes: Uint8Array, ms: number, now: Mono) => {
    const message = messageOf(bytes) ?? new Uint8Array();
    const name = NAMES.get(bare(message));
    expect(name, `sent, and no request of ours: ${Buffer.from(message).toString("hex")}`).toBeDefined();
    const one = { ms, name: name!, invoke: Buffer.from(message).readUInt16BE(INVOKE_AT) };
    asked.push(one);
    hear(answers(one), now);
  };
  for (let ms = 0; ms < seconds * 1000; ms += TICK_MS) {
    const now = after(0n as Mono, Milliseconds(ms));
    reader.hear(new Uint8Array(), now);
    hear(speaks(ms), now);
    // An answer may be answered at once, as often as it takes; a driver that never stops would hold the loop.
    for (let turn = 0; reader.writes.length > 0; turn++) {
      expect(turn).toBeLessThan(TURNS_MAX);
      for (const bytes of reader.writes.splice(0).flatMap((written) => framesOf(framer.push(written)))) take(bytes, ms, now);
    }
  }
  return { asked, names: asked.map(({ name }) => name), readings: reader.readings };
}
const times = (asked: readonly Asked[], wanted: Name): readonly number[] =>
  asked.filter(({ name }) => name === wanted).map(({ ms }) => ms / 1000);

/** A monitor that does what its paper says, in as few words as a dialogue needs. */
function monitor({ options = 0x8800_0000, waves = [0x00024bb4] as readonly number[], grant = accepted({ options }) } = {}) {
  const state = { polled: false, released: 0 };
  const script = {
    answers: ({ name, invoke }: Asked): readonly Bytes[] => {
      switch (name) {
        case "ASSOCIATE":
          return [grant, created(0x77)];
        case "POLL_NUMERICS":
          state.polled = true;
          return [];
        case "ASK_NUMERICS":
          return [numerics()];
        case "GET_WAVES":
          return [data(2, command(invoke, 3, MONITOR, list(attribute(0xf23a, list(...waves.map(u32))))))];
        case "SET_WAVES":
          return [data(2, command(invoke, 5, MONITOR, list()))];
        case "RELEASE":
          state.released += 1;
          state.polled = false;
          return [releaseAnswer];
        default:
          return [];
      }
    },
    speaks: (ms: number): readonly Bytes[] => (state.polled && ms % 1000 === 0 ? [numerics()] : []),
  };
  return { state, script };
}
const numerics = (): Bytes => result({ polled: 6, objects: [numericOf(1, 0x4bb8, 0xff0003b6)] });

describe("requests", () => {
  test("have the bytes of the paper (IV-16, IV-17)", () => {
    const text = (name: Name, fill: Partial<typeof HOLES> = {}) =>
      Buffer.from(MESSAGES[name].encode({ ...HOLES, ...fill })).toString("hex");
    expect(text("POLL_MONITOR", { invoke: 0x3e9 })).toBe("e10000020001001c03e900070016002100000000000000000c16000800000001" + "00210000");
    expect(text("POLL_NUMERICS", { invoke: 0x3eb, leaseTicks: 16_000 })).toBe(
      "e10000020001002803eb000700220021000000000000" + "0000f13b001400000001000600000001" + "0008f13e000400003e80",
    );
    expect(text("CREATED", { invoke: 1 })).toBe("e10000020002001400010001000e002100000000000000000d060000");
    const association = MESSAGES.ASSOCIATE.encode(HOLES);
    expect([association.length, association[1], association[17]]).toEqual([238, 0xec, 0xdc]);
    expect(text("RELEASE")).toHaveLength(52);
  });

  test("are bounded in every hole", () => {
    for (const invoke of [-1, 0x10000, 1.5, Number.NaN]) expect(() => MESSAGES.POLL_MONITOR.encode({ invoke })).toThrow(RangeError);
    for (const leaseTicks of [0, 480_001]) expect(() => MESSAGES.POLL_WAVES.encode({ invoke: 1, leaseTicks })).toThrow(RangeError);
    for (const pollTicks of [0, 344_001]) expect(() => MESSAGES.ASSOCIATE.encode({ pollTicks })).toThrow(RangeError);
  });

  test("never ask for demographics, and set nothing but the list of waves (IV-10, IV-25)", () => {
    for (const [name, { encode }] of Object.entries(MESSAGES)) {
      const text = Buffer.from(encode(HOLES)).toString("hex");
      expect(text, name).not.toMatch(/0001002a|0807$/);
      if (text.startsWith("e100000200010") && name !== "SET_WAVES") expect(text.slice(20, 24), name).toMatch(/0003|0007/);
    }
  });
});

test("messages and dialogue serve a link without frames as they are", () => {
  const datagrams = driver({
    ...philipsIntellivue,
    frame: { fixed: { length: 1, accepts: () => true } },
    tx: MESSAGES,
    decode: decodeMessage,
    run: dialogue((datagram) => datagram),
  });
  const runner = new DialogueRunner(datagrams, () => datagrams.memory);
  const now = after(0n as Mono, Milliseconds(0));
  const seen = (message: Bytes) => ({ saw: "frame", seen: { frame: Uint8Array.from(message), readings: [], at: now } }) as const;
  expect(runner.step(now).writes).toEqual([MESSAGES.ASSOCIATE.encode(HOLES)]);
  expect(runner.step(now, seen(accepted())).writes).toEqual([]);
  // The memory is empty still, as after a monitor that is another one: what was granted is known all the same.
  const [answer, poll] = runner.step(now, seen(created(3))).writes;
  expect(answer).toEqual(MESSAGES.CREATED.encode({ invoke: 3 }));
  expect(NAMES.get(bare(poll!))).toBe("POLL_NUMERICS");
  expect(datagrams.decode(Uint8Array.from(numerics()), datagrams.memory, 0).readings[1]).toMatchObject({ told: "number" });
});

describe("an association", () => {
  test("is opened, its create event answered, and polled", () => {
    const { names, readings } = play(monitor().script, 5);
    expect(names).toEqual(["ASSOCIATE", "CREATED", "POLL_NUMERICS", "POLL_ALERTS", "POLL_MONITOR", "GET_WAVES", "POLL_WAVES"]);
    expect(readings.filter(({ told }) => told === "number").length).toBeGreaterThanOrEqual(4);
  });

  test("answers the very event that came", () => {
    expect(play(monitor().script, 1).asked.find(({ name }) => name === "CREATED")?.invoke).toBe(0x77);
  });

  test("is renewed before its leases end, and kept alive in between", () => {
    const { asked } = play(monitor().script, 70);
    expect(times(asked, "POLL_NUMERICS")).toEqual([0, 30, 60]);
    expect(times(asked, "POLL_WAVES")).toEqual([0, 30, 60]);
    expect(times(asked, "POLL_MONITOR")).toEqual([0, 15, 30, 45, 60]);
    expect(times(asked, "ASSOCIATE")).toEqual([0]);
    expect(new Set(asked.slice(2).map(({ invoke }) => invoke)).size).toBe(asked.length - 2);
  });

  test("is kept alive faster where the monitor grants a shorter period", () => {
    const { asked } = play(monitor({ grant: accepted({ pollTicks: 48_000 }) }).script, 10);
    expect(times(asked, "POLL_MONITOR")).toEqual([0, 3, 6, 9]);
  });

  test("sets the list of waves where it is empty, and only then (IV-24)", () => {
    expect(play(monitor({ waves: [] }).script, 5).names.slice(5)).toEqual(["GET_WAVES", "SET_WAVES", "POLL_WAVES"]);
    expect(play(monitor({ waves: [1, 2] }).script, 5).names).not.toContain("SET_WAVES");
  });

  test("asks for no waves where they were not granted, and for single answers where nothing was (IV-16)", () => {
    const noWaves = play(monitor({ options: 0x8000_0000 }).script, 40).names;
    expect(noWaves).not.toContain("GET_WAVES");
    expect(noWaves).not.toContain("POLL_WAVES");
    for (const grant of [accepted({ options: 0 }), hex("0E 04 05 08 13 01")]) {
      const { asked } = play(monitor({ grant }).script, 20);
      expect(new Set(asked.map(({ name }) => name))).toEqual(
        new Set(["ASSOCIATE", "CREATED", "POLL_MONITOR", "ASK_NUMERICS", "ASK_ALERTS"]),
      );
      expect(times(asked, "ASK_NUMERICS").length).toBeGreaterThanOrEqual(5);
    }
  });

  test("does not send again what was refused, and asks for numerics one by one then", () => {
    const { script } = monitor();
    const refuses: readonly Name[] = ["POLL_NUMERICS", "POLL_WAVES", "POLL_ALERTS"];
    const answers = (asked: Asked) => (refuses.includes(asked.name) ? [errorOf(asked.invoke)] : script.answers(asked));
    const { asked } = play({ ...script, answers }, 40);
    expect(times(asked, "POLL_NUMERICS")).toEqual([0]);
    expect(times(asked, "POLL_WAVES")).toEqual([0]);
    expect(times(asked, "ASK_NUMERICS").length).toBeGreaterThanOrEqual(10);
    expect(times(asked, "ASK_ALERTS")).toEqual(times(asked, "ASK_NUMERICS"));
    const speaks = (ms: number) => (ms > 0 && ms % 500 === 0 ? [result({ polled: 0x36, objects: [] })] : []);
    const busy = play({ answers, speaks }, 40).asked;
    expect(times(busy, "ASK_NUMERICS").length).toBeGreaterThanOrEqual(15);
    expect(times(busy, "RELEASE")).toEqual([]);
  });

  test("ends with a release and is opened anew", () => {
    for (const end of [abort, refusal, releaseAnswer]) {
      const { script } = monitor();
      const speaks = (ms: number) => (ms === 8000 ? [end] : script.speaks(ms));
      const { asked } = play({ ...script, speaks }, 16);
      expect(times(asked, "RELEASE")).toEqual([8]);
      expect(times(asked, "ASSOCIATE")).toEqual([0, 13]);
    }
  });

  test("that the monitor grants twice begins with its create event again", () => {
    const { script } = monitor();
    const speaks = (ms: number) => (ms === 8000 ? [accepted(), created(0x78)] : script.speaks(ms));
    const { asked, names } = play({ ...script, speaks }, 12);
    expect(asked.filter(({ name }) => name === "CREATED").map(({ ms, invoke }) => [ms, invoke])).toEqual([
      [0, 0x77],
      [8000, 0x78],
    ]);
    expect(names.filter((name) => name === "POLL_NUMERICS")).toHaveLength(2);
    expect(names.filter((name) => name === "ASSOCIATE")).toHaveLength(1);
  });

  test("answers a create event that comes again, and polls again", () => {
    const { script } = monitor();
    const speaks = (ms: number) => (ms === 3000 ? [created(0x79)] : script.speaks(ms));
    const { asked } = play({ ...script, speaks }, 5);
    expect(times(asked, "CREATED")).toEqual([0, 3]);
    expect(times(asked, "POLL_NUMERICS")).toEqual([0, 3]);
  });
});

describe("a monitor", () => {
  test("that never answers is asked four times, released, and asked again", () => {
    const { asked, names } = play({}, 20);
    expect(names.slice(0, 6)).toEqual(["ASSOCIATE", "ASSOCIATE", "ASSOCIATE", "ASSOCIATE", "RELEASE", "ASSOCIATE"]);
    expect(times(asked, "ASSOCIATE").slice(0, 5)).toEqual([0, 1, 2, 3, 9]);
  });

  test("that answers late is heard, also to the request before", () => {
    const late: [number, Bytes][] = [];
    const { script, state } = monitor();
    const answers = (asked: Asked) => {
      if (asked.name !== "ASSOCIATE") return script.answers(asked);
      if (late.length === 0) late.push([asked.ms + 1500, accepted()], [asked.ms + 6500, created(5)]);
      return [];
    };
    const speaks = (ms: number) => [...late.filter(([at]) => at === ms).map(([, message]) => message), ...script.speaks(ms)];
    const { asked } = play({ answers, speaks }, 20);
    expect(times(asked, "ASSOCIATE")).toEqual([0, 1]);
    expect(times(asked, "CREATED")).toEqual([6.5]);
    expect(state.released).toBe(0);
  });

  test("whose answer to a release comes late is not taken to refuse", () => {
    const { script } = monitor();
    const answers = (asked: Asked) => (asked.name === "ASSOCIATE" ? [releaseAnswer, ...script.answers(asked)] : script.answers(asked));
    expect(play({ ...script, answers }, 3).names.slice(0, 2)).toEqual(["ASSOCIATE", "CREATED"]);
  });

  test("whose list of waves is of another request is asked on", () => {
    const { script } = monitor({ waves: [] });
    const stale = data(2, command(0x4242, 3, MONITOR, list(attribute(0xf23a, list(u32(1))))));
    const answers = (asked: Asked) => (asked.name === "GET_WAVES" ? [stale, ...script.answers(asked)] : script.answers(asked));
    expect(play({ ...script, answers }, 3).names).toContain("SET_WAVES");
  });

  test("that accepts and sends no create event is released", () => {
    const answers = ({ name }: Asked) => (name === "ASSOCIATE" ? [accepted()] : []);
    expect(play({ answers }, 14).names).toEqual(["ASSOCIATE", "RELEASE"]);
    const speaks = (ms: number) => (ms % 1000 === 500 ? [numerics()] : []);
    const { asked } = play({ answers, speaks }, 14);
    expect(times(asked, "CREATED")).toEqual([]);
    expect(times(asked, "RELEASE")).toEqual([10.5]);
  });

  test("that falls silent is polled again twice, and then released", () => {
    const answers = ({ name }: Asked) => (name === "ASSOCIATE" ? [accepted({ options: 0x8000_0000 }), created()] : []);
    const { asked } = play({ answers }, 12);
    expect(times(asked, "POLL_NUMERICS")).toEqual([0, 3, 6]);
    expect(times(asked, "RELEASE")).toEqual([9]);
  });

  test("that sends everything but numerics is released after ten seconds", () => {
    const answers = ({ name }: Asked) => (name === "ASSOCIATE" ? [accepted({ options: 0x8000_0000 }), created()] : []);
    const speaks = (ms: number) => (ms > 0 && ms % 500 === 0 ? [result({ polled: 0x36, objects: [] })] : []);
    expect(times(play({ answers, speaks }, 13).asked, "RELEASE")).toEqual([10]);
  });

  test("that still serves an association which nobody keeps is released first", () => {
    const { script, state } = monitor();
    const speaks = (ms: number) => (state.released === 0 && ms % 1000 === 500 ? [numerics()] : script.speaks(ms));
    const answers = (asked: Asked) => (state.released === 0 && asked.name === "ASSOCIATE" ? [] : script.answers(asked));
    const { names } = play({ answers, speaks }, 10);
    expect(names.slice(0, 4)).toEqual(["ASSOCIATE", "RELEASE", "ASSOCIATE", "CREATED"]);
  });

  test("that babbles events is answered without end or hurry, and never by more than it asked", () => {
    const { script } = monitor();
    const speaks = (ms: number) => [created(ms / TICK_MS), ...script.speaks(ms)];
    const { asked } = play({ ...script, speaks }, 20);
    expect(times(asked, "CREATED").length).toBeLessThanOrEqual(202);
    expect(times(asked, "POLL_NUMERICS").length).toBeLessThanOrEqual(11);
  });
});
