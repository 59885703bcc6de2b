import * as z from "zod";
import { LISTS_MAX } from "./settings/bounds.table.ts";
import { isFields } from "./settings/fields.ts";
import { type Known, meaningMistakes } from "./settings/meaning.ts";
import { expectedText, type Mistake, unknownText } from "./settings/mistakes.ts";
import { PATTERNS, parseBytes, parseDuration, UNITS } from "./settings/quantity.ts";
import { parseUdpAddress, UDP_PATTERN } from "./settings/udp-address.ts";
import type { Bytes, Duration } from "./units.ts";

export { type Known, type KnownDrivers, WINDOW_ABOVE_PACE } from "./settings/meaning.ts";
export type { Mistake } from "./settings/mistakes.ts";

/**
 * What a gateway can be told, defined once: the keys of its file, and the rules, which only the signed document admissions brings.
 * Unknown keys are refused; quantities carry their unit as text. What each key is for stands in settings/keys.table.ts; the JSON
 * Schemas, the reference page and the examples are made of both (config/reference.ts).
 */

/** The format of the file that this version reads. A later version that means something else by a key counts on. */
export const FILE_FORMAT = 1;

/** Every check of a field says the same: what is expected there, with an example. */
const said = (expected: string) => ({ error: ({ input }: { readonly input?: unknown }) => expectedText(expected, input) });

/** The same for editors, which would show the pattern. */
const inEditors = (expected: string) => ({ patternErrorMessage: `expected ${expected}` });

function quantity<T>(parse: (text: string) => T | undefined, pattern: RegExp, expected: string) {
  const written = z.string(said(expected)).meta({ pattern: pattern.source, ...inEditors(expected) });
  return written.transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: expectedText(expected, text) });
    return z.NEVER;
  });
}
const duration = (example: string) =>
  quantity<Duration>(parseDuration, PATTERNS.duration, `a number with one of the units ${UNITS.duration}, for example "${example}"`);
const bytes = (example: string) =>
  quantity<Bytes>(parseBytes, PATTERNS.bytes, `a number with one of the units ${UNITS.bytes}, for example "${example}"`);

/** Where a key is not known, the ones that are known here are compared with it. */
function group<Shape extends z.ZodRawShape>(shape: Shape, expected: string) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => unknownText(String(key), Object.keys(shape))).join("\n")
        : expectedText(expected, issue.input),
  });
}

/** Printed in logs and on terminals as it stands, so nothing that moves a cursor or begins a line. */
const PRINTABLE = /^\P{C}*$/u;
const text = (expected: string) => {
  const whole = said(`${expected} (1 to 128 printable characters)`);
  return z
    .string(said(expected))
    .min(1, whole)
    .max(128, whole)
    .regex(PRINTABLE, whole)
    .meta(inEditors(`${expected}, without line breaks and other signs that cannot be printed`));
};

/** The certificate's CN: one level of a topic, so no slash, no wildcard, no blank. */
const id = (example: string) => {
  const expected = `letters, digits, ".", "_" or "-", at most 64, for example "${example}"`;
  const pattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
  return z.string(said(expected)).regex(pattern, said(expected)).meta(inEditors(expected));
};
const quoted = (name: string, example: string) => text(`the ${name} in quotes, for example "${example}"`);
const location = text('a location as  bedside ports  shows it, for example "usb-1-1.3:1.0"');
const UDP = 'an IPv4 address and a UDP port of one device, both as numbers, for example "192.168.9.20:24105"';
const udpAddress = z
  .string(said(UDP))
  .refine((text) => parseUdpAddress(text) !== undefined, said(UDP))
  .meta({ pattern: UDP_PATTERN.source, ...inEditors(UDP) });
const file = (example: string) => text(`the path of a file, for example ${example}`);

const conditions = group(
  {
    location: location.optional(),
    address: udpAddress.optional(),
    vendor: quoted("adapter's vendor", "0403").optional(),
    product: quoted("adapter's product", "6001").optional(),
    serial: quoted("adapter's serial number", "A10K3XYZ").optional(),
    interface: quoted("interface", "00").optional(),
  },
  "the conditions of the rule, for example { location: usb-1-1.3:1.0 }",
);

const LINE = 'speed and format as  bedside drivers  shows them, for example "9600 8N1", or udp';
const ALLOWED = {
  device: id("dv-00417"),
  driver: text("the name of a driver, for example nonin"),
  line: z
    .string(said(LINE))
    .regex(/^([1-9][0-9]{1,6} [78][NEO][12]|udp)$/, said(LINE))
    .meta(inEditors(LINE))
    .optional(),
  socket: text("room and bed, for example ICU-12/B"),
};
const expectedAllow = "true or false";
const ruleSchema = z.discriminatedUnion(
  "allow",
  [
    group({ when: conditions, allow: z.literal(true, said(expectedAllow)), ...ALLOWED }, "a rule"),
    group({ when: conditions, allow: z.literal(false, said(expectedAllow)), reason: text("a reason for people").optional() }, "a rule"),
  ],
  {
    error: ({ input }) =>
      isFields(input)
        ? expectedText(expectedAllow, input.allow)
        : expectedText("a rule, for example { when: { location: … }, allow: false }", input),
  },
);
/** As above, of a rule that says neither true nor false: its other mistakes are told in the same go. */
const undecidedRule = z.looseObject({ when: conditions });

/** The host alone: the port stands beside it, and TLS is not a choice. */
const HOST = 'a name or address alone, for example "broker.hospital.example"';
const host = z
  .string(said(HOST))
  .regex(/^(?=.{1,253}$)([A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*)$/, {
    error: ({ input }) => expectedText(hostExpected(String(input)), input),
  })
  .meta(inEditors(HOST));
function hostExpected(input: string): string {
  if (input.includes("://")) return `${HOST} (without "${input.slice(0, input.indexOf("://") + 3)}": the connection always uses TLS)`;
  return /:\d+$/.test(input) ? `${HOST} (the port stands in broker.port)` : HOST;
}

const PORT = said("a whole number from 1 to 65535, for example 8883");
const PORTS = said(`a list of at most ${LISTS_MAX.ports} ports, for example [{ udp: "192.168.9.20:24105", location: lan-1 }]`);
const SIGNED = 'the path of a signed document, for example "/etc/bedside/admissions.signed"';
const SIGNED_LIST = said(`a list of at most ${LISTS_MAX.documents} paths of signed documents, as  bedside-fleet sign  writes them`);
const RULES = said(`a list of at most ${LISTS_MAX.rules} rules`);

const TRUST = said(`a list of at most ${LISTS_MAX.trust} keys, each a line as  bedside-fleet keys new  prints it`);
const KEY = 'the key in base64, 44 characters that end in "="';
const trustedKey = group(
  {
    id: id("ops-1"),
    role: z.enum(["operations", "biomedical"], said('"operations" or "biomedical"')),
    key: z
      .string(said(KEY))
      .regex(/^[A-Za-z0-9+/]{43}=$/, said(KEY))
      .meta(inEditors(KEY)),
  },
  "a key, for example { id: ops-1, role: operations, key: … }",
);

const FORMAT = said(`${FILE_FORMAT}, the format that this version of bedside reads`);

const ofFile = {
  format: z.literal(FILE_FORMAT, FORMAT).optional(),
  gateway: id("gw-58c1e0"),
  description: text("a text for people").optional(),
  broker: group(
    {
      host,
      port: z.int(PORT).min(1, PORT).max(65_535, PORT),
      ca: file("/etc/bedside/ca.pem"),
      cert: file("/etc/bedside/cert.pem"),
      key: file("/etc/bedside/key.pem"),
    },
    "the broker, for example { host: broker.hospital.example, port: 8883, ca: …, cert: …, key: … }",
  ),
  trust: z.array(trustedKey, TRUST).max(LISTS_MAX.trust, TRUST).prefault([]),
  documents: z.array(text(SIGNED), SIGNED_LIST).max(LISTS_MAX.documents, SIGNED_LIST).prefault([]),
  ports: z
    .array(
      group(
        { path: text("the path of a port, for example /tmp/nonin").optional(), udp: udpAddress.optional(), location },
        "a port, for example { path: /tmp/nonin, location: bench-1 }",
      ),
      PORTS,
    )
    .max(LISTS_MAX.ports, PORTS)
    .prefault([]),
  pace: duration("100ms").prefault("100ms"),
  window: duration("250ms").prefault("250ms"),
  spool: group({ size: bytes("256MiB").prefault("256MiB") }, 'the size of the spool, for example { size: "256MiB" }').prefault({}),
};
const ONE_A_LINE = "settings, one a line, for example  gateway: gw-58c1e0";
const fileSchema = group(ofFile, ONE_A_LINE);
const settingsSchema = group({ ...ofFile, rules: z.array(ruleSchema, RULES).max(LISTS_MAX.rules, RULES).prefault([]) }, ONE_A_LINE);

export type Settings = z.infer<typeof settingsSchema>;
export type Rule = Settings["rules"][number];

type ReadSettings = { readonly settings: Settings } | { readonly mistakes: readonly Mistake[] };

/**
 * Checks a parsed configuration file. All mistakes at once, each with its path: those of shape and those of meaning. A file has no
 * rules: who still writes them is told once where they belong, and nothing of them is judged.
 */
export function readFileSettings(whole: unknown): ReadSettings {
  if (!isFields(whole) || !Object.hasOwn(whole, "rules")) return readBy(fileSchema, whole, {});
  const { rules: _, ...rest } = whole;
  const read = readBy(fileSchema, rest, {});
  return { mistakes: [{ path: "rules", message: RULES_MOVED }, ...("mistakes" in read ? read.mistakes : [])] };
}

const RULES_MOVED =
  "no rules stand in this file: they are the signed document admissions now. Move them into a file of their own and push that" +
  " ( bedside-fleet push RULES.yaml --kind admissions … ), or sign it ( bedside-fleet sign ) and name what comes of it here under  documents:";

/**
 * The same with rules: for bodies of documents, and for settings that never were a file.
 */
export const readSettings = (whole: unknown, known: Known = {}): ReadSettings => readBy(settingsSchema, whole, known);

function readBy(schema: typeof fileSchema | typeof settingsSchema, whole: unknown, known: Known): ReadSettings {
  const document = withShortLists(whole);
  const newer = newerFormat(document);
  if (newer !== undefined) return { mistakes: [newer] };
  const result = schema.safeParse(document);
  const shape = result.success ? [] : [...result.error.issues, ...undecidedIssues(document)];
  const mistakes = [
    ...shape.flatMap(({ path, message }) => message.split("\n").map((line) => ({ path: pathText(path), message: line }))),
    ...meaningMistakes(document, known),
  ];
  if (result.success && mistakes.length === 0) return { settings: { rules: [], ...result.data } };
  const first = new Map<string, Mistake>();
  // One place, one mistake; only unknown keys are told each.
  for (const one of mistakes) {
    const key = one.message.includes("is not known here") ? `${one.path} ${one.message}` : one.path;
    if (!first.has(key)) first.set(key, one);
  }
  return { mistakes: [...first.values()] };
}

/** A list that is too long still is, by one. */
function withShortLists(document: unknown): unknown {
  if (!isFields(document)) return document;
  const long = Object.entries(LISTS_MAX).flatMap(([key, most]) => {
    const list = document[key];
    return Array.isArray(list) && list.length > most ? [[key, list.slice(0, most + 1)]] : [];
  });
  return long.length === 0 ? document : { ...document, ...Object.fromEntries(long) };
}

/** What a newer version meant cannot be judged here, so that nothing else is said of it. */
function newerFormat(document: unknown): Mistake | undefined {
  const format = isFields(document) ? document.format : undefined;
  if (typeof format !== "number" || !(format > FILE_FORMAT)) return undefined;
  const message = `the file has format ${format}, this version of bedside reads ${FILE_FORMAT}: it was written for a newer version; install that one, or write the file anew`;
  return { path: "format", message };
}

/** The shape as a JSON Schema (draft 2020-12) of what is written, before units are read and defaults put in. */
export const fileJsonSchema = () => z.toJSONSchema(fileSchema, { io: "input" });
/** The same with rules. */
export const settingsJsonSchema = () => z.toJSONSchema(settingsSchema, { io: "input" });

function undecidedIssues(document: unknown): readonly { readonly path: PropertyKey[]; readonly message: string }[] {
  const rules = isFields(document) && Array.isArray(document.rules) ? document.rules : [];
  return rules.flatMap((rule: unknown, at) => {
    if (!isFields(rule) || typeof rule.allow === "boolean") return [];
    const result = undecidedRule.safeParse(rule);
    return result.success ? [] : result.error.issues.map(({ path, message }) => ({ path: ["rules", at, ...path], message }));
  });
}

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`),
    "",
  );
