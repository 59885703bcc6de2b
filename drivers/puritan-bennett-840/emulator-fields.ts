/**
 * The answers of a Puritan Bennett 840 as fields, from the protocol paper: widths, and which field is what. Field numbers
 * count the answer's name as 1, byte count 2, field count 3 and STX 4, so that the first data field is 5.
 */

export type AnswerName = "MISCF" | "MISCA";
export const FIELD_FIRST = 5;

export type AnswerShape = {
  /** Everything before STX; the counts of a real 840 are printed in it with its own padding. */
  readonly lead: (bytes: number, fields: number) => string;
  readonly fieldLast: number;
  /** Characters of a field where they are not WIDTH_USUAL. */
  readonly widths: Readonly<Record<number, number>>;
};
export const WIDTH_USUAL = 6;

export const MISCF: AnswerShape = {
  lead: (bytes, fields) => `MISCF,${bytes},${String(fields).padEnd(4)},`,
  fieldLast: 173,
  widths: { 6: 18, 7: 12, 8: 9, 50: 9, 53: 18, 55: 9, 66: 9 },
};
/** A 980 may print other widths; 156 is the one that two sources tell differently. */
export const MISCF_980: AnswerShape = { ...MISCF, widths: { ...MISCF.widths, 156: 9 } };
export const MISCA: AnswerShape = {
  lead: (bytes, fields) => `MISCA,${bytes},${fields},`,
  fieldLast: 101,
  widths: { 6: 18, 8: 12, 62: 12, 100: 9 },
};

/** Field number → what is printed there, without padding; a field that is not named is blank. */
export type Fields = Readonly<Record<number, string>>;

const STX = "\u0002";
const ETX = "\u0003";
const CR = "\r";

/** An answer as it leaves the ventilator. Throws RangeError where a text is wider than its field: a device never does that. */
export function answerBytes(shape: AnswerShape, fields: Fields): Uint8Array {
  let text = "";
  for (let field = FIELD_FIRST; field <= shape.fieldLast; field++) {
    const width = shape.widths[field] ?? WIDTH_USUAL;
    const printed = fields[field] ?? "";
    if (printed.length > width) throw new RangeError(`Field ${field} holds ${width} characters, not "${printed}".`);
    text += `${printed.padEnd(width)},`;
  }
  const lead = shape.lead(text.length, shape.fieldLast - FIELD_FIRST + 1);
  return new TextEncoder().encode(`${lead}${STX}${text}${ETX}${CR}`);
}

// ── What a faithful reader concludes ────────────────────────────────────────────────────────────────────────────────

const range = (first: number, last: number): readonly number[] => Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** What the paper names of an answer, and what is neither time, date, identity nor an alarm word is an observation. */
export type AnswerMeaning = {
  readonly prefix: string;
  readonly time: number;
  readonly date: number;
  readonly observations: readonly number[];
  readonly alarms: readonly number[];
  /** PB-2: results of one manoeuvre; all of them zero means that it was never done. */
  readonly manoeuvres: readonly (readonly number[])[];
  /** The paper does not name every field. */
  readonly partial?: true;
};

export const MISCF_MEANING: AnswerMeaning = {
  prefix: "pb840.f",
  time: 5,
  date: 7,
  observations: [...range(8, 100), ...range(102, 105), ...range(154, 159)],
  alarms: range(106, 153),
  manoeuvres: [[90, 91], [92, 93, 94], [102], [103], [104]],
};
export const MISCF_980_MEANING: AnswerMeaning = {
  ...MISCF_MEANING,
  observations: [...MISCF_MEANING.observations, 161],
  alarms: [...MISCF_MEANING.alarms, 160],
};
/** The paper sums up 84-101 as "PC settings, alarm states" without naming them one by one: they are left out. */
export const MISCA_MEANING: AnswerMeaning = {
  prefix: "pb840.a",
  time: 5,
  date: 8,
  observations: [...range(9, 16), 26, ...range(34, 42), ...range(45, 47), ...range(63, 71)],
  alarms: [48, ...range(51, 55), 57],
  manoeuvres: [[63, 64], [67], [68]],
  partial: true,
};

/** PB-5: these words mean that the condition is present; NORMAL and RESET that it is not. */
const PRESENT = new Set(["LOW", "MEDIUM", "HIGH", "ALARM"]);

export type Conclusion = {
  readonly deviceTime: string;
  readonly observations: Readonly<Record<string, string | null>>;
  readonly conditions: Readonly<Record<string, boolean>>;
  readonly partial?: true;
};

export function conclude(meaning: AnswerMeaning, fields: Fields): Conclusion {
  const printed = (field: number): string => (fields[field] ?? "").trim();
  // PB-2: a group of which every field is zero was never measured.
  const zero = (field: number): boolean => printed(field) !== "" && Number(printed(field)) === 0;
  const never = new Set(meaning.manoeuvres.filter((group) => group.every(zero)).flat());
  // PB-4: a blank field has no value. PB-1: everything else goes out as printed.
  const value = (field: number): string | null => (printed(field) === "" || never.has(field) ? null : printed(field));
  const named = <T>(list: readonly number[], tell: (field: number) => T): Record<string, T> =>
    Object.fromEntries(list.map((field) => [`${meaning.prefix}${field}`, tell(field)]));
  return {
    // PB-7: date and time verbatim, minutes only.
    deviceTime: `${printed(meaning.date)} ${printed(meaning.time)}`,
    observations: named(meaning.observations, value),
    conditions: named(meaning.alarms, (field) => PRESENT.has(printed(field))),
    ...(meaning.partial === true ? { partial: true } : {}),
  };
}
