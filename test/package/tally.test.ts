import { expect, test } from "vitest";
import { addUp, countStage, lastLine } from "./tally.ts";

const stage = (kind: "plain" | "report", code: number) => ({ name: "x", kind, code, milliseconds: 1 });
const file = (status: string, ...tests: string[]) => ({
  name: "a.test.ts",
  status,
  assertionResults: tests.map((result, index) => ({ status: result, fullName: `test ${index}` })),
});

test("a stage that is not vitest counts as one test", () => {
  expect(countStage(stage("plain", 0), undefined)).toEqual({ passed: 1, failed: 0, skipped: [] });
  expect(countStage(stage("plain", 1), undefined)).toEqual({ passed: 0, failed: 1, skipped: [] });
});

test("a vitest stage that left no report has failed, whatever its exit code", () => {
  expect(countStage(stage("report", 0), undefined).failed).toBe(1);
});

test("passed, failed and skipped tests are counted, and skipped ones keep their names", () => {
  const report = { testResults: [file("failed", "passed", "failed", "pending"), file("passed", "passed", "todo")] };
  expect(countStage(stage("report", 1), report)).toEqual({ passed: 2, failed: 1, skipped: ["test 2", "test 1"] });
});

test("a test file that cannot be loaded is a failure although it holds no test", () => {
  expect(countStage(stage("report", 1), { testResults: [file("failed"), file("passed", "passed")] })).toMatchObject({
    passed: 1,
    failed: 1,
  });
});

test("an error outside of every test is a failure although every test passed", () => {
  expect(countStage(stage("report", 1), { testResults: [file("passed", "passed")] })).toMatchObject({ passed: 1, failed: 1 });
});

test("the last line names the skipped tests only where there are some", () => {
  const counts = addUp([
    { passed: 2, failed: 0, skipped: [] },
    { passed: 1, failed: 1, skipped: [] },
  ]);
  expect(lastLine(counts)).toBe("3 passed, 1 failed");
  expect(lastLine({ ...counts, skipped: ["a"] })).toBe("3 passed, 1 failed, 1 skipped");
});
