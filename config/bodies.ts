import { fromBase64 } from "./bytes-text.ts";
import type { Kind, TrustedKey } from "./envelope/envelope.ts";
import { type Known, readSettings, type Settings } from "./schema.ts";
import { type Fields, isFields, pick } from "./settings/fields.ts";
import { expectedText, type Mistake, toldLine, unknownText } from "./settings/mistakes.ts";

/** A whole configuration file around a body, so that both are judged by one schema. */
const AROUND = { gateway: "gw", broker: { host: "broker", port: 8883, ca: "ca", cert: "cert", key: "key" } };
/** What a document of each kind may set. */
export const BODY_KEYS: Readonly<Record<Kind, readonly string[]>> = {
  settings: ["description", "broker", "pace", "window", "spool"],
  admissions: ["rules"],
};
/** Certificates and keys are the gateway's own: no document moves them. */
export const BROKER_KEYS = ["host", "port"];

/** What a document may set, each only where it does. */
export type BodyValues = Partial<Pick<Settings, "description" | "pace" | "window" | "spool" | "rules">> & {
  readonly broker?: Pick<Settings["broker"], "host" | "port">;
};

export type ReadBody = { readonly body: Fields; readonly values: BodyValues } | { readonly mistakes: readonly Mistake[] };

/**
 * Checks the body of a document, on both sides in the same way. All mistakes at once, each with its path.
 */
export function readBody(kind: Kind, body: unknown, known: Known = {}): ReadBody {
  if (!isFields(body)) return { mistakes: [{ path: "", message: expectedText(`the body of a document of kind ${kind}`, body) }] };
  const mistakes: Mistake[] = unknownKeys(body, BODY_KEYS[kind], "");
  const { broker, ...rest } = body;
  if (isFields(broker)) mistakes.push(...unknownKeys(broker, BROKER_KEYS, "broker"));
  if (kind === "admissions" && !Object.hasOwn(body, "rules"))
    mistakes.push({ path: "rules", message: "is missing: expected a list of rules; an empty one, [], admits nothing" });
  const given = pick(rest, BODY_KEYS[kind]);
  const reach =
    broker === undefined ? AROUND.broker : isFields(broker) ? { ...pick(broker, BROKER_KEYS), ca: "ca", cert: "cert", key: "key" } : broker;
  const read = readSettings({ ...AROUND, ...given, broker: reach }, known);
  if ("mistakes" in read) return { mistakes: [...mistakes, ...read.mistakes] };
  return mistakes.length === 0 ? { body, values: valuesOf(read.settings, body) } : { mistakes };
}

/** Defaults are the file's business: a document says what it names. */
function valuesOf({ broker, ...settings }: Settings, body: Fields): BodyValues {
  const named = pick<unknown>(settings, Object.keys(body));
  return Object.hasOwn(body, "broker") ? { ...named, broker: { host: broker.host, port: broker.port } } : named;
}

const unknownKeys = (fields: Fields, known: readonly string[], path: string): Mistake[] =>
  Object.keys(fields).flatMap((key) => (known.includes(key) ? [] : [{ path, message: unknownText(key, known) }]));

/** The keys of a file, as signatures are checked with them. */
export const trustedKeys = ({ trust }: Pick<Settings, "trust">): readonly TrustedKey[] =>
  trust.map(({ id, role, key }) => ({ id, role, publicKey: fromBase64(key) }));

/** "path: message", for people. */
export const mistakeLines = (mistakes: readonly Mistake[]): readonly string[] =>
  mistakes.map(({ path, message }) => toldLine({ path, message }));
