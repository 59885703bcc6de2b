import type { Reading, Validity, ValueMetric } from "../kit/reading.ts";
import type { Word } from "../kit/words.table.ts";
import { floatOf } from "./float.ts";
import { STATES } from "./state.table.ts";

/** What the state of a measurement says of its value, or of its samples. */
export type Judgement = {
  readonly absent: boolean;
  readonly doubt: Doubt;
};
type Doubt = { readonly validity?: Validity; readonly reason?: Word; readonly qualifiers?: readonly Word[]; readonly demo?: true };

/** IV-2: the first row that has a validity gives it and is the reason; the other words follow, in the order of the table. */
export function judge(state: number, more: readonly Word[] = []): Judgement {
  const set = STATES.filter(([bit]) => (state & bit) !== 0);
  const worst = set.find(([, , , validity]) => validity !== "");
  return {
    absent: set.some(([, , effect]) => effect === "absent"),
    doubt: {
      ...(worst === undefined || worst[3] === "" ? {} : { validity: worst[3], reason: worst[1] }),
      ...further([...set.filter((row) => row !== worst).map(([, word]) => word), ...more]),
      ...(set.some(([, , effect]) => effect === "demo") ? { demo: true as const } : {}),
    },
  };
}

const further = (words: readonly Word[]): Pick<Doubt, "qualifiers"> => (words.length === 0 ? {} : { qualifiers: words });

/** IV-1, IV-2: one measured value. A state that says "no value" stands above the number that is sent with it. */
export function valueReading(metric: ValueMetric, state: number, word: number): Reading {
  const { absent, doubt } = judge(state);
  if (absent) return { told: "absent", metric, ...doubt, validity: doubt.validity ?? "not_available" };
  const float = floatOf(word);
  if (float.is === "number") return { told: "number", metric, value: float.value, ...doubt };
  const { validity, reason, qualifiers = [], ...rest } = doubt;
  return {
    told: "absent",
    metric,
    ...rest,
    validity: validity === "calibration_ongoing" ? validity : float.validity,
    reason: float.reason,
    ...further([...(reason === undefined ? [] : [reason]), ...qualifiers]),
  };
}
