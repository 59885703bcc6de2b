import { EXIT } from "../../config/command-line.ts";
import { nearest } from "../../config/settings/mistakes.ts";
import type { Self } from "../effects/node/process.ts";
import { Fault, type FaultKey } from "../fault/fault.ts";
import { FAULTS } from "../fault/faults.table.ts";
import type { Words } from "./words.ts";

const KEYS = Object.keys(FAULTS) as readonly FaultKey[];

/** `bedside explain BED-205`: one row of FAULTS whole; without a word a line for each. Throws Fault `word.unknown`. */
export function explain({ operand, json }: Words, self: Self): number {
  if (operand === undefined) {
    const rows = KEYS.map((key) => ({ key, ...FAULTS[key] })).sort((a, b) => a.number.localeCompare(b.number));
    self.out(json ? `${JSON.stringify(rows)}\n` : rows.map(({ number, key, what }) => `${number}  ${what}    ${key}\n`).join(""));
    return EXIT.ok;
  }
  const key = keyNamed(operand);
  const { number, what, likely, next } = FAULTS[key];
  self.out(
    json
      ? `${JSON.stringify({ number, key, what, likely, next })}\n`
      : `${number}  ${what}    ${key}\n  likely   ${likely}\n  do       ${next}\n`,
  );
  return EXIT.ok;
}

/** By number, as people say it ("bed-205", "205"), or by key. */
function keyNamed(word: string): FaultKey {
  const [, digits] = /^(?:BED-?)?(\d{1,9})$/i.exec(word) ?? [];
  const exact = KEYS.find((key) => key === word.toLowerCase() || FAULTS[key].number === `BED-${digits}`);
  if (exact !== undefined) return exact;
  const near = digits === undefined ? nearest(word, KEYS) : nextTo(Number(digits));
  const meant = near === undefined ? "" : `; did you mean ${FAULTS[near as FaultKey].number} (${near})?`;
  throw new Fault("word.unknown", `There is no fault ${JSON.stringify(word)}${meant}`, { word });
}

const nextTo = (wanted: number): FaultKey | undefined => [...KEYS].sort((a, b) => farFrom(wanted, a) - farFrom(wanted, b))[0];
const farFrom = (wanted: number, key: FaultKey): number => Math.abs(Number(FAULTS[key].number.slice("BED-".length)) - wanted);
