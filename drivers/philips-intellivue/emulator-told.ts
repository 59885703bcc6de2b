import { decimal, decimalText } from "../kit/decimal.ts";
import type { Value } from "./emulator-attributes.ts";
import { type Float, hexWord } from "./emulator-bytes.ts";
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
/** IV-6: the physio id decides, never the label. */
export function nameOf(physio: number): string {
  const refid = REFIDS.get(physio) ?? "";
  return refid === "" ? `ivue.${hexWord(physio)}` : refid;
}

/** IV-1: mantissa and exponent are the digits. */
export function digits({ mantissa, exponent }: Float): string | null {
  return (NO_NUMBERS as readonly number[]).includes(mantissa) ? null : decimalText(decimal(mantissa, exponent));
}
/** IV-2: unavailable and invalid values are none, whatever the number says. */
export const valueTold = ({ state, number }: Value): string | null =>
  (state & (STATE.unavailable | STATE.invalid)) === 0 ? digits(number) : null;

const TYPES = [...new Set(ALERTS.map(([, , type]) => type))].sort((a, b) => a - b);
export const alertName = (type: number): string => `ivue.alert.${hexWord(type)}`;
/** One condition for each type bit: present while any alarm of that type is in the lists. */
export const alertsTold = (types: readonly number[]): Readonly<Record<string, boolean>> =>
  Object.fromEntries(TYPES.map((type) => [alertName(type), types.includes(type)]));
