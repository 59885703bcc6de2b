import { exitOf } from "../../agent/cli/exit.ts";
import { readWords } from "../../agent/cli/words.ts";
import { nodeProcess } from "../../agent/effects/node/process.ts";
import { Fault, faultText } from "../../agent/fault/fault.ts";

/** The agent without its refusal of dangerous variables: what stands behind that refusal, and what does not. */
async function main(): Promise<void> {
  const self = nodeProcess("bedside");
  if (self.words[0] === "tricks") {
    self.out(`${tricks()}\n`);
    return;
  }
  try {
    const words = readWords(self.words);
    if (words.verb !== "run") self.out("the control has two verbs, run and tricks\n");
    else self.exitWith(await (await import("../../agent/cli/run.ts")).run(words, self));
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    self.err(`${faultText(caught)}\n`);
    self.exit(exitOf(caught));
  }
}

/** What foreign data in a careless program would need: text that is run as code, and every object's door to what all inherit from. */
function tricks(): string {
  const door = Reflect.get({}, "__proto__") === Object.prototype ? "open" : "gone";
  try {
    return `code from text ${new Function("return 'runs'")()}, __proto__ ${door}`;
  } catch (caught) {
    if (!(caught instanceof EvalError)) throw caught;
    return `code from text refused, __proto__ ${door}`;
  }
}

void main();
