import type { AnyDriver, LineSettings } from "../../drivers/kit/driver.ts";
import { atLine, linesOf, lineText } from "../../drivers/kit/line.ts";

/** One opening of the port: who listens to it, and whether one of them asks. */
export type Try = { readonly line: LineSettings; readonly listening: readonly AnyDriver[]; readonly asks: boolean };

/**
 * What is tried, in order: the line of the rule, then the line at which each driver's devices leave their factory, then all others.
 * Every driver that reads at a line listens to it. Then the rule's own driver asks, at its own line first, where it declares that its
 * first request is harmless: the rule allows it that and nobody else anything.
 */
export function triesFor(drivers: readonly AnyDriver[], own: AnyDriver): readonly Try[] {
  const all = [own.line, ...drivers.map(({ line }) => line), ...drivers.flatMap(linesOf)];
  const lines = [...new Map(all.map((line) => [lineText(line), line])).values()];
  const listening = lines.map((line): Try => {
    const readers = drivers.flatMap((driver) => atLine(driver, lineText(line)) ?? []);
    // Nothing is sent, so that no handshake is needed, and none moves.
    return { line: { ...line, modemLines: "untouched" }, listening: readers.map(silent), asks: false };
  });
  if (own.firstRequest !== "harmless" || own.run === undefined) return listening;
  const asking = [own.line, ...linesOf(own)].map(lineText).flatMap((text) => atLine(own, text) ?? []);
  const once = [...new Map(asking.map((driver) => [lineText(driver.line), driver])).values()];
  return [...listening, ...once.map((driver): Try => ({ line: driver.line, listening: [driver], asks: true }))];
}

function silent({ run: _asks, leave: _leaves, ...driver }: AnyDriver): AnyDriver {
  return driver;
}
