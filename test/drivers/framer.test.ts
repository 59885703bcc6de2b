import { describe, expect, test } from "vitest";
import { Milliseconds } from "../../config/units.ts";
import { createFramer, frameMax, type Output, unstuff } from "../../drivers/kit/framer.ts";
import { answerOf, commandOf, DELIMITED, DEMUX, FIXED, HEADED, LENGTH, LINES, NONIN, PB840, SPECIMENS, STUFFED } from "./specimens.ts";
import { ascii, brokenOf, changed, expectFramed, expectLaws, framesOf, heldMax, join, merged, randomOf } from "./streams.ts";

const SEEDS = 300;
const NOISE_BYTES = 10_000_000;
/** Generous for a slow machine under load; a quadratic rescan of 10 MB would take hours. */
const NOISE_MILLISECONDS = 8_000;
const TEST_MILLISECONDS = 60_000;

describe.each(SPECIMENS)("a framer of $name frames", (specimen) => {
  const { framing, good, quiet, bait } = specimen;
  // Noise changes the channel at nearly every byte, and each change costs about as much as ten bytes.
  const noiseBytes = "demux" in framing ? NOISE_BYTES / 4 : NOISE_BYTES;

  test(
    `keeps the laws of conservation, chunk invariance and resynchronisation over ${SEEDS} seeds`,
    () => {
      expectLaws(specimen, SEEDS);
    },
    TEST_MILLISECONDS,
  );

  test("finds every good frame among bytes in which none can begin", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = randomOf(seed);
      const goods = Array.from({ length: 8 }, () => good(random));
      const stream = join(
        quiet(random, 20),
        ...goods.flatMap((frame) => [frame, quiet(random, random.below(3) === 0 ? 0 : 1 + random.below(9))]),
      );
      expect(framesOf(createFramer(framing).push(stream)), `seed ${seed}`).toEqual(goods);
    }
  });

  test("counts a complete frame whose check fails once", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = randomOf(seed);
      const frame = good(random);
      const at = frame.length - specimen.checkAt;
      // FE with its first bit changed would be a flag.
      const damaged = changed(frame, at, frame[at] === 0xfe ? 0x01 : 0x80);
      const stream = join(quiet(random, 9), damaged, quiet(random, 9), good(random), quiet(random, 9));
      const outputs = createFramer(framing).push(stream);
      expect(brokenOf(outputs), `seed ${seed}`).toBe(specimen === LINES ? 3 : 1); // the quiet of LINES is a bad line, twice
      expect(framesOf(outputs), `seed ${seed}`).toHaveLength(1);
    }
  });

  // Without a start mark no frame can begin within a bad one.
  if (specimen !== LINES)
    test("loses no good frame behind a broken one that claims to reach over it", () => {
      const random = randomOf(7);
      const frame = good(random);
      const stream = join(bait, frame.subarray(0, frame.length - 1), frame, quiet(random, frameMax(framing)));
      expect(framesOf(createFramer(framing).push(stream))).toContainEqual(frame);
    });

  test(
    `reads ${noiseBytes / 1e6} MB of noise, and a tenth of bait, in linear time and bounded memory`,
    () => {
      const random = randomOf(11);
      const piece = random.bytes(65_536);
      const baits = join(...Array.from({ length: Math.ceil(65_536 / bait.length) }, () => bait)).subarray(0, 65_536);
      for (const [bytes, total] of [[piece, noiseBytes] as const, [baits, noiseBytes / 10] as const]) {
        const framer = createFramer(framing);
        const began = performance.now();
        let discarded = 0;
        let framed = 0;
        for (let read = 0; read < total; read += bytes.length) {
          for (const output of framer.push(bytes)) {
            if ("frame" in output) framed += output.frame.length;
            else discarded += output.discard;
          }
          expect(framer.pending).toBeLessThanOrEqual(heldMax(framing));
        }
        expect(discarded + framed + framer.pending).toBeGreaterThanOrEqual(total);
        expect(performance.now() - began).toBeLessThan(NOISE_MILLISECONDS);
      }
    },
    TEST_MILLISECONDS,
  );
});

test("a frame is the framer's own copy and stays as it was", () => {
  const random = randomOf(3);
  const frame = FIXED.good(random);
  const framer = createFramer(FIXED.framing);
  const [output] = framer.push(frame);
  for (let i = 0; i < 50; i++) framer.push(random.bytes(40));
  expect(output).toEqual({ frame });
});

test("a header that claims more than will come is given up when its idle time is over, and what stands behind it is read", () => {
  const frame = LENGTH.good(randomOf(5));
  const framer = createFramer(LENGTH.framing);
  expect(framer.push(join(Uint8Array.of(0xe7, 0x01, 0x00), frame))).toEqual([]);
  expect(framer.pass(Milliseconds(400))).toEqual([]); // that in which they came
  expect(framer.pass(Milliseconds(49))).toEqual([]);
  expect(framer.pass(Milliseconds(1))).toEqual([{ discard: 3, broken: 0 }, { frame }]);
  expect(framer.pending).toBe(0);
});

test("a header that claims more than the longest frame costs one byte and is not counted as broken", () => {
  expect(createFramer(LENGTH.framing).push(Uint8Array.of(0xe7, 0xff, 0xf0, 0, 0))).toEqual([{ discard: 5, broken: 0 }]);
});

test("a silent line does not end a frame that has an end mark or a fixed length", () => {
  for (const { framing, good } of [FIXED, DELIMITED, STUFFED, NONIN, PB840]) {
    const frame = good(randomOf(2));
    const framer = createFramer(framing);
    framer.push(frame.subarray(0, -1));
    framer.pass(Milliseconds(20));
    expect(framer.pass(Milliseconds(3_600_000))).toEqual([]);
    expect(framer.push(frame.subarray(-1))).toEqual([{ frame }]);
  }
});

test("what is pending when the line ends is a discard, and a whole frame in it is a frame", () => {
  const frame = LENGTH.good(randomOf(5));
  const framer = createFramer(LENGTH.framing);
  framer.push(join(Uint8Array.of(0xe7, 0x01, 0x00), frame, Uint8Array.of(0xe7)));
  expect(merged(framer.flush())).toEqual([{ discard: 3, broken: 0 }, { frame }, { discard: 1, broken: 0 }]);
  expect(framer.push(frame)).toEqual([{ frame }]);
});

test("without a start mark the rest of a line is never read as a line of its own", () => {
  const framer = createFramer(LINES.framing);
  // Heard from its middle on, "-12.5, 4.0" would be 2.5.
  expect(framer.push(ascii("2.5, 4.0\n"))).toEqual([{ discard: 9, broken: 0 }]);
  expect(framer.push(ascii("-12.5, 4.0\n"))).toEqual([{ frame: ascii("-12.5, 4.0\n") }]);
  expect(framer.push(ascii("?12.5, 4.0\n"))).toEqual([{ discard: 11, broken: 1 }]);
  const long = `${"9".repeat(70)}12.5, 4.0\n`;
  expect(framesOf(framer.push(ascii(`${long}1.0, 2.0\n`)))).toEqual([ascii("1.0, 2.0\n")]);
});

test("one flag may close a frame and open the next, and flags in between are fill", () => {
  const random = randomOf(9);
  const [first, second, third] = [STUFFED.good(random), STUFFED.good(random), STUFFED.good(random)];
  const stream = join(first, second.subarray(1), Uint8Array.of(0x7e, 0x7e), third);
  const frames = framesOf(createFramer(STUFFED.framing).push(stream));
  const marks = { flag: 0x7e, escape: 0x7d, xor: 0x20 };
  expect(frames.map((frame) => unstuff(frame, marks))).toEqual([first, second, third].map((frame) => unstuff(frame, marks)));
  expect(frames.reduce((sum, frame) => sum + frame.length, 0)).toBe(stream.length);
});

test("a framing without room for a frame is refused", () => {
  expect(() => createFramer({ fixed: { length: 0, accepts: () => true } })).toThrow(RangeError);
  expect(() => createFramer({ delimited: { start: "", end: "\n", lengthMax: 9, accepts: () => true } })).toThrow(RangeError);
});

// ── Several channels ────────────────────────────────────────────────────────────────────────────────────────────────

/** A record of one stream, D1 to D1 + 2, is whole when the next head comes. */
const record = (value: number): Uint8Array => Uint8Array.of(0xd1, 0x80 | (value & 0x3f), 0x80 | (value >> 6));
const HEAD = Uint8Array.of(0xd0);
const ofChannel = (outputs: readonly Output[], name: string): Uint8Array[] => framesOf(outputs.filter(({ channel }) => channel === name));

test("a headed frame ends where the next begins, or when its channel has been silent", () => {
  const framer = createFramer(HEADED);
  expect(framer.push(join(Uint8Array.of(0x85), record(1)))).toEqual([{ discard: 1, broken: 0 }]);
  expect(framer.push(join(record(2), Uint8Array.of(0xd1, 0x80)))).toEqual([{ frame: record(1) }, { frame: record(2) }]);
  expect(framer.push(record(3))).toEqual([{ discard: 2, broken: 1 }]);
  framer.pass(Milliseconds(20));
  expect(framer.pass(Milliseconds(99))).toEqual([]);
  expect(framer.pass(Milliseconds(1))).toEqual([{ frame: record(3) }]);
  expect(framer.push(new Uint8Array(30).fill(0x80))).toEqual([{ discard: 30, broken: 0 }]);
});

test(`headed frames keep the laws of conservation and chunk invariance over ${SEEDS} seeds, and are found behind anything`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = randomOf(seed);
    const pieces = Array.from({ length: 12 }, () =>
      random.below(3) === 0 ? random.bytes(random.below(40)) : record(random.below(4096)).subarray(0, 1 + random.below(3)),
    );
    const framer = expectFramed(HEADED, join(...pieces), random);
    const good = record(random.below(4096));
    expect(framesOf(framer.push(join(HEAD, good, HEAD))).at(-1), `seed ${seed}`).toEqual(good);
  }
});

test("an answer with a command in it and curves and flow control around it is read whole, wherever they stand and however it is cut", () => {
  const random = randomOf(21);
  const [answer, command] = [answerOf("07D 12.3 05"), commandOf("R")];
  for (let place = 0; place <= answer.length; place++) {
    const slow = join(answer.subarray(0, place), command, answer.subarray(place));
    // Behind each byte of the slow channels one of the others, so that records and slow bytes interleave throughout.
    const between = join(record(81), Uint8Array.of(0x11), record(205), record(4095), Uint8Array.of(0x13), HEAD);
    const stream = Uint8Array.from([...slow].flatMap((byte, i) => [byte, between[i % between.length]!]));
    const whole = createFramer(DEMUX.framing).push(stream);
    expect(ofChannel(whole, "rest"), `command at byte ${place}`).toEqual([answer]);
    expect(ofChannel(whole, "nested")).toEqual([command]);
    expect(ofChannel(whole, "flow").length).toBeGreaterThan(1);
    expect(ofChannel(whole, "fast").slice(0, 2)).toEqual([record(81), record(205)]);
    for (let cut = 1; cut < stream.length; cut++) {
      const framer = createFramer(DEMUX.framing);
      const outputs = [stream.subarray(0, cut), stream.subarray(cut)].flatMap((part) => framer.push(part));
      expect(merged(outputs), `command at byte ${place}, cut at ${cut}`).toEqual(merged(whole));
    }
    expectFramed(DEMUX.framing, stream, random);
  }
});

test("a nested frame that was torn costs itself only: what shows it belongs to the frame that follows", () => {
  const [answer, command] = [answerOf("24EB 98"), commandOf("R")];
  for (let kept = 1; kept < command.length; kept++) {
    const torn = command.subarray(0, kept);
    const before = createFramer(DEMUX.framing).push(join(torn, answer));
    expect(before).toEqual([
      { discard: kept, broken: 0, channel: "nested" },
      { frame: answer, channel: "rest" },
    ]);
    const twice = createFramer(DEMUX.framing).push(join(torn, command));
    expect(twice).toEqual([
      { discard: kept, broken: 0, channel: "nested" },
      { frame: command, channel: "nested" },
    ]);
  }
  // It has no end: the bytes behind its longest length are no longer its own.
  const endless = join(Uint8Array.of(0x1b), ascii("x".repeat(39)), answer);
  expect(createFramer(DEMUX.framing).push(endless)).toEqual([
    { discard: 40, broken: 0, channel: "nested" },
    { frame: answer, channel: "rest" },
  ]);
});

test("what is discarded is told of the channel to which it belongs, and a broken record does not break the answer around it", () => {
  const answer = answerOf("24EB 98");
  const stream = join(answer.subarray(0, 4), Uint8Array.of(0xd1, 0x80, 0xd1), answer.subarray(4));
  expect(createFramer(DEMUX.framing).push(stream)).toEqual([
    { discard: 2, broken: 1, channel: "fast" },
    { frame: answer, channel: "rest" },
  ]);
});

test("each channel has a silence of its own: a record ends although answers go on", () => {
  const framer = createFramer(DEMUX.framing);
  framer.push(record(7));
  framer.pass(Milliseconds(20));
  for (let passed = 0; passed < 80; passed += 20) {
    expect(ofChannel(framer.push(answerOf("24")), "fast")).toEqual([]);
    expect(framer.pass(Milliseconds(20))).toEqual([]);
  }
  framer.push(ascii("."));
  expect(framer.pass(Milliseconds(20))).toEqual([{ frame: record(7), channel: "fast" }]);
});

test("only bytes that may be of an answer are heard", () => {
  const framer = createFramer(DEMUX.framing);
  framer.push(join(record(1), Uint8Array.of(0x11)));
  expect(framer.heard).toBe(false);
  framer.push(ascii("x"));
  expect(framer.heard).toBe(true);
  framer.pass(Milliseconds(20));
  expect(framer.heard).toBe(false);
});

test("channels that cannot be told apart are refused", () => {
  const rest = { frame: HEADED };
  const one = { bytes: [0x11], frame: HEADED };
  const nested = (start: string) => ({ never: [], frame: { delimited: { start, end: "\r", lengthMax: 9, accepts: () => true } } });
  for (const demux of [
    { byteClass: { one, two: one }, rest },
    { byteClass: { rest: one }, rest },
    { byteClass: { one: { ...one, bytes: [256] } }, rest },
    { byteClass: { one }, nested: nested("ab"), rest },
  ])
    expect(() => createFramer({ demux })).toThrow(RangeError);
});
