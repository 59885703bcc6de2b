import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { drivers } from "../../agent/cli/drivers.ts";
import { readWords } from "../../agent/cli/words.ts";
import { DRIVERS } from "../../drivers/index.ts";
import { PAGE, withTable } from "../dev/drivers-table.ts";
import { fakeSelf } from "./fake-self.ts";

const told = (...words: readonly string[]): string => {
  const self = fakeSelf();
  expect(drivers(readWords(["drivers", ...words]), self)).toBe(0);
  return self.said();
};

describe("bedside drivers", () => {
  test("names each with its line, what it sends, its grade, its device and what it may tell", () => {
    const text = told();
    expect(text).toMatch(/^nonin +9600 8N1 +nothing +document +Nonin OEM III, Xpod and kin, data format 2$/m);
    expect(text).toMatch(/^nonin +2 numbers, 2 states, 1 wave, 3 conditions$/m);
    expect(text).toMatch(/^puritan-bennett-840 +9600 8N1 +3 requests +capture +Puritan Bennett 840 and 980, settings port$/m);
    expect(text).toMatch(
      /^philips-intellivue +115200 8N1, udp +11 requests +document +Philips IntelliVue monitors, data export by MIB\/RS232 or LAN$/m,
    );
    const others = new Set(DRIVERS.filter(({ otherLines }) => otherLines !== undefined).map(({ id }) => id));
    for (const { id } of DRIVERS) expect(text.split("\n").filter((line) => line.startsWith(`${id} `))).toHaveLength(others.has(id) ? 3 : 2);
  });

  test("names the other lines that a rule may name, and which driver has none", () => {
    const text = told();
    expect(text).toMatch(/^puritan-bennett-840 +2400, .*, 115200: 8N1, 8E1, 8O1; 9600: 8E1, 8O1$/m);
    expect(text).toMatch(/^ge-dri +115200: 8E1$/m);
    const { drivers: rows } = JSON.parse(told("--json")) as { drivers: { id: string; lines: string[] }[] };
    expect(rows.find(({ id }) => id === "philips-intellivue")?.lines).toEqual(["115200 8N1", "udp"]);
    expect(rows.find(({ id }) => id === "nonin")?.lines).toEqual(["9600 8N1"]);
    expect(rows.find(({ id }) => id === "ge-dri")?.lines).toEqual(["19200 8E1", "115200 8E1"]);
  });

  test("says the same to programs, with every request and metric by name", () => {
    const { drivers: rows } = JSON.parse(told("--json")) as { drivers: { id: string; sends: string[]; metrics: { refid: string }[] }[] };
    expect(rows.map(({ id }) => id)).toEqual(DRIVERS.map(({ id }) => id));
    expect(rows.find(({ id }) => id === "puritan-bennett-840")?.sends).toEqual(["RSET", "SNDF", "SNDA"]);
    expect(rows.map(({ metrics }) => metrics.length)).toEqual(DRIVERS.map(({ metrics }) => metrics.length));
  });

  test("is what the page of drivers says; if not:  node test/dev/drivers-table.ts", () => {
    const page = readFileSync(PAGE, "utf8");
    expect(page).toBe(withTable(page));
  });
});
