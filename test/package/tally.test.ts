import { expect, test } from "vitest";
import { requirementLine, requirementsOf, requirementsPage, unproved } from "./requirements.ts";
import { addUp, countStage, lastLine, withRepetition } from "./tally.ts";

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

test("a repetition settles the tests that failed, and is no stage of its own; one that left no report settles nothing", () => {
  const ran = (name: string, code: number, ...tests: string[]) => ({
    stage: { ...stage("report", code), name },
    report: { testResults: [file(code === 0 ? "passed" : "failed", ...tests)] },
  });
  const first = ran("tests", 1, "passed", "failed");
  const told = withRepetition([first, ran("again", 0, "passed", "passed")]);
  expect(told.unsteady).toEqual(["test 1"]);
  expect(told.stages.map((one) => [one.stage.name, one.stage.milliseconds, countStage(one.stage, one.report)])).toEqual([
    ["tests", 2, { passed: 2, failed: 0, skipped: [] }],
  ]);
  const still = withRepetition([first, ran("again", 1, "passed", "failed")]);
  expect(still.stages.map((one) => countStage(one.stage, one.report).failed)).toEqual([1]);
  const lost = withRepetition([first, { ...ran("again", 1), report: undefined }]);
  expect(lost.stages.map((one) => countStage(one.stage, one.report).failed)).toEqual([1, 1]);
});

test("the last line names the skipped tests only where there are some", () => {
  const counts = addUp([
    { passed: 2, failed: 0, skipped: [] },
    { passed: 1, failed: 1, skipped: [] },
  ]);
  expect(lastLine(counts)).toBe("3 passed, 1 failed");
  expect(lastLine({ ...counts, skipped: ["a"] })).toBe("3 passed, 1 failed, 1 skipped");
});

const OWED = { R01: "one", R17: "seventeen", R46: "forty-six" };
const named = (status: string, fullName: string) => ({ status, fullName });
const reports = [
  {
    testResults: [
      {
        name: "/x/a.test.ts",
        status: "failed",
        assertionResults: [named("passed", "it does (R17, R56)"), named("failed", "it does not (R17)")],
      },
      { name: "/x/b.test.ts", status: "passed", assertionResults: [named("pending", "later (R46)"), named("passed", "no id (R2D2, 17)")] },
    ],
  },
  { testResults: [{ name: "/x/c.test.ts", status: "passed", assertionResults: [named("passed", "rules (R56) hold (R56)")] }] },
];

test("requirements are counted by the ids in the names of tests, over all reports", () => {
  expect(requirementsOf(reports, OWED).map(requirementLine)).toEqual([
    "R01  0 passed                one",
    "R17  1 passed, 1 FAILED      seventeen",
    "R46  0 passed, 1 skipped     forty-six",
    "R56  2 passed",
  ]);
});

test("a requirement that is owed is unproved without a test or where its tests were skipped; one that is not owed never", () => {
  expect(unproved(requirementsOf(reports, OWED)).map(({ id }) => id)).toEqual(["R01", "R46"]);
  expect(unproved(requirementsOf([], {}))).toEqual([]);
});

test("the page of requirements names every test with its result", () => {
  const page = requirementsPage(requirementsOf(reports, OWED));
  expect(page).toContain("| R01 | 0 | 0 | 0 | one | **NOT PROVED** |");
  expect(page).toContain("| R17 | 1 | 1 | 0 | seventeen | **FAILED** |");
  expect(page).toMatch(/## R17\n\n- passed: it does \(R17, R56\) \(.*a\.test\.ts\)\n- failed: it does not/);
});
