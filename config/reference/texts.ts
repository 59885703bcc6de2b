import { type Fields, isFields } from "../settings/fields.ts";
import { JUDGEMENTS } from "../settings/judgements.table.ts";
import { DOCUMENTS, type DocumentName, exampleOf, schemaOf } from "./documents.ts";
import { type Entry, entriesOf, inline, ownEntries } from "./entries.ts";

/** The files that are made of the definition, by their path in config/. Equal definitions give equal bytes. */
export function madeFiles(): Readonly<Record<string, string>> {
  const files: Record<string, string> = { "REFERENCE.md": referencePage() };
  for (const name of DOCUMENTS) {
    files[SCHEMA_FILES[name]] = `${JSON.stringify(schemaOf(name), null, 2)}\n`;
    files[EXAMPLE_FILES[name]] = exampleText(name);
  }
  return files;
}

export const SCHEMA_FILES = {
  file: "bedside.schema.json",
  settings: "settings.schema.json",
  admissions: "admissions.schema.json",
} as const;
export const EXAMPLE_FILES = { file: "example.yaml", settings: "example-settings.yaml", admissions: "example-admissions.yaml" } as const;

const COMMENT_WIDTH = 110;
const INTRODUCTIONS: Readonly<Record<DocumentName, readonly string[]>> = {
  file: [
    "Every key of a gateway's configuration file, once. Copy what you need: only gateway and broker must be there.",
    "Check yours with  bedside config check FILE ; one key is explained by  bedside config explain KEY.",
  ],
  settings: [
    "Every key of the body of a document of kind settings. Copy what you need: what is not named stays as the gateway's file says.",
    "Check yours with  bedside config check FILE --kind settings ; sign and push it with bedside-fleet.",
  ],
  admissions: [
    "Every key of the body of a document of kind admissions. It takes the place of all rules that the gateway had.",
    "Check yours with  bedside config check FILE --kind admissions ; sign and push it with bedside-fleet.",
  ],
};

// ── The example ──

function exampleText(name: DocumentName): string {
  const entries = new Map(entriesOf(name).map((entry) => [entry.path, entry]));
  const seen = new Set<string>();
  const comment = (path: string, indent: string): readonly string[] => {
    const entry = entries.get(path);
    if (entry === undefined || seen.has(path)) return [];
    seen.add(path);
    return wrapped(commentOf(entry), COMMENT_WIDTH - indent.length).map((line) => `${indent}# ${line}`);
  };
  const group = (value: Fields, path: string, indent: string): readonly string[] =>
    Object.entries(value).flatMap(([key, inner]) => {
      const at = path === "" ? key : `${path}.${key}`;
      const lines = [...comment(at, indent), ...field(key, inner, at, indent)];
      return path === "" ? ["", ...lines] : lines;
    });
  const field = (key: string, value: unknown, path: string, indent: string): readonly string[] => {
    if (Array.isArray(value)) return [`${indent}${key}:`, ...value.flatMap((one: unknown) => item(one, `${path}[]`, `${indent}  `))];
    if (isFields(value)) return [`${indent}${key}:`, ...group(value, path, `${indent}  `)];
    return [`${indent}${key}: ${inline(value)}`];
  };
  const item = (value: unknown, path: string, indent: string): readonly string[] => {
    if (!isFields(value)) return [`${indent}- ${inline(value)}`];
    const lines = group(value, path, `${indent}  `);
    // The dash stands before the first key; comments above it stay comments.
    const first = lines.findIndex((line) => !line.trimStart().startsWith("#"));
    return lines.map((line, at) => (at === first ? `${indent}- ${line.slice(indent.length + 2)}` : line));
  };
  const head = [`# yaml-language-server: $schema=${SCHEMA_FILES[name]}`, ...INTRODUCTIONS[name].map((line) => `# ${line}`)];
  return `${[...head, ...group(exampleOf(name), "", "")].join("\n")}\n`;
}

/** How long a text may be is no news beside it. */
const commentOf = (entry: Entry): string => [entry.what, ...factsOf(entry).filter((fact) => !fact.endsWith("characters."))].join(" ");

/** Needed or default, unit, bounds: a sentence each. */
export const factsOf = ({ needed, fallback, unit, bounds, type }: Entry): readonly string[] => [
  ...(needed ? ["Needed."] : fallback === undefined || fallback === "{}" ? [] : [`Default: ${fallback}.`]),
  ...(unit === undefined ? [] : [`A ${type} in ${unit}.`]),
  ...(bounds === undefined ? [] : [`${bounds[0]?.toUpperCase()}${bounds.slice(1)}.`]),
];

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

// ── The reference page ──

function referencePage(): string {
  return `${[
    "# Configuration reference",
    "",
    "Made from the definition by `node config/reference.ts`; not written by hand. An editor that speaks YAML completes and checks a file whose",
    "first line names the schema, as those of the examples do. `bedside config explain KEY` prints one entry, `bedside config check FILE` all mistakes.",
    "Unknown keys are refused. A time or a size is a number with its unit. All is checked before anything is opened or sent.",
    ...DOCUMENTS.flatMap((name) => ["", ...documentPart(name)]),
    "",
    "## Beyond shape",
    "",
    "What is looked for when each value by itself is right.",
    "",
    "| where | what | | why |",
    "|---|---|---|---|",
    ...Object.values(JUDGEMENTS).map(({ where, what, verdict, why }) => row([`\`${where}\``, what, verdict, why])),
  ].join("\n")}\n`;
}

function documentPart(name: DocumentName): readonly string[] {
  const { title = "", description = "" } = schemaOf(name);
  const head = [
    `## ${title}`,
    "",
    `${description} Schema: [${SCHEMA_FILES[name]}](${SCHEMA_FILES[name]}), example: [${EXAMPLE_FILES[name]}](${EXAMPLE_FILES[name]}).`,
    "",
  ];
  if (name === "file") return [...head, ...keyTable(entriesOf(name))];
  const [own, shared] = [ownEntries(name), entriesOf(name).filter(({ documents }) => documents.includes("file"))];
  const named = shared.filter(({ path }) => !path.endsWith("[]")).map(({ path, needed }) => `\`${path}\`${needed ? " (needed)" : ""}`);
  return [
    ...head,
    ...(named.length === 0 ? [] : [`Its keys, as in the file and explained there: ${named.join(", ")}.`]),
    ...(own.length === 0 ? [] : keyTable(own)),
  ];
}

const keyTable = (entries: readonly Entry[]): readonly string[] => [
  "| key | what it is for | type | default | unit and bounds | example |",
  "|---|---|---|---|---|---|",
  ...entries.map(({ path, what, type, needed, fallback, unit, bounds, examples }) => {
    const limits = [unit, bounds].filter((one) => one !== undefined).join("; ");
    return row([`\`${path}\``, what, type, needed ? "**needed**" : code(fallback), limits, examples.map(code).join(" ")]);
  }),
];

const code = (text: string | undefined): string => (text === undefined ? "" : `\`${text}\``);
const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
