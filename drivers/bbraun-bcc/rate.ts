import { decimalFromText } from "../kit/decimal.ts";
import { numeric, type Reading } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";
import { noValue } from "./parameter.ts";

/** What is being delivered (BB-2), where INRT is only what the pump states. */
export const DELIVERED = numeric("MDC_FLOW_FLUID_PUMP", "MDC_DIM_MILLI_L_PER_HR", { name: "INRT" });

const RUNSTATE = { stop: 1, run: 2, kvo: 8 } as const;

/**
 * The number of INRT where the pump says that it delivers; never a zero of ours. Undefined where INRT was not sent.
 *
 * | the pump says                                          | told                         |
 * |--------------------------------------------------------|------------------------------|
 * | INRT is no number                                      | absent                       |
 * | bolus, purge                                           | absent, `bolus`, `purge`     |
 * | KVO                                                    | INRT, questionable, `kvo` (BB-4) |
 * | RUNSTATE says it runs and stands, or INM3 differs      | INRT, questionable, `contradiction` (BB-4) |
 * | it stands                                              | absent, `not_delivering`     |
 * | neither RUNSTATE nor INM3, or no INM2                  | absent, `state_unknown`      |
 * | it runs                                                | INRT                         |
 */
export function deliveredRate(values: ReadonlyMap<string, string>): Reading | undefined {
  const text = values.get("INRT");
  if (text === undefined) return undefined;
  const value = decimalFromText(text);
  if (value === undefined) {
    const absent: Reading = { told: "absent", metric: DELIVERED, validity: "invalid", reason: "not_a_number" };
    return noValue(text, DELIVERED) ?? absent;
  }
  const absent = (reason: Word): Reading => ({ told: "absent", metric: DELIVERED, validity: "not_available", reason });
  const doubted = (reason: Word): Reading => ({ told: "number", metric: DELIVERED, value, validity: "questionable", reason });
  if (values.get("INM2") === "1") return absent("bolus");
  if (values.get("INM14") === "1") return absent("purge");
  const bits = runstate(values.get("RUNSTATE"));
  const pumping = flag(values.get("INM3"));
  if ((bits !== undefined && (bits & RUNSTATE.kvo) !== 0) || values.get("INM10") === "1") return doubted("kvo");
  const runs = bits === undefined ? pumping : (bits & RUNSTATE.run) !== 0;
  if (runs === undefined) return absent("state_unknown");
  const stands = bits !== undefined && (bits & RUNSTATE.stop) !== 0;
  if ((runs && stands) || (pumping !== undefined && pumping !== runs)) return doubted("contradiction");
  if (!runs) return absent("not_delivering");
  return values.get("INM2") === "0" ? { told: "number", metric: DELIVERED, value } : absent("state_unknown");
}

const runstate = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
const flag = (text: string | undefined): boolean | undefined => (text === "1" ? true : text === "0" ? false : undefined);
