import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ProtocolGateway } from "../fleet/gateways.ts";
import { openWard, type Ward } from "../fleet/ward.ts";
import { BROKERS, type BrokerRow } from "../support/brokers.table.ts";
import { until } from "../support/until.ts";

/** bedside-fleet on every broker. */

const TEST_MS = 120_000;
const IN_ORDER = { concurrent: false, timeout: TEST_MS };
/** As often as some hundred gateways speak together. */
const TALKS_EVERY = 40;
const LOOK_MAX = 10_000;
const SIGNED = ["--generation", "next", "--by", "R. Mensah", "--reason", "a test", "--passphrase-file", "passphrase"];
const SETTINGS = ["--kind", "settings", "--key", "ops-1.pem", ...SIGNED];
/** What config/fleet/OPERATIONS.md says that looking and pushing need. */
const ACL = "user reader\ntopic read bedside/v1/#\nuser pusher\ntopic read bedside/v1/#\ntopic write bedside/v1/+/down/#\n";

for (const row of BROKERS) {
  const missing = row.missing?.();
  if (missing === undefined) describe.concurrent(row.name, () => onBroker(row));
  else test.skip(`NOT RUN on ${row.name}: ${missing}`, () => undefined);
}

function onBroker({ start }: BrokerRow): void {
  let ward: Ward;
  let talker: ProtocolGateway;
  beforeAll(async () => {
    ward = await openWard({ start, aclExtra: ACL });
    ward.site({ "gw-1": { ward: "icu" }, "gw-2": { ward: "icu" } });
    talker = await ward.gateway("gw-1");
    await ward.gateway("gw-2");
    for (const name of ["reader", "pusher"]) ward.operator(name);
    ward.write("fast.yaml", "pace: 100ms\nwindow: 250ms\n");
    ward.write("slow.yaml", "pace: 1s\nwindow: 2s\n");
  }, TEST_MS);
  afterAll(() => ward.stop(), TEST_MS);

  test("who may read all and write the down topics may push", IN_ORDER, async () => {
    const { code, out, err } = await ward.fleet("push", "fast.yaml", ...SETTINGS, "--all", "--site", "pusher.yaml");
    expect(`${code} ${err}`).toBe("0 ");
    expect(out).toContain("2 applied");
  });

  test("who may read and nothing else may look, with every verb", IN_ORDER, async () => {
    for (const words of ["status", "diff", "why", "devices", "watch --for 1s"]) {
      const { code, err } = await ward.fleet(...words.split(" "), "--site", "reader.yaml");
      expect(`${words}: ${code} ${err}`).toBe(`${words}: 0 `);
    }
    const pushed = await ward.fleet("push", "slow.yaml", ...SETTINGS, "gw-1", "--site", "reader.yaml");
    expect(`${pushed.code} ${pushed.err}`).toContain("3 FLT-304");
  });

  test("a watch that may only read hears what comes later, too", IN_ORDER, async () => {
    const watching = ward.begin("watch", "gw-1", "--site", "reader.yaml");
    await until("the watch has begun", () => watching.out().includes("1 gateways: 1 present"));
    await ward.fleet("push", "slow.yaml", ...SETTINGS, "gw-1");
    await until("the change is told", () => /settings: .* → applied \(runs 2, pushed 2\)/.test(watching.out()));
    watching.child.kill("SIGTERM");
    expect((await watching.ended).code).toBe(0);
  });

  test("what gateways say meanwhile keeps nobody waiting who looks", IN_ORDER, async () => {
    const talking = setInterval(() => void talker.sendHealth().catch(() => undefined), TALKS_EVERY);
    try {
      for (const site of ["fleet.yaml", "reader.yaml"]) {
        const { code, ms } = await ward.fleet("status", "gw-1", "--site", site);
        expect([site, code, ms < LOOK_MAX]).toEqual([site, 0, true]);
      }
    } finally {
      clearInterval(talking);
    }
  });

  test("a push beside a watch with the same certificate is done, and the watch says why it was thrown out", IN_ORDER, async () => {
    const watching = ward.begin("watch", "gw-2");
    await until("the watch has begun", () => watching.out().includes("1 gateways: 1 present"));
    const pushed = await ward.fleet("push", "slow.yaml", ...SETTINGS, "gw-2");
    expect(`${pushed.code} ${pushed.err}`).toBe("0 ");
    await until("the watch tells it", () => watching.err().includes("FLT-309  The broker at localhost"));
    expect(watching.err()).toContain('ended the session of "ops"');
    // It comes back later than a push takes, and not at once.
    const again = await ward.fleet("status", "gw-2");
    expect(`${again.code} ${again.err}`).toBe("0 ");
    watching.child.kill("SIGTERM");
    expect((await watching.ended).code).toBe(4);
  });

  test("a push that is thrown out by another with the same certificate says so", IN_ORDER, async () => {
    await ward.gateway("gw-ignores", { manner: "ignores" });
    ward.site({ "gw-ignores": {} });
    const pushing = ward.begin("push", "slow.yaml", ...SETTINGS, "gw-ignores", "--within", "20s");
    const stored = (): readonly string[] => readdirSync(ward.at("pushed"));
    const before = stored().length;
    await until("the document is in the store", () => stored().length > before);
    await ward.fleet("status");
    const { code, err } = await pushing.ended;
    expect(`${code} ${err}`).toContain("4 FLT-309");
  });
}

test("a push and a watch with one certificate live side by side where the broker does not pin the client id", IN_ORDER, async () => {
  const ward = await openWard({ without: ["use_username_as_clientid true"] });
  try {
    ward.site({ "gw-1": {} });
    await ward.gateway("gw-1");
    ward.write("slow.yaml", "pace: 1s\nwindow: 2s\n");
    const watching = ward.begin("watch");
    await until("the watch has begun", () => watching.out().includes("1 gateways: 1 present"));
    expect((await ward.fleet("push", "slow.yaml", ...SETTINGS, "--all")).code).toBe(0);
    await until("the watch hears of it", () => watching.out().includes("→ applied (runs 1, pushed 1)"));
    watching.child.kill("SIGTERM");
    expect(await watching.ended).toMatchObject({ code: 0, err: "" });
  } finally {
    await ward.stop();
  }
});
