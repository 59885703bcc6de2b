import { describe, expect, test } from "vitest";
import { readBody } from "../../config/bodies.ts";
import type { DocumentName } from "../../config/reference/documents.ts";
import { readFileSettings } from "../../config/schema.ts";
import { JUDGEMENTS, type JudgementName } from "../../config/settings/judgements.table.ts";
import { warningsOf } from "../../config/settings/warnings.ts";

const BROKER = { host: "b", port: 8883, ca: "/a", cert: "/c", key: "/k" };
const key = (role: string, letter: string) => ({ id: role, role, key: `${letter.repeat(42)}A=` });
const OPS = key("operations", "O");
const BIOMED = key("biomedical", "B");
const rule = (when: object, more: object = {}) => ({ when, allow: true, device: "dv-1", driver: "nonin", socket: "s", ...more });
const AT_A = rule({ location: "a" });
/** Right, and nothing to say about it. */
const QUIET: Readonly<Record<DocumentName, object>> = {
  file: { gateway: "gw-1", broker: BROKER, trust: [OPS, BIOMED] },
  settings: { pace: "1s", window: "2s" },
  admissions: { rules: [AT_A] },
};

type Judged = { readonly refused: readonly string[]; readonly warned: readonly string[]; readonly paths: readonly string[] };
function judge(name: DocumentName, document: object): Judged {
  const known = { drivers: new Map([["nonin", ["9600 8N1"]]]) };
  const read = name === "file" ? readFileSettings(document) : readBody(name, document, known);
  if ("mistakes" in read)
    return { refused: read.mistakes.map(({ message }) => message), warned: [], paths: read.mistakes.map(({ path }) => path) };
  const warnings = warningsOf(name, "settings" in read ? read.settings : read.values);
  return { refused: [], warned: warnings.map(({ rule }) => rule), paths: warnings.map(({ path }) => path) };
}

const LAN = "192.168.9.20:24105";
type Case = readonly [rule: JudgementName, name: DocumentName, changed: object, path: string];
// biome-ignore format: a table is read by eye.
const CASES: readonly Case[] = [
  ["no_broker",         "file",       { broker: undefined },                                             "broker"],
  ["rules_in_file",     "file",       { rules: [rule({})] },                                             "rules"],
  ["admits_all",        "admissions", { rules: [{ when: {}, allow: false }] },                           "rules[0].when"],
  ["pattern",           "admissions", { rules: [rule({ location: "usb-1-*:1.0" })] },                    "rules[0].when.location"],
  ["pattern",           "admissions", { rules: [rule({ vendor: "*" })] },                                "rules[0].when.vendor"],
  ["pattern",           "admissions", { rules: [rule({ location: "#" })] },                              "rules[0].when.location"],
  ["never_applies",     "admissions", { rules: [AT_A, AT_A] },                                           "rules[1].when"],
  ["device_twice",      "admissions", { rules: [AT_A, rule({ location: "b" })] },                        "rules[1].device"],
  ["driver_unknown",    "admissions", { rules: [rule({ location: "a" }, { driver: "nonim" })] },         "rules[0].driver"],
  ["line_unknown",      "admissions", { rules: [rule({ location: "a" }, { line: "38400 8N1" })] },       "rules[0].line"],
  ["port_twice",        "file",       { ports: [{ path: "/a", location: "a" }, { path: "/b", location: "a" }] }, "ports[1].location"],
  ["port_twice",        "file",       { ports: [{ udp: LAN, location: "a" }, { udp: LAN, location: "b" }] }, "ports[1].udp"],
  ["port_nowhere",      "file",       { ports: [{ location: "a" }] },                                    "ports[0]"],
  ["port_nowhere",      "file",       { ports: [{ path: "/a", udp: LAN, location: "a" }] },              "ports[0]"],
  ["udp_own",           "file",       { ports: [{ udp: "127.0.0.1:24105", location: "a" }] },            "ports[0].udp"],
  ["out_of_bounds",     "settings",   { window: "11min" },                                               "window"],
  ["out_of_bounds",     "settings",   { spool: { size: "1GiB" }, pace: "1ms" },                          "pace"],
  ["window_below_pace", "settings",   { pace: "1s", window: "1s" },                                      "window"],
  ["window_long",       "settings",   { window: "11s" },                                                 "window"],
  ["pace_slow",         "settings",   { pace: "6s", window: "7s" },                                      "pace"],
  ["spool_small",       "settings",   { spool: { size: "8MiB" } },                                       "spool.size"],
  ["admits_none",       "admissions", { rules: [] },                                                     "rules"],
  ["admits_none",       "admissions", { rules: [{ when: { location: "a" }, allow: false }] },            "rules"],
  ["kind_of_adapter",   "admissions", { rules: [rule({ vendor: "0403", product: "6001" })] },            "rules[0].when"],
  ["never_matches",     "admissions", { rules: [rule({ location: "a", vendor: "0x0403" })] },            "rules[0].when.vendor"],
  ["never_matches",     "admissions", { rules: [rule({ location: "a", product: "6A01" })] },             "rules[0].when.product"],
  ["never_matches",     "admissions", { rules: [rule({ location: "a", interface: "0" })] },              "rules[0].when.interface"],
  ["no_trust",          "file",       { trust: [] },                                                     "trust"],
  ["no_trusted_role",   "file",       { trust: [BIOMED] },                                               "trust"],
  ["key_name_twice",    "file",       { trust: [OPS, BIOMED, { ...OPS, key: `${"C".repeat(42)}A=` }] },  "trust[2].id"],
  ["key_two_roles",     "file",       { trust: [OPS, { ...BIOMED, key: OPS.key }] },                     "trust[1].key"],
  ["ports_declared",    "file",       { ports: [{ path: "/p", location: "a" }] },                        "ports"],
  ["path_relative",     "file",       { broker: { ...BROKER, ca: "ca.pem" } },                           "broker.ca"],
  ["path_relative",     "file",       { documents: ["/a.signed", "a.signed"] },                          "documents[1]"],
];

describe("what is looked for beyond shape", () => {
  test.each(CASES)("%s, in %s: %j (R26)", (name, document, changed, path) => {
    const { refused, warned, paths } = judge(document, { ...QUIET[document], ...changed });
    if (JUDGEMENTS[name].verdict === "refused") expect([refused.length, paths]).toEqual([1, [path]]);
    else {
      expect(refused).toEqual([]);
      expect(paths[warned.indexOf(name)]).toBe(path);
    }
  });

  test("has a case in the table above for each of its rows", () => {
    expect([...new Set(CASES.map(([name]) => name))].sort()).toEqual(Object.keys(JUDGEMENTS).sort());
  });

  test.each(Object.entries(QUIET))("says nothing of a %s that is as it should be", (name, document) => {
    expect(judge(name as DocumentName, document)).toEqual({ refused: [], warned: [], paths: [] });
  });

  test("tells of keys only what their roles make of them", () => {
    const warned = (trust: readonly object[]) => judge("file", { ...QUIET.file, documents: ["/a.signed"], trust }).warned;
    expect([warned([OPS]), warned([BIOMED]), warned([])]).toEqual([["no_trusted_role"], ["no_trusted_role"], ["no_trust"]]);
    expect(warned([OPS, BIOMED])).toEqual([]);
  });

  test("leaves a value at its bound alone", () => {
    expect(judge("settings", { pace: "5s", window: "10s", spool: { size: "64MiB" } }).warned).toEqual([]);
  });
});
