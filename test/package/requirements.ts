import { relative } from "node:path";
import process from "node:process";

/** What vitest reports, as far as it is read. */
export type Report = {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
};

type Result = "passed" | "failed" | "skipped";
export type Proof = { readonly result: Result; readonly test: string; readonly file: string };
export type Requirement = {
  readonly id: string;
  /** What it asks, where this run must prove it. */
  readonly owed: string | undefined;
  readonly proofs: readonly Proof[];
};

/** By the ids that the names of tests carry, as "(R17)" or "(R17, R56)", and those that are owed; by number. */
export function requirementsOf(reports: readonly Report[], owed: Readonly<Record<string, string>>): readonly Requirement[] {
  const proofs = new Map<string, Proof[]>(Object.keys(owed).map((id) => [id, []]));
  for (const { name, assertionResults } of reports.flatMap((report) => report.testResults)) {
    for (const { status, fullName: test } of assertionResults) {
      const proof: Proof = {
        result: status === "passed" || status === "failed" ? status : "skipped",
        test,
        file: relative(process.cwd(), name),
      };
      for (const id of idsIn(test)) proofs.set(id, [...(proofs.get(id) ?? []), proof]);
    }
  }
  return [...proofs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, found]) => ({ id, owed: owed[id], proofs: found }));
}

function idsIn(test: string): ReadonlySet<string> {
  return new Set([...test.matchAll(/\((R\d\d(?:, R\d\d)*)\)/g)].flatMap(([, ids = ""]) => ids.split(", ")));
}

const count = ({ proofs }: Requirement, wanted: Result): number => proofs.filter(({ result }) => result === wanted).length;

/** Those owed of which nothing passed. A test that failed besides is a failure of its own. */
export const unproved = (all: readonly Requirement[]): readonly Requirement[] =>
  all.filter((one) => one.owed !== undefined && count(one, "passed") === 0);

/** One line each. */
export function requirementLine(one: Requirement): string {
  const [passed, failed, skipped] = [count(one, "passed"), count(one, "failed"), count(one, "skipped")];
  const counts = `${passed} passed${failed > 0 ? `, ${failed} FAILED` : ""}${skipped > 0 ? `, ${skipped} skipped` : ""}`;
  return `${one.id}  ${counts.padEnd(24)}${one.owed ?? ""}`.trimEnd();
}

export function requirementsPage(all: readonly Requirement[]): string {
  const rows = all.map((one) => {
    const verdict = unproved([one]).length > 0 ? "**NOT PROVED**" : count(one, "failed") > 0 ? "**FAILED**" : "";
    const counts = (["passed", "failed", "skipped"] as const).map((result) => count(one, result));
    return `| ${[one.id, ...counts, one.owed ?? "", verdict].join(" | ")} |`;
  });
  const lists = all.map(
    ({ id, proofs }) => `## ${id}\n\n${proofs.map(({ result, test, file }) => `- ${result}: ${test} (${file})\n`).join("") || "no test\n"}`,
  );
  return [
    "# Requirements, and the tests whose names carry them\n",
    "Made by the last run of `./build.sh test`. What has a text must be proved by it.\n",
    ["| id | passed | failed | skipped | asks | |", "|---|---|---|---|---|---|", ...rows, ""].join("\n"),
    ...lists,
  ].join("\n");
}
