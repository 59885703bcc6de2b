import { describe, expect, test } from "vitest";
import { draegerMedibus } from "../../drivers/draeger-medibus/driver.ts";
import { decimal } from "../../drivers/kit/decimal.ts";
import { answer, command, EVITA, framed, heard, type Memory, readingsOf, told, words } from "./medibus-line.ts";

const PAW_AND_CO2 = "00   16000-  10  10037006   16000-  20  100460";
const CONFIGURED = heard([answer(0x53, PAW_AND_CO2), answer(0x54)]).memory;
const { decode } = draegerMedibus;

describe("a curve", () => {
  const record = (bits: number, ...raws: readonly number[]): Uint8Array =>
    Uint8Array.of(0xd0 | bits, ...raws.flatMap((raw) => [0x80 | (raw & 0x3f), 0x80 | (raw >> 6)]));

  test("carries raw integers, its own rate, and the two points that the device told (MB-41)", () => {
    expect(readingsOf(record(3, 81, 205), CONFIGURED)).toEqual([
      {
        told: "wave",
        metric: expect.objectContaining({ refid: "MDC_PRESS_AWAY", unit: "MDC_DIM_MILLI_BAR" }),
        samples: [81],
        first: 0,
        rate: [125, 2],
        scale: [
          { raw: 0, physical: decimal(-10) },
          { raw: 880, physical: decimal(100) },
        ],
      },
      expect.objectContaining({
        samples: [205],
        scale: [
          { raw: 0, physical: decimal(-20) },
          { raw: 1120, physical: decimal(100) },
        ],
      }),
    ]);
  });

  test("has a hole where a sample was due and did not come, and where bytes were discarded (MB-43)", () => {
    const first = heard([record(3, 1, 1), record(1, 2), record(1, 3)], CONFIGURED).memory;
    expect(told(record(3, 4, 4), first)).toEqual(["w00 [4] from 3", "w06 [4] from 3"]);
    const gaps = decode(record(3, 4, 4), first, 10).readings.map(words);
    expect(gaps).toEqual(["w00 [4] from 5", "w06 [4] from 5"]);
  });

  test("of a longer interval is due less often", () => {
    const slow = heard([answer(0x53, "00   16000-  10  10037006   32000-  20  100460"), answer(0x54)]).memory;
    const records = [record(3, 1, 1), record(1, 2), record(3, 3, 2), record(1, 4), record(1, 5), record(1, 6), record(3, 7, 3)];
    const { readings } = heard(records, slow);
    expect(readings.map(words).filter((one) => one.startsWith("w06"))).toEqual(["w06 [1] from 0", "w06 [2] from 1", "w06 [3] from 3"]);
    expect(readings.at(-1)).toMatchObject({ rate: [125, 4] });
    // Where intervals are no multiples of each other, records do not tell what was due.
    const odd = heard([answer(0x53, "00   10000-  10  10037006   15000-  20  100460"), answer(0x54)]).memory;
    expect(heard([record(3, 1, 1), record(1, 2), record(2, 2), record(1, 3), record(3, 4, 3)], odd).readings.at(-2)).toMatchObject({
      first: 3,
    });
  });

  test("is not read before the device has confirmed the order, nor where a record does not fit it; its bytes are told (MB-42)", () => {
    const asked = heard([answer(0x53, PAW_AND_CO2)]).memory;
    expect(told(record(3, 1, 2), asked)).toEqual([]);
    expect(told(answer(0x54), heard([record(3, 1, 2)], asked).memory)).toEqual(["unreadable 5 record_unread"]);
    const unread = heard([answer(0x54), record(3, 1, 2).subarray(0, 3), record(7, 1, 2, 3), record(1, 1).subarray(0, 2)], asked);
    expect(unread.readings).toEqual([]);
    expect(told(record(3, 1, 2), unread.memory)).toEqual(
      ["unreadable 12 record_unread", "w00 [1] from 0", "w06 [2] from 0"].with(1, "w00 [1] from 0"),
    );
    let memory: Memory = EVITA;
    const flood: string[] = [];
    for (let i = 0; i < 300; i++) {
      const next = decode(record(3, 1, 2), memory, 0);
      memory = next.memory;
      flood.push(...next.readings.map(words));
    }
    expect(flood).toEqual(["unreadable 515 record_unread", "unreadable 515 record_unread"]);
  });

  test("is no record where fewer streams follow than its sync byte says, or bytes of other kinds", () => {
    const after = record(3, 1, 2);
    for (const bad of [
      [0xd3, 0x81, 0x80],
      [0xd0],
      [0xd1, 0x81],
      [0xd1, 0x81, 0xe0],
      [0xd1, 0x81, 0x80, 0xc6, 0xc0],
      [0xd1, 0xc6, 0x80, 0x81, 0x80],
    ])
      expect(framed(Uint8Array.from([...bad, ...after]))).toEqual([after]);
  });

  test("is not taken for confirmed by an echo that came before it was asked", () => {
    const { memory } = heard([answer(0x54)]);
    expect(memory.curves.phase).toBe("unknown");
  });

  test("of streams beyond the fourth follows where the device said so, and as long as it does not say otherwise (MB-42)", () => {
    const curve = (code: number) =>
      ({ code, interval: 16_000, low: [0, 0], high: [100, 0], bins: 1000, next: 0, since: 0, torn: false }) as const;
    const codes = [0x00, 0x01, 0x06, 0x03, 0x02, 0x05, 0x1c, 0x20, 0x21, 0x24];
    const memory: Memory = { ...CONFIGURED, curves: { ...CONFIGURED.curves, asked: codes.map(curve) } };
    const said = Uint8Array.of(0xd1, 0xc4, 0xc1, 0xc5, 0xc2, 0x81, 0x80, 0x82, 0x80, 0x83, 0x80);
    const { readings, memory: next } = heard([said, record(0, 4, 5)], memory);
    expect(readings.map(words)).toEqual(["w00 [1] from 0", "w02 [2] from 0", "w24 [3] from 0", "w02 [4] from 1", "w24 [5] from 1"]);
    expect(told(Uint8Array.of(0xd0, 0xc4, 0xc0, 0x86, 0x80), next)).toEqual(["w24 [6] from 2"]);
  });

  test("is configured anew after an ICC or a change, and shows that something is missing in between (MB-44, MB-50)", () => {
    const running = heard([record(3, 1, 1), record(3, 2, 2)], CONFIGURED).memory;
    for (const lost of [command(0x51), command(0x56), answer(0x51)]) {
      const forgotten = heard([lost], running).memory;
      expect(forgotten.curves).toMatchObject({ phase: "unknown", asked: [] });
      const { readings } = heard([answer(0x53, PAW_AND_CO2), answer(0x54), record(1, 9)], forgotten);
      expect(readings.map(words)).toEqual(["w00 [9] from 3 torn"]);
    }
    expect(heard([command(0x51)], running).memory.identified).toBe(false);
    expect(heard([command(0x56)], running).memory.identified).toBe(true);
  });

  test("is chosen by what is wanted most, one of a quantity, four at most; what cannot be read is told (MB-41)", () => {
    const entry = (code: string, scale = "-  10  100370"): string => `${code}   16000${scale}`;
    const asked = (text: string) => heard([answer(0x53, text)]).memory.curves.asked.map(({ code }) => code);
    expect(asked(["24", "03", "08", "06", "02", "01", "00", "FF"].map((code) => entry(code)).join(""))).toEqual([0x00, 0x01, 0x06, 0x03]);
    expect(asked("")).toEqual([]);
    expect(told(answer(0x53, `${entry("00")}${entry("01", "1 0 0  100370")}`))).toEqual(["unreadable 23 curve"]);
    expect(told(answer(0x53, entry("01", "- -10  100370")))).toEqual(["unreadable 23 curve"]);
    expect(told(answer(0x53, entry("01", "-  10  100000")))).toEqual(["unreadable 23 curve"]);
  });
});
