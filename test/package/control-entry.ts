import { exitOf } from "../../agent/cli/exit.ts";
import { readWords } from "../../agent/cli/words.ts";
import { nodeProcess } from "../../agent/effects/node/process.ts";
import { Fault, faultText } from "../../agent/fault/fault.ts";

/** The agent without its refusal of dangerous variables: what stands behind that refusal, and what does not. */
async function main(): Promise<void> {
  const self = nodeProcess("bedside");
  try {
    const words = readWords(self.words);
    if (words.verb !== "run") self.out("the control has one verb, run\n");
    else self.exitWith(await (await import("../../agent/cli/run.ts")).run(words, self));
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    self.err(`${faultText(caught)}\n`);
    self.exit(exitOf(caught));
  }
}

void main();
