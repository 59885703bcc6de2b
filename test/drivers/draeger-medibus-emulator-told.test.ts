import { describe, expect, it } from "vitest";
import { Milliseconds } from "../../config/units.ts";
import { atlanEmulator, draegerMedibusEmulator, recordedState, savinaEmulator } from "../../drivers/draeger-medibus/emulator.ts";
import { conclude, type Pages, type Runs, SURE_AFTER } from "../../drivers/draeger-medibus/emulator-pages.ts";
import type { MedibusState } from "../../drivers/draeger-medibus/emulator-state.ts";
import type { Emulator, Unit } from "../../drivers/kit/emulator.ts";
import { faultsOf } from "../../drivers/kit/emulator-fault-words.ts";
import { type FaultyState, withFaults } from "../../drivers/kit/emulator-faults.ts";
import { type Conclusion, expectSame } from "./agreement.ts";
import { answer, command, type Habits, HOST_ID, type Talk, talk } from "./medibus-host.ts";
import { randomOf } from "./streams.ts";

const PAGES = [0x24, 0x25, 0x26, 0x27, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e].map((code) => command(code));
const FOUR = { list: "0001010106030201", enable: [[1, 0x0f]] } as const;
const SIX = {
  list: "000101010301060402011C03",
  enable: [
    [1, 0x0f],
    [2, 0x03],
  ],
} as const;
const usual: Habits = { time: 120_000, asks: PAGES, id: HOST_ID };
const talks = new Map<string, Talk>();
/** Two minutes with a device, once for all tests. */
function once(name: string, make: () => Talk): Talk {
  const found = talks.get(name) ?? make();
  talks.set(name, found);
  return found;
}
const evita = (seed: number): Talk => once(`evita ${seed}`, () => talk(draegerMedibusEmulator, seed, usual));
const withCurves = (seed: number): Talk => once(`curves ${seed}`, () => talk(draegerMedibusEmulator, seed, { ...usual, curves: SIX }));

const NAMES: Readonly<Record<number, string>> = {
  ...{ 36: "medibus.m1.", 43: "medibus.m2.", 37: "medibus.l1.", 38: "medibus.h1.", 41: "medibus.s", 42: "medibus.t" },
  ...{ 39: "medibus.a1.", 46: "medibus.a2." },
};
/** What a page's content says, read apart from the emulator. */
function readPage(code: number, printed: string): Readonly<Record<string, string | null>> {
  const content = printed.replaceAll("\u0003", "#");
  const text = code === 0x2a;
  const pattern = text ? /([0-9A-F]{2})(.)([^#]*)#/g : code === 0x29 ? /([0-9A-F]{2})(.{5})/g : /([0-9A-F]{2})(.{4})/g;
  const found = [...content.matchAll(pattern)];
  expect(found.map(([whole]) => whole).join("")).toBe(content);
  if (text) expect(found.every(([, , length, words]) => length!.charCodeAt(0) - 0x30 === words!.length)).toBe(true);
  return Object.fromEntries(found.map(([, xx, value, words]) => [`${NAMES[code]}${xx}`, text ? words! : value!.trim() || null]));
}
const ALARM = /([0-O])([0-9A-F]{2})(.{12})/g;
/** MB-32: pairs of code and priority that the paper lists for ventilators. */
const PAIRS = ["a1.10.30", "a1.19.29", "a1.98.29", "a1.9A.30", "a2.6A.30"];
/** Conditions and priorities of a page of alarms. */
function readAlarms(code: number, content: string, of: "ventilator" | "other" = "ventilator") {
  const all = [...content.matchAll(ALARM)].map(([, priority, xx]) => ({ xx: xx!, priority: priority!.charCodeAt(0) - 0x30 }));
  const named = all.map(({ xx, priority }) => {
    const pair = `${NAMES[code]}${xx}.${priority}`;
    return of === "ventilator" && PAIRS.includes(pair.slice("medibus.".length)) ? pair : `${NAMES[code]}${xx}`;
  });
  const ranks = all.map(({ xx, priority }) => [`${NAMES[code]!.replace(".a", ".p")}${xx}`, String(priority)] as const);
  return { conditions: named, ranks: Object.fromEntries(ranks) };
}
const slowUnits = ({ units }: Talk): readonly Unit[] => units.filter(({ waves }) => Object.keys(waves).length === 0);
const ofPages = (units: readonly Unit[]): readonly Unit[] =>
  units.filter(({ observations }) => observations["medibus.version"] === undefined);

describe("what an emulated MEDIBUS device tells:", () => {
  it.each([1, 2, 3])("its units say what its pages say, with curves and without (seed %i)", (seed) => {
    for (const one of [evita(seed), withCurves(seed)]) {
      expect(one.said.broken).toBe(0);
      const units = [...ofPages(slowUnits(one))];
      for (const { code, content } of one.said.answers.filter(({ code }) => code >= 0x24 && code <= 0x2e && code !== 0x28)) {
        // A page that went empty may have a unit too, in which all is absent; one that was empty before has none.
        const absent = Object.entries(units[0]?.observations ?? {}).every(
          ([name, value]) => name.startsWith(NAMES[code]!) && value === null,
        );
        if (content === "" && !(absent && Object.keys(units[0]?.observations ?? {}).length > 0)) continue;
        const { observations, conditions } = units.shift()!;
        const alarmPage = code === 0x27 || code === 0x2e;
        const alarms = readAlarms(code, alarmPage ? content : "");
        expect(Object.keys(conditions).filter((name) => conditions[name])).toEqual(alarms.conditions);
        const read = alarmPage ? alarms.ranks : readPage(code, content);
        expect(observations).toMatchObject(read);
        const others = Object.entries(observations).filter(([name]) => !(name in read));
        const start = alarmPage ? NAMES[code]!.replace(".a", ".p") : NAMES[code]!;
        expect(others.every(([name, value]) => name.startsWith(start) && value === null)).toBe(true);
      }
      expect(units).toEqual([]);
    }
  });

  it.each([1, 2, 3])("within two minutes everything a reader must cope with (seed %i)", (seed) => {
    const units = slowUnits(evita(seed));
    const { said } = evita(seed);
    const values = units.flatMap(({ observations }) => Object.entries(observations));
    expect(values.some(([name, value]) => name.startsWith("medibus.m1.") && value === null)).toBe(true);
    expect(values.some(([name, value]) => name.startsWith("medibus.t") && value === null)).toBe(true);
    expect(values.some(([name, value]) => name === "medibus.m1.8D" && value !== null && Number(value) < 0)).toBe(true);
    for (const page of ["a1", "a2"]) {
      const edges = units.flatMap(({ conditions }) => Object.entries(conditions).filter(([name]) => name.startsWith(`medibus.${page}`)));
      expect(edges.some(([, present]) => !present)).toBe(true);
    }
    expect(said.commands.some(({ inside }) => inside) && said.commands.some(({ inside }) => !inside)).toBe(true);
    expect(new Set(said.commands.map(({ code }) => code)).size).toBeGreaterThan(3);
  });

  it("leaves a page empty now and then, and leaves out what 4A says until the next ICC", () => {
    const empty = [1, 2, 3, 4].flatMap((seed) => evita(seed).said.answers.filter(({ code, content }) => code === 0x24 && content === ""));
    expect(empty.length).toBeGreaterThan(0);
    const pages: Pages = {
      36: [
        { code: "EB", text: "98" },
        { code: "E1", text: "70" },
      ],
    };
    const start = recordedState({ identity: { id: "8240", name: "E", software: "01.00", medibus: "04.00" }, clock: 0, traces: [], pages });
    const says = [command(0x4a, "$EB0"), command(0x24), command(0x51), answer(0x52, HOST_ID), command(0x24)];
    const { answers } = talk(draegerMedibusEmulator, 1, {
      time: 3000,
      says: says.map((bytes, index) => ({ at: index * 500, bytes })),
      from: start,
    }).said;
    expect(answers.filter(({ code }) => code === 0x24).map(({ content }) => content)).toEqual(["E1 70 ", "EB 98 E1 70 "]);
  });

  it("demands the absence of a code only where a reader of a bad line has surely seen it, and once", () => {
    const [here, gone] = [
      [
        { code: "EB", text: "98" },
        { code: "E1", text: "70" },
      ],
      [{ code: "EB", text: "98" }],
    ];
    const without = (runs: Runs) => conclude(0x24, gone, runs)[0];
    expect(without({ EB: SURE_AFTER, E1: SURE_AFTER })?.observations).toEqual({ "medibus.m1.EB": "98", "medibus.m1.E1": null });
    expect(without({ EB: SURE_AFTER, E1: SURE_AFTER })?.partial).toBeUndefined();
    for (const run of [1, SURE_AFTER - 1, -1]) {
      const told = without({ EB: SURE_AFTER, E1: run });
      expect([told?.observations, told?.partial]).toEqual([{ "medibus.m1.EB": "98" }, true]);
    }
    expect(without({ EB: SURE_AFTER, E1: -50 })?.partial).toBeUndefined();
    expect(conclude(0x24, [], {})[0]).toBeUndefined();
    expect(conclude(0x24, here, { EB: 3, E1: -7 })[1]).toEqual({ EB: 4, E1: 1 });
  });

  it("stops its host for a moment now and then, in the middle of an answer", () => {
    const controls = [1, 2, 3].flatMap((seed) => evita(seed).said.controls);
    expect(controls.length > 2 && controls.every((byte, index) => byte === (index % 2 === 0 ? 0x11 : 0x13))).toBe(true);
  });

  it("puts commands at any place of an answer", () => {
    const places = new Set<number>();
    for (const seed of [1, 2, 3, 4, 5, 6])
      for (const { bytes, unit } of evita(seed).sends) if (unit !== undefined && bytes.includes(0x1b)) places.add(bytes.indexOf(0x1b));
    expect(places.size).toBeGreaterThan(15);
  });

  it("is another machine as a Savina or an Atlan", () => {
    const asks = [0x24, 0x2b, 0x52].map((code) => command(code));
    const [savina, atlan] = [savinaEmulator, atlanEmulator].map((device) => talk(device, 1, { ...usual, asks, time: 15_000 }).said.answers);
    expect(savina!.some(({ code, content }) => code === 0x52 && content.startsWith("8250'Savina'"))).toBe(true);
    expect(savina!.filter(({ code }) => code === 0x2b).every(({ content }) => content === "")).toBe(true);
    expect(atlan!.some(({ code, content }) => code === 0x52 && content.startsWith("5555'Atlan"))).toBe(true);
  });
});

/** A faithful reader in small: MB-5, MB-6, and nothing else. */
function readerOf(answers: Talk["said"]["answers"], of: "ventilator" | "other"): readonly Conclusion[] {
  const present = new Map<string, boolean>();
  return answers.flatMap(({ code, content }): Conclusion[] => {
    const name = NAMES[code];
    if (name === undefined) return [];
    const alarmPage = code === 0x27 || code === 0x2e;
    const alarms = readAlarms(code, alarmPage ? content : "", of);
    const said = (start: string, read: Readonly<Record<string, unknown>>, absent: false | null) => {
      const gone = [...present].filter(([key, here]) => here && key.startsWith(start) && !(key in read)).map(([key]) => key);
      const told = [...Object.entries(read), ...gone.map((key) => [key, absent] as const)];
      for (const [key] of told) present.set(key, key in read);
      return told.map(([refid, value]) => ({ refid, name: undefined, value }));
    };
    const observations = alarmPage ? said(name.replace(".a", ".p"), alarms.ranks, null) : said(name, readPage(code, content), null);
    const conditions = alarmPage ? said(name, Object.fromEntries(alarms.conditions.map((key) => [key, true])), false) : [];
    if (observations.length + conditions.length === 0) return [];
    return [{ observations, waves: [], conditions, deviceTime: undefined }];
  });
}

describe("the ledger of an emulated MEDIBUS device", () => {
  // Not `noise`: this framing knows no inner frames.
  const accepts = (frame: Uint8Array): boolean =>
    Buffer.from(answer(frame[1]!, Buffer.from(frame.slice(2, -3)).toString("latin1"))).equals(frame);
  const framing = { delimited: { start: "\u0001", end: "\r", lengthMax: 3849, accepts } };
  const damaged = (device: Emulator<MedibusState>, words: string): Emulator<FaultyState> => {
    const faults = faultsOf(words);
    if ("mistake" in faults) throw new RangeError(faults.mistake);
    return withFaults(device, faults.faults, { framing });
  };

  it.each(["split:bytes=7", "flip:every=3", "cut:every=4", "checksum:every=2", "late:700ms,every=5", "repeat:every=4", "silence@20s+6s"])(
    "agrees with a faithful reader, whatever the line does (%s)",
    (words) => {
      for (const [index, device] of [draegerMedibusEmulator, savinaEmulator, atlanEmulator].entries()) {
        const lying = damaged(device, words);
        const whole: Emulator<MedibusState & { readonly inner?: FaultyState }> = {
          ...device,
          start: (seed) => ({ ...device.start(seed), inner: lying.start(seed) }),
          step: (state, heard, at) => {
            const turn = lying.step(state.inner!, heard, at);
            return { ...turn, state: { ...(turn.state.device as MedibusState), inner: turn.state } };
          },
        };
        const { said, units } = talk(whole, 11 + index, usual);
        expect(units.length).toBeGreaterThan(60);
        if (words.startsWith("checksum")) expect(said.broken).toBeGreaterThan(20);
        expectSame(readerOf(said.answers, device === atlanEmulator ? "other" : "ventilator"), units);
      }
    },
  );
});

describe("the curves of an emulated MEDIBUS device:", () => {
  /** Records as the paper has them, read apart from the emulator: raw samples by number of the stream. */
  function recordsOf(fast: readonly number[]): readonly Readonly<Record<number, number>>[] {
    const groups = [0, 0, 0];
    const starts = fast.flatMap((byte, index) => ((byte & 0xf0) === 0xd0 ? [index] : []));
    // Of the last one the end has not been sent yet.
    return starts.slice(0, -1).map((from, index) => {
      const record = fast.slice(from, starts[index + 1]);
      groups[0] = record[0]! & 0x0f;
      let at = 1;
      for (; (record[at] ?? 0) >= 0xc0; at += 2) {
        const which = (record[at]! & 0x0f) - 3;
        if (which === 1 || which === 2) groups[which] = record[at + 1]! & 0x0f;
      }
      const streams = groups.flatMap((bits, which) => [0, 1, 2, 3].filter((bit) => bits & (1 << bit)).map((bit) => which * 4 + bit));
      expect(record.length).toBe(at + 2 * streams.length);
      return Object.fromEntries(
        streams.map((stream, place) => [stream, (record[at + 2 * place]! & 0x3f) | ((record[at + 2 * place + 1]! & 0x3f) << 6)]),
      );
    });
  }

  it.each([1, 2, 3])("say in their units what their bytes say, between the bytes of slow answers (seed %i)", (seed) => {
    const one = withCurves(seed);
    const codes = ["00", "01", "03", "06", "02", "1C"];
    const records = recordsOf(one.said.fast).filter((record) => Object.keys(record).length > 0);
    const units = one.units.filter(({ waves }) => Object.keys(waves).length > 0).map(({ waves }) => waves);
    const read = records.map((record) =>
      Object.fromEntries(Object.entries(record).map(([stream, raw]) => [`medibus.w${codes[Number(stream)]}`, [raw]])),
    );
    // Of the last one the end may not have been seen.
    expect(units.length - read.length).toBeLessThanOrEqual(1);
    expect(read).toEqual(units.slice(0, read.length));
    expect(units.length).toBeGreaterThan(4000);
    expect(one.said.mixed).toBeGreaterThan(1000);
  });

  it("stop when the device says that they changed, and come with another scale when they are configured again", () => {
    const { said, state } = withCurves(1);
    expect(said.commands.filter(({ code }) => code === 0x56).length).toBeGreaterThan(0);
    expect(state.curves.traces[0]?.bins).toBeGreaterThan(880);
    expect(said.answers.filter(({ code }) => code === 0x54).length).toBeGreaterThan(1);
  });

  it("hold breath phases, holes, and which streams follow only where that changes", () => {
    const { fast } = withCurves(2).said;
    const pairs = fast.flatMap((byte, index) => (byte >= 0xc4 && byte <= 0xc6 && (fast[index - 1] ?? 0) >= 0xc0 ? [byte] : []));
    expect(pairs.filter((byte) => byte === 0xc6).length).toBeGreaterThan(40);
    const records = recordsOf(fast);
    const fifth = pairs.filter((byte) => byte === 0xc4).length;
    expect(fifth > 100 && fifth < records.length).toBe(true);
    const without = records.filter((record) => record[0] === undefined).length;
    expect(without > 10 && without < records.length / 20).toBe(true);
  });

  it("come only as configured and enabled", () => {
    const none = talk(draegerMedibusEmulator, 1, { ...usual, time: 15_000, curves: { ...FOUR, enable: [] } });
    expect(none.said.fast).toEqual([]);
    const one = talk(draegerMedibusEmulator, 1, { ...usual, time: 15_000, curves: { ...FOUR, enable: [[1, 2]] } });
    expect(new Set(one.units.flatMap(({ waves }) => Object.keys(waves)))).toEqual(new Set(["medibus.w01"]));
    expect(talk(savinaEmulator, 1, { ...usual, time: 15_000, curves: FOUR }).said.fast).toEqual([]);
  });
});

describe("an emulated MEDIBUS device", () => {
  const bytesOf = (seed: number, tick: number): Buffer => {
    const { sends } = talk(draegerMedibusEmulator, seed, { ...usual, time: 20_000, curves: SIX, tick });
    return Buffer.concat(sends.map(({ bytes }) => bytes));
  };
  it("is the same device for the same seed and another one for another", () => {
    expect(bytesOf(5, 10).equals(bytesOf(5, 10))).toBe(true);
    expect(bytesOf(5, 10).equals(bytesOf(6, 10))).toBe(false);
  });

  it("sends the same however its steps fall, and changes no state that it was given", () => {
    const says = [
      command(0x51),
      answer(0x52, HOST_ID),
      command(0x54, SIX.list),
      Uint8Array.of(0xd0, 0xc1, 0xcf, 0xc2, 0xc3),
      command(0x24),
    ];
    const run = (tick: number): Buffer => {
      const { sends } = talk(draegerMedibusEmulator, 2, {
        time: 5000,
        tick,
        says: says.map((bytes, index) => ({ at: index * 500, bytes })),
      });
      return Buffer.concat(sends.map(({ bytes }) => bytes));
    };
    expect(run(10).equals(run(1)) && run(10).equals(run(250))).toBe(true);
    const { state } = talk(draegerMedibusEmulator, 2, { ...usual, time: 5000 });
    const before = JSON.stringify(state);
    draegerMedibusEmulator.step(state, command(0x24), Milliseconds(6000));
    expect(JSON.stringify(state)).toBe(before);
  });

  it("stays small whatever it hears", () => {
    const random = randomOf(9);
    const says = Array.from({ length: 400 }, (_, index) => {
      const bytes = [
        () => random.bytes(300),
        () => command(0x24),
        () => command(0x51),
        () => new Uint8Array(900).fill(0x1b),
        () => answer(0x52, HOST_ID),
      ];
      return { at: index * 50, bytes: bytes[random.below(5)]!() };
    });
    const { state } = talk(draegerMedibusEmulator, 9, { time: 21_000, says });
    expect(JSON.stringify(state).length).toBeLessThan(40_000);
  });
});
