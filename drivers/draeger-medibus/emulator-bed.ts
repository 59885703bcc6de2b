import { type Dice, roll } from "../kit/emulator-dice.ts";
import { type Alarm, type Model, PAIRED, PAIRS } from "./emulator-models.table.ts";
import { type Conclusion, conclude, type Entry, keyOf, type Pages, pageText, type Runs, SURE_AFTER } from "./emulator-pages.ts";
import { CODE, hex2 } from "./emulator-wire.ts";

/** What happens at the bed and what the pages say of it. A page moves on each time it is asked for. */

export type Bed = {
  readonly random: number;
  readonly model: Model;
  /** "recorded": the pages stay as they are, for ever. */
  readonly pages: "living" | "recorded";
  readonly shown: Pages;
  /** Page → code → its run (emulator-pages.ts). */
  readonly runs: Readonly<Record<number, Runs>>;
  /** Page → code → answers for which it still comes, or still stays away. */
  readonly spells: Readonly<Record<number, Readonly<Record<string, number>>>>;
  /** Page → codes that the host asked to leave out. */
  readonly without: Readonly<Record<number, readonly string[]>>;
  readonly mode: number;
  readonly modeLeft: number;
};

export function switchedOn(seed: number, model: Model): Bed {
  const dice = roll(seed ^ 0x2b5d);
  const mode = dice.between(0, model.modes.length - 1);
  const start: Omit<Bed, "random"> = { model, pages: "living", shown: {}, runs: {}, spells: {}, without: {}, mode, modeLeft: 8 };
  return { ...start, random: dice.state() };
}

/** The content of an answer, and what is to be concluded from it. */
export type Asked = { readonly bed: Bed; readonly content: string; readonly conclusion: Conclusion | undefined };

export function ask(before: Bed, page: number): Asked {
  const bed = before.pages === "recorded" ? before : moved(before, page);
  const without = bed.without[page] ?? [];
  const entries = (bed.shown[page] ?? []).filter(({ code }) => !without.includes(code));
  const [conclusion, runs] = conclude(page, entries, bed.runs[page] ?? {});
  return { bed: { ...bed, runs: { ...bed.runs, [page]: runs } }, content: pageText(page, entries), conclusion };
}

/** 4A: the page's code, and for each code of it 1 (send it) or 0 (leave it out). Other arguments change nothing. */
export function configure(bed: Bed, argument: string): Bed {
  const match = /^([$%&)*+,-])((?:[0-9A-F]{2}[01])+)$/.exec(argument);
  if (match === null) return bed;
  const page = match[1]!.charCodeAt(0);
  const without = new Set(bed.without[page] ?? []);
  for (const [, code = "", sent] of match[2]!.matchAll(/(..)(.)/g)) {
    if (sent === "0") without.add(code);
    else without.delete(code);
  }
  return { ...bed, without: { ...bed.without, [page]: [...without] } };
}

function moved(bed: Bed, page: number): Bed {
  const dice = roll(bed.random);
  const show = (entries: readonly Entry[], more: Partial<Bed> = {}): Bed => {
    const spells = { ...bed.spells, ...more.spells };
    return { ...bed, ...more, spells, shown: { ...bed.shown, [page]: entries }, random: dice.state() };
  };
  const { model } = bed;
  switch (page) {
    case CODE.data1:
      return measured(bed, page, model.data1, dice, show);
    case CODE.data2:
      return measured(bed, page, model.data2, dice, show);
    case CODE.low1:
      return show(model.low1.map((row) => printed(row, dice)));
    case CODE.high1:
      return show(model.high1.map((row) => printed(row, dice)));
    case CODE.settings:
      return show(model.settings.map((row) => printed(row, dice)));
    case CODE.alarms1:
      return alarms(bed, page, model.alarms1, dice, show);
    case CODE.alarms2:
      return alarms(bed, page, model.alarms2, dice, show);
    case CODE.texts: {
      const changes = bed.modeLeft <= 0;
      const mode = changes ? (bed.mode + dice.between(1, model.modes.length - 1)) % model.modes.length : bed.mode;
      const texts = [...(model.modes[mode] ?? []), ...model.texts].map(([code, text]): Entry => ({ code, text }));
      return show(texts, { mode, modeLeft: changes ? dice.between(8, 20) : bed.modeLeft - 1 });
    }
    default:
      return show([]);
  }
}
type Show = (entries: readonly Entry[], more?: Partial<Bed>) => Bed;

const printed = ([code, middle, spread, decimals]: Model["data1"][number], dice: Dice): Entry => ({
  code,
  text: dice.near(middle, spread, decimals).replace(/^-(0(\.0+)?)$/, "$1"),
});

/** Codes go and come again, a field is blank now and then, and once in a while a whole page has nothing to say (MB-8). */
function measured(bed: Bed, page: number, rows: Model["data1"], dice: Dice, show: Show): Bed {
  const runs = bed.runs[page] ?? {};
  const settled = rows.length > 0 && rows.every(([code]) => (runs[code] ?? 0) >= SURE_AFTER);
  if (settled && dice.happens(0.05)) return show([]);
  const away: Record<string, number> = {};
  for (const [code, left] of Object.entries(bed.spells[page] ?? {})) if (left > 1) away[code] = left - 1;
  const [leaving = ""] = dice.one(rows as [Model["data1"][number], ...Model["data1"]]) ?? [];
  // What has only just come stays, so that a reader of a bad line knows it (conclude); and something always stays.
  const mayLeave = (runs[leaving] ?? 0) >= SURE_AFTER && Object.keys(away).length < rows.length - 1;
  if (mayLeave && dice.happens(0.2)) away[leaving] = dice.between(1, 3);
  const here = rows.filter(([code]) => away[code] === undefined);
  const entries = here.map((row) => (dice.happens(0.01) ? { code: row[0], text: "" } : printed(row, dice)));
  return show(entries, { spells: { [page]: away } });
}

function alarms(bed: Bed, page: number, rows: Model["alarms1"], dice: Dice, show: Show): Bed {
  const shown = ([code, priority, text]: Alarm): Entry => {
    const isPair = PAIRED.includes(bed.model.id) && PAIRS.includes(`${hex2(page)} ${code}.${priority}`);
    return { code, priority, text, ...(isPair ? { pair: true } : {}) };
  };
  const [always, ...others] = rows;
  const present: Record<string, number> = {};
  for (const [code, left] of Object.entries(bed.spells[page] ?? {})) if (left > 1) present[code] = left - 1;
  const coming = others[dice.between(0, Math.max(0, others.length - 1))];
  const gone = coming !== undefined && (bed.runs[page]?.[keyOf(shown(coming))] ?? -SURE_AFTER) <= -SURE_AFTER;
  if (coming !== undefined && gone && dice.happens(0.25)) present[coming[0]] ??= dice.between(SURE_AFTER + 1, 14);
  const listed = [...(always === undefined ? [] : [always]), ...others.filter(([code]) => present[code] !== undefined)];
  return show(listed.map(shown), { spells: { [page]: present } });
}
