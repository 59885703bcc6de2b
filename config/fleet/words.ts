import { splitOption } from "../command-line.ts";
import { KINDS, type Kind } from "../envelope/envelope.ts";
import { unknownText } from "../settings/mistakes.ts";
import { parseDuration } from "../settings/quantity.ts";
import type { Labels } from "./site.ts";
import { Trouble } from "./trouble.ts";

export const USAGE = `bedside-fleet VERB [words] [options]

  keys new FILE --id ID --role operations|biomedical     a key that signs; FILE.pub is the line for the gateways' trust list
  sign BODY.yaml --kind settings|admissions --key FILE   checks the body and signs it; writes BODY.signed (--out FILE)
       --generation N --by NAME --reason TEXT [--valid 30d] GATEWAY… | -l LABEL=VALUE | --all
  push DOCUMENT.signed [GATEWAY…]                        to all that it names, or some; waits for what they report
  push BODY.yaml --kind … --key FILE --by … --reason …   signs and pushes; --generation next is one above all that are known
  status  [GATEWAY…]     who is there, and what it runs      diff    [GATEWAY…]   what it has against what was pushed
  devices [GATEWAY…]     expected devices against present    why     [GATEWAY…]   refusals, faults
  watch   [GATEWAY…]     changes as they come, --for 10min; then fails if anything expected is missing

  --site FILE            broker and gateways (fleet.yaml)
  -l LABEL=VALUE         gateways with this label; several must all hold
  --within TIME          how long to wait for gateways (push 60s, others 30s)
  --passphrase-file FILE instead of being asked   --no-passphrase   a new key without
  --prometheus FILE      with status and watch: metrics, written whole
  --json                 for programs

Exit codes: 0 ok, 1 a check failed, 2 not understood, 3 refused by policy, 4 offline, 5 timed out.
`;

export type Verb = "help" | "version" | "keys" | "sign" | "push" | "status" | "watch" | "diff" | "why" | "devices";
const VERBS: readonly Verb[] = ["help", "version", "keys", "sign", "push", "status", "watch", "diff", "why", "devices"];

/** What was typed, understood. Which of it a verb needs is that verb's own affair. */
export type Words = {
  readonly verb: Verb;
  /** Words behind the verb. */
  readonly rest: readonly string[];
  readonly options: Readonly<Partial<Record<OptionName, string>>>;
  readonly flags: ReadonlySet<string>;
  readonly labels: Labels;
};

const COMMON = ["--site", "--within", "--json"];
const SIGNING = ["--kind", "--key", "--generation", "--by", "--reason", "--valid", "--passphrase-file"];
/** Options of each verb. */
const TAKES: Readonly<Record<Verb, readonly string[]>> = {
  help: [],
  version: ["--json"],
  keys: ["--id", "--role", "--passphrase-file", "--no-passphrase", "--json"],
  sign: ["--site", "--json", ...SIGNING, "--out", "--all", "-l"],
  push: [...COMMON, ...SIGNING, "--all", "-l"],
  status: [...COMMON, "--prometheus", "-l"],
  watch: [...COMMON, "--prometheus", "--for", "-l"],
  diff: [...COMMON, "-l"],
  why: [...COMMON, "-l"],
  devices: [...COMMON, "-l"],
};
const FLAGS = ["--json", "--all", "--no-passphrase"];
type OptionName =
  | "--site" | "--within" | "--kind" | "--key" | "--generation" | "--by" | "--reason" | "--valid"
  | "--passphrase-file" | "--id" | "--role" | "--out" | "--prometheus" | "--for"; // biome-ignore format: one list

/** Throws Trouble `usage` naming the word that was not understood. */
export function readWords(words: readonly string[]): Words {
  const [first = "help", ...others] = words;
  const verb = first === "--help" || first === "-h" ? "help" : VERBS.find((one) => one === first);
  if (verb === undefined) throw new Trouble("usage", `the verb ${unknownText(first, VERBS)}`);
  if (others.includes("--help") || others.includes("-h")) return { verb: "help", rest: [], options: {}, flags: new Set(), labels: {} };
  const rest: string[] = [];
  const options: Partial<Record<OptionName, string>> = {};
  const flags = new Set<string>();
  const labels: Record<string, string> = {};
  for (let at = 0; at < others.length; at++) {
    const [word, inline] = splitOption(others[at] ?? "");
    if (!word.startsWith("-")) {
      rest.push(word);
      continue;
    }
    if (!TAKES[verb].includes(word)) throw new Trouble("usage", `of ${verb} the option ${unknownText(word, TAKES[verb])}`);
    if (FLAGS.includes(word) && inline === undefined) {
      flags.add(word);
      continue;
    }
    const value = inline ?? others[++at];
    if (FLAGS.includes(word) || value === undefined || value === "" || (inline === undefined && value.startsWith("--")))
      throw new Trouble("usage", FLAGS.includes(word) ? `${word} takes no value` : `${word} wants a value`);
    if (word !== "-l") options[word as OptionName] = value;
    else labels[labelOf(value)[0]] = labelOf(value)[1];
  }
  return { verb, rest, options, flags, labels };
}

function labelOf(value: string): readonly [string, string] {
  const at = value.indexOf("=");
  if (at < 1 || at === value.length - 1) throw new Trouble("usage", `-l wants LABEL=VALUE, for example  -l ward=icu , not "${value}"`);
  return [value.slice(0, at), value.slice(at + 1)];
}

export function wanted({ verb, options }: Words, name: OptionName, example: string): string {
  const value = options[name];
  if (value === undefined) throw new Trouble("usage", `${verb} wants ${name}, for example  ${name} ${example}`);
  return value;
}

export function kindOf(words: Words): Kind {
  const said = wanted(words, "--kind", "settings");
  const kind = KINDS.find((one) => one === said);
  if (kind === undefined) throw new Trouble("usage", `the kind ${unknownText(said, KINDS)}`);
  return kind;
}

export function generationOf(words: Words, may: { readonly next: boolean }): number | "next" {
  const said = wanted(words, "--generation", may.next ? "next" : "7");
  if (may.next && said === "next") return "next";
  const generation = Number(said);
  if (/^\d+$/.test(said) && Number.isSafeInteger(generation) && generation > 0) return generation;
  throw new Trouble("usage", `--generation is a whole number from 1 on${may.next ? ", or next" : ""}, not "${said}"`);
}

const HOUR = 3_600_000;
const LONGER: Readonly<Record<string, number>> = { h: HOUR, d: 24 * HOUR };
/** Milliseconds. */
export function durationOf({ options }: Words, name: "--within" | "--valid" | "--for", otherwise: string): number {
  const text = options[name] ?? otherwise;
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?) ?([hd])$/.exec(text) ?? [];
  const value = number === undefined ? parseDuration(text) : Number(number) * (LONGER[unit] ?? 0);
  if (value === undefined) throw new Trouble("usage", `${name} wants a time such as 30s, 5min, 2h or 30d, not "${text}"`);
  return value;
}
