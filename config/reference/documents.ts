import { BODY_KEYS, BROKER_KEYS } from "../bodies.ts";
import { fileJsonSchema, settingsJsonSchema } from "../schema.ts";
import { BOUNDS } from "../settings/bounds.table.ts";
import { EXAMPLE, EXAMPLE_ADMISSIONS } from "../settings/example.table.ts";
import { type Fields, isFields, pick } from "../settings/fields.ts";
import { KEYS } from "../settings/keys.table.ts";
import { UNITS } from "../settings/quantity.ts";

/** The part of JSON Schema (draft 2020-12) that the configuration uses. */
export type Schema = {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  /** Told by editors instead of the pattern; no word of JSON Schema itself. */
  readonly patternErrorMessage?: string;
};

/** The documents that people write: the gateway's own file, and the bodies that are signed. */
export const DOCUMENTS = ["file", "settings", "admissions"] as const;
export type DocumentName = (typeof DOCUMENTS)[number];

/** Its JSON Schema, with what each key is for, its unit, bounds and example. */
export function schemaOf(name: DocumentName): Schema {
  if (name === "file") return told(fileJsonSchema() as Schema, "", EXAMPLE);
  return bodySchema(name, told(settingsJsonSchema() as Schema, "", WHOLE));
}

/** An example of it that names every key. */
export function exampleOf(name: DocumentName): Fields {
  if (name === "file") return EXAMPLE;
  const { broker, ...rest } = pick<unknown>(WHOLE, BODY_KEYS[name]);
  return isFields(broker) ? { ...rest, broker: pick(broker, BROKER_KEYS) } : rest;
}
const WHOLE = { ...EXAMPLE, ...EXAMPLE_ADMISSIONS };

/** A body names what it changes, so that it has no defaults, and each kind may set its own keys alone. */
function bodySchema(name: Exclude<DocumentName, "file">, { $schema, properties = {} }: Schema): Schema {
  const keys = pick(properties, BODY_KEYS[name]);
  const { broker } = keys;
  const reach = broker?.properties && {
    ...broker,
    properties: pick(broker.properties, BROKER_KEYS),
    required: BROKER_KEYS,
    examples: [exampleOf(name).broker],
  };
  const all = reach === undefined ? keys : { ...keys, broker: reach };
  return {
    ...($schema && { $schema }),
    title: `Body of a document of kind ${name}`,
    description: BODY_TEXTS[name],
    type: "object",
    properties: Object.fromEntries(Object.entries(all).map(([key, { default: _, ...rest }]) => [key, rest])),
    ...(name === "admissions" && { required: ["rules"] }),
    additionalProperties: false,
  };
}
const BODY_TEXTS = {
  settings: "What central operations set on a gateway, over what its own file says. Written in YAML, signed and pushed by bedside-fleet.",
  admissions: "Which ports are read as which devices, in the place of all rules before. Written in YAML, signed by biomedical engineering.",
} as const;

/** The schema with titles, descriptions and examples, all the way down. */
function told(schema: Schema, path: string, ...examples: readonly unknown[]): Schema {
  const { title, what } = KEYS[path] ?? { title: path, what: "" };
  const bounds = Object.hasOwn(BOUNDS, path) ? BOUNDS[path as keyof typeof BOUNDS] : undefined;
  const text = bounds === undefined ? what : `${what} ${boundsText(bounds)}`;
  const inner: Schema = {
    ...schema,
    ...(schema.properties && {
      properties: Object.fromEntries(
        Object.entries(schema.properties).map(([key, one]) => [
          key,
          told(
            one,
            path === "" ? key : `${path}.${key}`,
            ...examples.flatMap((example) => (isFields(example) && Object.hasOwn(example, key) ? [example[key]] : [])),
          ),
        ]),
      ),
    }),
    ...(schema.items && {
      items: told(
        schema.items,
        `${path}[]`,
        ...examples.flatMap((example) => (Array.isArray(example) ? (example as readonly unknown[]) : [])),
      ),
    }),
  };
  if (schema.oneOf !== undefined)
    return {
      title,
      description: text,
      ...inner,
      oneOf: schema.oneOf.map((one) => told(one, path, ...examples.filter((example) => meets(example, one)))),
    };
  const isLeaf = schema.properties === undefined && schema.items === undefined;
  return {
    title,
    description: text,
    ...inner,
    ...(isLeaf && examples.length > 0 && { examples: [...new Set(examples)].slice(0, EXAMPLES_MAX) }),
  };
}

/** Of a list of alternatives, the one that is meant. */
const meets = (example: unknown, { properties = {} }: Schema): boolean =>
  isFields(example) && Object.entries(properties).every(([key, { const: only }]) => only === undefined || example[key] === only);

const EXAMPLES_MAX = 2;

const boundsText = ({ unit, least, most }: (typeof BOUNDS)[keyof typeof BOUNDS]): string =>
  `A number with its unit (${UNITS[unit]}), ${least === undefined ? "" : `from ${least} `}up to ${most}.`;
