import { describe, expect, test } from "vitest";
import { CONFIG_MAX, readConfigText } from "../../agent/cli/config-file.ts";
import { Fault, faultText } from "../../agent/fault/fault.ts";

const GOOD = `gateway: gw-58c1e0
description: ICU 3
broker:
  host: broker.hospital.example
  port: 8883
  ca: /etc/bedside/ca.pem
  cert: /etc/bedside/gw.pem
  key: /etc/bedside/gw.key
documents: [/etc/bedside/admissions.signed]
ports:
  - { path: /dev/pts/4, location: bench-1 }
pace: 100ms
window: 250ms
spool:
  size: 64MiB
`;
const refusal = (text: string): Fault => {
  try {
    readConfigText(text, "b.yaml");
  } catch (caught) {
    if (caught instanceof Fault) return caught;
    throw caught;
  }
  return expect.fail(`it was taken: ${text.slice(0, 200)}`);
};
const withLine = (old: string, fresh: string): string => {
  expect(GOOD).toContain(old);
  return GOOD.replace(old, fresh);
};

describe("a configuration file", () => {
  test("is read with its quantities in their units", () => {
    expect(readConfigText(GOOD, "b.yaml")).toMatchObject({
      gateway: "gw-58c1e0",
      broker: { port: 8883 },
      documents: ["/etc/bedside/admissions.signed"],
      pace: 100,
      window: 250,
      spool: { size: 64 * 1024 * 1024 },
    });
  });

  test("needs no more than gateway and broker", () => {
    const least = GOOD.slice(0, GOOD.indexOf("documents:")).replace("description: ICU 3\n", "");
    expect(readConfigText(least, "b.yaml")).toMatchObject({
      documents: [],
      ports: [],
      pace: 100,
      window: 250,
      spool: { size: 256 * 2 ** 20 },
    });
  });

  // biome-ignore format: a table is read by eye.
  const TRAPS: readonly (readonly [what: string, text: string, named: readonly string[]])[] = [
    ["an empty file",                   "",                                                          ["(the whole file)"]],
    ["only a comment",                  "# nothing\n",                                               ["(the whole file)"]],
    ["a list",                          "- gateway: x\n",                                            ["(the whole file)"]],
    ["a text",                          "gateway",                                                   ["(the whole file)"]],
    ["two documents",                   `${GOOD}---\n${GOOD}`,                                       ["document"]],
    ["a key twice",                     `${GOOD}gateway: other\n`,                                   ["unique"]],
    ["a key twice, deep",               withLine("  port: 8883", "  port: 8883\n  port: 1883"),      ["unique"]],
    ["a tab for an indent",             withLine("  host:", "\thost:"),                              ["line 4"]],
    ["an unclosed bracket",             withLine("location: bench-1 }\npace", "location: bench-1\npace"), ["line"]],
    ["an unknown key",                  `${GOOD}colour: red\n`,                                      ["colour"]],
    ["an unknown key, deep",            withLine("  port: 8883", "  port: 8883\n  user: x"),         ["broker", "user"]],
    ["a key that is no text",           `${GOOD}7: x\n`,                                             ["b.yaml"]],
    ["__proto__ for a key",             `${GOOD}__proto__: { gateway: x }\n`,                        ["__proto__"]],
    ["a port that is a text",           withLine("port: 8883", 'port: "8883"'),                      ["broker.port"]],
    ["a port out of range",             withLine("port: 8883", "port: 88830"),                       ["broker.port"]],
    ["a port with a fraction",          withLine("port: 8883", "port: 88.5"),                        ["broker.port"]],
    ["a gateway that is a number",      withLine("gateway: gw-58c1e0", "gateway: 12"),               ["gateway"]],
    ["a gateway with a wildcard",       withLine("gateway: gw-58c1e0", 'gateway: "gw/+"'),           ["gateway"]],
    ["rules",                           `${GOOD}rules: [{ when: {}, allow: maybe }]\n`,               ["rules: no rules stand in this file"]],
    ["an empty list of rules",          `${GOOD}rules: []\n`,                                        ["rules: no rules stand in this file"]],
    ["a document that is no path",      withLine("[/etc/bedside/admissions.signed]", "[7]"),         ["documents[0]", "the path of a signed document"]],
    ["a document that is no list",      withLine("[/etc/bedside/admissions.signed]", "a.signed"),    ["documents", "a list of at most 8 paths"]],
    ["nine documents",                  withLine("[/etc", `[${"/a, ".repeat(8)}/etc`),               ["documents", "a list of at most 8 paths"]],
    ["a missing broker",                GOOD.replace(/broker:[\s\S]*?ports:/, "ports:"),             ["broker"]],
    ["a time without a unit",           withLine("pace: 100ms", "pace: 100"),                        ["pace"]],
    ["a time with a wrong unit",        withLine("pace: 100ms", "pace: 100MiB"),                     ["pace", "ms, s, min"]],
    ["a negative time",                 withLine("pace: 100ms", "pace: -100ms"),                     ["pace"]],
    ["a time that is a word of JavaScript", withLine("pace: 100ms", "pace: 5constructor"),           ["pace"]],
    ["a size that is a word of JavaScript", withLine("size: 64MiB", "size: 5toString"),              ["spool.size"]],
    ["a size with another unit",        withLine("size: 64MiB", "size: 64MB"),                       ["spool.size", "MiB"]],
    ["a window too near its pace",      withLine("window: 250ms", "window: 249ms"),                  ["window", "250ms"]],
    ["a place twice",                   withLine("location: bench-1 }", "location: bench-1 }\n  - { path: /dev/pts/5, location: bench-1 }"), ["ports[1].location", "bench-1"]],
    ["a path twice",                    withLine("location: bench-1 }", "location: bench-1 }\n  - { path: /dev/pts/4, location: bench-2 }"), ["ports[1].path"]],
    ["an alias of nothing",             withLine("gateway: gw-58c1e0", "gateway: *other"),           ["b.yaml"]],
    ["a tag of another language",       withLine("gateway: gw-58c1e0", 'gateway: !!js/function "x"'), ["b.yaml"]],
    ["a file that is too long",         `${GOOD}# ${"x".repeat(CONFIG_MAX)}`,                         ["longer"]],
    ["bytes",                           "\u0000\u0001\u0002",                                        ["b.yaml"]],
    ["brackets without end",            "[".repeat(20_000),                                         ["b.yaml"]],
    ["brackets that end",               `x: ${"[".repeat(5000)}${"]".repeat(5000)}`,             ["b.yaml"]],
    ["a merge key",                     `${GOOD}<<: { gateway: x }\n`,                               ["<<"]],
  ];
  for (const [what, text, named] of TRAPS)
    test(`with ${what} is refused as a mistake in the file, by name`, () => {
      const fault = refusal(text);
      expect(fault.key).toBe("config.invalid");
      for (const name of ["b.yaml", ...named]) expect(fault.message).toContain(name);
    });

  test("that multiplies itself by anchors is refused", () => {
    const rows = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (let row = 1; row < 12; row++)
      rows.push(`b${row}: &b${row} [${Array.from({ length: 9 }, () => (row === 1 ? "*a" : `*b${row - 1}`)).join(", ")}]`);
    expect(refusal(rows.join("\n")).key).toBe("config.invalid");
  });

  test("with several mistakes tells them all at once, each with its path", () => {
    const text = GOOD.replace("port: 8883", "port: 0").replace("gateway: gw-58c1e0", "gateway: a b").replace("size: 64MiB", "size: big");
    const fault = refusal(text);
    expect(fault.message).toMatch(/^b\.yaml has 3 mistakes\n/);
    expect(fault.message.split("\n")).toHaveLength(4);
    for (const path of ["gateway:", "broker.port:", "spool.size:"]) expect(fault.message).toContain(path);
    expect(fault.context.mistakes).toBe(3);
  });

  test("with two mistakes of YAML tells both with their lines", () => {
    const fault = refusal("gateway: a\ngateway: b\nbroker: {\nbroker: x\n");
    expect(fault.message).toContain("line 2");
    expect(faultText(fault)).toContain("BED-502");
  });
});
