import { after, Milliseconds, type Mono } from "../../config/units.ts";
import { draegerMedibus } from "../../drivers/draeger-medibus/driver.ts";
import { ESC, SOH, telegram, textOf } from "../../drivers/draeger-medibus/telegram.ts";
import { decimalText } from "../../drivers/kit/decimal.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { Reader } from "./agreement.ts";
import { ascii, framesOf, join } from "./streams.ts";

const { decode, frame: framing, memory: START } = draegerMedibus;
export type Memory = typeof START;

export const answer = (code: number, text = ""): Uint8Array => telegram(SOH, code, text);
export const command = (code: number, text = ""): Uint8Array => telegram(ESC, code, text);
export const EVITA_4 = "8240'Evita 4'04.20:03.00";
export const EVITA = decode(answer(0x52, EVITA_4), START, 0).memory;

/** What these frames tell, one after the other, and what is remembered then. */
export function heard(
  frames: readonly Uint8Array[],
  memory: Memory = EVITA,
): { readonly readings: readonly Reading[]; readonly memory: Memory } {
  return frames.reduce<{ readonly readings: readonly Reading[]; readonly memory: Memory }>(
    (before, frame) => {
      const { readings, memory: next } = decode(frame, before.memory, 0);
      return { readings: [...before.readings, ...readings], memory: next };
    },
    { readings: [], memory },
  );
}
export const readingsOf = (frame: Uint8Array, memory: Memory = EVITA): readonly Reading[] => heard([frame], memory).readings;
export const framed = (bytes: Uint8Array): readonly Uint8Array[] => {
  const framer = createFramer(framing);
  return framesOf([...framer.push(bytes), ...framer.flush()]);
};

/** A reading in a few words: "m1.7D 12.3", "t02 absent not_sent", "w00 [81] from 0". */
export function words(reading: Reading): string {
  switch (reading.told) {
    case "number":
      return `${reading.metric.name} ${decimalText(reading.value)}`;
    case "text":
      return `${reading.metric.name} "${reading.value}"`;
    case "absent":
      return `${reading.metric.name} absent ${reading.validity} ${reading.reason}`;
    case "wave":
      return `${reading.metric.name} [${reading.samples}] from ${reading.first}${reading.gapBefore === true ? " torn" : ""}`;
    case "condition":
      return `${reading.metric.name} ${reading.present ? "on" : "off"}${reading.word === undefined ? "" : ` "${reading.word}"`}`;
    case "identity":
      return `${reading.fact} "${reading.value}"`;
    case "deviceTime":
      return `time "${reading.value}"`;
    case "removed":
      return `removed ${reading.node.join("/")}`;
    case "unreadable":
      return `unreadable ${reading.bytes} ${reading.reason}${reading.about === undefined ? "" : ` ${reading.about}`}`;
  }
}
export const told = (frame: Uint8Array, memory: Memory = EVITA): readonly string[] => readingsOf(frame, memory).map(words);

// ── A device on the line ────────────────────────────────────────────────────────────────────────────────────────────

export type Heard = { readonly code: number; readonly text: string; readonly isAnswer: boolean; readonly ms: number };
/** Answers what it is asked; `undefined`: it says nothing. */
export type Answers = (heard: Heard) => Uint8Array | undefined;
/** What a device with everything answers. */
export const PAGES: Readonly<Record<number, string>> = {
  81: "",
  82: EVITA_4,
  83: "00   16000-  10  10037006   16000-  20  100460",
  84: "",
  36: "7D 25 EB 98 ",
  39: "N10PAW HIGH    ",
  40: "11:11:1911-NOV-93",
  41: "04 0.50",
  42: "014IPPV\x03",
};
export const answering =
  (change: Readonly<Record<number, string | null>> = {}): Answers =>
  ({ code, isAnswer }) => {
    const text = code in change ? change[code] : (PAGES[code] ?? "");
    return isAnswer || text === null ? undefined : answer(code, text);
  };

/** The driver on the agent's link against a device by hand, a step of 20 ms each. */
export class Line {
  readonly reader = new Reader(draegerMedibus);
  readonly heard: Heard[] = [];
  /** Sync commands that were heard. */
  readonly enabled: string[] = [];
  #ms = 0;
  readonly #answers: Answers;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  get now(): Mono {
    return after(0n as Mono, Milliseconds(this.#ms));
  }

  /** So many steps; `say` is what the device says by itself in the first of them. */
  run(steps: number, say: Uint8Array = new Uint8Array()): this {
    let saying = say;
    for (let step = 0; step < steps; step++) {
      this.reader.hear(saying, this.now);
      saying = join(...this.reader.writes.splice(0).map((bytes) => this.#answer(bytes)));
      this.#ms += 20;
    }
    if (saying.length > 0) this.reader.hear(saying, this.now);
    return this;
  }

  #answer(bytes: Uint8Array): Uint8Array {
    if (bytes[0] === 0xd0) {
      this.enabled.push(Buffer.from(bytes).toString("hex"));
      return new Uint8Array();
    }
    const one = { code: bytes[1]!, text: textOf(bytes), isAnswer: bytes[0] === SOH, ms: this.#ms };
    this.heard.push(one);
    return this.#answers(one) ?? new Uint8Array();
  }

  codes(): readonly string[] {
    return this.heard.map(({ code, isAnswer }) => `${isAnswer ? "<" : ""}${code.toString(16)}`);
  }
  words(): readonly string[] {
    return this.reader.readings.map(words);
  }
}
export { ascii, ESC };
