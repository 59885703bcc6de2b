import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Bytes recorded from real devices; they are not part of the project. BEDSIDE_VECTORS names another folder. */
const FOLDER = process.env.BEDSIDE_VECTORS ?? join(import.meta.dirname, "../../../shared/vectors");

/** Runs the tests that need the folder, or says aloud that they did not run. */
export function withVectors(folder: string, tests: (read: (name: string) => Buffer) => void): void {
  const path = join(FOLDER, folder);
  if (existsSync(path)) tests((name) => readFileSync(join(path, name)));
  else console.warn(`NOT RUN: no recorded bytes at ${path}; the tests against them prove nothing here.`);
}

/** Rows of expected_*.csv: field number and value. */
export const expectedFields = (csv: string): ReadonlyMap<number, string> =>
  new Map(
    csv
      .trim()
      .split(/\r?\n/)
      .slice(1)
      .map((line) => {
        const match = /,(\d+),"(.*)"$/.exec(line);
        if (match === null) throw new RangeError(`Not a row of the expected table: ${line}`);
        return [Number(match[1]), match[2]!];
      }),
  );
