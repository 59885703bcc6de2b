import { readFileSync, writeFileSync } from "node:fs";

/**
 * Rebuilds drivers/kit/mdc.table.ts from the table of terms:  node test/dev/mdc-table.ts mdc_terms.csv [target]
 * The csv is the one source of codes; nothing is typed by hand.
 */

const COLUMNS = ["refid", "cf_code10", "partition", "term_code", "unit_refid", "confidence"] as const;
type Row = Readonly<Record<(typeof COLUMNS)[number], string>>;

/** Text of a csv as rows of cells; quoted cells may hold commas and doubled quotes, never a line end. */
function cells(text: string): readonly (readonly string[])[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.length > 0)
    .map((line) =>
      Array.from(
        line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g),
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
      ),
    );
}

export function termsOf(csv: string): readonly Row[] {
  const [titles = [], ...lines] = cells(csv);
  const at = COLUMNS.map((column) => titles.indexOf(column));
  if (at.includes(-1)) throw new RangeError(`The csv must have the columns ${COLUMNS.join(", ")}.`);
  return lines.map((line) => Object.fromEntries(COLUMNS.map((column, i) => [column, line[at[i]!] ?? ""])) as Row);
}

export function mdcTable(csv: string): string {
  const rows = termsOf(csv).map(
    (row) => `  ["${row.refid}", ${row.partition}, ${row.term_code}, ${row.cf_code10}, "${row.unit_refid}", "${row.confidence}"],`,
  );
  return `// Made by test/dev/mdc-table.ts; do not edit.
// Notice: codes from ISO/IEEE 11073-10101, (c) IEEE, used as permitted through NIST RTMMS.

/** Reference id, partition, term, code = partition * 65536 + term, usual unit ("" where it has none), how well the code is established. */
export type MdcRow = readonly [refid: string, partition: number, term: number, code: number, unit: string, confidence: "A" | "B" | "C"];

export const MDC_TABLE: readonly MdcRow[] = [
${rows.join("\n")}
];
`;
}

if (import.meta.main) {
  const [source, target = "drivers/kit/mdc.table.ts"] = process.argv.slice(2);
  if (source === undefined) {
    console.error("usage: node test/dev/mdc-table.ts mdc_terms.csv [target]");
    process.exitCode = 2;
  } else writeFileSync(target, mdcTable(readFileSync(source, "utf8")));
}
