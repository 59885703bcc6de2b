import { Fault } from "../fault/fault.ts";

/** What was typed, understood. */
export type Words = {
  readonly verb: "run" | "ports" | "status" | "version" | "help";
  readonly json: boolean;
  /** Of `version` alone. */
  readonly parts: boolean;
  readonly config: string | undefined;
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly sysRoot: string;
  readonly devRoot: string;
};

const VERBS: readonly Words["verb"][] = ["run", "ports", "status", "version", "help"];
const OPTIONS = {
  "--config": "config",
  "--state-dir": "stateDir",
  "--runtime-dir": "runtimeDir",
  "--sys-root": "sysRoot",
  "--dev-root": "devRoot",
} as const;

export const USAGE = `bedside VERB [options]

  run --config FILE   is the agent: reads the devices, delivers to the broker
  ports               every port seen, its verdict, and the rule that is missing
  status              what the agent does: uplink, devices, ledger, faults
  version             which version this is, and of what

  --json              one JSON object instead of text
  --parts             with version: all parts, licences, this file's hash
  --state-dir DIR     what must survive a power cut    (/var/lib/bedside)
  --runtime-dir DIR   what must survive a kill; tmpfs  (/run/bedside)
  --sys-root DIR      where the host shows its ports   (/sys)
  --dev-root DIR      where their nodes are            (/dev)

Exit codes: 0 ok, 1 failed, 2 not understood, 3 refused by policy,
            4 agent not reachable, 5 timed out.
`;

/** Throws Fault `usage` naming the word that was not understood. */
export function readWords(words: readonly string[]): Words {
  const taken: Record<(typeof OPTIONS)[keyof typeof OPTIONS], string | undefined> = {
    config: undefined,
    stateDir: "/var/lib/bedside",
    runtimeDir: "/run/bedside",
    sysRoot: "/sys",
    devRoot: "/dev",
  };
  let verb: Words["verb"] | undefined;
  let json = false;
  let parts = false;
  for (let at = 0; at < words.length; at++) {
    const [word = "", inline] = splitOption(words[at] ?? "");
    const option = Object.hasOwn(OPTIONS, word) ? OPTIONS[word as keyof typeof OPTIONS] : undefined;
    if (option !== undefined) {
      const value = inline ?? words[++at];
      if (value === undefined || value === "" || (inline === undefined && value.startsWith("--")))
        throw new Fault("usage", `${word} wants a value`);
      taken[option] = value;
    } else if (word === "--json" && inline === undefined) json = true;
    else if (word === "--parts" && inline === undefined) parts = true;
    else if (word === "--help" || word === "-h") verb = "help";
    else if (verb === undefined && VERBS.includes(word as Words["verb"])) verb = word as Words["verb"];
    else throw new Fault("usage", `"${words[at]}" was not understood`);
  }
  if (verb === undefined && words.length > 0) throw new Fault("usage", "which verb? run, ports, status or version");
  if (parts && verb !== "version") throw new Fault("usage", "--parts goes with version only");
  if (verb === "run" && taken.config === undefined) throw new Fault("usage", "run wants --config FILE");
  const { config, stateDir = "", runtimeDir = "", sysRoot = "", devRoot = "" } = taken;
  return { verb: verb ?? "help", json, parts, config, stateDir, runtimeDir, sysRoot, devRoot };
}

function splitOption(word: string): readonly [string, string | undefined] {
  const at = word.startsWith("--") ? word.indexOf("=") : -1;
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}
