import { describe, expect, test } from "vitest";
import { bbraunBcc, bedHoles } from "../../drivers/bbraun-bcc/driver.ts";
import { readMessage } from "../../drivers/bbraun-bcc/message.ts";
import type { Template } from "../../drivers/kit/driver.ts";
import { createFramer } from "../../drivers/kit/framer.ts";
import { mdcUnit } from "../../drivers/kit/mdc.ts";
import type { Reading } from "../../drivers/kit/reading.ts";
import { answer, heard, inWords, message, pump, RackReader, RUNNING, settled, wordsOf } from "./bcc-rack.ts";
import { framesOf } from "./streams.ts";
import { withVectors } from "./vectors.ts";

const { frame: framing, tx } = bbraunBcc;
const accepted = (bytes: Uint8Array): boolean => framesOf(createFramer(framing).push(bytes)).length === 1;
const one = (values: Readonly<Record<string, string>>, refid: string): readonly string[] => wordsOf(heard(pump("13", values)), refid);
const encode = (name: keyof typeof tx, fill: Readonly<Record<string, number>>): Uint8Array => (tx[name] as Template<string>).encode(fill);

describe("a message", () => {
  const good = message(pump("13", { INSOL: "Dobutamine, Ee dD", INRT: "0.30" }));

  test("is taken where length, sum and form hold, stuffed or not (BB-12, BB-13)", () => {
    const stuffed = message(pump("13", { INSOL: "Dobutamine, Ee dD", INRT: "0.30" }), { stuffed: true });
    expect(stuffed.length).toBeGreaterThan(good.length);
    for (const bytes of [good, stuffed]) expect(accepted(bytes)).toBe(true);
    expect(new RackReader().hear(stuffed)).toEqual(new RackReader().hear(good));
    expect([readMessage(good)?.stuffed, readMessage(stuffed)?.stuffed]).toEqual([false, true]);
  });

  test("is refused with a wrong length, a wrong sum, a control byte, a bed id too long, and where it is a request (BB-12)", () => {
    const info = pump("13", RUNNING);
    expect(accepted(message(info))).toBe(true);
    for (const bytes of [
      message(info, { length: 60 }),
      message(info, { sum: 17 }),
      message(`${info}\x07`),
      message(info, { bed: "a bed of 16 char" }),
      message(info, { bed: "" }),
      message("MEM:GET"),
      message("ADMIN:ALIVE", { stuffed: true }),
    ])
      expect(accepted(bytes), String.fromCharCode(...bytes)).toBe(false);
  });

  test("is refused with any one bit flipped", () => {
    for (const bytes of [good, message(pump("13", { INSOL: "Dobutamine" }), { stuffed: true })])
      for (let at = 0; at < bytes.length; at++)
        for (let bit = 1; bit < 256; bit *= 2)
          expect(framesOf(createFramer(framing).push(bytes.with(at, bytes[at]! ^ bit))), `${at} ${bit}`).toEqual([]);
  });

  test("is un-stuffed from the left in one pass: EEX is EX (BB-13)", () => {
    const reading = new RackReader().hear(message(pump("13", { INSOLSN: "EX ex dD" }), { stuffed: true }));
    expect(wordsOf(reading, "bcc.INSOLSN")).toEqual(['13 bcc.INSOLSN "EX ex dD"']);
  });
});

describe("a pump", () => {
  test("is a node of its pillar and slot, with its serial number and software (BB-16, BB-17)", () => {
    const readings = heard(pump("2K", { INSERNUM: "0012345", GNMODEL: "686K02", INVI: "1.50" }));
    expect(inWords(readings)).toEqual(["2K at 300", "2K serial 0012345", "2K firmware 686K02", "2K MDC_VOL_FLUID_DELIV 1.50"]);
    expect(readings.every(({ node }) => node?.join() === "2,K")).toBe(true);
  });

  test("of older software has its serial number from INNR, which is told as text as well (BB-17)", () => {
    expect(inWords(heard(pump("11", { INNR: "00A1F3", INSERNUM: "_NV" })))).toEqual([
      "11 at 300",
      "11 serial 00A1F3",
      '11 bcc.INNR "00A1F3"',
    ]);
  });

  test("tells rates and volumes digit for digit in the unit of the paper (BB-1)", () => {
    const readings = heard(pump("13", { ...RUNNING, INVTB: "50", INVOLACT: "0.30", INBORT: "1200.0", INAKKU: "0240", INP2: "7" }));
    expect(inWords(readings).slice(1)).toEqual([
      "13 bcc.INRT 12.50",
      "13 MDC_PUMP_STAT 2",
      "13 bcc.INM2 0",
      "13 bcc.INM3 1",
      "13 MDC_VOL_FLUID_TBI 50",
      "13 bcc.INVOLACT 0.30",
      "13 bcc.INBORT 1200.0",
      "13 bcc.INAKKU 240",
      "13 bcc.INP2 7",
      "13 MDC_FLOW_FLUID_PUMP 12.50",
    ]);
    expect(readings.at(-1)).toMatchObject({ value: { mantissa: 1250n, exponent: -2 }, metric: { unit: "MDC_DIM_MILLI_L_PER_HR" } });
  });

  test("tells its drug verbatim, with commas and private use characters (BB-9)", () => {
    expect(one({ INSOL: "Glucose, 5% \ue080 \ue0a1", INSOLSN: "Glu" }, "MDC_DRUG_NAME_TYPE")).toEqual([
      '13 MDC_DRUG_NAME_TYPE "Glucose, 5% \ue080 \ue0a1"',
    ]);
  });

  test("tells no time where its quadruples do not agree on one (BB-16)", () => {
    expect(inWords(heard([pump("13", { INVI: "1" }, 300), pump("13", { INVTB: "2" }, 301)].join("\x1e")))).not.toContainEqual(
      expect.stringContaining(" at "),
    );
  });

  test("that says _NV, _NA or nothing has no value, never zero (BB-6)", () => {
    for (const [text, reason] of [
      ["_NV", "no_value"],
      ["_NA", "temporarily"],
      ["", "blank"],
    ] as const) {
      expect(one({ INVI: text }, "MDC_VOL_FLUID_DELIV")).toEqual([`13 MDC_VOL_FLUID_DELIV absent not_available ${reason}`]);
      expect(one({ ...RUNNING, INRT: text }, "MDC_FLOW_FLUID_PUMP")).toEqual([`13 MDC_FLOW_FLUID_PUMP absent not_available ${reason}`]);
    }
  });

  test("that counts to the end of a field has no value there, or a doubtful one (BB-6, BB-7)", () => {
    expect(one({ INRMT: "65535" }, "bcc.INRMT")).toEqual(["13 bcc.INRMT absent overflow end_of_field"]);
    expect(one({ INRMT: "65534" }, "bcc.INRMT")).toEqual(["13 bcc.INRMT 65534"]);
    expect(one({ TCIAWA: "10000" }, "bcc.TCIAWA")).toEqual(["13 bcc.TCIAWA absent overflow end_of_field"]);
    expect(one({ INTIME: "6000" }, "bcc.INTIME")).toEqual(["13 bcc.INTIME 6000 questionable end_of_field"]);
  });

  test("whose number is none is absent, and its bytes are told", () => {
    expect(inWords(heard(pump("13", { INVI: "1,5" })))).toEqual([
      "13 at 300",
      "13 MDC_VOL_FLUID_DELIV absent invalid not_a_number",
      "13 unreadable 3 value_unknown INVI",
    ]);
  });

  test("tells alarms and battery as conditions, present at 1 (BB-3)", () => {
    expect(inWords(heard(pump("13", { INA3: "1", INA11: "0", INA1: "1", INM8: "0" })))).toEqual([
      "13 at 300",
      "13 MDC_EVT_FLUID_LINE_OCCL present",
      "13 MDC_EVT_BATT_LO not present",
      "13 bcc.INA1 present",
      "13 bcc.INM8 0",
    ]);
    for (const text of ["_NA", "2"])
      expect(inWords(heard(pump("13", { INA3: text })))).toContain(`13 unreadable ${text.length} value_unknown INA3`);
  });
});

describe("the rate that is delivered (BB-2, BB-4)", () => {
  test.each([
    ["runs", {}, "12.50"],
    ["runs at 0", { INRT: "0.00" }, "0.00"],
    ["runs by INM3, where RUNSTATE is not sent", { RUNSTATE: "" }, "12.50"],
    ["stands", { RUNSTATE: "1", INM3: "0" }, "absent not_available not_delivering"],
    ["stands by INM3", { RUNSTATE: "_NV", INM3: "0" }, "absent not_available not_delivering"],
    ["gives a bolus", { INM2: "1" }, "absent not_available bolus"],
    ["purges", { INM14: "1" }, "absent not_available purge"],
    ["keeps the vein open", { RUNSTATE: "8", INM3: "0" }, "12.50 questionable kvo"],
    ["keeps the vein open by INM10", { INM10: "1" }, "12.50 questionable kvo"],
    ["contradicts itself", { INM3: "0" }, "12.50 questionable contradiction"],
    ["runs and stands", { RUNSTATE: "3" }, "12.50 questionable contradiction"],
    ["does not say whether it gives a bolus", { INM2: "_NA" }, "absent not_available state_unknown"],
    ["says nothing of its state", { RUNSTATE: "_NV", INM3: "_NV" }, "absent not_available state_unknown"],
    ["runs with an alarm and a menu", { RUNSTATE: "22" }, "12.50"],
  ])("of a pump that %s", (_, values, told) => {
    expect(one({ ...RUNNING, ...values }, "MDC_FLOW_FLUID_PUMP")).toEqual([`13 MDC_FLOW_FLUID_PUMP ${told}`]);
    expect(one({ ...RUNNING, ...values }, "bcc.INRT")).toHaveLength(1);
  });
});

describe("a dose", () => {
  const metric = (values: Readonly<Record<string, string>>, refid: string): unknown =>
    heard(pump("13", values)).flatMap((reading) => ("metric" in reading && reading.metric.refid === refid ? [reading.metric] : []))[0];

  test("has the unit of its code, and a unit of its own where the code is not in the table (BB-8)", () => {
    expect(metric({ INDCON: "1.00", INDCONU: "31" }, "MDC_CONC_DRUG")).toMatchObject({ unit: "MDC_DIM_MILLI_G_PER_ML", name: "INDCON 31" });
    expect(metric({ INDORT: "5.0", INDORTU: "071" }, "MDC_RATE_DOSE")).toMatchObject({ unit: "MDC_DIM_MICRO_G_PER_KG_PER_MIN" });
    expect(metric({ INDORT: "5.0", INDORTU: "66" }, "MDC_RATE_DOSE")).toMatchObject({ ucum: "ng/kg/h" });
    expect(metric({ INDORT: "5.0", INDORTU: "200" }, "MDC_RATE_DOSE")).toMatchObject({ ucum: "{bcc.unit.200}" });
  });

  test("without a unit is doubtful, and without dose mode absent (BB-8)", () => {
    expect(one({ INDORT: "5.0" }, "MDC_RATE_DOSE")).toEqual(["13 MDC_RATE_DOSE 5.0 questionable unit_unknown"]);
    expect(one({ INDORT: "5.0", INDORTU: "71", INDOCAL: "0" }, "MDC_RATE_DOSE")).toEqual([
      "13 MDC_RATE_DOSE absent not_available not_applicable",
    ]);
    expect(one({ INDORT: "5.0", INDORTU: "71", INDOCAL: "1" }, "MDC_RATE_DOSE")).toEqual(["13 MDC_RATE_DOSE 5.0"]);
  });

  test("is declared in every unit that a code can name", () => {
    const units = bbraunBcc.metrics.filter(({ refid }) => refid === "MDC_RATE_DOSE");
    expect(units).toHaveLength(255);
    for (const { unit } of bbraunBcc.metrics) expect(unit === undefined || mdcUnit(unit) !== 0, unit).toBe(true);
  });
});

describe("what counts from request to request (BB-5)", () => {
  const counters = { INBOCNT: "2", INAVRT: "3.1", DISPCHG: "0" };
  const told = (readings: readonly Reading[]) => ["bcc.INBOCNT", "bcc.INAVRT", "bcc.DISPCHG"].flatMap((refid) => wordsOf(readings, refid));
  const sure = ["13 bcc.INBOCNT 2", "13 bcc.INAVRT 3.1", "13 bcc.DISPCHG 0"];
  const doubted = sure.map((words) => `${words} questionable after_gap`);

  test("is doubtful in the first answer, and sure where the one before came whole", () => {
    const reader = new RackReader();
    expect(told(reader.hear(answer(pump("13", counters))))).toEqual(doubted);
    expect(told(reader.hear(answer(pump("13", counters, 301))))).toEqual(sure);
  });

  test("is told once where the same block comes twice, and what comes twice is not silent", () => {
    const reader = settled(pump("13", counters));
    expect(told(reader.hear(answer(pump("13", counters, 301))))).toEqual(sure);
    const info = pump("13", counters, 301);
    expect(inWords(reader.hear(answer(info)))).toEqual([`unreadable ${info.length} repeated`]);
    expect(told(reader.hear(answer(pump("13", counters, 302))))).toEqual(sure);
    reader.hear(answer(pump("13", counters, 302)), 40);
    expect(told(reader.hear(answer(pump("13", counters, 303))))).toEqual(doubted);
    // Whoever asks ALIVE begins anew.
    reader.hear(message("303,50100,GNACK,0"));
    expect(told(reader.hear(answer(pump("13", counters, 303))))).toEqual(doubted);
  });

  test("is told whole of a pump whose first or last block comes twice", () => {
    const [first, last] = [
      message(pump("13", { INBOCNT: "2" }, 301), { more: true }),
      message(pump("13", { INAVRT: "3.1", DISPCHG: "0" }, 301)),
    ];
    const reader = settled(pump("13", counters));
    const all = [first, first, last, last].map((block) => told(reader.hear(block)));
    expect(all).toEqual([[], [], sure, []]);
  });

  test("is doubtful behind an answer that did not come, or came damaged", () => {
    const lost = settled(pump("13", counters));
    lost.hear(message("310,50100,GNACK,0"));
    expect(told(lost.hear(answer(pump("13", counters, 311))))).toEqual(doubted);
    expect(told(lost.hear(answer(pump("13", counters, 312))))).toEqual(sure);
    expect(told(lost.hear(answer(pump("13", counters, 313)), 40))).toEqual(doubted);
    expect(told(lost.hear(answer(pump("13", counters, 314))))).toEqual(doubted);
    expect(told(lost.hear(answer(pump("13", counters, 315))))).toEqual(sure);
  });
});

test("a patient's and a nurse's names reach no reading and no memory (BB-9)", () => {
  const reader = new RackReader();
  const secret = {
    PATID: "Mustermann",
    PATIDBADGE: "M-17",
    PATIDDRUG: "M-18",
    NURSEID: "Schmidt",
    DRUGORDERNO: "4711",
    PATW: "81",
    PATH: "1.85",
    PATAGE: "44",
  };
  const readings = reader.hear(message(pump("13", { ...secret, INVI: "1" }), { more: true }));
  const all = [...inWords(readings), ...inWords(reader.hear(message(pump("13", secret)))), JSON.stringify(reader.memory)].join();
  for (const text of Object.values(secret)) expect(all).not.toContain(text);
  expect(all).toContain("MDC_VOL_FLUID_DELIV 1");
});

test("a parameter that no table knows is given up aloud, its bytes counted (BB-19)", () => {
  expect(inWords(heard(pump("13", { INNEW: "7", INVI: "1" })))).toEqual([
    "13 at 300",
    "13 MDC_VOL_FLUID_DELIV 1",
    "unreadable 17 parameter_unknown",
  ]);
});

// ── Given bytes ─────────────────────────────────────────────────────────────────────────────────────────────────────

const SPACECOM = { ...bedHoles("SpaceCOM"), stuffed: 0 };
/** What the paper says that each file is. */
const REQUESTS: readonly (readonly [file: string, template: keyof typeof tx, fill: Readonly<Record<string, number>>])[] = [
  ["alive_req.bin", "alive", { stuffed: 0 }],
  ["alive_req_stuffed.bin", "alive", { stuffed: 1 }],
  ["getslot13_req.bin", "slot", { ...SPACECOM, pillar: 1, slot: 3 }],
  ["memget_req.bin", "memory", SPACECOM],
  ["version_req.bin", "version", SPACECOM],
];
const BED = 'bcc.bed_id "SpaceCOM"';
const ANSWERS: readonly (readonly [file: string, told: readonly string[]])[] = [
  ["alive_resp_206.bin", ["at 206", "bcc.GNACK 0", BED]],
  ["alive_resp_624.bin", ["at 624", "bcc.GNACK 0", BED]],
  ["version_resp_207.bin", ["at 207", BED, "firmware V3.30"]],
  ["version_resp_626.bin", ["at 626", BED, "firmware V3.30"]],
];
withVectors("bbraun-bcc", (file) => {
  test.each(REQUESTS)("%s is what its template sends, byte for byte, and no answer", (name, template, fill) => {
    const bytes = new Uint8Array(file(name));
    expect(encode(template, fill)).toEqual(bytes);
    expect(readMessage(bytes)).toMatchObject({ last: true, bed: template === "alive" ? "1" : "SpaceCOM" });
    expect(accepted(bytes)).toBe(false);
  });

  test.each(ANSWERS)("%s is read, every value", (name, told) => {
    const bytes = new Uint8Array(file(name));
    expect(framesOf(createFramer(framing).push(bytes))).toEqual([bytes]);
    expect(inWords(new RackReader().hear(bytes))).toEqual(told);
  });
});
