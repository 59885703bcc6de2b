import { decimal, decimalText } from "../kit/decimal.ts";
import type { Value } from "./emulator-attributes.ts";
import type { Float } from "./emulator-bytes.ts";
import { ALERTS, NUMERICS, WAVES } from "./emulator-objects.table.ts";
import { NO_NUMBERS, STATE } from "./emulator-patient.ts";

/** What a faithful reader concludes from an object: names and digits. */
export type Told = {
  readonly observations: Readonly<Record<string, string | null>>;
  readonly waves: Readonly<Record<string, readonly number[]>>;
  readonly conditions: Readonly<Record<string, boolean>>;
};
export const NOTHING_TOLD: Told = { observations: {}, waves: {}, conditions: {} };

const REFIDS: ReadonlyMap<number, string> = new Map([
  ...NUMERICS.flatMap(({ parts }) => parts.map(([physio, , , , , refid]): [number, string] => [physio, refid])),
  ...WAVES.flatMap(({ parts }) => parts.map(([physio, refid]): [number, string] => [physio, refid])),
]);
/** IV-6: the physio id decides, never the label. "" where this monitor has no such measurement. */
export const nameOf = (physio: number): string => REFIDS.get(physio) ?? "";

/** IV-1: mantissa and exponent are the digits. */
export function digits({ mantissa, exponent }: Float): string | null {
  return (NO_NUMBERS as readonly number[]).includes(mantissa) ? null : decimalText(decimal(mantissa, exponent));
}
/** IV-2: unavailable and invalid values are none, whatever the number says. */
export const valueTold = ({ state, number }: Value): string | null =>
  (state & (STATE.unavailable | STATE.invalid)) === 0 ? digits(number) : null;

/** IV-22: conditions by the rows of the alarm table: those that stand in a list, and once, as over, those that did before. */
export function alertsTold(raised: readonly number[], before: readonly number[]): Readonly<Record<string, boolean>> {
  const named = (rows: readonly number[], present: boolean) => rows.map((row) => [ALERTS[row]?.[REFID_AT] ?? "", present] as const);
  return Object.fromEntries([...named(before, false), ...named(raised, true)]);
}
const REFID_AT = 5;
