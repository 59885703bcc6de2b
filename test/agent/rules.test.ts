import { describe, expect, test } from "vitest";
import { decideAdmission, type Judged, judgePorts } from "../../agent/admission/rules.ts";
import type { PortFacts } from "../../agent/effects/effects.ts";
import type { Rule } from "../../config/schema.ts";

const port = (location: string, facts: Record<string, string> = {}): PortFacts => ({ path: "/dev/x", location, hardware: true, facts });
const allow = (when: Rule["when"], device: string, driver = "nonin"): Rule => ({ when, allow: true, device, driver, socket: "bed-1" });
const refuse = (when: Rule["when"], reason?: string): Rule => ({ when, allow: false, ...(reason === undefined ? {} : { reason }) });
const DRIVERS = new Map([
  ["nonin", ["9600 8N1"]],
  ["ventilator", ["9600 8N1", "38400 8N1"]],
]);

describe("admission", () => {
  test("takes the first rule that matches, and names it as a person counts", () => {
    const rules = [allow({ location: "usb-9" }, "other"), allow({ vendor: "0403" }, "first"), allow({ location: "usb-1" }, "second")];
    expect(decideAdmission(rules, port("usb-1", { vendor: "0403" }), DRIVERS)).toEqual({
      is: "allow",
      rule: 2,
      device: "first",
      driver: "nonin",
      line: "9600 8N1",
      socket: "bed-1",
      known: "socket",
    });
  });

  test("blocks what no rule matches, and says which rule is missing", () => {
    expect(decideAdmission([], port("usb-1"), DRIVERS)).toEqual({ is: "block", reasons: ["no rule for location usb-1"] });
    const rules = [allow({ location: "usb-1", serial: "A1" }, "monitor")];
    for (const facts of [{}, { serial: "A2" }, { serial: "a1" }, { serial: "A1 " }])
      expect(decideAdmission(rules, port("usb-1", facts as Record<string, string>), DRIVERS).is).toBe("block");
  });

  test("asks for every condition of a rule", () => {
    const rules = [allow({ location: "usb-1", vendor: "0403", product: "6001", serial: "A1", interface: "0" }, "monitor")];
    const facts = { vendor: "0403", product: "6001", serial: "A1", interface: "0" };
    expect(decideAdmission(rules, port("usb-1", facts), DRIVERS).is).toBe("allow");
    for (const fact of Object.keys(facts))
      expect(decideAdmission(rules, port("usb-1", { ...facts, [fact]: "else" }), DRIVERS).is, fact).toBe("block");
    expect(decideAdmission(rules, port("usb-2", facts), DRIVERS).is).toBe("block");
  });

  test("takes the location from the host, never from what an adapter says of itself", () => {
    const rules = [allow({ location: "usb-1" }, "monitor")];
    expect(decideAdmission(rules, port("usb-2", { location: "usb-1" }), DRIVERS).is).toBe("block");
  });

  test("rejects what a rule refuses, with the reason given or the rule's number, whatever comes behind it", () => {
    const behind = allow({ location: "usb-1" }, "monitor");
    expect(decideAdmission([refuse({ location: "usb-1" }, "recalled"), behind], port("usb-1"), DRIVERS)).toEqual({
      is: "reject",
      rule: 1,
      reasons: ["recalled"],
    });
    expect(decideAdmission([refuse({ location: "usb-1" })], port("usb-1"), DRIVERS)).toMatchObject({ reasons: ["refused by rule 1"] });
  });

  test("blocks a rule whose driver this build has not", () => {
    const verdict = decideAdmission([allow({ location: "usb-1" }, "monitor", "acme-9000")], port("usb-1"), DRIVERS);
    expect(verdict).toEqual({ is: "block", reasons: ["rule 1 names driver acme-9000, which does not exist"] });
  });

  test("opens a port at the line that the rule names, at the driver's first where it names none, and at no other", () => {
    const decide = (line: object) => {
      const rule = { ...allow({ location: "usb-1" }, "monitor", "ventilator"), ...line };
      return decideAdmission([rule], port("usb-1"), DRIVERS);
    };
    expect(decide({})).toMatchObject({ is: "allow", line: "9600 8N1" });
    expect(decide({ line: "38400 8N1" })).toMatchObject({ is: "allow", line: "38400 8N1" });
    const reasons = ["rule 1 names the line 19200 8N1, and ventilator is read at 9600 8N1, 38400 8N1"];
    expect(decide({ line: "19200 8N1" })).toEqual({ is: "block", reasons });
  });

  test("opens an address on a network for a driver that reads one there, and a line for one that reads lines", () => {
    const lan = { path: "udp:192.168.9.20:24105", location: "lan-1", hardware: true, facts: { address: "192.168.9.20:24105" } };
    const known = new Map([
      ["nonin", ["9600 8N1"]],
      ["monitor", ["115200 8N1", "udp"]],
    ]);
    const decide = (seen: PortFacts, driver: string, more: object = {}) =>
      decideAdmission([{ ...allow({ location: seen.location }, "dv-1", driver), ...more }], seen, known);
    expect(decide(lan, "monitor")).toMatchObject({ is: "allow", line: "udp", known: "socket" });
    expect(decide(lan, "monitor", { line: "udp" })).toMatchObject({ is: "allow", line: "udp" });
    expect(decide(port("usb-1"), "monitor")).toMatchObject({ is: "allow", line: "115200 8N1" });
    expect(decide(lan, "nonin")).toEqual({ is: "block", reasons: ["rule 1 names driver nonin, which reads no device on a network"] });
    expect(decide(lan, "monitor", { line: "115200 8N1" })).toMatchObject({ is: "block" });
    expect(decide(port("usb-1"), "monitor", { line: "udp" })).toMatchObject({ is: "block" });
  });

  test("gives no other address the place of the one that a rule names", () => {
    const at = (address: string): PortFacts => ({ path: `udp:${address}`, location: "lan-1", hardware: true, facts: { address } });
    const rules = [allow({ location: "lan-1", address: "192.168.9.20:24105" }, "dv-1", "monitor")];
    const known = new Map([["monitor", ["115200 8N1", "udp"]]]);
    expect(decideAdmission(rules, at("192.168.9.20:24105"), known).is).toBe("allow");
    for (const other of ["192.168.9.21:24105", "192.168.9.20:24106"]) expect(decideAdmission(rules, at(other), known).is).toBe("block");
  });

  test("knows a device by the adapter where the rule asks for the adapter's serial number, otherwise by its place", () => {
    const known = (when: Rule["when"]) =>
      decideAdmission([allow(when, "monitor")], port("usb-1", { vendor: "0403", serial: "A1" }), DRIVERS);
    expect(known({ location: "usb-1", serial: "A1" })).toMatchObject({ known: "adapter" });
    expect(known({ location: "usb-1", vendor: "0403" })).toMatchObject({ known: "socket" });
  });
});

describe("several ports that claim one device", () => {
  const BY_SERIAL = allow({ serial: "0001" }, "monitor");
  const plugged = (location: string, attachment = "1"): PortFacts => ({ ...port(location, { serial: "0001" }), attachment });
  const judge = (rules: readonly Rule[], ports: readonly PortFacts[], before: readonly Judged[] = []) =>
    judgePorts(rules, ports, { drivers: DRIVERS, before });
  const told = (judged: readonly Judged[]): string[] =>
    judged.map(({ port: { location }, verdict }) => `${location} ${verdict.is === "allow" ? verdict.device : verdict.reasons.join()}`);

  test("leave it to the one that held it without a break (R13)", () => {
    const before = judge([BY_SERIAL], [plugged("b")]);
    expect(told(judge([BY_SERIAL], [plugged("a"), plugged("b"), plugged("c")], before))).toEqual([
      "a duplicate-of monitor at b",
      "b monitor",
      "c duplicate-of monitor at b",
    ]);
  });

  test("leave it to the one in the socket that a rule names, where none held it (R13)", () => {
    const rules = [allow({ location: "b" }, "monitor"), BY_SERIAL];
    expect(told(judge(rules, [plugged("a"), plugged("b")]))).toEqual(["a duplicate-of monitor at b", "b monitor"]);
  });

  test("do not displace an unbroken stream, whatever a rule says of their socket (R13)", () => {
    const rules = [allow({ location: "b" }, "monitor"), BY_SERIAL];
    const before = judge(rules, [plugged("a")]);
    expect(told(judge(rules, [plugged("a"), plugged("b")], before))).toEqual(["a monitor", "b duplicate-of monitor at a"]);
  });

  test("are all blocked where nothing tells which of them it is, and where the one that held it was plugged anew (R13)", () => {
    const ambiguous = "ambiguous: monitor is claimed at a, b, and nothing tells which of them it is";
    const both = [plugged("a"), plugged("b")];
    expect(told(judge([BY_SERIAL], both))).toEqual([`a ${ambiguous}`, `b ${ambiguous}`]);
    const before = judge([BY_SERIAL], [plugged("a", "earlier")]);
    expect(told(judge([BY_SERIAL], both, before))).toEqual([`a ${ambiguous}`, `b ${ambiguous}`]);
    expect(judge([BY_SERIAL], both)[0]?.verdict).toMatchObject({ is: "block", claims: "monitor" });
  });

  test("of one location are none: no place is known that is shown twice", () => {
    const rules = [allow({ location: "a" }, "monitor")];
    const twins = [
      { ...port("a"), path: "/dev/ttyUSB0" },
      { ...port("a"), path: "/tmp/pty" },
    ];
    expect(told(judge(rules, twins))).toEqual(["a location a is shown twice, by /dev/ttyUSB0 and /tmp/pty"]);
  });
});
