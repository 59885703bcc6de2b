import { describe, expect, test } from "vitest";
import { Milliseconds } from "../../config/units.ts";
import { createFramer, frameMax, unstuff } from "../../drivers/kit/framer.ts";
import { DELIMITED, FIXED, LENGTH, LINES, NONIN, PB840, SPECIMENS, STUFFED } from "./specimens.ts";
import { ascii, brokenOf, changed, expectLaws, framesOf, join, merged, randomOf } from "./streams.ts";

const SEEDS = 300;
const NOISE_BYTES = 10_000_000;
/** Generous for a slow machine under load; a quadratic rescan of 10 MB would take hours. */
const NOISE_MILLISECONDS = 8_000;
const TEST_MILLISECONDS = 60_000;

describe.each(SPECIMENS)("a framer of $name frames", (specimen) => {
  const { framing, good, quiet, bait } = specimen;

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
    `reads ${NOISE_BYTES / 1e6} MB of noise, and a tenth of bait, in linear time and bounded memory`,
    () => {
      const random = randomOf(11);
      const piece = random.bytes(65_536);
      const baits = join(...Array.from({ length: Math.ceil(65_536 / bait.length) }, () => bait)).subarray(0, 65_536);
      for (const [bytes, total] of [[piece, NOISE_BYTES] as const, [baits, NOISE_BYTES / 10] as const]) {
        const framer = createFramer(framing);
        const began = performance.now();
        let discarded = 0;
        let framed = 0;
        for (let read = 0; read < total; read += bytes.length) {
          for (const output of framer.push(bytes)) {
            if ("frame" in output) framed += output.frame.length;
            else discarded += output.discard;
          }
          expect(framer.pending).toBeLessThan(frameMax(framing));
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
  expect(framer.idle(Milliseconds(49))).toEqual([]);
  expect(framer.idle(Milliseconds(50))).toEqual([{ discard: 3, broken: 0 }, { frame }]);
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
    expect(framer.idle(Milliseconds(3_600_000))).toEqual([]);
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
