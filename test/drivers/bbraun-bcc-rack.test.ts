import { describe, expect, test } from "vitest";
import { PUMPS_MAX } from "../../drivers/bbraun-bcc/answer.ts";
import { bbraunBcc } from "../../drivers/bbraun-bcc/driver.ts";
import { answer, heard, inWords, message, pump, RackReader, settled } from "./bcc-rack.ts";

const SLOTS = [..."123456789ABCDEFGHIJKLMNO"];
const places = (count: number): readonly string[] =>
  ["1", "2", "3"].flatMap((pillar) => SLOTS.map((slot) => pillar + slot)).slice(0, count);

describe("an answer of several blocks", () => {
  test("is told pump by pump; one that goes on in the next block is told once, whole", () => {
    const reader = new RackReader();
    const first = reader.hear(message([pump("11", { INVI: "1" }), pump("12", { INRT: "5", INM2: "0" })].join("\x1e"), { more: true }));
    expect(inWords(first)).toEqual(["11 at 300", "11 MDC_VOL_FLUID_DELIV 1"]);
    const rest = reader.hear(message([pump("12", { RUNSTATE: "2" }), pump("13", { INVI: "3" })].join("\x1e")));
    expect(inWords(rest)).toEqual([
      "12 at 300",
      "12 bcc.INRT 5",
      "12 bcc.INM2 0",
      "12 MDC_PUMP_STAT 2",
      "12 MDC_FLOW_FLUID_PUMP 5",
      "13 at 300",
      "13 MDC_VOL_FLUID_DELIV 3",
    ]);
    expect(reader.memory).toMatchObject({ slots: ["11", "12", "13"], open: [], counted: true });
  });

  test("that breaks off tells what is not told of it, when the rack is asked again", () => {
    const reader = new RackReader();
    const quadruples = pump("12", { INRT: "5", INM2: "0" });
    reader.hear(message(quadruples, { more: true }));
    expect(inWords(reader.hear(message("310,50100,GNACK,0")))).toContain(`unreadable ${quadruples.length - 1} answer_incomplete`);
  });
});

test("a pump that is too long to wait for is told in parts, and nothing is concluded from that answer", () => {
  const reader = settled(pump("13", { INVI: "1" }), pump("14", { INVI: "1" }));
  const long = pump("13", { INSOL: "D".repeat(1600), INVTB: "50" }, 301);
  expect(inWords(reader.hear(message(long, { more: true })))).toContain("13 MDC_VOL_FLUID_TBI 50");
  const rest = inWords(reader.hear(message(pump("13", { INVI: "1" }, 301))));
  expect(rest).toEqual(["13 at 301", "13 MDC_VOL_FLUID_DELIV 1"]);
  expect(reader.memory.slots).toEqual(["13", "14"]);
});

test("a pump that waits for its next block when another rack answers is given up aloud", () => {
  const reader = new RackReader();
  const quadruples = pump("13", { INVI: "1" });
  reader.hear(message(quadruples, { more: true }));
  expect(inWords(reader.hear(message("5,50100,GNACK,0", { bed: "ICU 4" })))[0]).toBe(`unreadable ${quadruples.length} answer_incomplete`);
});

describe("a parameter that is not sent any more (BB-20)", () => {
  const told = (values: Readonly<Record<string, string>>, serial = "77") =>
    answer(pump("13", { INSERNUM: serial, INVI: "1", ...values }, 301));
  const notSent = (readings: Parameters<typeof inWords>[0]) => inWords(readings).filter((words) => words.endsWith("not_sent"));

  test("is absent, once; so is what follows from it", () => {
    const reader = settled(pump("13", { INSERNUM: "77", INVI: "1", INRT: "5.0", RUNSTATE: "2", INM2: "0", INSOL: "Dobutamine" }));
    expect(notSent(reader.hear(told({ RUNSTATE: "2" })))).toEqual([
      "13 bcc.INRT absent not_available not_sent",
      "13 MDC_DRUG_NAME_TYPE absent not_available not_sent",
      "13 bcc.INM2 absent not_available not_sent",
      "13 MDC_FLOW_FLUID_PUMP absent not_available not_sent",
    ]);
    expect(notSent(reader.hear(told({ RUNSTATE: "2", INM1: "1" })))).toEqual([]);
  });

  test("is not missed of another pump in that slot, of one that was away, and in an answer that is damaged or comes twice", () => {
    const before = pump("13", { INSERNUM: "77", INVI: "1", INVTB: "50" });
    expect(notSent(settled(before).hear(told({}, "78")))).toEqual([]);
    expect(notSent(settled(before).hear(told({}), 3))).toEqual([]);
    const away = settled(before, pump("12", { INVI: "1" }));
    away.hear(answer(pump("12", { INVI: "1" }, 301)));
    expect(away.memory.held).not.toHaveProperty("13");
    expect(notSent(away.hear(answer(pump("12", { INVI: "1" }, 302), pump("13", { INSERNUM: "77" }, 302))))).toEqual([]);
    const twice = new RackReader();
    const tail = message([pump("12", { INVTB: "50" }), pump("13", { INVI: "1" })].join("\x1e"));
    twice.hear(message(pump("12", { INVI: "1" }), { more: true }));
    twice.hear(tail);
    expect(notSent(twice.hear(tail))).toEqual([]);
  });

  test("is missed in the block that ends a pump, not in the one that begins it", () => {
    const reader = settled(pump("13", { INVI: "1", INVTB: "50" }));
    expect(notSent(reader.hear(message(pump("13", { INVI: "1" }, 301), { more: true })))).toEqual([]);
    expect(notSent(reader.hear(message(pump("13", { INVTB: "50" }, 301))))).toEqual([]);
    reader.hear(message(pump("13", { INVI: "1" }, 302), { more: true }));
    expect(notSent(reader.hear(message(pump("14", { INVI: "1" }, 302))))).toEqual(["13 MDC_VOL_FLUID_TBI absent not_available not_sent"]);
  });
});

describe("a pump that is gone (BB-10)", () => {
  const both = [pump("11", { INVI: "1" }), pump("12", { INVI: "2" })];

  test("is told where an answer that came whole does not hold it, once", () => {
    const reader = settled(...both);
    expect(inWords(reader.hear(answer(pump("12", { INVI: "2" }, 301))))).toContain("11 removed removed");
    expect(inWords(reader.hear(answer(pump("12", { INVI: "2" }, 302))))).not.toContain("11 removed removed");
  });

  test("is not concluded from a damaged answer, from one that holds what no slot can be read of, or from a block that came twice", () => {
    const damaged = settled(...both);
    expect(inWords(damaged.hear(answer(pump("12", { INVI: "2" }, 301)), 12)).join()).not.toContain("removed");
    expect(inWords(damaged.hear(answer(pump("12", { INVI: "2" }, 302), "302,501??,INVI,1"))).join()).not.toContain("removed");
    const twice = new RackReader();
    twice.hear(message(both[0]!, { more: true }));
    twice.hear(message(both[1]!));
    expect(inWords(twice.hear(message(both[1]!))).join()).not.toContain("removed");
    expect(twice.memory.slots).toEqual(["11", "12"]);
  });

  test("is not concluded where any block of the answer was damaged", () => {
    const reader = settled(...both);
    reader.hear(message(pump("12", { INVI: "2" }, 301), { more: true }), 7);
    expect(inWords(reader.hear(message(pump("13", { INVI: "3" }, 301)))).join()).not.toContain("removed");
    expect(reader.memory.slots).toEqual(["11", "12", "13"]);
  });

  test("is not there when the answer ends in which it was pulled out", () => {
    const reader = new RackReader();
    reader.hear(message(both.join("\x1e"), { more: true }));
    expect(inWords(reader.hear(message("301,50111,GNERR,39", { more: true })))).toContain("11 removed removed");
    reader.hear(message(pump("13", { INVI: "3" }, 301)));
    expect(reader.memory.slots).toEqual(["12", "13"]);
  });

  test("is told by error 39; error 11 tells that all are", () => {
    const reader = settled(...both);
    expect(inWords(reader.hear(message("310,50111,GNERR,39")))).toEqual(["11 removed removed"]);
    expect(reader.memory.slots).toEqual(["12"]);
    expect(inWords(reader.hear(message("311,50100,GNERR,11")))).toEqual(["at 311", "bcc.GNERR 11", "12 removed removed"]);
    expect(reader.memory.slots).toEqual([]);
  });

  test("is told of all of them where the bed id is another (BB-14)", () => {
    const reader = settled(...both);
    const told = inWords(reader.hear(message("5,50100,GNACK,0", { bed: "ICU 4" })));
    expect(told.slice(0, 2)).toEqual(["11 removed rack_changed", "12 removed rack_changed"]);
    expect(told).toContain('bcc.bed_id "ICU 4"');
  });

  test("is not concluded from the error of another request", () => {
    const reader = settled(...both);
    expect(inWords(reader.hear(message("310,50100,GNERR,68")))).toEqual(["at 310", "bcc.GNERR 68"]);
    expect(inWords(reader.hear(message("311,50113,GNERR,811")))).toEqual(["unreadable 3 error 13 811"]);
    expect(reader.memory.slots).toEqual(["11", "12"]);
  });
});

describe("a rack is bounded", () => {
  test("to 24 pumps; those beyond are given up aloud, and those that were there keep their places (BB-18)", () => {
    const reader = settled(pump("3O", { INVI: "7" }));
    const told = inWords(reader.hear(answer(...places(72).map((slot) => pump(slot, { INVI: "1" }, 301)))));
    const read = new Set(told.filter((words) => words.includes("FLUID")).map((words) => words.slice(0, 2)));
    expect(read.size).toBe(PUMPS_MAX);
    expect(read).toContain("3O");
    expect(told).toContain(`unreadable ${48 * "301,50111,INVI,1".length} pumps_beyond_limit`);
  });

  test("where it announces 200 pumps, most at addresses that there are not", () => {
    const announced = Array.from({ length: 200 }, (_, i) => (i < 72 ? places(72)[i]! : `${4 + (i % 6)}${SLOTS[i % 24]}`));
    const told = inWords(heard(...announced.map((slot) => pump(slot, { INVI: "1" }))));
    expect(told.filter((words) => words.includes("FLUID"))).toHaveLength(PUMPS_MAX);
    expect(told.filter((words) => words.startsWith("unreadable"))).toEqual([
      `unreadable ${48 * "300,50111,INVI,1".length} pumps_beyond_limit`,
      `unreadable ${128 * "300,50141,INVI,1".length} address_unknown`,
    ]);
  });

  test("in what is remembered of it, whatever comes", () => {
    const reader = new RackReader();
    const values = Object.fromEntries(
      bbraunBcc.metrics.flatMap(({ name }) => (name === undefined || name.includes(" ") ? [] : [[name, "1".repeat(40)]])),
    );
    for (const slot of places(72)) {
      reader.hear(message(pump(slot, values), { more: true }));
      expect(JSON.stringify(reader.memory).length).toBeLessThan(4096);
      expect(JSON.parse(JSON.stringify(reader.memory))).toEqual(reader.memory);
    }
  });
});
