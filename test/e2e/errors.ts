import { expect } from "vitest";
import { FAULTS, type FaultKey } from "../../agent/fault/faults.table.ts";
import type { Status } from "../../agent/health/snapshot.ts";
import { type Agent, OF_A_SLOW_DISK, type Room } from "../support/agent.ts";

/** What each error must be for a technician: one plain line with number and key, and behind it what is likely and what to do. */

export const hasFault =
  (key: FaultKey) =>
  ({ faults }: Status): boolean =>
    faults.some((fault) => fault.key === key);

/** Waits until the agent tells it; returns the one status that told it. */
export async function expectTold(
  told: { readonly room: Room; readonly agent: Agent },
  wanted: { readonly key: FaultKey; readonly scope?: string; readonly says: RegExp },
): Promise<Status> {
  const { room, agent } = told;
  const { key, scope = "uplink", says } = wanted;
  const isIt = (one: Status["faults"][number]): boolean => one.key === key && one.scope === scope;
  const status = await room.statusWhere(`${key} is told`, ({ faults }) => faults.some(isIt));
  const fault = status.faults.find(isIt)!;
  const { number, likely, next } = FAULTS[key];
  expect(fault).toMatchObject({ number });
  expect(fault.text).toMatch(says);
  // No line breaks in the fact, and nothing that only a program would say.
  expect(fault.text).not.toMatch(/\n|undefined|NaN|\[object/);
  expect(timeless(agent.log())).toContain(timeless(`${number}  ${fault.text}    ${key}\n  likely   ${likely}\n  do       ${next}\n`));
  return status;
}

/** `bedside status` shows the same lines as the log. */
export async function expectShown(room: Room, { faults }: Status): Promise<void> {
  const { code, out } = await room.bedside(["status", "--runtime-dir", room.runtimeDir]);
  expect(code, "status says with its code that something is wrong").toBe(1);
  const lines = faults.map(({ number, text, key }) => timeless(`  fault    ${number}  ${text}    ${key}`));
  // A slow disk is left out of the one (see Room.status), so it is of the other.
  const isSlow = (line: string): boolean => OF_A_SLOW_DISK.some((key) => line.endsWith(key));
  const shown = out.split("\n").filter((line) => line.startsWith("  fault ") && !isSlow(line));
  expect(shown.map(timeless)).toEqual(lines);
}

/** What stands is said anew at each attempt, with the time that it then is. */
const timeless = (text: string): string => text.replaceAll(/(?<=this box says that it is )[\d :-]+(?= UTC)/g, "…");
