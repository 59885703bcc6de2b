// Facts: README.md, IV-2. Data only, one row a line; the worst first.
import type { Word } from "../kit/words.table.ts";

/**
 * A bit of the measurement state. `absent`: there is no value, whatever is sent; `doubt`: the value is told with this validity;
 * `demo`: so it is, and marked as none of a patient.
 */
export type StateRow = readonly [
  bit: number,
  word: Word,
  effect: "absent" | "doubt" | "demo" | "word",
  validity: "not_available" | "invalid" | "calibration_ongoing" | "questionable" | "measurement_ongoing" | "validated" | "",
];

export const STATES: readonly StateRow[] = [
  [0x2000, "unavailable", "absent", "not_available"],
  [0x8000, "invalid", "absent", "invalid"],
  [0x1000, "calibrating", "doubt", "calibration_ongoing"],
  [0x0400, "demo", "demo", "questionable"],
  [0x0800, "test", "demo", "questionable"],
  [0x4000, "questionable", "doubt", "questionable"],
  [0x0020, "measuring", "doubt", "measurement_ongoing"],
  [0x0080, "validated", "doubt", "validated"],
  [0x0040, "early", "word", ""],
  [0x0002, "in_alarm", "word", ""],
  [0x0001, "alarm_inhibited", "word", ""],
];
