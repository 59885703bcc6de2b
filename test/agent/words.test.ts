import { describe, expect, test } from "vitest";
import { exitOf } from "../../agent/cli/exit.ts";
import { readWords, USAGE, type Words } from "../../agent/cli/words.ts";
import { Fault } from "../../agent/fault/fault.ts";
import { EXIT } from "../../config/command-line.ts";

const DEFAULTS: Words = {
  verb: "help",
  json: false,
  parts: false,
  operand: undefined,
  kind: undefined,
  config: undefined,
  stateDir: "/var/lib/bedside",
  runtimeDir: "/run/bedside",
  sysRoot: "/sys",
  devRoot: "/dev",
};
const typed = (line: string): readonly string[] => line.split(" ").filter((word) => word !== "");
const refusal = (words: readonly string[]): string => {
  try {
    readWords(words);
  } catch (caught) {
    if (caught instanceof Fault && caught.key === "usage") return caught.message;
    throw caught;
  }
  return expect.fail(`understood: ${words.join(" ")}`);
};

describe("what is typed behind bedside", () => {
  // biome-ignore format: a table is read by eye.
  const UNDERSTOOD: readonly (readonly [line: string, words: Partial<Words>])[] = [
    ["",                                            {}],
    ["help",                                        {}],
    ["--help",                                      {}],
    ["-h",                                          {}],
    ["run --help",                                  {}],
    ["version",                                     { verb: "version" }],
    ["version --json",                              { verb: "version", json: true }],
    ["version --parts",                             { verb: "version", parts: true }],
    ["--json status",                               { verb: "status", json: true }],
    ["ports",                                       { verb: "ports" }],
    ["run --config /etc/b.yaml",                    { verb: "run", config: "/etc/b.yaml" }],
    ["run --config=/etc/b.yaml",                    { verb: "run", config: "/etc/b.yaml" }],
    ["run --config=a=b",                            { verb: "run", config: "a=b" }],
    ["--config /c run",                             { verb: "run", config: "/c" }],
    ["status --runtime-dir /run/two",               { verb: "status", runtimeDir: "/run/two" }],
    ["run --config c --state-dir=/s --sys-root /y --dev-root /d", { verb: "run", config: "c", stateDir: "/s", sysRoot: "/y", devRoot: "/d" }],
    ["ports --config /etc/b.yaml",                  { verb: "ports", config: "/etc/b.yaml" }],
    ["config check b.yaml",                         { verb: "config check", operand: "b.yaml" }],
    ["config check --kind settings b.yaml",         { verb: "config check", operand: "b.yaml", kind: "settings" }],
    ["config --json check b.yaml --kind=admissions", { verb: "config check", operand: "b.yaml", kind: "admissions", json: true }],
    ["config check d.signed --config /etc/b.yaml",  { verb: "config check", operand: "d.signed", config: "/etc/b.yaml" }],
    ["config explain broker.host",                  { verb: "config explain", operand: "broker.host" }],
    ["config explain",                              { verb: "config explain" }],
    ["explain BED-205",                             { verb: "explain", operand: "BED-205" }],
    ["explain",                                     { verb: "explain" }],
    ["config check --help",                         {}],
    ["trace dv-1 --json",                           { verb: "trace", operand: "dv-1", json: true }],
    ["identify 2",                                  { verb: "identify", operand: "2" }],
    ["capture",                                     { verb: "capture" }],
    ["capture bench-1 --for 60s --out=s1.capture.jsonl", { verb: "capture", operand: "bench-1", extra: { for: "60s", out: "s1.capture.jsonl" } }],
    ["capture bench-1 --anew --whole",              { verb: "capture", operand: "bench-1", extra: { anew: "", whole: "" } }],
    ["capture --release dv-1-00 --by Me",           { verb: "capture", extra: { release: "dv-1-00", by: "Me" } }],
    ["replay --decode --raw --driver nonin f.bin",  { verb: "replay", operand: "f.bin", extra: { decode: "", raw: "", driver: "nonin" } }],
    ["spool inspect",                               { verb: "spool inspect" }],
    ["spool verify --json --state-dir=/s",          { verb: "spool verify", json: true, stateDir: "/s" }],
  ];
  for (const [line, words] of UNDERSTOOD)
    test(`"${line}" is understood`, () => {
      expect(readWords(typed(line))).toEqual({ ...DEFAULTS, ...words });
    });

  // biome-ignore format: a table is read by eye.
  const REFUSED: readonly (readonly [line: string, names: string])[] = [
    ["rnu",                       '"rnu"'],
    ["run",                       "--config"],
    ["run --config",              "--config wants a value"],
    ["run --config=",             "--config wants a value"],
    ["status --state-dir",        "--state-dir wants a value"],
    ["run --config --json",       "--config wants a value"],
    ["run --config c --parts",    "--parts goes with version"],
    ["run --config c extra",      '"extra"'],
    ["run status --config c",     '"status"'],
    ["status --verbose",          '"--verbose"'],
    ["status -j",                 '"-j"'],
    ["status --json=yes",         '"--json=yes"'],
    ["--json",                    "which verb?"],
    ["identify",                  "identify wants a PORT"],
    ["identify 2 --for 5s",       "--for goes with capture only"],
    ["capture a b",               '"b"'],
    ["capture a --whole=yes",     '"--whole=yes"'],
    ["replay --decode",           "replay wants a FILE"],
    ["config",                    "check FILE or explain KEY"],
    ["config chekc b.yaml",       '"chekc"'],
    ["config check",              "config check wants a FILE"],
    ["config check a b",          '"b"'],
    ["config check a --kind trust", "settings or admissions"],
    ["config check a --kind",     "--kind wants a value"],
    ["run --config c --kind settings", "--kind goes with config check"],
    ["explain BED-205 BED-206",   '"BED-206"'],
    ["explain --kind settings",   "--kind goes with config check"],
    ["check b.yaml",              '"check"'],
    ["trace",                     "trace wants a DEVICE"],
    ["trace a b",                 '"b"'],
    ["spool",                     "spool wants inspect or verify"],
    ["spool erase",               '"erase"'],
    ["spool verify report-1.seg", '"report-1.seg"'],
    ["verify",                    '"verify"'],
    ["--state-dir /s",            "which verb?"],
    ["constructor",               '"constructor"'],
    ["status toString x",         '"toString"'],
    ["status __proto__ x",        '"__proto__"'],
    ["status --config c --config d --Config e", '"--Config"'],
  ];
  for (const [line, names] of REFUSED)
    test(`"${line}" is refused and told by name`, () => {
      expect(refusal(typed(line))).toContain(names);
    });

  test("may hold blanks in a value, and an empty word is none", () => {
    expect(readWords(["run", "--config", "/etc/my file.yaml"]).config).toBe("/etc/my file.yaml");
    expect(refusal([""])).toContain('""');
    expect(refusal(["run", "--config", ""])).toContain("wants a value");
  });

  test("is explained: every verb and option stands in the usage", () => {
    for (const word of [
      "run",
      "ports",
      "status",
      "trace DEVICE",
      "spool inspect",
      "spool verify",
      "version",
      "config check FILE",
      "config explain KEY",
      "explain BED-205",
      "--config",
      "--kind",
      "--json",
      "--parts",
      "--state-dir",
      "--runtime-dir",
      "--sys-root",
      "--dev-root",
    ])
      expect(USAGE).toContain(word);
    for (const line of USAGE.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

test("an exit code says what kind of end it was", () => {
  const code = (key: Fault["key"]): number => exitOf(new Fault(key, "x"));
  expect([
    code("usage"),
    code("agent.second"),
    code("start.environment"),
    code("agent.unreachable"),
    code("config.invalid"),
    code("disk.full"),
  ]).toEqual([EXIT.usage, EXIT.refused, EXIT.refused, EXIT.offline, EXIT.failed, EXIT.failed]);
  expect(new Set(Object.values(EXIT)).size).toBe(Object.keys(EXIT).length);
});
