import { describe, expect, test } from "vitest";
import { type CaptureHead, headLine, pieceLine, rawCapture, readCapture } from "../../agent/capture/capture-file.ts";
import { fromHex } from "../../config/bytes-text.ts";

const HEAD: CaptureHead = { format: "bedside-capture-1", driver: "nonin", origin: "device", speed: 9600, line: { format: "8N1" } };
const FIRST = headLine(HEAD);
const piece = (more: object): string => `${JSON.stringify({ t_ms: 1, dir: "rx", hex: "01", ...more })}\n`;
const mistakeIn = (text: string): string => {
  const read = readCapture(text);
  return "mistake" in read ? read.mistake : "none";
};

describe("a capture file", () => {
  test("is read as it was written, with what its header says beside", () => {
    const pieces = [
      { t_ms: 0, dir: "tx", bytes: fromHex("00ff") },
      { t_ms: 20.5, dir: "rx", bytes: fromHex("0a") },
      { t_ms: 20.5, dir: "rx", bytes: fromHex("5858"), blank: true },
    ] as const;
    expect(readCapture(FIRST + pieces.map(pieceLine).join(""))).toEqual({ head: HEAD, pieces });
  });

  // biome-ignore format: a table is read by eye.
  const REFUSED: readonly (readonly [text: string, says: RegExp])[] = [
    ["",                                              /^line 1 is no header/],
    ["\u0001\u0080garbage",                           /^line 1 is no header/],
    [FIRST.replace("capture-1", "capture-2"),         /^line 1 is no header/],
    [FIRST.replace("9600", "0"),                      /^line 1: a header says/],
    [FIRST.replace('"device"', '"moon"'),             /^line 1: a header says/],
    [`${FIRST}no json\n`,                             /^line 2: no JSON/],
    [`${FIRST}[]\n`,                                  /^line 2: no JSON object/],
    [FIRST + piece({}) + piece({ hex: "0" }),         /^line 3: hex/],
    [FIRST + piece({ hex: "zz" }),                    /^line 2: hex/],
    [FIRST + piece({ hex: "" }),                      /^line 2: hex/],
    [FIRST + piece({ hex: "00".repeat(65_537) }),     /^line 2: hex has more than/],
    [FIRST + piece({ dir: "up" }),                    /^line 2: dir/],
    [FIRST + piece({ t_ms: -1 }),                     /^line 2: t_ms/],
    [FIRST + piece({ t_ms: "1" }),                    /^line 2: t_ms/],
    [FIRST + piece({ t_ms: 5 }) + piece({ t_ms: 4 }), /^line 3 is earlier/],
  ];
  test.each(REFUSED)("that is none is told with its line: %j", (text, says) => {
    expect(mistakeIn(text)).toMatch(says);
  });

  test("of bytes without a header has them in order, at the time that the line needs", () => {
    const bytes = Uint8Array.from({ length: 200 }, (_, i) => i);
    const { head, pieces } = rawCapture(bytes, { driver: "nonin", speed: 9600 });
    expect(head).toMatchObject({ origin: "recording", driver: "nonin", speed: 9600 });
    expect(pieces.flatMap((one) => [...one.bytes])).toEqual([...bytes]);
    expect(pieces.at(-1)?.t_ms).toBe(208);
  });
});
