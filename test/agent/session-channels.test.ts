import { describe, expect, test } from "vitest";
import { Link } from "../../agent/session/link.ts";
import { wireMetric } from "../../agent/wire/records.ts";
import { after, Milliseconds, type Mono, Seconds } from "../../config/units.ts";
import { decimal } from "../../drivers/kit/decimal.ts";
import { driver, type Template } from "../../drivers/kit/driver.ts";
import type { Rate, Reading, WaveMetric } from "../../drivers/kit/reading.ts";
import { answerOf, commandOf, DEMUX } from "../drivers/specimens.ts";
import { join } from "../drivers/streams.ts";
import { Room } from "./session-room.ts";

const CURVE: WaveMetric = { kind: "wave", refid: "test.curve", unit: "MDC_DIM_MILLI_BAR" };
const ASK: Template = { holes: [], encode: () => commandOf("?") };
type Gaps = readonly (readonly [mark: number, gap: number])[];

/** Asks, and notes what it was answered; remembers the gap before each frame. The third byte of an answer tells the curve's rate. */
const talker = (got: string[] = []) =>
  driver({
    id: "talker",
    device: "talker",
    grade: "document",
    line: { speed: 9600, format: "8N1", modemLines: "untouched" },
    quiet: Seconds(3),
    proof: 2,
    frame: DEMUX.framing,
    metrics: [CURVE],
    tx: { ASK },
    memory: [] as Gaps,
    decode: (frame, memory: Gaps, gap) => ({ readings: readingsOf(frame), memory: [...memory, [frame[0]!, gap] as const] }),
    *run(line) {
      yield* line.send("ASK");
      for (;;) {
        const answer = yield* line.expect({ answer: (frame) => frame[0] === 1, command: (frame) => frame[0] === 0x1b }, Seconds(1));
        got.push(answer.got === "broken" ? `broken ${answer.channel}` : answer.got);
      }
    },
  });
function readingsOf(frame: Uint8Array): readonly Reading[] {
  if (frame[0] !== 0xd1) return [];
  const rate: Rate = [frame[1]! & 0x3f, 1];
  const scale = [
    { raw: 0, physical: decimal(-10) },
    { raw: 880, physical: decimal(100) },
  ] as const;
  return [{ told: "wave", metric: CURVE, samples: [frame[2]! & 0x3f], first: 0, rate, scale }];
}
const record = (rate: number, value: number): Uint8Array => Uint8Array.of(0xd1, 0x80 | rate, 0x80 | value);
const HEAD = Uint8Array.of(0xd0);
const at = (ms: number): Mono => after(0n as Mono, Milliseconds(ms));
const linkOf = (got: string[] = []) => new Link(talker(got), { bytes: 0, frames: 0, framed: 0, discarded: 0, broken: 0 });

describe("a line of several channels", () => {
  test("gives each frame the bytes that were discarded on its own channel, and counts them all", () => {
    const link = linkOf();
    const torn = answerOf("torn").subarray(0, -1);
    const stream = join(Uint8Array.of(0x85, 0x86), torn, record(1, 2), answerOf("a"), record(1, 3), HEAD, record(1, 4), HEAD);
    const { decoded } = link.push(stream, at(0));
    expect(decoded.map(({ frame, clean, aside }) => [frame[0], clean, aside])).toEqual([
      [0x01, false, false],
      [0xd1, false, true],
      [0xd1, true, true],
      [0xd0, true, true],
      [0xd1, true, true],
    ]);
    expect(link.counts.bytes).toBe(stream.length);
    expect(link.counts.framed + link.counts.discarded + link.pending).toBe(stream.length);
  });

  test("is asked and answers on the channels of the talk: curves answer nothing, and do not lengthen the wait", () => {
    const got: string[] = [];
    const link = linkOf(got);
    link.push(new Uint8Array(), at(0));
    for (let ms = 20; ms < 1000; ms += 20) link.push(join(record(1, 2), Uint8Array.of(0xd1, 0x80)), at(ms));
    expect(got).toEqual([]);
    link.push(record(1, 2), at(1000));
    expect(got).toEqual(["nothing"]);
    const broken = (frame: Uint8Array): Uint8Array => frame.with(frame.length - 2, frame.at(-2)! ^ 1);
    link.push(join(broken(answerOf("a")), broken(commandOf("c")), answerOf("a"), commandOf("c")), at(1020));
    expect(got.slice(1)).toEqual(["broken rest", "broken nested", "answer", "command"]);
  });

  test("is proved, and kept awake, by frames of the talk only", async () => {
    const room = new Room({ driver: talker() });
    await room.tick();
    await room.tick();
    for (let i = 0; i < 20; i++) await room.tick(record(62, i), HEAD);
    expect(room.session.view().phase).toBe("proving");
    await room.tick(answerOf("a"), commandOf("b"));
    expect(room.session.view().phase).toBe("streaming");
    // The last one waits for more of its block.
    expect(room.taken().filter((said) => said.startsWith("wave"))).toHaveLength(19);
    await room.tick(record(62, 1), HEAD);
    expect(room.taken()).toEqual(["wave 1 nothing"]);
    for (let i = 0; i < 150; i++) await room.tick(record(62, 1), HEAD);
    expect(room.taken()).toContain("end 1 silent");
  });

  test("carries a wave in the shape that the device told, as one metric for each shape", () => {
    const link = linkOf();
    const { decoded } = link.push(join(record(62, 1), record(62, 2), record(31, 3), record(62, 4), HEAD), at(0));
    const metrics = decoded.flatMap(({ readings }) => readings.flatMap((reading) => (reading.told === "wave" ? [reading.metric] : [])));
    expect(new Set(metrics).size).toBe(2);
    expect(metrics.map(({ rate }) => rate?.[0])).toEqual([62, 62, 31, 62]);
    expect(metrics[0]).toMatchObject({ refid: "test.curve", unit: "MDC_DIM_MILLI_BAR", scale: [{ raw: 0 }, { raw: 880 }] });
    expect(CURVE).not.toHaveProperty("scale");
    expect(wireMetric(1, metrics[0]!)).toMatchObject({ rateSamples: 62, rateSeconds: 1, scale: { low: { raw: 0 }, high: { raw: 880 } } });
    expect(wireMetric(1, CURVE)).not.toHaveProperty("rateSamples");
  });
});
