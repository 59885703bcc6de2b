import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CAPTURE_BYTES_MAX, captureFiles, type MadeCapture, madeCaptures } from "./emulated-captures.ts";

type Told = {
  readonly deviceTime: string;
  readonly observations: Readonly<Record<string, string | null>>;
  readonly conditions: Readonly<Record<string, boolean>>;
};
const made = madeCaptures();
const expected = (driver: string, name: string): readonly Told[] => {
  const capture = made.find((one) => one.driver === driver && one.name === name) as MadeCapture;
  return capture.expected
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Told);
};
const valuesOf = (told: readonly Told[], key: string): readonly (string | null | undefined)[] =>
  told.map(({ observations }) => observations[key]);

describe("the captures that the emulators made", () => {
  it.each(made.map((one) => [one.driver, one.name, one] as const))(
    "are on disk as the emulators make them now (%s, %s)",
    (_driver, _name, one) => {
      const { capture, expected: told } = captureFiles(one);
      expect([existsSync(capture), existsSync(told)], "make them with: node test/support/emulated-captures.ts").toEqual([true, true]);
      expect(readFileSync(capture, "utf8") === one.capture).toBe(true);
      expect(readFileSync(told, "utf8") === one.expected).toBe(true);
      expect(Math.max(one.capture.length, one.expected.length)).toBeLessThanOrEqual(CAPTURE_BYTES_MAX);
    },
  );

  it("hold what the GE monitor's notes promise", () => {
    const told = expected("ge-dri", "emulated-ordinary");
    const rates = valuesOf(told, "MDC_ECG_HEART_RATE").filter((rate) => rate !== undefined);
    const alarms = valuesOf(told, "ge.alarm.sound").filter((sound) => sound !== undefined);
    expect([rates.length, alarms.length > 1]).toEqual([4, true]);
    const displayed = told.filter(({ observations }) => "ge.ecg.source" in observations);
    expect(displayed.every(({ observations }) => Object.values(observations).includes(null))).toBe(true);
    expect(expected("ge-dri", "emulated-lost-bytes").length).toBeGreaterThan(6);
  });

  it("hold what the IntelliVue's notes promise", () => {
    const told = expected("philips-intellivue", "emulated-ordinary");
    const values = told.flatMap(({ observations }) => Object.values(observations));
    const waves = told.filter((one) => "MDC_ECG_ELEC_POTL_II" in (one as Told & { waves: object }).waves);
    expect([values.length > 100, values.includes(null), waves.length > 2]).toEqual([true, true, true]);
    expect(told.some(({ conditions }) => Object.values(conditions).includes(true))).toBe(true);
  });

  it.each(["rad-5", "rad-8", "radical-7"])("hold what the notes of the Masimo %s promise", (model) => {
    const told = expected("masimo-ascii", `emulated-${model}`);
    const off = told.filter(({ conditions }) => conditions.MDC_EVT_SENSOR_DISCONN);
    expect(off.length).toBeGreaterThan(1);
    expect(new Set(valuesOf(off, "MDC_PULS_OXIM_SAT_O2"))).toEqual(new Set([null]));
    for (const condition of ["MDC_EVT_DESAT", "MDC_EVT_HI_GT_LIM", "MDC_EVT_LO_LT_LIM"])
      expect(new Set(told.map(({ conditions }) => conditions[condition]))).toEqual(new Set([false, true]));
    expect(new Set(valuesOf(told, "masimo.exc").map((word) => Number.parseInt(word ?? "", 16) & 0xc)).size).toBeGreaterThan(1);
  });

  it("hold what the Nonin's notes promise", () => {
    const ordinary = expected("nonin", "emulated-ordinary");
    const rates = valuesOf(ordinary, "MDC_PULS_OXIM_PULS_RATE").map(Number);
    expect([Math.min(...rates) < 128, Math.max(...rates) >= 128, ordinary[0]?.deviceTime]).toEqual([true, true, "1"]);
    const disturbed = expected("nonin", "emulated-disturbed");
    for (const condition of ["MDC_EVT_SENSOR_DISCONN", "MDC_EVT_SIG_LO", "MDC_EVT_BATT_LO"])
      expect(new Set(disturbed.map(({ conditions }) => conditions[condition]))).toEqual(new Set([false, true]));
    expect(new Set(valuesOf(disturbed, "nonin.artefact"))).toEqual(new Set(["on", "off"]));
    expect(new Set(valuesOf(disturbed, "nonin.perfusion"))).toEqual(new Set(["red", "normal"]));
    const quiet = disturbed.filter(({ conditions }) => !conditions.MDC_EVT_SENSOR_DISCONN && !conditions.MDC_EVT_SIG_LO);
    expect(valuesOf(quiet, "MDC_PULS_OXIM_SAT_O2")).toContain(null);
  });

  it.each([
    ["nonin-7", "emulated-disturbed", ["red", "normal"]],
    ["nonin-8", "emulated-disturbed", ["red", "normal"]],
  ])("hold what the notes of %s promise", (driver, name, colours) => {
    const told = expected(driver, name);
    for (const condition of ["MDC_EVT_SENSOR_DISCONN", "MDC_EVT_SIG_LO"])
      expect(new Set(told.map(({ conditions }) => conditions[condition]))).toEqual(new Set([false, true]));
    expect(new Set(valuesOf(told, "nonin.perfusion"))).toEqual(new Set(colours));
    const quiet = told.filter(({ conditions }) => !conditions.MDC_EVT_SENSOR_DISCONN && !conditions.MDC_EVT_SIG_LO);
    expect(valuesOf(quiet, "MDC_PULS_OXIM_SAT_O2")).toContain(null);
  });

  it("hold what the notes of spot checks and of breaths promise", () => {
    const checks = expected("nonin-13", "emulated-spot-checks");
    expect(valuesOf(checks, "nonin.memory")[0]).toBe("on");
    for (const key of ["nonin.memory", "nonin.smartpoint"]) expect(new Set(valuesOf(checks, key))).toEqual(new Set(["on", "off"]));
    expect(valuesOf(checks, "MDC_PULS_OXIM_PULS_RATE")).toContain(null);
    const marks = valuesOf(expected("puritan-bennett-840-waves", "emulated-breaths"), "pb840.breath_mark").filter(
      (one) => one !== undefined,
    );
    const { capture } = made.find(({ driver }) => driver === "puritan-bennett-840-waves")!;
    expect([marks, capture.match(/31ff42532c/g)?.length]).toEqual([["BE", "BS", "BE", "BS"], 1]);
  });

  it("hold what the ventilator's notes promise", () => {
    const told = expected("puritan-bennett-840", "emulated-alarms");
    const present = told.map(({ conditions }) => Object.values(conditions).filter(Boolean).length);
    expect(present[0]).toBeGreaterThan(0);
    expect(new Set(present).size).toBeGreaterThan(1);
    expect(new Set(valuesOf(told, "pb840.f9")).size).toBeGreaterThan(1);
    const manoeuvres = [91, 94, 102, 103, 104].map((field) => valuesOf(told, `pb840.f${field}`));
    expect(manoeuvres.some((values) => values.includes(null) && values.some((value) => value !== null))).toBe(true);
    const words = made.find(({ name }) => name === "emulated-alarms")?.capture ?? "";
    const answers = Buffer.from([...words.matchAll(/"rx","hex":"([0-9a-f]+)"/g)].map(([, hex]) => hex).join(""), "hex").toString("latin1");
    for (const word of ["LOW   ", "MEDIUM", "HIGH  ", "RESET "]) expect(answers).toContain(word);
  });
});
