import assert from "node:assert/strict";
import * as attributes from "../../drivers/philips-intellivue/emulator-attributes.ts";
import { type Attribute, attribute, type Context, type Link, type PollHead } from "../../drivers/philips-intellivue/emulator-message.ts";

/** A reader of messages after the paper, which knows nothing of the emulator but the names of its own parts. */

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
export const u16 = (bytes: Uint8Array, at: number): number => view(bytes).getUint16(at);
export const u32 = (bytes: Uint8Array, at: number): number => view(bytes).getUint32(at);
export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
export const hexOf = (bytes: ArrayLike<number>): string => Buffer.from(Array.from(bytes)).toString("hex");

/** FCS by the paper's polynomial, with a table; 3A 71 gives 269B. */
export function fcsOf(bytes: Uint8Array): number {
  return bytes.reduce((crc, byte) => (crc >> 8) ^ FCS[(crc ^ byte) & 0xff]!, 0xffff) ^ 0xffff;
}
const FCS = Array.from({ length: 256 }, (_, n) => Array.from({ length: 8 }).reduce<number>((c) => (c & 1 ? 0x8408 : 0) ^ (c >> 1), n));
export function framed(message: Uint8Array): Uint8Array {
  const content = Uint8Array.from([0x11, 0x01, message.length >> 8, message.length & 0xff, ...message]);
  const check = fcsOf(content);
  const escaped = [...content, check & 0xff, check >> 8].flatMap((byte) =>
    [0xc0, 0xc1, 0x7d].includes(byte) ? [0x7d, byte ^ 0x20] : [byte],
  );
  return Uint8Array.from([0xc0, ...escaped, 0xc1]);
}
export function unframed(frame: Uint8Array): Uint8Array {
  assert.deepEqual([frame[0], frame.at(-1)], [0xc0, 0xc1]);
  const bytes: number[] = [];
  for (let at = 1; at < frame.length - 1; at++) bytes.push(frame[at] === 0x7d ? frame[++at]! ^ 0x20 : frame[at]!);
  const content = Uint8Array.from(bytes.slice(0, -2));
  assert.equal(fcsOf(content), bytes.at(-2)! | (bytes.at(-1)! << 8));
  assert.deepEqual([content[0], content[1], u16(content, 2)], [0x11, 0x01, content.length - 4]);
  return content.slice(4);
}

/** Entries of a list of count and length; every length is exact. */
function entries<T>(bytes: Uint8Array, entry: (rest: Uint8Array) => readonly [T, number]): readonly T[] {
  assert.equal(u16(bytes, 2), bytes.length - 4);
  const all: T[] = [];
  let rest = bytes.slice(4);
  for (let left = u16(bytes, 0); left > 0; left--) {
    const [one, length] = entry(rest);
    all.push(one);
    rest = rest.slice(length);
  }
  assert.equal(rest.length, 0);
  return all;
}
export type RawAttribute = { readonly id: number; readonly value: Uint8Array };
export const rawAttributes = (bytes: Uint8Array): readonly RawAttribute[] =>
  entries(bytes, (rest) => [{ id: u16(rest, 0), value: rest.slice(4, 4 + u16(rest, 2)) }, 4 + u16(rest, 2)]);
const listLength = (bytes: Uint8Array): number => 4 + u16(bytes, 2);

export type RawObject = { readonly handle: number; readonly attributes: readonly RawAttribute[] };
export type RawPoll = {
  readonly head: PollHead;
  readonly link: Link | undefined;
  readonly contexts: readonly { readonly context: number; readonly objects: readonly RawObject[] }[];
};
/** A poll result, single or extended, linked or not; undefined where the message is another one. */
export function pollOf(message: Uint8Array): RawPoll | undefined {
  if (!READ.has(message)) READ.set(message, readPoll(message));
  return READ.get(message);
}
/** A test looks at the same message more than once. */
const READ = new WeakMap<Uint8Array, RawPoll | undefined>();
function readPoll(message: Uint8Array): RawPoll | undefined {
  const kind = message[0] === 0xe1 ? u16(message, 4) : 0;
  if (kind !== 2 && kind !== 5) return undefined;
  assert.equal(u16(message, 6), message.length - 8);
  const body = message.slice(kind === 5 ? 10 : 8);
  if (u16(body, 2) !== 7) return undefined;
  assert.deepEqual([u16(body, 4), hexOf(body.slice(6, 12)), u16(body, 14)], [body.length - 6, "002100000000", body.length - 16]);
  const action = u16(body, 12);
  const extended = action === 0xf13b;
  const rest = body.slice(extended ? 20 : 18);
  const head = {
    ...{ invoke: u16(body, 0), action, number: u16(body, 16), ...(extended ? { sequence: u16(body, 18) } : {}) },
    ...{ time: u32(rest, 0), absolute: [...rest.slice(4, 12)], class: u16(rest, 14), group: u16(rest, 16) },
  };
  const contexts = entries(rest.slice(18), (context) => {
    const length = listLength(context.slice(2));
    const objects = entries(context.slice(2, 2 + length), (object) => {
      const size = listLength(object.slice(2));
      return [{ handle: u16(object, 0), attributes: rawAttributes(object.slice(2, 2 + size)) }, 2 + size];
    });
    return [{ context: u16(context, 0), objects }, 2 + length];
  });
  return { head, link: kind === 5 ? { state: message[8]!, count: message[9]! } : undefined, contexts };
}

// ── The same message in the emulator's own terms ────────────────────────────────────────────────────────────────────

const signed = (value: number, bits: number): number => (value >= 2 ** (bits - 1) ? value - 2 ** bits : value);
const floatOf = (bytes: Uint8Array, at: number) => {
  const mantissa = u32(bytes, at) & 0xffffff;
  return { exponent: signed(bytes[at]!, 8), mantissa: mantissa >= 0x7ffffe && mantissa <= 0x800002 ? mantissa : signed(mantissa, 24) };
};
export const numericOf = (bytes: Uint8Array) => ({
  physio: u16(bytes, 0),
  state: u16(bytes, 2),
  unit: u16(bytes, 4),
  number: floatOf(bytes, 6),
});
export const samplesOf = (bytes: Uint8Array) => ({
  ...{ physio: u16(bytes, 0), state: u16(bytes, 2) },
  samples: Array.from({ length: u16(bytes, 4) / 2 }, (_, index) => u16(bytes, 6 + 2 * index)),
});
export const numericsOf = (bytes: Uint8Array) => entries(bytes, (rest) => [numericOf(rest), 10]);
export const sampleArraysOf = (bytes: Uint8Array) => entries(bytes, (rest) => [samplesOf(rest), 6 + u16(rest, 4)]);
const textOf = (bytes: Uint8Array, at: number): string =>
  String.fromCharCode(...Array.from({ length: u16(bytes, at) / 2 - 1 }, (_, index) => u16(bytes, at + 2 + 2 * index)));
const latinOf = (bytes: Uint8Array, at: number): string => Buffer.from(bytes.slice(at + 2, at + 1 + u16(bytes, at))).toString("latin1");

const TYPED: Readonly<Record<number, (value: Uint8Array) => Attribute>> = {
  2337: (value) => attributes.handle(u16(value, 0)),
  2351: (value) => attributes.type(u16(value, 2)),
  2367: (value) => attributes.metricSpec(u32(value, 0), [...value.slice(4)]),
  2340: (value) => attributes.label(u32(value, 0)),
  2343: (value) => attributes.labelString(textOf(value, 0)),
  2454: (value) => attributes.unit(u16(value, 0)),
  2384: (value) => attributes.numeric(numericOf(value)),
  2379: (value) => attributes.compoundNumeric(numericsOf(value)),
  2414: (value) => attributes.samples(samplesOf(value)),
  2407: (value) => attributes.compoundSamples(sampleArraysOf(value)),
  2413: (value) => attributes.sampleSpec({ count: u16(value, 0), significant: value[3]!, flags: u16(value, 4) }),
  2445: (value) => attributes.samplePeriod(u32(value, 0)),
  2415: (value) =>
    attributes.scaleRange({ low: floatOf(value, 0), high: floatOf(value, 4), rawLow: u16(value, 8), rawHigh: u16(value, 10) }),
  2306: (value) =>
    attributes.alerts(
      0x0902,
      entries(value, () => [NO_ALERT, 0]),
    ),
  2308: (value) =>
    attributes.alerts(
      0x0904,
      entries(value, () => [NO_ALERT, 0]),
    ),
  2326: (value) => attributes.alertCondition(u16(value, 0), u16(value, 2)),
  2436: (value) => attributes.systemId([...value.slice(2)]),
  2344: (value) => attributes.model(latinOf(value, 0), latinOf(value, 2 + u16(value, 0))),
  2359: (value) => attributes.locale(u32(value, 0), u16(value, 4)),
  2374: (value) => attributes.operatingMode(u16(value, 0)),
  2334: (value) => attributes.text(0x091e, textOf(value, 0)),
  2439: (value) => attributes.absoluteTime([...value]),
  2447: (value) => attributes.relativeTime(u32(value, 0)),
};
/** The recorded lists are empty. */
const NO_ALERT = { source: 0, code: 0, type: 0, state: 0, text: "" };

/** `counts` learns how many attributes went through terms of the emulator, and how many it does not know. */
export type Counts = { typed: number; opaque: number };
export function termsOf(all: readonly RawAttribute[], counts: Counts): readonly Attribute[] {
  return all.map(({ id, value }) => {
    const typed = TYPED[id];
    counts[typed === undefined ? "opaque" : "typed"] += 1;
    return typed === undefined ? attribute(id, [...value]) : typed(value);
  });
}
export const contextsOf = ({ contexts }: RawPoll, counts: Counts): readonly Context[] =>
  contexts.map(({ context, objects }) => ({
    context,
    objects: objects.map(({ handle, attributes: all }) => ({ handle, attributes: termsOf(all, counts) })),
  }));

// ── A client after the paper ────────────────────────────────────────────────────────────────────────────────────────

const FIXED =
  "3180 A080 800101 0000 A280 A003 000001 A480 3080 020101 0604 52010001 3080 0602 5101 0000 0000 3080 020102 060C 2A8648CE14020100000001 01" +
  "3080 060C 2A8648CE14020100000002 01 0000 0000 0000 6180 3080 020101 A080 6080 A180 060C 2A8648CE14020100000003 01 0000 BE80 2880" +
  "060C 2A8648CE14020100000001 01 020102";
const word = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");
export type Wish = { readonly period?: number; readonly mtu?: number; readonly options?: number };
export function associate({ period = 16_000, mtu = 1400, options = 0x8c000000 }: Wish = {}): Uint8Array {
  const profile = `80000000 ${word(period)} ${word(mtu)} ${word(mtu)} FFFFFFFF 60000000 0001 000C F001 0008 ${word(options)} 0000 0000`;
  const user = `80000000 40000000 00000000 80000000 20000000 0000 0000 0001 002C 0001 0028 ${profile}`;
  const message = bytesOf(`0D EC 0508 1301 0016 0102 8000 1402 0002 C1 DC ${FIXED} 81 48 ${user} ${"00".repeat(16)}`);
  assert.equal(message.length, 238);
  return framed(message);
}
export const say = (hex: string): Uint8Array => framed(bytesOf(hex));
export const CONFIRM = say("E1000002 0002 0014 0001 0001 000E 0021 0000 0000 00000000 0D06 0000");
export const RELEASE = say("09 18 C1 16 6180 3080 020101 A080 6280 8001 00 0000 0000 0000 0000");
export const single = (of: string, group = "0000"): Uint8Array =>
  say(`E1000002 0001001C 03E9 0007 0016 0021 0000 0000 00000000 0C16 0008 0000 0001 ${of} ${group}`);
export const extended = (of: string, ticks: number, group = "0000"): Uint8Array =>
  say(`E1000002 00010028 03EB 0007 0022 0021 0000 0000 00000000 F13B 0014 0000 0001 ${of} ${group} 0001 0008 F13E 0004 ${word(ticks)}`);
export const PRIORITY = say(
  "E1000002 0001 002A 0010 0005 0024 0021 0000 0000 00000000 0001 0016 0000 F23A 0010 0003 000C 00024A14 00025000 00024BB4",
);

// ── Names and alarms ────────────────────────────────────────────────────────────────────────────────────────────────

export const NAMES: Readonly<Record<number, string>> = {
  16770: "MDC_ECG_HEART_RATE",
  19384: "MDC_PULS_OXIM_SAT_O2",
  18466: "MDC_PULS_OXIM_PULS_RATE",
  19376: "MDC_PULS_OXIM_PERF_REL",
  20490: "MDC_RESP_RATE",
  18442: "MDC_PULS_RATE",
  20656: "MDC_AWAY_CO2_ET",
  19272: "MDC_TEMP",
  18949: "MDC_PRESS_BLD_NONINV_SYS",
  18950: "MDC_PRESS_BLD_NONINV_DIA",
  18951: "MDC_PRESS_BLD_NONINV_MEAN",
  18965: "MDC_PRESS_BLD_ART_ABP_SYS",
  18966: "MDC_PRESS_BLD_ART_ABP_DIA",
  18967: "MDC_PRESS_BLD_ART_ABP_MEAN",
  258: "MDC_ECG_ELEC_POTL_II",
  257: "MDC_ECG_ELEC_POTL_I",
  19380: "MDC_PULS_OXIM_PLETH",
  20480: "MDC_RESP",
  18964: "MDC_PRESS_BLD_ART_ABP",
};

/** Conditions by source and code of an alarm. */
export const ALARMS: Readonly<Record<string, string>> = {
  "16770 40": "intellivue.high.4182",
  "19384 62": "intellivue.low.4BB8",
  "20490 136": "MDC_EVT_BREATH_ABSENT",
  "16993 66": "intellivue.alert.physiological",
  "19384 308": "MDC_EVT_SENSOR_DISCONN",
  "258 274": "MDC_EVT_LEADS_OFF",
  "18948 354": "MDC_EVT_MSMT_ERR",
};

/** Sources and codes of an alert list, walked entry by entry. */
export function alertsIn(list: Uint8Array): readonly string[] {
  const alerts: string[] = [];
  let at = 4;
  for (let left = u16(list, 0); left > 0; left--) {
    alerts.push(`${u16(list, at)} ${u16(list, at + 2)}`);
    assert.equal(u16(list, at + 14), 0x0204);
    at += 18 + u16(list, at + 16);
  }
  assert.deepEqual([at, u16(list, 2)], [list.length, list.length - 4]);
  return alerts;
}
