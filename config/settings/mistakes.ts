/** How a mistake in the configuration is told: what was expected, an example, what was found. Pure text; knows no schema. */

export type Mistake = { readonly path: string; readonly message: string };

/** With its line in the file, where it has one. */
export type Told = Mistake & { readonly line?: number };

/** By lines; what has none comes last. `lineOf` finds the line of a path. */
export function byLines(mistakes: readonly Mistake[], lineOf: (path: string) => number | undefined): readonly Told[] {
  const told = mistakes.map((mistake): Told => {
    const line = lineOf(mistake.path);
    return line === undefined ? mistake : { ...mistake, line };
  });
  return told.sort((a, b) => (a.line ?? Number.POSITIVE_INFINITY) - (b.line ?? Number.POSITIVE_INFINITY));
}

/** "line N  path: message", for people. */
export const toldLine = ({ path, message, line }: Told): string =>
  `${line === undefined ? "" : `line ${line}  `}${path === "" ? "(the whole file)" : path}: ${message}`;

/** So much of a wrong value is shown. */
const SHOWN_MAX = 60;

/** What the file says, in one line that cannot move a cursor. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object") return `a group of settings (${Object.keys(value).slice(0, 3).map(shown).join(", ")})`;
  if (typeof value !== "string") return `${String(value)} without quotes`;
  const text = JSON.stringify(value).replaceAll(/\p{C}/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}

export const expectedText = (expected: string, value: unknown): string =>
  value === undefined ? `is missing: expected ${expected}` : `expected ${expected}, found ${shown(value)}`;

/** A word that is not known, and the one that was perhaps meant. */
export function unknownText(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined
    ? `${shown(word)} is not known here; known are ${known.join(", ")}`
    : `${shown(word)} is not known here; did you mean "${near}"?`;
}

/** The known word that is nearest by typing errors; undefined where none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  const far = known.map((one) => ({ one, errors: typingErrors(word.toLowerCase(), one.toLowerCase()) }));
  return far.filter(({ errors }) => errors <= limit).sort((a, b) => a.errors - b.errors)[0]?.one;
}

/** Letters left out, added, changed, or exchanged with their neighbour. */
function typingErrors(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2]![j - 2]! + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same, swapped));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
