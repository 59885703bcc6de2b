import { Milliseconds } from "../units.ts";
import { BOUNDS } from "./bounds.table.ts";
import { type Fields, isFields } from "./fields.ts";
import { type Mistake, shown, unknownText } from "./mistakes.ts";
import { parseBytes, parseDuration } from "./quantity.ts";

/**
 * Mistakes that lie between values, those of judgements.table.ts that are refused. They are looked for in the document as it is
 * written, so that they are told together with mistakes of shape: whatever has not the right shape is passed over here.
 */

/** The window is never less than the pace plus this: a message and its answer need the time. */
export const WINDOW_ABOVE_PACE = Milliseconds(150);

/** What a rule may name: each driver, with the lines ("9600 8N1") at which its devices speak; the first where it names none. */
export type KnownDrivers = ReadonlyMap<string, readonly string[]>;
/** Where the drivers are not known, none is looked up. */
export type Known = { readonly drivers?: KnownDrivers };

export function meaningMistakes(document: unknown, known: Known): readonly Mistake[] {
  if (!isFields(document)) return [];
  return [...ofTimes(document), ...ofSpool(document), ...ofPorts(groups(document.ports)), ...ofRules(groups(document.rules), known)];
}

function* ofTimes({ pace: paceText = "100ms", window: windowText = "250ms" }: Fields): Generator<Mistake> {
  const pace = textThen(paceText, parseDuration);
  const window = textThen(windowText, parseDuration);
  yield* ofBounds("pace", paceText, parseDuration);
  yield* ofBounds("window", windowText, parseDuration);
  if (pace !== undefined && window !== undefined && window < pace + WINDOW_ABOVE_PACE) {
    const least = pace + WINDOW_ABOVE_PACE;
    yield { path: "window", message: `must be at least pace plus ${WINDOW_ABOVE_PACE}ms, here ${least}ms, found ${shown(windowText)}` };
  }
}

function* ofSpool({ spool }: Fields): Generator<Mistake> {
  if (isFields(spool)) yield* ofBounds("spool.size", spool.size, parseBytes);
}

function* ofBounds(path: keyof typeof BOUNDS, text: unknown, parse: (text: string) => number | undefined): Generator<Mistake> {
  const { unit, least, most, example } = BOUNDS[path];
  const value = textThen(text, parse);
  const [lowest, highest] = [least === undefined ? undefined : parse(least), parse(most)];
  if (value === undefined || (value >= (lowest ?? 0) && value <= (highest ?? Number.POSITIVE_INFINITY))) return;
  const what = unit === "duration" ? "a time" : "a size";
  const from = least === undefined ? `up to ${most}` : `from ${least} to ${most}`;
  yield { path, message: `expected ${what} ${from}, for example "${example}", found ${shown(text)}` };
}

function* ofPorts(ports: readonly Numbered[]): Generator<Mistake> {
  for (const { at, group } of ports)
    if ((group.path === undefined) === (group.udp === undefined))
      yield { path: `ports[${at}]`, message: 'expected either "path" (of a node) or "udp" (a device\'s address), and not both' };
  for (const key of ["path", "udp", "location"]) {
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

function* ofRules(rules: readonly Numbered[], { drivers }: Known): Generator<Mistake> {
  for (const { at, group } of rules) {
    const { when, driver, device, line } = group;
    const before = rules.filter((one) => one.at < at);
    if (isFields(when) && Object.keys(when).length === 0)
      yield { path: `rules[${at}].when`, message: 'a rule without a condition would admit every port; name at least "location"' };
    if (isFields(when)) yield* ofPatterns(when, `rules[${at}].when`);
    const first = before.find((one) => isFields(when) && covers(one.group.when, when));
    if (first !== undefined)
      yield { path: `rules[${at}].when`, message: `never applies: rules[${first.at}] already decides for every such port` };
    const twin = first === undefined ? before.find((one) => namesTwoSockets(one.group, group)) : undefined;
    if (twin !== undefined)
      yield {
        path: `rules[${at}].device`,
        message: `${shown(device)} is the device of rules[${twin.at}], at another socket; each device has an id of its own`,
      };
    if (typeof driver === "string" && drivers !== undefined && !drivers.has(driver))
      yield { path: `rules[${at}].driver`, message: unknownText(driver, [...drivers.keys()]) };
    const lines = typeof driver === "string" ? drivers?.get(driver) : undefined;
    if (typeof line === "string" && lines !== undefined && !lines.includes(line))
      yield { path: `rules[${at}].line`, message: `${driver} is read at ${lines.join(", ")}; found ${shown(line)}` };
  }
}

/** Who writes a pattern means "all of these", and would get none of them. */
function* ofPatterns(when: Fields, path: string): Generator<Mistake> {
  for (const [key, value] of Object.entries(when))
    if (typeof value === "string" && (key === "location" ? /[*?#+]/ : /^[*?#+.%]+$/).test(value))
      yield {
        path: `${path}.${key}`,
        message: `${shown(value)} would never match: there are no patterns, a condition names one value whole`,
      };
}

/** Everything that the second asks for the first asks for, too, and perhaps less. */
function covers(first: unknown, second: Fields): boolean {
  if (!isFields(first)) return false;
  const asked = Object.entries(first);
  return asked.length > 0 && asked.every(([key, value]) => typeof value === "string" && second[key] === value);
}

/** The same device in two places that are known by nothing but the place: two devices that would share one name. */
function namesTwoSockets(one: Fields, other: Fields): boolean {
  const place = ({ when }: Fields) =>
    isFields(when) && when.serial === undefined && typeof when.location === "string" ? when.location : undefined;
  const [first, second] = [place(one), place(other)];
  return typeof one.device === "string" && one.device === other.device && first !== undefined && second !== undefined && first !== second;
}

type Numbered = { readonly at: number; readonly group: Fields };
const groups = (list: unknown): readonly Numbered[] =>
  Array.isArray(list) ? list.map((group: unknown, at) => ({ at, group })).filter((one): one is Numbered => isFields(one.group)) : [];
const textThen = <T>(value: unknown, parse: (text: string) => T | undefined): T | undefined =>
  typeof value === "string" ? parse(value) : undefined;
