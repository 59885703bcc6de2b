import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { noninEmulator } from "../../drivers/nonin/emulator.ts";
import type { Room } from "../support/agent.ts";
import type { Central, Received } from "../support/central.ts";
import { type EmulatedDevice, startEmulatedDevice } from "../support/emulated-device.ts";
import { subscribeRaw } from "../support/mosquitto.ts";
import { type Postgres, postgresPath, startPostgres } from "../support/postgres.ts";
import { CONSUMER, type ConsumerReport, type Row, table } from "../wire/consumer-rows.ts";
import { excusedBy } from "./leaving.ts";
import { roomFor } from "./room.ts";
import { expectEveryUnit } from "./told.ts";

/** What an outsider makes of a gateway with nothing but the README and the .proto files, through a kill and a broker outage. */

const TEST_MS = 90_000;
/** What a busy machine may leave unread for. */
const READ_NS = 1_000_000_000n;
const PACKETS = 4;
const DEVICES = ["ox-a", "ox-b"] as const;

type Kill = { readonly before: bigint; readonly after: bigint };
type Told = {
  readonly ledger: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly unexplained: number;
  readonly run?: string;
};

test(
  "an outside consumer finds every value of two devices, no hole and the agent's own count, through a kill and a broker outage",
  async (t) => {
    const room = roomFor(t);
    const broker = await room.startBroker();
    const programs = postgresPath();
    if (programs === undefined) console.warn("SKIPPED: rows in PostgreSQL. It is not installed: apt-get install postgresql");
    const database = programs === undefined ? undefined : room.keep(await startPostgres(programs));
    const devices = await Promise.all(
      DEVICES.map(async (name, at) =>
        room.keep(await startEmulatedDevice({ emulator: noninEmulator, seed: 51 + at, link: room.at(name) })),
      ),
    );
    const beds = DEVICES.map((name, at) => ({ path: devices[at]!.path, location: name, device: name, driver: "nonin" }));
    room.configure({ port: broker.port, beds });
    const consumer = await startConsumer(room, broker.port, database);

    let agent = room.start();
    await room.until("both devices are told", () => consumer.batches() >= PACKETS);
    await broker.stop();
    await room.statusWhere("readings wait", ({ ledger }) => ledger.report.waiting >= 2 * PACKETS);
    await broker.restart();
    await room.statusWhere("the backlog is delivered", ({ ledger }) => ledger.report.waiting <= PACKETS && ledger.report.delivered > 0);
    const before = process.hrtime.bigint();
    await agent.kill();
    const kill: Kill = { before, after: process.hrtime.bigint() };
    agent = room.start();
    await room.statusWhere("fresh readings come", ({ ledger }) => ledger.report.made >= 3 * PACKETS);

    for (const device of devices) device.pause();
    const { status, mark } = await quiet(room, consumer);
    expect((await agent.terminate()).code).toBe(0);
    const { code, rows, report } = await consumer.stop();

    expect(report.broken).toEqual([]);
    expect([report.unexplained, code]).toEqual([0, 0]);
    expect(report.gateways[room.gateway]).toMatchObject({ presence: "death", death: "stopped", unexplained: 0 });
    expect(report.streams.filter(({ gap, power, missing, before: early }) => gap + power + missing + early > 0)).toEqual([]);
    expectCounts(recordedUntil(mark, room), status);
    for (const [at, name] of DEVICES.entries()) expectValues({ rows, name, device: devices[at]!, kill });
    expect(
      rows.filter(({ kind, chart }) => kind === "value" && chart === "True"),
      "an emulated device is never charted",
    ).toEqual([]);
    expect(rows.filter(({ utc }) => utc === "").map(({ clock }) => clock)).toEqual(
      rows.filter(({ clock }) => clock !== "synced" && clock !== "holdover").map(({ clock }) => clock),
    );
    if (database !== undefined) expectSameInDatabase(database, rows, room);
    await t.annotate(
      `${rows.length} rows, ${report.streams.length} streams, ${report.streams.reduce((sum, one) => sum + one.duplicates, 0)} duplicates`,
    );
  },
  TEST_MS,
);

type LiveConsumer = {
  /** Messages that carry reports, so far. */
  readonly batches: () => number;
  /** Resolves when it has everything that the broker took before. */
  readonly mark: (name: string) => Promise<void>;
  readonly stop: () => Promise<{ readonly code: number | null; readonly rows: readonly Row[]; readonly report: ConsumerReport }>;
};

async function startConsumer(room: Room, port: number, database: Postgres | undefined): Promise<LiveConsumer> {
  const { cert, key } = room.pki.issue({ cn: "consumer", kind: "client" });
  writeFileSync(room.at("consumer.crt"), cert);
  writeFileSync(room.at("consumer.key"), key, { mode: 0o600 });
  const place = ["--broker", "localhost", "--port", String(port), "--gateway", room.gateway];
  const files = ["--ca", room.at("ca.crt"), "--cert", room.at("consumer.crt"), "--key", room.at("consumer.key")];
  const outputs = ["--record", room.at("session.tsv"), "--csv", room.at("rows.csv"), "--json"];
  const words = [CONSUMER, ...place, ...files, ...outputs, ...(database === undefined ? [] : ["--sql", database.conninfo])];
  const child = spawn("/usr/bin/python3", words, { stdio: ["ignore", "pipe", "pipe"] });
  const told = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (told.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told.err += text));
  const ended = new Promise<number | null>((done) => child.once("close", done));
  const stop = (): Promise<number | null> => {
    child.kill("SIGTERM");
    return ended;
  };
  room.keep({ stop });
  const recorded = (): string => (existsSync(room.at("session.tsv")) ? readFileSync(room.at("session.tsv"), "utf8") : "");
  const mark = async (name: string): Promise<void> => {
    const ops = await subscribeRaw({ port, pki: room.pki, identity: room.pki.issue({ cn: "ops", kind: "client" }), topic: "unused" });
    await ops.publish(`bedside/v1/${room.gateway}/up/${name}`, "x", { retain: true });
    await ops.stop();
    await room.until(`the consumer has ${name}`, () => recorded().includes(`/up/${name}\t`));
  };
  // A leaf that a consumer does not know is nothing to it; that it comes shows that the subscription stands.
  await mark("ready");
  return {
    batches: () => recorded().split("/up/reports\t").length - 1,
    mark,
    stop: async () => {
      await mark("end");
      const code = await stop();
      expect(told.err).toBe("");
      return { code, rows: table(readFileSync(room.at("rows.csv"), "utf8")), report: JSON.parse(told.out) as ConsumerReport };
    },
  };
}

/** A moment at which nothing waits and nothing is made, as the agent's own status says it, and the mark that stands there. */
async function quiet(room: Room, consumer: LiveConsumer): Promise<{ readonly status: Told; readonly mark: string }> {
  const ask = async (): Promise<Told> => {
    const { out } = await room.bedside(["status", "--json", "--runtime-dir", room.runtimeDir]);
    return JSON.parse(out) as Told;
  };
  for (let attempt = 0; ; attempt += 1) {
    await room.statusWhere("nothing waits", ({ ledger }) => Object.values(ledger).every(({ waiting }) => waiting === 0));
    const [mark, first] = [`quiet-${attempt}`, await ask()];
    await consumer.mark(mark);
    const second = await ask();
    const waiting = Object.values(first.ledger).reduce((sum, one) => sum + one.waiting!, 0);
    if (waiting === 0 && JSON.stringify(first.ledger) === JSON.stringify(second.ledger)) return { status: second, mark };
  }
}

/** What the consumer makes of the recording up to a mark. */
function recordedUntil(mark: string, room: Room): ConsumerReport {
  const lines = readFileSync(room.at("session.tsv"), "utf8").split("\n");
  const end = lines.findIndex((line) => line.includes(`/up/${mark}\t`));
  writeFileSync(room.at("until.tsv"), `${lines.slice(0, end).join("\n")}\n`);
  const { stdout, stderr } = spawnSync("/usr/bin/python3", [CONSUMER, "--read", room.at("until.tsv"), "--json"], { encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout) as ConsumerReport;
}

function expectCounts({ streams, unexplained }: ConsumerReport, { ledger, unexplained: agents }: Told): void {
  expect([unexplained, agents]).toEqual([0, 0]);
  const runs = [...new Set(streams.map(({ run }) => run))];
  expect(runs.length, "one before the kill, one after").toBe(2);
  // The second run is the one that the ledger counts as made; which of the two it is, RunEnded tells: it names the other.
  const count = (run: string, stream: string): number =>
    streams.filter((one) => one.run === run && one.stream === stream).reduce((sum, one) => sum + one.received, 0);
  const made = Object.fromEntries(Object.entries(ledger).map(([stream, one]) => [stream, one.made]));
  const counted = runs.map((run) => Object.fromEntries(Object.keys(made).map((stream) => [stream, count(run, stream)])));
  expect(counted).toContainEqual(made);
}

/** Every unit that left while somebody listened has its row, digit for digit, and no row says what was not sent. */
function expectValues(all: {
  readonly rows: readonly Row[];
  readonly name: string;
  readonly device: EmulatedDevice;
  readonly kill: Kill;
}): void {
  const { rows, name, device, kill } = all;
  const records = Map.groupBy(
    rows.filter((row) => row.device === name && row.kind === "value"),
    ({ run, epoch, n }) => `${run} ${epoch} ${n}`,
  );
  const told = [...records.values()].map(
    (values) =>
      ({
        device: { epoch: 1, device: name },
        deviceTime: values[0]!.device_time,
        body: {
          kind: "report",
          unreadable: 0,
          observations: values.map(({ metric, value }) => ({
            metric: { id: 1, refid: metric! },
            value: value!,
            validity: 0,
            reason: undefined,
          })),
        },
      }) as unknown as Received,
  );
  const times = new Set(told.map(({ deviceTime }) => deviceTime));
  const excused = excusedBy([kill], device.ledger, (time) => times.has(time));
  const sent = new Map(device.ledger.map((entry) => [entry.unit.deviceTime, entry]));
  const elsewhere = [...records.values()].filter(([first]) => {
    const { firstByteAt = 0n, lastByteAt = 0n } = sent.get(first!.device_time) ?? {};
    const at = BigInt(first!.mono_us!) * 1000n;
    return at < firstByteAt || at > lastByteAt + READ_NS;
  });
  expect(elsewhere, "its monotonic time is that of the packet's last byte").toEqual([]);
  const central = { records: told } as unknown as Central;
  expect(expectEveryUnit(central, { device: name, ledger: device.ledger, excused })).toBeGreaterThanOrEqual(2 * PACKETS);
}

/** The table holds the same rows, and reading everything once more changes nothing. */
function expectSameInDatabase(database: Postgres, rows: readonly Row[], room: Room): void {
  const columns = ["run", "epoch", "stream", "n", "part", "metric", "value", "chart"];
  const stored = (): readonly string[] =>
    database
      .ask(`SELECT ${columns.map((name) => `coalesce(${name}::text, '')`).join(", ")} FROM observation`)
      .map((cells) => cells.join("|"));
  const expected = rows.map((row) => columns.map((name) => (name === "chart" ? row[name]!.toLowerCase() : row[name])).join("|"));
  expect([...stored()].sort()).toEqual([...expected].sort());
  const again = spawnSync("/usr/bin/python3", [CONSUMER, "--read", room.at("session.tsv"), "--sql", database.conninfo], {
    encoding: "utf8",
  });
  expect([again.status, again.stderr]).toEqual([0, ""]);
  expect(stored().length).toBe(rows.length);
  const [[timed] = []] = database.ask("SELECT count(*) FROM observation_utc WHERE utc IS NOT NULL");
  expect(Number(timed)).toBe(rows.filter(({ utc }) => utc !== "").length);
}
