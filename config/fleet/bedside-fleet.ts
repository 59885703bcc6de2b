import { nodeEffects, ownProcess } from "./effects.ts";
import { runFleet } from "./verbs.ts";

/** The program `bedside-fleet`. */
async function main(): Promise<void> {
  const { exitWith, ...own } = ownProcess();
  exitWith(await runFleet(nodeEffects(own)));
}

void main();
