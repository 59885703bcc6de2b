import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Mono, Seconds } from "../../config/units.ts";
import { DRIVERS, driverById } from "../../drivers/index.ts";
import { type AnyDriver, MEMORY_CAP, MEMORY_MAX, type Template } from "../../drivers/kit/driver.ts";
import type { AnyEmulator } from "../../drivers/kit/emulator.ts";
import { hasChecksum } from "../../drivers/kit/emulator-damage.ts";
import { frameMax } from "../../drivers/kit/framer.ts";
import { mdcTerm, mdcUnit } from "../../drivers/kit/mdc.ts";
import type { Metric } from "../../drivers/kit/reading.ts";
import { devicesOf, faulty } from "../dev/devices.ts";
import { converse, expectAgreement, Reader, type Wanted } from "./agreement.ts";
import { expectNoTrace, holdsPlanted } from "./planted.ts";
import { channels, expectLaws, type Random, randomOf, specimenOf } from "./streams.ts";

/**
 * What every driver must show, with nothing written for it but itself, its emulated devices (test/dev/devices.ts) and its captures.
 * The conformance tests and `./build.sh dev driver-test` run the same. Failures name their seed.
 */
export type Proof = { readonly name: string; readonly run: () => void };
/** What could not be asked of this driver, and why. */
export type Proofs = { readonly proofs: readonly Proof[]; readonly left: readonly string[] };

const SEEDS = 300;
const FLIPPED_MAX = 40;
const FRAMES_A_SEED = 30;
const TALK = Seconds(40);
const TALK_SEEDS = { whole: [1, 2, 3], faulty: [1, 2] };
const UNITS_MIN = 6;

/** One of each kind, and all at once; all are over before the talk ends, and an unplug is a silence where there is no port. */
export const FAULT_STACKS = [
  "flip:every=3",
  "flip:bits=3,every=4",
  "cut:every=3",
  "noise:bytes=40,every=3",
  "repeat:every=4",
  "split:bytes=3,pause=5ms",
  "late:2500ms,every=6",
  "silence@10s+6s",
  "swap@15s",
] as const;
/** Where the device has a checksum. */
export const CHECKSUM = "checksum:every=4";
const ALL_AT_ONCE =
  "flip:every=5,cut:every=7,garbage:bytes=20,every=3,repeat:every=4,split:bytes=7,late:500ms,every=9,silence@12s+4s,swap@25s";

export function proofsOf(driver: AnyDriver): Proofs {
  const devices = devicesOf(driver.id);
  const captures = capturesOf(driver.id);
  const frames = framesSeen(driver, devices, captures);
  const checked = !devices.some(([, { emulator }]) => emulator.unchecked === true);
  const stacks = ["", ...FAULT_STACKS, ...(checked ? [CHECKSUM, `${ALL_AT_ONCE},${CHECKSUM}`] : [ALL_AT_ONCE])];
  return {
    left: [
      ...(checked ? [] : ["wrong checksums: the device has no checksum, so that a changed digit may pass"]),
      ...(captures.length === 0 ? ["captures: there are none"] : []),
    ],
    proofs: [
      { name: "is found by its id, and has an emulated device and a proof of at least one frame", run: () => isRegistered(driver) },
      { name: "names every metric once, by units that exist", run: () => namesMetrics(driver) },
      { name: "sends short templates, the same each time", run: () => sendsTemplates(driver) },
      { name: `keeps the framing laws over ${SEEDS} seeds`, run: () => expectLaws(specimenOf(driver.id, driver.frame, frames), SEEDS) },
      {
        name: "decodes whatever comes, tells declared metrics only, each once a frame, and keeps a small memory",
        run: () => decodesAll(driver, frames, checked),
      },
      ...(checked
        ? [{ name: "refuses a frame of which any bit is flipped: the device has a checksum", run: () => seesFlips(driver, frames) }]
        : []),
      ...captures.map((name) => ({ name: `reads ${name} as expected`, run: () => readsCapture(driver, name) })),
      ...devices.flatMap(([name, { emulator, plants = [] }]) =>
        plants.length === 0
          ? []
          : [{ name: `keeps no trace of the patient whom ${name} names`, run: () => forgetsNames(driver, emulator, plants) }],
      ),
      ...devices.flatMap(([name, { emulator, lies, bound }]) =>
        (lies === true || bound === true ? [""] : stacks).map((faults) => ({
          name: `agrees with the emulated ${name}${faults === "" ? "" : ` under ${faults}`}`,
          run: () => agrees(driver, emulator, faults),
        })),
      ),
    ],
  };
}

function isRegistered(driver: AnyDriver): void {
  assert.equal(driverById(driver.id), driver, `drivers/index.ts knows no driver ${driver.id}, or two`);
  assert.equal(DRIVERS.filter(({ id }) => id === driver.id).length, 1, `two drivers are called ${driver.id}`);
  assert.ok(devicesOf(driver.id).length > 0, "no emulated device in test/dev/devices.ts has this driver's id");
  assert.ok(driver.proof >= 1, `proof is ${driver.proof}`);
}

function namesMetrics({ metrics }: AnyDriver): void {
  const identities = metrics.map((metric) => `${metric.kind} ${seriesOf(metric)} ${metric.name}`);
  assert.deepEqual(twice(identities), [], "named twice");
  for (const metric of metrics) {
    const { refid, unit, ucum, name } = metric;
    assert.ok(!refid.startsWith("MDC_") || mdcTerm(refid) !== undefined, `${refid} is no MDC term that the table has`);
    assert.ok(unit === undefined || mdcUnit(unit) !== 0, `${refid}: there is no unit ${unit}`);
    assert.ok(unit === undefined || ucum === undefined, `${refid}: a UCUM unit stands only where there is no MDC unit`);
    assert.ok(
      mdcTerm(refid)?.confidence === "A" || (name ?? "") !== "",
      `${refid}: its code is not sure, so that it needs the device's own name`,
    );
    if (metric.kind === "condition" && metric.on !== "device")
      assert.ok(
        metrics.some((one) => one.refid === metric.on),
        `${refid} is on ${metric.on}, which is no metric of this driver`,
      );
  }
}
/** A series is term and unit: one quantity in two units is two of them. */
const seriesOf = ({ refid, unit, ucum }: Metric): string => `${refid} ${unit ?? ucum ?? ""}`;
const twice = (all: readonly string[]): readonly string[] => all.filter((one, at) => all.indexOf(one) !== at);

/** A request of the GE interface has 75 bytes; none of a device here comes near this, and nothing long may hide in a template. */
const TEMPLATE_BYTES_MAX = 256;
function sendsTemplates(driver: AnyDriver): void {
  for (const [name, template] of Object.entries<Template<string>>(driver.tx)) {
    if (template.holes.length > 0) continue;
    assert.deepEqual(template.encode({}), template.encode({}), `${name} is not the same each time`);
    assert.ok(template.encode({}).length <= TEMPLATE_BYTES_MAX, `${name} is longer than ${TEMPLATE_BYTES_MAX} bytes`);
  }
  if (driver.run === undefined) assert.deepEqual(driver.tx, {}, "a driver that asks nothing declares templates");
}

function seesFlips(driver: AnyDriver, frames: readonly Uint8Array[]): void {
  const blind = frames.slice(0, FLIPPED_MAX).find((frame) => !hasChecksum(driver.frame, frame));
  assert.ok(
    blind === undefined,
    `accepted with flipped bits: ${Buffer.from(blind ?? []).toString("hex")} (no checksum? its emulator says unchecked)`,
  );
}

// ── Decode ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Frames of the driver's devices and captures; each once. */
function framesSeen(driver: AnyDriver, devices: ReturnType<typeof devicesOf>, captures: readonly string[]): readonly Uint8Array[] {
  const talks = devices.map(([, { emulator }]) => converse(driver, emulator, { seed: 1, time: TALK }).reader.frames);
  const read = captures.map((name) => heard(driver, name).frames);
  const all = new Map([...talks, ...read].flat().map((frame) => [Buffer.from(frame).toString("latin1"), frame]));
  return [...all.values()];
}

function decodesAll(driver: AnyDriver, frames: readonly Uint8Array[], checked: boolean): void {
  const keys = new Set(driver.metrics);
  assert.ok((driver.memoryMax ?? MEMORY_MAX) <= MEMORY_CAP, `memoryMax is above ${MEMORY_CAP}`);
  assert.ok(frames.length > 0, "no emulated device and no capture gives a frame");
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = randomOf(seed);
    let memory = driver.memory;
    for (let count = 0; count < FRAMES_A_SEED; count++) {
      const changed = wild(frames, random);
      // Without a checksum most changed frames are accepted anyway.
      const frame = (checked && random.below(2) === 0 ? mend(driver, changed, random) : changed).slice(0, frameMax(driver.frame));
      const gap = random.below(4) === 0 ? random.below(2000) : 0;
      memory = decodesOne(driver, keys, { seed, frame, memory, gap, twice: count % 8 === 0 });
    }
  }
}

type Given = { readonly seed: number; readonly frame: Uint8Array; readonly memory: unknown; readonly gap: number; readonly twice: boolean };
function decodesOne(driver: AnyDriver, keys: ReadonlySet<unknown>, { seed, frame, memory, gap, twice: again }: Given): unknown {
  const at = `seed ${seed}, frame ${Buffer.from(frame).toString("hex")}`;
  const given = frame.slice();
  const before = JSON.stringify(memory);
  const decoded = decodedBy(driver, { frame, memory, gap, at });
  if (again) assert.deepEqual(driver.decode(frame, memory, gap), decoded, `${at}: decode is not pure`);
  assert.equal(JSON.stringify(memory), before, `${at}: memory was written to`);
  assert.ok(Buffer.from(frame).equals(given), `${at}: the frame was written to`);
  const told = decoded.readings.flatMap((reading) => ("metric" in reading ? [reading.metric] : []));
  const undeclared = told.filter((metric) => !keys.has(metric)).map(({ refid }) => refid);
  assert.deepEqual(undeclared, [], `${at}: these metrics are not declared`);
  const named = decoded.readings.flatMap((reading) =>
    "metric" in reading ? [[...(reading.node ?? []), seriesOf(reading.metric)].join(" ")] : [],
  );
  assert.deepEqual(twice(named), [], `${at}: told twice in one frame`);
  const written = JSON.stringify(decoded.memory);
  assert.ok(written.length < (driver.memoryMax ?? MEMORY_MAX), `${at}: memory has grown to ${written.length} characters`);
  assert.deepEqual(JSON.parse(written), decoded.memory, `${at}: memory cannot be written down`);
  return decoded.memory;
}

function decodedBy(driver: AnyDriver, { frame, memory, gap, at }: Pick<Given, "frame" | "memory" | "gap"> & { readonly at: string }) {
  try {
    return driver.decode(frame, memory, gap);
  } catch (cause) {
    throw new Error(`${at}: decode throws: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

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
/** Looks for one byte near the end that makes the check hold. */
function mend(driver: AnyDriver, frame: Uint8Array, random: Random): Uint8Array {
  const checks = [...channels(driver.frame).values()].map((framing) => Object.values(framing)[0].accepts);
  const at = frame.length - 1 - random.below(4);
  for (let byte = 0; at >= 0 && frame.length >= 2 && byte < 256; byte++) {
    const tried = frame.with(at, byte);
    if (checks.some((accepts) => accepts(tried))) return tried;
  }
  return frame;
}

// ── Captures and devices ────────────────────────────────────────────────────────────────────────────────────────────

const folderOf = (id: string): string => join(import.meta.dirname, "../../drivers", id, "captures");
function capturesOf(id: string): readonly string[] {
  const folder = folderOf(id);
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".capture.jsonl")) : [];
}
const linesOf = (id: string, file: string) =>
  readFileSync(join(folderOf(id), file), "utf8")
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

function heard(driver: AnyDriver, name: string): Reader {
  const reader = new Reader(driver);
  // The capture was made before; nothing that the dialogue would send now changes it.
  for (const { dir, hex, t_ms } of linesOf(driver.id, name))
    if (dir === "rx") reader.hear(Uint8Array.from(Buffer.from(hex, "hex")), BigInt(Math.round(t_ms * 1e6)) as Mono);
  reader.expectConserved();
  return reader;
}
function readsCapture(driver: AnyDriver, name: string): void {
  expectAgreement(driver, heard(driver, name).conclusions, linesOf(driver.id, name.replace(".capture.", ".expected.")) as Wanted[]);
}

/** Every unit that left whole is told in every value, nothing else is, and only declared templates were sent. */
function agrees(driver: AnyDriver, device: AnyEmulator, faults: string): void {
  const { emulator } = faults === "" ? { emulator: device } : faulty(device, faults);
  const templates = Object.values<Template<string>>(driver.tx);
  const allowed = templates.filter(({ holes }) => holes.length === 0).map((template) => Buffer.from(template.encode({})));
  for (const seed of faults === "" ? TALK_SEEDS.whole : TALK_SEEDS.faulty) {
    try {
      const { reader, units, did } = converse(driver, emulator, { seed, time: TALK });
      assert.ok(units.length >= UNITS_MIN, `only ${units.length} units were sent in ${TALK / 1000} s`);
      assert.ok(faults === "" || did.length > 0, "the faults did nothing");
      expectAgreement(driver, reader.conclusions, units);
      const wrong = reader.sent.filter((bytes) => !allowed.some((one) => one.equals(bytes)));
      if (allowed.length === templates.length) assert.deepEqual(wrong, [], "sent, and no template");
    } catch (failure) {
      throw new Error(`seed ${seed}: ${failure instanceof Error ? failure.message : String(failure)}`, { cause: failure });
    }
  }
}

/** A name that the device sends is in no reading, no memory and nothing that is sent; and no log gets a frame that may hold one. */
function forgetsNames(driver: AnyDriver, device: AnyEmulator, names: readonly string[]): void {
  assert.equal(driver.personal, true, "frames hold a name, and the driver does not say that they are personal");
  for (const emulator of [device, faulty(device, ALL_AT_ONCE).emulator]) {
    const { reader } = converse(driver, emulator, { seed: 1, time: TALK });
    assert.ok(
      reader.frames.some((frame) => holdsPlanted(frame, names)),
      "the device sent none of the names: nothing is proved",
    );
    expectNoTrace("a reading", reader.readings, names);
    expectNoTrace("what was sent", reader.sent, names);
    for (const gap of [0, 1]) {
      let { memory } = driver;
      for (const frame of reader.frames) {
        ({ memory } = driver.decode(frame, memory, gap));
        expectNoTrace("the memory", memory, names);
      }
    }
  }
}
