import { type Bytes, type Duration, KiB, MiB, Seconds } from "../units.ts";
import { JUDGEMENTS, type JudgementName } from "./judgements.table.ts";

/** What is taken and told all the same; each is a row of JUDGEMENTS. */
export type Warning = { readonly rule: JudgementName; readonly path: string; readonly message: string };

const WINDOW_LONG = Seconds(10);
const PACE_SLOW = Seconds(5);
const SPOOL_SMALL = MiB(64);
/** So shown by Linux. */
const HEX: Readonly<Record<string, RegExp>> = { vendor: /^[0-9a-f]{4}$/, product: /^[0-9a-f]{4}$/, interface: /^[0-9a-f]{2}$/ };
const ROLES = { operations: "settings", biomedical: "admissions" } as const;

type When = Readonly<Record<string, string | undefined>>;
/** A document that was taken, of any kind: what it does not name is not there. */
export type Taken = {
  readonly broker?: { readonly host: string; readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly documents?: readonly string[];
  readonly trust?: readonly { readonly id: string; readonly role: keyof typeof ROLES; readonly key: string }[];
  readonly ports?: readonly { readonly path?: string | undefined; readonly udp?: string | undefined }[];
  readonly rules?: readonly { readonly when: When; readonly allow: boolean }[];
  readonly pace?: Duration;
  readonly window?: Duration;
  readonly spool?: { readonly size: Bytes };
};

/** In the order of the document. `kind` is that of the document; a gateway's own file has all keys. */
export function warningsOf(kind: "file" | "settings" | "admissions", taken: Taken): readonly Warning[] {
  const { pace, window, spool, rules = [] } = taken;
  return [
    ...(kind === "file" ? [...ofPaths(taken), ...ofFile(taken)] : []),
    ...(kind === "admissions" && !rules.some(({ allow }) => allow) ? [warned("admits_none", "rules")] : []),
    ...ofRules(rules),
    ...(pace !== undefined && pace > PACE_SLOW ? [warned("pace_slow", "pace", seconds(pace))] : []),
    ...(window !== undefined && window > WINDOW_LONG ? [warned("window_long", "window", seconds(window))] : []),
    ...(spool !== undefined && spool.size < SPOOL_SMALL ? [warned("spool_small", "spool.size", `${spool.size / KiB(1)} KiB`)] : []),
  ];
}

function* ofPaths({ broker, documents = [] }: Taken): Generator<Warning> {
  const ofBroker = (["ca", "cert", "key"] as const).map((key) => ({ at: `broker.${key}`, path: broker?.[key] }));
  for (const { at, path } of [...ofBroker, ...documents.map((path, index) => ({ at: `documents[${index}]`, path }))])
    if (path !== undefined && !path.startsWith("/")) yield warned("path_relative", at, path);
}

function* ofFile({ trust = [], ports = [] }: Taken): Generator<Warning> {
  const has = (role: keyof typeof ROLES): boolean => trust.some((key) => key.role === role);
  if (trust.length === 0) yield warned("no_trust", "trust");
  else
    for (const role of ["operations", "biomedical"] as const)
      if (!has(role)) yield warned("no_trusted_role", "trust", `no key of role ${role} for ${ROLES[role]}`);
  for (const [at, { id, key }] of trust.entries()) {
    const before = trust.slice(0, at);
    if (before.some((one) => one.id === id)) yield warned("key_name_twice", `trust[${at}].id`, id);
    if (before.some((one) => one.key === key)) yield warned("key_two_roles", `trust[${at}].key`);
  }
  if (ports.some(({ path }) => path !== undefined)) yield warned("ports_declared", "ports");
  for (const [at, { udp }] of ports.entries()) if (udp?.startsWith("127.")) yield warned("udp_own", `ports[${at}].udp`, udp);
}

function* ofRules(rules: NonNullable<Taken["rules"]>): Generator<Warning> {
  for (const [at, { when, allow }] of rules.entries()) {
    if (allow && when.location === undefined && when.address === undefined && when.serial === undefined)
      yield warned("kind_of_adapter", `rules[${at}].when`);
    for (const [key, value] of Object.entries(when))
      if (value !== undefined && HEX[key]?.test(value) === false)
        yield warned("never_matches", `rules[${at}].when.${key}`, JSON.stringify(value));
  }
}

const warned = (rule: JudgementName, path: string, found?: string): Warning => {
  const { what, why } = JUDGEMENTS[rule];
  return { rule, path, message: `${what}${found === undefined ? "" : ` (${found})`}: ${why}` };
};
const seconds = (time: Duration): string => `${time / Seconds(1)} s`;
