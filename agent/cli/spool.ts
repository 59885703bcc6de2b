import { EXIT } from "../../config/command-line.ts";
import { Milliseconds } from "../../config/units.ts";
import { nodeClock } from "../effects/node/clock.ts";
import { nodeDisk } from "../effects/node/disk.ts";
import type { Self } from "../effects/node/process.ts";
import { nodeSeals } from "../effects/node/seals.ts";
import { Fault } from "../fault/fault.ts";
import { lookAgain, lookAtSpool, type SpoolLook } from "../spool/look.ts";
import { inspectRow, inspectText, verdictOn, verifyRow, verifyText } from "./spool-text.ts";
import { askIfThere } from "./status.ts";
import type { Words } from "./words.ts";

/** A commit of a running agent is through long before; what does not hold after it does not hold. */
const LOOK_AGAIN_AFTER = Milliseconds(500);

/** `bedside spool inspect`: what waits on flash. Reads only. Throws Fault `spool.missing`, `spool.unreadable` or `disk.*`. */
export async function spoolInspect({ stateDir, runtimeDir, json }: Words, self: Self): Promise<number> {
  const { look, free } = await lookInto(stateDir);
  const about = { folder: `${stateDir}/spool`, free, now: nodeClock().wall(), agent: (await askIfThere(runtimeDir)) !== undefined };
  self.out(json ? `${JSON.stringify(inspectRow(look, about))}\n` : inspectText(look, about));
  return EXIT.ok;
}

/** `bedside spool verify`: exit 1 where something does not hold or cannot be opened. Reads only. Throws as `spoolInspect`. */
export async function spoolVerify({ stateDir, json }: Words, self: Self): Promise<number> {
  const { look } = await lookInto(stateDir);
  const fault = verdictOn(look, `${stateDir}/spool`);
  self.out(json ? `${JSON.stringify(verifyRow(look, fault))}\n` : verifyText(look, fault));
  return fault === undefined ? EXIT.ok : EXIT.failed;
}

async function lookInto(stateDir: string): Promise<{ readonly look: SpoolLook; readonly free: number }> {
  const parts = { disk: nodeDisk(), seals: nodeSeals() };
  try {
    const { bytes } = await parts.disk.free(`${stateDir}/spool`);
    const first = await lookAtSpool(parts, stateDir);
    if (first.segments.every(({ damaged }) => damaged.length === 0)) return { look: first, free: bytes };
    await nodeClock().sleep(LOOK_AGAIN_AFTER, new AbortController().signal);
    return { look: await lookAgain(parts, stateDir, first), free: bytes };
  } catch (caught) {
    throw caught instanceof Fault ? nameIt(caught, stateDir) : caught;
  }
}

/** What the disk says in the words of the agent is, to who only looks, something else. */
function nameIt(fault: Fault, stateDir: string): Fault {
  switch (fault.context.errno) {
    case "ENOENT":
      return new Fault("spool.missing", `There is no spool in ${stateDir}`, { stateDir }, { cause: fault });
    case "EACCES":
    case "EPERM":
      return new Fault("spool.unreadable", `You may not read the spool in ${stateDir}`, { stateDir }, { cause: fault });
    default:
      return fault;
  }
}
