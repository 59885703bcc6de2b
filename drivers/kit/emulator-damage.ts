import { bytesOf } from "./bytes.ts";
import type { Framing } from "./driver.ts";
import { createFramer } from "./framer.ts";

/**
 * Damage that a faithful reader can see, and none that it cannot: an honest ledger needs to know which. The driver's own framing
 * says so; where a protocol has no checksum a flipped digit would pass, and such damage is not done.
 */

/** Chance from a seed, in [0, 1), moving on at each call. */
export type Chance = () => number;
const DRAWS_MAX = 64;

/** Where a frame needs the end mark of the one before it, that stands in front. */
const before = (framing: Framing): Uint8Array =>
  "delimited" in framing && framing.delimited.start === undefined ? bytesOf(framing.delimited.end) : new Uint8Array();

type Cut = { readonly frames: readonly Uint8Array[]; readonly broken: number };
function cut(framing: Framing, ...parts: readonly Uint8Array[]): Cut {
  const framer = createFramer(framing);
  framer.push(before(framing));
  const outputs = [...parts.flatMap((part) => framer.push(part)), ...framer.flush()];
  return {
    frames: outputs.flatMap((output) => ("frame" in output ? [plain(framing, output.frame)] : [])),
    broken: outputs.reduce((sum, output) => sum + ("broken" in output ? output.broken : 0), 0),
  };
}

/** Flags in a row are fill: the closing flag of a damaged frame may go with the frame behind it, which is the same all the same. */
export function plain(framing: Framing, frame: Uint8Array): Uint8Array {
  if (!("stuffed" in framing)) return frame;
  const content = frame.findIndex((byte) => byte !== framing.stuffed.flag);
  return frame.subarray(Math.max(0, content - 1));
}

/** The message holds a whole frame, so that damage to it can be judged. */
export const isJudged = (framing: Framing, message: Uint8Array): boolean => cut(framing, message).frames.length > 0;

/**
 * Some frames of the message are lost and none is another one; and the message, sent once more behind it, is whole (so that the
 * damage does not reach what follows).
 */
export function isSeen(framing: Framing, message: Uint8Array, damaged: Uint8Array): boolean {
  const whole = cut(framing, message).frames;
  const after = cut(framing, damaged, message).frames;
  const own = after.length - whole.length;
  if (own < 0 || own >= whole.length || !after.slice(own).every((frame, index) => same(frame, whole[index]))) return false;
  let at = 0;
  for (const frame of after.slice(0, own)) {
    while (at < whole.length && !same(frame, whole[at])) at += 1;
    if (at++ >= whole.length) return false;
  }
  return true;
}

const same = (a: Uint8Array, b: Uint8Array | undefined): boolean =>
  b !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Undefined: no such damage was found. */
export type Damaged = { readonly bytes: Uint8Array; readonly how: string } | undefined;

export function flipped(framing: Framing, message: Uint8Array, bits: number, chance: Chance): Damaged {
  return drawn(framing, message, () => {
    const bytes = message.slice();
    const places = Array.from({ length: bits }, () => Math.floor(chance() * message.length * 8));
    for (const place of places) bytes[place >> 3] = bytes[place >> 3]! ^ (1 << (place & 7));
    return { bytes, how: places.map((place) => `bit ${place & 7} of byte ${(place >> 3) + 1}`).join(", ") };
  });
}

export function cutShort(framing: Framing, message: Uint8Array, chance: Chance): Damaged {
  const short = (length: number) => ({ bytes: message.slice(0, length), how: `${length} of ${message.length} bytes leave` });
  const found = drawn(framing, message, () => short(Math.floor(chance() * message.length)));
  return found ?? drawn(framing, message, () => short(0));
}

/** From the end: the first byte whose change leaves a complete frame that fails its check. */
export function wrongChecksum(framing: Framing, message: Uint8Array, chance: Chance): Damaged {
  const by = 1 << Math.floor(chance() * 3);
  for (let at = message.length - 1; at >= 0; at--) {
    const bytes = message.map((byte, index) => (index === at ? byte ^ by : byte));
    const { frames, broken } = cut(framing, bytes);
    if (frames.length === 0 && broken > 0 && isSeen(framing, message, bytes))
      return { bytes, how: `byte ${at + 1} of ${message.length} changed` };
  }
  return undefined;
}

/** Flipped bits tried on one message, at most; this share of them a checksum must see. */
const BITS_TRIED = 400;
const SHARE_SEEN = 0.9;

/** Whether a frame is refused for (nearly) any flipped bit of it. A sum or CRC sees all of them, printed text without one about half. */
export function hasChecksum(framing: Framing, message: Uint8Array): boolean {
  const bits = message.length * 8;
  const stride = Math.max(1, bits / BITS_TRIED);
  let tried = 0;
  let seen = 0;
  for (let place = 0; place < bits; place += stride) {
    const bit = Math.floor(place);
    const bytes = message.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    tried += 1;
    if (cut(framing, bytes).frames.length < cut(framing, message).frames.length) seen += 1;
  }
  return seen >= tried * SHARE_SEEN;
}

/** Bytes that no frame comes of, and that cost none of its neighbours. */
export function noiseAfter(framing: Framing, message: Uint8Array, length: number, chance: Chance): Uint8Array | undefined {
  const end = before(framing);
  const whole = cut(framing, message).frames;
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const noise = Uint8Array.from({ length }, () => Math.floor(chance() * 256));
    // Where only an end mark parts frames, noise without one would cost the next.
    noise.set(end.subarray(0, length), Math.max(0, length - end.length));
    const frames = cut(framing, message, noise, message).frames;
    if (frames.length === 2 * whole.length && frames.every((frame, index) => same(frame, whole[index % whole.length]))) return noise;
  }
  return undefined;
}

function drawn(framing: Framing, message: Uint8Array, draw: () => NonNullable<Damaged>): Damaged {
  for (let tries = 0; tries < DRAWS_MAX; tries++) {
    const one = draw();
    if (isSeen(framing, message, one.bytes)) return one;
  }
  return undefined;
}
