import { describe, expect, test } from "vitest";
import { type Conditions, NO_CONDITIONS, nextConditions } from "../../agent/alerts/edges.ts";
import { type ConditionMetric, numeric, type Reading } from "../../drivers/kit/reading.ts";
import { randomOf } from "../drivers/streams.ts";

const LOW: ConditionMetric = { kind: "condition", refid: "MDC_EVT_LO", nature: "physiological", on: "MDC_PULS_OXIM_SAT_O2" };
const OFF: ConditionMetric = { kind: "condition", refid: "MDC_EVT_SENSOR_DISCONN", nature: "technical", on: "device" };
const tell = (present: boolean, word?: string, metric = LOW): Reading => ({
  told: "condition",
  metric,
  present,
  ...(word === undefined ? {} : { word }),
});
/** What was known before: nothing, absent, or present with a word. */
const KNOWN: Readonly<Record<string, readonly Reading[]>> = {
  nothing: [],
  absent: [tell(false)],
  present: [tell(true)],
  "present HIGH": [tell(true, "HIGH")],
};
const TOLD: Readonly<Record<string, Reading>> = {
  absent: tell(false),
  present: tell(true),
  "present HIGH": tell(true, "HIGH"),
};

// biome-ignore format: a table is read by eye.
const TABLE: readonly (readonly [known: string, ...cells: string[]])[] = [
  // known            told: absent    present           present HIGH
  ["nothing",         "·",            "onset by start", "onset by start"],
  ["absent",          "·",            "onset by device", "onset by device"],
  ["present",         "clear by device", "·",           "change by device"],
  ["present HIGH",    "clear by device", "change by device", "·"],
];

describe("a condition", () => {
  for (const [known, ...cells] of TABLE)
    cells.forEach((cell, column) => {
      const told = Object.keys(TOLD)[column]!;
      test(`that was known as ${known} and is told as ${told} makes ${cell === "·" ? "no record" : cell}`, () => {
        const before = nextConditions(NO_CONDITIONS, KNOWN[known]!).known;
        const { edges, known: after } = nextConditions(before, [TOLD[told]!]);
        expect(edges.map(({ edge, cause }) => `${edge} by ${cause}`).join() || "·").toBe(cell);
        if (known === told) expect(after, "nothing changed").toBe(before);
      });
    });

  test("carries the device's own word, verbatim", () => {
    expect(nextConditions(NO_CONDITIONS, [tell(true, "NORMAL ")]).edges[0]?.word).toBe("NORMAL ");
  });

  test("changes where anything changes that the device says of it, and not where only the order of telling is another", () => {
    const said = { ...tell(true, "high"), rank: "3", demo: true, qualifiers: ["latched", "silenced"] } as const;
    const { known } = nextConditions(NO_CONDITIONS, [said]);
    expect(nextConditions(known, [{ ...said, qualifiers: [...said.qualifiers] }]).edges).toEqual([]);
    for (const other of [{ rank: "4" }, { qualifiers: ["latched"] }, { word: "low" }] as const)
      expect(nextConditions(known, [{ ...said, ...other }]).edges).toMatchObject([{ edge: "change", ...other }]);
    expect(nextConditions(known, [tell(true, "high")]).edges).toMatchObject([{ edge: "change", demo: false, qualifiers: [] }]);
  });

  test("is one of its own on each thing that it is about", () => {
    const other = { ...LOW, on: "MDC_PULS_OXIM_PULS_RATE" };
    const { known, edges } = nextConditions(NO_CONDITIONS, [tell(true), tell(true, undefined, other), tell(true, undefined, OFF)]);
    expect(edges).toHaveLength(3);
    expect(nextConditions(known, [tell(false, undefined, other)]).edges.map(({ metric }) => metric)).toEqual([other]);
  });

  test("told twice in one frame makes both edges, in order", () => {
    const { edges } = nextConditions(NO_CONDITIONS, [tell(true), tell(false)]);
    expect(edges.map(({ edge }) => edge)).toEqual(["onset", "clear"]);
  });

  test("is not touched by readings of other kinds", () => {
    const value: Reading = { told: "number", metric: numeric("MDC_TEMP", "MDC_DIM_DEGC"), value: { mantissa: 37n, exponent: 0 } };
    const before = nextConditions(NO_CONDITIONS, [tell(true)]).known;
    expect(nextConditions(before, [value])).toEqual({ known: before, edges: [] });
  });

  for (const seed of [1, 2, 3])
    test(`alternates between onset and clear, and what is present is what had its onset (seed ${seed})`, () => {
      const random = randomOf(seed);
      let known: Conditions = NO_CONDITIONS;
      const present = new Map<string, boolean>();
      for (let step = 0; step < 3000; step++) {
        const readings = Array.from({ length: random.below(4) }, () =>
          tell(random.below(2) === 0, [undefined, "LOW", "HIGH"][random.below(3)], random.below(2) === 0 ? LOW : OFF),
        );
        const next = nextConditions(known, readings);
        known = next.known;
        for (const { metric, edge } of next.edges) {
          if (edge === "onset") expect(present.get(metric.refid) ?? false).toBe(false);
          else expect(present.get(metric.refid)).toBe(true);
          present.set(metric.refid, edge !== "clear");
        }
        for (const condition of known.values()) expect(present.get(condition.metric.refid) ?? false).toBe(condition.present);
      }
    });
});
