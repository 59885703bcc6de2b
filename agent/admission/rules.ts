import type { Rule } from "../../config/schema.ts";
import type { PortFacts } from "../effects/effects.ts";

/** What may be done with a port, and why. `rule` counts from 1, as in the file; undefined where none matched. */
export type Verdict =
  | { readonly is: "allow"; readonly rule: number; readonly device: string; readonly driver: string; readonly socket: string }
  | { readonly is: "block"; readonly reasons: readonly string[] }
  | { readonly is: "reject"; readonly rule: number; readonly reasons: readonly string[] };

/**
 * First match wins; no rule means blocked: seen, reported, never opened. A device is admitted on one port only: where an
 * earlier port holds it, the later one is blocked as its duplicate.
 */
export function decideAdmission(
  rules: readonly Rule[],
  port: PortFacts,
  known: { readonly drivers: ReadonlySet<string>; readonly taken: ReadonlyMap<string, string> },
): Verdict {
  const index = rules.findIndex((rule) => matches(rule, port));
  const rule = rules[index];
  if (rule === undefined) return { is: "block", reasons: [`no rule for location ${port.location}`] };
  const number = index + 1;
  if (!rule.allow) return { is: "reject", rule: number, reasons: [rule.reason ?? `refused by rule ${number}`] };
  if (!known.drivers.has(rule.driver))
    return { is: "block", reasons: [`rule ${number} names driver ${rule.driver}, which does not exist`] };
  const holder = known.taken.get(rule.device);
  if (holder !== undefined && holder !== port.location) return { is: "block", reasons: [`duplicate-of ${rule.device} at ${holder}`] };
  return { is: "allow", rule: number, device: rule.device, driver: rule.driver, socket: rule.socket };
}

function matches(rule: Rule, port: PortFacts): boolean {
  return Object.entries(rule.when).every(([fact, wanted]) => (fact === "location" ? port.location : port.facts[fact]) === wanted);
}
