import type { Unit } from "../kit/emulator.ts";
import { PEOPLE } from "./emulator-drugs.table.ts";
import type { Parameters } from "./emulator-pump.ts";

/**
 * What a faithful reader concludes from a complete answer. Names: bcc.SLOT.PARAMETER, SLOT being pillar and slot as GETSLOT has
 * them (bcc.13.INRT), INA* as conditions, and bcc.SLOT.MDC_FLOW_FLUID_PUMP for what is being delivered (BB-2). Identity, units, and
 * everything about people are sent and not named; the units are partial.
 */

/** The device's own answers to who the pump is: no readings. */
const IDENTITY: readonly string[] = ["GNMODEL", "INSERNUM"];
/** They belong to the number beside them. */
const UNITS: readonly string[] = ["INDCONU", "INDORTU"];
/** No reader may tell these (BB-9). */
const ABOUT_PEOPLE = PEOPLE.map(([parameter]) => parameter);
/** BB-6: the field ends here. */
const TOP: Readonly<Record<string, string>> = { INRMT: "65535", TCIAWA: "10000" };

export type Slots = readonly { readonly slot: string; readonly parameters: Parameters }[];

export function conclude(slots: Slots, seconds: number): Omit<Unit, "bytes"> {
  const observations: Record<string, string | null> = {};
  const conditions: Record<string, boolean> = {};
  for (const { slot, parameters } of slots) {
    const texts = new Map(parameters);
    const told = (parameter: string, value: string | null): void => {
      observations[`bcc.${slot}.${parameter}`] = value;
    };
    for (const [parameter, text] of parameters) {
      if ([...IDENTITY, ...UNITS, ...ABOUT_PEOPLE].includes(parameter)) continue;
      if (parameter.startsWith("INA") && /^INA\d/.test(parameter)) conditions[`bcc.${slot}.${parameter}`] = text === "1";
      else told(parameter, hasValue(parameter, texts) ? text : null);
    }
    told("MDC_FLOW_FLUID_PUMP", delivers(texts) ? (texts.get("INRT") ?? null) : null);
  }
  return { deviceTime: String(seconds), observations, conditions, waves: {}, partial: true };
}

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
