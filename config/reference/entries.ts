import { BOUNDS } from "../settings/bounds.table.ts";
import { KEYS } from "../settings/keys.table.ts";
import { nearest } from "../settings/mistakes.ts";
import { UNITS } from "../settings/quantity.ts";
import { DOCUMENTS, type DocumentName, type Schema, schemaOf } from "./documents.ts";

/** One key of the reference. */
export type Entry = {
  /** "rules[].when.location" */
  readonly path: string;
  readonly title: string;
  readonly what: string;
  readonly type: string;
  readonly needed: boolean;
  readonly unit: string | undefined;
  readonly bounds: string | undefined;
  /** As YAML writes it in one line. */
  readonly fallback: string | undefined;
  readonly examples: readonly string[];
  readonly documents: readonly DocumentName[];
};

/** Every key of a document, in its order; a group stands before what is in it. */
export function entriesOf(name: DocumentName): readonly Entry[] {
  const elsewhere = DOCUMENTS.filter((one) => one !== name).map((one) => ({
    one,
    paths: new Set(walk(schemaOf(one), "").map(([path]) => path)),
  }));
  return walk(schemaOf(name), "").map(([path, schema, needed]) => ({
    ...entryOf(path, schema, needed),
    documents: DOCUMENTS.filter((one) => one === name || elsewhere.some((other) => other.one === one && other.paths.has(path))),
  }));
}

/** Every key that there is: those of the file, then those that stand in documents alone. */
export function allEntries(): readonly Entry[] {
  const file = entriesOf("file");
  return [...file, ...DOCUMENTS.filter((name) => name !== "file").flatMap(ownEntries)];
}

/** Keys of a document that the file does not have. */
export const ownEntries = (name: DocumentName): readonly Entry[] => entriesOf(name).filter(({ documents }) => !documents.includes("file"));

/** By path, with or without the brackets and numbers of lists, or by the last word; else the path that was perhaps meant. */
export function findEntries(word: string): { readonly found: readonly Entry[] } | { readonly near: string | undefined } {
  const entries = allEntries();
  const wanted = bare(word);
  const exact = entries.filter(({ path }) => bare(path) === wanted);
  // A list and its items are told together.
  if (exact.length > 0) return { found: exact };
  const ending = entries.filter(({ path }) => bare(path).endsWith(`.${wanted}`));
  if (ending.length > 0) return { found: ending };
  const paths = entries.map(({ path }) => bare(path));
  const near =
    nearest(wanted, paths) ?? nearest(wanted.split(".").at(-1) ?? "", [...new Set(paths.map((path) => path.split(".").at(-1) ?? ""))]);
  return { near };
}
const bare = (path: string): string => path.replaceAll(/\[\d*\]/g, "");

type Visit = readonly [path: string, schema: Schema, needed: boolean];

/** Alternatives (a rule that allows, one that does not) make one list of keys; needed is what all of them need. */
function walk(schema: Schema, path: string): readonly Visit[] {
  const branches = schema.oneOf ?? [schema];
  const keys = [...new Set(branches.flatMap(({ properties = {} }) => Object.keys(properties)))];
  const visits = keys.flatMap((key): Visit[] => {
    const inner = path === "" ? key : `${path}.${key}`;
    const schemas = branches.flatMap(({ properties }) => properties?.[key] ?? []);
    const needed = branches.every(({ required = [] }) => required.includes(key));
    return [[inner, together(schemas), needed], ...schemas.flatMap((one) => walk(one, inner))];
  });
  const items: readonly Visit[] =
    schema.items === undefined ? [] : [[`${path}[]`, schema.items, false], ...walk(schema.items, `${path}[]`)];
  return [...Map.groupBy([...visits, ...items], ([at]) => at)].map(([at, same]) => [at, together(same.map(([, one]) => one)), same[0]![2]]);
}

/** One key of several alternatives: what it is everywhere, with all their examples. */
function together(schemas: readonly Schema[]): Schema {
  const [first = {}, ...more] = schemas;
  if (more.length === 0) return first;
  const { const: only, ...open } = first;
  const one = schemas.every((schema) => schema.const === only);
  return { ...open, ...(one && only !== undefined && { const: only }), examples: schemas.flatMap(({ examples = [] }) => examples) };
}

function entryOf(path: string, schema: Schema, needed: boolean): Omit<Entry, "documents"> {
  const { title = path, what = "" } = KEYS[path] ?? {};
  const quantity = Object.hasOwn(BOUNDS, path) ? BOUNDS[path as keyof typeof BOUNDS] : undefined;
  return {
    path,
    title,
    what,
    type: quantity === undefined ? typeText(schema) : quantity.unit === "duration" ? "time" : "size",
    needed,
    unit: quantity === undefined ? undefined : UNITS[quantity.unit],
    bounds: quantity === undefined ? boundsText(schema) : `${quantity.least ?? "pace plus 150ms"} to ${quantity.most}`,
    fallback: schema.default === undefined ? undefined : inline(schema.default),
    examples: [...new Set((schema.examples ?? []).map(inline))],
  };
}

function typeText({ type = "string", oneOf, enum: choices, const: only }: Schema): string {
  if (choices !== undefined) return choices.map(String).join(" or ");
  if (only !== undefined) return String(only);
  return oneOf === undefined ? TYPES[type] : TYPES.object;
}
const TYPES: Readonly<Record<NonNullable<Schema["type"]>, string>> = {
  object: "group",
  array: "list",
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  string: "text",
};

function boundsText({ minimum, maximum, minLength, maxLength, maxItems, pattern }: Schema): string | undefined {
  if (maxItems !== undefined) return `at most ${maxItems}`;
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (maxLength !== undefined) return `${minLength ?? 0} to ${maxLength} characters`;
  // Bounds that a pattern has inside.
  const [, most] = /\{0,(\d+)\}\$$/.exec(pattern ?? "") ?? [];
  return most === undefined ? undefined : `1 to ${Number(most) + 1} characters`;
}

/** A value as YAML takes it, in one line. */
export function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const inner = Object.entries(value).map(([key, one]) => `${key}: ${inline(one)}`);
    return inner.length === 0 ? "{}" : `{ ${inner.join(", ")} }`;
  }
  if (typeof value !== "string") return String(value);
  return PLAIN.test(value) && !WORDS.test(value) ? value : JSON.stringify(value);
}
/** Texts that need no quotes in YAML, wherever they stand. */
const PLAIN = /^(?:[A-Za-z/][A-Za-z0-9._/-]*|\d+(?:ms|s|min|KiB|MiB|GiB))$/;
const WORDS = /^(?:true|false|yes|no|on|off|null|y|n)$/i;
