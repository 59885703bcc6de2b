import { describe, expect, test } from "vitest";
import { DRIVERS, driverById } from "../../drivers/index.ts";
import { randomOf } from "./streams.ts";

const utc = (text: string): number => Date.parse(`${text}Z`);

/** As it stands in captures and documents; as nobody writes it, or as no calendar has it. */
// biome-ignore format: a table is read by eye.
const TIMES: readonly (readonly [driver: string, text: string, time: number | undefined])[] = [
  ["masimo-ascii",        "02/24/18 00:00:36",      utc("2018-02-24T00:00:36")],
  ["masimo-ascii",        "02/29/24 23:59:59",      utc("2024-02-29T23:59:59")],
  ["masimo-ascii",        "02/29/23 00:00:00",      undefined],
  ["masimo-ascii",        "13/01/18 00:00:00",      undefined],
  ["masimo-ascii",        "12/31/18 24:00:00",      undefined],
  ["masimo-ascii",        "12/31/18 23:59:60",      undefined],
  ["masimo-ascii",        "00/00/00 00:00:00",      undefined],
  ["puritan-bennett-840", "DEC 16 2026 05:04",      utc("2026-12-16T05:04:00")],
  ["puritan-bennett-840", "JUL 10 2026 15:12",      utc("2026-07-10T15:12:00")],
  ["puritan-bennett-840", "JUX 10 2026 15:12",      undefined],
  ["puritan-bennett-840", "15:12",                  undefined],
  ["puritan-bennett-840", "JUL 10 9999 15:12",      undefined],
  ["ge-dri",              "1785589081",             1_785_589_081_000],
  ["ge-dri",              "0",                      0],
  ["ge-dri",              "9999999999",             undefined],
  ["draeger-medibus",     "11:11:1911-NOV-93",      utc("1993-11-11T11:11:19")],
  ["draeger-medibus",     "07:05:0903-MAI-26",      utc("2026-05-03T07:05:09")],
  ["draeger-medibus",     " 7: 5: 9 3-OKT-26",      utc("2026-10-03T07:05:09")],
  ["draeger-medibus",     "07:05:0903-M\u00c4R-26", utc("2026-03-03T07:05:09")],
  ["draeger-medibus",     "07:05:0931-DEZ-26  ",    utc("2026-12-31T07:05:09")],
  ["draeger-medibus",     "07:05:0931-XYZ-26",      undefined],
  ["draeger-medibus",     "07:05:0931-FEB-26",      undefined],
  ["philips-intellivue",  "2026-11-20 10:05:07.00", utc("2026-11-20T10:05:07")],
  ["philips-intellivue",  "236257280",              undefined],
  ["philips-intellivue",  "0026-11-20 10:05:07.00", undefined],
];

describe("the clock of a driver", () => {
  test.each(TIMES)("of %s reads %j", (id, text, time) => {
    expect(driverById(id)!.clock!.read(text)).toBe(time);
  });

  test("is declared by those whose device tells a date of now, and by no other", () => {
    expect(
      DRIVERS.filter(({ clock }) => clock !== undefined)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(["draeger-medibus", "ge-dri", "masimo-ascii", "philips-intellivue", "puritan-bennett-840"]);
  });

  test.each(DRIVERS.filter(({ clock }) => clock !== undefined))(
    "of $id is total and pure, and tells a time that the wire holds exactly",
    ({ id, clock }) => {
      const random = randomOf(11);
      const seeds = TIMES.filter(([driver]) => driver === id).map(([, text]) => text);
      for (let round = 0; round < 20_000; round++) {
        const text = Array.from(seeds[round % seeds.length]!);
        for (let count = random.below(4); count > 0; count--) text[random.below(text.length + 1)] = String.fromCharCode(random.below(256));
        const time = clock!.read(text.join(""));
        expect(clock!.read(text.join(""))).toBe(time);
        if (time !== undefined) expect(Number.isSafeInteger(time * 1000) && time >= 0 && time < Date.UTC(2200, 0, 1)).toBe(true);
      }
    },
  );
});
