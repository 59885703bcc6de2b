import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Wanted } from "../../agent/capture/agreement.ts";
import { type Capture, readCapture } from "../../agent/capture/capture-file.ts";
import { fromHex } from "../../config/bytes-text.ts";
import { Milliseconds } from "../../config/units.ts";
import { driverById } from "../../drivers/index.ts";
import { PATIENCE_MS, playback } from "../dev/playback.ts";
import { converse, expectAgreement } from "../drivers/agreement.ts";

const file = (driver: string, name: string): string =>
  readFileSync(join(import.meta.dirname, "../../drivers", driver, "captures", `${name}.jsonl`), "utf8");
const captureOf = (driver: string, name: string): Capture => readCapture(file(driver, `${name}.capture`)) as Capture;
const linesOf = (text: string): readonly Wanted[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Wanted);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
/** Asked at 0, answered at 100 ms; asked at 2 s, answered at 2.5 s. 960 bytes a second. */
const TALK: Capture = {
  head: { format: "bedside-capture-1", driver: "talk", origin: "document", speed: 9600 },
  pieces: [
    { t_ms: 0, dir: "tx", bytes: bytes("ONE\r") },
    { t_ms: 100, dir: "rx", bytes: bytes("first") },
    { t_ms: 2000, dir: "tx", bytes: bytes("TWO\r") },
    { t_ms: 2500, dir: "rx", bytes: bytes("second") },
  ],
};

/** Plays it in simulated time; `asked` at their times. What left, when, and how it ended. */
function played(capture: Capture, asked: readonly (readonly [at: number, text: string])[], { faster = 1, until = 60_000 } = {}) {
  const device = playback(capture, { faster, held: () => true });
  let state = device.start(0);
  const left: [at: number, text: string][] = [];
  for (let at = 0; at < until; at += 10) {
    const heard = bytes(
      asked
        .filter(([when]) => when >= at && when < at + 10)
        .map(([, text]) => text)
        .join(""),
    );
    const turn = device.step(state, heard, Milliseconds(at));
    state = turn.state;
    for (const sent of turn.sends) left.push([at, new TextDecoder().decode(sent.bytes)]);
  }
  return { left, phase: state.phase, failed: state.failed };
}

describe("a capture played as a device", () => {
  test.each(["nonin/emulated-disturbed", "masimo-ascii/emulated-rad-8", "puritan-bennett-840/emulated-alarms"])(
    "gives its driver the readings that were expected of it: %s",
    (path) => {
      const [id = "", name = ""] = path.split("/");
      const driver = driverById(id)!;
      const capture = captureOf(id, name);
      const device = playback(capture, { faster: 1, held: () => true });
      const { reader } = converse(driver, device, { seed: 0, time: Milliseconds(capture.pieces.at(-1)!.t_ms + 5000) });
      expectAgreement(driver, reader.conclusions, linesOf(file(id, `${name}.expected`)));
    },
  );

  test("answers what it is asked with the recorded delay, counted from the question", () => {
    const { left, phase } = played(TALK, [
      [1000, "ONE\r"],
      [5000, "TWO\r"],
    ]);
    expect(left).toEqual([
      [1100, "first"],
      [5500, "second"],
    ]);
    expect(phase).toBe("ended");
  });

  test("is as much faster as it is told, in pauses and on the line", () => {
    const { left } = played(
      TALK,
      [
        [1000, "ONE\r"],
        [5000, "TWO\r"],
      ],
      { faster: 5 },
    );
    expect(left).toEqual([
      [1020, "first"],
      [5100, "second"],
    ]);
    expect(playback(TALK, { faster: 5, held: () => true }).speed).toBe(48_000);
  });

  test("does not mind how a question is cut, nor that it comes early", () => {
    const { left, phase } = played(TALK, [
      [1000, "ON"],
      [1010, "E\rTWO"],
      [1500, "\r"],
    ]);
    expect([left.map(([, text]) => text), phase]).toEqual([["first", "second"], "ended"]);
  });

  test("fails at once, and says what was expected, where it is asked something else", () => {
    const { phase, failed, left } = played(TALK, [
      [1000, "ONE\r"],
      [3000, "TWI\r"],
      [4000, "TWO\r"],
    ]);
    expect([phase, left.length]).toEqual(["failed", 1]);
    expect(failed).toBe('expected was question 2 of 2, 54574f0d "TWO\\r" (4 bytes); heard was 5457490d "TWI\\r" (4 bytes)');
    expect(played(TALK, [[1000, "ONE\rTWO\rTHREE\r"]]).failed).toMatch(/^nothing more was asked, but heard was .*THREE/);
  });

  test("fails where it is not asked what it was asked", () => {
    const { phase, failed } = played(TALK, [[1000, "ONE\r"]]);
    expect(phase).toBe("failed");
    expect(failed).toBe(`question 2 of 2 was not asked for ${PATIENCE_MS / 1000} s: 54574f0d "TWO\\r" (4 bytes)`);
  });

  test("begins when somebody holds its port", () => {
    let held = false;
    const capture: Capture = { ...TALK, pieces: [{ t_ms: 10, dir: "rx", bytes: fromHex("00") }] };
    const device = playback(capture, { faster: 1, held: () => held });
    const waiting = device.step(device.start(0), new Uint8Array(), Milliseconds(5000));
    expect([waiting.sends, waiting.state.phase]).toEqual([[], "waiting"]);
    held = true;
    const { state } = device.step(waiting.state, new Uint8Array(), Milliseconds(6000));
    expect(state.phase).toBe("playing");
    expect(device.step(state, new Uint8Array(), Milliseconds(6300)).sends).toHaveLength(1);
  });
});
