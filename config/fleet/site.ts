import { fromBase64, isBase64 } from "../bytes-text.ts";
import type { TrustedKey } from "../envelope/envelope.ts";
import { type Fields, isFields } from "../settings/fields.ts";
import { byLines, expectedText, type Mistake, type Told, toldLine, unknownText } from "../settings/mistakes.ts";
import { Trouble } from "./trouble.ts";
import { readYaml } from "./yaml-text.ts";

/** What `fleet.yaml` says: how to reach the broker, and which gateways there are to be. */
export type Site = {
  readonly broker: {
    readonly host: string;
    readonly port: number;
    /** Paths, as written; relative ones start at the site file. */
    readonly ca: string;
    readonly cert: string;
    readonly key: string;
  };
  /** The folder in which all that was pushed is kept. */
  readonly store: string;
  /** Keys of those who sign: the same lines as on the gateways. Empty: signatures are not checked here. */
  readonly trust: readonly TrustedKey[];
  /** Their labels by name. */
  readonly gateways: ReadonlyMap<string, Labels>;
};
export type Labels = Readonly<Record<string, string>>;

const GATEWAYS_MAX = 10_000;
const SITE_KEYS = ["broker", "store", "trust", "gateways"];
const BROKER_KEYS = ["host", "port", "ca", "cert", "key"];
const TRUST_KEYS = ["id", "role", "key"];
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Also the name of a label in a Prometheus file. */
const LABEL = /^[a-z][a-z0-9_]{0,31}$/;
/** Labels that a Prometheus file uses for itself. */
const TAKEN = ["gateway", "kind", "device", "state", "fault", "version"];
const KEY_BYTES = 32;

/** Throws Trouble `site.invalid` that names every mistake with its path. */
export function readSite(text: string, name: string): Site {
  const read = readYaml(text);
  if ("mistakes" in read) throw invalid(name, read.mistakes);
  const mistakes: Mistake[] = [];
  const site = siteOf(read.value, mistakes);
  if (mistakes.length > 0) throw invalid(name, byLines(mistakes, read.lineOf));
  return site;
}

function siteOf(value: unknown, mistakes: Mistake[]): Site {
  const fields = group(value, "", SITE_KEYS, mistakes);
  const broker = group(fields.broker, "broker", BROKER_KEYS, mistakes);
  const text = (key: string, example: string): string => textAt(broker[key], `broker.${key}`, example, mistakes);
  if (isFields(fields.broker) && !isPort(broker.port))
    mistakes.push({ path: "broker.port", message: expectedText("a whole number from 1 to 65535, for example 8883", broker.port) });
  const reach = isFields(fields.broker)
    ? {
        host: text("host", '"broker.hospital.example"'),
        port: Number(broker.port),
        ca: text("ca", "ca.crt"),
        cert: text("cert", "ops.crt"),
        key: text("key", "ops.key"),
      }
    : { host: "", port: 0, ca: "", cert: "", key: "" };
  return {
    broker: reach,
    store: fields.store === undefined ? "pushed" : textAt(fields.store, "store", "pushed", mistakes),
    trust: trustOf(fields.trust, mistakes),
    gateways: gatewaysOf(fields.gateways, mistakes),
  };
}

function gatewaysOf(value: unknown, mistakes: Mistake[]): ReadonlyMap<string, Labels> {
  if (!isFields(value) || Object.keys(value).length === 0) {
    mistakes.push({ path: "gateways", message: expectedText("gateways with their labels, for example  gw-58c1e0: { ward: icu }", value) });
    return new Map();
  }
  const names = Object.keys(value);
  if (names.length > GATEWAYS_MAX) mistakes.push({ path: "gateways", message: `${names.length} gateways; at most ${GATEWAYS_MAX}` });
  return new Map(
    names.map((name) => {
      const path = `gateways.${name}`;
      if (!NAME.test(name))
        mistakes.push({ path, message: `expected a gateway's name: letters, digits, ".", "_" or "-", for example gw-58c1e0` });
      const labels = value[name] ?? {};
      if (!isFields(labels)) mistakes.push({ path, message: expectedText("labels, for example { ward: icu }", labels) });
      return [name, isFields(labels) ? labelsOf(labels, path, mistakes) : {}];
    }),
  );
}

function labelsOf(fields: Fields, path: string, mistakes: Mistake[]): Labels {
  for (const [key, value] of Object.entries(fields)) {
    if (!LABEL.test(key) || TAKEN.includes(key))
      mistakes.push({ path: `${path}.${key}`, message: `expected a label in small letters, none of ${TAKEN.join(", ")}` });
    if (typeof value !== "string" || value === "" || /\p{C}/u.test(value))
      mistakes.push({ path: `${path}.${key}`, message: expectedText('a text, for example "icu"', value) });
  }
  return fields as Labels;
}

function trustOf(value: unknown, mistakes: Mistake[]): readonly TrustedKey[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    mistakes.push({ path: "trust", message: expectedText("a list of lines as  bedside-fleet keys new  prints them", value) });
    return [];
  }
  return value.flatMap((one: unknown, at) => trustedKey(one, `trust[${at}]`, mistakes) ?? []);
}

/** One line of a trust list: { id, role, key: base64 of the raw key }. Mistakes are added to the list given. */
export function trustedKey(value: unknown, path: string, mistakes: Mistake[]): TrustedKey | undefined {
  const { id, role, key } = group(value, path, TRUST_KEYS, mistakes);
  const before = mistakes.length;
  if (!isFields(value)) return undefined;
  if (typeof id !== "string" || !NAME.test(id))
    mistakes.push({ path: `${path}.id`, message: expectedText("a key's name, for example ops-1", id) });
  if (role !== "operations" && role !== "biomedical")
    mistakes.push({ path: `${path}.role`, message: expectedText("operations or biomedical", role) });
  const bytes = typeof key === "string" && isBase64(key) ? fromBase64(key) : undefined;
  if (bytes?.length !== KEY_BYTES) mistakes.push({ path: `${path}.key`, message: expectedText(`${KEY_BYTES} bytes in base64`, key) });
  if (mistakes.length > before || bytes === undefined) return undefined;
  return { id: id as string, role: role as TrustedKey["role"], publicKey: bytes };
}

function group(value: unknown, path: string, known: readonly string[], mistakes: Mistake[]): Fields {
  if (!isFields(value)) {
    mistakes.push({ path, message: expectedText(`${known.join(", ")}`, value) });
    return {};
  }
  for (const key of Object.keys(value)) if (!known.includes(key)) mistakes.push({ path, message: unknownText(key, known) });
  return value;
}

function textAt(value: unknown, path: string, example: string, mistakes: Mistake[]): string {
  if (typeof value === "string" && value !== "" && !/\p{C}/u.test(value)) return value;
  mistakes.push({ path, message: expectedText(`a text, for example ${example}`, value) });
  return "";
}

const isPort = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535;

const invalid = (name: string, mistakes: readonly Told[]): Trouble => {
  const count = mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`;
  return new Trouble("site.invalid", [`${name} has ${count}`, ...mistakes.map(toldLine)].join("\n"));
};

/** Gateways by name, by labels (all must hold), or both; nothing named means all. In the order of the site file. */
export function selectGateways(site: Site, wanted: { readonly names: readonly string[]; readonly labels: Labels }): readonly string[] {
  const all = [...site.gateways.keys()];
  for (const name of wanted.names) {
    if (site.gateways.has(name)) continue;
    throw new Trouble("usage", `the gateway ${unknownText(name, all.slice(0, 20))}`);
  }
  const labels = Object.entries(wanted.labels);
  const chosen = all.filter(
    (name) =>
      (wanted.names.length === 0 || wanted.names.includes(name)) &&
      labels.every(([key, value]) => site.gateways.get(name)?.[key] === value),
  );
  if (chosen.length > 0) return chosen;
  throw new Trouble("usage", `no gateway of the site file has ${labels.map(([key, value]) => `${key}=${value}`).join(" and ")}`);
}
