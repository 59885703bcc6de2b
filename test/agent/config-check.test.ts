import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { configCheck } from "../../agent/cli/config-check.ts";
import { configExplain } from "../../agent/cli/config-explain.ts";
import { CONFIG_MAX } from "../../agent/cli/config-file.ts";
import { readWords } from "../../agent/cli/words.ts";
import { Fault } from "../../agent/fault/fault.ts";
import type { Envelope } from "../../config/envelope/envelope.ts";
import { encodeSignedDocument } from "../../proto/codec.ts";
import { envelopeOf, makeSigner, type Signer, signEnvelope } from "../support/signing.ts";
import { fakeSelf } from "./fake-self.ts";

const folder = mkdtempSync(join(tmpdir(), "bedside-check-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const operations = makeSigner("ops-1", "operations");
const biomedical = makeSigner("biomed-1", "biomedical");
const keyLine = ({ trusted }: Signer): string =>
  `  - { id: ${trusted.id}, role: ${trusted.role}, key: "${Buffer.from(trusted.publicKey).toString("base64")}" }\n`;
const GOOD = `gateway: gw-1
broker: { host: broker.example, port: 8883, ca: /ca, cert: /cert, key: /key }
trust:
${keyLine(operations)}${keyLine(biomedical)}`;

async function check(name: string, text: string | Uint8Array, ...options: readonly string[]) {
  const file = join(folder, name);
  writeFileSync(file, text);
  const self = fakeSelf();
  const code = await configCheck(readWords(["config", "check", file, ...options]), self);
  return { code, said: self.said().replaceAll(`${folder}/`, "") };
}

describe("bedside config check", () => {
  test("says that a file is right, for which gateway it is, and what is seldom meant", async () => {
    expect(await check("a.yaml", GOOD)).toEqual({ code: 0, said: "a.yaml is right\n  the configuration of gateway gw-1\n" });
    const { code, said } = await check("a.yaml", `${GOOD}window: 1min\nports: [{ path: /p, location: x }]\n`);
    expect(code, "a warning refuses nothing").toBe(0);
    expect(said.split("\n")).toEqual([
      "a.yaml is right, with 2 warnings",
      "  the configuration of gateway gw-1",
      "  warning  ports: a declared path: what comes through them is marked as a test",
      expect.stringMatching(/^ {2}warning {2}window: a window longer than 10s \(60 s\): a power cut may cost all of it/),
      "",
    ]);
  });

  test("tells all mistakes at once, each with its line, path, what was expected, an example, and what was perhaps meant", async () => {
    const text = `gateway: gw/1
broker:
  host: mqtts://b
  prot: 8883
  ca: /ca
  cert: /cert
  key: /key
rules:
  - when: { locaton: x }
    allow: true
pace: 100
`;
    const { code, said } = await check("b.yaml", text);
    expect(code).toBe(1);
    expect(said.split("\n")).toEqual([
      "BED-502  b.yaml has 6 mistakes    config.invalid",
      expect.stringMatching(/^ +line 1 {2}gateway: expected letters, .*, for example "gw-58c1e0", found "gw\/1"$/),
      expect.stringMatching(/^ +line 2 {2}broker\.port: is missing: expected a whole number from 1 to 65535, for example 8883$/),
      expect.stringMatching(/^ +line 2 {2}broker: "prot" is not known here; did you mean "port"\?$/),
      expect.stringMatching(/^ +line 3 {2}broker\.host: expected a name or address alone, .*, found "mqtts:\/\/b"$/),
      expect.stringMatching(/^ +line 8 {2}rules: no rules stand in this file: .* bedside-fleet push RULES\.yaml .* under {2}documents:$/),
      expect.stringMatching(/^ +line 11 {2}pace: expected a number with one of the units ms, s, min, for example "100ms", found 100 /),
      expect.stringMatching(/^ {2}likely {3}\S/),
      expect.stringMatching(/^ {2}do {7}\S/),
      "",
    ]);
  });

  test("tells the mistakes of rules by their lines where they stand in the body of a document", async () => {
    const text = "rules:\n  - when: { locaton: x }\n    allow: true\n    device: d\n    driver: nonim\n    socket: s\n";
    const { code, said } = await check("rules.yaml", text, "--kind", "admissions");
    expect([code, said.split("\n").slice(0, 3)]).toEqual([
      1,
      [
        "BED-502  rules.yaml has 2 mistakes    config.invalid",
        expect.stringMatching(/^ +line 2 {2}rules\[0\]\.when: "locaton" is not known here; did you mean "location"\?$/),
        expect.stringMatching(/^ +line 5 {2}rules\[0\]\.driver: "nonim" is not known here; did you mean "nonin"\?$/),
      ],
    ]);
  });

  const bomb = [
    "a: &a [x, x, x, x, x, x, x, x, x]",
    ...Array.from(
      { length: 11 },
      (_, row) => `b${row}: &b${row} [${Array.from({ length: 9 }, () => (row === 0 ? "*a" : `*b${row - 1}`)).join(", ")}]`,
    ),
  ];
  // biome-ignore format: a table is read by eye.
  const YAML: readonly (readonly [what: string, text: string, says: RegExp])[] = [
    ["anchors that explode",      bomb.join("\n"),                      /\(the whole file\): it repeats parts of itself by anchors \(&\) and aliases/],
    ["an alias of nothing",       "gateway: *other\n",                  /\(the whole file\): an alias \(\*\) that no anchor/],
    ["a tab",                     `${GOOD}spool:\n\tsize: 1GiB\n`,      /line 7: Tabs are not allowed at the beginning of a line; use spaces/],
    ["a key twice",               `${GOOD}gateway: gw-2\n`,             /line 6: this key stands twice in one group/],
    ["a second document",         `${GOOD}---\n${GOOD}`,                /line 6: a second document begins here \(---\)/],
    ["a tag",                     'gateway: !!js/function "x"\n',       /line 1: a tag \(!\) is not understood here/],
    ["brackets without end",      "[".repeat(20_000),                   /line 1: brackets lie too deep/],
    ["a bracket left open",       "ports: [{ path: /a\n",               /line 2: this line does not stand under/],
    ["a key without a blank",     "gateway:gw\nbroker: x\n",            /line 1: a key without its colon/],
    ["an open quote",             'gateway: "gw\n',                     /line 2: something is not closed/],
    ["a colon in a text",         "description: ICU: room 12\n",        /line 1: a second colon in one line; put the value in quotes/],
    ["a format of a newer version", `format: 2\ncolour: red\n${GOOD}`,  /^BED-502 {2}\S+ has a mistake .*\n +line 1 {2}format: the file has format 2, this version of bedside reads 1: it was written for a newer version/],
    ["nothing in it",             "",                                   /\(the whole file\): expected settings/],
    ["bytes",                     "\u0000\u0001",                       /BED-502/],
    ["a string for a quantity",   `${GOOD}pace: fast\n`,                /line 6 {2}pace: expected a number with one of the units .*, found "fast"/],
    ["__proto__",                 `${GOOD}__proto__: { gateway: x }\n`, /"__proto__" is not known here/],
  ];
  test.each(YAML)("tells %s in plain words", async (_what, text, says) => {
    const { code, said } = await check("c.yaml", text);
    expect(code).toBe(1);
    expect(said).toMatch(says);
    expect(said, "no words of the library for programmers").not.toMatch(/parseAllDocuments|implicit key|resource exhaustion|call stack/i);
  });

  test("judges the body of a document by its kind, and says so where the kind was forgotten", async () => {
    const body = "rules:\n  - { when: { location: a }, allow: true, device: d, driver: nonin, socket: s }\n";
    expect(await check("d.yaml", body, "--kind", "admissions")).toEqual({
      code: 0,
      said: "d.yaml is right\n  the body of a document of kind admissions\n",
    });
    expect((await check("d.yaml", body, "--kind=settings")).said).toContain('"rules" is not known here');
    expect((await check("d.yaml", body)).said).toContain("Then add  --kind admissions");
    expect((await check("d.yaml", "pace: 1s\n")).said).toContain("Then add  --kind settings");
    expect((await check("d.yaml", "gateway: gw-1\n")).said).not.toContain("--kind");
  });

  test("tells the same to programs", async () => {
    const right = JSON.parse((await check("e.yaml", `${GOOD}window: 1min\n`, "--json")).said);
    expect(right).toMatchObject({ kind: "file", ok: true, mistakes: [], warnings: [{ rule: "window_long", path: "window" }] });
    const wrong = JSON.parse((await check("e.yaml", `${GOOD}window: 1h\n`, "--json")).said);
    expect(wrong).toMatchObject({
      ok: false,
      mistakes: [{ path: "window", line: 6 }],
      warnings: [],
      fault: { number: "BED-502", key: "config.invalid" },
    });
  });

  test("reads no more than a file of that size, and no folder", async () => {
    await expect(check("f.yaml", `# ${"x".repeat(CONFIG_MAX)}`)).rejects.toMatchObject({ key: "config.unreadable" });
    await expect(configCheck(readWords(["config", "check", folder]), fakeSelf())).rejects.toBeInstanceOf(Fault);
  });
});

describe("bedside config check of a signed document", () => {
  const signedBy = (signer: Signer, changed: Partial<Envelope> = {}): Uint8Array =>
    encodeSignedDocument(signEnvelope(envelopeOf({ body: { pace: "6s", window: "7s" }, ...changed }), signer));
  const config = join(folder, "gateway.yaml");
  writeFileSync(config, GOOD);

  test("tells what it says of itself, and that its signature is checked only with the gateway's file", async () => {
    const { code, said } = await check("a.signed", signedBy(operations));
    expect(code).toBe(0);
    expect(said.split("\n").slice(0, 4)).toEqual([
      "a.signed is right, with a warning",
      "  settings, generation 1, for gw-1, taken until 2027-11-25T12:00:00Z",
      "  by R. Mensah: a test",
      "  its signature is not checked: give  --config FILE  with the gateway's own file, which names the keys",
    ]);
    expect(said).toContain("warning  pace: a pace slower than 5s");
    expect((await check("a.signed", signedBy(operations), "--config", config)).said).toContain("its signature holds, and gw-1 takes it");
  });

  // biome-ignore format: a table is read by eye.
  const REFUSED: readonly (readonly [what: string, bytes: Uint8Array, says: RegExp])[] = [
    ["a stranger's key",     signedBy(makeSigner("ops-9", "operations")),                     /^BED-611 .*\n +key "ops-9" is not trusted here\n/],
    ["a forged signature",   signedBy(makeSigner("ops-1", "operations")),                     /^BED-613 /],
    ["another role",         signedBy(biomedical),                                            /^BED-612 /],
    ["another gateway",      signedBy(operations, { audience: ["gw-2"] }),                    /^BED-615 .*\n +it is for gw-2, this is gw-1\n/],
    ["an expired one",       signedBy(operations, { expires: "2001-01-01T00:00:00Z" }),       /^BED-616 /],
    ["a newer format",       signedBy(operations, { format: 2 } as unknown as Partial<Envelope>), /^BED-608 .*\n +format 2; this version reads 1\n/],
    ["mistakes in its body", signedBy(operations, { body: { pace: "1h", windw: "1s" } }),     /^BED-620 .*\n +"windw" is not known here; did you mean "window"\?\n +pace: expected a number/],
    ["no document at all",   Uint8Array.of(1, 2, 3),                                          /^BED-601 /],
  ];
  test.each(REFUSED)("refuses %s as the gateway would", async (_what, bytes, says) => {
    const { code, said } = await check("b.signed", bytes, "--config", config);
    expect(code).toBe(1);
    expect(said).toMatch(says);
    expect(said).toMatch(/^ {2}do {7}\S/m);
  });
  test("takes admissions by their own role", async () => {
    const body = { rules: [] };
    const { code, said } = await check("c.signed", signedBy(biomedical, { kind: "admissions", body }), "--config", config);
    expect(code).toBe(0);
    expect(said).toContain("warning  rules: no rule that allows, in a document of kind admissions: it closes every port of the gateway");
  });
});

describe("bedside config explain", () => {
  const explained = (...words: readonly string[]): string => {
    const self = fakeSelf();
    configExplain(readWords(["config", "explain", ...words]), self);
    return self.said();
  };
  test("prints a key's entry whole", () => {
    expect(explained("pace")).toBe(`pace    Pace
  How often the readings since the last message are sent. A broker pays for each message: take 1s where thousands of gateways share one. Alerts do not wait for it.
  type       time
  unit       ms, s, min
  bounds     20ms to 1min
  default    100ms
  example    100ms
  stands in  the gateway's file, documents of kind settings
`);
    expect(explained("broker.port")).toContain("  needed     yes\n  bounds     1 to 65535\n");
    expect(JSON.parse(explained("window", "--json"))).toMatchObject([{ path: "window", documents: ["file", "settings"] }]);
  });
  test("without a key lists them all", () => {
    for (const path of ["gateway", "broker.host", "rules[].when.serial", "spool.size"]) expect(explained()).toContain(`${path}  `);
  });
  test("does not know every word, and names the nearest", () => {
    expect(() => explained("widnow")).toThrow('There is no setting "widnow"; did you mean "window"?');
    expect(() => explained("\u001b[2J")).toThrow('There is no setting "\\u001b[2J"');
    expect(() => explained("zzzz")).toThrow(Fault);
  });
});
