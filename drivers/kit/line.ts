import type { KnownDrivers } from "../../config/schema.ts";
import type { AnyDriver, LineSettings } from "./driver.ts";

/** Speed and format as rules, captures and people write them: "9600 8N1". */
export const lineText = ({ speed, format }: Words): string => `${speed} ${format}`;

/** How a device is reached on a network, where speed and format would stand of a line. */
export const UDP = "udp";
/** The line of a driver, or that it is read on a network. */
export const linkText = ({ frame, line }: Pick<AnyDriver, "frame" | "line">): string => ("datagram" in frame ? UDP : lineText(line));

/** Every line at which a driver's devices may speak; first the one that holds where nobody names another. */
export const linesOf = ({ line, otherLines = [] }: Pick<AnyDriver, "line" | "otherLines">): readonly LineSettings[] => [
  line,
  ...otherLines.filter((other) => lineText(other) !== lineText(line)).map((other) => ({ ...line, ...other })),
];

type Words = Pick<LineSettings, "speed" | "format">;
/** For a device on which both are set: each speed in each format. */
export const everyLine = (speeds: readonly number[], formats: readonly Words["format"][]): readonly Words[] =>
  speeds.flatMap((speed) => formats.map((format) => ({ speed, format })));

/** Every way to its devices: the texts of its lines, and of the network where they are read there. */
export const linksOf = (driver: AnyDriver): readonly string[] => [
  ...linesOf(driver).map(lineText),
  ...(driver.lan === undefined ? [] : [UDP]),
];

/** What a rule may name: each driver, with the texts of its links. */
export const linesByDriver = (drivers: readonly AnyDriver[]): KnownDrivers =>
  new Map(drivers.map((driver) => [driver.id, linksOf(driver)]));

/** The driver for devices that are set to this line, or on a network; undefined where none of them can be. */
export function atLine(driver: AnyDriver, text: string): AnyDriver | undefined {
  if (text === UDP) return driver.lan === undefined ? undefined : { ...driver, ...driver.lan };
  const line = linesOf(driver).find((one) => lineText(one) === text);
  return line === undefined ? undefined : { ...driver, line };
}
