import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Status } from "../../agent/health/snapshot.ts";
import { ROOT } from "../../config/package/target.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { type Ended, type Room, unusedPort } from "../support/agent.ts";
import { ordinaryAgent } from "../support/as-user.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { roomFor } from "./room.ts";

/** What a technician sees who makes a mistake, or asks: the packaged program's exit codes and words. */

const TEST_MS = 60_000;

const runWords = (room: Room, more: Partial<Record<"config" | "state" | "runtime", string>> = {}): readonly string[] => [
  "run",
  ...["--config", more.config ?? room.configFile],
  ...["--state-dir", more.state ?? room.stateDir],
  ...["--runtime-dir", more.runtime ?? room.runtimeDir],
];

/** A failure says: number, fact and key; what is likely; what to do. Nothing goes to standard output. */
function expectFault(ended: Ended, wanted: { readonly code: number; readonly number: string; readonly key: string }): void {
  expect({ code: ended.code, out: ended.out }, ended.err).toEqual({ code: wanted.code, out: "" });
  expect(ended.err.split("\n")[0]).toMatch(new RegExp(`^${wanted.number}  \\S`));
  expect(ended.err).toContain(`    ${wanted.key}\n`);
  expect(ended.err).toMatch(/^ {2}likely {3}\S/m);
  expect(ended.err).toMatch(/^ {2}do {7}\S/m);
  expect(ended.err, "no stack of a program is shown").not.toMatch(/^\s+at /m);
}

const GOOD = `gateway: gw-e2e
broker: { host: localhost, port: 1, ca: ca.crt, cert: gw.crt, key: gw.key }
`;
type Broken = { readonly what: string; readonly text: string; readonly says: readonly (string | RegExp)[] };
const BROKEN: readonly Broken[] = [
  { what: "an unknown key", text: `${GOOD}colour: red\n`, says: ["has a mistake", /"colour"/] },
  {
    what: "a mistake in every section",
    text: `gateway: gw/1
broker: { host: localhost, port: 99999, prot: 2, ca: a, cert: b, key: c }
ports: [{ path: /dev/ttyS9 }]
rules: [{ when: {}, allow: false }, { when: { location: x }, allow: true }]
pace: "100"
window: 250 msec
spool: { size: 256 MB }
`,
    says: [
      /^ +gateway: expected letters, digits/m,
      /^ +broker\.port: /m,
      /^ +broker: .*"prot"/m,
      /^ +ports\[0\]\.location: /m,
      /^ +rules: no rules stand in this file: .* documents:$/m,
      /^ +pace: expected a number with one of the units ms, s, min, for example "100ms"/m,
      /^ +window: expected a number with one of the units/m,
      /^ +spool\.size: .*KiB, MiB, GiB/m,
    ],
  },
  {
    what: "values that do not go together",
    text: `${GOOD}pace: 1s\nwindow: 250ms\nports: [{ path: /a, location: x }, { path: /b, location: x }]\n`,
    says: ["has 2 mistakes", /^ +window: must be at least pace plus 150ms/m, /^ +ports\[1\]\.location: "x" stands twice/m],
  },
  { what: "one key twice", text: `${GOOD}gateway: gw-2\n`, says: [/^ +line 3: this key stands twice/m] },
  { what: "tabs", text: `${GOOD}spool:\n\tsize: 1GiB\n`, says: [/^ +line 4: Tabs are not allowed/m] },
  { what: "nothing in it", text: "", says: [/\(the whole file\)/] },
  { what: "no end", text: `${GOOD}ports: [{ path: /a\n`, says: [/^ +line 4: this line does not stand/m] },
];

describe.concurrent("a configuration file", () => {
  for (const { what, text, says } of BROKEN) {
    test(
      `with ${what} ends the program with 1 and BED-502, and every mistake is named`,
      async (t) => {
        const room = roomFor(t);
        writeFileSync(room.configFile, text);
        const ended = await room.bedside(runWords(room));
        expectFault(ended, { code: 1, number: "BED-502", key: "config.invalid" });
        expect(ended.err).toContain(room.configFile);
        for (const words of says) expect(ended.err).toMatch(words);
        expectUntouched(room);
      },
      TEST_MS,
    );
  }

  test(
    "that is not there, or is a folder, ends the program with 1 and BED-501",
    async (t) => {
      const room = roomFor(t);
      for (const config of [room.at("nowhere.yaml"), room.folder]) {
        const ended = await room.bedside(runWords(room, { config }));
        expectFault(ended, { code: 1, number: "BED-501", key: "config.unreadable" });
        expect(ended.err).toContain(config);
      }
      expectUntouched(room);
    },
    TEST_MS,
  );
});

/** Refused before anything was opened: no state, no window, no socket. */
function expectUntouched(room: Room): void {
  expect(existsSync(room.stateDir)).toBe(false);
  expect(readdirSync(room.runtimeDir)).toEqual([]);
}

describe.concurrent("the command line", () => {
  test(
    "that is not understood ends with 2, before anything else",
    async (t) => {
      const room = roomFor(t);
      for (const words of [["run"], ["fly"], ["status", "--colour"], ["run", "--config="]]) {
        const ended = await room.bedside(words);
        expectFault(ended, { code: 2, number: "BED-510", key: "usage" });
      }
    },
    TEST_MS,
  );

  test(
    "shows its verbs where none is given, and its version as text and as JSON",
    async (t) => {
      const room = roomFor(t);
      for (const words of [[], ["--help"]]) {
        const { code, out, err } = await room.bedside(words);
        expect({ code, err }).toEqual({ code: 0, err: "" });
        for (const verb of [
          "run --config FILE",
          "ports",
          "status",
          "version",
          "config check FILE",
          "config explain KEY",
          "explain BED-205",
        ])
          expect(out).toContain(verb);
      }
      const text = await room.bedside(["version"]);
      const json = JSON.parse((await room.bedside(["version", "--json"])).out) as Record<
        "version" | "build" | "arch" | "node" | "openssl",
        string
      >;
      const { version, build, arch, node, openssl } = json;
      expect(text.out.split("\n")[0]).toBe(`bedside ${version} (${build}), ${arch}, Node ${node}, OpenSSL ${openssl}`);
    },
    TEST_MS,
  );

  test(
    "checks a configuration, explains a setting and a fault, and opens nothing for it",
    async (t) => {
      const room = roomFor(t);
      room.configure({ port: 1 });
      const right = await room.bedside(["config", "check", room.configFile]);
      expect([right.code, right.err]).toEqual([0, ""]);
      expect(right.out).toContain("the configuration of gateway gw-e2e\n  warning  trust: no trusted key");
      writeFileSync(room.configFile, `${GOOD}colour: red\n`);
      const wrong = await room.bedside(["config", "check", room.configFile]);
      expect([wrong.code, wrong.out.split("\n")[0]]).toEqual([1, `BED-502  ${room.configFile} has a mistake    config.invalid`]);
      expect((await room.bedside(["config", "explain", "rules.when"])).out).toMatch(/^rules\[\]\.when {4}Rule: conditions\n/);
      expect((await room.bedside(["explain", "BED-203"])).out).toMatch(/^BED-203 {2}.* {4}port\.in_use\n {2}likely {3}.*\n {2}do {7}.*\n$/);
      expectFault(await room.bedside(["explain", "BED-999"]), { code: 1, number: "BED-511", key: "word.unknown" });
      expectUntouched(room);
    },
    TEST_MS,
  );

  test(
    "asking for a status where no agent runs ends with 4; ports shows what the host has, without verdicts",
    async (t) => {
      const room = roomFor(t);
      const words = ["--runtime-dir", room.runtimeDir];
      expectFault(await room.bedside(["status", ...words]), { code: 4, number: "BED-504", key: "agent.unreachable" });
      const refused = await room.bedside(["status", "--json", ...words]);
      expect([refused.code, JSON.parse(refused.out), refused.err]).toMatchObject([
        4,
        { fault: { number: "BED-504", key: "agent.unreachable" } },
        "",
      ]);
      const text = await room.bedside(["ports", ...words, "--sys-root", room.folder]);
      expect([text.code, text.out]).toEqual([
        0,
        "No agent answers, so nobody has judged these ports; give --config FILE to see what that file would allow.\n\n" +
          "No serial port is seen. Is the adapter plugged in?\n",
      ]);
      const json = await room.bedside(["ports", "--json", ...words, "--sys-root", room.folder]);
      expect([json.code, JSON.parse(json.out)]).toEqual([0, { agent: false, judgedBy: "nobody", ports: [] }]);
    },
    TEST_MS,
  );
});

describe.concurrent("an agent that must not start", () => {
  test(
    "with its runtime directory on a disk ends with 1 and BED-405, having written nothing there",
    async (t) => {
      const room = roomFor(t);
      room.configure({ port: await unusedPort() });
      const runtime = diskFolder(room);
      const ended = await room.bedside(runWords(room, { runtime }));
      expectFault(ended, { code: 1, number: "BED-405", key: "runtime.not_tmpfs" });
      expect(ended.err).toContain(runtime);
      expect(readdirSync(runtime)).toEqual([]);
      expect(existsSync(room.stateDir)).toBe(false);
    },
    TEST_MS,
  );

  test(
    "with a variable in its environment that can change what it does ends with 3 and BED-506, which names it",
    async (t) => {
      const room = roomFor(t);
      room.configure({ port: await unusedPort() });
      for (const environment of [
        { NODE_TLS_REJECT_UNAUTHORIZED: "0" },
        { MQTTJS_SOCKS_PROXY: "socks5://10.0.0.1", SSLKEYLOGFILE: "/tmp/k" },
      ]) {
        const ended = await room.bedside(runWords(room), { environment });
        expectFault(ended, { code: 3, number: "BED-506", key: "start.environment" });
        for (const name of Object.keys(environment)) expect(ended.err).toContain(name);
      }
      expectUntouched(room);
    },
    TEST_MS,
  );

  test(
    "beside another on either of its directories ends with 3 and BED-503, and the first one goes on",
    async (t) => {
      const room = roomFor(t);
      room.configure({ port: await unusedPort() });
      const first = room.start();
      const { run } = await room.statusWhere("the first runs", () => true);
      const otherRuntime = room.at("runtime-2");
      for (const more of [{}, { state: room.at("state-2") }, { runtime: otherRuntime }]) {
        const ended = await room.bedside(runWords(room, more));
        expectFault(ended, { code: 3, number: "BED-503", key: "agent.second" });
      }
      expect(existsSync(room.at("state-2"))).toBe(false);
      expect((await room.statusWhere("the first still runs", () => true)).run).toBe(run);
      expect((await first.terminate()).code).toBe(0);
    },
    TEST_MS,
  );
});

/** A folder that lies on a disk, wherever this machine has one. */
function diskFolder(room: Room): string {
  const folder = [room.folder, join(ROOT, ".build")].find((place) => statfsSync(place).type !== TMPFS);
  expect(folder, "this machine has no folder on a disk").toBeDefined();
  const made = mkdtempSync(join(folder!, "runtime-on-disk-"));
  room.keep({ stop: () => rmSync(made, { recursive: true, force: true }) });
  return made;
}
const TMPFS = 0x01021994;

// ── What a running agent answers ────────────────────────────────────────────────────────────────────────────────────

test.concurrent(
  "status and ports of a running agent tell, as text and as JSON, what is read, what is blocked and which rule is missing",
  async (t) => {
    const room = roomFor(t);
    const broker = await room.startBroker();
    const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 31, link: room.at("port") }));
    room.configure({
      port: broker.port,
      beds: [{ path: device.path, location: "bed-1", device: "dv-00417", driver: "nonin", socket: "ICU-12/B" }],
      unlisted: [{ path: room.at("stranger"), location: "bed-2" }],
      more: "description: ICU 12",
    });
    room.start();
    await room.statusWhere(
      "it streams and is connected",
      ({ devices, uplink }) => devices[0]?.phase === "streaming" && uplink.phase === "online",
    );
    const runtime = ["--runtime-dir", room.runtimeDir];
    const json = await room.bedside(["status", "--json", ...runtime]);
    expect(json.code, "nothing is wrong").toBe(0);
    const status = JSON.parse(json.out) as Status;
    expect(status).toMatchObject({ gateway: "gw-e2e", start: 1, unexplained: 0, faults: [], uplink: { phase: "online", connection: 1 } });
    expect(status.devices).toEqual([
      expect.objectContaining({ device: "dv-00417", socket: "ICU-12/B", driver: "nonin", location: "bed-1", phase: "streaming", epoch: 1 }),
    ]);
    const text = await room.bedside(["status", ...runtime]);
    expect(text.code).toBe(0);
    expect(text.out).toMatch(/^gw-e2e {3}bedside \S+ {3}up \d+ s, start 1 {3}/);
    expect(text.out).toMatch(/^ {2}uplink {3}online for \d+ s$/m);
    expect(text.out).toMatch(/^ {2}ledger {3}made \d+, adopted 0, delivered \d+, dropped 0, waiting \d+, unexplained 0$/m);
    expect(text.out).toMatch(/^ {2}device {3}dv-00417 {3}ICU-12\/B {3}nonin {3}streaming for \d+ s/m);
    expect(text.out).toMatch(/^ {2}blocked {2}bed-2 .*no rule for location bed-2$/m);

    const told = JSON.parse((await room.bedside(["ports", "--json", ...runtime])).out) as { agent: boolean; ports: Status["ports"] };
    expect(told.agent).toBe(true);
    const declared = told.ports.filter(({ location }) => location.startsWith("bed-"));
    expect(declared).toEqual([
      expect.objectContaining({
        location: "bed-1",
        hardware: false,
        verdict: expect.objectContaining({ is: "allow", device: "dv-00417", rule: 1 }),
      }),
      expect.objectContaining({
        location: "bed-2",
        facts: { present: "no" },
        verdict: { is: "block", reasons: ["no rule for location bed-2"] },
      }),
    ]);
    const ports = await room.bedside(["ports", ...runtime]);
    expect(ports.code).toBe(0);
    expect(ports.out).toMatch(/^used +bed-1 {2}/m);
    expect(ports.out).toContain("rule 1: dv-00417, driver nonin at 9600 8N1, socket ICU-12/B, is read");
    expect(ports.out).toMatch(/^blocked +bed-2 {2}/m);
    expect(ports.out).toContain('\n  - { when: { location: "bed-2" }, allow: true, device: …, driver: …, socket: … }\n');
  },
  TEST_MS,
);

// ── Without the right to a port ─────────────────────────────────────────────────────────────────────────────────────

test.concurrent(
  "a user without the right to a port is told so, and the other ports go on",
  async (t) => {
    const room = roomFor(t);
    const broker = await room.startBroker();
    const beds = ["denied", "open"].map((name) => ({ path: room.at(name), location: name, device: name, driver: "nonin" }));
    for (const { path } of beds) room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 41, link: path }));
    room.configure({ port: broker.port, beds });
    chmodSync(room.at("denied"), 0o000);
    chmodSync(room.at("open"), 0o666);
    const agent = room.start(ordinaryAgent(room));
    const { devices, faults } = await room.statusWhere(
      "one streams and the other is denied",
      ({ devices, faults }) => devices.some(({ phase }) => phase === "streaming") && faults.some(({ key }) => key === "port.denied"),
    );
    expect(devices.map(({ device, phase }) => [device, phase === "streaming"])).toEqual([
      ["denied", false],
      ["open", true],
    ]);
    expect(faults).toEqual([expect.objectContaining({ scope: "port denied", key: "port.denied", number: "BED-202" })]);
    await room.statusWhere("its readings are delivered", ({ ledger }) => ledger.report.delivered >= 2);
    expect(agent.log()).toContain("usermod -aG dialout bedside");
    // The right comes: the port is tried again by itself.
    chmodSync(room.at("denied"), 0o666);
    await room.statusWhere(
      "both stream",
      (status) => status.devices.every(({ phase }) => phase === "streaming") && status.faults.length === 0,
    );
  },
  TEST_MS,
);
