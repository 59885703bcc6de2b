import { MiB, Milliseconds, Minutes } from "../units.ts";
import { type Mistake, shown, unknownText } from "./mistakes.ts";
import { parseBytes, parseDuration } from "./quantity.ts";

/**
 * Mistakes that lie between values, looked for in the document as it is written, so that they are told together with mistakes of
 * shape: whatever has not the right shape is passed over here.
 */

/** The window is never less than the pace plus this: a message and its answer need the time. */
export const WINDOW_ABOVE_PACE = Milliseconds(150);
/** One tick of reading; and a message a minute is no live reading any more. */
const PACE_MIN = Milliseconds(20);
const PACE_MAX = Minutes(1);
const WINDOW_MAX = Minutes(10);
/** Each of the four lanes has a file of 1 MiB under way and one that waits. Each file is held open. */
const SPOOL_MIN = MiB(8);
const SPOOL_MAX = MiB(16 * 1024);

type Group = Readonly<Record<string, unknown>>;

export function meaningMistakes(document: unknown, known: { readonly drivers?: readonly string[] }): readonly Mistake[] {
  if (!isGroup(document)) return [];
  return [...ofTimes(document), ...ofSpool(document), ...ofPorts(groups(document.ports)), ...ofRules(groups(document.rules), known)];
}

function* ofTimes({ pace: paceText = "100ms", window: windowText = "250ms" }: Group): Generator<Mistake> {
  const pace = textThen(paceText, parseDuration);
  const window = textThen(windowText, parseDuration);
  if (pace !== undefined && (pace < PACE_MIN || pace > PACE_MAX))
    yield { path: "pace", message: `expected a time from ${PACE_MIN}ms to 1min, for example "100ms", found ${shown(paceText)}` };
  if (window !== undefined && window > WINDOW_MAX)
    yield { path: "window", message: `expected a time up to 10min, for example "250ms", found ${shown(windowText)}` };
  if (pace !== undefined && window !== undefined && window < pace + WINDOW_ABOVE_PACE) {
    const least = pace + WINDOW_ABOVE_PACE;
    yield { path: "window", message: `must be at least pace plus ${WINDOW_ABOVE_PACE}ms, here ${least}ms, found ${shown(windowText)}` };
  }
}

function* ofSpool({ spool }: Group): Generator<Mistake> {
  const size = isGroup(spool) ? textThen(spool.size, parseBytes) : undefined;
  if (size !== undefined && (size < SPOOL_MIN || size > SPOOL_MAX))
    yield {
      path: "spool.size",
      message: `expected a size from 8MiB to 16GiB, for example "256MiB", found ${shown((spool as Group).size)}`,
    };
}

function* ofPorts(ports: readonly Numbered[]): Generator<Mistake> {
  for (const key of ["path", "location"]) {
    const seen = new Map<unknown, number>();
    for (const { at, group } of ports) {
      const value = group[key];
      const before = seen.get(value);
      if (typeof value === "string" && before !== undefined)
        yield { path: `ports[${at}].${key}`, message: `${shown(value)} stands twice, also in ports[${before}]` };
      else seen.set(value, at);
    }
  }
}

function* ofRules(rules: readonly Numbered[], { drivers }: { readonly drivers?: readonly string[] }): Generator<Mistake> {
  for (const { at, group } of rules) {
    const { when, driver, device } = group;
    const before = rules.filter((one) => one.at < at);
    if (isGroup(when) && Object.keys(when).length === 0)
      yield { path: `rules[${at}].when`, message: 'a rule without a condition would admit every port; name at least "location"' };
    const first = before.find((one) => isGroup(when) && covers(one.group.when, when));
    if (first !== undefined)
      yield { path: `rules[${at}].when`, message: `never applies: rules[${first.at}] already decides for every such port` };
    const twin = first === undefined ? before.find((one) => namesTwoSockets(one.group, group)) : undefined;
    if (twin !== undefined)
      yield {
        path: `rules[${at}].device`,
        message: `${shown(device)} is the device of rules[${twin.at}], at another socket; each device has an id of its own`,
      };
    if (typeof driver === "string" && drivers !== undefined && !drivers.includes(driver))
      yield { path: `rules[${at}].driver`, message: unknownText(driver, drivers) };
  }
}

/** Everything that the second asks for the first asks for, too, and perhaps less. */
function covers(first: unknown, second: Group): boolean {
  if (!isGroup(first)) return false;
  const asked = Object.entries(first);
  return asked.length > 0 && asked.every(([key, value]) => typeof value === "string" && second[key] === value);
}

/** The same device in two places that are known by nothing but the place: two devices that would share one name. */
function namesTwoSockets(one: Group, other: Group): boolean {
  const place = ({ when }: Group) =>
    isGroup(when) && when.serial === undefined && typeof when.location === "string" ? when.location : undefined;
  const [first, second] = [place(one), place(other)];
  return typeof one.device === "string" && one.device === other.device && first !== undefined && second !== undefined && first !== second;
}

type Numbered = { readonly at: number; readonly group: Group };
const groups = (list: unknown): readonly Numbered[] =>
  Array.isArray(list) ? list.map((group: unknown, at) => ({ at, group })).filter((one): one is Numbered => isGroup(one.group)) : [];
const isGroup = (value: unknown): value is Group => typeof value === "object" && value !== null && !Array.isArray(value);
const textThen = <T>(value: unknown, parse: (text: string) => T | undefined): T | undefined =>
  typeof value === "string" ? parse(value) : undefined;
