import { EXIT } from "../../config/command-line.ts";
import { Milliseconds } from "../../config/units.ts";
import { nodeClock } from "../effects/node/clock.ts";
import type { Self } from "../effects/node/process.ts";
import { faultRow, faultText } from "../fault/fault.ts";
import type { Heard } from "../identify/hearing.ts";
import type { Begun, Conclusion, Progress } from "../identify/identify.ts";
import { ask } from "./ask.ts";
import { exitOf } from "./exit.ts";
import { beginText, faultOf, foundText, heardText } from "./identify-text.ts";
import type { Words } from "./words.ts";

const ASK_EVERY = Milliseconds(500);

/**
 * `bedside identify PORT`: what this is, and why. Exit 1 where bytes come and no frame holds, 5 where nothing comes. Throws Fault
 * `agent.unreachable`, `port.unknown`, `port.not_allowed`, `identify.on_network` and `identify.busy`.
 */
export async function identify({ operand = "", runtimeDir, json }: Words, self: Self): Promise<number> {
  const begun = await ask<Begun>(runtimeDir, { do: "identify", port: operand });
  if (!json) self.out(`${beginText(begun)}\n`);
  const { tried, concluded } = await untilConcluded(runtimeDir, (heard) => void (json || self.out(`${heardText(heard)}\n`)));
  const fault = faultOf(begun, tried, concluded);
  if (json) self.out(`${JSON.stringify({ ...begun, tried, concluded, ...(fault === undefined ? {} : { fault: faultRow(fault) }) })}\n`);
  else self.out(`${fault === undefined ? foundText(begun, concluded) : faultText(fault)}\n`);
  return fault === undefined ? EXIT.ok : exitOf(fault);
}

type Done = { readonly tried: readonly Heard[]; readonly concluded: Conclusion };
async function untilConcluded(runtimeDir: string, told: (heard: Heard) => void): Promise<Done> {
  const clock = nodeClock();
  const never = new AbortController().signal;
  for (let count = 0; ; ) {
    const { tried, concluded } = await ask<Progress>(runtimeDir, { do: "identified" });
    for (const heard of tried.slice(count)) told(heard);
    count = tried.length;
    if (concluded !== undefined) return { tried, concluded };
    await clock.sleep(ASK_EVERY, never);
  }
}
