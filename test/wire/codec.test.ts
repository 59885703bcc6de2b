import { describe, expect, test } from "vitest";
import {
  decodeBatch,
  decodeHealth,
  decodePresence,
  decodeReported,
  decodeSignedDocument,
  encodeBatch,
  encodeCheckField,
  encodeDeviceField,
  encodeHeadField,
  encodeHealth,
  encodeMetricField,
  encodePresence,
  encodeRecordField,
  encodeReported,
  encodeSignedDocument,
  scanFields,
} from "../../proto/codec.ts";
import type { Batch, Decimal, WireRecord } from "../../proto/messages.ts";
import { type Golden, goldens } from "./golden.ts";
import { protocDecode, protocEncode } from "./protoc.ts";

type Codec = { readonly decode: (bytes: Uint8Array) => object | undefined; readonly encode: (value: never) => Uint8Array };
const CODECS: Readonly<Record<string, Codec>> = {
  Batch: { decode: decodeBatch, encode: encodeBatch },
  Presence: { decode: decodePresence, encode: encodePresence },
  Health: { decode: decodeHealth, encode: encodeHealth },
  Reported: { decode: decodeReported, encode: encodeReported },
  SignedDocument: { decode: decodeSignedDocument, encode: encodeSignedDocument },
};
const decode = (message: string, bytes: Uint8Array): object | undefined => CODECS[message]!.decode(bytes);
const encode = (message: string, value: object | undefined): Uint8Array => CODECS[message]!.encode(value as never);

const GOLDENS = goldens();
const batchOf = (name: string): Batch => decodeBatch(protocEncode("Batch", GOLDENS.find((golden) => golden.name === name)!.text))!;
const observe = (value: Decimal): WireRecord => ({
  epoch: 1,
  n: 0,
  atUs: 0,
  body: { kind: "report", report: { observations: [{ metric: 1, value: { kind: "decimal", decimal: value } }] } },
});
const batchWith = (...records: readonly WireRecord[]): Batch => ({ devices: [], metrics: [], records });
const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

describe("every golden message", () => {
  test.each(GOLDENS)("$name: protoc reads our bytes as it reads its own, and we read protoc's as our own", ({ message, text }: Golden) => {
    const theirs = protocEncode(message, text);
    const value = decode(message, theirs);
    expect(value).toBeDefined();
    const ours = encode(message, value);
    expect(protocDecode(message, ours)).toBe(protocDecode(message, theirs));
    expect(decode(message, ours)).toEqual(value);
  });

  test.each(GOLDENS)("$name: cut anywhere, it is decoded or refused, and nothing is thrown", ({ message, text }: Golden) => {
    const whole = protocEncode(message, text);
    for (let length = 0; length < whole.length; length += 1) decode(message, whole.subarray(0, length));
    expect(decode(message, whole.subarray(0, whole.length - 1))).toBeUndefined();
  });

  test.each(GOLDENS)("$name: with any byte spoilt, nothing is thrown and the scan stays in bounds", ({ message, text }: Golden) => {
    const whole = protocEncode(message, text);
    for (const [at, right] of whole.entries()) {
      for (const flip of [0x07, 0xff]) {
        whole[at] = right ^ flip;
        decode(message, whole);
        for (const { start, end } of scanFields(whole)) if (start >= end || end > whole.length) expect.fail(`${start} to ${end}`);
      }
      whole[at] = right;
    }
  });
});

describe("a batch", () => {
  test("appended field by field is the batch encoded at once", () => {
    for (const { name } of GOLDENS.filter(({ message }) => message === "Batch")) {
      const batch = batchOf(name);
      const fields = [
        encodeHeadField(batch.head!),
        ...batch.devices.map(encodeDeviceField),
        ...batch.metrics.map(encodeMetricField),
        ...batch.records.map(encodeRecordField),
        ...(batch.check === undefined ? [] : [encodeCheckField(batch.check)]),
      ];
      expect(joined(fields)).toEqual(new Uint8Array(encodeBatch(batch)));
    }
  });

  test("may carry records, checks and devices in any order, and its last check counts", () => {
    const [first, second] = batchOf("report-batch.txtpb").records;
    const bytes = joined([
      encodeRecordField(first!),
      encodeCheckField(7),
      encodeDeviceField({ epoch: 2 }),
      encodeRecordField(second!),
      encodeCheckField(8),
    ]);
    expect(decodeBatch(bytes)).toEqual({ devices: [{ epoch: 2 }], metrics: [], records: [first, second], check: 8 });
  });

  test("carries waves as steps, and they come back as the raw integers", () => {
    const [resp, pleth, absent] = batchOf("intellivue-wave.txtpb").records.map(({ body }) =>
      body.kind === "wave" ? body.wave : undefined,
    );
    expect(resp).toEqual({ metric: 1, first: 272, samples: [2048, 2050, 2053, 2053, 2049], validity: 3, reason: "demo", demo: true });
    expect(pleth?.samples).toEqual([1024, 1023]);
    expect(absent).toMatchObject({ samples: [], absent: 30, validity: 2, reason: "unavailable" });
  });

  test("keeps a scale whose points are zero", () => {
    const zero = { raw: 0, physical: { mantissa: 0n, exponent: 0 } };
    const metric = { id: 1, refid: "x", scale: { low: zero, high: { raw: 255, physical: { mantissa: 255n, exponent: 0 } } } };
    expect(decodeBatch(encodeMetricField(metric))?.metrics).toEqual([metric]);
  });
});

describe("numbers", () => {
  test.each<Decimal>([
    { mantissa: 0n, exponent: 0 },
    { mantissa: 0n, exponent: -3 },
    { mantissa: 3700n, exponent: -2 },
    { mantissa: -1n, exponent: 4 },
    { mantissa: 9007199254740993n, exponent: -2 },
    { mantissa: -9007199254740993n, exponent: 0 },
    { mantissa: 2n ** 63n - 1n, exponent: -18 },
    { mantissa: -(2n ** 63n), exponent: -128 },
  ])("$mantissa e$exponent arrives with every digit, also at protoc", (value) => {
    const bytes = encodeBatch(batchWith(observe(value)));
    expect(decodeBatch(bytes)).toEqual(batchWith(observe(value)));
    const read = protocDecode("Batch", bytes);
    expect(/mantissa: (-?\d+)/.exec(read)?.[1] ?? "0").toBe(value.mantissa.toString());
    expect(/exponent: (-?\d+)/.exec(read)?.[1] ?? "0").toBe(value.exponent.toString());
  });

  test("an absent value is not the value 0", () => {
    const [zero] = decodeBatch(encodeBatch(batchWith(observe({ mantissa: 0n, exponent: 0 }))))!.records;
    expect(zero?.body).toMatchObject({ report: { observations: [{ value: { kind: "decimal" } }] } });
    const absent: WireRecord = {
      epoch: 1,
      n: 0,
      atUs: 0,
      body: { kind: "report", report: { observations: [{ metric: 1, validity: 2 }] } },
    };
    expect(decodeBatch(encodeBatch(batchWith(absent)))?.records).toEqual([absent]);
  });

  test("the 64 bits of a run are kept", () => {
    for (const run of [0n, 1n, 2n ** 63n, 2n ** 64n - 1n, 0x8000_0000n, 0x1_0000_0000n]) {
      const head = { gateway: "g", run, stream: 3, bootId: new Uint8Array(16) };
      expect(decodeBatch(encodeHeadField(head))?.head).toEqual(head);
    }
  });

  test("what the wire cannot carry exactly is refused when it is encoded", () => {
    expect(() => encodeRecordField(observe({ mantissa: 2n ** 63n, exponent: 0 }))).toThrow(RangeError);
    expect(() => encodeRecordField({ ...observe({ mantissa: 0n, exponent: 0 }), n: 2 ** 53 })).toThrow(RangeError);
    expect(() => encodeRecordField({ ...observe({ mantissa: 0n, exponent: 0 }), atUs: 0.5 })).toThrow(RangeError);
    expect(() => encodeHeadField({ gateway: "g", run: -1n, stream: 3, bootId: new Uint8Array(16) })).toThrow(RangeError);
    const wave = (...samples: number[]): WireRecord => ({
      epoch: 1,
      n: 0,
      atUs: 0,
      body: { kind: "wave", wave: { metric: 1, first: 0, samples } },
    });
    expect(() => encodeRecordField(wave(0.5))).toThrow(RangeError);
    expect(() => encodeRecordField(wave(2 ** 30))).toThrow(RangeError);
    const widest = wave(1 - 2 ** 30, 2 ** 30 - 1, 1 - 2 ** 30);
    expect(decodeBatch(encodeRecordField(widest))?.records).toEqual([widest]);
  });

  test("a counter above 2^53 from elsewhere makes the message unreadable, not wrong", () => {
    expect(decodeBatch(protocEncode("Batch", "records { n: 9007199254740992 report {} }"))).toBeUndefined();
    expect(decodeBatch(protocEncode("Batch", "records { n: 9007199254740991 report {} }"))?.records[0]?.n).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe("what a newer version says", () => {
  test("unknown numbers of enumerations are kept", () => {
    const bytes = protocEncode(
      "Batch",
      "head { stream: 77 } devices { mode: 9 } records { report { observations { metric: 1 validity: 200 } } }",
    );
    const batch = decodeBatch(bytes)!;
    expect(batch.head?.stream).toBe(77);
    expect(batch.devices[0]?.mode).toBe(9);
    expect(protocDecode("Batch", encodeBatch(batch))).toBe(protocDecode("Batch", bytes));
  });

  test("a record, an event or a state of an unknown kind is told as such", () => {
    const newer = Uint8Array.of(0x22, 0x04, 0x08, 0x05, 0x7a, 0x00); // records { epoch: 5, field 15: {} }
    expect(decodeBatch(newer)?.records).toEqual([{ epoch: 5, n: 0, atUs: 0, body: { kind: "unknown" } }]);
    const event = Uint8Array.of(0x22, 0x05, 0x42, 0x03, 0xfa, 0x06, 0x00); // records { event { field 111: {} } }
    expect(decodeBatch(event)?.records[0]?.body).toEqual({ kind: "event", event: { kind: "unknown" } });
    expect(decodePresence(new Uint8Array())?.state).toEqual({ kind: "unknown" });
  });

  test("text that is not UTF-8 is refused", () => {
    expect(decodeBatch(Uint8Array.of(0x0a, 0x03, 0x0a, 0x01, 0xff))).toBeUndefined();
  });
});

describe("the check field", () => {
  test("has five bytes, also for 0", () => {
    expect([...encodeCheckField(0)]).toEqual([0x7d, 0, 0, 0, 0]);
    expect([...encodeCheckField(0xdeadbeef)]).toEqual([0x7d, 0xef, 0xbe, 0xad, 0xde]);
    expect(decodeBatch(encodeCheckField(0xdeadbeef))?.check).toBe(0xdeadbeef);
  });
});

describe("the scan of a block", () => {
  const block = joined([
    encodeHeadField({ gateway: "g", run: 5n, stream: 3, bootId: new Uint8Array(16) }),
    encodeRecordField(observe({ mantissa: 1n, exponent: 0 })),
    encodeCheckField(9),
  ]);
  const fields = [...scanFields(block)];

  test("tells every field with its bounds, tag included, without a hole", () => {
    expect(fields.map(({ field }) => field)).toEqual([1, 4, 15]);
    expect(fields.map(({ start }) => start)).toEqual([0, ...fields.slice(0, -1).map(({ end }) => end)]);
    expect(fields.at(-1)).toEqual({ field: 15, start: block.length - 5, end: block.length });
  });

  test("cut anywhere, ends after the last whole field", () => {
    for (let length = 0; length < block.length; length += 1) {
      const whole = fields.filter(({ end }) => end <= length);
      expect([...scanFields(block.subarray(0, length))]).toEqual(whole);
    }
  });

  test("ends at zeros behind the block, at groups, at endless numbers and at lengths beyond the end", () => {
    for (const tail of [
      [0, 0, 0, 0],
      [0x0b],
      Array(12).fill(0x88),
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [0x0a, ...Array(9).fill(0xff), 0x01],
      [0x0d, 1, 2],
    ]) {
      expect([...scanFields(joined([block, Uint8Array.from(tail)]))]).toEqual(fields);
    }
  });
});
