import type { Dice } from "../kit/emulator-dice.ts";
import { ALARMS, DRUGS, type Drug, PEOPLE, PRE_ALARMS } from "./emulator-drugs.table.ts";

/** One pump: it moves on whenever the rack is asked, and tells its parameters as text. */

export type Phase = "running" | "stopped" | "bolus" | "purge" | "kvo" | "standby";
export type Pump = {
  readonly serial: string;
  readonly family: "syringe" | "volumetric";
  /** An older one tells no RUNSTATE. */
  readonly age: "new" | "old";
  readonly drug: number;
  /** mL/h. */
  readonly rate: number;
  /** mL. */
  readonly infused: number;
  readonly left: number;
  readonly phase: Phase;
  /** Second since switch-on of the rack at which the phase ends. */
  readonly phaseEnds: number;
  /** Alarm → second at which it is over. */
  readonly alarms: Readonly<Record<string, number>>;
  readonly mains: boolean;
  readonly moved: number;
  /** Since the last request (BB-5): second of it, boluses, mL, changes of the display. */
  readonly since: { readonly second: number; readonly boluses: number; readonly given: number; readonly changes: number };
};

const FULL = { syringe: 50, volumetric: 500 } as const;
const BOLUS_RATE = 800;
const PURGE_RATE = 1200;
const KVO_RATE = 0.5;
/** Seconds. */
const LASTS: Readonly<Record<Phase, readonly [number, number]>> = {
  running: [6, 30],
  stopped: [4, 12],
  bolus: [2, 5],
  purge: [2, 5],
  kvo: [3, 9],
  standby: [5, 15],
};

export function newPump(dice: Dice, second: number): Pump {
  const family = dice.happens(0.6) ? "syringe" : "volumetric";
  const drug = dice.between(0, DRUGS.length - 1);
  const running: Pick<Pump, "phase" | "alarms" | "mains"> = { phase: "running", alarms: {}, mains: true };
  return {
    ...{ serial: String(dice.between(100_000, 999_999)), family, age: dice.happens(0.7) ? "new" : "old", drug, ...running },
    ...{ rate: newRate(drug, dice), infused: dice.between(0, 4000) / 100, left: dice.between(FULL[family] * 20, FULL[family] * 100) / 100 },
    ...{ phaseEnds: second + dice.between(...LASTS.running), moved: second },
    since: { second, boluses: 0, given: 0, changes: 0 },
  };
}

const newRate = (drug: number, dice: Dice): number => dice.between(...drugOf(drug).rates) / 100;
const drugOf = (drug: number): Drug => DRUGS[drug] ?? DRUGS[0];

export function movedTo(pump: Pump, second: number, dice: Dice): Pump {
  const time = Math.max(0, second - pump.moved);
  const given = (flow(pump) * time) / 3600;
  const left = pump.left - given;
  const alarms = movedAlarms(pump.alarms, { second, time, dice });
  const now: Pump = {
    ...{ ...pump, moved: second, alarms, infused: Math.min(INFUSED_MAX, pump.infused + given) },
    left: left > 0 ? left : FULL[pump.family],
    mains: dice.happens(0.05) ? !pump.mains : pump.mains,
    since: { ...pump.since, given: pump.since.given + given, changes: pump.since.changes + (dice.happens(0.2) ? 1 : 0) },
  };
  return second < pump.phaseEnds ? now : nextPhase(now, second, dice);
}

/** An alarm comes and goes again by itself. */
function movedAlarms(alarms: Pump["alarms"], { second, time, dice }: { second: number; time: number; dice: Dice }): Pump["alarms"] {
  const still = Object.fromEntries(Object.entries(alarms).filter(([, over]) => over > second));
  const alarm = dice.one(ALARMS);
  return dice.happens(Math.min(0.5, time * 0.08)) ? { [alarm]: second + dice.between(3, 15), ...still } : still;
}

function nextPhase(pump: Pump, second: number, dice: Dice): Pump {
  const phase = pump.phase === "running" ? dice.one(["stopped", "bolus", "bolus", "purge", "kvo", "standby"] as const) : "running";
  const since = phase === "bolus" ? { ...pump.since, boluses: pump.since.boluses + 1 } : pump.since;
  const rate = dice.happens(0.4) ? newRate(pump.drug, dice) : pump.rate;
  return { ...pump, phase, rate, since, phaseEnds: second + dice.between(...LASTS[phase]) };
}

/** mL/h that leave the pump now. */
function flow({ phase, rate }: Pump): number {
  switch (phase) {
    case "running":
      return rate;
    case "bolus":
      return BOLUS_RATE;
    case "purge":
      return PURGE_RATE;
    case "kvo":
      return KVO_RATE;
    case "stopped":
    case "standby":
      return 0;
  }
}

/** What was counted since the last request begins anew. */
export const counted = (pump: Pump, second: number): Pump => ({ ...pump, since: { second, boluses: 0, given: 0, changes: 0 } });

// ── Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────────

export type Parameters = readonly (readonly [parameter: string, text: string])[];
const NV = "_NV";
const NA = "_NA";
const bit = (present: boolean): string => (present ? "1" : "0");
/** Seconds in a field that ends at 65535. */
const REMAINING_MAX = 65_535;
/** mL and minutes at which the pump stops counting (BB-7). */
const INFUSED_MAX = 9999;
const TIME_MAX = 6000;
/** Minutes that a pump had infused when it came into the rack: its serial number says so, and some stand at the end. */
const timeBefore = ({ serial }: Pump): number => Number(serial) % (2 * TIME_MAX);

export function parametersOf(pump: Pump, dice: Dice): Parameters {
  const { serial, family, phase, rate, infused, left, mains } = pump;
  const drug = drugOf(pump.drug);
  const syringe = family === "syringe";
  const runs = phase === "running" || phase === "kvo";
  const remaining = runs && rate > 0 ? String(Math.min(REMAINING_MAX, Math.floor((left / rate) * 3600))) : NV;
  return [
    ...[["GNMODEL", syringe ? "686N030005" : "687N030005"] as const, ["INSERNUM", serial] as const],
    ["INRT", rate.toFixed(2)],
    ...[["INSOL", drug.long] as const, ["INSOLSN", drug.short] as const, ["INSOLID", drug.id] as const],
    ...(syringe ? [["INSYR", "50.0"] as const, ["INVOLACT", left.toFixed(2)] as const] : [["ACTCHAN", "1"] as const]),
    ...[["INVTB", dice.happens(0.1) ? NV : left.toFixed(1)] as const, ["INRMT", remaining] as const],
    ...[
      ["INVI", infused.toFixed(2)] as const,
      ["INTIME", String(Math.min(TIME_MAX, timeBefore(pump) + Math.floor(pump.moved / 60)))] as const,
    ],
    ["INAKKU", mains ? NA : String(dice.between(30, 480))],
    ["INSTBY", phase === "standby" ? String(Math.max(1, pump.phaseEnds - pump.moved)) : NV],
    ...[["INBORT", phase === "bolus" ? BOLUS_RATE.toFixed(1) : NV] as const, ["INBOVAL", phase === "bolus" ? "1.50" : NV] as const],
    ...[["INDOCAL", drug.doseMode] as const, ["INDCON", drug.concentration] as const, ["INDCONU", drug.concentrationUnit] as const],
    // Without a dose mode what stands here means nothing (BB-8).
    ...[["INDORT", drug.doseMode === "0" ? "0.00" : (rate * drug.dose).toFixed(3)] as const, ["INDORTU", drug.doseUnit] as const],
    ...[["INP1", "5"] as const, ["INP2", dice.happens(0.1) ? NA : String(dice.between(8, 60))] as const],
    ["DSSTATUS", phase === "standby" ? "00050" : "00051"],
    ...(drug.id === "207" ? [["TCIAWA", dice.happens(0.5) ? "10000" : String(dice.between(60, 900))] as const] : []),
    ...PEOPLE,
    ...states(pump),
    ...sinceRequest(pump),
  ];
}

function states(pump: Pump): Parameters {
  const { phase, alarms, mains } = pump;
  const delivers = phase === "running" || phase === "bolus" || phase === "kvo";
  const present = Object.keys(alarms);
  const pre = present.some((alarm) => PRE_ALARMS.includes(alarm));
  const loud = present.some((alarm) => !PRE_ALARMS.includes(alarm));
  const bits = [!delivers, delivers, loud, phase === "kvo", phase === "standby", pre];
  const state = bits.reduce((sum, on, index) => sum + (on ? 1 << index : 0), 0);
  const modes: Readonly<Record<string, boolean>> = {
    ...{ INM1: phase !== "standby", INM2: phase === "bolus", INM5: phase !== "purge", INM6: phase === "standby", INM7: false },
    // It is also 1 while the purge function runs.
    INM3: delivers || phase === "purge",
    ...{ INM8: mains, INM10: phase === "kvo", INM12: false, INM13: pump.rate > 20, INM14: phase === "purge" },
  };
  return [
    ...(pump.age === "new" ? [["RUNSTATE", String(state)] as const] : []),
    ...Object.entries(modes).map(([mode, on]) => [mode, bit(on)] as const),
    ...ALARMS.map((alarm) => [alarm, bit(alarms[alarm] !== undefined)] as const),
  ];
}

function sinceRequest({ since, moved }: Pump): Parameters {
  const time = moved - since.second;
  return [
    ["INBOCNT", String(since.boluses)],
    ["INAVRT", time > 0 ? ((since.given * 3600) / time).toFixed(2) : NV],
    ["DISPCHG", String(since.changes)],
  ];
}
