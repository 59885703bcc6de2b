import { expect, test } from "vitest";
import { FILES_MAX, filesToRepeat, settle } from "./again.ts";

const file = (name: string, ...statuses: string[]) => ({
  name: `/x/${name}`,
  status: statuses.every((one) => one === "passed") && statuses.length > 0 ? "passed" : "failed",
  assertionResults: statuses.map((status, at) => ({ status, fullName: `test ${at}` })),
});
const E2E = "test/e2e/a.test.ts";

test("a file of real time that failed is repeated, what passed is not", () => {
  expect(filesToRepeat({ testResults: [file(E2E, "passed", "failed"), file("test/e2e/b.test.ts", "passed")] })).toEqual([`/x/${E2E}`]);
});

test("nothing is repeated where a test of another kind failed, a file could not be loaded, or too many failed", () => {
  expect(filesToRepeat({ testResults: [file(E2E, "failed"), file("test/agent/b.test.ts", "failed")] })).toEqual([]);
  expect(filesToRepeat({ testResults: [file(E2E)] })).toEqual([]);
  const many = Array.from({ length: FILES_MAX + 1 }, (_, at) => file(`test/e2e/${at}.test.ts`, "failed"));
  expect(filesToRepeat({ testResults: many })).toEqual([]);
  expect(filesToRepeat({ testResults: many.slice(1) })).toHaveLength(FILES_MAX);
});

test("what passes alone counts as passed and is named; what fails again stays failed", () => {
  const first = { testResults: [file(E2E, "passed", "failed", "failed")] };
  expect(settle(first, { testResults: [file(E2E, "passed", "passed", "failed")] })).toEqual({
    report: { testResults: [{ ...file(E2E, "passed", "passed", "failed"), status: "failed" }] },
    unsteady: ["test 1"],
  });
  expect(settle(first, { testResults: [file(E2E, "passed", "passed", "passed")] }).report.testResults[0]!.status).toBe("passed");
  expect(settle(first, { testResults: [file("test/e2e/other.test.ts", "passed", "passed", "passed")] }).unsteady).toEqual([]);
});

test("a file that could not be loaded stays failed", () => {
  expect(settle({ testResults: [file(E2E)] }, { testResults: [] }).report.testResults[0]!.status).toBe("failed");
});
