import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type TestContext, test } from "vitest";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { type Ended, type Room, unusedPort } from "../support/agent.ts";
import { asRoot, ordinaryAgent } from "../support/as-user.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { roomFor } from "./room.ts";

/** What operations see of a backlog on flash: while the agent keeps it, after it stopped, damaged, and without its key. */

const TEST_MS = 60_000;
const KEYS = ["spool.key", "spool.key.copy"];

/** An agent that has no broker, and an oximeter at its port. */
async function backlogRoom(t: TestContext) {
  const room = roomFor(t);
  const device = room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 7, link: room.at("port") }));
  room.configure({ port: await unusedPort(), beds: [{ path: device.path, location: "b", device: "dv-1", driver: "nonin" }] });
  const agent = room.start();
  await room.statusWhere("readings wait on flash", ({ spool, ledger }) => spool.flashBytes > 3000 && ledger.report.waiting > 3);
  return { room, agent };
}
const spool = (room: Room, ...words: readonly string[]): Promise<Ended> =>
  room.bedside(["spool", ...words, "--state-dir", room.stateDir, "--runtime-dir", room.runtimeDir]);
/** Names, lengths and times of writing of all that lies in the state directory. */
const traces = (room: Room): readonly string[] =>
  (readdirSync(room.stateDir, { recursive: true }) as string[]).sort().map((name) => {
    const { size, mtimeMs, ctimeMs } = statSync(join(room.stateDir, name));
    return `${name} ${size} ${mtimeMs} ${ctimeMs}`;
  });

test.concurrent(
  "what waits on flash is told and checked beside a running agent and without one; a wrong byte and a lost key are told by place",
  async (t) => {
    const { room, agent } = await backlogRoom(t);
    const live = await spool(room, "inspect", "--json");
    expect(live.code, live.err).toBe(0);
    expect(JSON.parse(live.out)).toMatchObject({ agentAnswers: true, damagedPlaces: 0, sealed: [], lanes: { wave: { segments: 1 } } });
    expect((await spool(room, "inspect")).out).toMatch(/^ {2}note {5}an agent works on it: the numbers move/m);
    expect(await spool(room, "verify"), "a commit that is under way is no damage").toMatchObject({ code: 0, err: "" });
    expect((await room.status())?.unexplained, "the agent goes on").toBe(0);
    await expectTrace(room);
    expect((await agent.terminate()).code).toBe(0);
    const nobody = await room.bedside(["trace", "dv-1", "--runtime-dir", room.runtimeDir]);
    expect(nobody.code).toBe(4);
    expect(nobody.err).toMatch(/^BED-504 /);

    const before = traces(room);
    const { lanes } = JSON.parse((await spool(room, "inspect", "--json")).out);
    expect(lanes.report).toMatchObject({ segments: 1, delivered: { records: 0 }, sealed: { records: 0 } });
    expect(lanes.report.waiting.records).toBeGreaterThan(2);
    expect(Date.now() - Date.parse(lanes.report.newest)).toBeLessThan(TEST_MS);
    const text = await spool(room, "inspect");
    expect(text.out).toContain("both copies are good");
    expect(text.out).not.toContain("note");
    const good = await spool(room, "verify");
    expect(good).toMatchObject({ code: 0, err: "" });
    expect(good.out).toMatch(/^checked {4}\d+ files, \d+ commits; .*\nall of it holds\n$/);
    expect(traces(room), "nothing was written, made or touched").toEqual(before);
    console.info(`${text.out}\n${good.out}`);

    await expectPlace(room);
    await expectNoKey(room, lanes.report.waiting.records);
  },
  TEST_MS,
);

/** Asked of the running agent: everything of the device waits, since there is no broker. */
async function expectTrace(room: Room): Promise<void> {
  const trace = (...words: readonly string[]) => room.bedside(["trace", ...words, "--runtime-dir", room.runtimeDir]);
  const text = await trace("dv-1");
  expect(text.code, text.err).toBe(0);
  expect(text.out).toMatch(/^report +(\d+) +0 +0 +\1 +0 +0$/m);
  expect(text.out).toMatch(/\nunexplained: 0; /);
  expect(JSON.parse((await trace("dv-1", "--json")).out)).toMatchObject({
    ok: true,
    unexplained: 0,
    phase: "streaming",
    lanes: { wave: {} },
  });
  const unknown = await trace("dv-2");
  expect(unknown).toMatchObject({ code: 1, out: "" });
  expect(unknown.err).toMatch(/^BED-512 {2}The agent knows no device "dv-2"; did you mean "dv-1"\? {4}device\.unknown\n/);
  const { out } = await room.bedside(["status", "--runtime-dir", room.runtimeDir]);
  expect(out).toMatch(/^ {2}spool {4}25\d MiB free, its hours are not known yet, window 250 ms/m);
  console.info(text.out);
}

/** One wrong bit in the first commit of the reports. */
async function expectPlace(room: Room): Promise<void> {
  const path = join(room.stateDir, "spool/report-1.seg");
  const saved = readFileSync(path);
  const spoilt = Buffer.from(saved);
  spoilt[64 + 100]! ^= 0x01;
  writeFileSync(path, spoilt);
  const found = await spool(room, "verify");
  expect(found.code).toBe(1);
  expect(found.out).toMatch(/^ {2}damaged {2}report-1\.seg at 64, \d+ B: a commit does not hold$/m);
  expect(found.out).toMatch(/^BED-413 {2}1 place in \S+ does not hold {4}spool\.damaged\n {2}likely .*\n {2}do .*$/m);
  const row = JSON.parse((await spool(room, "verify", "--json")).out);
  expect(row).toMatchObject({ ok: false, damaged: [{ file: "report-1.seg", offset: 64, why: "unit" }], fault: { number: "BED-413" } });
  expect(row.good.records, "what stands behind it is opened all the same").toBeGreaterThan(2);
  const told = await spool(room, "inspect");
  expect(told).toMatchObject({ code: 0 });
  expect(told.out).toContain("damaged  1 place:  bedside spool verify  names each");
  console.info(found.out);
  writeFileSync(path, saved);
}

/** Both copies of the key are gone; then another box's key lies there. */
async function expectNoKey(room: Room, reports: number): Promise<void> {
  for (const name of KEYS) renameSync(join(room.stateDir, name), room.at(name));
  const told = await spool(room, "inspect");
  expect(told.code).toBe(0);
  expect(told.out).toMatch(/^ {2}key {6}none \(spool\.key is missing, spool\.key\.copy is missing\): nothing can be opened/m);
  expect(JSON.parse((await spool(room, "inspect", "--json")).out).lanes.report.sealed.records).toBe(reports);
  const judged = await spool(room, "verify");
  expect(judged.code).toBe(1);
  expect(judged.out).toMatch(/^ {2}sealed {3}report-1\.seg at 64, \d+ B: \d+ records? under key [0-9a-f]{8}$/m);
  expect(judged.out).toMatch(/^BED-414 {2}\d+ records in \S+ cannot be opened: there is no key {4}spool\.sealed$/m);
  expect(
    readdirSync(room.stateDir).filter((name) => name.startsWith("spool.key")),
    "none is made",
  ).toEqual([]);
  console.info(`${told.out}\n${judged.out.split("\n").slice(-6).join("\n")}`);
  for (const name of KEYS) copyFileSync(room.at(name), join(room.stateDir, name));
  expect((await spool(room, "verify")).code).toBe(0);
}

test.concurrent(
  "a directory without a spool is told as such, whatever was meant",
  async (t) => {
    const room = roomFor(t);
    mkdirSync(room.stateDir);
    for (const verb of ["inspect", "verify"]) {
      const { code, out, err } = await spool(room, verb);
      expect({ code, out }).toEqual({ code: 1, out: "" });
      expect(err).toMatch(/^BED-411 {2}There is no spool in \S+ {4}spool\.missing\n/);
    }
    expect(readdirSync(room.stateDir)).toEqual([]);
  },
  TEST_MS,
);

test.concurrent(
  "who may not read the spool is told as whom to ask again",
  async (t) => {
    if (!asRoot) return t.skip("only root can be another user");
    const room = roomFor(t);
    room.configure({ port: 1 });
    mkdirSync(join(room.stateDir, "spool"), { recursive: true, mode: 0o700 });
    const { code, out, err } = await room.bedside(["spool", "inspect", "--state-dir", room.stateDir], ordinaryAgent(room));
    expect({ code, out }, err).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/^BED-412 {2}You may not read the spool in \S+ {4}spool\.unreadable\n/);
    expect(err).toContain("sudo bedside spool inspect");
  },
  TEST_MS,
);
