import { splitOption } from "../../config/command-line.ts";
import { KINDS, type Kind } from "../../config/envelope/envelope.ts";
import { Fault } from "../fault/fault.ts";

/** What was typed, understood. */
export type Words = {
  readonly verb: (typeof VERBS)[number];
  readonly json: boolean;
  /** Of `version` alone. */
  readonly parts: boolean;
  /** What `trace`, `identify`, `capture`, `replay`, `config check`, `config explain` and `explain` are about. */
  readonly operand: string | undefined;
  /** Of `config check` alone: the kind of document whose body the file is. */
  readonly kind: Kind | undefined;
  /** Options of single verbs, as they were given; a word that takes no value is "". Absent where there are none. */
  readonly extra?: Extras;
  readonly config: string | undefined;
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly sysRoot: string;
  readonly devRoot: string;
};

export type Extras = Readonly<Partial<Record<keyof typeof EXTRAS, string>>>;
/** Which verbs an option belongs to, and whether it takes a value. */
const EXTRAS = {
  decode: { of: ["replay"], takes: "nothing" },
  raw: { of: ["replay"], takes: "nothing" },
  driver: { of: ["replay"], takes: "value" },
  for: { of: ["capture"], takes: "value" },
  out: { of: ["capture"], takes: "value" },
  whole: { of: ["capture"], takes: "nothing" },
  anew: { of: ["capture"], takes: "nothing" },
  release: { of: ["capture"], takes: "value" },
  discard: { of: ["capture"], takes: "value" },
  by: { of: ["capture"], takes: "value" },
} as const;
const EXTRA_NAMES = Object.keys(EXTRAS) as readonly (keyof typeof EXTRAS)[];

const VERBS = [
  "run",
  "ports",
  "status",
  "trace",
  "drivers",
  "identify",
  "capture",
  "replay",
  "spool inspect",
  "spool verify",
  "version",
  "help",
  "explain",
  "config check",
  "config explain",
] as const;
/** First words that are no verb alone, and what may follow. */
const PAIRS: ReadonlyMap<string, string> = new Map([
  ["config", "check FILE or explain KEY"],
  ["spool", "inspect or verify"],
]);
/** Verbs that must be told about what, and verbs that may be. */
const MUST: Partial<Record<Words["verb"], string>> = { trace: "DEVICE", identify: "PORT", replay: "FILE", "config check": "FILE" };
const MAY: readonly Words["verb"][] = ["config explain", "explain", "capture"];
const OPTIONS = {
  "--config": "config",
  "--kind": "kind",
  "--state-dir": "stateDir",
  "--runtime-dir": "runtimeDir",
  "--sys-root": "sysRoot",
  "--dev-root": "devRoot",
} as const;

export const USAGE = `bedside VERB [options]

  run --config FILE   is the agent: reads the devices, delivers to the broker
  ports               every port seen, its verdict, and the rule that is missing
  status              what the agent does: uplink, devices, ledger, faults
  trace DEVICE        what became of its records: delivered, waiting, lost
  drivers             what this version can read, and what it sends for it
  identify PORT       what is plugged in there, and why: listens, then asks
  capture PORT        records what a port says and is told, names blanked;
                      without PORT: captures that wait on this box
  replay --decode FILE  the readings of a capture, a line of JSON a frame;
                      exit 1 where they differ from NAME.expected.jsonl
  spool inspect       what waits on flash; needs no agent and disturbs none
  spool verify        every stored commit checked; exit 1 where one fails
  version             which version this is, and of what
  config check FILE   every mistake of a configuration at once; opens nothing
  config explain KEY  what a setting is for; without KEY a list
  explain BED-205     a fault by number or key; without one a list

  --json              one JSON object instead of text
  --kind KIND         with config check: the body of a document of that kind,
                      settings or admissions; a *.signed file needs none
  --for 60s           with capture: how long, 1s to 10min
  --out FILE          with capture: the file; it must not be there yet
  --anew              with capture: let go of the port and take it again
                      first, so that the talk is there from its first word
  --whole             with capture: every byte; stays on this box, sealed
  --release NAME      with capture --by YOU: take one out of the box
  --discard NAME      with capture --by YOU: remove one from the box
  --driver ID         with replay: read it with this driver
  --raw               with replay --driver: bytes as they came, no capture
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
    kind: undefined,
    stateDir: "/var/lib/bedside",
    runtimeDir: "/run/bedside",
    sysRoot: "/sys",
    devRoot: "/dev",
  };
  const plain: string[] = [];
  const extra: Partial<Record<keyof typeof EXTRAS, string>> = {};
  let help = false;
  let json = false;
  let parts = false;
  for (let at = 0; at < words.length; at++) {
    const [word = "", inline] = splitOption(words[at] ?? "");
    const given = (): string => {
      const value = inline ?? words[++at];
      if (value === undefined || value === "" || (inline === undefined && value.startsWith("--")))
        throw new Fault("usage", `${word} wants a value`);
      return value;
    };
    const option = Object.hasOwn(OPTIONS, word) ? OPTIONS[word as keyof typeof OPTIONS] : undefined;
    const own = EXTRA_NAMES.find((name) => `--${name}` === word);
    if (option !== undefined) taken[option] = given();
    else if (own !== undefined && EXTRAS[own].takes === "value") extra[own] = given();
    else if (own !== undefined && inline === undefined) extra[own] = "";
    else if (word === "--json" && inline === undefined) json = true;
    else if (word === "--parts" && inline === undefined) parts = true;
    else if (word === "--help" || word === "-h") help = true;
    else if (word === "" || word.startsWith("-")) throw notUnderstood(words[at]);
    else plain.push(word);
  }
  const { verb, operand } = help || words.length === 0 ? { verb: "help" as const, operand: undefined } : verbOf(plain);
  if (parts && verb !== "version") throw new Fault("usage", "--parts goes with version only");
  if (verb === "run" && taken.config === undefined) throw new Fault("usage", "run wants --config FILE");
  const { config, stateDir = "", runtimeDir = "", sysRoot = "", devRoot = "" } = taken;
  const all = { verb, operand, kind: kindOf(verb, taken.kind), json, parts, config, stateDir, runtimeDir, sysRoot, devRoot };
  return Object.keys(extra).length === 0 ? all : { ...all, extra: belonging(verb, extra) };
}

function belonging(verb: Words["verb"], extra: Extras): Extras {
  for (const name of EXTRA_NAMES) {
    const verbs: readonly string[] = EXTRAS[name].of;
    if (extra[name] !== undefined && !verbs.includes(verb) && verb !== "help")
      throw new Fault("usage", `--${name} goes with ${verbs.join(" and ")} only`);
  }
  return extra;
}

function verbOf(plain: readonly string[]): Pick<Words, "verb" | "operand"> {
  const [first, second] = plain;
  if (first === undefined) throw new Fault("usage", "which verb? run, ports, status, trace, drivers, spool, version, config or explain");
  const pair = PAIRS.get(first);
  const length = pair === undefined ? 1 : 2;
  const verb = VERBS.find((one) => one === plain.slice(0, length).join(" "));
  if (verb === undefined && pair !== undefined && second === undefined) throw new Fault("usage", `${first} wants ${pair}`);
  if (verb === undefined) throw notUnderstood(plain[length - 1]);
  const [operand, ...more] = plain.slice(length);
  const must = MUST[verb];
  const extra = must === undefined && !MAY.includes(verb) ? operand : more[0];
  if (extra !== undefined) throw notUnderstood(extra);
  if (must !== undefined && operand === undefined) throw new Fault("usage", `${verb} wants a ${must}`);
  return { verb, operand };
}

function kindOf(verb: Words["verb"], text: string | undefined): Kind | undefined {
  if (text === undefined) return undefined;
  if (verb !== "config check") throw new Fault("usage", "--kind goes with config check only");
  const kind = KINDS.find((one) => one === text);
  if (kind === undefined) throw new Fault("usage", `--kind is ${KINDS.join(" or ")}, not "${text}"`);
  return kind;
}

const notUnderstood = (word: string | undefined): Fault => new Fault("usage", `"${word ?? ""}" was not understood`);
