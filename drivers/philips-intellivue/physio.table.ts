// Facts: README.md, IV-5, IV-6, IV-15. Data only, one row a line.

/** A physiological id whose reference id is not that of its own term, or that has no term. The unit is the usual one. */
export type PhysioRow = readonly [id: number, refid: string, unit: string, what: string];

export const PHYSIO: readonly PhysioRow[] = [
  [0x4822, "MDC_PULS_OXIM_PULS_RATE", "MDC_DIM_BEAT_PER_MIN", "pulse rate of the pleth: the term that profiles of today use"],
  [0x5360, "intellivue.5360", "MDC_DIM_SEC", "elsewhere the inspiratory time, here another one"],
  [0xf04e, "intellivue.F04E", "MDC_DIM_DIMLESS", "BIS index"],
  [0xf0e3, "intellivue.F0E3", "MDC_DIM_PERCENT", "pulse pressure variation"],
  [0xf0e5, "intellivue.F0E5", "MDC_DIM_BEAT_PER_MIN", "pulse rate of the non-invasive pressure"],
];

/** Highest id that is a term's own code, plus one: from here on the ids are the vendor's. */
export const PRIVATE_FROM = 0xf000;
