import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { CONSUMER, type ConsumerReport, type Row, table } from "./consumer-rows.ts";
import { goldens } from "./golden.ts";
import { protocEncode } from "./protoc.ts";

/** The reference consumer reads recordings that protoc wrote: neither shares a line with the agent or its codec. */

const folder = mkdtempSync(join(tmpdir(), "bedside-consumer-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** One message as a recording has it. */
const line = (leaf: string, message: string, text: string, properties = "range:live", gateway = "g"): string =>
  `bedside/v1/${gateway}/up/${leaf}\t${Buffer.from(protocEncode(message, text)).toString("hex")}\t0\t${properties}\n`;

function consume(...lines: readonly string[]): {
  readonly rows: readonly Row[];
  readonly report: ConsumerReport;
  readonly status: number | null;
} {
  const file = join(folder, "session.tsv");
  writeFileSync(file, lines.join(""));
  const words = [CONSUMER, "--read", file, "--csv", "-", "--json"];
  const { stdout, stderr, status } = spawnSync("/usr/bin/python3", words, { encoding: "utf8" });
  expect(stderr, "the consumer needs protoc and python3-protobuf").toMatch(/^\{/);
  return { rows: table(stdout), report: JSON.parse(stderr) as ConsumerReport, status };
}

const BOOT = 'boot_id: "0123456789abcdef"';
const REAL = 'devices { epoch: 1 device: "d" mode: MODE_REAL }';
const SYNCED = "clock { mono_us: 1000000 utc_us: 1795600000000000 quality: CLOCK_QUALITY_SYNCED }";
const head = (stream: string, { run = 7, clock = SYNCED } = {}): string =>
  `head { gateway: "g" run: ${run} stream: STREAM_${stream} ${BOOT} ${clock} }`;
const reports = (
  numbers: readonly number[],
  { run = 7, device = REAL, observation = "decimal { mantissa: 60 }", clock = SYNCED } = {},
): string => {
  const records = numbers.map((n) => `records { epoch: 1 n: ${n} report { observations { metric: 1 ${observation} } } }`);
  return `${head("REPORT", { run, clock })} ${device} metrics { id: 1 code: 149530 refid: "R" } ${records.join(" ")}`;
};
const events = (what: readonly string[], { run = 7, from = 0 } = {}): string =>
  `${head("EVENT", { run })} ${what.map((one, at) => `records { n: ${from + at} event { ${one} } }`).join(" ")}`;
const report = (numbers: readonly number[], how?: Parameters<typeof reports>[1]): string => line("reports", "Batch", reports(numbers, how));
const event = (what: readonly string[], how?: Parameters<typeof events>[1]): string => line("events", "Batch", events(what, how));
const streamOf = ({ report: { streams } }: { report: ConsumerReport }, run = "7", stream = "report") =>
  streams.find((one) => one.run === run && one.stream === stream && one.epoch === (stream === "event" ? 0 : 1));
/** A run of which the beginning was heard. */
const BEGUN = event(["fault {}"]);

describe("the reference consumer", () => {
  test("reads every golden message, and nothing of it is broken", () => {
    const lines = goldens().flatMap(({ message, text }) => {
      const leaf =
        message === "Batch" ? `${/STREAM_(\w+)/.exec(text)?.[1]?.toLowerCase()}s` : { Presence: "birth", Health: "health" }[message];
      return leaf === undefined ? [] : [line(leaf, message, text, "", "gw-icu2-07")];
    });
    const { rows, report: told } = consume(...lines);
    expect(told.broken).toEqual([]);
    expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(["value", "wave", "alert", "event", "unreadable"]));
    const of = (refid: string, run = "10096839563520856720"): Row | undefined =>
      rows.find((row) => row.metric === refid && row.run === run);
    expect(of("MDC_VOL_AWAY_TIDAL_EXP")).toMatchObject({ value: "0.378", unit: "263744", chart: "True", contested: "True" });
    expect(of("MDC_VENT_PRESS_AWAY_END_EXP_POS")).toMatchObject({ value: "0.0", chart: "False", why_not: "questionable" });
    expect(of("MDC_PULS_OXIM_PULS_RATE")).toMatchObject({ value: "", why_not: "absent invalid", reason: "sensor_alarm" });
    expect(of("MDC_PRESS_BLD_NONINV_DIA")).toMatchObject({ part: "0.1", value: "80", test: "True", why_not: "mode_test" });
    expect(of("MDC_PULS_RATE_NON_INV")).toMatchObject({ value: "60.0", device_time: "2007120112100000" });
    expect(of("MDC_RESP")).toMatchObject({ value: "2048 2050 2053 2053 2049", demo: "True", believed_clock: "holdover" });
  });

  test("drops duplicates by name, in whatever order and range they come", () => {
    const twice = report([2, 1]);
    const outcome = consume(BEGUN, twice, report([0]), twice, line("reports", "Batch", reports([3, 2]), "range:backlog volatile:true"));
    expect(outcome.rows.filter(({ kind }) => kind === "value").map(({ n, range, volatile }) => [n, range, volatile])).toEqual([
      ["0", "live", "False"],
      ["1", "live", "False"],
      ["2", "live", "False"],
      ["3", "backlog", "True"],
    ]);
    expect(streamOf(outcome)).toMatchObject({ received: 4, duplicates: 3, missing: 0 });
    expect(outcome.status).toBe(0);
  });

  test("tells a hole that nobody names, and none that a gap names", () => {
    const open = consume(BEGUN, report([0, 1, 5]));
    expect(open).toMatchObject({ status: 1, report: { unexplained: 3 } });
    const gap = 'gap { run: 7 epoch: 1 stream: STREAM_REPORT n_first: 2 n_last: 4 reason: "ring_full" }';
    const told = consume(BEGUN, report([0, 1, 5]), event([gap], { from: 1 }));
    expect(told).toMatchObject({ status: 0, report: { unexplained: 0 } });
    expect(streamOf(told)).toMatchObject({ received: 3, gap: 3, why: ["ring_full"], missing: 0 });
  });

  test("misses what the end of an epoch names as its last, unless the health has it waiting", () => {
    const ended = event(["fault {}", 'epoch_ended { reason: "silent" last { epoch: 1 stream: STREAM_REPORT n: 4 } }']);
    const health = line("health", "Health", 'gateway: "g" run: 7 ledger { streams { stream: STREAM_REPORT waiting: 3 } }');
    expect(consume(ended, report([0, 1]))).toMatchObject({ status: 1, report: { unexplained: 3 } });
    const outcome = consume(ended, report([0, 1]), health);
    expect(outcome.report.gateways.g).toMatchObject({ awaited: 3, unexplained: 0, heard: false });
    // What comes after a health and was stamped before it was among what waited then.
    const after = line(
      "health",
      "Health",
      'gateway: "g" run: 7 clock { mono_us: 2000000 } ledger { streams { stream: STREAM_REPORT waiting: 3 } }',
    );
    expect(consume(after, ended, report([0, 1])).report.gateways.g).toMatchObject({ awaited: 1, unexplained: 2 });
  });

  test.each([
    { how: "CLEAN", missing: 7, power: 0 },
    { how: "KILLED", missing: 7, power: 0 },
    { how: "POWER", missing: 3, power: 4 },
    { how: "UNSPECIFIED", missing: 3, power: 4 },
  ])("of a run that ended $how, it misses $missing and counts $power as perhaps lost", ({ how, missing, power }) => {
    const ended = `run_ended { run: 7 how: RUN_END_${how} window_ms: 250 last { epoch: 1 stream: STREAM_REPORT n: 3 } }`;
    expect(streamOf(consume(BEGUN, report([0, 8]), event([ended], { run: 8 })))).toMatchObject({ received: 2, missing, power });
  });

  test.each([
    { last: "last { epoch: 1 stream: STREAM_REPORT n: 3 }", power: 4, missing: 3 },
    { last: "last { epoch: 2 stream: STREAM_REPORT n: 3 }", power: 0, missing: 7 },
  ])("of an epoch that had ended before a power cut, what RunEnded says counts first ($power perhaps lost)", ({ last, power, missing }) => {
    const ended = "epoch_ended { last { epoch: 1 stream: STREAM_REPORT n: 8 } }";
    const outcome = consume(
      event(["fault {}", ended]),
      report([0, 8]),
      event([`run_ended { run: 7 how: RUN_END_POWER ${last} }`], { run: 8 }),
    );
    expect(streamOf(outcome)).toMatchObject({ received: 2, power, missing });
  });

  test("does not take for lost what was before it listened", () => {
    expect(streamOf(consume(report([100, 101])))).toMatchObject({ received: 2, before: 100, missing: 0 });
  });

  test("places what was stamped before the clock was known, once a mapping of that boot tells", () => {
    const clock = "clock { mono_us: 1000000 utc_us: 5000000 quality: CLOCK_QUALITY_UNSYNCED }";
    const early = report([0], { clock });
    expect(consume(early).rows[0]).toMatchObject({ utc: "", mono_us: "1000000", boot_id: Buffer.from("0123456789abcdef").toString("hex") });
    const mapping = event(["clock_mapping { mono_us: 3000000 utc_us: 1795600002004211 quality: CLOCK_QUALITY_SYNCED }"]);
    expect(consume(early, mapping).rows.find(({ kind }) => kind === "value")).toMatchObject({
      utc: "2026-11-25T09:46:40.004211Z",
      clock: "synced",
      corrected: "true",
    });
  });

  test.each([
    ["an unknown validity", { observation: "decimal { mantissa: 60 } validity: 200" }, "unknown_200"],
    ["an unknown mode", { device: "devices { epoch: 1 mode: 9 }" }, "mode_unknown_9"],
    ["an unknown identity", { device: "devices { epoch: 1 mode: MODE_REAL identity: 9 }" }, "identity"],
    ["no mode", { device: "devices { epoch: 1 }" }, "mode_unspecified"],
    ["an emulated device", { device: "devices { epoch: 1 mode: MODE_TEST }" }, "mode_test"],
    ["a demonstration", { observation: "decimal { mantissa: 60 } demo: true" }, "demo"],
    ["a stored value", { observation: "decimal { mantissa: 60 } stored: true" }, "stored"],
    ["an absence", { observation: "" }, "absent"],
  ])("charts nothing of %s", (_, how, why) => {
    expect(consume(report([0], how)).rows[0]).toMatchObject({ chart: "False", why_not: why });
  });

  test.each([
    ["a curve of a demonstration", "steps: 5 steps: -1 demo: true", { value: "5 4", chart: "False", why_not: "demo" }],
    ["a curve in doubt", 'steps: 5 validity: VALIDITY_QUESTIONABLE reason: "noise"', { chart: "False", why_not: "questionable" }],
    ["a curve that is not there", "absent: 30 validity: VALIDITY_NOT_AVAILABLE", { value: "", why_not: "absent not_available" }],
    ["a curve behind a hole of unknown length", "first: 9 steps: 5 gap_before: true", { value: "5", chart: "True" }],
  ])("of %s tells what may be shown", (_, wave, row) => {
    const batch = `${head("WAVE")} ${REAL} metrics { id: 1 refid: "w" } records { epoch: 1 wave { metric: 1 ${wave} } }`;
    const [only] = consume(line("waves", "Batch", batch)).rows;
    expect(only).toMatchObject({ kind: "wave", ...row });
    expect(JSON.parse(only!.detail!)).toMatchObject(wave.includes("gap") ? { gap_before: true, count: 1 } : {});
  });

  test("shows no alarm of a demonstration as a patient's, and keeps what the device says beside it", () => {
    const alert = 'alert { metric: 1 edge: EDGE_ONSET word: "high" demo: true qualifiers: "silenced" }';
    const batch = `${head("ALERT")} ${REAL} metrics { id: 1 refid: "a" } records { epoch: 1 ${alert} }`;
    const [only] = consume(line("alerts", "Batch", batch)).rows;
    expect(only).toMatchObject({ kind: "alert", value: "high", demo: "True", chart: "False", why_not: "demo" });
    expect(JSON.parse(only!.detail!)).toMatchObject({ qualifiers: ["silenced"] });
  });

  test("keeps what could not be read by its name, and a unit whose code is not sure with its confidence", () => {
    const batch = `${head("REPORT")} ${REAL} metrics { id: 1 refid: "r" unit: 264640 unit_confidence: CONFIDENCE_B unit_refid: "MDC_DIM_HZ" }
      records { epoch: 1 report { observations { metric: 1 decimal { mantissa: 1 } } unreadable { bytes: 6 reason: "not_a_number" about: "f71" } } }`;
    const [value, lost] = consume(line("reports", "Batch", batch.replaceAll("\n", " "))).rows;
    expect(value).toMatchObject({ unit: "264640", unit_refid: "MDC_DIM_HZ", unit_confidence: "b", chart: "True" });
    expect(lost).toMatchObject({ kind: "unreadable", reason: "not_a_number", value: "" });
    expect(JSON.parse(lost!.detail!)).toEqual({ about: "f71", bytes: 6 });
  });

  test.each([
    ["", "0"],
    ["mantissa: 60", "60"],
    ["exponent: -1", "0.0"],
    ["mantissa: 3700 exponent: -2", "37.00"],
    ["mantissa: -5 exponent: -3", "-0.005"],
    ["mantissa: 12 exponent: 3", "12000"],
    ["mantissa: -9223372036854775808 exponent: -2", "-92233720368547758.08"],
    ["mantissa: 1 exponent: -128", "1E-128"],
  ])("writes the decimal { %s } exactly", (text, value) => {
    expect(consume(report([0], { observation: `decimal { ${text} }` })).rows[0]).toMatchObject({ value, chart: "True" });
  });

  test("ignores a late will, also one that the broker retained", () => {
    const presence = (start: number, connection: number, state: string): string =>
      line("birth", "Presence", `gateway: "g" run: 7 start_count: ${start} connection: ${connection} ${state}`);
    const [birth, late, death] = [
      presence(3, 2, "birth {}"),
      presence(3, 1, "death { cause: DEATH_CAUSE_LOST }"),
      presence(3, 2, "death {}"),
    ];
    expect(consume(birth, late).report.gateways.g).toMatchObject({ presence: "birth", late_wills: 1 });
    expect(consume(birth, death).report.gateways.g).toMatchObject({ presence: "death", late_wills: 0 });
    const health = (run: number, start: number, connection: number): string =>
      line("health", "Health", `gateway: "g" run: ${run} start_count: ${start} connection: ${connection}`);
    expect(consume(late, health(7, 3, 2)).report.gateways.g).toMatchObject({ presence: "birth", late_wills: 1 });
    expect(consume(death, health(5, 4, 1)).report.gateways.g, "health of the next run").toMatchObject({ presence: "birth" });
    expect(consume(death, health(9, 2, 8)).report.gateways.g, "health of the run before").toMatchObject({ presence: "death" });
  });

  test("names what breaks the contract: bytes, another's gateway, a name with two contents, a device that is not told", () => {
    const { report: told, status } = consume(
      "bedside/v1/g/up/reports\t0a7f\t0\t\n",
      line("reports", "Batch", reports([0]), "", "other"),
      report([0]),
      report([0], { observation: "decimal { mantissa: 61 }" }),
      report([1], { device: "" }),
    );
    expect([told.broken.length, status]).toEqual([4, 1]);
  });
});
