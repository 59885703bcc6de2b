import { describe, expect, test } from "vitest";
import { decideAdmission } from "../../agent/admission/rules.ts";
import type { PortFacts } from "../../agent/effects/effects.ts";
import type { Rule } from "../../config/schema.ts";

const port = (location: string, facts: Record<string, string> = {}): PortFacts => ({ path: "/dev/x", location, hardware: true, facts });
const allow = (when: Rule["when"], device: string, driver = "nonin"): Rule => ({ when, allow: true, device, driver, socket: "bed-1" });
const refuse = (when: Rule["when"], reason?: string): Rule => ({ when, allow: false, ...(reason === undefined ? {} : { reason }) });
const NOBODY = { drivers: new Set(["nonin"]), taken: new Map<string, string>() };

describe("admission", () => {
  test("takes the first rule that matches, and names it as a person counts", () => {
    const rules = [allow({ location: "usb-9" }, "other"), allow({ vendor: "0403" }, "first"), allow({ location: "usb-1" }, "second")];
    expect(decideAdmission(rules, port("usb-1", { vendor: "0403" }), NOBODY)).toEqual({
      is: "allow",
      rule: 2,
      device: "first",
      driver: "nonin",
      socket: "bed-1",
    });
  });

  test("blocks what no rule matches, and says which rule is missing", () => {
    expect(decideAdmission([], port("usb-1"), NOBODY)).toEqual({ is: "block", reasons: ["no rule for location usb-1"] });
    const rules = [allow({ location: "usb-1", serial: "A1" }, "monitor")];
    for (const facts of [{}, { serial: "A2" }, { serial: "a1" }, { serial: "A1 " }])
      expect(decideAdmission(rules, port("usb-1", facts as Record<string, string>), NOBODY).is).toBe("block");
  });

  test("asks for every condition of a rule", () => {
    const rules = [allow({ location: "usb-1", vendor: "0403", product: "6001", serial: "A1", interface: "0" }, "monitor")];
    const facts = { vendor: "0403", product: "6001", serial: "A1", interface: "0" };
    expect(decideAdmission(rules, port("usb-1", facts), NOBODY).is).toBe("allow");
    for (const fact of Object.keys(facts))
      expect(decideAdmission(rules, port("usb-1", { ...facts, [fact]: "else" }), NOBODY).is, fact).toBe("block");
    expect(decideAdmission(rules, port("usb-2", facts), NOBODY).is).toBe("block");
  });

  test("takes the location from the host, never from what an adapter says of itself", () => {
    const rules = [allow({ location: "usb-1" }, "monitor")];
    expect(decideAdmission(rules, port("usb-2", { location: "usb-1" }), NOBODY).is).toBe("block");
  });

  test("rejects what a rule refuses, with the reason given or the rule's number, whatever comes behind it", () => {
    const behind = allow({ location: "usb-1" }, "monitor");
    expect(decideAdmission([refuse({ location: "usb-1" }, "recalled"), behind], port("usb-1"), NOBODY)).toEqual({
      is: "reject",
      rule: 1,
      reasons: ["recalled"],
    });
    expect(decideAdmission([refuse({ location: "usb-1" })], port("usb-1"), NOBODY)).toMatchObject({ reasons: ["refused by rule 1"] });
  });

  test("blocks a rule whose driver this build has not", () => {
    const verdict = decideAdmission([allow({ location: "usb-1" }, "monitor", "acme-9000")], port("usb-1"), NOBODY);
    expect(verdict).toEqual({ is: "block", reasons: ["rule 1 names driver acme-9000, which does not exist"] });
  });

  test("blocks a second port for a device that another port holds, and leaves the holder alone", () => {
    const rules = [allow({ vendor: "0403" }, "monitor")];
    const known = { ...NOBODY, taken: new Map([["monitor", "usb-1"]]) };
    expect(decideAdmission(rules, port("usb-2", { vendor: "0403" }), known)).toEqual({
      is: "block",
      reasons: ["duplicate-of monitor at usb-1"],
    });
    expect(decideAdmission(rules, port("usb-1", { vendor: "0403" }), known).is).toBe("allow");
  });
});
