import assert from "node:assert/strict";
import type { Mono } from "../../config/units.ts";
import { type AnyDriver, MEMORY_CAP, MEMORY_MAX } from "../../drivers/kit/driver.ts";
import { createFramer, frameMax } from "../../drivers/kit/framer.ts";
import { Reader } from "./agreement.ts";
import { capturesOf, heard, linesOf } from "./captures.ts";
import { decodesOne } from "./decodes.ts";
import { isAccepted, isTriedThrough, repairing } from "./repairs.ts";
import { heldMax, join, type Random, randomOf } from "./streams.ts";

/** What must hold of every driver whatever bytes come: proofs.ts asks it of each. */

const FRAMES_A_SEED = 40;
/** Frames that the driver's own framing accepts, changed at random. */
const ACCEPTED_MIN = { repaired: 20_000, triedThrough: 4000 };
export const acceptedMin = (driver: AnyDriver): number => ACCEPTED_MIN[isTriedThrough(driver) ? "triedThrough" : "repaired"];
const SEEDS_MAX = 3000;

/** The frame is changed, and (of two in three) its checks made to hold again; what comes next goes on with the memory of before. */
export function decodesAll(driver: AnyDriver, frames: readonly Uint8Array[]): void {
  const keys = new Set(driver.metrics);
  const repair = repairing(driver);
  assert.ok((driver.memoryMax ?? MEMORY_MAX) <= MEMORY_CAP, `memoryMax is above ${MEMORY_CAP}`);
  assert.ok(frames.length > 0, "no emulated device and no capture gives a frame");
  // Curves beside the talk are many and short.
  const talk = frames.filter((frame) => isAccepted(driver.frame, frame));
  const least = acceptedMin(driver);
  let accepted = 0;
  for (let seed = 1; accepted < least; seed++) {
    assert.ok(
      seed <= SEEDS_MAX,
      `of ${SEEDS_MAX * FRAMES_A_SEED} changed frames ${accepted} were accepted: test/drivers/repairs.ts has none for it`,
    );
    const random = randomOf(seed);
    let memory = driver.memory;
    for (let count = 0; count < FRAMES_A_SEED; count++) {
      const changed = wild(random.below(4) === 0 ? frames : talk, random);
      const frame = (random.below(3) === 0 ? changed : repair.frame(changed)).slice(0, frameMax(driver.frame));
      const gap = random.below(4) === 0 ? random.below(2000) : 0;
      if (isAccepted(driver.frame, frame)) accepted += 1;
      memory = decodesOne(driver, keys, { at: `seed ${seed}`, frame, memory, gap, look: LOOKS[count % LOOKS.length]! });
    }
  }
}
const LOOKS = ["twice", "quick", "quick", "quick", "all", "quick", "quick", "quick"] as const;

/** A frame of the device, changed as text may be changed and as bytes may be; most of what comes is accepted or nearly so. */
function wild(frames: readonly Uint8Array[], random: Random): Uint8Array {
  const frame = frames[random.below(frames.length)]!.slice();
  const place = (): number => random.below(frame.length);
  const ways = [
    () => frame,
    // A byte from elsewhere in it: text stays text.
    () => changedBy(frame, 1 + random.below(12), () => [place(), frame[place()]!]),
    () => changedBy(frame, 1 + random.below(4), () => [place(), random.below(256)]),
    () => spliced(frame, frames[random.below(frames.length)]!, random),
    () => frame.slice(0, place()),
    () => random.bytes(random.below(60)),
  ];
  return ways[random.below(ways.length)]!();
}
function changedBy(frame: Uint8Array, count: number, change: () => readonly [at: number, byte: number]): Uint8Array {
  for (let left = count; left > 0; left--) {
    const [at, byte] = change();
    frame[at] = byte;
  }
  return frame;
}
function spliced(a: Uint8Array, b: Uint8Array, random: Random): Uint8Array {
  const at = random.below(Math.min(a.length, b.length));
  return Uint8Array.from([...a.subarray(0, at), ...b.subarray(at)]);
}

// ── Every byte of every capture ─────────────────────────────────────────────────────────────────────────────────────

/** Changed frames of one driver; all 255 values of each place where so few fit in, and otherwise as many of CHANGES as do, at least one. */
const CHANGED_MAX = { repaired: 12_000, triedThrough: 3000 };
/** By how much a byte is changed (exclusive or), the most telling first. */
const CHANGES = [0x01, 0x80, 0xff, 0x20, 0x10, 0x02, 0x40, 0x04, 0x08, 0x7f, 0x0f, 0xf0] as const;
const ALL_CHANGES = Array.from({ length: 255 }, (_, i) => i + 1);

/** Each place of each frame that a capture holds, with the memory that the driver had there; the checks are made to hold again. */
export function decodesChanged(driver: AnyDriver): void {
  const keys = new Set<unknown>(driver.metrics);
  const repair = repairing(driver);
  const places: { readonly frame: Uint8Array; readonly memory: unknown; readonly at: number }[] = [];
  const known = new Set<string>();
  for (const name of capturesOf(driver.id)) {
    let { memory } = driver;
    for (const frame of heard(driver, name).frames) {
      const text = Buffer.from(frame).toString("latin1");
      if (!known.has(text)) for (const at of frame.keys()) places.push({ frame, memory, at });
      known.add(text);
      ({ memory } = driver.decode(frame, memory, 0));
    }
  }
  assert.ok(places.length > 0, "no capture holds a frame");
  const each = CHANGED_MAX[isTriedThrough(driver) ? "triedThrough" : "repaired"] / places.length;
  const changes = each >= ALL_CHANGES.length ? ALL_CHANGES : CHANGES.slice(0, Math.max(1, Math.floor(each)));
  for (const { frame, memory, at } of places) {
    for (const by of changes) {
      const changed = frame.slice();
      changed[at] = frame[at]! ^ by;
      const repaired = repair.frame(changed).slice(0, frameMax(driver.frame));
      decodesOne(driver, keys, { at: `byte ${at} changed by ${by}`, frame: repaired, memory, gap: 0, look: "quick" });
    }
  }
}

// ── Noise, and cuts ─────────────────────────────────────────────────────────────────────────────────────────────────

export const NOISE_MEGABYTES = 10;
const MEGABYTE = 1024 * 1024;
const CHUNK = 64 * 1024;
const GOOD_OF = 4096;

/** Noise, with the head of a frame of the device every few kilobytes: what a line at the wrong speed would send all day. */
export function holdsLittle(driver: AnyDriver, frames: readonly Uint8Array[]): void {
  const random = randomOf(1);
  const noise = random.bytes(MEGABYTE);
  for (let at = 0; at + GOOD_OF < noise.length; at += GOOD_OF) {
    const frame = frames[random.below(frames.length)]!;
    noise.set(frame.subarray(0, Math.min(GOOD_OF, random.below(frame.length + 1))), at);
  }
  const framer = createFramer(driver.frame);
  const most = heldMax(driver.frame);
  let told = 0;
  for (let round = 0; round < NOISE_MEGABYTES; round++) {
    for (let at = 0; at < noise.length; at += CHUNK) {
      for (const output of framer.push(noise.subarray(at, at + CHUNK))) told += "frame" in output ? output.frame.length : output.discard;
      assert.ok(framer.pending <= most, `${framer.pending} bytes are held back; ${most} may be`);
    }
  }
  assert.equal(told + framer.pending, NOISE_MEGABYTES * MEGABYTE, "bytes in frames, discarded and pending are not the bytes that came");
}

const CUTS = [1, 2, 3, 7, 64, 1000, 4096, 65_536] as const;

/** All of a capture as if it had come at once: what is told does not depend on how it was handed over. */
export function tellsCut(driver: AnyDriver, name: string): void {
  const chunks = linesOf(driver.id, name).flatMap(({ dir, hex }) => (dir === "rx" ? [Uint8Array.from(Buffer.from(hex, "hex"))] : []));
  const bytes = join(...chunks);
  const toldBy = (cut: number) => {
    const reader = new Reader(driver);
    for (let at = 0; at < bytes.length; at += cut) reader.hear(bytes.subarray(at, at + cut), 0n as Mono);
    reader.expectConserved();
    const { bytes: came, frames, framed, discarded, broken } = reader.counts;
    return { readings: reader.readings, counts: { came, frames, framed, discarded, broken } };
  };
  const whole = toldBy(bytes.length);
  for (const cut of CUTS) assert.deepEqual(toldBy(cut), whole, `cut into pieces of ${cut}`);
}
