import { describe, test } from "vitest";
import { DRIVERS } from "../../drivers/index.ts";
import { proofsOf } from "./proofs.ts";

/** The other half is in conformance-devices.test.ts, so that two workers share it. */
describe.each(DRIVERS.map((driver) => [driver.id, driver] as const))("the driver %s", (id, driver) => {
  const { proofs, left } = proofsOf(driver);
  for (const one of left) console.warn(`NOT ASKED of ${id}: ${one}.`);
  for (const { name, run, of } of proofs) if (of === "driver") test(name, run, 60_000);
});
