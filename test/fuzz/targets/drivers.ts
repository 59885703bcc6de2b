import assert from "node:assert/strict";
import { Seconds } from "../../../config/units.ts";
import { DRIVERS } from "../../../drivers/index.ts";
import { type Decimal, decimalFromText, decimalText } from "../../../drivers/kit/decimal.ts";
import { REST } from "../../../drivers/kit/demux.ts";
import type { AnyDriver } from "../../../drivers/kit/driver.ts";
import { createFramer } from "../../../drivers/kit/framer.ts";
import type { Reading } from "../../../drivers/kit/reading.ts";
import { devicesOf } from "../../dev/devices.ts";
import { framesSeen } from "../../drivers/captures.ts";
import { decodesOne } from "../../drivers/decodes.ts";
import { isAccepted, repairing } from "../../drivers/repairs.ts";
import { expectFramed, join, type Random, randomOf } from "../../drivers/streams.ts";
import { PLANTED } from "../planted.table.ts";
import type { Target } from "../target.ts";

const LENGTH_MAX = 1500;
/** Of a seed, unless its first frame is longer: short inputs are many inputs. */
const SEED_LENGTH = 220;
const SEEDS_MAX = 150;
/** Branches that any of them may pass; the most seen in ten million inputs is a third of it. */
const WORK_BASE = 20_000;
const WORK_PER_BYTE = 100;
const TALK = Seconds(12);
/** Frames of which bits are flipped in a deep look, and how many. */
const FLIPPED_MAX = 3;
const FLIPS = 60;

/** Text is what these send, and a number is told in the digits that stand in it. */
const PRINTED: readonly string[] = ["masimo-ascii", "puritan-bennett-840"];
const NUMBER = /[-+]?(?:\d+\.?\d*|\.\d+)/g;

/** A line of every driver: bytes are framed, and its frames decoded one after the other, as the agent does it. */
export const DRIVER_TARGETS: readonly Target[] = DRIVERS.map((driver) => ({
  name: driver.id,
  files: [`drivers/${driver.id}/`, "drivers/kit/framer.ts", "drivers/kit/demux.ts"],
  lengthMax: LENGTH_MAX,
  seeds: () => windows(driver),
  run: reader(driver),
  fixup: repairing(driver).line,
  work: { base: WORK_BASE, perByte: WORK_PER_BYTE },
  planted: PLANTED[driver.id],
}));

/** What the device says, a few frames each, from evenly spread places. */
function windows(driver: AnyDriver): readonly Uint8Array[] {
  const frames = framesSeen(driver, TALK);
  const mark = "delimited" in driver.frame && driver.frame.delimited.start === undefined ? driver.frame.delimited.end : "";
  // What has no start mark is read behind an end mark only.
  const end = Uint8Array.from(mark, (letter) => letter.charCodeAt(0));
  const stride = Math.max(1, Math.ceil(frames.length / SEEDS_MAX));
  return frames.flatMap((first, at) => {
    if (at % stride !== 0) return [];
    const parts: Uint8Array[] = [end, first];
    let length = first.length;
    for (const frame of frames.slice(at + 1)) {
      length += frame.length;
      if (length > SEED_LENGTH) break;
      parts.push(frame);
    }
    return [join(...parts)];
  });
}

function reader(driver: AnyDriver): Target["run"] {
  const keys = new Set<unknown>(driver.metrics);
  const checked = !devicesOf(driver.id).some(([, { emulator }]) => emulator.unchecked === true);
  const printed = PRINTED.includes(driver.id);
  return (input, deep) => {
    const framer = createFramer(driver.frame);
    const gaps = new Map<string | undefined, number>();
    let { memory } = driver;
    let seen = 0;
    const frames: Uint8Array[] = [];
    for (const output of [...framer.push(input), ...framer.flush()]) {
      const { channel } = output;
      const gap = gaps.get(channel) ?? 0;
      if ("discard" in output) {
        gaps.set(channel, gap + output.discard);
        seen += output.discard;
        continue;
      }
      const { frame } = output;
      gaps.delete(channel);
      seen += frame.length;
      if (channel === undefined || channel === REST) frames.push(frame);
      if (printed) expectPrinted(frame, driver.decode(frame, memory, gap).readings);
      memory = decodesOne(driver, keys, { at: driver.id, frame, memory, gap, look: deep ? "twice" : "quick" });
    }
    assert.equal(seen, input.length, "bytes in frames and discarded are not the bytes that came");
    if (!deep) return;
    const random = randomOf(input.reduce((sum, byte) => (sum * 31 + byte) | 0, 0));
    expectFramed(driver.frame, input, random);
    if (checked) for (const frame of frames.slice(0, FLIPPED_MAX)) expectFlipsSeen(driver, frame, random);
  };
}

function expectPrinted(frame: Uint8Array, readings: readonly Reading[]): void {
  const told = readings.filter((reading) => reading.told === "number");
  if (told.length === 0) return;
  const texts = Buffer.from(frame).toString("latin1").match(NUMBER) ?? [];
  const printed = new Set(texts.flatMap((text) => namesOf(decimalFromText(text))));
  for (const { metric, value } of told)
    assert.ok(printed.has(namesOf(value)[0]!), `${metric.refid} is told as ${decimalText(value)}, which does not stand in the frame`);
}
const namesOf = (value: Decimal | undefined): readonly string[] => (value === undefined ? [] : [`${value.mantissa} ${value.exponent}`]);

/** A checksum sees any one bit; not all of a long frame are tried each time. */
function expectFlipsSeen(driver: AnyDriver, frame: Uint8Array, random: Random): void {
  const bits = 8 * frame.length;
  const stride = Math.max(1, Math.floor(bits / FLIPS));
  for (let bit = random.below(stride); bit < bits; bit += stride) {
    const flipped = frame.slice();
    flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
    if (isAccepted(driver.frame, flipped)) assert.fail(`bit ${bit & 7} of byte ${bit >> 3} is flipped, and nobody sees it`);
  }
}
