import { MDC_TABLE } from "./mdc.table.ts";

/** How well a code is established: A looked up or agreed by independent sources, B one source, C derived. */
export type Confidence = "A" | "B" | "C";
export type MdcTerm = {
  /** partition × 65536 + term (ISO/IEEE 11073-10101). */
  readonly code: number;
  readonly confidence: Confidence;
  /** The usual unit of the term: no licence to relabel or convert; a reading carries the unit that its device used. */
  readonly unit?: string;
};

const TERMS: ReadonlyMap<string, MdcTerm> = new Map(
  MDC_TABLE.map(([refid, , , code, unit, confidence]) => [refid, { code, confidence, ...(unit === "" ? {} : { unit }) }]),
);

/** The term of a reference id; undefined for a vendor's private name. */
export const mdcTerm = (refid: string): MdcTerm | undefined => TERMS.get(refid);

/** The code as the wire carries it: 0 for a private name. */
export const mdcCode = (refid: string): number => TERMS.get(refid)?.code ?? 0;

/** The code of a unit ("MDC_DIM_PERCENT"); 0 where there is none or the nomenclature has no such unit. */
export const mdcUnit = (unit: string | undefined): number => (unit === undefined ? 0 : mdcCode(unit));
