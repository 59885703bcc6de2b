import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { createServer as createTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeHealth } from "../../proto/codec.ts";
import { LIVENESS, VERDICT } from "../../proto/messages.ts";
import { makeAuthority } from "../support/pki.ts";
import { until } from "../support/until.ts";
import type { ProtocolGateway } from "./gateways.ts";
import { openWard, type Ward } from "./ward.ts";

const SIGNED = ["--generation", "next", "--by", "R. Mensah", "--reason", "a test", "--passphrase-file", "passphrase"];
const SETTINGS = ["--kind", "settings", "--key", "ops-1.pem", ...SIGNED];
const ADMISSIONS = ["--kind", "admissions", "--key", "bio-1.pem", ...SIGNED];
const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
};
/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
const device = (id: string, liveness: number) => ({ device: { epoch: 1, device: id }, liveness, sinceUs: 0, location: `at-${id}` });
const DEVICES = [device("dv-1", LIVENESS.streaming), device("dv-2", LIVENESS.silent), device("dv-9", LIVENESS.streaming)];
const PORTS = [{ location: "at-dv-3", verdict: VERDICT.block, reasons: ["a duplicate of dv-3"], device: "dv-3" }];
const rules = (...ids: readonly string[]): string =>
  `rules:\n${ids.map((id) => `  - { when: { location: at-${id} }, allow: true, device: ${id}, driver: nonin, socket: "ICU-1/${id}" }\n`).join("")}`;

let ward: Ward;
let whole: ProtocolGateway;
beforeAll(async () => {
  ward = await openWard({
    aclExtra:
      "user reader\ntopic read bedside/v1/#\nuser watcher\ntopic read bedside/v1/#\nuser writer\ntopic write bedside/v1/#\nuser nobody\n",
  });
  ward.site({ "gw-1": { ward: "icu" }, "gw-2": { ward: "icu" }, "gw-off": { ward: "ed" }, "gw-never": { ward: "ed" } });
  whole = await ward.gateway("gw-1", { birth: { devices: DEVICES, ports: PORTS } });
  await ward.gateway("gw-2", { manner: "refuses", faults: ["port.open_failed"] });
  await (await ward.gateway("gw-off")).stop();
  ward.write("admissions.yaml", rules("dv-1", "dv-2", "dv-3", "dv-4"));
  ward.write("one.yaml", rules("dv-5"));
  ward.write("fast.yaml", "pace: 100ms\nwindow: 250ms\n");
  ward.write("slow.yaml", "pace: 1s\nwindow: 2s\n");
  // One certificate is one session: who watches all the time needs one of its own.
  ward.operator("watcher");
  await ward.fleet("push", "admissions.yaml", ...ADMISSIONS, "gw-1");
  await ward.fleet("push", "one.yaml", ...ADMISSIONS, "gw-off");
  await ward.fleet("push", "fast.yaml", ...SETTINGS, "gw-1", "gw-2");
});
afterAll(() => ward.stop());

describe("what is and what ought to be:", () => {
  test("status tells presence, documents and faults, and fails where something is not as it was pushed", async () => {
    const { code, out } = await ward.fleet("status", "--json");
    const rows = JSON.parse(out).status;
    expect(rows.map((row: { gateway: string; state: string }) => `${row.gateway} ${row.state}`)).toEqual([
      "gw-1 present",
      "gw-2 present",
      "gw-off off",
      "gw-never unheard",
    ]);
    expect(rows[0].documents.map(({ is, runs }: { is: string; runs: number }) => `${is} ${runs}`)).toEqual(["applied 1", "applied 1"]);
    expect(rows[1].documents[0]).toMatchObject({
      is: "refused",
      pushed: 1,
      detail: expect.stringContaining("document.schema at rules[0].driver"),
    });
    expect(rows[1].faults).toEqual(["port.open_failed"]);
    expect(code).toBe(1);
    expect((await ward.fleet("status", "gw-1")).code).toBe(0);
    expect((await ward.fleet("status", "gw-off")).code).toBe(4);
  });

  test("devices are present, silent, blocked, absent, off with their gateway, or not expected", async () => {
    const { code, out } = await ward.fleet("devices", "--json");
    const rows: readonly { device: string; is: string; detail: string }[] = JSON.parse(out).devices;
    expect(rows.map((row) => `${row.device} ${row.is}`)).toEqual([
      "dv-1 present",
      "dv-2 silent",
      "dv-3 blocked",
      "dv-4 absent",
      "dv-9 unexpected",
      "dv-5 off",
    ]);
    expect(rows[2]?.detail).toContain("a duplicate of dv-3");
    expect(code).toBe(1);
    expect((await ward.fleet("devices", "gw-off")).code).toBe(4);
    expect((await ward.fleet("devices", "gw-2")).code).toBe(0);
  });

  test("diff names the paths that differ, by generation and hash", async () => {
    ward.write("gw-2.yaml", "pace: 1s\nwindow: 2s\n");
    expect((await ward.fleet("diff", "gw-1")).code).toBe(0);
    const refusing = await ward.fleet("diff", "gw-2");
    expect(refusing.out).toMatch(/^gw-2 {2}settings: runs none, pushed 1 \([0-9a-f]{12}\), the broker holds 1 \(/);
    expect(refusing.code).toBe(1);
    await ward.fleet(
      "sign",
      "slow.yaml",
      "--kind",
      "settings",
      "--key",
      "ops-1.pem",
      ...SIGNED.filter((word) => word !== "next" && word !== "--generation"),
      "--generation",
      "2",
      "--out",
      "pushed/later.signed",
      "gw-1",
    );
    expect((await ward.fleet("diff", "gw-1")).code, "signed, and pushed to nobody").toBe(0);
    ward.write("pushed/later.signed.to", "gw-1\n");
    const { code, out } = await ward.fleet("diff", "gw-1");
    expect(out).toContain('    pace: "100ms" → "1s"\n    window: "250ms" → "2s"\n');
    expect(code).toBe(1);
    expect((await ward.fleet("status", "gw-1", "--json")).out).toContain('"is":"lost"');
    const again = await ward.fleet("push", "pushed/later.signed");
    expect(again.out).toContain("gw-1  settings 2  applied");
    expect((await ward.fleet("diff", "gw-1")).code).toBe(0);
  });

  test("a look opens one connection and leaves none behind", async () => {
    const opened = (): number => ward.broker.log.filter((line) => line.includes("New connection from")).length;
    const before = opened();
    for (const count of [1, 2, 3]) {
      await ward.fleet("status", "gw-1");
      await until("the broker has logged it", () => opened() >= before + count);
    }
    expect(opened()).toBe(before + 3);
  });

  test("why tells refusals, faults and absence", async () => {
    const { code, out } = await ward.fleet("why");
    expect(out).toContain("refused: document.schema at rules[0].driver: the driver is not known here");
    expect(out).toContain("fault port.open_failed");
    expect(out).toContain("it is off: was stopped");
    expect(out).toContain("it is unheard");
    expect(code).toBe(1);
    expect((await ward.fleet("why", "gw-1")).code).toBe(0);
    expect((await ward.fleet("why", "gw-off")).code).toBe(4);
  });

  test("a gateway that speaks for another is not believed, and it is told", async () => {
    await whole.publish("up/health", encodeHealth({ gateway: "gw-2", run: 1n, connection: 1, uptimeMs: 1, faults: ["forged"] }));
    const { out } = await ward.fleet("why", "gw-1", "--within", "200ms");
    expect(out).toContain('not believed: up/health: speaks for another gateway, "gw-2"');
    await whole.sendHealth();
    expect((await ward.fleet("why", "gw-1")).code).toBe(0);
  });
});

describe("watch", () => {
  test("fails at its end while something expected is missing, and tells what", async () => {
    const { code, out } = await ward.fleet("watch", "gw-1", "gw-off", "--for", "300ms");
    expect(code).toBe(1);
    expect(out).toContain("gw-1  device dv-4: absent");
    expect(out).toContain("gw-off  gateway: off");
  });

  test("tells changes as they come, writes metrics whole, and is content where nothing is missing", async () => {
    ward.write("present.yaml", rules("dv-1"));
    const watching = ward.begin("watch", "gw-1", "--prometheus", "fleet.prom", "--site", "watcher.yaml");
    await until("the watch has begun", () => watching.out().includes("1 gateways: 1 present"));
    await ward.fleet("push", "present.yaml", ...ADMISSIONS, "gw-1");
    await until("the change is told", () => /admissions: applied \(runs 1, pushed 1\) → applied \(runs 2, pushed 2\)/.test(watching.out()));
    watching.child.kill("SIGTERM");
    expect((await watching.ended).code).toBe(0);
    const metrics = readFileSync(ward.at("fleet.prom"), "utf8");
    expect(metrics).toContain('bedside_gateway_up{gateway="gw-1",ward="icu"} 1\n');
    expect(metrics).toContain('bedside_device_present{gateway="gw-1",ward="icu",device="dv-1"} 1\n');
    expect(metrics).toContain('bedside_document_running_generation{gateway="gw-1",ward="icu",kind="admissions"} 2\n');
    for (const line of metrics.trimEnd().split("\n"))
      expect(line).toMatch(/^(# (HELP|TYPE) bedside_[a-z_]+ .+|bedside_[a-z_]+(\{([a-z_]+="[^"\n]*",?)+\})? [\d.]+)$/);
  });

  test("outlives a restart of the broker", async () => {
    const watching = ward.begin("watch", "gw-off", "--json", "--site", "watcher.yaml");
    await until("the watch has begun", () => watching.out().includes('"what":"gateway"'));
    await ward.broker.restart();
    await ward.gateway("gw-off");
    await until("it tells that the gateway is back", () => watching.out().includes('"now":"present","before":"off"'));
    watching.child.kill("SIGTERM");
    expect((await watching.ended).code).toBe(1);
  });
});

describe("a broker", () => {
  const reach = async (changed: Readonly<Record<string, string | number>>, ...words: readonly string[]) => {
    const broker = { host: "localhost", port: ward.broker.port, ca: "ca.crt", cert: "ops.crt", key: "ops.key", ...changed };
    ward.write("other.yaml", `broker: ${JSON.stringify(broker)}\ngateways: { gw-off: { } }\n`);
    const ended = await ward.fleet("status", "--site", "other.yaml", ...words);
    return `${ended.code} ${ended.err}`;
  };
  const identity = (cn: string, pki = ward.pki): { readonly cert: string; readonly key: string } => {
    const { cert, key } = pki.issue({ cn, kind: "client" });
    ward.write(`${cn}.crt`, cert);
    ward.write(`${cn}.key`, key, 0o600);
    return { cert: `${cn}.crt`, key: `${cn}.key` };
  };

  test("that is not there is told with exit code 4", async () => {
    expect(await reach({ port: await freePort() })).toContain("4 FLT-301");
    expect(await reach({ host: "no-such-name.invalid" })).toContain("4 FLT-301");
  });

  test("that does not believe the operator is told with exit code 3", async () => {
    const foreign = identity("foreign", makeAuthority("Other CA"));
    const said = await reach(foreign);
    expect(said).toContain("3 FLT-303");
    expect(said).toContain('"foreign"');
  });

  test("that is not the one expected gets nothing from us", async () => {
    ward.write("other-ca.crt", makeAuthority("Other CA").cert);
    expect(await reach({ ca: "other-ca.crt" })).toContain("3 FLT-302");
  });

  test("that delivers nothing to this operator is told, also where it took the subscription", async () => {
    expect(await reach(identity("nobody"))).toContain("3 FLT-304");
    expect(await reach(identity("writer"))).toContain("3 FLT-304");
  });

  test("that lets an operator read is enough to look, and not to push", async () => {
    const reader = identity("reader");
    expect(await reach(reader)).toBe("0 ");
    const ended = await ward.fleet("push", "slow.yaml", "--site", "other.yaml", ...SETTINGS, "gw-off");
    expect(`${ended.code} ${ended.err}`).toContain("3 FLT-304");
  });

  test.each([
    ["speaks no TLS", (server: Server) => server.on("connection", (socket) => socket.end("220 ready\r\n")), /^4 FLT-30[16]/],
    ["hangs up at once", (server: Server) => server.on("connection", (socket) => socket.destroy()), /^4 FLT-301/],
  ])("that %s is told as such", async (_what, behave, said) => {
    const server = behave(createServer());
    try {
      expect(await reach({ port: await listening(server) })).toMatch(said);
    } finally {
      server.close();
    }
  });

  test("whose answer would end the client library ends with the same plain words", async () => {
    const server = createTls({ ...ward.pki.issue({ cn: "localhost", kind: "server" }), ca: ward.pki.cert, requestCert: true }, (socket) => {
      socket.on("error", () => undefined);
      // A CONNACK that says it has properties, and ends.
      socket.once("data", () => socket.write(Buffer.from("200400000113", "hex")));
    });
    const port = await listening(server);
    ward.write("bad.yaml", readFileSync(ward.at("fleet.yaml"), "utf8").replace(String(ward.broker.port), String(port)));
    try {
      const { code, err } = await ward.begin("status", "--site", "bad.yaml").ended;
      expect(`${code} ${err}`).toContain("4 FLT-306");
    } finally {
      server.close();
    }
  });

  test("is not reached with files that do not fit, or that others can read", async () => {
    identity("loose");
    ward.write("loose.key", readFileSync(ward.at("loose.key"), "utf8"), 0o644);
    expect(await reach({ cert: "none.crt" })).toContain("2 FLT-307");
    expect(await reach({ cert: identity("other").cert })).toContain("2 FLT-307");
    ward.write("open.key", readFileSync(ward.at("ops.key"), "utf8"), 0o644);
    expect(await reach({ key: "open.key" })).toContain("3 FLT-204");
  });
});
