import { EXIT } from "../../config/command-line.ts";
import { nodeProcess, type Self } from "../effects/node/process.ts";
import { Fault, faultRow, faultText } from "../fault/fault.ts";
import { exitOf } from "./exit.ts";
import { readWords, USAGE, type Words } from "./words.ts";

/** The program. Each verb is loaded when it is wanted: `version` must not pay for what only `run` needs. */
async function main(): Promise<void> {
  const self = nodeProcess("bedside");
  try {
    const words = readWords(self.words);
    self.exitWith(await obey(words, self));
  } catch (caught) {
    const fault =
      caught instanceof Fault
        ? caught
        : new Fault("agent.failed", caught instanceof Error ? caught.message : String(caught), {}, { cause: caught });
    if (self.words.includes("--json") && !self.words.includes("run")) self.out(`${JSON.stringify({ fault: faultRow(fault) })}\n`);
    else self.err(`${faultText(fault)}\n`);
    if (!(caught instanceof Fault) && caught instanceof Error) self.err(`${caught.stack}\n`);
    self.exit(exitOf(fault));
  }
}

async function obey(words: Words, self: Self): Promise<number> {
  switch (words.verb) {
    case "help":
      self.out(USAGE);
      return EXIT.ok;
    case "version":
      return (await import("./version-verb.ts")).version(words, self);
    case "run":
      refuseForeign(self.dangerous);
      return (await import("./run.ts")).run(words, self);
    case "status":
      return (await import("./status.ts")).status(words, self);
    case "ports":
      return (await import("./ports.ts")).ports(words, self);
    case "trace":
      return (await import("./trace.ts")).trace(words, self);
    case "drivers":
      return (await import("./drivers.ts")).drivers(words, self);
    case "identify":
      return (await import("./identify.ts")).identify(words, self);
    case "capture":
      return (await import("./capture.ts")).capture(words, self);
    case "replay":
      return (await import("./replay.ts")).replayFile(words, self);
    case "spool inspect":
      return (await import("./spool.ts")).spoolInspect(words, self);
    case "spool verify":
      return (await import("./spool.ts")).spoolVerify(words, self);
    case "explain":
      return (await import("./explain.ts")).explain(words, self);
    case "config check":
      return (await import("./config-check.ts")).configCheck(words, self);
    case "config explain":
      return (await import("./config-explain.ts")).configExplain(words, self);
  }
}

/** Before anything else is loaded. The other verbs hold no key and trust nobody, so they go on. */
function refuseForeign(names: readonly string[]): void {
  if (names.length === 0) return;
  const said = names.length === 1 ? "The environment variable" : "The environment variables";
  throw new Fault("start.environment", `${said} ${names.join(", ")} ${names.length === 1 ? "is" : "are"} set`, { names: names.join(" ") });
}

void main();
