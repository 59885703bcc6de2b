import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { MDC_TABLE } from "../../drivers/kit/mdc.table.ts";
import { mdcTerm } from "../../drivers/kit/mdc.ts";
import {
  decodeBatch,
  decodeHealth,
  decodePresence,
  decodeReported,
  decodeSignedDocument,
  encodeBatch,
  encodeHealth,
  encodePresence,
  encodeReported,
  encodeSignedDocument,
  scanFields,
} from "../../proto/codec.ts";
import { CONFIDENCE } from "../../proto/messages.ts";
import { type Golden, goldens } from "./golden.ts";

type Codec = readonly [decode: (bytes: Uint8Array) => object | undefined, encode: (value: never) => Uint8Array];
const CODECS: Readonly<Record<string, Codec>> = {
  Batch: [decodeBatch, encodeBatch],
  Presence: [decodePresence, encodePresence],
  Health: [decodeHealth, encodeHealth],
  Reported: [decodeReported, encodeReported],
  SignedDocument: [decodeSignedDocument, encodeSignedDocument],
};
const bytesOf = ({ hex }: Pick<Golden, "hex">): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const decode = (message: string, bytes: Uint8Array): object | undefined => CODECS[message]![0](bytes);
const encode = (message: string, value: object | undefined): string => Buffer.from(CODECS[message]![1](value as never)).toString("hex");

type Read = { readonly says: unknown; readonly same: boolean; readonly hex: string };
type Report = { readonly read: Readonly<Record<string, Read>>; readonly all: readonly string[]; readonly used: readonly string[] };
const folder = mkdtempSync(join(tmpdir(), "bedside-golden-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What Python's protobuf makes of them. */
function python(all: readonly Golden[]): Report {
  const script = join(import.meta.dirname, "golden.py");
  const { stdout, stderr } = spawnSync("/usr/bin/python3", [script, folder], { input: JSON.stringify(all), encoding: "utf8" });
  expect(stderr, "this test needs protoc and python3-protobuf").toBe("");
  return JSON.parse(stdout) as Report;
}

/** Our own value in the form of golden.py: what is there and is not its zero, numbers as texts, choices by the name of what was chosen. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return typeof value === "number" || typeof value === "bigint" ? String(value) : value;
  const fields = Object.entries(value).flatMap(([name, inner]): readonly (readonly [string, unknown])[] => {
    if (["body", "event", "state", "value"].includes(name) && isChoice(inner)) return chosen(name, inner);
    if (name === "samples") return [["steps", (inner as readonly number[]).map((sample, i, all) => String(sample - (all[i - 1] ?? 0)))]];
    return [[name, plain(inner)]];
  });
  return Object.fromEntries(fields.filter(([name, inner]) => !isZero(inner) || PRESENT.has(name)));
}
type Choice = { readonly kind: string };
const isChoice = (value: unknown): value is Choice => typeof value === "object" && value !== null && "kind" in value;
/** { body: { kind: "event", event: { kind: "gap", gap } } } → event: { gap } */
function chosen(name: string, choice: Choice): readonly (readonly [string, unknown])[] {
  const inner = (choice as unknown as Record<string, unknown>)[choice.kind];
  const one: readonly [string, unknown] = [choice.kind, isChoice(inner) ? Object.fromEntries(chosen("event", inner)) : plain(inner)];
  return name === "event" ? [[choice.kind, plain(inner)]] : [one];
}
/** What the wire tells apart from its absence even where it is empty or 0. */
const PRESENT: ReadonlySet<string> = new Set(["decimal", "physical", "low", "high", "uncertaintyUs", "report", "death", "fault", "text"]);
const isZero = (value: unknown): boolean =>
  value === "" ||
  value === "0" ||
  value === false ||
  value === undefined ||
  (typeof value === "object" && Object.keys(value ?? {}).length === 0);

const ALL = goldens();
const { read, all, used } = python(ALL);

describe("a golden message", () => {
  test.each(ALL)("$name: its text is its bytes, to Python as to protoc which wrote them", ({ name, hex }) => {
    expect(hex).not.toBe("");
    expect(read[name]).toMatchObject({ same: true, hex });
  });

  test.each(ALL)("$name: we read in it what Python reads", ({ name, message, hex }) => {
    expect(plain(decode(message, bytesOf({ hex })))).toEqual(read[name]!.says);
  });

  test.each(ALL)("$name: we write it as protoc did, byte for byte", ({ message, hex }) => {
    expect(encode(message, decode(message, bytesOf({ hex })))).toBe(hex);
  });
});

describe("what a newer version says beside", () => {
  /** Fields that no version has yet, one of each kind: a number, a text, four bytes, eight bytes. */
  const UNKNOWN = "c0bb01" + "07" + "cabb01" + "03616263" + "d5bb01" + "01020304" + "d9bb01" + "0102030405060708";
  const further = (hex: string): Golden["hex"] => nested(bytesOf({ hex })) + UNKNOWN;
  /** The same in each message within, as far down as there are any: whatever else lies in a field is left as it is. */
  function nested(bytes: Uint8Array): string {
    return [...scanFields(bytes)]
      .map(({ field, start, end }) => {
        const whole = Buffer.from(bytes.subarray(start, end));
        const [tag, content] = lengthed(whole);
        if (content === undefined || !isMessage(field)) return whole.toString("hex");
        const grown = Buffer.from(content.toString("hex") + UNKNOWN, "hex");
        return Buffer.concat([tag, varint(grown.length), grown]).toString("hex");
      })
      .join("");
  }
  /** Head, devices, metrics and records of a batch. */
  const isMessage = (field: number): boolean => field <= 4;
  const lengthed = (field: Buffer): readonly [tag: Buffer, content: Buffer | undefined] => {
    const end = field.findIndex((byte, at) => at > 0 && byte < 0x80) + 1;
    return [field.subarray(0, 1), field[0]! % 8 === 2 ? field.subarray(end) : undefined];
  };
  const varint = (value: number): Buffer =>
    value < 0x80 ? Buffer.of(value) : Buffer.concat([Buffer.of((value & 0x7f) | 0x80), varint(Math.floor(value / 128))]);

  const batches = ALL.filter(({ message }) => message === "Batch").map((golden) => ({ ...golden, hex: further(golden.hex) }));
  const others = ALL.filter(({ message }) => message !== "Batch").map((golden) => ({ ...golden, hex: golden.hex + UNKNOWN }));
  const newer = python([...batches, ...others]).read;

  test.each([...batches, ...others])("$name: is passed over, by us and by Python", ({ name, message, hex }) => {
    const known = ALL.find((golden) => golden.name === name)!;
    expect(hex.length).toBeGreaterThan(known.hex.length);
    expect(decode(message, bytesOf({ hex }))).toEqual(decode(message, bytesOf(known)));
    expect(newer[name]!.says).toEqual(read[name]!.says);
  });
});

test("a block as the spool keeps it, its fields in the order in which they came, says the same as its batch", () => {
  const block = bytesOf({ hex: readFileSync(join(import.meta.dirname, "golden/as-stored.hex"), "utf8").replaceAll(/#.*\n|\s/g, "") });
  expect([...scanFields(block)].map(({ field }) => field)).toEqual([1, 2, 3, 3, 4, 15, 3, 4, 2, 3, 4, 15]);
  const stored = decodeBatch(block)!;
  expect(stored.records.map(({ epoch, n }) => [epoch, n])).toEqual([
    [1, 10800],
    [1, 10801],
    [2, 0],
  ]);
  const { says } = python([{ name: "stored", message: "Batch", text: "", hex: Buffer.from(block).toString("hex") }]).read.stored!;
  expect(plain(stored)).toEqual(says);
});

test("what the goldens name is in the nomenclature under that code, and a code that is not sure is told with its confidence and a name", () => {
  const units = new Map(MDC_TABLE.map(([refid, , , code, , confidence]) => [code, [refid, confidence] as const]));
  for (const { name, message, hex } of ALL) {
    const batch = message === "Batch" ? decodeBatch(bytesOf({ hex })) : undefined;
    for (const metric of batch?.metrics ?? []) {
      const term = mdcTerm(metric.refid);
      expect([metric.code ?? 0, metric.confidence ?? 0], `${name}: ${metric.refid}`).toEqual([
        term?.code ?? 0,
        CONFIDENCE[term?.confidence ?? "A"],
      ]);
      const [unit, confidence = "A"] = units.get(metric.unit ?? 0) ?? [];
      expect(metric.unit === undefined || unit !== undefined, `${name}: unit of ${metric.refid}`).toBe(true);
      expect([metric.unitConfidence ?? 0, metric.unitRefid], `${name}: unit of ${metric.refid}`).toEqual([
        CONFIDENCE[confidence],
        confidence === "A" ? undefined : unit,
      ]);
      if (metric.confidence !== undefined) expect(metric.name, `${name}: ${metric.refid}`).toBeDefined();
    }
  }
});

test("every field of every message, and every word of every enumeration, has a golden", () => {
  expect(all.length).toBeGreaterThan(200);
  expect(all.filter((one) => !used.includes(one))).toEqual([]);
});
