import { describe, expect, test } from "vitest";
import { type Unit, unitAt } from "../../drivers/kit/emulator.ts";
import { keyAt } from "../../drivers/kit/reading.ts";
import { type Conclusion, expectSame, type Wanted } from "./agreement.ts";

const SAID = { refid: "acme.rate", name: "f1", node: ["1", "K"], value: "12.50" };
const told = (...observations: Conclusion["observations"]): Conclusion => ({ observations, waves: [], conditions: [], deviceTime: "7" });
const wanted = (observations: Wanted["observations"]): Wanted => ({ observations, waves: {}, conditions: {}, deviceTime: "7" });
const differs = (conclusion: Conclusion, unit: Wanted) => () => expectSame([conclusion], [unit]);

describe("a driver and its emulated device agree", () => {
  test("on a value of a node, and on no other node's", () => {
    expectSame([told(SAID)], [wanted({ "1/K acme.rate": "12.50" })]);
    expectSame([told(SAID)], [wanted({ "1/K acme.f1": "12.50" })]);
    for (const key of ["1/3 acme.rate", "acme.rate", "1/K acme.level", "1/3 acme.f1", "acme.f1"])
      expect(differs(told(SAID), wanted({ [key]: "12.50" })), key).toThrow("was sent");
    expect(differs(told({ ...SAID, node: undefined }), wanted({ "1/K acme.f1": "12.50" }))).toThrow("was sent");
    expect(differs(told(SAID), wanted({ "1/K acme.rate": "12.5" }))).toThrow('told as "12.50"');
  });

  test("only where the same metric of each node was told, and nothing of a node that was not sent", () => {
    const both = told(SAID, { ...SAID, node: ["1", "L"], value: "3" });
    expectSame([both], [wanted({ "1/K acme.rate": "12.50", "1/L acme.rate": "3" })]);
    expect(differs(both, wanted({ "1/K acme.rate": "12.50" }))).toThrow("1/L acme.rate was not sent");
    expect(differs(both, wanted({ "1/K acme.rate": "3", "1/L acme.rate": "12.50" }))).toThrow("1/K acme.rate was sent");
  });

  test("where a unit that is told once comes twice in a row", () => {
    const once = { ...wanted({ "1/K acme.rate": "12.50" }), once: true } as const;
    const other = { ...wanted({ "1/K acme.rate": "13.00" }), once: true } as const;
    expectSame([told(SAID)], [once, once]);
    expectSame([told(SAID), told({ ...SAID, value: "13.00" }), told(SAID)], [once, other, once, once]);
    expect(() => expectSame([told(SAID), told(SAID)], [once, once])).toThrow("1 units were sent whole, and 2 told");
    expect(() => expectSame([told(SAID)], [wanted(once.observations), wanted(once.observations)])).toThrow("2 units were sent");
  });
});

test("a unit of many nodes is looked at node by node, under the names that each node's own device tells", () => {
  const unit: Unit = {
    ...{ bytes: 9, deviceTime: "7", waves: {} },
    observations: { [keyAt(["1", "K"], "acme.rate")]: "1", [keyAt(["11", "K"], "acme.rate")]: "2", [keyAt([], "acme.bed")]: "B" },
    conditions: { [keyAt(["1", "K"], "acme.alarm")]: true },
  };
  expect(unitAt(unit, ["1", "K"])).toEqual({ ...unit, observations: { "acme.rate": "1" }, conditions: { "acme.alarm": true } });
  expect(unitAt(unit, ["11", "K"])?.observations).toEqual({ "acme.rate": "2" });
  expect(unitAt(unit, [])?.observations).toEqual({ "acme.bed": "B" });
  expect(unitAt(unit, ["2", "K"])).toBeUndefined();
});
