import { describe, expect, it } from "vitest";
import { Milliseconds } from "../../config/units.ts";
import { type DriState, geDriEmulator } from "../../drivers/ge-dri/emulator.ts";
import { type Ear, frameBytes, HEARD_MAX, hear, recordBytes } from "../../drivers/ge-dri/emulator-frame.ts";
import { GROUPS } from "../../drivers/ge-dri/emulator-groups.table.ts";
import { type Group, type Physiological, subrecordBytes, toldOf } from "../../drivers/ge-dri/emulator-physiological.ts";
import { type Request, requestOf } from "../../drivers/ge-dri/emulator-request.ts";
import { waveBytes } from "../../drivers/ge-dri/emulator-waves.ts";
import type { Sent } from "../../drivers/kit/emulator.ts";
import { withVectors } from "./vectors.ts";

// ── A reader of the paper's offsets, which knows nothing of the emulator's tables ───────────────────────────────────

/** Frames of a recording with their flags, and their content without them. */
function framesOf(bytes: Uint8Array): readonly { readonly wire: Uint8Array; readonly record: Uint8Array }[] {
  const ends = [...bytes.keys()].filter((at) => bytes[at] === 0x7e);
  return ends.slice(0, -1).flatMap((from, index) => {
    const to = ends[index + 1]!;
    if (to === from + 1) return [];
    const content: number[] = [];
    for (let at = from + 1; at < to; at++) content.push(bytes[at] === 0x7d ? bytes[++at]! | 0x20 : bytes[at]!);
    expect(content.slice(0, -1).reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(content.at(-1));
    return [{ wire: bytes.slice(from, to + 1), record: Uint8Array.from(content.slice(0, -1)) }];
  });
}
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const i16 = (bytes: Uint8Array, at: number): number => viewOf(bytes).getInt16(at, true);
const u16 = (bytes: Uint8Array, at: number): number => viewOf(bytes).getUint16(at, true);
const u32 = (bytes: Uint8Array, at: number): number => viewOf(bytes).getUint32(at, true);

function headOf(record: Uint8Array) {
  const list: { readonly at: number; readonly type: number }[] = [];
  for (let at = 16; at < 40 && record[at + 2] !== 0xff; at += 3) list.push({ at: 40 + i16(record, at), type: record[at + 2]! });
  const bodies = list.map(({ at, type }, index) => ({ type, bytes: record.slice(at, list[index + 1]?.at ?? record.length) }));
  return { length: u16(record, 0), number: record[2]!, time: u32(record, 6), main: u16(record, 14), bodies };
}

/** A recorded subrecord as the emulator's own state: its groups, and every other word as it is. */
function stateOf(bytes: Uint8Array): Physiological {
  const level = (u16(bytes, 276) >> 8) & 15;
  const words = Object.fromEntries(Array.from({ length: 136 }, (_, index) => [4 + 2 * index, i16(bytes, 4 + 2 * index)]));
  const groups: Record<string, Group> = {};
  for (const row of GROUPS.filter((one) => one.class === level)) {
    const first = row.at + (row.header ? 6 : 0);
    const values = row.fields.map((_, index) => i16(bytes, first + 2 * index));
    groups[row.name] = { status: row.header ? u32(bytes, row.at) : 0, label: row.header ? u16(bytes, row.at + 4) : 0, values };
    const length = first - row.at + 2 * values.length;
    for (let at = row.at; at < row.at + length; at += 2) delete words[at];
  }
  return { class: level, time: u32(bytes, 0), groups, words };
}

const rows = (csv: string): readonly Readonly<Record<string, string>>[] => {
  const [head = "", ...lines] = csv.trim().split(/\r?\n/);
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, index) => [head.split(",")[index]!, cell])));
};

withVectors("ge-dri", (read) => {
  const frames = framesOf(read("db02_2018-07-26.raw"));

  describe("the emulated monitor with a recorded monitor's state", () => {
    it("sends each of its physiological frames byte for byte", () => {
      const all = frames.filter(({ record }) => headOf(record).main === 0);
      expect(all).toHaveLength(107);
      for (const { wire, record } of all) {
        const head = headOf(record);
        const subrecords = head.bodies.map(({ type, bytes }) => ({ type, bytes: subrecordBytes(stateOf(bytes)) }));
        expect(Buffer.from(frameBytes(recordBytes(head, subrecords))).toString("hex")).toBe(Buffer.from(wire).toString("hex"));
      }
    });

    it("sends each of its wave frames byte for byte", () => {
      const all = frames.filter(({ record }) => headOf(record).main === 1);
      expect(all).toHaveLength(106);
      for (const { wire, record } of all) {
        const head = headOf(record);
        const subrecords = head.bodies.map(({ type, bytes }) => {
          const samples = Array.from({ length: u16(bytes, 0) }, (_, index) => i16(bytes, 6 + 2 * index));
          return { type, bytes: waveBytes({ type, status: u16(bytes, 2), label: u16(bytes, 4), samples }) };
        });
        expect(Buffer.from(frameBytes(recordBytes(head, subrecords))).toString("hex")).toBe(Buffer.from(wire).toString("hex"));
      }
    });

    it("tells of it what an independent reading found, and nothing of modules that were not there", () => {
      const expected = rows(read("expected_db02.csv").toString("latin1"));
      const all = frames.map(({ record }) => headOf(record)).filter(({ main }) => main === 0);
      for (const [index, row] of expected.entries()) {
        const { observations } = toldOf(all[index]!.bodies.map(({ bytes }) => stateOf(bytes)));
        for (const [column, key] of Object.entries(COLUMNS))
          expect([column, Number(observations[key])]).toEqual([column, Number(row[column])]);
        for (const absent of ["ge.p3.hr", "MDC_TEMP_ESOPH", "MDC_OUTPUT_CARD"]) expect(observations).not.toHaveProperty([absent]);
        expect(observations.MDC_VOL_AWAY_TIDAL_INSP).toBeNull();
      }
      const first = toldOf(all[0]!.bodies.map(({ bytes }) => stateOf(bytes))).observations;
      expect([first.MDC_CONC_AWAY_O2_INSP, first.MDC_PULS_OXIM_SAT_O2, first.MDC_PRESS_AIR_AMBIENT]).toEqual(["80.00", "96.65", "759.8"]);
    });
  });

  describe("the emulated monitor's ear", () => {
    const asked = (name: string): Request | undefined => {
      const [, records] = hear(undefined, read(name));
      return records.length === 1 ? requestOf(records[0]!) : undefined;
    };
    it.each<[string, Request]>([
      ["req_displ_10s.bin", { ask: "displayed", interval: 10, classes: [true, true, true, true] }],
      ["req_displ_stop.bin", { ask: "displayed", interval: 0, classes: [true, false, false, false] }],
      ["req_60s_trend.bin", { ask: "trend 60 s", interval: 60, classes: [true, true, true, true] }],
      ["req_60s_trend_stop.bin", { ask: "trend 60 s", interval: 0, classes: [true, false, false, false] }],
      ["req_wave_ecg1.bin", { ask: "waves", types: [1] }],
      ["req_wave_stop.bin", { ask: "no waves" }],
    ])("takes the printed request %s", (name, request) => {
      expect(asked(name)).toEqual(request);
    });
  });
});

const COLUMNS = {
  hr: "MDC_ECG_HEART_RATE",
  imp_rr: "MDC_TTHOR_RESP_RATE",
  nibp_sys_mmHg: "MDC_PRESS_BLD_NONINV_SYS",
  nibp_dia_mmHg: "MDC_PRESS_BLD_NONINV_DIA",
  nibp_mean_mmHg: "MDC_PRESS_BLD_NONINV_MEAN",
  spo2_pct: "MDC_PULS_OXIM_SAT_O2",
  spo2_pr: "MDC_PULS_OXIM_PULS_RATE",
  pleth_mod_pct: "MDC_PULS_OXIM_PERF_REL",
  etco2_pct: "MDC_CONC_AWAY_CO2_ET",
  fico2_pct: "MDC_CONC_AWAY_CO2_INSP",
  co2_rr: "MDC_CO2_RESP_RATE",
  amb_mmHg: "MDC_PRESS_AIR_AMBIENT",
  eto2_pct: "MDC_CONC_AWAY_O2_ET",
  fio2_pct: "MDC_CONC_AWAY_O2_INSP",
} as const;

// ── Requests, built from the paper ──────────────────────────────────────────────────────────────────────────────────

function request(main: number, body: readonly number[]): Uint8Array {
  const record = new Uint8Array(40 + body.length);
  record[0] = record.length;
  record[14] = main;
  record[21] = 0xff;
  record.set(body, 40);
  return frameBytes(record);
}
const word = (value: number): readonly number[] => [value & 0xff, (value >> 8) & 0xff];
const stream = (type: number, interval: number, classes = 0x0e): Uint8Array =>
  request(0, [type, ...word(interval), ...word(classes), 0, 0, 0, 0]);
const waves = (...types: readonly number[]): Uint8Array => {
  const list = [...types, ...(types.length < 8 ? [0xff] : [])];
  return request(1, [0, 0, 0, 0, ...list, ...Array(28 - list.length).fill(0)]);
};
const STOP_WAVES = request(1, [1, 0, ...Array(30).fill(0)]);
const alarms = (command: number): Uint8Array => request(4, [command, ...Array(11).fill(0)]);

type Said = { readonly at: number; readonly bytes: Uint8Array };
function ask(seed: number, said: readonly Said[], seconds: number): readonly (Sent & { readonly at: number })[] {
  let state: DriState = geDriEmulator.start(seed);
  const sends: (Sent & { readonly at: number })[] = [];
  for (let at = 0; at <= seconds * 1000; at += 100) {
    const heard = Buffer.concat(said.filter((one) => one.at === at).map(({ bytes }) => bytes));
    const turn = geDriEmulator.step(state, heard, Milliseconds(at));
    sends.push(...turn.sends.map((sent) => ({ ...sent, at })));
    state = turn.state;
  }
  return sends;
}
const headsOf = (sends: readonly Sent[]) => sends.map(({ bytes }) => headOf(framesOf(bytes)[0]!.record));
const SEEDS = [1, 2, 3, 4, 5, 6];

describe("the emulated GE monitor", () => {
  it("is silent until it is asked, and after junk, broken sums and requests with reserved fields", () => {
    expect(ask(1, [], 10)).toEqual([]);
    const broken = stream(1, 10).with(30, 1);
    const reserved = [
      request(0, [1, 10, 0, 14, 0, 0, 0, 1, 0]),
      request(8, [1, 10, 0, 14, 0, 0, 0, 0, 0]),
      request(4, [9, ...Array(11).fill(0)]),
    ];
    const junk = Uint8Array.from({ length: 50 * HEARD_MAX }, (_, index) => (index * 37) & 0xff);
    const said = [junk, broken, ...reserved].map((bytes, index) => ({ at: 200 * index, bytes }));
    expect(ask(1, said, 10)).toEqual([]);
  });

  it("sends what is displayed at the interval and in the classes asked for, until it is told to stop", () => {
    const sends = ask(
      2,
      [
        { at: 0, bytes: stream(1, 10) },
        { at: 45_000, bytes: stream(1, 0, 0) },
      ],
      80,
    );
    expect(sends.map(({ at }) => at)).toEqual([1000, 11_000, 21_000, 31_000, 41_000]);
    expect(headsOf(sends).map(({ number, main, length, bodies }) => [number, main, length, bodies.map(({ type }) => type)])).toEqual(
      [0, 1, 2, 3, 4].map((number) => [number, 0, 1152, [1, 1, 1, 1]]),
    );
    const [basic] = headsOf(ask(2, [{ at: 0, bytes: stream(1, 10, 0) }], 2));
    expect([basic?.length, basic?.bodies.length]).toEqual([318, 1]);
    const [third] = headsOf(ask(2, [{ at: 0, bytes: stream(1, 10, 0x09) }], 2));
    expect(u16(third!.bodies[0]!.bytes, 276)).toBe(0x03a1);
  });

  it("answers a single request once, and ignores the second of two within 5 s", () => {
    const said = [0, 3000, 12_000].map((at) => ({ at, bytes: stream(1, -1) }));
    expect(ask(3, said, 20).map(({ at }) => at)).toEqual([1000, 12_000]);
  });

  it("sends trends under their own names, only while the display is asked for and a case runs", () => {
    expect(ask(1, [{ at: 0, bytes: stream(2, 10) }], 60)).toEqual([]);
    const said = [stream(1, 60), stream(2, 10), stream(3, 60)].map((bytes) => ({ at: 0, bytes }));
    const sends = ask(1, said, 130);
    const types = headsOf(sends).map(({ bodies }) => bodies[0]!.type);
    expect(types.filter((type) => type === 2).length).toBeGreaterThanOrEqual(11);
    expect(types.filter((type) => type === 3).length).toBeGreaterThanOrEqual(1);
    for (const [index, { unit }] of sends.entries()) {
      const prefix = { 1: "", 2: "ge.trend_10s.", 3: "ge.trend_60s." }[types[index]!]!;
      for (const key of Object.keys(unit!.observations))
        expect(key.startsWith(prefix) && (prefix !== "" || !key.includes("trend"))).toBe(true);
    }
  });

  it.each(SEEDS)("tells in its unit what its bytes say (seed %i)", (seed) => {
    for (const { bytes, unit } of ask(seed, [{ at: 0, bytes: stream(1, 1) }], 90)) {
      const [{ wire, record } = { wire: bytes, record: bytes }] = framesOf(bytes);
      const head = headOf(record);
      expect([wire.length, unit?.bytes, unit?.deviceTime]).toEqual([bytes.length, bytes.length, String(head.time)]);
      const basic = head.bodies[0]!.bytes;
      const value = (at: number, group: number, decimals: number): string | null | undefined => {
        if ((u32(basic, group) & 1) === 0) return undefined;
        return (u32(basic, group) & 2) === 0 || i16(basic, at) <= -32001 ? null : (i16(basic, at) / 10 ** decimals).toFixed(decimals);
      };
      // Offsets of the paper, by hand.
      expect(unit?.observations.MDC_ECG_HEART_RATE).toBe(value(10, 4, 0));
      expect(unit?.observations["ge.ecg.st1"]).toBe(value(12, 4, 2));
      expect(unit?.observations.MDC_PULS_OXIM_SAT_O2).toBe(value(128, 122, 2));
      expect(unit?.observations.MDC_CONC_AWAY_CO2_ET).toBe(value(142, 136, 2));
      expect(unit?.observations.MDC_PRESS_AIR_AMBIENT).toBe(value(148, 136, 1));
      expect(unit?.observations.MDC_VOL_AWAY_TIDAL_INSP).toBe(value(196, 182, 1));
      expect(unit?.observations.MDC_OUTPUT_CARD).toBe(value(210, 204, 0));
      const cvp = u16(basic, 38) === 2;
      expect(unit?.observations[cvp ? "MDC_PRESS_BLD_VEN_CENT_MEAN" : "MDC_PRESS_BLD_ART_PULM_MEAN"]).toBe(value(44, 34, 2));
      expect(unit?.observations).not.toHaveProperty([cvp ? "MDC_PRESS_BLD_ART_PULM_MEAN" : "MDC_PRESS_BLD_VEN_CENT_MEAN"]);
      expect(unit?.conditions.MDC_EVT_APNEA).toBe((u32(basic, 136) & 0x103) === 3 ? (u32(basic, 136) & 4) === 4 : undefined);
    }
  });

  it("shows in time all five special values, groups that are not active, modules that come and go, labels that change, a clock that steps", () => {
    const all = SEEDS.flatMap((seed) => headsOf(ask(seed, [{ at: 0, bytes: stream(1, 1) }], 160)).map((head) => ({ seed, head })));
    const basics = all.map(({ head }) => head.bodies[0]!.bytes);
    const seen = new Set(basics.flatMap((basic) => [128, 10, 142, 94 + 2, 44, 188].map((at) => i16(basic, at))));
    for (const code of [-32767, -32766, -32764, -32763, -32762, -32765, -32000]) expect(seen).toContain(code);
    for (const at of [122, 136, 20]) expect(new Set(basics.map((basic) => u32(basic, at) & 3))).toEqual(new Set([3, 1, 0]));
    expect(new Set(basics.map((basic) => u16(basic, 38)))).toEqual(new Set([2, 3]));
    expect(new Set(basics.map((basic) => u16(basic, 174)))).toEqual(new Set([0, 4, 5, 6]));
    expect(new Set(basics.map((basic) => u16(basic, 80) & 0x120))).toEqual(new Set([0, 0x20, 0x100]));
    const steps = all.slice(1).map(({ seed, head }, index) => (seed === all[index]!.seed ? head.time - all[index]!.head.time : 1));
    expect(steps.some((step) => step < 0)).toBe(true);
    expect(all.some(({ head }) => head.bodies.some(({ bytes }) => bytes.includes(0x7e)))).toBe(true);
  });

  it("sends waves in one record a second, with the gap flag in the first, at counts near the rate", () => {
    const sends = ask(
      1,
      [
        { at: 0, bytes: waves(8, 32) },
        { at: 60_000, bytes: STOP_WAVES },
      ],
      80,
    );
    const heads = headsOf(sends);
    expect(sends.length).toBeGreaterThan(50);
    expect(sends.at(-1)!.at).toBeLessThanOrEqual(60_000);
    expect(new Set(heads.flatMap(({ bodies }) => bodies.map(({ bytes }) => u16(bytes, 0))))).toEqual(new Set([99, 100, 101]));
    expect(heads.map(({ number }) => number)).toEqual(heads.map((_, index) => index));
    const gaps = heads.map(({ bodies }) => bodies.every(({ bytes }) => (u16(bytes, 2) & 1) === 1));
    const holes = sends.map(({ at }, index) => index === 0 || at - sends[index - 1]!.at > 1000);
    expect(gaps).toEqual(holes);
    expect(holes.filter(Boolean).length).toBeGreaterThan(1);
    for (const [index, { unit }] of sends.entries()) {
      expect(Object.keys(unit!.waves)).toEqual(["MDC_PULS_OXIM_PLETH", "ge.wave.entropy"]);
      const { bytes } = heads[index]!.bodies[1]!;
      expect(unit!.waves["ge.wave.entropy"]).toEqual(Array.from({ length: u16(bytes, 0) }, (_, sample) => i16(bytes, 6 + 2 * sample)));
    }
  });

  it("drops silently the waves that are too many, and all of them where the line cannot carry them", () => {
    expect(headsOf(ask(1, [{ at: 0, bytes: waves(1, 2, 3, 8, 9) }], 2))[0]!.bodies.map(({ type }) => type)).toEqual([1, 2]);
    const sends = ask(
      1,
      [
        { at: 0, bytes: waves(1, 2) },
        { at: 0, bytes: stream(1, 1) },
      ],
      60,
    );
    const last = sends.filter(({ unit }) => Object.keys(unit!.waves).length > 0).at(-1)!;
    expect(last.at).toBeLessThan(20_000);
    expect(sends.at(-1)!.at).toBeGreaterThan(50_000);
  });

  it("drops its waves where CTS is held for more than 2 s, and begins them with a gap when it is asked again", () => {
    const of = (seed: number) =>
      ask(
        seed,
        [0, 60_000].map((at) => ({ at, bytes: waves(8) })),
        120,
      );
    const dropped = SEEDS.map(of).find((sends) => !sends.some(({ at }) => at > 55_000 && at < 60_000));
    const again = dropped?.find(({ at }) => at >= 60_000);
    expect([again?.at, u16(headsOf([again!])[0]!.bodies[0]!.bytes, 2) & 1]).toEqual([60_000, 1]);
  });

  it("tells its alarms whole when asked, then each change, with either width of its enumerations", () => {
    const lengths = new Set<number>();
    for (const seed of SEEDS) {
      const sends = ask(
        seed,
        [
          { at: 0, bytes: alarms(2) },
          { at: 100_000, bytes: alarms(3) },
        ],
        120,
      );
      expect(sends[0]!.at).toBe(1000);
      expect(sends.at(-1)!.at).toBeLessThanOrEqual(100_000);
      expect(new Set(sends.flatMap(({ unit }) => Object.values(unit!.conditions)))).toEqual(new Set([true, false]));
      for (const [index, { at, bytes, unit }] of sends.entries()) {
        if (index > 0) expect(at - sends[index - 1]!.at).toBeGreaterThanOrEqual(2000);
        const { main, bodies } = headOf(framesOf(bytes)[0]!.record);
        const body = bodies[0]!.bytes;
        lengths.add(body.length);
        const [first, stride, after] = body.length === 510 ? [10, 98, 82] : [12, 100, 82];
        for (let place = 0; place < 5; place++) {
          const from = first + place * stride;
          const text = Buffer.from(body.slice(from, from + 80))
            .toString("latin1")
            .replace(/\0+$/, "");
          expect(unit!.observations[`ge.alarm.${place + 1}.text`]).toBe(text === "" ? null : text);
          expect(unit!.conditions[`ge.alarm.${place + 1}`]).toBe(body[from + after] !== 0);
        }
        expect([main, body.length === 510 || body.length === 522]).toEqual([4, true]);
      }
      expect(ask(seed, [{ at: 5000, bytes: alarms(0) }], 60)).toHaveLength(1);
    }
    expect(lengths).toEqual(new Set([510, 522]));
  });

  it("is the same device for the same seed, however its steps are cut, and another for another", () => {
    const said = [stream(1, 1), waves(8, 32), alarms(2)].map((bytes) => ({ at: 0, bytes }));
    const hex = (sends: readonly Sent[]): string => sends.map(({ bytes }) => Buffer.from(bytes).toString("hex")).join("\n");
    expect(hex(ask(9, said, 40))).toBe(hex(ask(9, said, 40)));
    expect(hex(ask(9, said, 40))).not.toBe(hex(ask(10, said, 40)));
    let state = geDriEmulator.start(9);
    const sends: Sent[] = [];
    for (let at = 0; at <= 40_000; ) {
      const turn = geDriEmulator.step(state, at === 0 ? Buffer.concat(said.map(({ bytes }) => bytes)) : new Uint8Array(), Milliseconds(at));
      sends.push(...turn.sends);
      state = turn.state;
      at += turn.next;
    }
    expect(hex(sends)).toBe(hex(ask(9, said, 40)));
  });

  it("changes nothing that it was handed, and keeps its state small", () => {
    const said = Buffer.concat([stream(1, 1), stream(2, 10), waves(8, 32), alarms(2)]);
    let state = geDriEmulator.start(5);
    for (let at = 0; at < 120_000; at += 1000) {
      const before = JSON.stringify(state);
      const turn = geDriEmulator.step(state, at % 7000 === 0 ? said : new Uint8Array(), Milliseconds(at));
      expect(JSON.stringify(state)).toBe(before);
      expect(before.length).toBeLessThan(8192);
      expect(turn.sends.length).toBeLessThanOrEqual(5);
      state = turn.state;
    }
    const late = geDriEmulator.step(state, new Uint8Array(), Milliseconds(10_000_000));
    expect(late.sends.length).toBeLessThanOrEqual(5);
  });

  it("hears a request in whatever pieces it comes, and behind a single flag", () => {
    const bytes = Buffer.concat([stream(1, 10), alarms(0).slice(1)]);
    let ear: Ear;
    const heard = [...bytes].flatMap((byte) => {
      const [next, records] = hear(ear, Uint8Array.of(byte));
      ear = next;
      return records;
    });
    expect(heard.map(requestOf)).toEqual([{ ask: "displayed", interval: 10, classes: [true, true, true, true] }, { ask: "alarms once" }]);
  });
});
