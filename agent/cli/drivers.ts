import { columns, EXIT } from "../../config/command-line.ts";
import { DRIVERS } from "../../drivers/index.ts";
import type { AnyDriver } from "../../drivers/kit/driver.ts";
import { linesOf, lineText, linksOf, UDP } from "../../drivers/kit/line.ts";
import type { Kind } from "../../drivers/kit/reading.ts";
import type { Self } from "../effects/node/process.ts";
import type { Words } from "./words.ts";

/** What a driver may tell, in the order and the words of the table. */
const GIVES: readonly (readonly [kind: Kind, one: string, more: string])[] = [
  ["numeric", "number", "numbers"],
  ["setting", "setting", "settings"],
  ["enumeration", "state", "states"],
  ["text", "text", "texts"],
  ["wave", "wave", "waves"],
  ["condition", "condition", "conditions"],
];

/** `bedside drivers`: what this version can read, what each driver gives, and whether it sends the device anything. */
export function drivers({ json }: Words, self: Self): number {
  if (json) self.out(`${JSON.stringify({ drivers: DRIVERS.map(rowOf) })}\n`);
  else {
    const rows = DRIVERS.map((driver) => [driver.id, lineOf(driver), sends(driver), driver.grade, driver.device]);
    self.out(`${columns([["DRIVER", "LINE", "SENDS", "GRADE", "DEVICE"], ...rows]).join("\n")}\n\n`);
    const others = DRIVERS.flatMap((driver) => (driver.otherLines === undefined ? [] : [[driver.id, otherLinesOf(driver)]]));
    self.out(`${columns([["DRIVER", "WHERE A RULE SAYS SO, ALSO AT"], ...others]).join("\n")}\n\n`);
    self.out(`${columns([["DRIVER", "MAY TELL"], ...DRIVERS.map((driver) => [driver.id, givesOf(driver)])]).join("\n")}\n`);
    self.out("\ngrade: what the proof rests on, document < capture < bench < ward (drivers/README.md)\n");
  }
  return EXIT.ok;
}

export const lineOf = ({ line, lan }: AnyDriver): string => (lan === undefined ? lineText(line) : `${lineText(line)}, ${UDP}`);
/** "1200, 2400 8N1, 8E1": speeds that have the same formats stand together. */
function otherLinesOf(driver: AnyDriver): string {
  const bySpeed = Map.groupBy(linesOf(driver).slice(1), ({ speed }) => speed);
  const byFormats = Map.groupBy(bySpeed, ([, lines]) => lines.map(({ format }) => format).join(", "));
  return [...byFormats].map(([formats, speeds]) => `${speeds.map(([speed]) => speed).join(", ")}: ${formats}`).join("; ");
}
export const sends = ({ tx }: AnyDriver): string =>
  Object.keys(tx).length === 0 ? "nothing" : `${Object.keys(tx).length} ${Object.keys(tx).length === 1 ? "request" : "requests"}`;

/** Names that may come, not those that a device has: one metric in two units counts twice. */
const countOf = ({ metrics }: AnyDriver, kind: Kind): number => metrics.filter((metric) => metric.kind === kind).length;
export const givesOf = (driver: AnyDriver): string =>
  GIVES.flatMap(([kind, one, more]) => {
    const count = countOf(driver, kind);
    return count === 0 ? [] : [`${count} ${count === 1 ? one : more}`];
  }).join(", ");

const rowOf = (driver: AnyDriver) => ({
  id: driver.id,
  device: driver.device,
  grade: driver.grade,
  line: driver.line,
  lines: linksOf(driver),
  sends: Object.keys(driver.tx),
  metrics: driver.metrics.map(({ kind, refid, name, ...more }) => ({ kind, refid, name, unit: "unit" in more ? more.unit : undefined })),
});
