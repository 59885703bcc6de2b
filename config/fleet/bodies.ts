import type { Kind } from "../envelope/envelope.ts";
import { readSettings } from "../schema.ts";
import { expectedText, type Mistake, unknownText } from "../settings/mistakes.ts";

/** A whole configuration file around a body, so that both are judged by one schema. */
const AROUND = { gateway: "gw", broker: { host: "broker", port: 8883, ca: "ca", cert: "cert", key: "key" } };
const KEYS: Readonly<Record<Kind, readonly string[]>> = {
  settings: ["description", "broker", "pace", "window", "spool"],
  admissions: ["rules"],
};
const BROKER_KEYS = ["host", "port"];

/** Checks the body of a document as the gateway will. All mistakes at once, each with its path. */
export function readBody(kind: Kind, body: unknown): { readonly body: Fields } | { readonly mistakes: readonly Mistake[] } {
  if (!isFields(body)) return { mistakes: [{ path: "", message: expectedText(`the body of a document of kind ${kind}`, body) }] };
  const mistakes: Mistake[] = unknownKeys(body, KEYS[kind], "");
  const { broker, ...rest } = body;
  if (isFields(broker)) mistakes.push(...unknownKeys(broker, BROKER_KEYS, "broker"));
  if (kind === "admissions" && !Object.hasOwn(body, "rules"))
    mistakes.push({ path: "rules", message: "is missing: expected a list of rules; an empty one, [], admits nothing" });
  const known = Object.fromEntries(Object.entries(rest).filter(([key]) => KEYS[kind].includes(key)));
  const reach = broker === undefined ? AROUND.broker : isFields(broker) ? { ...pick(broker), ca: "ca", cert: "cert", key: "key" } : broker;
  const read = readSettings({ ...AROUND, ...known, broker: reach });
  if ("mistakes" in read) mistakes.push(...read.mistakes);
  return mistakes.length === 0 ? { body } : { mistakes };
}

export type Fields = Readonly<Record<string, unknown>>;

const unknownKeys = (fields: Fields, known: readonly string[], path: string): Mistake[] =>
  Object.keys(fields).flatMap((key) => (known.includes(key) ? [] : [{ path, message: unknownText(key, known) }]));
const pick = (fields: Fields): Fields => Object.fromEntries(Object.entries(fields).filter(([key]) => BROKER_KEYS.includes(key)));
export const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** "path: message", for people. */
export const mistakeLines = (mistakes: readonly Mistake[]): readonly string[] =>
  mistakes.map(({ path, message }) => `${path === "" ? "(the whole file)" : path}: ${message}`);
