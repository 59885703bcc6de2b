import type { Fault, FaultKey } from "./fault.ts";

/** The faults that stand now, one for each thing that can fail. Tells edges: a fault that is raised again is not told twice. */
export class FaultBook {
  readonly #standing = new Map<string, Fault>();
  readonly #told: (change: { readonly scope: string; readonly fault: Fault; readonly ended: boolean }) => void;

  constructor(told: (change: { readonly scope: string; readonly fault: Fault; readonly ended: boolean }) => void) {
    this.#told = told;
  }

  raise(scope: string, fault: Fault): void {
    const before = this.#standing.get(scope);
    this.#standing.set(scope, fault);
    // The words that stand are the latest, though nobody is told again.
    if (before?.key === fault.key) return;
    if (before !== undefined) this.#told({ scope, fault: before, ended: true });
    this.#told({ scope, fault, ended: false });
  }

  clear(scope: string): void {
    const fault = this.#standing.get(scope);
    if (fault === undefined) return;
    this.#standing.delete(scope);
    this.#told({ scope, fault, ended: true });
  }

  get standing(): readonly { readonly scope: string; readonly key: FaultKey; readonly number: string; readonly text: string }[] {
    return [...this.#standing].map(([scope, fault]) => ({ scope, key: fault.key, number: fault.number, text: fault.message }));
  }
}
