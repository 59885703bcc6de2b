import { describe, test } from "vitest";
import { DRIVERS } from "../../drivers/index.ts";
import { proofsOf } from "./proofs.ts";

describe.each(DRIVERS.map((driver) => [driver.id, driver] as const))("the driver %s", (id, driver) => {
  const { proofs, left } = proofsOf(driver);
  for (const one of left) console.warn(`NOT ASKED of ${id}: ${one}.`);
  for (const { name, run } of proofs) test(name, run, 60_000);
});
