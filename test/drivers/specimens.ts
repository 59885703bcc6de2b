import { Milliseconds } from "../../config/units.ts";
import { sum8 } from "../../drivers/kit/checks.ts";
import type { PlainFraming } from "../../drivers/kit/driver.ts";
import { unstuff } from "../../drivers/kit/framer.ts";
import { nonin } from "../../drivers/nonin/driver.ts";
import { puritanBennett840 } from "../../drivers/puritan-bennett-840/driver.ts";
import { ascii, join, type Random, type Specimen } from "./streams.ts";

/** Bytes of a value that no mark of the specimens uses. */
const quietly = (value: number) => (_: Random, length: number) => new Uint8Array(length).fill(value);
/** Two sums, so that a random candidate is not accepted by chance within the seeds of a test. */
function check(bytes: Uint8Array): Uint8Array {
  let hash = 7;
  for (const byte of bytes) hash = (hash * 31 + byte) & 0xff;
  return Uint8Array.of(sum8(bytes), hash);
}
const checked = (bytes: Uint8Array): boolean => {
  const [a, b] = check(bytes.subarray(0, -2));
  return bytes.at(-2) === a && bytes.at(-1) === b;
};
const sealed = (bytes: Uint8Array): Uint8Array => join(bytes, check(bytes));
const letters = (random: Random, length: number): Uint8Array => Uint8Array.from({ length }, () => 0x61 + random.below(26));

export const FIXED: Specimen = {
  name: "fixed",
  framing: { fixed: { start: 0x5a, length: 9, accepts: checked } },
  good: (random) => sealed(join(Uint8Array.of(0x5a), random.bytes(6))),
  quiet: quietly(0),
  bait: Uint8Array.of(0x5a),
  checkAt: 1,
};

export const LENGTH: Specimen = {
  name: "length",
  framing: {
    length: {
      start: 0xe7,
      header: 3,
      lengthMax: 300,
      idle: Milliseconds(50),
      size: (header) => header[1]! * 256 + header[2]!,
      accepts: checked,
    },
  },
  good: (random) => {
    const length = 5 + random.below(90);
    return sealed(join(Uint8Array.of(0xe7, 0, length), random.bytes(length - 5)));
  },
  quiet: quietly(0),
  bait: Uint8Array.of(0xe7, 0xff, 0xf0, 0xe7, 0x01, 0x20),
  checkAt: 1,
};

export const DELIMITED: Specimen = {
  name: "delimited",
  framing: { delimited: { start: "@@", end: "\r\n", lengthMax: 80, accepts: (frame) => checked(frame.subarray(0, -2)) } },
  good: (random) => {
    for (;;) {
      const frame = join(sealed(join(ascii("@@"), letters(random, random.below(60)))), ascii("\r\n"));
      if (frame.indexOf(0x0a) === frame.length - 1 && frame.lastIndexOf(0x40) === 1) return frame;
    }
  },
  quiet: quietly(0x2e),
  bait: ascii("@@@"),
  checkAt: 3,
};

export const LINES: Specimen = {
  name: "delimited without a start mark",
  framing: { delimited: { end: "\n", lengthMax: 64, accepts: (frame) => /^-?\d+\.\d, -?\d+\.\d\n$/.test(String.fromCharCode(...frame)) } },
  good: (random) =>
    ascii(`${random.below(2) === 0 ? "-" : ""}${random.below(100)}.${random.below(10)}, ${random.below(60)}.${random.below(10)}\n`),
  // Without a start mark junk spoils the line that it touches, so the quiet ends with an end mark.
  quiet: (_, length) => new Uint8Array(length).fill(0x2e).fill(0x0a, Math.max(0, length - 1)),
  bait: ascii("12.5, "),
  checkAt: 2,
};

const STUFFING = { flag: 0x7e, escape: 0x7d, xor: 0x20 } as const;
export const STUFFED: Specimen = {
  name: "stuffed",
  framing: {
    stuffed: {
      ...STUFFING,
      lengthMax: 120,
      accepts: (frame) => {
        const content = unstuff(frame, STUFFING);
        return content !== undefined && content.length > 2 && checked(content);
      },
    },
  },
  good: (random) => {
    const content = sealed(random.bytes(1 + random.below(40)));
    const stuffed = Array.from(content).flatMap((byte) =>
      byte === STUFFING.flag || byte === STUFFING.escape ? [STUFFING.escape, byte ^ STUFFING.xor] : [byte],
    );
    return Uint8Array.of(STUFFING.flag, ...stuffed, STUFFING.flag);
  },
  quiet: quietly(0),
  bait: Uint8Array.of(0x7e, 0x7e, 0x7d),
  checkAt: 2,
};

/** One frame of Nonin's format 2 (OX1-2). */
export function noninFrame(status: number, pleth: number, float: number): Uint8Array {
  const bytes = Uint8Array.of(0x01, status | 0x80, pleth, float);
  return join(bytes, Uint8Array.of(sum8(bytes)));
}
export const NONIN: Specimen = {
  name: "nonin",
  framing: nonin.frame,
  // Pleth and float never make a false frame here: 01 stands at the beginning only, so that the laws are not blurred by the weak sum.
  good: (random) => noninFrame(random.below(64), 2 + random.below(250), 2 + random.below(120)),
  quiet: quietly(0),
  bait: Uint8Array.of(0x01, 0x81),
  checkAt: 1,
};

/** An answer of a ventilator with the given texts behind time, id and date, padded as they come. */
export function pb840Answer(command: "MISCF" | "MISCA", fields: readonly string[]): Uint8Array {
  const body = fields.map((field) => `${field},`).join("");
  return ascii(`${command},${body.length},${fields.length} ,\x02${body}\x03\r`);
}
export const PB840: Specimen = {
  name: "puritan-bennett-840",
  framing: puritanBennett840.frame,
  good: (random) =>
    pb840Answer(random.below(2) === 0 ? "MISCF" : "MISCA", [
      "14:51 ",
      "840 3510053249    ",
      "NOV 22 2011 ",
      ...Array.from({ length: random.below(150) }, () => ["      ", "0.378 ", "OFF   ", "NORMAL", "RESET "][random.below(5)]!),
    ]),
  quiet: quietly(0x2e),
  bait: ascii("MISCF,1225,169 ,\x02"),
  checkAt: 3,
};

/** A record of curves: its head, and as many pairs as its head says. */
export const HEADED: PlainFraming = {
  headed: {
    start: [[0xd0, 0xdf]],
    lengthMax: 9,
    idle: Milliseconds(100),
    accepts: (frame) => frame.length === 1 + 2 * (frame[0]! & 3) && frame.subarray(1).every((byte) => (byte & 0xc0) === 0x80),
  },
};
const closed = (mark: number, text: string): Uint8Array => {
  const content = join(Uint8Array.of(mark), ascii(text));
  return join(content, ascii(Buffer.from(check(content)).toString("hex")), Uint8Array.of(0x0d));
};
const isClosed = (frame: Uint8Array): boolean =>
  frame.length >= 6 && Buffer.from(closed(frame[0]!, String.fromCharCode(...frame.subarray(1, -5)))).equals(frame);
export const answerOf = (text: string): Uint8Array => closed(0x01, text);
export const commandOf = (text: string): Uint8Array => closed(0x1b, text);
/** As Medibus: curves and flow control anywhere, and a command anywhere in an answer. */
export const DEMUX: Specimen = {
  name: "demultiplexed",
  framing: {
    demux: {
      byteClass: {
        fast: { bytes: [[0x80, 0xff]], aside: true, frame: HEADED },
        flow: { bytes: [0x11, 0x13], aside: true, frame: { fixed: { length: 1, accepts: () => true } } },
      },
      nested: { never: [0x01], frame: { delimited: { start: "\x1b", end: "\r", lengthMax: 40, accepts: isClosed } } },
      rest: { frame: { delimited: { start: "\x01", end: "\r", lengthMax: 200, accepts: isClosed } } },
    },
  },
  good: (random) => closed(random.below(3) === 0 ? 0x1b : 0x01, String.fromCharCode(...letters(random, 1 + random.below(30)))),
  quiet: quietly(0x2e),
  bait: Uint8Array.of(0x01, 0x1b, 0x24, 0x01, 0xd1, 0x1b),
  checkAt: 2,
};

export const SPECIMENS: readonly Specimen[] = [FIXED, LENGTH, DELIMITED, LINES, STUFFED, NONIN, PB840, DEMUX];
