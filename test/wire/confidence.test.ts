import { describe, expect, test } from "vitest";
import { wireMetric } from "../../agent/wire/records.ts";
import { DRIVERS } from "../../drivers/index.ts";
import { mdcTerm } from "../../drivers/kit/mdc.ts";
import { CONFIDENCE } from "../../proto/messages.ts";

/** What a consumer is told of codes that nobody has looked up: of every metric that any driver declares. */
describe.each(DRIVERS.map((driver) => [driver.id, driver.metrics] as const))("each metric of %s", (_, metrics) => {
  test("is of a code and a unit that are looked up, or says by itself that they are not, with the names they go by", () => {
    for (const metric of metrics) {
      const { refid, unit } = metric;
      const told = wireMetric(1, metric);
      const sure = mdcTerm(refid)?.confidence ?? "A";
      expect([told.code, told.confidence ?? 0], refid).toEqual([mdcTerm(refid)?.code ?? 0, CONFIDENCE[sure]]);
      if (sure !== "A") expect(told.name, `${refid} has no name of the device's own`).toMatch(/./);
      expect(refid.startsWith("MDC_"), `${refid}: a name of the nomenclature has a code, a private one has none`).toBe(told.code !== 0);
      if (unit === undefined) continue;
      const term = mdcTerm(unit);
      expect(term, `${refid} in ${unit}`).toBeDefined();
      expect([told.unit, told.unitConfidence ?? 0], `${refid} in ${unit}`).toEqual([term!.code, CONFIDENCE[term!.confidence]]);
      expect(told.unitRefid, `${refid} in ${unit}`).toBe(term!.confidence === "A" ? undefined : unit);
    }
  });
});

test("some are not sure, so that this can fail", () => {
  const all = DRIVERS.flatMap(({ metrics }) => metrics.map((metric) => wireMetric(1, metric)));
  expect(all.filter(({ confidence = 0 }) => confidence > 0).length).toBeGreaterThan(50);
  expect(new Set(all.flatMap(({ unitRefid }) => unitRefid ?? [])).size).toBeGreaterThan(10);
});
