import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { settle } from "./again.ts";
import { OWED } from "./requirements.table.ts";
import { type Report, requirementLine, requirementsOf, requirementsPage, unproved } from "./requirements.ts";

/**
 * `node test/package/tally.ts FOLDER [--whole]`: prints the stages with their times, what was skipped, and one line
 * "N passed, N failed". Fails when anything failed or no test ran. A stage that is not vitest counts as one test.
 * With --whole, which says that every test ran, also the requirements by what their tests showed, with the tests in
 * FOLDER/requirements.md; one that is owed and not proved is a failure. A stage "again" is the repetition of what failed in
 * "tests" (again.ts): it is no stage of its own, and what passed in it is printed as UNSTEADY.
 */
export type Counts = { readonly passed: number; readonly failed: number; readonly skipped: readonly string[] };
export type Stage = {
  readonly name: string;
  readonly code: number;
  readonly milliseconds: number;
  /** Whether vitest leaves a report of this stage; one that is missing is a failure. */
  readonly kind: "report" | "plain";
};

export function countStage(stage: Stage, report: Report | undefined): Counts {
  const nothing = { passed: 0, failed: 0, skipped: [] };
  if (stage.kind === "plain" && stage.code === 0) return { ...nothing, passed: 1 };
  if (stage.kind === "plain" || report === undefined) return { ...nothing, failed: 1 };
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const failed = tests.filter((test) => test.status === "failed").length;
  // A file that cannot be loaded has no test that could fail.
  const broken = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  const known = failed + broken.length;
  return {
    passed: tests.filter((test) => test.status === "passed").length,
    // An error outside of every test shows in the exit code alone.
    failed: known === 0 && stage.code !== 0 ? 1 : known,
    skipped: tests.filter((test) => test.status !== "passed" && test.status !== "failed").map((test) => test.fullName),
  };
}

export function addUp(counts: readonly Counts[]): Counts {
  return {
    passed: counts.reduce((sum, one) => sum + one.passed, 0),
    failed: counts.reduce((sum, one) => sum + one.failed, 0),
    skipped: counts.flatMap((one) => one.skipped),
  };
}

export function lastLine(counts: Counts): string {
  const skipped = counts.skipped.length === 0 ? "" : `, ${counts.skipped.length} skipped`;
  return `${counts.passed} passed, ${counts.failed} failed${skipped}`;
}

type Ran = { readonly stage: Stage; readonly report: Report | undefined };

/** "tests" as its repetition settled it, and the names of what failed and then passed. */
export function withRepetition(ran: readonly Ran[]): { readonly stages: readonly Ran[]; readonly unsteady: readonly string[] } {
  const again = ran.find(({ stage }) => stage.name === "again");
  const first = ran.find(({ stage }) => stage.name === "tests");
  if (again?.report === undefined || first?.report === undefined) return { stages: ran, unsteady: [] };
  const { report, unsteady } = settle(first.report, again.report);
  const milliseconds = first.stage.milliseconds + again.stage.milliseconds;
  const settled = { stage: { ...first.stage, code: again.stage.code, milliseconds }, report };
  return { stages: ran.filter((one) => one !== again).map((one) => (one === first ? settled : one)), unsteady };
}

function main(folder: string, whole: boolean): void {
  const ran = readStages(folder).map((stage) => ({ stage, report: readReport(join(folder, `${stage.name}.json`)) }));
  const { stages, unsteady } = withRepetition(ran);
  const counted = stages.map(({ stage, report }) => ({ stage, counts: countStage(stage, report) }));
  const say = (line: string): boolean => process.stdout.write(`${line}\n`);
  say("");
  for (const { stage, counts } of counted) {
    const verdict = counts.failed > 0 ? "FAILED" : "ok";
    say(`${stage.name.padEnd(10)} ${(stage.milliseconds / 1000).toFixed(1).padStart(6)} s  ${verdict.padEnd(6)}  ${lastLine(counts)}`);
  }
  const missing = whole
    ? tellRequirements(
        folder,
        stages.flatMap(({ report }) => report ?? []),
        say,
      )
    : 0;
  const total = addUp([...counted.map((one) => one.counts), { passed: 0, failed: missing, skipped: [] }]);
  const milliseconds = stages.reduce((sum, { stage }) => sum + stage.milliseconds, 0);
  say(`${"together".padEnd(10)} ${(milliseconds / 1000).toFixed(1).padStart(6)} s`);
  for (const name of unsteady) say(`UNSTEADY: failed beside the others, passed alone: ${name}`);
  for (const name of total.skipped) say(`SKIPPED: ${name}`);
  if (total.passed + total.failed === 0) say("No test ran.");
  say(lastLine(total));
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}

/** Answers with how many owed ones are not proved. */
function tellRequirements(folder: string, reports: readonly Report[], say: (line: string) => boolean): number {
  const all = requirementsOf(reports, OWED);
  const page = join(folder, "requirements.md");
  writeFileSync(page, requirementsPage(all));
  say(`\nrequirements, by the tests that name them (which, says ${page})`);
  for (const one of all) say(requirementLine(one));
  say("");
  for (const { id, owed } of unproved(all)) say(`FAILED: no test that passed proves ${id}: ${owed}`);
  return unproved(all).length;
}

function readStages(folder: string): Stage[] {
  const lines = readFileSync(join(folder, "stages"), "utf8").trim().split("\n");
  return lines.map((line) => {
    const [name = "", code, milliseconds, kind] = line.split(" ");
    return { name, code: Number(code), milliseconds: Number(milliseconds), kind: kind === "report" ? "report" : "plain" };
  });
}

function readReport(path: string): Report | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Report) : undefined;
}

if (import.meta.main) main(process.argv[2] ?? "", process.argv.includes("--whole"));
