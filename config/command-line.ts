/** What the command lines of both programs have in common. */

/** Exit codes of every verb. */
export const EXIT = { ok: 0, failed: 1, usage: 2, refused: 3, offline: 4, timedOut: 5 } as const;

/** "--name=value" is a name and its value; any other word is itself. */
export function splitOption(word: string): readonly [string, string | undefined] {
  const at = word.startsWith("--") ? word.indexOf("=") : -1;
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

/** Rows of cells as lines, each column as wide as its widest cell. The first row says how many columns there are. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => rows.reduce((widest, row) => Math.max(widest, (row[column] ?? "").length), 0));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
