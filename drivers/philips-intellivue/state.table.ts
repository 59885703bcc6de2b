// Facts: README.md, IV-2. Data only, one row a line; the worst first.

/** A bit of the measurement state. `absent`: there is no value, whatever is sent; `doubt`: the value is told with this validity. */
export type StateRow = readonly [
  bit: number,
  word: string,
  effect: "absent" | "doubt" | "word",
  validity: "not_available" | "invalid" | "calibration_ongoing" | "questionable" | "",
];

export const STATES: readonly StateRow[] = [
  [0x2000, "unavailable", "absent", "not_available"],
  [0x8000, "invalid", "absent", "invalid"],
  [0x1000, "calibrating", "doubt", "calibration_ongoing"],
  [0x0400, "demo", "doubt", "questionable"],
  [0x0800, "test", "doubt", "questionable"],
  [0x4000, "questionable", "doubt", "questionable"],
  [0x0020, "measuring", "doubt", "questionable"],
  [0x0040, "early", "word", ""],
  [0x0080, "validated", "word", ""],
  [0x0002, "in_alarm", "word", ""],
  [0x0001, "alarm_inhibited", "word", ""],
];
