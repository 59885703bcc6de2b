import { describe, expect, test } from "vitest";
import { AssertionFailed, asFault, assert, Fault, faultRow, faultText } from "../../agent/fault/fault.ts";
import { FaultBook } from "../../agent/fault/fault-book.ts";
import { FAULTS, type FaultKey } from "../../agent/fault/faults.table.ts";
import { Log } from "../../agent/log/log.ts";
import { StillClock } from "./fakes.ts";

describe("a fault", () => {
  test("is told in lines that a person can act on: number, fact and key; likely cause; next command", () => {
    const root = new TypeError("EACCES");
    const cause = new RangeError("open failed", { cause: root });
    const fault = new Fault("port.denied", "Cannot open /dev/ttyUSB0", { path: "/dev/ttyUSB0" }, { cause });
    expect(faultText(fault).split("\n")).toEqual([
      "BED-202  Cannot open /dev/ttyUSB0    port.denied",
      `  likely   ${FAULTS["port.denied"].likely}`,
      `  do       ${FAULTS["port.denied"].next}`,
    ]);
    expect(faultRow(fault), "a program is told more").toMatchObject({ key: "port.denied", causes: ["open failed", "EACCES"] });
    expect(faultRow(asFault(root, "port.denied", "No right")), "but nothing twice").not.toHaveProperty("causes");
  });

  test("of every key has that shape", () => {
    for (const key of Object.keys(FAULTS) as FaultKey[])
      expect(faultText(new Fault(key, "what happened"))).toMatch(
        /^BED-\d{3} {2}what happened {4}[a-z_.]+\n {2}likely {3}\S.*\n {2}do {7}\S.*$/,
      );
  });

  test("stays itself where it is caught as another, and keeps the cause of what was none", () => {
    const fault = new Fault("disk.full", "x");
    expect(asFault(fault, "disk.failed", "y")).toBe(fault);
    const cause = new TypeError("EIO");
    const made = asFault(cause, "disk.failed", "Cannot write");
    expect(made).toMatchObject({ key: "disk.failed", message: "Cannot write: EIO", cause });
    expect(asFault("text", "disk.failed", "Cannot write").message).toBe("Cannot write: text");
  });

  test("never hides a bug", () => {
    expect(() => assert(false, "broken")).toThrow(AssertionFailed);
    expect(() => asFault(new AssertionFailed("broken"), "disk.failed", "y")).toThrow("broken");
    expect(() => assert(true, "whole")).not.toThrow();
  });
});

describe("the book of standing faults", () => {
  const newBook = () => {
    const told: string[] = [];
    return { told, book: new FaultBook(({ scope, fault, ended }) => told.push(`${scope} ${fault.key}${ended ? " over" : ""}`)) };
  };

  test("tells a fault when it begins and when it is over, not in between; what stands has the latest words", () => {
    const { book, told } = newBook();
    for (let times = 0; times < 3; times++) book.raise("port a", new Fault("port.gone", `${times}`));
    expect(book.standing.map(({ text }) => text)).toEqual(["2"]);
    book.clear("port a");
    book.clear("port a");
    expect(told).toEqual(["port a port.gone", "port a port.gone over"]);
    expect(book.standing).toEqual([]);
  });

  test("ends one fault of a thing where another takes its place, and keeps things apart", () => {
    const { book, told } = newBook();
    book.raise("port a", new Fault("port.gone", "1"));
    book.raise("port b", new Fault("port.gone", "2"));
    book.raise("port a", new Fault("port.denied", "3"));
    expect(told).toEqual(["port a port.gone", "port b port.gone", "port a port.gone over", "port a port.denied"]);
    expect(book.standing.map(({ scope, number, text }) => [scope, number, text])).toEqual([
      ["port a", "BED-202", "3"],
      ["port b", "BED-206", "2"],
    ]);
  });
});

test("the log says what and when in one line, with the key at its end, and leaves out what is not known", () => {
  const lines: string[] = [];
  const log = new Log({ clock: new StillClock(), log: (line) => lines.push(line) });
  log.event("session.ended", { device: "nonin-1", epoch: 3, reason: undefined });
  log.event("agent.stopped");
  log.fault(new Fault("disk.full", "No space"));
  expect(lines[0]).toBe("2026-01-01T00:00:00.000Z  An attachment ended  device=nonin-1 epoch=3    session.ended");
  expect(lines[1]).toBe("2026-01-01T00:00:00.000Z  Stopped    agent.stopped");
  expect(lines[2]!.startsWith("2026-01-01T00:00:00.000Z  BED-401  No space    disk.full\n")).toBe(true);
  expect(lines).toHaveLength(3);
  log.fault(new Fault("session.quarantined", "It threw", { frame: "02ff" }, { cause: new RangeError("index 3") }));
  expect(lines.at(-1)).toBe(
    '2026-01-01T00:00:00.000Z  What programs said of this fault  number=BED-220 frame=02ff cause="index 3"    fault.detail',
  );
});
