import type { Reading, Validity, ValueMetric } from "../kit/reading.ts";
import { floatOf } from "./float.ts";
import { STATES } from "./state.table.ts";

/** What the state of a measurement says of its value, or of its samples. */
export type Judgement = { readonly absent: boolean; readonly validity: Validity | undefined; readonly reason: string | undefined };

/** IV-2: the first row that has a validity gives it; the words of all of them are told, in the order of the table. */
export function judge(state: number): Judgement {
  const set = STATES.filter(([bit]) => (state & bit) !== 0);
  const worst = set.find(([, , , validity]) => validity !== "")?.[3];
  return {
    absent: set.some(([, , effect]) => effect === "absent"),
    validity: worst === undefined || worst === "" ? undefined : worst,
    reason: set.length === 0 ? undefined : set.map(([, word]) => word).join("+"),
  };
}

/** IV-1, IV-2: one measured value. A state that says "no value" stands above the number that is sent with it. */
export function valueReading(metric: ValueMetric, state: number, word: number): Reading {
  const { absent, validity, reason } = judge(state);
  const because = reason === undefined ? {} : { reason };
  if (absent) return { told: "absent", metric, validity: validity ?? "not_available", ...because };
  const float = floatOf(word);
  if (float.is === "number")
    return { told: "number", metric, value: float.value, ...(validity === undefined ? {} : { validity }), ...because };
  const calibrating = validity === "calibration_ongoing";
  return {
    told: "absent",
    metric,
    validity: calibrating ? validity : float.validity,
    reason: reason === undefined ? float.reason : `${float.reason}+${reason}`,
  };
}
