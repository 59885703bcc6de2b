import { Seconds } from "../../config/units.ts";
import { askControl } from "../effects/node/control.ts";
import { Fault, type FaultKey } from "../fault/fault.ts";
import { FAULTS } from "../fault/faults.table.ts";

const ASK_WITHIN = Seconds(10);

/** Asks the running agent something with a shape of its own. Throws Fault `agent.unreachable`, and the fault that is its answer. */
export async function ask<A>(runtimeDir: string, request: { readonly do: string; readonly [more: string]: unknown }): Promise<A> {
  const answer = (await askControl(`${runtimeDir}/control.sock`, request, ASK_WITHIN)) as Answer & A;
  const { fault, error } = answer;
  if (fault !== undefined && Object.hasOwn(FAULTS, fault.key)) throw new Fault(fault.key, fault.text);
  // An agent of another version.
  if (error !== undefined) throw new Fault("agent.unreachable", `The agent that runs does not know this: ${error}`);
  return answer;
}
type Answer = { readonly fault?: { readonly key: FaultKey; readonly text: string }; readonly error?: string };
