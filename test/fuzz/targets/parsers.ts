import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import mqttPacket, { type Packet } from "mqtt-packet";
import { readConfigText } from "../../../agent/cli/config-file.ts";
import { readWords } from "../../../agent/cli/words.ts";
import { Fault } from "../../../agent/fault/fault.ts";
import { checkSeed, verifyBlock } from "../../../agent/spool/block.ts";
import { crc32 } from "../../../agent/spool/crc32.ts";
import { PACKET_LIMITS, packetCheck } from "../../../agent/uplink/packet-check.ts";
import { envelopeBytes, openEnvelope } from "../../../config/envelope/envelope.ts";
import { DOCUMENT_DEPTH_MAX, readStrictJson } from "../../../config/envelope/strict-json.ts";
import { createFramer } from "../../../drivers/kit/framer.ts";
import { decodeBatch, decodeHealth, decodePresence, decodeReported, decodeSignedDocument, scanFields } from "../../../proto/codec.ts";
import { SPECIMENS } from "../../drivers/specimens.ts";
import { ascii, expectConserved, expectFramed, join as joined, mischief, randomOf } from "../../drivers/streams.ts";
import { envelopeOf } from "../../support/signing.ts";
import { goldens } from "../../wire/golden.ts";
import { PLANTED } from "../planted.table.ts";
import type { Target } from "../target.ts";

const ROOT = join(import.meta.dirname, "../../..");
const target = (name: string, more: Omit<Target, "name" | "planted">): Target => ({ name, planted: PLANTED[name], ...more });
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
const bytesOf = (words: string): Uint8Array => Uint8Array.from(Buffer.from(words, "utf8"));

// ── Frames of every kind ────────────────────────────────────────────────────────────────────────────────────────────

/** The first byte says which framing; the rest is what comes. */
const framer = target("kit-framer", {
  files: ["drivers/kit/framer.ts", "drivers/kit/demux.ts"],
  lengthMax: 400,
  seeds: () => SPECIMENS.flatMap((one, at) => [1, 2, 3, 4].map((seed) => joined(Uint8Array.of(at), mischief(one, randomOf(seed))))),
  run: (input, deep) => {
    const { framing } = SPECIMENS[(input[0] ?? 0) % SPECIMENS.length]!;
    const bytes = input.subarray(1);
    if (deep) expectFramed(framing, bytes, randomOf(bytes.length));
    const framed = createFramer(framing);
    const half = bytes.length >> 1;
    expectConserved(framing, bytes, [...framed.push(bytes.subarray(0, half)), ...framed.push(bytes.subarray(half))], framed.pending);
  },
  work: { base: 20_000, perByte: 100 },
});

// ── What a broker sends ─────────────────────────────────────────────────────────────────────────────────────────────

const packet = (one: object): Uint8Array => new Uint8Array(mqttPacket.generate(one as Packet, { protocolVersion: 5 }));
const CONNACK = { cmd: "connack", sessionPresent: false, reasonCode: 0 };
const PROPERTIES = { receiveMaximum: 20, maximumQoS: 1, serverKeepAlive: 60, reasonString: "so", userProperties: { a: "b" } };
const PACKETS = [
  { cmd: "publish", topic: "bedside/v1/gw/down/command", payload: "x", qos: 1, messageId: 3, dup: false, retain: false },
  { cmd: "puback", messageId: 4, reasonCode: 16, properties: { reasonString: "none" } },
  { cmd: "suback", messageId: 5, granted: [1] },
  { cmd: "pingresp" },
  { cmd: "disconnect", reasonCode: 0x8b, properties: { serverReference: "other" } },
];
const brokerPackets = target("packet-check", {
  files: ["agent/uplink/packet-check.ts"],
  lengthMax: 200,
  seeds: () => [
    packet(CONNACK),
    packet({ ...CONNACK, properties: PROPERTIES }),
    ...PACKETS.map((one) => joined(packet(CONNACK), packet(one))),
    joined(packet(CONNACK), ...PACKETS.map(packet)),
  ],
  run: (input) => {
    const check = packetCheck(PACKET_LIMITS);
    const whole = check.push(input);
    const cut = packetCheck(PACKET_LIMITS);
    for (const byte of input) cut.push(Uint8Array.of(byte));
    assert.equal(cut.push(new Uint8Array()), whole, "the verdict depends on how the bytes were cut");
    if (whole !== "ok") return;
    // What is let through must not hurt the client behind it.
    const parser = mqttPacket.parser({ protocolVersion: 5 });
    parser.on("error", (error: Error) => assert.fail(`let through, and the client cannot read it: ${error.message}`));
    parser.parse(Buffer.from(input));
  },
  work: { base: 20_000, perByte: 200 },
});

// ── Documents and configuration ─────────────────────────────────────────────────────────────────────────────────────

const KEY = /"(?:[^"\\]|\\.)*"\s*(:?)/gs;
function keysAndDepth(value: unknown, depth = 0): readonly [keys: number, depth: number] {
  if (typeof value !== "object" || value === null) return [0, depth];
  const inner = Object.values(value).map((one) => keysAndDepth(one, depth + 1));
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const name of ["__proto__", "constructor", "prototype"]) assert.ok(!Object.hasOwn(value, name), `"${name}" is let through`);
  return [inner.reduce((sum, [keys]) => sum + keys, own), Math.max(depth + 1, ...inner.map(([, deepest]) => deepest))];
}
const strictJson = target("strict-json", {
  files: ["config/envelope/strict-json.ts"],
  lengthMax: 300,
  seeds: () => ['{"a":1,"b":{"c":[true,null,"\\u0061\\n"]}}', "[[[[1.5e3]]]]", '{"":{}}', "{}", '"x"'].map(bytesOf),
  run: (input) => {
    const read = readStrictJson(input);
    if ("why" in read) return;
    const written = [...text(input).matchAll(KEY)].filter(([, colon]) => colon === ":").length;
    const [keys, depth] = keysAndDepth(read.value);
    assert.equal(keys, written, "a key stands twice, and the last was taken");
    assert.ok(depth <= DOCUMENT_DEPTH_MAX, `${depth} deep`);
  },
  work: { base: 20_000, perByte: 200 },
});

const SIGNATURES = [{ keyId: "k", role: "operations", ed25519: new Uint8Array(64) }];
const KEYS = [{ id: "k", role: "operations" as const, publicKey: new Uint8Array(32) }];
const envelope = target("envelope", {
  files: ["config/envelope/"],
  lengthMax: 600,
  seeds: () => [envelopeBytes(envelopeOf())],
  run: (input) => {
    const expected = { kind: "settings" as const, gateway: "gw-1", keys: KEYS, verify: () => true, now: undefined };
    const opened = openEnvelope({ payload: input, signatures: SIGNATURES }, expected);
    if ("why" in opened) return;
    const { expires, issued, generation, audience } = opened.envelope;
    assert.ok(Number.isFinite(Date.parse(expires)) && Number.isFinite(Date.parse(issued)), "a time that is none");
    assert.ok(Number.isSafeInteger(generation) && generation > 0 && audience.includes("gw-1"));
  },
  work: { base: 20_000, perByte: 300 },
});

const configuration = target("configuration", {
  files: ["config/yaml.ts", "config/schema.ts", "config/settings/"],
  lengthMax: 1200,
  seeds: () =>
    ["a: &x [1, 2]\nb: *x\n", readFileSync(join(ROOT, "config/example.yaml"), "utf8").replaceAll(/^\s*#.*\n/gm, "")].map(bytesOf),
  run: (input) => {
    try {
      readConfigText(text(input), "it");
    } catch (caught) {
      if (!(caught instanceof Fault && caught.key === "config.invalid" && caught.message !== "")) throw caught;
    }
  },
  work: { base: 100_000, perByte: 3000 },
});

const words = target("command-line", {
  files: ["agent/cli/words.ts", "config/command-line.ts"],
  lengthMax: 150,
  seeds: () =>
    [
      "run\0--config\0a.yaml",
      "status\0--json",
      "config\0check\0x\0--kind=settings",
      "trace\0dv-1\0--state-dir\0/tmp",
      "version\0--parts",
    ].map(bytesOf),
  run: (input) => {
    try {
      const read = readWords(text(input).split("\0"));
      for (const value of [read.stateDir, read.runtimeDir, read.sysRoot, read.devRoot])
        assert.ok(typeof value === "string" && value !== "");
    } catch (caught) {
      if (!(caught instanceof Fault && caught.key === "usage")) throw caught;
    }
  },
  work: { base: 20_000, perByte: 300 },
});

// ── What was kept, and what is sent ─────────────────────────────────────────────────────────────────────────────────

const messages = target("wire-codec", {
  files: ["proto/codec.ts"],
  lengthMax: 600,
  seeds: () => goldens().map(({ hex }) => Uint8Array.from(Buffer.from(hex, "hex"))),
  run: (input) => {
    for (const decode of [decodeBatch, decodePresence, decodeHealth, decodeReported, decodeSignedDocument]) decode(input);
    let before = 0;
    for (const { start, end } of scanFields(input)) {
      assert.ok(start === before && end > start && end <= input.length, "fields do not follow one another");
      before = end;
    }
  },
  work: { base: 50_000, perByte: 500 },
});

const NAME = { run: 7n as Parameters<typeof checkSeed>[0]["run"], lane: "report", number: 3 } as const;
const CHECK_TAG = 0x7d;
/** Check fields as the spool writes them: CRC-32 of all that is before it. */
function checksMended(input: Uint8Array): Uint8Array {
  const bytes = input.slice();
  const view = new DataView(bytes.buffer);
  let running = checkSeed(NAME);
  let covered = 0;
  for (const { start, end } of scanFields(bytes)) {
    if (bytes[start] !== CHECK_TAG || end - start !== 5) continue;
    running = crc32(bytes.subarray(covered, start), running);
    view.setUint32(start + 1, running, true);
    running = crc32(bytes.subarray(start, end), running);
    covered = end;
  }
  return bytes;
}
const block = target("spool-block", {
  files: ["agent/spool/block.ts", "proto/codec.ts"],
  lengthMax: 300,
  seeds: () => {
    const check = Uint8Array.of(CHECK_TAG, 0, 0, 0, 0);
    const record = joined(Uint8Array.of(0x22, 4), ascii("abcd"));
    return [joined(record, check), joined(record, record, check, record, check), joined(check, record)].map(checksMended);
  },
  run: (input) => {
    const good = verifyBlock(input, NAME);
    if (good === undefined) return;
    assert.ok(good.length <= input.length && input[good.length - 5] === CHECK_TAG, "what is taken does not end in a check");
    const fields = [...scanFields(input.subarray(0, good.length))];
    assert.equal(good.records, fields.filter(({ field }) => field === 4).length, "records are miscounted");
    const other = verifyBlock(input, { ...NAME, number: 4 });
    assert.equal(other, undefined, "a block passes for another");
  },
  fixup: checksMended,
  work: { base: 20_000, perByte: 200 },
});

/** Parsers that no driver owns. */
export const PARSER_TARGETS: readonly Target[] = [framer, brokerPackets, strictJson, envelope, configuration, words, messages, block];
