import type { KnownDrivers } from "../../config/schema.ts";
import type { AnyDriver, LineSettings } from "./driver.ts";

/** Speed and format as rules, captures and people write them: "9600 8N1". */
export const lineText = ({ speed, format }: Words): string => `${speed} ${format}`;

/** Every line at which a driver's devices may speak; first the one that holds where nobody names another. */
export const linesOf = ({ line, otherLines = [] }: Pick<AnyDriver, "line" | "otherLines">): readonly LineSettings[] => [
  line,
  ...otherLines.filter((other) => lineText(other) !== lineText(line)).map((other) => ({ ...line, ...other })),
];

type Words = Pick<LineSettings, "speed" | "format">;
/** For a device on which both are set: each speed in each format. */
export const everyLine = (speeds: readonly number[], formats: readonly Words["format"][]): readonly Words[] =>
  speeds.flatMap((speed) => formats.map((format) => ({ speed, format })));

/** What a rule may name: each driver, with the texts of its lines. */
export const linesByDriver = (drivers: readonly AnyDriver[]): KnownDrivers =>
  new Map(drivers.map((driver) => [driver.id, linesOf(driver).map(lineText)]));

/** The driver for devices that are set to this line; undefined where none of them can be. */
export function atLine(driver: AnyDriver, text: string): AnyDriver | undefined {
  const line = linesOf(driver).find((one) => lineText(one) === text);
  return line === undefined ? undefined : { ...driver, line };
}
