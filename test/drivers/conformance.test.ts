import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Mono, Seconds } from "../../config/units.ts";
import { DRIVERS, driverById } from "../../drivers/index.ts";
import type { AnyDriver, Template } from "../../drivers/kit/driver.ts";
import type { Emulator } from "../../drivers/kit/emulator.ts";
import { frameMax } from "../../drivers/kit/framer.ts";
import { mdcTerm, mdcUnit } from "../../drivers/kit/mdc.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { noninFaults } from "../../drivers/nonin/emulator-faults.ts";
import { pb840Emulator, puritanBennett840Emulator } from "../../drivers/puritan-bennett-840/emulator.ts";
import { cutAnswers, flippedBytes } from "../../drivers/puritan-bennett-840/emulator-faults.ts";
import { type Conclusion, converse, expectAgreement, Reader } from "./agreement.ts";
import { NONIN, PB840, pb840Answer } from "./specimens.ts";
import { expectLaws, join as joined, type Random, randomOf, type Specimen } from "./streams.ts";

/** What is known of a driver here beside the driver itself. A driver without a row fails. */
type Row = {
  readonly specimen: Specimen;
  /** Any frame that is accepted, however senseless. */
  readonly wild: (random: Random) => Uint8Array;
  // biome-ignore lint/suspicious/noExplicitAny: an emulator's state is its own business.
  readonly devices: Readonly<Record<string, Emulator<any>>>;
};

const wildNonin = (random: Random): Uint8Array => {
  const bytes = Uint8Array.of(0x01, 0x80 | random.below(256), random.below(256), random.below(256));
  return joined(bytes, Uint8Array.of(bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0)));
};
const wildText = (random: Random): string =>
  Array.from({ length: random.below(8) }, () => String.fromCharCode(0x20 + random.below(95)).replace(",", ".")).join("");
const WORDS = ["", "      ", "0.0   ", "OFF   ", "HIGH  ", "RESET ", "NORMAL", "-12.5 ", "1:2.0 "];
const wildPb840 = (random: Random): Uint8Array =>
  pb840Answer(random.below(3) === 0 ? "MISCA" : "MISCF", [
    wildText(random),
    `${random.below(2) === 0 ? 840 : 980} ${1000 + random.below(9000)}`,
    ...Array.from({ length: random.below(190) }, () => (random.below(6) === 0 ? wildText(random) : WORDS[random.below(WORDS.length)]!)),
  ]);

const ROWS: Readonly<Record<string, Row>> = {
  nonin: {
    specimen: NONIN,
    wild: wildNonin,
    devices: {
      whole: noninEmulator,
      "a bad sum in every fourth packet": noninFaults(noninEmulator, "sum", 4),
      "SYNC late in every fourth packet": noninFaults(noninEmulator, "sync late", 4),
      "a frame lost in every fourth packet": noninFaults(noninEmulator, "lost frame", 4),
    },
  },
  "puritan-bennett-840": {
    specimen: PB840,
    wild: wildPb840,
    devices: {
      "an 840": puritanBennett840Emulator,
      "a 980": pb840Emulator({ model: "980", speed: 9600 }),
      "every third answer cut": cutAnswers(puritanBennett840Emulator, 3),
      "a byte flipped in every third answer": flippedBytes(puritanBennett840Emulator, 3),
    },
  },
};

const SEEDS = 300;
const MEMORY_BYTES_MAX = 4096;

describe.each(DRIVERS.map((driver) => [driver.id, driver] as const))("the driver %s", (id, driver: AnyDriver) => {
  const row = ROWS[id]!;
  const keys = new Set(driver.metrics);

  test("is found by its id and has a row here", () => {
    expect(driverById(id)).toBe(driver);
    expect(row).toBeDefined();
    expect(driver.proof).toBeGreaterThanOrEqual(1);
  });

  test(`keeps the framing laws over ${SEEDS} seeds`, () => {
    expectLaws({ ...row.specimen, framing: driver.frame }, SEEDS);
  }, 60_000);

  test("decodes every accepted frame, tells declared metrics only, and keeps a small memory", () => {
    const check = Object.values(driver.frame)[0] as { accepts: (frame: Uint8Array) => boolean };
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = randomOf(seed);
      let memory = driver.memory;
      for (let count = 0; count < 30; count++) {
        const frame = row.wild(random);
        if (frame.length > frameMax(driver.frame)) continue;
        expect(check.accepts(frame), `seed ${seed}`).toBe(true);
        const given = frame.slice();
        const before = JSON.stringify(memory);
        const gap = random.below(4) === 0 ? random.below(2_000) : 0;
        const decoded = driver.decode(frame, memory, gap);
        if (count % 8 === 0) expect(driver.decode(frame, memory, gap), `seed ${seed}: decode is pure`).toEqual(decoded);
        expect(JSON.stringify(memory), `seed ${seed}: memory is not written to`).toBe(before);
        expect(frame, `seed ${seed}: the frame is not written to`).toEqual(given);
        const undeclared = decoded.readings.filter((reading) => "metric" in reading && !keys.has(reading.metric));
        expect(undeclared, `seed ${seed}`).toEqual([]);
        memory = decoded.memory;
        expect(JSON.stringify(memory).length, `seed ${seed}`).toBeLessThan(MEMORY_BYTES_MAX);
        expect(JSON.parse(JSON.stringify(memory)), `seed ${seed}: memory can be written down`).toEqual(memory);
      }
    }
  }, 60_000);

  test("throws at nothing, also not at a frame that should never have been accepted", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = randomOf(seed);
      expect(() => driver.decode(random.bytes(random.below(60)), driver.memory, 0), `seed ${seed}`).not.toThrow();
    }
  });

  test("names every metric once, by units that exist, and by its own name where the code is not sure", () => {
    const identities = driver.metrics.map(({ kind, refid, name }) => `${kind} ${refid} ${name}`);
    expect(new Set(identities).size).toBe(identities.length);
    for (const metric of driver.metrics) {
      expect(metric.refid.startsWith("MDC_") ? mdcTerm(metric.refid) : "private", metric.refid).toBeDefined();
      if (metric.unit !== undefined) expect(mdcUnit(metric.unit), `${metric.refid} in ${metric.unit}`).not.toBe(0);
      expect(metric.unit === undefined || metric.ucum === undefined, metric.refid).toBe(true);
      if (mdcTerm(metric.refid)?.confidence !== "A") expect(metric.name, metric.refid).toBeTruthy();
      if (metric.kind === "condition" && metric.on !== "device") expect(driver.metrics.map(({ refid }) => refid)).toContain(metric.on);
    }
  });

  test("tells no metric twice in one frame, and no two conditions by one reference id", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = randomOf(seed);
      let memory = driver.memory;
      for (let count = 0; count < 30; count++) {
        const decoded = driver.decode(row.wild(random), memory, 0);
        memory = decoded.memory;
        const refids = decoded.readings.flatMap((reading) => ("metric" in reading ? [reading.metric.refid] : []));
        expect(new Set(refids).size, `seed ${seed}`).toBe(refids.length);
      }
    }
  });

  test("sends short templates, the same each time", () => {
    for (const template of Object.values<Template<string>>(driver.tx)) {
      if (template.holes.length > 0) continue;
      expect(template.encode({})).toEqual(template.encode({}));
      expect(template.encode({}).length).toBeLessThanOrEqual(64);
    }
    if (driver.run === undefined) expect(driver.tx).toEqual({});
  });

  describe.each(Object.entries(row.devices))("facing an emulated device (%s)", (_, device) => {
    test("understands every unit in every value, concludes nothing else, and sends its templates only", () => {
      for (const seed of [1, 2, 3]) {
        const { reader, units } = converse(driver, device, { seed, time: Seconds(40) });
        expect(units.length).toBeGreaterThan(10);
        expectAgreement(reader.conclusions, units);
        const allowed = Object.values<Template<string>>(driver.tx).map((template) => String.fromCharCode(...template.encode({})));
        for (const bytes of reader.sent) expect(allowed).toContain(String.fromCharCode(...bytes));
      }
    }, 60_000);
  });

  const captures = join(import.meta.dirname, "../../drivers", id, "captures");
  const names = existsSync(captures) ? readdirSync(captures).filter((name) => name.endsWith(".capture.jsonl")) : [];
  if (names.length === 0) console.warn(`NOT RUN: the driver ${id} has no captures.`);
  for (const name of names) {
    test(`reads ${name} as expected`, () => {
      const lines = (file: string) =>
        readFileSync(join(captures, file), "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line));
      const reader = new Reader(driver);
      for (const { dir, hex, t_ms } of lines(name)) {
        if (dir !== "rx") continue;
        // The capture was made before; nothing that the dialogue would send now changes it.
        reader.hear(Uint8Array.from(Buffer.from(hex, "hex")), BigInt(Math.round(t_ms * 1e6)) as Mono);
      }
      expectAgreement(reader.conclusions, lines(name.replace(".capture.", ".expected.")) as Conclusion[]);
    });
  }
});
