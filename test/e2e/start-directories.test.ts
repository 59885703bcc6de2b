import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { describe, expect, type TestContext, test } from "vitest";
import { FAULTS, type FaultKey } from "../../agent/fault/faults.table.ts";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { agentCommand, type Ended, type Room, unusedPort } from "../support/agent.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { expectTold } from "./errors.ts";
import { roomFor } from "./room.ts";
import { holes, reportsOf } from "./told.ts";

/** The packaged agent and its directories: what lies in the way, and who else works there. */

const TEST_MS = 60_000;
const runIn = (room: Room, { state = room.stateDir, runtime = room.runtimeDir } = {}): Promise<Ended> =>
  room.bedside(["run", "--config", room.configFile, "--state-dir", state, "--runtime-dir", runtime]);

function expectRefused(ended: Ended, key: FaultKey, code: number, says: RegExp): void {
  const { number, likely, next } = FAULTS[key];
  expect([ended.code, ended.out], ended.err).toEqual([code, ""]);
  expect(ended.err).toContain(`    ${key}\n  likely   ${likely}\n  do       ${next}\n`);
  expect(ended.err.split("\n")[0]).toMatch(new RegExp(`^${number}  ${says.source}    ${key}$`));
}

/** An agent on directories that are not the room's own. */
function spawnAgent(room: Room, { state, runtime }: { readonly state: string; readonly runtime: string }) {
  const [file = "", ...words] = agentCommand();
  const folders = ["--state-dir", state, "--runtime-dir", runtime];
  const child = spawn(file, [...words, "run", "--config", room.configFile, ...folders], {
    env: { PATH: process.env.PATH ?? "" },
    stdio: "ignore",
  });
  const ended = new Promise<number | null>((done) => child.once("close", (code) => done(code)));
  return {
    stop: () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

async function roomWithDevice(t: TestContext) {
  const room = roomFor(t);
  const broker = await room.startBroker();
  const central = await room.openCentral(broker.port);
  const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 7, link: room.at("port") }));
  room.configure({ port: broker.port, beds: [{ path: device.path, location: "b", device: "dv-1", driver: "nonin" }] });
  return { room, broker, central };
}

describe.concurrent("something in the way of a file", () => {
  // biome-ignore format: a table is read by eye.
  const IN_THE_WAY: readonly (readonly [what: string, scope: string, make: (state: string, at: Room["at"]) => void, says: RegExp])[] = [
    ["a folder called like a segment",      "backlog", (state) => mkdirSync(`${state}/spool/report-1.seg`, { recursive: true }),                                       /report-1\.seg is a folder, where a file is expected \(EISDIR\)$/],
    ["a link called like a segment",        "backlog", (state, at) => { mkdirSync(`${state}/spool`); writeFileSync(at("secret"), "x"); symlinkSync(at("secret"), `${state}/spool/wave-3.seg`); }, /wave-3\.seg is a link, and links are not followed \(ELOOP\)$/],
    ["a folder called run.json",            "disk",    (state) => mkdirSync(`${state}/run.json`),                                                                    /run\.json is (a folder, where a file is expected|no ordinary file)/],
    ["a link called run.json",              "disk",    (state, at) => { writeFileSync(at("secret"), "x"); symlinkSync(at("secret"), `${state}/run.json`); },            /run\.json is a link, and links are not followed \(ELOOP\)$/],
    ["a file in the place of the spool",    "disk",    (state) => writeFileSync(`${state}/spool`, "x"),                                                              /spool: a file lies where a folder is expected/],
  ];
  for (const [what, scope, make, says] of IN_THE_WAY)
    test(
      `is told and left as it is, and costs no reading: ${what} (R33)`,
      async (t) => {
        const { room, central } = await roomWithDevice(t);
        mkdirSync(room.stateDir, { mode: 0o700 });
        make(room.stateDir, room.at);
        const agent = room.start();
        const status = await expectTold({ room, agent }, { key: "disk.denied", scope, says });
        expect(status.unexplained).toBe(0);
        await room.until("readings come", () => reportsOf(central, "dv-1").length >= 3);
        expect((await agent.terminate()).code).toBe(0);
        expect(holes(central)).toEqual([]);
        if (existsSync(room.at("secret"))) expect(readFileSync(room.at("secret"), "utf8")).toBe("x");
      },
      TEST_MS,
    );

  test(
    "called like a segment with a number beyond all numbers costs no other file its name",
    async (t) => {
      const { room, broker, central } = await roomWithDevice(t);
      mkdirSync(`${room.stateDir}/spool`, { recursive: true, mode: 0o700 });
      chmodSync(room.stateDir, 0o700);
      for (const lane of ["event", "report"]) writeFileSync(`${room.stateDir}/spool/${lane}-9007199254740992.seg`, "mine");
      mkdirSync(`${room.stateDir}/spool/wave-9007199254740992.seg`);
      const agent = room.start();
      await room.until("readings come", () => reportsOf(central, "dv-1").length >= 2);
      broker.pause();
      await room.statusWhere("something is on flash", ({ spool }) => spool.flashBytes > 3000);
      expect(readdirSync(`${room.stateDir}/spool`)).toContain("wave-1.seg");
      broker.resume();
      await room.statusWhere("it is delivered", ({ spool }) => spool.flashBytes === 0);
      expect((await agent.terminate()).code).toBe(0);
      expect(holes(central)).toEqual([]);
    },
    TEST_MS,
  );
});

describe.concurrent("an agent", () => {
  test(
    "is the only one on its directories, by whatever path another names them, and ends with 3 and BED-503 beside it",
    async (t) => {
      const room = roomFor(t);
      room.configure({ port: await unusedPort() });
      const first = room.start();
      await room.statusWhere("the first runs", () => true);
      symlinkSync(room.stateDir, room.at("state-link"));
      symlinkSync(room.runtimeDir, room.at("runtime-link"));
      const other = (name: string) => `${room.runtimeDir}-${name}`;
      const paths = [
        { state: room.at("state-link"), runtime: other("1") },
        { state: `${room.stateDir}//`, runtime: other("2") },
        { state: `${room.folder}/./x/../state`, runtime: other("3") },
        { state: relative(process.cwd(), room.stateDir), runtime: other("4") },
        { state: room.at("state-2"), runtime: room.at("runtime-link") },
      ];
      const ends = await Promise.all(paths.map((names) => runIn(room, names)));
      for (const ended of ends) expectRefused(ended, "agent.second", 3, /Another agent runs on \S+/);
      for (const { runtime } of paths.slice(0, 4)) expect(existsSync(runtime), "nothing was made").toBe(false);
      expect(existsSync(room.at("state-2"))).toBe(false);
      expect((await first.terminate()).code).toBe(0);
    },
    TEST_MS,
  );

  test(
    "does not keep its state in its runtime directory, which does not survive a power cut: BED-508",
    async (t) => {
      const room = roomFor(t);
      room.configure({ port: await unusedPort() });
      symlinkSync(room.runtimeDir, room.at("link"));
      for (const state of [room.runtimeDir, `${room.runtimeDir}/deep/state`, `${room.at("link")}/state`])
        expectRefused(await runIn(room, { state }), "start.directories", 1, /\S+ lies in \S+, which is emptied when this box restarts/);
      expect(readdirSync(room.runtimeDir)).toEqual([]);
    },
    TEST_MS,
  );

  test(
    "makes directories that are missing, with those above them, for itself alone",
    async (t) => {
      const { room } = await roomWithDevice(t);
      const state = room.at("a/b/state");
      const runtime = `${room.runtimeDir}/c/d`;
      const agent = room.keep(spawnAgent(room, { state, runtime }));
      await room.until("it runs", () => existsSync(`${runtime}/control.sock`) && existsSync(`${state}/run.json`));
      for (const made of [room.at("a"), room.at("a/b"), state, `${state}/spool`, `${room.runtimeDir}/c`, runtime])
        expect((statSync(made).mode & 0o7777).toString(8), made).toBe("700");
      expect(await agent.stop()).toBe(0);
    },
    TEST_MS,
  );

  test(
    "ends with BED-408 where a file lies in the place of its runtime directory, and goes on where one lies in that of its state",
    async (t) => {
      const { room, central } = await roomWithDevice(t);
      writeFileSync(room.at("file"), "x");
      for (const runtime of [room.at("file"), room.at("file/below")])
        expectRefused(await runIn(room, { runtime }), "disk.denied", 1, /\S+: a file lies where a folder is expected \(\w+\)/);
      writeFileSync(room.stateDir, "mine");
      const agent = room.start();
      await expectTold(
        { room, agent },
        { key: "disk.denied", scope: "disk", says: /state: a file lies where a folder is expected \(\w+\)$/ },
      );
      await room.until("readings come", () => reportsOf(central, "dv-1").length >= 3);
      expect((await agent.terminate()).code).toBe(0);
      expect(readFileSync(room.stateDir, "utf8")).toBe("mine");
    },
    TEST_MS,
  );
});
