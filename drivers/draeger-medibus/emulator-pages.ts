import { CODE } from "./emulator-wire.ts";

/**
 * Pages of a device as text, and what a faithful reader concludes from each. Names of what is told, XX being the code as sent:
 *
 *   command   page                  name            printed as
 *   24  2B    measured values 1, 2  medibus.m1.XX   CC + 4 characters
 *   25  2C    low alarm limits      medibus.low1.XX CC + 4 characters
 *   26  2D    high alarm limits     medibus.high1.XX
 *   29        settings              medibus.sXX     CC + 5 characters
 *   2A        text messages         medibus.tXX     CC + length + text + ETX
 *   27  2E    alarms 1, 2           medibus.a1.XX   priority + CC + 12 characters; a condition
 *   real time                       medibus.wXX     raw integers (emulator-curves.ts)
 */

export type Entry = {
  /** Two hexadecimal digits. */
  readonly code: string;
  /** Digits, text or phrase; an empty one is a field of blanks. */
  readonly text: string;
  /** Of alarms: 1..31. */
  readonly priority?: number;
};
/** Code of the command → what stands on the page. */
export type Pages = Readonly<Record<number, readonly Entry[]>>;

type PageForm = { readonly name: string; readonly print: (entry: Entry) => string };
export const PAGE_FORMS: Readonly<Record<number, PageForm>> = {
  [CODE.data1]: { name: "medibus.m1.", print: (entry) => value(entry, 4) },
  [CODE.low1]: { name: "medibus.low1.", print: (entry) => value(entry, 4) },
  [CODE.high1]: { name: "medibus.high1.", print: (entry) => value(entry, 4) },
  [CODE.alarms1]: { name: "medibus.a1.", print: alarm },
  [CODE.settings]: { name: "medibus.s", print: (entry) => value(entry, 5) },
  [CODE.texts]: { name: "medibus.t", print: message },
  [CODE.data2]: { name: "medibus.m2.", print: (entry) => value(entry, 4) },
  [CODE.low2]: { name: "medibus.low2.", print: (entry) => value(entry, 4) },
  [CODE.high2]: { name: "medibus.high2.", print: (entry) => value(entry, 4) },
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

/** Of a code: in how many answers in a row it was (positive), or for how many it has been missing (negative). */
export type Runs = Readonly<Record<string, number>>;
export type Conclusion = {
  readonly observations: Readonly<Record<string, string | null>>;
  readonly conditions: Readonly<Record<string, boolean>>;
  readonly partial?: true;
};

/** A reader of a bad line has surely seen a code that was in so many answers in a row. */
export const SURE_AFTER = 4;
/** And it has surely told the absence of one that was missing in so many. */
const TOLD_AFTER = 8;
const RUN_MAX = 99;

/**
 * MB-5: a code that an earlier answer held and this one does not is absent, told once. A reader that missed an answer may tell it
 * later; so for a while after a code went the unit is `partial`. Undefined: nothing is to be told.
 */
export function conclude(page: number, entries: readonly Entry[], runs: Runs): readonly [Conclusion | undefined, Runs] {
  const { name } = PAGE_FORMS[page]!;
  const here = new Map(entries.map((entry) => [entry.code, entry]));
  const codes = [...new Set([...Object.keys(runs), ...here.keys()])];
  const later = codes.map((code): [string, number] => {
    const run = runs[code] ?? 0;
    if (here.has(code)) return [code, Math.min(RUN_MAX, Math.max(run, 0) + 1)];
    return [code, run > 0 ? -1 : Math.max(-RUN_MAX, run - 1)];
  });
  const gone = codes.filter((code) => !here.has(code) && (runs[code] ?? 0) >= SURE_AFTER);
  const unsure = later.some(([code, run]) => run < 0 && run >= -TOLD_AFTER && !gone.includes(code));
  const isAlarm = page === CODE.alarms1 || page === CODE.alarms2;
  const named = <T>(present: (entry: Entry) => T, absent: T): Record<string, T> =>
    Object.fromEntries([
      ...[...here.values()].map((entry): [string, T] => [`${name}${entry.code}`, present(entry)]),
      ...gone.map((code): [string, T] => [`${name}${code}`, absent]),
    ]);
  const told: Conclusion = isAlarm
    ? { observations: {}, conditions: named(() => true, false), partial: true }
    : // MB-6: blanks around the number are padding, a field of blanks has no value.
      {
        observations: named<string | null>((entry) => entry.text.trim() || null, null),
        conditions: {},
        ...(unsure ? { partial: true } : {}),
      };
  return [here.size + gone.length === 0 ? undefined : told, Object.fromEntries(later)];
}
