import { expect } from "vitest";
import { STREAM } from "../../proto/messages.ts";
import type { Room } from "../support/agent.ts";
import type { Central } from "../support/central.ts";
import type { LedgerEntry } from "../support/emulated-device.ts";
import { eventsOf } from "./told.ts";

/** An agent that went, killed or told to: what it had stamped just before, and when. */
export type Leaving = { readonly made: number; readonly before: bigint; readonly after: bigint };

/**
 * What had come, but may not have been read when the agent went: a busy machine gives it no turn for so long. It is no excuse
 * for what had been read: `expectMade` counts that.
 */
export const UNREAD_NS = 3_000_000_000n;

export async function leave(room: Room, how: () => Promise<unknown>): Promise<Leaving> {
  const { made } = (await room.statusWhere("a last status", () => true)).ledger.report;
  const before = process.hrtime.bigint();
  await how();
  return { made, before, after: process.hrtime.bigint() };
}

/** Of each run that left, in order, at least as many reports came as it had itself told in its last status. */
export function expectMade(central: Central, leavings: readonly Leaving[]): void {
  const runs = eventsOf(central, "runEnded").map(({ event }) => event.runEnded.run);
  const came = runs.map((run) => central.records.filter((record) => record.run === run && record.stream === STREAM.report).length);
  expect(came).toEqual(leavings.map(({ made }) => expect.toSatisfy((count: number) => count >= made, `at least ${made}`)));
}

/**
 * What came while no agent had the port, or in the last moment before one went, was never stamped. An agent has the port again
 * with the first unit after a start that is told.
 */
export function excusedBy(
  leavings: readonly Pick<Leaving, "before" | "after">[],
  ledger: readonly LedgerEntry[],
  isTold: (time: string | undefined) => boolean,
): (entry: LedgerEntry) => boolean {
  const openAgain = leavings.map(({ after }) => ledger.find(({ firstByteAt, unit }) => firstByteAt > after && isTold(unit.deviceTime)));
  return ({ firstByteAt, lastByteAt }) =>
    leavings.some(({ before }, at) => lastByteAt > before - UNREAD_NS && firstByteAt < (openAgain[at]?.firstByteAt ?? before));
}
