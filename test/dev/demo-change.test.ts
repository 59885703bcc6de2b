import { expect, it } from "vitest";
import { DOCUMENT_STATUS } from "../../proto/messages.ts";
import { type Changes, changeFaults, type Forged, type Signed, UNCHANGED } from "./demo/change.ts";

const SIGNED: Signed = { atMs: 1, appliedMs: 2, readMs: 3, tool: { code: 0, said: "applied" } };
const FORGED: Forged = {
  atMs: 1,
  refused: { afterMs: 2, number: "BED-611", what: "not trusted" },
  goesOn: true,
  runs: { generation: 2, status: DOCUMENT_STATUS.applied },
  tool: { code: 5, said: "timed out" },
};
const faultsOf = (signed: Partial<Signed>, forged: Partial<Forged>): readonly string[] =>
  changeFaults({ signed: { ...SIGNED, ...signed }, forged: { ...FORGED, ...forged } });

it("the changes of the demo are as they should be where one was applied and read, and the other refused", () => {
  expect(faultsOf({}, {})).toEqual([]);
});

it.each<[string, Changes, RegExp]>([
  ["nothing was tried", UNCHANGED, /was not applied/],
  ["the forged one was not tried", { signed: SIGNED, forged: undefined }, /did not refuse/],
  ["the gateway did not report", { signed: { ...SIGNED, appliedMs: undefined }, forged: FORGED }, /was not applied/],
  ["the tool failed", { signed: { ...SIGNED, tool: { code: 4, said: "offline" } }, forged: FORGED }, /exit 4: offline/],
  ["no reading came", { signed: { ...SIGNED, readMs: undefined }, forged: FORGED }, /no reading/],
  ["it was not refused", { signed: SIGNED, forged: { ...FORGED, refused: undefined } }, /did not refuse/],
  ["the tool believes the forged one", { signed: SIGNED, forged: { ...FORGED, tool: { code: 0, said: "" } } }, /believes/],
  ["a device went silent", { signed: SIGNED, forged: { ...FORGED, goesOn: false } }, /not every device/],
  ["it runs now", { signed: SIGNED, forged: { ...FORGED, runs: { generation: 3, status: DOCUMENT_STATUS.applied } } }, /took the place/],
])("the changes of the demo are not as they should be where %s", (_, changes, told) => {
  expect(changeFaults(changes).join("\n")).toMatch(told);
});
