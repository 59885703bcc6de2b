import { describe, expect, test } from "vitest";
import { conclusion } from "../../agent/capture/agreement.ts";
import type { Piece } from "../../agent/capture/capture-file.ts";
import { replay } from "../../agent/capture/replay.ts";
import { Scrubber } from "../../agent/capture/scrubber.ts";
import type { Mono } from "../../config/units.ts";
import { after, Milliseconds } from "../../config/units.ts";
import { encodeBlock, readMessage } from "../../drivers/bbraun-bcc/message.ts";
import { driverById } from "../../drivers/index.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import type { AnyEmulator } from "../../drivers/kit/emulator.ts";
import { DEVICES, faulty } from "../dev/devices.ts";
import { Reader } from "../drivers/agreement.ts";
import { expectNoTrace, holdsPlanted } from "../drivers/planted.ts";
import { randomOf } from "../drivers/streams.ts";

const TICK_MS = 20;
const TALK_MS = 30_000;
type Mapped = AnyDriver & { readonly scrub: NonNullable<AnyDriver["scrub"]> };

/** What the agent hears of the device, tick by tick. */
function recorded(driver: AnyDriver, device: AnyEmulator): readonly Piece[] {
  const reader = new Reader(driver);
  const pieces: Piece[] = [];
  let state = device.start(1);
  for (let t_ms = 0; t_ms < TALK_MS; t_ms += TICK_MS) {
    const turn = device.step(state, Buffer.concat(reader.writes.splice(0)), Milliseconds(t_ms));
    state = turn.state;
    const bytes = Uint8Array.from(Buffer.concat(turn.sends.map((sent) => sent.bytes)));
    if (bytes.length > 0) pieces.push({ t_ms, dir: "rx", bytes });
    reader.hear(bytes, after(0n as Mono, Milliseconds(t_ms)));
  }
  return pieces;
}

function scrubbed(driver: Mapped, pieces: readonly Piece[]): readonly Piece[] {
  const scrubber = new Scrubber(driver);
  const out: Piece[] = [];
  const waiting = [...pieces];
  let t_ms = 0;
  for (; t_ms < TALK_MS + 1000; t_ms += TICK_MS) {
    const bytes = waiting[0]?.t_ms === t_ms ? waiting.shift()!.bytes : new Uint8Array();
    out.push(...scrubber.push(bytes, Milliseconds(TICK_MS)).map((one): Piece => ({ t_ms, dir: "rx", ...one })));
  }
  return [...out, ...scrubber.end().map((one): Piece => ({ t_ms, dir: "rx", ...one }))];
}
const bytesOf = (pieces: readonly Piece[]): Uint8Array => Buffer.concat(pieces.map(({ bytes }) => bytes));

const devices = Object.entries(DEVICES).map(([name, { emulator, plants = [] }]) => ({ name, emulator, plants }));

describe.each(devices)("what a capture may hold of the emulated $name", ({ emulator, plants }) => {
  const driver = driverById(emulator.id) as Mapped;
  const raw = recorded(driver, emulator);

  test("is said by its driver", () => {
    expect(driver.scrub, "who may be named in its frames? drivers/README.md, step 6, says how a driver tells").toBeDefined();
    expect(driver.personal === true && driver.scrub === "nobody", "both cannot be").toBe(false);
  });

  if (driver.scrub === undefined) return;

  test("reads as what was sent: all values, and as many bytes outside of frames", () => {
    const [before, behind] = [replay(driver, raw), replay(driver, scrubbed(driver, raw))];
    const told = (of: typeof before) => of.frames.flatMap(({ decoded }) => conclusion(decoded.readings) ?? []);
    expect(told(before).length).toBeGreaterThan(5);
    expect(told(behind)).toEqual(told(before));
    // A frame of which nothing may be kept is none any more.
    if (driver.scrub !== "nobody") return;
    expect(behind.counts.frames).toBe(before.counts.frames);
    expect(behind.counts.discarded + behind.pending).toBe(before.counts.discarded + before.pending);
  });

  test("holds no byte that is in no frame, on a damaged line either", () => {
    const { emulator: damaged } = faulty(emulator, "cut:every=3,noise:bytes=40,every=5");
    const pieces = recorded(driver, damaged);
    const out = scrubbed(driver, pieces);
    const blank = out.filter((one) => one.blank === true);
    if (driver.scrub === "nobody" && "demux" in driver.frame) return expect(bytesOf(out)).toEqual(bytesOf(pieces));
    expect(blank.length).toBeGreaterThan(0);
    expect(blank.every(({ bytes }) => bytes.every((byte) => byte === 0x58 || byte === 0x0a || byte === 0x0d))).toBe(true);
    expectNoTrace("the capture", Buffer.from(bytesOf(out)).toString("latin1"), plants);
  });

  if (plants.length > 0)
    test("holds no trace of the patient whom it names (R41)", () => {
      expect(holdsPlanted(bytesOf(raw), plants), "nothing is proved").toBe(true);
      expectNoTrace("the capture", Buffer.from(bytesOf(scrubbed(driver, raw))).toString("latin1"), plants);
    });

  test("is found without a failure for whatever frame is accepted", () => {
    if (driver.scrub === "nobody") return;
    for (let seed = 1; seed <= 100; seed++) {
      const random = randomOf(seed);
      const frame = raw[random.below(raw.length)]!.bytes.slice();
      for (let count = random.below(4); count > 0; count--) frame[random.below(frame.length)] = random.below(256);
      const once = driver.scrub(frame);
      if (once !== undefined) expect(driver.scrub(once), `seed ${seed}`).toEqual(once);
    }
  });
});

test("a capture of a rack has every value that the driver throws away blanked, and a block that still holds", () => {
  const driver = driverById("bbraun-bcc") as Mapped & { readonly scrub: (frame: Uint8Array) => Uint8Array | undefined };
  const items = [
    "100,50112,INRT,3.62",
    "100,50112,PATID,Maria Müller, born 1950",
    "100,50112,NEWTHING,Maria",
    "Maria",
    "100,50112,INSOL,Propofol",
  ];
  const frame = encodeBlock({ bed: "BED-1", info: new TextEncoder().encode(items.join("\x1e")), last: true, stuffed: true });
  const out = driver.scrub(frame)!;
  expect(readMessage(out)).toMatchObject({ bed: "BED-1", last: true, stuffed: true });
  const told = new TextDecoder().decode(readMessage(out)!.info).split("\x1e");
  expect(told).toEqual([items[0], `100,50112,PATID,${"X".repeat(24)}`, "100,50112,NEWTHING,XXXXX", "XXXXX", items[4]]);
});
