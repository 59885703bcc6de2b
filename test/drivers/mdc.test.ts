import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MDC_TABLE } from "../../drivers/kit/mdc.table.ts";
import { mdcCode, mdcTerm, mdcUnit } from "../../drivers/kit/mdc.ts";
import { mdcTable } from "../dev/mdc-table.ts";

const TABLE = join(import.meta.dirname, "../../drivers/kit/mdc.table.ts");
const SOURCE = join(import.meta.dirname, "../../../shared/mdc_terms.csv");

test("every code is partition × 65536 + term", () => {
  for (const [refid, partition, term, code] of MDC_TABLE) {
    expect(code, refid).toBe(partition * 65_536 + term);
    expect(term, refid).toBeLessThan(65_536);
  }
});

test("no reference id and no code stands in the table twice", () => {
  expect(MDC_TABLE.length).toBeGreaterThan(300);
  expect(new Set(MDC_TABLE.map(([refid]) => refid)).size).toBe(MDC_TABLE.length);
  expect(new Set(MDC_TABLE.map(([, , , code]) => code)).size).toBe(MDC_TABLE.length);
});

test("every unit that a row names is a row of partition 4", () => {
  for (const [refid, , , , unit] of MDC_TABLE) if (unit !== "") expect(mdcUnit(unit) >>> 16, `${refid} in ${unit}`).toBe(4);
});

test("a term is found by its reference id, with its confidence", () => {
  expect(mdcTerm("MDC_PULS_OXIM_SAT_O2")).toEqual({ code: 150456, confidence: "A", unit: "MDC_DIM_PERCENT" });
  expect(mdcTerm("MDC_VENT_RESP_RATE_SETTING")?.confidence).toBe("C");
  expect(mdcUnit("MDC_DIM_BEAT_PER_MIN")).toBe(264864);
});

test("a private name has no term and the code 0", () => {
  for (const name of ["pb840.f75", "nonin.artefact", "", "toString", "__proto__"]) {
    expect(mdcTerm(name)).toBeUndefined();
    expect(mdcCode(name)).toBe(0);
  }
  expect(mdcUnit(undefined)).toBe(0);
});

test("the table carries its notice", () => {
  expect(readFileSync(TABLE, "utf8")).toContain("codes from ISO/IEEE 11073-10101, (c) IEEE, used as permitted through NIST RTMMS");
});

if (existsSync(SOURCE)) {
  test("the table is what its generator makes of the csv", () => {
    expect(readFileSync(TABLE, "utf8")).toBe(mdcTable(readFileSync(SOURCE, "utf8")));
  });
} else console.warn(`NOT RUN: no ${SOURCE}; whether the table is fresh is not proved here.`);

test("a quoted cell may hold commas and quotes", () => {
  const csv = 'refid,cf_code10,partition,term_code,note,unit_refid,confidence\nMDC_X,65537,1,1,"a, ""b""",MDC_DIM_Y,B\n';
  expect(mdcTable(csv)).toContain('["MDC_X", 1, 1, 65537, "MDC_DIM_Y", "B"],');
});
