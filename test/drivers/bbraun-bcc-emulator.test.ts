import { describe, expect, it } from "vitest";
import { Milliseconds } from "../../config/units.ts";
import {
  type BccState,
  bbraunBccEmulator,
  bbraunBccFullEmulator,
  bbraunBccStuffedEmulator,
  bccEmulator,
  INFORMATION_MAX,
} from "../../drivers/bbraun-bcc/emulator.ts";
import { PEOPLE } from "../../drivers/bbraun-bcc/emulator-drugs.table.ts";
import { receive, type Stuffing, unstuffed } from "../../drivers/bbraun-bcc/emulator-wire.ts";
import type { Emulator, Unit } from "../../drivers/kit/emulator.ts";
import { faultsOf } from "../../drivers/kit/emulator-fault-words.ts";
import { withFaults } from "../../drivers/kit/emulator-faults.ts";
import { every, framed, once, opened, type Quadruple, type Script, talk, text } from "./bcc-host.ts";
import { randomOf } from "./streams.ts";
import { withVectors } from "./vectors.ts";

/** The paper's terms. */
const TERMS: Readonly<Record<string, string>> = {
  ...{ INVI: "MDC_VOL_FLUID_DELIV", INVTB: "MDC_VOL_FLUID_TBI", INDCON: "MDC_CONC_DRUG", INDORT: "MDC_RATE_DOSE" },
  ...{ INSOL: "MDC_DRUG_NAME_TYPE", RUNSTATE: "MDC_PUMP_STAT", INA3: "MDC_EVT_FLUID_LINE_OCCL", INA11: "MDC_EVT_BATT_LO" },
};
/** Complete answers of a rack that is asked for everything each two seconds, with what the units of their blocks say. */
type Whole = {
  readonly quadruples: readonly Quadruple[];
  readonly blocks: number;
  readonly unit: Pick<Unit, "observations" | "conditions">;
};
const NOTHING: Whole = { quadruples: [], blocks: 0, unit: { observations: {}, conditions: {} } };
const told = new Map<string, readonly Whole[]>();
function answersOf(device: Emulator<BccState>, seed: number, time = 120_000, stuffing: Stuffing = "off", pause = 2000): readonly Whole[] {
  const key = `${device === bbraunBccFullEmulator} ${stuffing} ${seed} ${time}`;
  const before = told.get(key);
  if (before !== undefined) return before;
  const { heard } = talk(device, device.start(seed), { time, says: every(pause, "MEM:GET", { stuffed: stuffing === "on" }) });
  const wholes: Whole[] = [];
  let part = NOTHING;
  for (const { sent } of heard) {
    const { quadruples, more } = opened(sent.bytes, stuffing);
    const { observations, conditions } = sent.unit ?? NOTHING.unit;
    if (sent.unit !== undefined) expect([sent.unit.bytes, sent.unit.deviceTime]).toEqual([sent.bytes.length, quadruples[0]![0]]);
    for (const key of Object.keys(observations)) expect(part.unit.observations).not.toHaveProperty([key]);
    part = {
      quadruples: [...part.quadruples, ...quadruples],
      blocks: part.blocks + 1,
      unit: {
        observations: { ...part.unit.observations, ...observations },
        conditions: { ...part.unit.conditions, ...conditions },
      },
    };
    if (more) continue;
    wholes.push(part);
    part = NOTHING;
  }
  told.set(key, wholes);
  return wholes;
}

describe("the emulated BCC rack and the document's own bytes", () => {
  it("un-stuffs from left to right in one pass", () => {
    const plain = (stuffed: string): string | undefined =>
      unstuffed([...Buffer.from(stuffed)])
        ?.map((byte) => String.fromCharCode(byte))
        .join("");
    expect(["EEX", "EEEX", "exee", "AEXM", "E", "ea"].map(plain)).toEqual(["EX", "ED", "de", "ADM", undefined, undefined]);
  });

  withVectors("bbraun-bcc", (read) => {
    const quiet = bccEmulator({ pumps: 3, stuffing: "off", happens: "nothing" });
    const rack = (second: number): BccState => ({ ...quiet.start(1), bed: "SpaceCOM", secondsBefore: second });
    const reply = (state: BccState, said: Uint8Array) =>
      talk(quiet, state, { time: 400, says: (at) => (at === 0 ? said : undefined) }).heard;

    it.each([
      ["alive_req", "alive_resp_206", 206],
      ["alive_req", "alive_resp_624", 624],
      ["version_req", "version_resp_207", 207],
      ["version_req", "version_resp_626", 626],
    ])("answers %s with %s byte for byte", (asked, wanted, second) => {
      expect(reply(rack(second), read(`${asked}.bin`)).map(({ sent }) => text(sent.bytes))).toEqual([text(read(`${wanted}.bin`))]);
    });

    it("takes every request as the document prints it, stuffed where it is stuffed", () => {
      const heard = (name: string, stuffing: Stuffing) => {
        let receiver: readonly number[] | undefined;
        return [...read(`${name}.bin`)].flatMap((byte) => {
          const [next, one] = receive(receiver, byte, stuffing);
          receiver = next;
          return one.heard === "request" ? [[one.bed, one.request]] : [];
        });
      };
      expect(heard("alive_req", "off")).toEqual([["1", "ADMIN:ALIVE"]]);
      expect(heard("alive_req_stuffed", "on")).toEqual([["1", "ADMIN:ALIVE"]]);
      expect([heard("alive_req", "on"), heard("alive_req_stuffed", "off")]).toEqual([[], []]);
      expect(heard("memget_req", "off")).toEqual([["SpaceCOM", "MEM:GET"]]);
      expect(heard("getslot13_req", "off")).toEqual([["SpaceCOM", "MEM:GETSLOT#13"]]);
      expect(heard("version_req", "off")).toEqual([["SpaceCOM", "ADMIN:VERSION"]]);
    });

    it("answers the document's requests for pumps with the pumps that are asked for", () => {
      const addresses = (name: string) =>
        new Set(
          talk(quiet, rack(1), { time: 3000, says: (at) => (at === 0 ? read(`${name}.bin`) : undefined) }).heard.flatMap(({ sent }) =>
            opened(sent.bytes).quadruples.map(([, address]) => address),
          ),
        );
      expect(addresses("getslot13_req")).toEqual(new Set(["50113"]));
      expect(addresses("memget_req")).toEqual(new Set(["50111", "50112", "50113"]));
    });
  });
});

describe("an emulated BCC rack", () => {
  it.each([1, 2, 3])("tells in its units what its quadruples say (seed %i)", (seed) => {
    for (const { quadruples, unit } of answersOf(bbraunBccEmulator, seed)) {
      const value = new Map(
        quadruples.map(([, address, parameter, value]) => [`${address[3]}/${address[4]} ${TERMS[parameter] ?? `bcc.${parameter}`}`, value]),
      );
      const conditions = Object.keys(unit.conditions).map((name) => [name, value.get(name) === "1"]);
      expect(unit.conditions).toEqual(Object.fromEntries(conditions));
      const observations = Object.keys(unit.observations).map((name): [string, string | null] => {
        const [slot, refid] = name.split(" ") as [string, string];
        const parameter = Object.keys(TERMS).find((one) => TERMS[one] === refid) ?? refid.replace("bcc.", "");
        const of = (one: string): string => value.get(`${slot} ${TERMS[one] ?? `bcc.${one}`}`) ?? "";
        if (parameter === "MDC_FLOW_FLUID_PUMP") {
          const runs = of("RUNSTATE") === "" ? of("INM3") === "1" : (Number(of("RUNSTATE")) >> 1) % 2 === 1;
          return [name, runs && of("INM2") === "0" && of("INM14") === "0" ? of("INRT") : null];
        }
        const none = /^_N[VA]$/.test(of(parameter)) || (parameter === "INRMT" && of(parameter) === "65535");
        const never = (parameter === "TCIAWA" && of(parameter) === "10000") || (parameter === "INDORT" && of("INDOCAL") === "0");
        return [name, none || never ? null : of(parameter)];
      });
      expect(unit.observations).toEqual(Object.fromEntries(observations));
      // All but who the pump is and whom it serves; and what is delivered.
      const pumps = new Set(quadruples.map(([, address]) => address)).size;
      const named = Object.keys(unit.observations).length + Object.keys(unit.conditions).length;
      expect(named).toBe(value.size - pumps * (PEOPLE.length + 2 - 1));
    }
  });

  it("names people in its answers and in no unit", () => {
    const wholes = answersOf(bbraunBccEmulator, 1);
    for (const [parameter, about] of PEOPLE) {
      expect(wholes.every(({ quadruples }) => quadruples.some(([, , name, value]) => name === parameter && value === about))).toBe(true);
      expect(wholes.every(({ unit }) => Object.keys(unit.observations).every((name) => !name.endsWith(parameter)))).toBe(true);
    }
  });

  it("shows within two minutes everything a reader must cope with", () => {
    const wholes = [1, 2, 3, 4].flatMap((seed) => answersOf(bbraunBccEmulator, seed));
    const all = wholes.flatMap(({ quadruples }) => quadruples);
    const some = (parameter: string, pattern: RegExp): boolean =>
      all.some(([, , name, value]) => name === parameter && pattern.test(value));
    for (const mode of ["INM2", "INM10", "INM14", "INM6"]) expect([mode, some(mode, /^1$/)]).toEqual([mode, true]);
    expect([some("INRMT", /^65535$/), some("INRMT", /^_NV$/), some("TCIAWA", /^10000$/), some("INP2", /^_NA$/)]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([some("INSOL", /\ue021/), some("INBOCNT", /^[1-9]/), some("INDCONU", /^33$/)]).toEqual([true, true, true]);
    const alarms = wholes.flatMap(({ unit }) => Object.entries(unit.conditions));
    expect(new Set(alarms.map(([name, present]) => `${name.split(" ")[1]} ${present}`)).size).toBe(24);
    // A pump of an older kind tells no RUNSTATE; one that a person speaks of is no reading of ours.
    const withState = wholes.filter(({ quadruples }) => quadruples.some(([, , name]) => name === "RUNSTATE")).length;
    expect(withState).toBeGreaterThan(0);
    const delivered = wholes.flatMap(({ unit }) =>
      Object.entries(unit.observations).filter(([name]) => name.endsWith(" MDC_FLOW_FLUID_PUMP")),
    );
    expect(delivered.some(([, value]) => value === null) && delivered.some(([, value]) => value !== null)).toBe(true);
  });

  it.each([1, 2, 3])("has a pump exchanged, one taken out and put in elsewhere (seed %i)", (seed) => {
    const serials = answersOf(bbraunBccEmulator, seed).map(({ quadruples }) =>
      Object.fromEntries(quadruples.filter(([, , name]) => name === "INSERNUM").map(([, address, , serial]) => [address, serial])),
    );
    const steps = serials.slice(1).map((now, index) => ({ before: serials[index]!, now }));
    expect(steps.some(({ before, now }) => Object.keys(now).some((slot) => before[slot] !== undefined && before[slot] !== now[slot]))).toBe(
      true,
    );
    expect(steps.some(({ before, now }) => Object.keys(now).length < Object.keys(before).length)).toBe(true);
    const moved = serials.flatMap((now) => Object.entries(now).map(([slot, serial]) => `${serial} ${slot}`));
    const places = Map.groupBy(new Set(moved), (one) => one.split(" ")[0]);
    expect([...places.values()].some((slots) => slots.length > 1)).toBe(true);
  });

  it("splits answers into blocks wherever a thousand bytes are full", () => {
    for (const { blocks } of answersOf(bbraunBccEmulator, 1)) expect(blocks).toBeGreaterThan(1);
    const full = answersOf(bbraunBccFullEmulator, 1, 20_000, "off", 10_000)[0]!;
    const addresses = new Set(full.quadruples.map(([, address]) => address));
    expect([addresses.size, new Set([...addresses].map((address) => address[3])).size]).toEqual([24, 3]);
    const { heard } = talk(bbraunBccFullEmulator, bbraunBccFullEmulator.start(1), {
      time: 9000,
      says: (at, bed) => (at === 0 ? framed(bed, "MEM:GET") : undefined),
    });
    const pumps = heard.map(({ sent }) => new Set(opened(sent.bytes).quadruples.map(([, address]) => address)).size);
    expect(pumps.some((count) => count > 1)).toBe(true);
    expect(heard.every(({ sent }) => sent.bytes.length <= INFORMATION_MAX + 40)).toBe(true);
  });

  it("stuffs everything where the site is set so", () => {
    const [first] = answersOf(bbraunBccStuffedEmulator, 2, 20_000, "on");
    expect(first?.quadruples.some(([, , name]) => name === "RUNSTATE" || name === "INM3")).toBe(true);
    expect(
      talk(bbraunBccStuffedEmulator, bbraunBccStuffedEmulator.start(2), { time: 2000, says: every(1000, "ADMIN:ALIVE") }).heard,
    ).toEqual([]);
  });

  it("sends the next block after 06, the same one after 15, and begins anew with a new request", () => {
    const script = (says: Readonly<Record<number, Uint8Array>>): Script => ({ time: 3000, acks: "none", says: (at) => says[at] });
    const start = bbraunBccEmulator.start(3);
    const get = framed(start.bed, "MEM:GET");
    const blocks = (says: Readonly<Record<number, Uint8Array>>) =>
      talk(bbraunBccEmulator, start, script({ 0: get, ...says })).heard.map(({ sent }) => opened(sent.bytes).quadruples);
    const [ack, nak] = [Uint8Array.of(0x06), Uint8Array.of(0x15)];
    expect(blocks({})).toHaveLength(1);
    const [first, second] = blocks({ 500: ack });
    expect(blocks({ 500: nak })).toEqual([first, first]);
    expect(blocks({ 500: ack, 1000: nak, 1500: ack }).slice(0, 3)).toEqual([first, second, second]);
    expect(blocks({ 500: ack, 1000: get })[2]?.[0]?.[1]).toBe(first?.[0]?.[1]);
    // Too soon: the device was not listening yet.
    const soon = talk(bbraunBccEmulator, start, { time: 200, acks: "none", says: (at) => (at === 0 ? get : undefined) }).heard[0]!.at;
    expect([blocks({ [soon + 80]: ack }), blocks({ [soon + 110]: ack }).slice(0, 2)]).toEqual([[first], [first, second]]);
    expect(blocks({ 300: get })).toEqual([first]);
    // A 06 that comes when nothing waits is nothing.
    expect(talk(bbraunBccEmulator, start, script({ 0: ack, 500: nak })).heard).toEqual([]);
  });

  it("tells a pump with the block behind which nothing more of it can come, and the same with that block again", () => {
    const { heard } = talk(bbraunBccFullEmulator, bbraunBccFullEmulator.start(3), { time: 20_000, says: once("MEM:GET") });
    const slotsIn = (names: object): readonly string[] => [...new Set(Object.keys(names).map((name) => name.split(" ")[0]!))];
    let begun: readonly string[] = [];
    for (const { sent } of heard) {
      const { quadruples, more } = opened(sent.bytes);
      begun = [...new Set([...begun, ...quadruples.map(([, address]) => `${address[3]}/${address[4]}`)])];
      // Behind this block the last one may go on.
      const ended = more ? begun.slice(0, -1) : begun;
      expect(slotsIn(sent.unit?.observations ?? {})).toEqual(ended);
      begun = begun.slice(ended.length);
    }
    expect(heard.some(({ sent }) => sent.unit === undefined) && heard.some(({ sent }) => sent.unit !== undefined)).toBe(true);
    const start = bbraunBccEmulator.start(3);
    const again = talk(bbraunBccEmulator, start, {
      ...{ time: 3000, acks: "none" },
      says: (at, bed) => ({ 0: framed(bed, "MEM:GETSLOT#11"), 500: Uint8Array.of(0x06), 1000: Uint8Array.of(0x15) })[at],
    }).heard.map(({ sent }) => sent.unit);
    expect(again[0]).toBeUndefined();
    expect(again[1]?.once).toBe(true);
    expect(again[2]).toEqual(again[1]);
  });

  it("empties its counters with each request", () => {
    const counter = (pause: number): number[] => {
      const { heard } = talk(bbraunBccEmulator, bbraunBccEmulator.start(6), { time: 60_000, says: every(pause, "MEM:GETSLOT#11") });
      return heard
        .flatMap(({ sent }) => opened(sent.bytes).quadruples)
        .filter(([, , name]) => name === "DISPCHG" || name === "INBOCNT")
        .map(([, , , value]) => Number(value));
    };
    expect(Math.max(...counter(2000))).toBeLessThanOrEqual(1);
  });

  it("answers 68 to what it does not know, 811 and 39 for an empty slot, 11 without pumps", () => {
    const error = (device: Emulator<BccState>, state: BccState, request: string): string[] => {
      const { heard } = talk(device, state, { time: 300, says: (at, bed) => (at === 0 ? framed(bed, request) : undefined) });
      return heard.flatMap(({ sent }) =>
        opened(sent.bytes).quadruples.map(([, address, parameter, value]) => `${address} ${parameter} ${value}`),
      );
    };
    const device = bbraunBccEmulator;
    const start = device.start(1);
    for (const request of ["MEM:SET", "mem:get", "MEM:GETSLOT#", "MEM:GETSLOT#41", "MEM:GETSLOT#1P", ""])
      expect(error(device, start, request)).toEqual(["50100 GNERR 68"]);
    expect(error(device, start, "MEM:GETSLOT#3O")).toEqual(["50100 GNERR 811"]);
    expect(error(device, { ...start, rack: { ...start.rack, emptied: ["25"] } }, "MEM:GETSLOT#25")).toEqual(["50100 GNERR 39"]);
    const none = bccEmulator({ pumps: 0, stuffing: "off", happens: "something" });
    expect(error(none, none.start(1), "MEM:GET")).toEqual(["50100 GNERR 11"]);
  });

  it("says of a slot whose pump was taken out that it was", () => {
    const start = bbraunBccEmulator.start(1);
    const slots = Object.keys(start.rack.pumps);
    const { heard } = talk(bbraunBccEmulator, start, {
      time: 60_000,
      says: (at, bed) => (at % 500 === 0 ? framed(bed, `MEM:GETSLOT#${slots[(at / 500) % slots.length]}`) : undefined),
    });
    const errors = heard.flatMap(({ sent }) => opened(sent.bytes).quadruples).filter(([, , name]) => name === "GNERR");
    expect(new Set(errors.map(([, , , code]) => code))).toEqual(new Set(["39"]));
  });

  it("keeps an honest ledger when the line damages its blocks and the host asks for them again", () => {
    const whole = (bytes: Uint8Array): boolean => {
      const [length, sum] = [text(bytes.subarray(1, 6)), text(bytes.subarray(-6, -1))];
      const total = [...bytes.subarray(0, -6)].reduce((all, byte) => all + byte, 0) % 256;
      return length === String(bytes.length).padStart(5, "0") && sum === String(total).padStart(5, "0");
    };
    const framing = { delimited: { start: "\u0001", end: "\u0004", lengthMax: 4096, accepts: whole } };
    for (const words of ["flip:every=3", "checksum:every=2", "cut:every=3"]) {
      const faults = faultsOf(words);
      if ("mistake" in faults) throw new RangeError(faults.mistake);
      const lying = withFaults(bbraunBccEmulator, faults.faults, { framing });
      let [state, wholes, units] = [lying.start(4), 0, 0];
      let say: { readonly at: number; readonly bytes: Uint8Array } = { at: -1, bytes: new Uint8Array() };
      for (let at = 0; at < 60_000; at += 10) {
        if (at % 5000 === 0) say = { at, bytes: framed(bbraunBccEmulator.start(4).bed, "MEM:GET") };
        const turn = lying.step(state, at === say.at ? say.bytes : new Uint8Array(), Milliseconds(at));
        state = turn.state;
        for (const { bytes, unit } of turn.sends) {
          const good = whole(bytes);
          say = { at: at + 100, bytes: Uint8Array.of(good ? 0x06 : 0x15) };
          const last = good && bytes.at(-7) === 0x03;
          expect(unit === undefined || good).toBe(true);
          if (unit !== undefined && last) units += 1;
          if (last) wholes += 1;
        }
      }
      expect([words, units]).toEqual([words, wholes]);
      expect(units).toBeGreaterThan(8);
    }
  });

  it("does not answer a wrong length, a wrong sum or another bed, and changes its own bed id", () => {
    const start = { ...bbraunBccEmulator.start(1), bed: "SpaceCOM" };
    const good = framed("SpaceCOM", "MEM:GET");
    for (const bad of [
      good.with(5, 0x35),
      good.with(good.length - 2, 0x39),
      framed("Elsewhere", "MEM:GET"),
      good.subarray(0, 20),
      good.subarray(1),
    ])
      expect(talk(bbraunBccEmulator, start, { time: 500, says: (at) => (at === 0 ? bad : undefined) }).heard).toEqual([]);
    const beds = talk(bbraunBccEmulator, start, {
      time: 301_000,
      says: (at) => (at % 10_000 === 0 ? framed("1", "ADMIN:ALIVE") : undefined),
    }).heard.map(({ sent }) => opened(sent.bytes).bed);
    expect(new Set(beds)).toEqual(new Set(["SpaceCOM", "ICU2-BED07"]));
  });

  it("is the same device for the same seed, another one for another, and for the same questions however its steps fall", () => {
    const bytes = (seed: number): string =>
      answersOf(bccEmulator({ pumps: 2, stuffing: "off", happens: "something" }), seed, 30_000)
        .map(({ unit }) => JSON.stringify(unit))
        .join();
    expect(bytes(8)).not.toBe(bytes(9));
    told.clear();
    const again = bytes(8);
    told.clear();
    expect(bytes(8)).toBe(again);
    const state = bbraunBccEmulator.start(1);
    const asked = bbraunBccEmulator.step(state, framed(state.bed, "MEM:GET"), Milliseconds(1000));
    const fine = Array.from({ length: 100 }, (_, index) => 1010 + index * 10).reduce(
      ({ now, sends }, at) => {
        const turn = bbraunBccEmulator.step(now, new Uint8Array(), Milliseconds(at));
        return { now: turn.state, sends: [...sends, ...turn.sends] };
      },
      { now: asked.state, sends: asked.sends },
    );
    expect(fine.sends).toEqual(bbraunBccEmulator.step(asked.state, new Uint8Array(), Milliseconds(2000)).sends);
    expect(state).toEqual(bbraunBccEmulator.start(1));
  });

  it("stays small whatever it hears", () => {
    const random = randomOf(5);
    const start = bbraunBccFullEmulator.start(5);
    const { state } = talk(bbraunBccFullEmulator, start, {
      time: 10_000,
      says: (at, bed) =>
        [() => random.bytes(400), () => framed(bed, "MEM:GET"), () => new Uint8Array(500).fill(0x01), () => Uint8Array.of(0x15)][
          (at / 10) % 29
        ]?.(),
    });
    expect(JSON.stringify(state).length).toBeLessThan(150_000);
  });
});
