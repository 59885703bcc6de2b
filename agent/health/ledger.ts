import { STREAM } from "../../proto/messages.ts";
import type { Lane } from "../model/model.ts";
import type { LaneLedger } from "../spool/spool.ts";

/** made + adopted = delivered + dropped + waiting + unexplained; anything but 0 is a loss that nobody named. */
export function unexplained(ledger: Readonly<Record<Lane, LaneLedger>>): number {
  return Object.values(ledger).reduce(
    (sum, { made, adopted, delivered, dropped, waiting }) => sum + made + adopted - delivered - dropped - waiting,
    0,
  );
}

export function wireLedger(ledger: Readonly<Record<Lane, LaneLedger>>) {
  const streams = Object.entries(ledger).map(([lane, counts]) => ({ stream: STREAM[lane as Lane], ...counts }));
  // The wire's field is unsigned; a surplus is as unexplained as a loss.
  return { streams, unexplained: Math.abs(unexplained(ledger)) };
}
