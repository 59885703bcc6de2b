import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWard, type Ward } from "../fleet/ward.ts";
import { BROKERS, type BrokerRow } from "../support/brokers.table.ts";
import { until } from "../support/until.ts";

/** bedside-fleet on every broker. */

const TEST_MS = 120_000;
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
  beforeAll(async () => {
    ward = await openWard({ start, aclExtra: ACL });
    ward.site({ "gw-1": { ward: "icu" }, "gw-2": { ward: "icu" } });
    for (const name of ["gw-1", "gw-2"]) await ward.gateway(name);
    for (const name of ["reader", "pusher"]) ward.operator(name);
    ward.write("fast.yaml", "pace: 100ms\nwindow: 250ms\n");
    ward.write("slow.yaml", "pace: 1s\nwindow: 2s\n");
  }, TEST_MS);
  afterAll(() => ward.stop(), TEST_MS);

  test("who may read all and write the down topics may push", { concurrent: false, timeout: TEST_MS }, async () => {
    const { code, out, err } = await ward.fleet("push", "fast.yaml", ...SETTINGS, "--all", "--site", "pusher.yaml");
    expect(`${code} ${err}`).toBe("0 ");
    expect(out).toContain("2 applied");
  });

  test("who may read and nothing else may look, with every verb", { concurrent: false, timeout: TEST_MS }, async () => {
    for (const words of ["status", "diff", "why", "devices", "watch --for 1s"]) {
      const { code, err } = await ward.fleet(...words.split(" "), "--site", "reader.yaml");
      expect(`${words}: ${code} ${err}`).toBe(`${words}: 0 `);
    }
    const pushed = await ward.fleet("push", "slow.yaml", ...SETTINGS, "gw-1", "--site", "reader.yaml");
    expect(`${pushed.code} ${pushed.err}`).toContain("3 FLT-304");
  });

  test("a watch that may only read hears what comes later, too", { concurrent: false, timeout: TEST_MS }, async () => {
    const watching = ward.begin("watch", "gw-1", "--site", "reader.yaml");
    await until("the watch has begun", () => watching.out().includes("1 gateways: 1 present"));
    await ward.fleet("push", "slow.yaml", ...SETTINGS, "gw-1");
    await until("the change is told", () => /settings: .* → applied \(runs 2, pushed 2\)/.test(watching.out()));
    watching.child.kill("SIGTERM");
    expect((await watching.ended).code).toBe(0);
  });
}
