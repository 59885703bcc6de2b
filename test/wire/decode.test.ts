import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { encodeBatch } from "../../proto/codec.ts";
import { goldens } from "./golden.ts";
import { protocEncode } from "./protoc.ts";

const DECODER = resolve(import.meta.dirname, "../support/decode.py");
const LEAVES: Readonly<Record<string, string>> = {
  Presence: "up/birth",
  Health: "up/health",
  Reported: "up/reported/settings",
  SignedDocument: "down/desired/admissions",
};
type Message = readonly [topic: string, payload: Uint8Array];

const folder = mkdtempSync(join(tmpdir(), "bedside-decode-"));
afterAll(() => rmSync(folder, { recursive: true }));

function framed([topic, payload]: Message): Uint8Array {
  const name = Buffer.from(topic);
  const prefix = (length: number): Buffer => Buffer.from(Uint32Array.of(length).buffer);
  return Buffer.concat([prefix(name.length), name, prefix(payload.length), payload]);
}

function read(bytes: Uint8Array): { readonly lines: readonly Record<string, unknown>[]; readonly status: number | null } {
  const file = join(folder, "messages");
  writeFileSync(file, bytes);
  const { stdout, stderr, status } = spawnSync("/usr/bin/python3", [DECODER, join(folder, "python"), file], { encoding: "utf8" });
  expect(stderr, "the decoder needs protoc and python3-protobuf").toBe("");
  const lines = stdout.split("\n").filter((line) => line !== "");
  return { lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>), status };
}

const topic = (message: string, text: string): string =>
  `bedside/v1/gw-icu2-07/${LEAVES[message] ?? `up/${/STREAM_(\w+)/.exec(text)?.[1]?.toLowerCase()}s`}`;
const reports = "bedside/v1/g/up/reports";

describe("the independent decoder", () => {
  test("reads every golden message", () => {
    const messages = goldens().map(({ message, text }): Message => [topic(message, text), protocEncode(message, text)]);
    const { lines, status } = read(Buffer.concat(messages.map(framed)));
    expect(status).toBe(0);
    expect(new Set(lines.map(({ kind }) => kind))).toEqual(
      new Set(["report", "wave", "alert", "event", "birth", "death", "health", "reported", "desired"]),
    );
    const vent = lines.find(({ device, kind, n }) => device === "vent-0031" && kind === "report" && n === 0);
    expect(vent).toMatchObject({ run: "10096839563520856720", epoch: 2, at_us: 86_399_997_500, mode: "real", contested: true });
    expect(vent?.body).toMatchObject({
      observations: [
        { refid: "MDC_VOL_AWAY_TIDAL_EXP", code: 152664, unit: 263744, name: "f71", value: "0.378", validity: "valid" },
        { kind: "absent", value: null, validity: "not_available", reason: "never_measured" },
        { value: "0.0", validity: "questionable" },
      ],
    });
    expect(lines.find(({ kind, n }) => kind === "wave" && n === 17)?.body).toMatchObject({
      samples: [2048, 2050, 2053, 2053, 2049],
      demo: true,
      scale: { low: { raw: 0, physical: "-0.6" } },
    });
  });

  test("prints a number with every digit it has, of whatever size", () => {
    const value = (mantissa: bigint, exponent: number) => ({
      metric: 1,
      value: { kind: "decimal" as const, decimal: { mantissa, exponent } },
    });
    const observations = [value(3700n, -2), value(-5n, -3), value(0n, -1), value(12n, 3), value(-(2n ** 63n), -2), value(0n, 4)];
    const bytes = encodeBatch({
      head: { gateway: "g", run: 1n, stream: 3, bootId: new Uint8Array(16) },
      devices: [{ epoch: 1 }],
      metrics: [{ id: 1, refid: "x" }],
      records: [{ epoch: 1, n: 0, atUs: 0, body: { kind: "report", report: { observations } } }],
    });
    const [line] = read(framed([reports, bytes])).lines;
    const told = (line!.body as { observations: readonly { value: string }[] }).observations;
    expect(told.map((one) => one.value)).toEqual(["37.00", "-0.005", "0.0", "12000", "-92233720368547758.08", "0"]);
  });

  test("names a message that it cannot read, reads the others, and fails", () => {
    const good: Message = [reports, protocEncode("Batch", 'head { gateway: "g" stream: STREAM_REPORT } records { report {} }')];
    const otherGateway: Message = [reports, protocEncode("Batch", 'head { gateway: "h" stream: STREAM_REPORT }')];
    const noDevice: Message = [
      reports,
      protocEncode("Batch", 'head { gateway: "g" stream: STREAM_REPORT } records { epoch: 7 report {} }'),
    ];
    const broken: Message = [reports, Uint8Array.of(0x0a, 0x7f)];
    const cut = framed(good).subarray(0, 20);
    const { lines, status } = read(Buffer.concat([...[otherGateway, broken, noDevice, good].map(framed), cut]));
    expect(status).toBe(1);
    expect(lines.map((line) => ("error" in line ? "error" : line.kind))).toEqual(["error", "error", "error", "report", "error"]);
  });
});
