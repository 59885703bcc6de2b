import { readFileSync } from "node:fs";
import { relative } from "node:path";
import process from "node:process";
import type { Report } from "./requirements.ts";

/**
 * Tests of real processes in real time, repeated alone. A machine that stands still for a second among many others breaks what
 * such a test waits for; a real fault breaks it again where nothing else runs. What fails and then passes is told by name
 * ("UNSTEADY"), never silently. `node test/package/again.ts REPORT` prints the files to repeat, one a line; none where anything
 * else failed, or more than the machine can be blamed for.
 */
export const FILES_MAX = 3;
/** Tests that start real processes. */
const IN_REAL_TIME = /(^|\/)test\/(?:(?:arm64|durability|e2e|fleet|package|support)\/[^/]+|agent\/effects-[a-z]+)\.test\.ts$/;

export function filesToRepeat({ testResults }: Report): readonly string[] {
  const failed = testResults.filter(({ status }) => status === "failed");
  const ours = failed.filter(
    ({ name, assertionResults }) => IN_REAL_TIME.test(name) && assertionResults.some(({ status }) => status === "failed"),
  );
  return ours.length === failed.length && failed.length <= FILES_MAX ? ours.map(({ name }) => name) : [];
}

/** The first report with, for each test that failed, what came of it when it ran alone. */
export function settle(first: Report, second: Report): { readonly report: Report; readonly unsteady: readonly string[] } {
  const passedAlone = new Set(
    second.testResults.flatMap(({ name, assertionResults }) =>
      assertionResults.filter(({ status }) => status === "passed").map(({ fullName }) => `${name} ${fullName}`),
    ),
  );
  const unsteady: string[] = [];
  const testResults = first.testResults.map(({ name, status, assertionResults }) => {
    const settled = assertionResults.map((one) => {
      if (one.status !== "failed" || !passedAlone.has(`${name} ${one.fullName}`)) return one;
      unsteady.push(one.fullName);
      return { ...one, status: "passed" };
    });
    const open = settled.some((one) => one.status === "failed") || (status === "failed" && settled.length === 0);
    return { name, status: open ? "failed" : "passed", assertionResults: settled };
  });
  return { report: { testResults }, unsteady };
}

if (import.meta.main) {
  const report = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Report;
  for (const name of filesToRepeat(report)) process.stdout.write(`${relative(process.cwd(), name)}\n`);
}
