import { Fault } from "../fault/fault.ts";

/** A fault that tells an amount: made anew only when that changes, and none where it is 0. */
export class CountedFault {
  readonly #make: (amount: number) => Fault;
  #told: { readonly amount: number; readonly fault: Fault } | undefined;

  constructor(make: (amount: number) => Fault) {
    this.#make = make;
  }

  of(amount: number): Fault | undefined {
    if (amount === 0) return undefined;
    if (this.#told?.amount !== amount) this.#told = { amount, fault: this.#make(amount) };
    return this.#told.fault;
  }
}

export const keyLost = (records: number): Fault =>
  new Fault("state.key_lost", `${records} records that waited on flash are lost: the key that they were sealed with is gone`, { records });

/** What was in them is not known, so no gap can name it: the numbers that are missing at the centre are explained by this. */
export const corruption = (bytes: number): Fault =>
  new Fault("state.corrupt", `${bytes} stored bytes failed their check and were passed over`, { bytes });
