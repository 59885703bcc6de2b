import { describe, test } from "vitest";
import { DRIVERS } from "../../drivers/index.ts";
import { proofsOf } from "./proofs.ts";

describe.each(DRIVERS.map((driver) => [driver.id, driver] as const))("the driver %s", (_, driver) => {
  for (const { name, run, of } of proofsOf(driver).proofs) if (of === "device") test(name, run, 60_000);
});
