import assert from "node:assert/strict";
import { channelsOf } from "../../drivers/kit/demux.ts";
import type { Framing, PlainFraming } from "../../drivers/kit/driver.ts";
import { nextRandom } from "../../drivers/kit/emulator.ts";
import { createFramer, type Framer, frameMax, type Output } from "../../drivers/kit/framer.ts";
import { routed } from "./routes.ts";

/** Numbers from a seed: equal seeds, equal tests. */
export type Random = { readonly below: (limit: number) => number; readonly bytes: (length: number) => Uint8Array };
export function randomOf(seed: number): Random {
  let state = seed;
  const below = (limit: number): number => {
    const [next, value] = nextRandom(state);
    state = next;
    return Math.floor(value * limit);
  };
  return { below, bytes: (length) => Uint8Array.from({ length }, () => below(256)) };
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A specimen made of a driver's framing and frames of its device: nothing else needs to be known. */
export function specimenOf(name: string, framing: Framing, frames: readonly Uint8Array[]): Specimen {
  const end = "delimited" in framing && framing.delimited.start === undefined ? ascii(framing.delimited.end) : new Uint8Array();
  const quiet = quietByte(framing);
  // One that only the next one ends is not found by itself.
  const whole = frames.filter((frame) => isSame(frame, framesOf(createFramer(framing).push(join(end, frame)))[0]));
  assert.ok(whole.length > 0, "no frame of the device is one by itself");
  return {
    name,
    framing,
    good: (random) => whole[random.below(whole.length)]!,
    quiet: (_, length) => {
      const bytes = new Uint8Array(length).fill(quiet);
      bytes.set(end.subarray(0, length), Math.max(0, length - end.length));
      return bytes;
    },
    bait: baitOf(framing, whole[0]!),
    checkAt: 1,
  };
}

/** A byte of which no frame is made and that begins none. */
function quietByte(framing: Framing): number {
  const longest = frameMax(framing);
  for (let value = 0x2e, tried = 0; tried < 256; tried++, value = (value + 1) % 256) {
    const framer = createFramer(framing);
    const outputs = framer.push(new Uint8Array(2 * longest).fill(value));
    if (framesOf(outputs).length === 0 && framer.pending < Math.min(2, longest)) return value;
  }
  return 0;
}
/** The beginning of a frame, as far as a line gone wrong would repeat it. */
function baitOf(framing: Framing, frame: Uint8Array): Uint8Array {
  const head = frame.subarray(0, Math.min(4, frame.length - 1));
  return "length" in framing ? join(head, Uint8Array.of(framing.length.start, 0xff, 0xf0)) : join(head, head);
}
export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** A framing with what a test needs to know of it. */
export type Specimen = {
  readonly name: string;
  readonly framing: Framing;
  /** A frame that is accepted. */
  readonly good: (random: Random) => Uint8Array;
  /** Bytes in which no frame can begin. */
  readonly quiet: (random: Random, length: number) => Uint8Array;
  /** What a candidate begins with, as far as a mischievous line would repeat it. */
  readonly bait: Uint8Array;
  /** A byte, counted from the frame's end, whose change leaves the frame complete and fails its check. */
  readonly checkAt: number;
};

/** A stream of good, damaged, cut and baited frames, junk and noise. */
export function mischief(specimen: Specimen, random: Random): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let count = 2 + random.below(12); count > 0; count--) {
    const good = specimen.good(random);
    const piece = [
      () => good,
      () => good,
      () => specimen.quiet(random, random.below(40)),
      () => random.bytes(random.below(60)),
      () => specimen.bait,
      () => good.subarray(0, random.below(good.length)),
      () => good.subarray(random.below(good.length)),
      () => changed(good, random.below(good.length), 1 + random.below(255)),
      () => join(good.subarray(0, random.below(good.length)), good),
    ];
    parts.push(piece[random.below(piece.length)]!());
  }
  return join(...parts);
}

export const changed = (frame: Uint8Array, at: number, by: number): Uint8Array => frame.map((byte, i) => (i === at ? byte ^ by : byte));

/** Feeds the bytes in pieces of 1 to `longest` bytes. */
export function fed(framing: Framing, bytes: Uint8Array, random: Random, longest: number): { outputs: Output[]; pending: number } {
  const framer = createFramer(framing);
  const outputs: Output[] = [];
  let pendingMax = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.below(longest);
    outputs.push(...framer.push(bytes.subarray(at, at + length)));
    at += length;
    pendingMax = Math.max(pendingMax, framer.pending);
  }
  assert.ok(pendingMax <= heldMax(framing), `${pendingMax} bytes were held back`);
  return { outputs: merged(outputs), pending: framer.pending };
}

/** What a framer may hold back. */
export const heldMax = (framing: Framing): number => [...channels(framing).values()].reduce((sum, frame) => sum + frameMax(frame) - 1, 0);
/** The framing of each channel; a line with one only has it under no name. */
export function channels(framing: Framing): ReadonlyMap<string | undefined, PlainFraming> {
  if ("datagram" in framing) return new Map();
  if ("demux" in framing) return new Map([...channelsOf(framing.demux)].map(([name, { frame }]) => [name, frame]));
  return new Map([[undefined, framing]]);
}

/** Discards of a channel in a row as one, since only their sum is promised. */
export function merged(outputs: readonly Output[]): Output[] {
  const result: Output[] = [];
  for (const output of outputs) {
    const last = result.at(-1);
    if (last !== undefined && "discard" in last && "discard" in output && last.channel === output.channel)
      result[result.length - 1] = { ...output, discard: last.discard + output.discard, broken: last.broken + output.broken };
    else result.push(output);
  }
  return result;
}

export const framesOf = (outputs: readonly Output[]): Uint8Array[] =>
  outputs.flatMap((output) => ("frame" in output ? [output.frame] : []));
export const brokenOf = (outputs: readonly Output[]): number =>
  outputs.reduce((sum, output) => sum + ("broken" in output ? output.broken : 0), 0);

/** Every byte of a channel is in exactly one output of it or pending, in order, and every frame is accepted. */
export function expectConserved(framing: Framing, bytes: Uint8Array, outputs: readonly Output[], pending: number): void {
  const ways = routed(framing, bytes);
  let left = 0;
  for (const [name, frame] of channels(framing)) {
    const way = ways.get(name) ?? new Uint8Array();
    let at = 0;
    for (const output of outputs) {
      if (output.channel !== name) continue;
      if ("frame" in output) {
        assert.ok(isSame(output.frame, way.slice(at, at + output.frame.length)), `the frame at byte ${at} is not what was pushed`);
        assert.ok(Object.values(frame)[0].accepts(output.frame), `the frame at byte ${at} is not accepted`);
        at += output.frame.length;
      } else at += output.discard;
    }
    assert.ok(at <= way.length, `channel ${name} gave ${at} bytes of ${way.length}`);
    left += way.length - at;
  }
  assert.equal(left, pending, "bytes neither in frames nor discarded are pending");
}
const isSame = (a: Uint8Array, b: Uint8Array | undefined): boolean => b !== undefined && Buffer.from(a).equals(b);

/** Conservation and chunk invariance of these bytes. Returns the framer, fed with them. */
export function expectFramed(framing: Framing, bytes: Uint8Array, random: Random): Framer {
  const whole = createFramer(framing);
  const outputs = merged(whole.push(bytes));
  expectConserved(framing, bytes, outputs, whole.pending);
  for (const longest of [1, 7, 300])
    assert.deepEqual(fed(framing, bytes, random, longest), { outputs, pending: whole.pending }, `cut into pieces of up to ${longest}`);
  return whole;
}

/** The three laws over many seeds; the seed stands in the message of whatever fails. */
export function expectLaws(specimen: Specimen, seeds: number): void {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      const random = randomOf(seed);
      const bytes = mischief(specimen, random);
      const whole = expectFramed(specimen.framing, bytes, random);
      // Quiet bytes until every false claim is over: the next good frame is found, and the line is in step.
      const good = specimen.good(random);
      const rest = [specimen.quiet(random, frameMax(specimen.framing)), good, specimen.quiet(random, frameMax(specimen.framing))];
      assert.ok(isSame(good, framesOf(rest.flatMap((part) => whole.push(part))).at(-1)), "the good frame behind quiet bytes is not found");
      whole.flush();
      assert.equal(whole.pending, 0, "pending after the end");
    } catch (failure) {
      throw new Error(`${specimen.name}, seed ${seed}: ${failure instanceof Error ? failure.message : String(failure)}`, {
        cause: failure,
      });
    }
  }
}
