import { describe, expect, test } from "vitest";
import { readBody } from "../../config/bodies.ts";
import { differingPaths } from "../../config/fleet/diff.ts";
import { readSite, selectGateways } from "../../config/fleet/site.ts";
import { TROUBLES } from "../../config/fleet/troubles.table.ts";
import { durationOf, generationOf, readWords } from "../../config/fleet/words.ts";
import { told } from "./told.ts";

const SITE = `broker: { host: broker.hospital.example, port: 8883, ca: ca.crt, cert: ops.crt, key: ops.key }
gateways:
  gw-1: { ward: icu, room: "12" }
  gw-2: { ward: icu }
  gw-3:
`;

describe("the site file", () => {
  test("names the broker and the gateways with their labels", () => {
    const site = readSite(SITE, "fleet.yaml");
    expect(site.broker.port).toBe(8883);
    expect([...site.gateways]).toEqual([
      ["gw-1", { ward: "icu", room: "12" }],
      ["gw-2", { ward: "icu" }],
      ["gw-3", {}],
    ]);
  });

  test("tells all its mistakes at once, each with its path", () => {
    const text = `brokr: {}
broker: { host: 5, port: 70000, ca: ca.crt, cert: ops.crt }
trust: [{ id: ops-1, role: boss, key: short }]
gateways:
  gw/1: {}
  gw-2: { Ward: icu, gateway: x, room: 12 }
`;
    const said = told(() => readSite(text, "fleet.yaml"));
    for (const part of [
      'did you mean "broker"',
      "broker.host: ",
      "broker.port: ",
      "broker.key: is missing",
      "trust[0].role: ",
      "trust[0].key: ",
      "gateways.gw/1: ",
      "gateways.gw-2.Ward: ",
      "gateways.gw-2.gateway: ",
      "gateways.gw-2.room: expected a text",
    ])
      expect(said).toContain(part);
  });

  test.each([
    ["a tab", "broker:\n\thost: x\n"],
    ["a key twice", `${SITE}gateways: {}\n`],
    [
      "an alias that explodes",
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n`,
    ],
    ["nothing", ""],
    ["a list", "- 1\n"],
  ])("with %s is refused with its cause", (_what, text) => {
    expect(told(() => readSite(text, "fleet.yaml"))).toMatch(/^FLT-103 {2}fleet\.yaml has .*site\.invalid\n/);
  });

  test("selects by names, by labels that must all hold, or all", () => {
    const site = readSite(SITE, "fleet.yaml");
    expect(selectGateways(site, { names: [], labels: {} })).toHaveLength(3);
    expect(selectGateways(site, { names: [], labels: { ward: "icu" } })).toEqual(["gw-1", "gw-2"]);
    expect(selectGateways(site, { names: ["gw-2", "gw-3"], labels: { ward: "icu" } })).toEqual(["gw-2"]);
    expect(told(() => selectGateways(site, { names: ["gw-22"], labels: {} }))).toContain('did you mean "gw-2"');
    expect(told(() => selectGateways(site, { names: [], labels: { ward: "ed" } }))).toContain("no gateway of the site file has ward=ed");
  });
});

describe("a body", () => {
  const RULE = { when: { location: "bench-1" }, allow: true, device: "dv-1", driver: "nonin", socket: "ICU-1/A" };
  test.each([
    ["settings", {}],
    ["settings", { description: "ICU 12", broker: { host: "b", port: 8883 }, pace: "1s", window: "2s", spool: { size: "1GiB" } }],
    ["admissions", { rules: [] }],
    ["admissions", { rules: [RULE] }],
  ] as const)("of kind %s is taken as the schema of the gateway takes it: %j", (kind, body) => {
    expect(readBody(kind, body)).toMatchObject({ body });
  });

  test.each([
    ["settings", { pase: "1s", pace: 5, broker: { host: "x", ca: "y" }, rules: [] }, ["pase", "pace", "broker", "broker.port", "rules"]],
    ["settings", { pace: "1s", window: "1s" }, ["window"]],
    ["settings", { broker: "x" }, ["broker"]],
    ["admissions", {}, ["rules"]],
    [
      "admissions",
      {
        rules: [
          { ...RULE, when: {} },
          { ...RULE, device: "a/b" },
        ],
        pace: "1s",
      },
      ["rules[0].when", "rules[1].device", "pace"],
    ],
    ["admissions", null, [""]],
  ] as const)("of kind %s with mistakes tells them all: %j", (kind, body, paths) => {
    const read = readBody(kind, body);
    const lines = "mistakes" in read ? read.mistakes.map(({ path, message }) => `${path} ${message}`) : [];
    for (const path of paths) expect(lines.join("\n")).toContain(path);
    expect(lines.length).toBeGreaterThan(0);
  });
});

test("two bodies are compared place by place", () => {
  expect(differingPaths({ a: 1, b: { c: [1, 2] } }, { a: 1, b: { c: [1, 3, 4] }, d: "x" })).toEqual([
    "b.c[1]: 2 → 3",
    "b.c[2]: - → 4",
    'd: - → "x"',
  ]);
  expect(differingPaths({ a: [1] }, { a: [1] })).toEqual([]);
});

describe("words that are not understood are told with their cause:", () => {
  test.each([
    [["stats"], 'did you mean "status"'],
    [["status", "--jsn"], 'did you mean "--json"'],
    [["status", "--key", "x"], "of status the option"],
    [["watch", "--for"], "--for wants a value"],
    [["status", "--json=1"], "--json takes no value"],
    [["status", "-l", "ward"], "-l wants LABEL=VALUE"],
  ])("%j", (words, part) => expect(told(() => readWords(words))).toContain(part));

  test("a time without unit, a generation that is none", () => {
    expect(told(() => durationOf(readWords(["watch", "--for", "10"]), "--for", ""))).toContain("30s, 5min, 2h or 30d");
    expect(durationOf(readWords(["watch", "--for", "2h"]), "--for", "")).toBe(7_200_000);
    for (const generation of ["0", "-1", "1.5", "9007199254740992", "newest"])
      expect(
        told(() => generationOf(readWords(["push", `--generation=${generation}`]), { next: true })),
        generation,
      ).toContain("whole number");
    expect(generationOf(readWords(["push", "--generation", "next"]), { next: true })).toBe("next");
  });
});

test("each trouble has a number of its own and says what to do", () => {
  const rows = Object.values(TROUBLES);
  expect(new Set(rows.map(({ number }) => number)).size).toBe(rows.length);
  for (const { number, exit, likely, next } of rows) {
    expect(number).toMatch(/^FLT-\d{3}$/);
    expect(exit).toBeGreaterThan(0);
    for (const text of [likely, next]) expect(text.length).toBeGreaterThan(5);
  }
});
