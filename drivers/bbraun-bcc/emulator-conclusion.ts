import type { Unit } from "../kit/emulator.ts";
import { keyAt } from "../kit/reading.ts";
import { PEOPLE } from "./emulator-drugs.table.ts";
import type { Parameters } from "./emulator-pump.ts";

/**
 * What a faithful reader concludes from pumps of which it has heard all. A pump is the node of its pillar and slot ("1/3"). Names are
 * the paper's MDC terms, or else bcc.PARAMETER; INA* are conditions, and MDC_FLOW_FLUID_PUMP is what is being delivered (BB-2).
 * Identity and everything about people are sent and not named; a reader that tells them says what it may not.
 */
const TERMS: Readonly<Record<string, string>> = {
  INVI: "MDC_VOL_FLUID_DELIV",
  INVTB: "MDC_VOL_FLUID_TBI",
  INDCON: "MDC_CONC_DRUG",
  INDORT: "MDC_RATE_DOSE",
  INSOL: "MDC_DRUG_NAME_TYPE",
  RUNSTATE: "MDC_PUMP_STAT",
  INA3: "MDC_EVT_FLUID_LINE_OCCL",
  // The paper gives INA1 the same term; two conditions of a pump cannot have one name.
  INA11: "MDC_EVT_BATT_LO",
};

/** The device's own answers to who the pump is: no readings. */
const IDENTITY: readonly string[] = ["GNMODEL", "INSERNUM"];
/** No reader may tell these (BB-9). */
const ABOUT_PEOPLE = PEOPLE.map(([parameter]) => parameter);
/** BB-6: the field ends here. */
const TOP: Readonly<Record<string, string>> = { INRMT: "65535", TCIAWA: "10000" };

export type Conclusion = Omit<Unit, "bytes">;
export type Slots = readonly { readonly slot: string; readonly parameters: Parameters }[];

export function conclude(slots: Slots, time: string): Conclusion {
  const observations: Record<string, string | null> = {};
  const conditions: Record<string, boolean> = {};
  for (const { slot, parameters } of slots) {
    const texts = new Map(parameters);
    const key = (name: string): string => keyAt([...slot], name);
    for (const [parameter, text] of parameters) {
      if ([...IDENTITY, ...ABOUT_PEOPLE].includes(parameter)) continue;
      const named = key(TERMS[parameter] ?? `bcc.${parameter}`);
      if (/^INA\d/.test(parameter)) conditions[named] = text === "1";
      else observations[named] = hasValue(parameter, texts) ? text : null;
    }
    observations[key("MDC_FLOW_FLUID_PUMP")] = delivers(texts) ? (texts.get("INRT") ?? null) : null;
  }
  return { deviceTime: time, observations, conditions, waves: {}, once: true };
}

/** What the rack says of itself. */
export const concludeRack = (time: string, observations: Conclusion["observations"]): Conclusion => ({
  deviceTime: time,
  observations,
  conditions: {},
  waves: {},
});

function hasValue(parameter: string, texts: ReadonlyMap<string, string>): boolean {
  const text = texts.get(parameter);
  if (text === "_NV" || text === "_NA" || text === TOP[parameter]) return false;
  // BB-8: no dose mode.
  return !(parameter === "INDORT" && texts.get("INDOCAL") === "0");
}

/** BB-2: it says that it delivers, and neither a bolus nor a purge. */
function delivers(texts: ReadonlyMap<string, string>): boolean {
  const state = texts.get("RUNSTATE");
  const runs = state === undefined ? texts.get("INM3") === "1" : (Number(state) & 2) !== 0;
  return runs && texts.get("INM2") === "0" && texts.get("INM14") !== "1";
}
