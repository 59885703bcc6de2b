import { bbraunBcc } from "../../drivers/bbraun-bcc/driver.ts";
import { decimalText } from "../../drivers/kit/decimal.ts";
import type { Reading } from "../../drivers/kit/reading.ts";

/** Messages of a rack, written from the paper and not by the driver's own code. */

const STUFFED: Readonly<Record<string, string>> = { d: "ex", e: "ee", D: "EX", E: "EE" };
const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf8"));

export type Written = {
  readonly bed?: string;
  readonly more?: boolean;
  readonly stuffed?: boolean;
  readonly length?: number;
  readonly sum?: number;
};
export function message(info: string, { bed = "SpaceCOM", more = false, stuffed = false, ...claimed }: Written = {}): Uint8Array {
  const text = `${bed}/1/1>${info}`;
  const length = claimed.length ?? utf8(text).length + 14;
  const head = `\x01${String(length).padStart(5, "0")}\x02`;
  const end = more ? "\x17" : "\x03";
  const sum = claimed.sum ?? utf8(`${head}${text}${end}`).reduce((total, byte) => total + byte, 0) % 256;
  const body = stuffed ? text.replace(/[dDeE]/g, (letter) => STUFFED[letter]!) : text;
  return utf8(`${head}${body}${end}${String(sum).padStart(5, "0")}\x04`);
}

/** The quadruples of one pump at one time. */
export const pump = (slot: string, values: Readonly<Record<string, string>>, time = 300): string =>
  Object.entries(values)
    .map(([parameter, value]) => `${time},501${slot},${parameter},${value}`)
    .join("\x1e");
export const RUNNING = { INRT: "12.50", RUNSTATE: "2", INM2: "0", INM3: "1" };
export const answer = (...pumps: readonly string[]): Uint8Array => message(pumps.join("\x1e"));

/** The driver with its memory, fed by hand. */
export class RackReader {
  memory = bbraunBcc.memory;
  hear(frame: Uint8Array, gap = 0): readonly Reading[] {
    const { readings, memory } = bbraunBcc.decode(frame, this.memory, gap);
    this.memory = memory;
    return readings;
  }
}

/** What a driver that knows nothing yet makes of one answer. */
export const heard = (...pumps: readonly string[]): readonly Reading[] => new RackReader().hear(answer(...pumps));
/** A reader for which no request went unanswered. */
export function settled(...pumps: readonly string[]): RackReader {
  const reader = new RackReader();
  reader.hear(answer(...pumps));
  return reader;
}

/** Each reading as "13 INRT 12.50 questionable kvo"; of the rack without a slot. */
export const inWords = (readings: readonly Reading[]): readonly string[] =>
  readings.map((reading) => {
    const words = [...(reading.node === undefined ? [] : [reading.node.join("")]), ...said(reading)];
    if ("validity" in reading && reading.validity !== undefined) words.push(reading.validity);
    if (reading.reason !== undefined) words.push(reading.reason);
    if (reading.told === "unreadable" && reading.about !== undefined) words.push(reading.about);
    return words.join(" ");
  });
function said(reading: Reading): readonly string[] {
  switch (reading.told) {
    case "number":
      return [reading.metric.refid, decimalText(reading.value)];
    case "text":
      return [reading.metric.refid, JSON.stringify(reading.value)];
    case "absent":
      return [reading.metric.refid, "absent"];
    case "condition":
      return [reading.metric.refid, reading.present ? "present" : "not present"];
    case "identity":
      return [reading.fact, reading.value];
    case "deviceTime":
      return ["at", reading.value];
    case "unreadable":
      return ["unreadable", String(reading.bytes)];
    case "wave":
    case "removed":
      return [reading.told];
  }
}
/** What was told of one metric, in words. */
export const wordsOf = (readings: readonly Reading[], refid: string): readonly string[] =>
  inWords(readings.filter((reading) => "metric" in reading && reading.metric.refid === refid));
