import { expect, test } from "vitest";
import { draegerMedibus } from "../../drivers/draeger-medibus/driver.ts";
import type { Metric } from "../../drivers/kit/reading.ts";
import { answer, command, EVITA_4, type Memory } from "./medibus-line.ts";
import { type Random, randomOf } from "./streams.ts";

const SEEDS = 200;
const FRAMES = 60;
const MEMORY_BYTES_MAX = 4096;
const { decode, memory: START } = draegerMedibus;

const pick = <T>(random: Random, all: readonly T[]): T => all[random.below(all.length)]!;
const hex = (random: Random): string => random.below(256).toString(16).toUpperCase().padStart(2, "0");
const entries = (random: Random, max: number, one: () => string): string => Array.from({ length: random.below(max) }, one).join("");
const field = (random: Random, length: number): string =>
  pick(random, ["1", "-2", "0.5", "", "12", "x", "9.9."]).padEnd(length).slice(0, length);

/** Answers, commands and records as a device might make them, every code as likely as any other. */
function anything(random: Random): Uint8Array {
  const value = (length: number) => () => hex(random) + field(random, length);
  const alarm = () =>
    String.fromCharCode(0x2f + random.below(40)) + hex(random) + pick(random, ["PAW HIGH    ", "            ", "$&          "]);
  const text = () => `${hex(random)}4${pick(random, ["IPPV", "    "])}\x03`;
  const curve = () => `0${random.below(9)}${pick(random, ["   16000", "   32000", "        "])}-  10  100${pick(random, ["370", "000"])}`;
  const ways = [
    () => answer(pick(random, [0x24, 0x25, 0x26, 0x2b, 0x2c, 0x2d]), entries(random, 90, value(4))),
    () => answer(0x29, entries(random, 60, value(5))),
    () => answer(pick(random, [0x27, 0x2e]), entries(random, 90, alarm)),
    () => answer(0x2a, entries(random, 60, text)),
    () => answer(0x53, entries(random, 12, curve)),
    () => answer(0x54),
    () => answer(0x52, pick(random, [EVITA_4, "8000'Primus'04.00:03.00", "5555'Atlan'01.00:06.00", ""])),
    () => command(pick(random, [0x51, 0x56, 0x49, 0x52])),
    () => Uint8Array.of(0xd0 | random.below(16), ...Array.from({ length: random.below(12) }, () => 0x80 | random.below(0x50))),
    () => random.bytes(1 + random.below(9)),
  ];
  return pick(random, ways)();
}
const seriesOf = ({ refid, unit, ucum }: Metric): string => `${refid} ${unit ?? ucum ?? ""}`;

test(`whatever a device answers, declared metrics only are told, each series once a frame, in a bounded memory, over ${SEEDS} seeds`, () => {
  const declared = new Set(draegerMedibus.metrics);
  let longest = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = randomOf(seed);
    let memory: Memory = START;
    const next = new Map<string, number>();
    for (let count = 0; count < FRAMES; count++) {
      const frame = anything(random);
      const before = JSON.stringify(memory);
      const decoded = decode(frame, memory, random.below(4) === 0 ? random.below(99) : 0);
      const at = `seed ${seed}, frame ${Buffer.from(frame).toString("hex")}`;
      expect(JSON.stringify(memory), at).toBe(before);
      const metrics = decoded.readings.flatMap((reading) => ("metric" in reading ? [reading.metric] : []));
      expect(
        metrics.filter((metric) => !declared.has(metric)),
        at,
      ).toEqual([]);
      const series = metrics.map(seriesOf);
      expect(new Set(series).size, at).toBe(series.length);
      for (const reading of decoded.readings) {
        if (reading.told !== "wave") continue;
        expect(reading.first, at).toBeGreaterThanOrEqual(next.get(reading.metric.refid) ?? 0);
        next.set(reading.metric.refid, reading.first + 1);
      }
      memory = decoded.memory;
      longest = Math.max(longest, JSON.stringify(memory).length);
      expect(JSON.parse(JSON.stringify(memory)), at).toEqual(memory);
    }
  }
  expect(longest).toBeLessThan(MEMORY_BYTES_MAX);
}, 60_000);
