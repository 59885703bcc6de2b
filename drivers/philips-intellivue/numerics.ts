import { MDC_TABLE } from "../kit/mdc.table.ts";
import { mdcUnit } from "../kit/mdc.ts";
import { numeric, unitOf, type ValueMetric } from "../kit/reading.ts";
import { PHYSIO, PRIVATE_FROM } from "./physio.table.ts";
import { GAS_UNITS, GASES, UCUM_UNITS, UNIT_KIN } from "./unit.table.ts";

const SCADA = 2;
const DIMENSION = 0x4_0000;

/** Physiological id, reference id, usual unit. IV-15: an id below F000 is the code of its term in the partition of measurements. */
export const QUANTITIES: readonly (readonly [id: number, refid: string, unit: string])[] = [
  ...PHYSIO.map(([id, refid, unit]) => [id, refid, unit] as const),
  ...MDC_TABLE.filter(
    ([, partition, term, , unit]) => partition === SCADA && term < PRIVATE_FROM && unit !== "" && !PHYSIO.some(([id]) => id === term),
  ).map(([refid, , term, , unit]) => [term, refid, unit] as const),
];

/** The id as the paper writes it. */
export const hex = (word: number, digits = 4): string => word.toString(16).toUpperCase().padStart(digits, "0");

const isMdc = (unit: string): boolean => unit.startsWith("MDC_");
/** A unit's own word, by which a value names it. */
function unitWord(unit: string): number {
  return isMdc(unit) ? mdcUnit(unit) - DIMENSION : (UCUM_UNITS.find(([, ucum]) => ucum === unit)?.[0] ?? 0);
}

function unitsOf(refid: string, usual: string): readonly string[] {
  const kin = GASES.includes(refid) ? GAS_UNITS : (UNIT_KIN.find((units) => units.includes(usual)) ?? []);
  return [usual, ...kin.filter((unit) => unit !== usual)];
}

const BY_ID: ReadonlyMap<number, ReadonlyMap<number, ValueMetric>> = new Map(
  QUANTITIES.map(([id, refid, usual]) => [
    id,
    new Map(
      unitsOf(refid, usual).map((unit) => {
        const word = unitWord(unit);
        const name = unit === usual ? hex(id) : `${hex(id)} ${hex(word)}`;
        return [word, numeric(refid, undefined, { name, ...unitOf(unit) })];
      }),
    ),
  ]),
);

export const NUMERICS: readonly ValueMetric[] = [...BY_ID.values()].flatMap((units) => [...units.values()]);

/** IV-3: the metric in the very unit that was sent with the value; otherwise which of the two words is not known. */
export function numericOf(id: number, unit: number): ValueMetric | "physio_unknown" | "unit_unknown" {
  const units = BY_ID.get(id);
  return units === undefined ? "physio_unknown" : (units.get(unit) ?? "unit_unknown");
}
