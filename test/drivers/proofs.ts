import assert from "node:assert/strict";
import { DRIVERS, driverById } from "../../drivers/index.ts";
import type { AnyDriver, Template } from "../../drivers/kit/driver.ts";
import type { AnyEmulator } from "../../drivers/kit/emulator.ts";
import { hasChecksum } from "../../drivers/kit/emulator-damage.ts";
import { mdcTerm, mdcUnit } from "../../drivers/kit/mdc.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { devicesOf, faulty } from "../dev/devices.ts";
import { converse, expectAgreement, type Wanted } from "./agreement.ts";
import { acceptedMin, decodesAll, decodesChanged, holdsLittle, NOISE_MEGABYTES, tellsCut } from "./byte-proofs.ts";
import { capturesOf, framesSeen, heard, linesOf, TALK } from "./captures.ts";
import { seriesOf, twice } from "./decodes.ts";
import { expectNoTrace, holdsPlanted } from "./planted.ts";
import { isTriedThrough } from "./repairs.ts";
import { expectLaws, specimenOf } from "./streams.ts";
import { UNCAPTURED } from "./uncaptured.table.ts";

/**
 * What every driver must show, with nothing written for it but itself, its emulated devices (test/dev/devices.ts) and its captures.
 * The conformance tests and `./build.sh dev driver-test` run the same. Failures name their seed.
 */
export type Proof = { readonly name: string; readonly run: () => void; readonly of: "driver" | "device" };
/** What could not be asked of this driver, and why. */
export type Proofs = { readonly proofs: readonly Proof[]; readonly left: readonly string[] };

const SEEDS = 300;
const FLIPPED_MAX = 40;
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
  const checked = !devices.some(([, { emulator }]) => emulator.unchecked === true);
  return {
    left: [
      ...(checked ? [] : ["wrong checksums: the device has no checksum, so that a changed digit may pass"]),
      ...(captures.length === 0 ? ["captures: there are none"] : []),
      ...(isTriedThrough(driver) ? ["20,000 accepted frames: without a repair in test/drivers/repairs.ts a fifth of them"] : []),
      ...(UNCAPTURED[driver.id] ?? []).map((absent) => `a capture of what is told as ${absent}: there is none`),
    ],
    proofs: [
      ...proofsAlone(driver, captures, checked).map((proof) => ({ ...proof, of: "driver" }) as const),
      ...proofsWithDevices(driver, devices, checked).map((proof) => ({ ...proof, of: "device" }) as const),
    ],
  };
}

type Asked = Omit<Proof, "of">;
function proofsAlone(driver: AnyDriver, captures: readonly string[], checked: boolean): readonly Asked[] {
  let seen: readonly Uint8Array[] | undefined;
  // The talk of all devices takes its time, and not every proof needs it.
  const frames = (): readonly Uint8Array[] => {
    seen ??= framesSeen(driver);
    return seen;
  };
  return [
    { name: "is found by its id, and has an emulated device and a proof of at least one frame", run: () => isRegistered(driver) },
    { name: "names every metric once, by units that exist", run: () => namesMetrics(driver) },
    { name: "sends short templates, the same each time", run: () => sendsTemplates(driver) },
    { name: `keeps the framing laws over ${SEEDS} seeds`, run: () => expectLaws(specimenOf(driver.id, driver.frame, frames()), SEEDS) },
    {
      name: `decodes ${acceptedMin(driver)} accepted frames and whatever else comes, tells declared metrics only, each once a frame, and keeps a small memory`,
      run: () => decodesAll(driver, frames()),
    },
    { name: `holds little of ${NOISE_MEGABYTES} MB of noise, and counts all of it`, run: () => holdsLittle(driver, frames()) },
    ...(checked
      ? [{ name: "refuses a frame of which any bit is flipped: the device has a checksum", run: () => seesFlips(driver, frames()) }]
      : []),
    ...captures.slice(0, 1).map(() => ({
      name: "decodes its captures with any byte changed, and the check made to hold again",
      run: () => decodesChanged(driver),
    })),
    ...captures.slice(0, 1).map(() => ({
      name: 'has a capture of each "no value" that its emulated devices say, but for those that are listed',
      run: () => capturesAbsent(driver, captures),
    })),
    ...captures.flatMap((name) => [
      { name: `reads ${name} as expected`, run: () => readsCapture(driver, name) },
      { name: `tells the same of ${name} however it is cut, from single bytes to 64 kB`, run: () => tellsCut(driver, name) },
    ]),
  ];
}

function proofsWithDevices(driver: AnyDriver, devices: ReturnType<typeof devicesOf>, checked: boolean): readonly Asked[] {
  const stacks = ["", ...FAULT_STACKS, ...(checked ? [CHECKSUM, `${ALL_AT_ONCE},${CHECKSUM}`] : [ALL_AT_ONCE])];
  return [
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
  ];
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

// ── Captures and devices ────────────────────────────────────────────────────────────────────────────────────────────

function readsCapture(driver: AnyDriver, name: string): void {
  expectAgreement(driver, heard(driver, name).conclusions, linesOf(driver.id, name.replace(".capture.", ".expected.")) as Wanted[]);
}

/** No value is a statement like any other, and a bug in it shows as a number: bytes of each are kept. */
function capturesAbsent(driver: AnyDriver, captures: readonly string[]): void {
  const absentIn = (readings: readonly Reading[]): readonly string[] =>
    readings.flatMap((one) => (one.told === "absent" ? [`${one.validity} ${one.reason ?? ""}`] : []));
  const said = devicesOf(driver.id).flatMap(([, { emulator }]) =>
    absentIn(converse(driver, emulator, { seed: 1, time: TALK }).reader.readings),
  );
  const captured = captures.flatMap((name) => absentIn(heard(driver, name).readings));
  const missing = [...new Set(said)].filter((absent) => !captured.includes(absent)).sort();
  assert.deepEqual(missing, UNCAPTURED[driver.id] ?? [], "what no capture holds is not what test/drivers/uncaptured.table.ts says");
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
