import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Mono } from "../../config/units.ts";
import { draegerMedibus } from "../../drivers/draeger-medibus/driver.ts";
import { TX } from "../../drivers/draeger-medibus/talk.ts";
import { isAnswer } from "../../drivers/draeger-medibus/telegram.ts";
import { DialogueRunner } from "../../drivers/kit/dialogue.ts";
import type { Template } from "../../drivers/kit/driver.ts";
import { answer, answering, command, Line, PAGES } from "./medibus-line.ts";
import { changed, join } from "./streams.ts";

const { memory: START } = draegerMedibus;
const SECOND = 50;
const OWN_IDENTITY = "0161'Bedside'01.00:03.00";
/** The codes that were asked, without repeats in a row. */
const ONE_ROUND = ["24", "27", "2b", "2e"];

describe("a talk", () => {
  test("initialises, asks who the device is, configures its curves, and goes through the pages", () => {
    const line = new Line(answering()).run(3 * SECOND);
    expect(line.codes().slice(0, 9)).toEqual(["51", "52", "53", "54", ...ONE_ROUND, "29"]);
    expect(line.heard[3]).toMatchObject({ text: "00010601" });
    // 200 ms after the device was initialised it may be asked who it is.
    expect(line.heard[1]!.ms).toBeGreaterThanOrEqual(200);
    expect(line.codes().slice(9, 14)).toEqual([...ONE_ROUND, "2a"]);
    expect(line.words()).toEqual(expect.arrayContaining(["m1.7D 25", "m1.EB 98", 'a1.10.30 on "PAW HIGH"', "s04 0.50", 't01 "IPPV"']));
    expect(new Set(line.enabled)).toEqual(new Set(["d0c1c3c0c0"]));
    expect(line.enabled.length).toBeGreaterThan(2);
    line.reader.expectConserved();
  });

  test("goes through every page, asks one thing at a time, and is never silent for 3 s", () => {
    const line = new Line(answering()).run(15 * SECOND);
    expect(new Set(line.codes())).toEqual(
      new Set(["51", "52", "53", "54", "24", "25", "26", "27", "28", "29", "2a", "2b", "2c", "2d", "2e"]),
    );
    const pauses = line.heard.slice(1).map(({ ms }, i) => ms - line.heard[i]!.ms);
    expect(Math.max(...pauses)).toBeLessThan(1000);
  });

  test("repeats its ICC every 3 s until the device answers, and takes the device's own for an answer", () => {
    const silent = new Line(() => undefined).run(10 * SECOND);
    expect(silent.codes()).toEqual(["51", "51", "51", "51"]);
    expect(silent.heard.map(({ ms }) => ms)).toEqual([0, 3000, 6000, 9000]);
    const line = new Line(answering({ 81: null })).run(10).run(SECOND, command(0x51));
    expect(line.codes().slice(0, 4)).toEqual(["51", "<51", "52", "53"]);
  });

  test("answers who we are where the device asks in the middle of its answer, and with an echo whatever else it asks", () => {
    const icc = answer(0x51);
    const asks = join(icc.subarray(0, 3), command(0x52), icc.subarray(3));
    const line = new Line(({ code, ...rest }) => (code === 0x51 ? asks : answering()({ code, ...rest }))).run(SECOND);
    expect(line.codes().slice(0, 3)).toEqual(["51", "<52", "52"]);
    expect(line.heard[1]!.text).toBe(OWN_IDENTITY);
    line.run(SECOND, join(command(0x49), command(0x30), command(0x24), command(0x7a)));
    const echoes = line.heard.filter(({ isAnswer: is }) => is).slice(1);
    expect(echoes.map(({ code, text }) => [code, text])).toEqual([
      [0x49, ""],
      [0x30, ""],
      [0x24, ""],
      [0x7a, ""],
    ]);
  });

  test("reads a device that sends curves between all its bytes, and asks who we are in the middle of each answer", () => {
    const records = [0xd3, 0x91, 0x81, 0x8d, 0x83];
    let sent = 0;
    const busy = (bytes: Uint8Array): Uint8Array =>
      Uint8Array.from([...bytes].flatMap((byte) => [byte, records[sent++ % records.length]!]));
    const line = new Line((heard) => {
      const whole = answering()(heard);
      if (whole === undefined) return undefined;
      const place = 1 + (sent % (whole.length - 1));
      return busy(join(whole.subarray(0, place), command(0x52), whole.subarray(place)));
    }).run(5 * SECOND);
    expect(line.words()).toEqual(expect.arrayContaining(["m1.7D 25", "m1.EB 98", 'a1.10.30 on "PAW HIGH"', "s04 0.50", 't01 "IPPV"']));
    const asked = line.codes().filter((code) => !code.startsWith("<"));
    const answered = line.heard.filter(({ isAnswer: is, text }) => is && text === OWN_IDENTITY);
    expect(Math.abs(asked.length - answered.length)).toBeLessThanOrEqual(1);
    expect(asked).toHaveLength(new Line(answering()).run(5 * SECOND).codes().length);
    const waves = line.words().filter((one) => one.startsWith("w"));
    expect(waves.slice(-2).map((one) => one.replace(/ from .*/, ""))).toEqual(["w00 [81]", "w06 [205]"]);
    line.reader.expectConserved();
    // Where it pauses within a record, that record is broken; no telegram is.
    expect(line.reader.counts.broken).toBeLessThan(10);
  });

  test("begins anew where the device initialises in its midst: who it is and its curves are asked again", () => {
    const line = new Line(answering()).run(2 * SECOND);
    const before = line.heard.length;
    line.run(2 * SECOND, command(0x51));
    const codes = line.codes().slice(before);
    expect(codes.slice(codes.indexOf("<51"), codes.indexOf("<51") + 5)).toEqual(["<51", "52", "53", "54", codes[codes.indexOf("<51") + 4]]);
  });

  test("asks for the curves again where the device says that they changed", () => {
    const line = new Line(answering()).run(2 * SECOND);
    const before = line.heard.length;
    line.run(SECOND, command(0x56));
    const codes = line
      .codes()
      .slice(before)
      .filter((code) => ["<56", "53", "54"].includes(code));
    expect(codes).toEqual(["<56", "53", "54"]);
  });

  test("sends nothing while the device says so, and goes on when it says so or after 3 s", () => {
    const line = new Line(answering()).run(2 * SECOND);
    line.run(1, Uint8Array.of(0x11));
    const before = line.heard.length;
    line.run(2 * SECOND);
    // One that was written before the stop was heard.
    expect(line.heard.length).toBeLessThanOrEqual(before + 1);
    line.run(5, Uint8Array.of(0x13));
    expect(line.heard.length).toBeGreaterThan(before + 1);
    line.run(1, Uint8Array.of(0x11));
    const stopped = line.heard.length;
    line.run(5 * SECOND);
    expect(line.heard.length).toBeGreaterThan(stopped + 5);
  });

  test("answers what the device asked while it let nothing be sent, before it goes on", () => {
    const line = new Line(answering()).run(2 * SECOND).run(SECOND, Uint8Array.of(0x11));
    const before = line.heard.length;
    line.run(10, command(0x51)).run(40, Uint8Array.of(0x13));
    expect(line.codes().slice(before, before + 3)).toEqual(["<51", "52", "53"]);
  });

  test("answers the commands of a device that took the place of another from its first on", () => {
    const memory = { ...START, commands: { count: 5, last: [0x30] } };
    let now: typeof START = memory;
    const runner = new DialogueRunner(draegerMedibus, () => now);
    const sent = (code: number): readonly (number | undefined)[] => {
      const seen = { frame: command(code), readings: [], at: 0n as Mono };
      return runner.step(0n as Mono, { saw: "frame", seen }).writes.map((bytes) => bytes[1]);
    };
    runner.step(0n as Mono);
    expect(sent(0x30)).toEqual([0x30]);
    now = { ...START, commands: { count: 1, last: [0x49] } };
    expect(sent(0x49)).toEqual([0x49]);
  });

  test("does not wait longer because the device asks things meanwhile (MB-53)", () => {
    const line = new Line(answering({ 36: null })).run(2 * SECOND);
    for (let seconds = 0; seconds < 24; seconds += 2) line.run(2 * SECOND, command(0x30));
    const asked = line.heard.filter(({ code }) => code === 0x24).map(({ ms }) => ms);
    expect(asked.length).toBeGreaterThanOrEqual(2);
    expect(asked[1]! - asked[0]!).toBeLessThan(13_000);
  });

  test("asks again where an answer is broken, refused or aborted, and tells a broken command that it was", () => {
    const page = answer(0x24, PAGES[0x24]);
    const bad: readonly (readonly [string, Uint8Array])[] = [
      ["broken", changed(page, 4, 1)],
      ["refused", answer(0x15)],
      ["aborted", join(page.subarray(0, 6), Uint8Array.of(0x18))],
      ["cut", page.subarray(0, -1)],
    ];
    for (const [name, first] of bad) {
      let asked = 0;
      const line = new Line((heard) => (heard.code === 0x24 && asked++ === 0 ? first : answering()(heard))).run(2 * SECOND);
      expect(line.codes().slice(4, 7), name).toEqual(["24", "24", "27"]);
      expect(line.words().filter((one) => one.startsWith("m1.7D"))[0], name).toBe("m1.7D 25");
    }
    const line = new Line(answering()).run(SECOND);
    const before = line.heard.length;
    line.run(SECOND / 5, changed(command(0x49), 2, 1));
    expect(
      line
        .codes()
        .slice(before)
        .filter((code) => code.startsWith("<")),
    ).toEqual(["<15"]);
  });

  test("leaves pages that the device does not know, refused or not answered, and keeps to those that it does", () => {
    for (const page2 of ["refuses", "is silent"]) {
      const line = new Line((heard) => {
        if (heard.code !== 0x2b && heard.code !== 0x2e) return answering()(heard);
        return page2 === "refuses" ? answer(0x15) : undefined;
      }).run(20 * SECOND);
      expect(
        line.codes().filter((code) => code === "2b"),
        page2,
      ).toHaveLength(1);
      expect(line.codes().filter((code) => code === "24").length, page2).toBeGreaterThan(10);
    }
  });

  test("gives up to configure curves where the device does not confirm it", () => {
    const line = new Line(answering({ 84: null })).run(20 * SECOND);
    expect(line.codes().filter((code) => code === "54")).toHaveLength(3);
    expect(line.codes().filter((code) => code === "24").length).toBeGreaterThan(5);
    expect(line.enabled).toEqual([]);
  });

  test("asks no curves of a device that has none", () => {
    const line = new Line(answering({ 83: "" })).run(3 * SECOND);
    expect(line.codes().filter((code) => code === "53" || code === "54")).toEqual(["53"]);
    expect(line.enabled).toEqual([]);
  });

  test("ends where the device no longer answers what it always knows, and begins anew", () => {
    let isGone = false;
    const line = new Line((heard) => (isGone ? undefined : answering()(heard))).run(2 * SECOND);
    isGone = true;
    const before = line.heard.length;
    line.run(40 * SECOND);
    const codes = line.codes().slice(before);
    expect(codes.at(-1)).toBe("51");
    expect(codes.filter((code) => code === "51").length).toBeGreaterThan(1);
  });
});

describe("what may be sent", () => {
  const templates: Readonly<Record<string, Template<string>>> = TX;
  test("is asking and answering only: no code that sets or sends a time; STOP stands for leaving alone (MB-55, MB-60)", () => {
    const commands = Object.entries(templates).filter(
      ([name, { holes, encode }]) => holes.length === 0 && !isAnswer(encode({})) && name !== draegerMedibus.leave,
    );
    expect(draegerMedibus.leave).toBe("STOP");
    expect(readFileSync(new URL("../../drivers/draeger-medibus/talk.ts", import.meta.url), "utf8")).not.toMatch(/send\("STOP"/);
    expect(commands.map(([, { encode }]) => encode({})[1])).toEqual([
      0x51, 0x52, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x53,
    ]);
    expect(
      Object.entries(templates)
        .filter(([, { holes }]) => holes.length > 0)
        .map(([name]) => name),
    ).toEqual(["ECHO", "CONFIGURE", "ENABLE"]);
    expect(isAnswer(TX.ECHO.encode({ code: 0x49 }))).toBe(true);
    expect(TX.CONFIGURE.encode({})[1]).toBe(0x54);
  });

  test("has bounds", () => {
    for (const code of [-1, 0x0d, 0x1f, 0x80, 0.5]) expect(() => TX.ECHO.encode({ code })).toThrow(RangeError);
    for (const group of [0, 4]) expect(() => TX.ENABLE.encode({ group, streams: 1 })).toThrow(RangeError);
    expect(() => TX.ENABLE.encode({ group: 1, streams: 16 })).toThrow(RangeError);
    expect(() => TX.CONFIGURE.encode({ stream1: 256 })).toThrow(RangeError);
  });
});
