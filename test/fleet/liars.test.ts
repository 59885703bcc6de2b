import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GENERATION_STEP_MAX } from "../../config/envelope/generation.ts";
import { nextGenerations, REPORTED_STEP_MAX, stepMistake } from "../../config/fleet/generations.ts";
import { REFUSALS_MAX } from "../../config/fleet/view.ts";
import { encodeReported } from "../../proto/codec.ts";
import { DOCUMENT_STATUS } from "../../proto/messages.ts";
import { until } from "../support/until.ts";
import type { ProtocolGateway } from "./gateways.ts";
import { openWard, type Ward } from "./ward.ts";

const SIGNED = ["--by", "R. Mensah", "--reason", "a test", "--passphrase-file", "passphrase"];
const SETTINGS = ["--kind", "settings", "--key", "ops-1.pem", ...SIGNED];
const NEXT = [...SETTINGS, "--generation", "next"];
/** Two bytes each: as many empty refusals as a message of a megabyte holds. */
const FLOOD = 500_000;

let ward: Ward;
let liar: ProtocolGateway;
beforeAll(async () => {
  ward = await openWard();
  ward.site({ "gw-1": {}, "gw-2": {}, "gw-liar": {} });
  for (const name of ["gw-1", "gw-2"]) await ward.gateway(name);
  liar = await ward.gateway("gw-liar");
  ward.write("fast.yaml", "pace: 100ms\nwindow: 250ms\n");
  ward.write("slow.yaml", "pace: 1s\nwindow: 2s\n");
  ward.write("slower.yaml", "pace: 2s\nwindow: 3s\n");
});
afterAll(() => ward.stop());

const said = (generation: number): Uint8Array =>
  encodeReported({
    ...{ gateway: "gw-liar", kind: "settings", generation, sha256: new Uint8Array(32).fill(7) },
    ...{ status: DOCUMENT_STATUS.applied, refusals: [] },
  });
const lie = (generation: number): Promise<void> => liar.publish("up/reported/settings", said(generation));
type Row = { readonly gateway: string; readonly generation: number; readonly is: string };
const told = (out: string): readonly string[] =>
  (JSON.parse(out) as { gateways: readonly Row[] }).gateways.map(({ gateway, generation, is }) => `${gateway} ${generation} ${is}`);

describe("one gateway's word", () => {
  test("for the highest generation there is moves nobody's, its own included, and is told", async () => {
    expect((await ward.fleet("push", "fast.yaml", ...NEXT, "--all")).code).toBe(0);
    await lie(Number.MAX_SAFE_INTEGER);
    const { code, out, err } = await ward.fleet("push", "slow.yaml", ...NEXT, "--all", "--json");
    expect(told(out)).toEqual(expect.arrayContaining(["gw-1 2 applied", "gw-2 2 applied"]));
    expect(err).toContain("warning  gw-liar: it says settings 9007199254740991, which is more than 1000 above 1");
    await until("it was sent what the others were", () => liar.running.get("settings")?.generation === 2);
    expect([0, 1]).toContain(code);
    await lie(Number.MAX_SAFE_INTEGER);
    const why = await ward.fleet("why", "gw-liar");
    expect(why.out).toContain("not believed: it says settings 9007199254740991");
  });

  test("for a few more than are known counts for it alone", async () => {
    await lie(2 + REPORTED_STEP_MAX);
    const { out } = await ward.fleet("push", "fast.yaml", ...NEXT, "--all", "--json");
    expect(told(out)).toEqual(expect.arrayContaining(["gw-1 3 applied", "gw-2 3 applied", `gw-liar ${3 + REPORTED_STEP_MAX} applied`]));
  });

  test("does not stop a document for the others, and is told", async () => {
    const highest = 3 + REPORTED_STEP_MAX;
    const words = [...SETTINGS, "--generation", `${highest + 1}`, "--out", "all.signed", "gw-1", "gw-2", "gw-liar"];
    expect((await ward.fleet("sign", "slow.yaml", ...words)).code).toBe(0);
    await lie(highest + 5);
    const seen = await ward.fleet("status", "gw-liar");
    expect(seen.out, "within the step it is no lie that could be known").not.toContain("not believed");
    const before = liar.count().heard;
    const { code, out } = await ward.fleet("push", "all.signed", "--json");
    expect(told(out)).toEqual([`gw-1 ${highest + 1} applied`, `gw-2 ${highest + 1} applied`, `gw-liar ${highest + 1} overtaken`]);
    expect(code).toBe(1);
    expect(liar.count().heard, "an old one does not take a newer one's place").toBe(before);
  });

  test("with half a million refusals ends no push", async () => {
    const flood = Buffer.concat([said(3), Buffer.alloc(2 * FLOOD, Buffer.from([0x32, 0x00]))]);
    await liar.publish("up/reported/settings", flood);
    const { out } = await ward.fleet("push", "slower.yaml", ...NEXT, "gw-1", "gw-liar", "--json");
    expect(told(out)).toEqual(expect.arrayContaining([expect.stringMatching(/^gw-1 \d+ applied$/)]));
    await liar.publish("up/reported/settings", flood);
    const why = await ward.fleet("why", "gw-liar");
    expect(why.out).toContain(`not believed: up/reported/settings: ${FLOOD} refusals; the first ${REFUSALS_MAX} are looked at`);
    expect(why.out.split("\n").length).toBeLessThan(2 * REFUSALS_MAX);
  });
});

describe("a generation that is far above what is known", () => {
  const far = `${2 * GENERATION_STEP_MAX}`;
  test("is neither signed nor pushed", async () => {
    const files = readdirSync(ward.at("pushed"));
    const pushed = await ward.fleet("push", "fast.yaml", ...SETTINGS, "--generation", far, "gw-1");
    expect(`${pushed.code} ${pushed.err}`).toContain("3 FLT-213");
    expect(pushed.err).toContain(`gw-1: settings ${far} is more than ${GENERATION_STEP_MAX} above`);
    const signed = await ward.fleet("sign", "fast.yaml", ...SETTINGS, "--generation", far, "--out", "far.signed", "gw-1");
    expect(`${signed.code} ${signed.err}`).toContain("3 FLT-213");
    expect(readdirSync(ward.at("pushed"))).toEqual(files);
  });

  test("is taken where nothing is known; signed elsewhere it is not pushed to who has one", async () => {
    ward.site({ "gw-1": {}, "gw-new": {} }, "store: other\n");
    await ward.gateway("gw-new");
    const fresh = await ward.fleet("push", "fast.yaml", ...SETTINGS, "--generation", far, "gw-new");
    expect(fresh.out).toContain(`gw-new  settings ${far}  applied`);
    await ward.fleet("sign", "fast.yaml", ...SETTINGS, "--generation", far, "--out", "strange.signed", "gw-1");
    ward.site({ "gw-1": {}, "gw-2": {}, "gw-liar": {} });
    const pushed = await ward.fleet("push", "strange.signed");
    expect(`${pushed.code} ${pushed.err}`).toContain("3 FLT-213");
  });

  test("is pushed where the signer signed what stands, though another folder knows less of it", async () => {
    ward.site({ "gw-new": {} }, "store: third\n");
    const less = await ward.fleet("sign", "fast.yaml", ...SETTINGS, "--generation", "3", "--out", "third/settings-3.signed", "gw-new");
    expect(less.code).toBe(0);
    ward.write("third/settings-3.signed.to", "gw-new\n");
    const next = await ward.fleet("push", "slow.yaml", ...NEXT, "gw-new");
    expect(`${next.err}${next.out}`).toContain(`gw-new  settings ${2 * GENERATION_STEP_MAX + 1}  applied`);
  });

  test("of one gateway does not carry the others there", () => {
    const at = (verified: number) => ({ verified, reported: 0, beyond: undefined });
    const known = { far: at(5 * GENERATION_STEP_MAX), near: at(7), fresh: at(0), last: at(Number.MAX_SAFE_INTEGER) };
    const next = nextGenerations(new Map(Object.entries(known)));
    expect(next.get("fresh")).toBe(5 * GENERATION_STEP_MAX + 1);
    expect(next.get("near")).toBe(8);
    expect(stepMistake("settings", next.get("near") ?? 0, at(7))).toBeUndefined();
  });

  test("and after the last there is no next", () => {
    const known = { verified: Number.MAX_SAFE_INTEGER, reported: 0, beyond: undefined };
    const next = nextGenerations(new Map([["gw-1", known]])).get("gw-1");
    expect(stepMistake("settings", next ?? 0, known)).toContain("there is no next");
  });
});
