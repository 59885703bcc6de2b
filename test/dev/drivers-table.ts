import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { givesOf, lineOf, sends } from "../../agent/cli/drivers.ts";
import { DRIVERS } from "../../drivers/index.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";

/** The table of drivers in drivers/README.md, made of the drivers themselves:  node test/dev/drivers-table.ts */

export const PAGE = join(import.meta.dirname, "../../drivers/README.md");
const HEAD = "| id | device | line | sends | may tell | frames to prove | grade |\n|---|---|---|---|---|---|---|\n";

const row = (driver: AnyDriver): string => {
  const { id, device, proof, grade } = driver;
  return `| [${id}](${id}/README.md) | ${device} | ${lineOf(driver)} | ${sends(driver)} | ${givesOf(driver)} | ${proof} | ${grade} |\n`;
};

/** The page with its table as it must be. Throws RangeError where it has none. */
export function withTable(page: string): string {
  const table = /\| id \| device \|[^\n]*\n\|[-|]*\|\n(?:\|[^\n]*\n)*/;
  if (!table.test(page)) throw new RangeError("drivers/README.md has no table of drivers, which begins with  | id | device |");
  const rows = DRIVERS.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(row);
  return page.replace(table, () => `${HEAD}${rows.join("")}`);
}

if (import.meta.main) writeFileSync(PAGE, withTable(readFileSync(PAGE, "utf8")));
