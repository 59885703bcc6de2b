import type { Unit } from "../kit/emulator.ts";
import { CODE } from "./emulator-wire.ts";

/**
 * Pages of a device as text, and what a faithful reader concludes from each. Names of what is told, XX being the code as sent:
 *
 *   command   page                  name            printed as
 *   24  2B    measured values 1, 2  medibus.m1.XX   CC + 4 characters
 *   25  2C    low alarm limits      medibus.l1.XX   CC + 4 characters
 *   26  2D    high alarm limits     medibus.h1.XX   CC + 4 characters
 *   29        settings              medibus.sXX     CC + 5 characters
 *   2A        text messages         medibus.tXX     CC + length + text + ETX
 *   27  2E    alarms 1, 2           medibus.a1.XX   priority + CC + 12 characters; a condition (a1.XX.PP: keyOf)
 *                                   medibus.p1.XX   its priority, a number from 1 to 31
 *   28        time                  medibus.time
 *   52        identity              medibus.version protocol's version
 *   real time                       medibus.breath  phase of the breath, where it changes
 *   real time                       medibus.wXX     raw integers (emulator-curves.ts)
 */

export type Entry = {
  /** Two hexadecimal digits. */
  readonly code: string;
  /** Digits, text or phrase; an empty one is a field of blanks. */
  readonly text: string;
  /** Of alarms: 1..31. */
  readonly priority?: number;
  /** MB-32: code and priority together name it. */
  readonly pair?: true;
};
/** Code of the command → what stands on the page. */
export type Pages = Readonly<Record<number, readonly Entry[]>>;

type PageForm = { readonly name: string; readonly print: (entry: Entry) => string };
export const PAGE_FORMS: Readonly<Record<number, PageForm>> = {
  [CODE.data1]: { name: "medibus.m1.", print: (entry) => value(entry, 4) },
  [CODE.low1]: { name: "medibus.l1.", print: (entry) => value(entry, 4) },
  [CODE.high1]: { name: "medibus.h1.", print: (entry) => value(entry, 4) },
  [CODE.alarms1]: { name: "medibus.a1.", print: alarm },
  [CODE.settings]: { name: "medibus.s", print: (entry) => value(entry, 5) },
  [CODE.texts]: { name: "medibus.t", print: message },
  [CODE.data2]: { name: "medibus.m2.", print: (entry) => value(entry, 4) },
  [CODE.low2]: { name: "medibus.l2.", print: (entry) => value(entry, 4) },
  [CODE.high2]: { name: "medibus.h2.", print: (entry) => value(entry, 4) },
  [CODE.alarms2]: { name: "medibus.a2.", print: alarm },
};

export const pageText = (page: number, entries: readonly Entry[]): string => entries.map(PAGE_FORMS[page]!.print).join("");

/** The point of a whole number is a blank: " 98 ", but " 5.0". Throws RangeError where the text is wider than its field. */
function value({ code, text }: Entry, width: number): string {
  const printed = text === "" || text.includes(".") || text.length === width ? text.padStart(width) : `${text.padStart(width - 1)} `;
  if (printed.length !== width) throw new RangeError(`A field of ${width} characters does not hold "${text}".`);
  return `${code}${printed}`;
}
const PHRASE = 12;
function alarm({ code, text, priority = 1 }: Entry): string {
  if (text.length > PHRASE) throw new RangeError(`A phrase of ${PHRASE} characters does not hold "${text}".`);
  return `${String.fromCharCode(0x30 + priority)}${code}${text.padEnd(PHRASE)}`;
}
function message({ code, text }: Entry): string {
  return `${code}${String.fromCharCode(0x30 + text.length)}${text}\u0003`;
}

// ── What a faithful reader concludes ────────────────────────────────────────────────────────────────────────────────

/** Of an entry (keyOf): in how many answers in a row it was (positive), or for how many it has been missing (negative). */
export type Runs = Readonly<Record<string, number>>;
export type Conclusion = Pick<Unit, "observations" | "conditions" | "partial" | "edges" | "deviceTime">;

/** What names an entry of a page: the code, or code and priority ("10.30"). */
export const keyOf = ({ code, priority, pair }: Omit<Entry, "text">): string => (pair === true ? `${code}.${priority}` : code);
const codeOf = (key: string): string => key.slice(0, 2);

/** A reader of a bad line has surely seen a code that was in so many answers in a row. */
export const SURE_AFTER = 4;
/** And it has surely told the absence of one that was missing in so many. */
const TOLD_AFTER = 8;
/** And of the device that stood here before, in so many answers of a page. */
const STRANGE = 2;
const RUN_MAX = 99;

/**
 * MB-5: a code that an earlier answer held and this one does not is absent, told once. A reader that missed an answer may tell it
 * later; so for a while after a code went the unit is `partial`, and so are the first ones of a page. Undefined: nothing is to be told.
 */
export function conclude(page: number, entries: readonly Entry[], runs: Runs): readonly [Conclusion | undefined, Runs] {
  const here = new Map(entries.map((entry) => [keyOf(entry), entry]));
  const keys = [...new Set([...Object.keys(runs), ...here.keys()])];
  const later = keys.map((key): [string, number] => {
    const run = runs[key] ?? 0;
    if (here.has(key)) return [key, Math.min(RUN_MAX, Math.max(run, 0) + 1)];
    return [key, run > 0 ? -1 : Math.max(-RUN_MAX, run - 1)];
  });
  const gone = keys.filter((key) => !here.has(key) && (runs[key] ?? 0) >= SURE_AFTER);
  const isStrange = later.every(([, run]) => run <= STRANGE);
  const isUnsure = isStrange || later.some(([key, run]) => run < 0 && run >= -TOLD_AFTER && !gone.includes(key));
  const told = named(page, here, gone);
  const edges = gone.length === 0 ? {} : { edges: Object.keys(named(page, new Map(), gone).all) };
  const conclusion: Conclusion = { ...told.values, ...(isUnsure ? { partial: true } : {}), ...edges };
  return [here.size + gone.length === 0 ? undefined : conclusion, Object.fromEntries(later)];
}

function named(page: number, here: ReadonlyMap<string, Entry>, gone: readonly string[]) {
  const { name } = PAGE_FORMS[page]!;
  const isAlarm = page === CODE.alarms1 || page === CODE.alarms2;
  const each = <T>(called: (key: string) => string, present: (entry: Entry) => T, absent: T): Record<string, T> =>
    Object.fromEntries([
      ...[...here].map(([key, entry]): [string, T] => [called(key), present(entry)]),
      ...gone.map((key): [string, T] => [called(key), absent]),
    ]);
  // MB-6: blanks around the number are padding, a field of blanks has no value.
  const observations = isAlarm
    ? each(
        (key) => `${name.replace(".a", ".p")}${codeOf(key)}`,
        ({ priority = 1 }): string | null => String(priority),
        null,
      )
    : each(
        (key) => `${name}${key}`,
        ({ text }) => text.trim() || null,
        null,
      );
  const conditions = isAlarm
    ? each(
        (key) => `${name}${key}`,
        () => true,
        false,
      )
    : {};
  return { values: { observations, conditions }, all: { ...observations, ...conditions } };
}
