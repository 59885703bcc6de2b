import { STREAM } from "../../proto/messages.ts";
import { LANES, type Lane } from "../model/model.ts";
import type { LaneLedger } from "../spool/spool.ts";
import type { DeviceLedger } from "../spool/tally.ts";

/** made + adopted = delivered + dropped + waiting + unexplained; anything but 0 is a loss that nobody named. */
export function unexplained(ledger: Readonly<Record<Lane, LaneLedger>>): number {
  return Object.values(ledger).reduce(
    (sum, { made, adopted, delivered, dropped, waiting }) => sum + made + adopted - delivered - dropped - waiting,
    0,
  );
}

/** Of one device: what became of its records, lane by lane where it has any. */
export type DeviceTrace = {
  readonly device: string;
  readonly lanes: Partial<Record<Lane, DeviceLedger & { readonly unexplained: number }>>;
  readonly unexplained: number;
};
export type DeviceLedgers = Readonly<Record<Lane, ReadonlyMap<string, DeviceLedger>>>;

/** `gateway`: what stands for the gateway's own records. In order of names. */
export function tracesOf(ledgers: DeviceLedgers, gateway: string): readonly DeviceTrace[] {
  const names = new Set(LANES.flatMap((lane) => [...ledgers[lane].keys()]));
  return [...names].sort().map((name) => {
    const told = LANES.flatMap((lane) => {
      const one = ledgers[lane].get(name);
      return one === undefined ? [] : [[lane, { ...one, unexplained: missing(one) }] as const];
    });
    const lanes: DeviceTrace["lanes"] = Object.fromEntries(told);
    return { device: name === "" ? gateway : name, lanes, unexplained: told.reduce((sum, [, one]) => sum + one.unexplained, 0) };
  });
}

const missing = ({ made, adopted, delivered, waiting, dropped }: DeviceLedger): number =>
  made + adopted - delivered - waiting - Object.values(dropped).reduce((sum, count) => sum + count, 0);

export function wireLedger(ledger: Readonly<Record<Lane, LaneLedger>>) {
  const streams = Object.entries(ledger).map(([lane, counts]) => ({ stream: STREAM[lane as Lane], ...counts }));
  // The wire's field is unsigned; a surplus is as unexplained as a loss.
  return { streams, unexplained: Math.abs(unexplained(ledger)) };
}
