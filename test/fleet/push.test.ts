import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeSignedDocument, encodeReported, encodeSignedDocument } from "../../proto/codec.ts";
import { DOCUMENT_STATUS } from "../../proto/messages.ts";
import { until } from "../support/until.ts";
import type { ProtocolGateway } from "./gateways.ts";
import { openWard, PASSPHRASE, type Ward } from "./ward.ts";

const SIGNED = ["--by", "R. Mensah", "--reason", "a test", "--passphrase-file", "passphrase"];
const SETTINGS = ["--kind", "settings", "--key", "ops-1.pem", "--generation", "next", ...SIGNED];
const OBEYING = Array.from({ length: 7 }, (_, at) => `gw-${at + 1}`);
const named = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { ward: name === "gw-1" || name === "gw-2" ? "icu" : "ed" }]));

let ward: Ward;
let ignoring: ProtocolGateway;
let trust = "";
beforeAll(async () => {
  ward = await openWard();
  ward.site(named(...OBEYING, "gw-refuses", "gw-reverts", "gw-ignores"));
  for (const name of OBEYING) await ward.gateway(name);
  for (const manner of ["refuses", "reverts"] as const) await ward.gateway(`gw-${manner}`, { manner });
  ignoring = await ward.gateway("gw-ignores", { manner: "ignores" });
  trust = `trust:\n${["ops-1", "bio-1"].map((id) => `  ${readFileSync(ward.at(`${id}.pem.pub`), "utf8")}`).join("")}`;
  ward.write("fast.yaml", "pace: 100ms\nwindow: 250ms\n");
  ward.write("slow.yaml", "pace: 1s\nwindow: 2s\n");
});
afterAll(() => ward.stop());

type Row = { readonly gateway: string; readonly is: string; readonly generation: number; readonly sha256: string; readonly detail: string };
const rowsOf = (out: string): readonly Row[] => (JSON.parse(out) as { gateways: readonly Row[] }).gateways;
const stored = (): readonly string[] => readdirSync(ward.at("pushed")).filter((name) => name.endsWith(".signed"));

describe("a push", () => {
  test("to ten gateways tells of each whether it applied, refused, fell back or kept silent", async () => {
    const { code, out } = await ward.fleet("push", "fast.yaml", ...SETTINGS, "--all", "--within", "2s", "--json");
    const rows = rowsOf(out);
    const by = (is: string): readonly string[] => rows.filter((row) => row.is === is).map(({ gateway }) => gateway);
    expect(by("applied")).toEqual(OBEYING);
    expect(by("refused")).toEqual(["gw-refuses"]);
    expect(by("reverted")).toEqual(["gw-reverts"]);
    expect(by("timed out")).toEqual(["gw-ignores"]);
    expect(rows.find(({ is }) => is === "refused")?.detail).toBe("document.schema at rules[0].driver: the driver is not known here");
    expect(code).toBe(1);
    const refusals = [{ generation: 0, sha256: new Uint8Array(), key: "document.key_unknown", text: "not trusted here" }];
    const said = {
      gateway: "gw-ignores",
      kind: "settings",
      generation: 0,
      sha256: new Uint8Array(),
      status: DOCUMENT_STATUS.none,
      refusals,
    };
    await ignoring.publish("up/reported/settings", encodeReported(said));
    const late = await ward.fleet("push", "fast.yaml", ...SETTINGS, "gw-ignores", "--within", "500ms");
    expect(late.code, "timed out").toBe(5);
    expect(late.out).toContain("of something that it did not verify it says document.key_unknown: not trusted here");
  });

  test("by label reaches those that have it, and again signs and sends nothing new", async () => {
    const first = await ward.fleet("push", "slow.yaml", ...SETTINGS, "-l", "ward=icu", "--json");
    expect(rowsOf(first.out).map(({ gateway, is }) => `${gateway} ${is}`)).toEqual(["gw-1 applied", "gw-2 applied"]);
    expect(first.code).toBe(0);
    const files = stored();
    const again = await ward.fleet("push", "slow.yaml", ...SETTINGS, "-l", "ward=icu", "--json");
    expect(again.code).toBe(0);
    expect(rowsOf(again.out)).toEqual(rowsOf(first.out));
    expect(stored()).toEqual(files);
  });

  test("that is interrupted half-way goes on where it was", async () => {
    ward.write("interrupted.yaml", "pace: 500ms\nwindow: 1s\n");
    const before = stored().length;
    const words = ["push", "interrupted.yaml", ...SETTINGS, "gw-1", "gw-ignores", "--json"];
    const begun = ward.begin(...words);
    await until("the document is in the store", () => stored().length > before);
    begun.child.kill("SIGINT");
    const cut = await begun.ended;
    expect(cut.code).toBe(1);
    expect(cut.out).toContain("FLT-308");
    const again = await ward.fleet(...words, "--within", "1s");
    expect(stored().length).toBe(before + 1);
    expect(rowsOf(again.out).map(({ is }) => is)).toEqual(["applied", "timed out"]);
  });

  test("to a gateway that is off says so at once with exit code 4, and the gateway takes it when it comes back", async () => {
    ward.site(named("gw-late"));
    await (await ward.gateway("gw-late")).stop();
    const { code, out, ms } = await ward.fleet("push", "slow.yaml", ...SETTINGS, "gw-late");
    expect(code).toBe(4);
    expect(out).toContain("gw-late  settings 1  offline  was stopped; it takes the document when it comes back");
    expect(ms).toBeLessThan(10_000);
    const back = await ward.gateway("gw-late");
    await until("it runs the document", () => back.running.get("settings")?.generation === 1);
    ward.site(named(...OBEYING), trust);
  });
});

describe("a document that was signed into a file", () => {
  const sign = (out: string, ...words: readonly string[]) =>
    ward.fleet("sign", "slow.yaml", "--kind", "settings", "--key", "ops-1.pem", ...SIGNED, "--out", out, ...words);

  test("is pushed as it is, to all that it names", async () => {
    const made = await sign("good.signed", "--generation", "50", "gw-3", "gw-4");
    expect(made.out).toMatch(/^good\.signed: settings 50 \([0-9a-f]{12}\), for 2 gateways, until \d{4}-/);
    const { code, out } = await ward.fleet("push", "good.signed");
    expect(out).toContain("2 applied");
    expect(code).toBe(0);
  });

  test("may be pushed to one of them first, and the others are not told to lack it", async () => {
    await sign("canary.signed", "--generation", "51", "gw-5", "gw-6");
    expect((await ward.fleet("push", "canary.signed", "gw-5")).out).toContain("gw-5  settings 51  applied");
    const { out } = await ward.fleet("status", "gw-5", "gw-6", "--json");
    const told = JSON.parse(out).status.map((row: { documents: readonly { is: string; pushed: number }[] }) => row.documents[0]);
    expect(told).toMatchObject([
      { is: "applied", pushed: 51 },
      { is: "applied", pushed: 1 },
    ]);
    expect((await ward.fleet("push", "canary.signed")).out).toContain("2 applied");
  });

  test.each<[string, string, number, string]>([
    ["altered", "altered", 3, "FLT-210"],
    ["older than what the gateway has", "older", 3, "FLT-212"],
    ["another of the same generation", "twice", 3, "FLT-212"],
    ["for another gateway", "stranger", 3, "FLT-211"],
    ["expired", "expired", 3, "FLT-210"],
    ["no document", "rubbish", 3, "FLT-210"],
  ])("but is %s is not sent", async (_what, file, code, number) => {
    const names = ["gw-3"];
    if (file === "older" || file === "twice") await sign(`${file}.signed`, "--generation", file === "older" ? "1" : "50", "gw-3");
    if (file === "stranger") await sign("stranger.signed", "--generation", "60", "gw-4");
    if (file === "expired") {
      await sign("expired.signed", "--generation", "60", "--valid", "1s", "gw-3");
      const end = Date.now() + 1_000;
      await until("it has expired", () => Date.now() > end);
    }
    if (file === "rubbish") ward.write("rubbish.signed", "no document at all");
    if (file === "altered") {
      await sign("whole.signed", "--generation", "60", "gw-3");
      const whole = decodeSignedDocument(readFileSync(ward.at("whole.signed")));
      const payload = Buffer.from(whole?.payload ?? [])
        .toString()
        .replace('"1s"', '"9s"');
      writeFileSync(
        ward.at("altered.signed"),
        encodeSignedDocument({ payload: Buffer.from(payload), signatures: whole?.signatures ?? [] }),
      );
    }
    const ended = await ward.fleet("push", `${file}.signed`, ...names);
    expect(`${ended.code} ${ended.err}`).toContain(`${code} ${number}`);
  });

  test("and what was not sent changed nothing", async () => {
    const { out } = await ward.fleet("status", "gw-3", "--json");
    expect(JSON.parse(out).status[0].documents[0]).toMatchObject({ is: "applied", runs: 50 });
  });
});

test("a forged document at the broker is seen, counts for nothing, and gives way to the next that is signed", async () => {
  await ward.fleet("keys", "new", "stranger.pem", "--id", "ops-9", "--role", "operations", "--passphrase-file", "passphrase");
  ward.site(named("gw-7"), "store: stranger\n");
  const forged = ["--kind", "settings", "--key", "stranger.pem", "--generation", "1000", ...SIGNED];
  expect((await ward.fleet("push", "slow.yaml", ...forged, "gw-7")).out).toContain("refused  document.key_unknown");
  ward.site(named("gw-7"), `store: honest\n${trust}`);
  const seen = await ward.fleet("status", "--json");
  expect(JSON.parse(seen.out).status[0].documents[0].detail).toContain('key "ops-9" is not trusted here');
  const { code, out } = await ward.fleet("push", "slow.yaml", ...SETTINGS, "gw-7");
  expect(out).toContain("gw-7  settings 2  applied");
  expect(code).toBe(0);
  ward.site(named(...OBEYING), trust);
});

describe("a key", () => {
  const SIGN = "sign fast.yaml --kind settings --generation 9 --by x --reason y gw-1".split(" ");
  const withKey = (...words: readonly string[]) => ward.fleet(...SIGN, "--out", "never.signed", ...words);

  test("is readable by its owner alone, locked, and never printed", async () => {
    expect(statSync(ward.at("ops-1.pem")).mode & 0o777).toBe(0o600);
    expect(readFileSync(ward.at("ops-1.pem"), "utf8")).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    const made = await ward.fleet("keys", "new", "new.pem", "--id", "ops-2", "--role", "operations", "--passphrase-file", "passphrase");
    expect(made.out).toMatch(/^- \{ id: ops-2, role: operations, key: "[A-Za-z0-9+/]{43}=" \}\n$/);
    expect(made.out + made.err).not.toMatch(/PRIVATE|correct horse/);
    const twice = await ward.fleet("keys", "new", "new.pem", "--id", "ops-2", "--role", "operations", "--no-passphrase");
    expect(`${twice.code} ${twice.err}`).toContain("3 FLT-106");
    const open = await ward.fleet("keys", "new", "open.pem", "--id", "ops-3", "--role", "operations", "--no-passphrase");
    expect(open.code).toBe(0);
    expect(readFileSync(ward.at("open.pem"), "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });

  test("asks for its passphrase on a terminal, without showing it", async () => {
    const typed = await ward.terminal([`${PASSPHRASE}`], ...SIGN, "--key", "ops-1.pem", "--out", "asked.signed");
    expect(typed.out).toContain("Passphrase of ops-1.pem: ");
    expect(typed.out).toContain("asked.signed: settings 9");
    expect(typed.out).not.toContain("correct horse");
    expect(typed.code).toBe(0);
  });

  test.each<[string, readonly string[], string]>([
    ["with a wrong passphrase", ["--key", "ops-1.pem", "--passphrase-file", "wrong"], "3 FLT-202"],
    ["without one, where nobody can be asked", ["--key", "ops-1.pem"], "2 FLT-203"],
    ["that is not there", ["--key", "none.pem"], "1 FLT-201"],
    ["that is no key", ["--key", "no-key.pem", "--passphrase-file", "passphrase"], "1 FLT-201"],
    ["that others can read", ["--key", "readable.pem", "--passphrase-file", "passphrase"], "3 FLT-204"],
    ["with the public part of another", ["--key", "mixed.pem", "--passphrase-file", "passphrase"], "1 FLT-205"],
    ["of the other role", ["--key", "bio-1.pem", "--passphrase-file", "passphrase"], "3 FLT-206"],
    ["with a passphrase that others can read", ["--key", "ops-1.pem", "--passphrase-file", "loose"], "3 FLT-204"],
  ])("%s signs nothing", async (_what, words, said) => {
    const pem = readFileSync(ward.at("ops-1.pem"), "utf8");
    ward.write("wrong", "not the passphrase\n", 0o600);
    ward.write("loose", `${PASSPHRASE}\n`, 0o644);
    ward.write("no-key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n", 0o600);
    ward.write("readable.pem", pem, 0o644);
    ward.write("mixed.pem", pem, 0o600);
    for (const name of ["no-key", "readable"]) ward.write(`${name}.pem.pub`, readFileSync(ward.at("ops-1.pem.pub"), "utf8"));
    ward.write("mixed.pem.pub", readFileSync(ward.at("bio-1.pem.pub"), "utf8"));
    const ended = await withKey(...words);
    expect(`${ended.code} ${ended.err}`).toContain(said);
    expect(ended.err).toMatch(/\n {2}likely {3}.+\n {2}do {7}.+\n$/);
    expect(() => statSync(ward.at("never.signed"))).toThrow("ENOENT");
  });
});
