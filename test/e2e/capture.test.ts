import { spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import { puritanBennett840Emulator } from "../../drivers/puritan-bennett-840/emulator.ts";
import { DEVICES } from "../dev/devices.ts";
import { expectNoTrace, holdsPlanted } from "../drivers/planted.ts";
import { type Agent, agentCommand, type Bed, type Ended, openRoom, type Room } from "../support/agent.ts";
import { type EmulatedDevice, startEmulatedDevice, startRaw } from "../support/emulated-device.ts";
import { openPtyLine } from "../support/pty-line.ts";
import { reportsOf } from "./told.ts";

/** A recording at a real bedside, as a technician makes it, and what becomes of it. */

const TEST_MS = 60_000;
const DEV = resolve(import.meta.dirname, "../dev/dev.ts");
const MONITOR = DEVICES["philips-intellivue-alone"]!;
const NAMES = MONITOR.plants!;

let room: Room;
let agent: Agent;
const devices = new Map<string, EmulatedDevice>();
const sentByMonitor: Uint8Array[] = [];

beforeAll(async () => {
  room = openRoom();
  const beds: Bed[] = [];
  const bed = (name: string, path: string, driver: string): void => void beds.push({ path, location: name, device: `dv-${name}`, driver });
  const plug = async (name: string, emulator = noninEmulator as (typeof MONITOR)["emulator"]): Promise<void> => {
    const onSent = (bytes: Uint8Array): void => void (name === "monitor" && sentByMonitor.push(bytes));
    devices.set(name, room.keep(await startEmulatedDevice({ emulator, seed: 1, link: room.at(name), onSent })));
    bed(name, room.at(name), emulator.id);
  };
  await plug("oximeter");
  await plug("ventilator", puritanBennett840Emulator);
  await plug("monitor", MONITOR.emulator);
  bed("mute", room.keep(await startRaw({ link: room.at("mute") })).path, "nonin");
  // Its rule names another device than the one that is plugged in there.
  const foreign = room.keep(await startEmulatedDevice({ emulator: DEVICES["masimo-ascii"]!.emulator, seed: 2, link: room.at("foreign") }));
  bed("foreign", foreign.path, "nonin");
  const unlisted = room.keep(await openPtyLine({ link: room.at("unlisted"), heard: () => undefined }));
  room.configure({ port: 1, beds, unlisted: [{ path: unlisted.path, location: "unlisted" }] });
  agent = room.start();
  await room.statusWhere("all three speak", ({ devices: told }) => told.filter(({ phase }) => phase === "streaming").length === 3);
}, TEST_MS);
afterAll(() => room.stop(), TEST_MS);

const capture = (...words: readonly string[]): Promise<Ended> => room.bedside(["capture", ...words, "--runtime-dir", room.runtimeDir]);
type Row = { readonly deviceTime?: string; readonly readings: readonly { refid: string; value?: string | null; kind?: string }[] };
async function decoded(path: string): Promise<readonly Row[]> {
  const { code, out, err } = await room.bedside(["replay", "--decode", path]);
  expect(code, err).toBe(0);
  return out.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Row]));
}
const valuesOf = ({ readings }: Row) =>
  Object.fromEntries(readings.flatMap(({ kind, refid, value }) => (value === undefined || kind === undefined ? [] : [[refid, value]])));
/** By the device's own time, for those that say something. */
const toldIn = (rows: readonly Row[]) =>
  new Map(
    rows.flatMap((row) =>
      row.deviceTime === undefined || Object.keys(valuesOf(row)).length === 0 ? [] : [[row.deviceTime, valuesOf(row)]],
    ),
  );

/** Plays a capture to an agent of its own; the values of its reports, in order, with the device's time. */
async function playedAgain(path: string, driver: string, count: number): Promise<readonly unknown[]> {
  const again = openRoom("gw-again");
  try {
    const played = spawn(process.execPath, [DEV, "emulate", path], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    played.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    const ended = new Promise<number | null>((done) => played.once("close", done));
    const port = await new Promise<string>((done) => played.stdout.once("data", (text: Buffer) => done(text.toString().trim())));
    const broker = await again.startBroker();
    const central = await again.openCentral(broker.port);
    again.configure({ port: broker.port, beds: [{ path: port, location: "again", device: "dv-again", driver }] });
    again.start();
    expect(await ended, said).toBe(0);
    const reports = () => reportsOf(central, "dv-again").filter(({ body }) => body.observations.length > 0);
    await again.until("all of it is told again", () => reports().length >= count, 20_000);
    return reports().map(({ deviceTime, body }) => [
      deviceTime,
      Object.fromEntries(body.observations.map(({ metric, value }) => [metric.refid, value ?? null])),
    ]);
  } finally {
    await again.stop();
  }
}

describe("bedside capture", () => {
  test(
    "records what a device says; its readings are those that the device sent, and played to an agent again they are told again",
    async () => {
      const path = room.at("oximeter.capture.jsonl");
      const { code, out, err } = await capture("oximeter", "--for", "3s", "--out", path);
      expect(code, err).toBe(0);
      expect(err).toMatch(/^dv-oximeter at oximeter, read as nonin at 9600 8N1: recorded for 3 s/);
      expect(err).toContain("blanked before a byte is written");
      expect(out).toContain(`bedside replay --decode ${path}`);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(JSON.parse(readFileSync(path, "utf8").split("\n")[0]!)).toMatchObject({
        format: "bedside-capture-1",
        driver: "nonin",
        origin: "emulator",
        speed: 9600,
        line: { at: "9600 8N1", modemLines: "untouched" },
        port: { location: "oximeter", hardware: false },
      });
      const told = toldIn(await decoded(path));
      expect(told.size).toBeGreaterThan(6);
      const sent = new Map(devices.get("oximeter")!.ledger.map(({ unit }) => [unit.deviceTime, unit.observations]));
      for (const [time, values] of told) expect(values).toEqual(sent.get(time));

      expect(await playedAgain(path, "nonin", told.size)).toEqual([...told]);
    },
    2 * TEST_MS,
  );

  test(
    "holds the talk from its first word where the port is taken anew, and what the device was asked",
    async () => {
      const path = room.at("ventilator.capture.jsonl");
      const { code, err } = await capture("dv-ventilator", "--for", "6s", "--out", path, "--anew");
      expect(code, err).toBe(0);
      const lines = readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => JSON.parse(line) as { dir: string; hex: string });
      expect(lines.find(({ dir }) => dir === "tx")).toMatchObject({ hex: Buffer.from("RSET\r").toString("hex") });
      const told = await decoded(path);
      const sent = devices.get("ventilator")!.ledger.map(({ unit }) => JSON.stringify(unit.deviceTime));
      expect(told.length).toBeGreaterThan(1);
      expect(told.every(({ deviceTime }) => sent.includes(JSON.stringify(deviceTime)))).toBe(true);
      const values = told.map((row) => [row.deviceTime, valuesOf(row)]);
      expect(await playedAgain(path, "puritan-bennett-840", values.length)).toEqual(values);
      await room.statusWhere("it is read on", (status) =>
        status.devices.some(({ device, phase }) => device === "dv-ventilator" && phase === "streaming"),
      );
    },
    TEST_MS,
  );

  test(
    "writes no trace of a patient whom a device names, and nor do log and state (R41)",
    async () => {
      const path = room.at("monitor.capture.jsonl");
      sentByMonitor.splice(0);
      const { code, err } = await capture("monitor", "--for", "5s", "--out", path);
      expect(code, err).toBe(0);
      expect(holdsPlanted(Buffer.concat(sentByMonitor), NAMES), "the device named nobody: nothing is proved").toBe(true);
      const text = readFileSync(path, "utf8");
      expectNoTrace("the capture", text, NAMES);
      expectNoTrace("its bytes", bytesIn(text).toString("latin1"), NAMES);
      expectNoTrace("the log", agent.log(), NAMES);
      for (const file of filesIn(room.stateDir)) expectNoTrace(file, readFileSync(file).toString("latin1"), NAMES);
      const numbers = (await decoded(path)).flatMap(({ readings }) => readings.filter(({ refid }) => refid === "MDC_ECG_HEART_RATE"));
      expect(numbers.length).toBeGreaterThan(2);
    },
    TEST_MS,
  );

  test(
    "keeps every byte on the box alone where that is wished, until a named person takes it out (R41)",
    async () => {
      const { code, err, out } = await capture("monitor", "--for", "5s", "--whole");
      expect(code, err).toBe(0);
      expect(err).toMatch(/EVERY BYTE IS KEPT, and may name a patient: you asked for it/);
      const name = /kept on this box as (dv-monitor-[0-9a-f]{8})/.exec(out)![1]!;
      const [file = ""] = filesIn(join(room.stateDir, "captures"));
      expect([file.endsWith(`${name}.sealed`), statSync(file).mode & 0o777]).toEqual([true, 0o600]);
      expectNoTrace("what lies on the box", readFileSync(file).toString("latin1"), NAMES);
      expect((await capture()).out).toContain(name);

      expect(await capture("--release", name)).toMatchObject({ code: 2, err: expect.stringContaining('--by "R. Mensah"') });
      const path = room.at("whole.capture.jsonl");
      expect(await capture("--release", name, "--by", "R. Mensah", "--out", path)).toMatchObject({ code: 0 });
      expect(holdsPlanted(bytesIn(readFileSync(path, "utf8")), NAMES)).toBe(true);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(agent.log()).toMatch(/by=R\. Mensah +capture\.released/);
      expect((await capture()).out).toBe("No capture waits on this box.\n");
      expect(await capture("--release", name, "--by", "R. Mensah", "--out", room.at("x"))).toMatchObject({
        code: 1,
        err: expect.stringContaining("BED-709"),
      });
    },
    TEST_MS,
  );

  test(
    "of a device that nobody has proved stays on the box, and is removed with a name",
    async () => {
      const { code, err, out } = await capture("foreign", "--for", "3s");
      expect([code, err]).toEqual([0, expect.stringContaining("no frame holds on this port, so nobody knows what device it is")]);
      const name = /kept on this box as (\S+)\n/.exec(out)![1]!;
      expect((await capture("--discard", name, "--by", "R. Mensah")).code).toBe(0);
      expect(filesIn(join(room.stateDir, "captures"))).toEqual([]);
      expect(agent.log()).toMatch(/by=R\. Mensah +capture\.discarded/);
    },
    TEST_MS,
  );

  test(
    "ends early when it is told so",
    async () => {
      const path = room.at("early.capture.jsonl");
      const words = ["capture", "oximeter", "--for", "5min", "--out", path, "--runtime-dir", room.runtimeDir];
      const command = agentCommand();
      const child = spawn(command[0]!, [...command.slice(1), ...words], {
        env: { PATH: process.env.PATH ?? "" },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const code = new Promise<number | null>((done) => child.once("close", done));
      await room.until("something is written", () => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 8000);
      child.kill("SIGINT");
      expect(await code).toBe(0);
      expect(toldIn(await decoded(path)).size).toBeGreaterThan(0);
    },
    TEST_MS,
  );

  test(
    "refuses what it may not do, with the next step",
    async () => {
      const refused = async (...words: readonly string[]) => {
        const { code, err } = await capture(...words);
        return [code, err];
      };
      expect(await refused("unlisted")).toEqual([3, expect.stringMatching(/BED-209 .*\n.*\n {2}do {7}bedside ports /)]);
      expect(await refused("oximetre")).toEqual([
        2,
        expect.stringMatching(/BED-208 {2}There is no port "oximetre"; did you mean "oximeter"\?/),
      ]);
      expect(await refused("oximeter", "--for", "1h")).toEqual([2, expect.stringContaining("--for takes a time")]);
      expect(await refused("oximeter", "--for", "60min")).toEqual([2, expect.stringContaining("a capture lasts 1 s to 10 min")]);
      expect(await refused("oximeter", "--out", room.at("bedside.yaml"))).toEqual([1, expect.stringContaining("BED-706")]);
      expect(await refused("mute", "--for", "1s")).toEqual([5, expect.stringContaining("BED-711")]);
      const elsewhere = await room.bedside(["capture", "oximeter", "--runtime-dir", room.at("nowhere")]);
      expect([elsewhere.code, elsewhere.err]).toEqual([4, expect.stringContaining("BED-504")]);
    },
    TEST_MS,
  );

  test(
    "is one at a time",
    async () => {
      const first = capture("oximeter", "--for", "3s", "--out", room.at("first.capture.jsonl"));
      await room.until(
        "it has begun",
        () => agent.log().includes("capture.began") && statSync(room.at("first.capture.jsonl"), { throwIfNoEntry: false }) !== undefined,
      );
      expect(await capture("ventilator", "--out", room.at("second"))).toMatchObject({ code: 1, err: expect.stringContaining("BED-707") });
      expect((await first).code).toBe(0);
      expect((await capture("oximeter", "--for", "1s", "--out", room.at("third"))).code).toBe(0);
    },
    TEST_MS,
  );
});

const bytesIn = (text: string): Buffer =>
  Buffer.concat([...text.matchAll(/"dir":"rx","hex":"([0-9a-f]+)"/g)].map(([, hex]) => Buffer.from(hex!, "hex")));
const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((one) => (one.isFile() ? [join(one.parentPath, one.name)] : []));
