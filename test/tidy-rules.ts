import { type Import, lineOf, type Source, targetOf } from "./tidy-source.ts";

/** Each rule answers with what breaks it, one sentence each with its place. */
export type HouseRule = (sources: readonly Source[]) => readonly string[];

export const inTest = (path: string): boolean => path.startsWith("test/");
const inNodeEffects = (path: string): boolean => path.startsWith("agent/effects/node/");
const inPackaging = (path: string): boolean => path.startsWith("config/package/");
/** The fleet tool is a program of its own; this is where it touches the outside. */
const inFleetEffects = (path: string): boolean => path === "config/fleet/effects.ts";
const FLEET = "config/fleet/";
export const isEmulator = (path: string): boolean => /^drivers\/(?!kit\/)[^/]+\/emulator[^/]*\.ts$/.test(path);
const isTable = (path: string): boolean => path.endsWith(".table.ts");

/** Run by a person or by packaging, never by the agent; they stand outside the arrows and may touch the machine. */
const TOOLS: Readonly<Record<string, string>> = {
  "proto/generate.ts": "makes the generated code afresh; part of no program",
  "config/reference.ts": "makes the JSON Schemas, the reference page and the examples afresh; part of no program",
};

/** Values that one feature folder of agent/ takes from another; everything else is a type or goes through main.ts. */
const JOINTS: Readonly<Record<string, string>> = {
  "capture → agent/spool/keyring.ts": "what waits on flash is sealed under one key",
  "control → agent/admission/port-named.ts": "a person names a port in one way",
  "control → agent/capture/captures.ts": "what people ask for is done there",
  "control → agent/identify/identify.ts": "what people ask for is done there",
  "identify → agent/session/link.ts": "a device is known by the very link that would read it",
  "capture → agent/session/link.ts": "a capture is read with the very link that reads the line",
  "session → agent/alerts/edges.ts": "edges are found while a frame is stamped, in the same turn",
  "session → agent/wire/records.ts": "a stamp encodes once",
  "configure → agent/trial/trial.ts": "documents are the first that are tried; certificates and releases follow",
  "configure → agent/spool/run-file.ts": "a small file is replaced whole in one way only",
  "uplink → agent/session/epochs.ts": "the birth introduces a device in the very words of a batch",
  "uplink → agent/wire/heads.ts": "the clock in a birth is told as in a head",
  "uplink → agent/wire/records.ts": "a condition in a birth is told in the words of its last edge",
  "health → agent/wire/heads.ts": "the clock in health is told as in a head",
  "effects → agent/uplink/packet-check.ts": "stands between the TLS stream and the client, which lives in the effect",
  "effects → agent/uplink/packet-check.table.ts": "reason codes are named once",
};
/** What every feature may use as values. */
const VOCABULARY = ["agent/model/", "agent/fault/", "agent/log/", "agent/effects/effects.ts"];

/** In its own folder, or in that of the device of which this is another format: `nonin-7` may import `nonin`. */
function isOfItsFamily(path: string, target: string): boolean {
  const [own, other] = [path, target].map((one) => one.split("/")[1]);
  return target.startsWith("drivers/") && (own === other || own?.startsWith(`${other}-`) === true);
}

const beginsWith = (target: string, prefixes: readonly string[]): boolean => prefixes.some((prefix) => target.startsWith(prefix));

/** Undefined: allowed. */
function arrowBroken(path: string, target: string, typeOnly: boolean): string | undefined {
  if (inTest(path) || inPackaging(path) || TOOLS[path] !== undefined || !/^(agent|config|drivers|proto|test)\//.test(target))
    return undefined;
  if (target.startsWith("test/")) return "nothing outside test/ imports a test";
  if (isEmulator(target)) {
    return isEmulator(path) && isOfItsFamily(path, target) ? undefined : "only tests import an emulator";
  }
  if (path === "config/units.ts") return "config/units stands first";
  if (path.startsWith("config/envelope/")) return target.startsWith("config/envelope/") ? undefined : "the envelope stands alone";
  if (path === "config/schema.ts" || path.startsWith("config/settings/"))
    return beginsWith(target, ["config/units.ts", "config/settings/"])
      ? undefined
      : "the schema imports its own parts and config/units only";
  if (path.startsWith(FLEET))
    return beginsWith(target, [
      "proto/",
      "config/units.ts",
      "config/schema.ts",
      "config/bodies.ts",
      "config/claims.ts",
      "config/command-line.ts",
      "config/bytes-text.ts",
      "config/yaml.ts",
      "config/settings/",
      "config/envelope/",
      FLEET,
    ])
      ? undefined
      : "the fleet tool imports proto, the schema and the envelope, never the agent";
  if (target.startsWith(FLEET)) return "nothing imports the fleet tool";
  if (path === "config/bodies.ts" || path === "config/claims.ts")
    return beginsWith(target, ["config/schema.ts", "config/settings/", "config/envelope/", "config/bytes-text.ts"])
      ? undefined
      : "documents are judged by the schema and the envelope";
  if (path === "config/yaml.ts") return beginsWith(target, ["config/settings/"]) ? undefined : "a text of YAML knows no schema";
  if (path.startsWith("config/reference/"))
    return beginsWith(target, ["config/schema.ts", "config/bodies.ts", "config/settings/", "config/reference/"])
      ? undefined
      : "the reference is made of the definition alone";
  if (path.startsWith("config/")) return target === "config/units.ts" ? undefined : "the configuration imports config/units only";
  if (path.startsWith("proto/")) {
    return beginsWith(target, ["proto/"]) || typeOnly ? undefined : "proto imports nothing of ours but types";
  }
  if (path.startsWith("drivers/kit/"))
    return beginsWith(target, ["drivers/kit/", "config/units.ts", "config/schema.ts"]) ? undefined : "the kit imports config only";
  if (path === "drivers/index.ts")
    return /^drivers\/[^/]+\/driver\.ts$/.test(target) ? undefined : "the registry imports the drivers and the kit's types";
  if (path.startsWith("drivers/")) {
    const allowed = isOfItsFamily(path, target) || beginsWith(target, ["drivers/kit/", "config/units.ts", "config/schema.ts"]);
    return allowed ? undefined : "a driver imports the kit, config, its own folder and that of the device of which it is another format";
  }
  return agentArrowBroken(path, target, typeOnly);
}

function agentArrowBroken(path: string, target: string, typeOnly: boolean): string | undefined {
  if (target.startsWith("drivers/"))
    return typeOnly || beginsWith(target, ["drivers/kit/"]) || path.startsWith("agent/cli/") ? undefined : "drivers are handed in";
  if (!target.startsWith("agent/")) return undefined;
  if (target === "agent/main.ts") return path.startsWith("agent/cli/") || typeOnly ? undefined : "only the command line starts the agent";
  if (target === "agent/room.ts") return path === "agent/main.ts" || typeOnly ? undefined : "only main joins the room to the rest";
  if (path === "agent/main.ts" || path === "agent/room.ts")
    return beginsWith(target, ["agent/cli/", "agent/effects/node/"]) ? "main is handed its effects" : undefined;
  const folder = path.split("/")[1]!;
  if (target.startsWith(`agent/${folder}/`) && !(target.startsWith("agent/effects/node/") && !inNodeEffects(path))) return undefined;
  if (target.startsWith("agent/cli/")) return "nothing imports the command line";
  if (typeOnly || folder === "cli") return undefined;
  if (target.startsWith("agent/effects/node/")) return "the real world is handed in";
  if (beginsWith(target, VOCABULARY) || JOINTS[`${folder} → ${target}`] !== undefined) return undefined;
  return "a feature imports the vocabulary, and of others only types (or it stands in JOINTS)";
}

export const arrows: HouseRule = (sources) =>
  eachImport(sources, ({ path }, { from, typeOnly }) => arrowBroken(path, targetOf(path, from), typeOnly));

/** A joint that nothing needs any more is closed. */
export const unusedJoints: HouseRule = (sources) => {
  const used = new Set(
    sources.flatMap(({ path, imports }) => imports.map(({ from }) => `${path.split("/")[1]} → ${targetOf(path, from)}`)),
  );
  return Object.keys(JOINTS).filter((joint) => !used.has(joint));
};

const OUTSIDE = /^(node:|serialport$|@serialport\/|mqtt$|node-forge$|systeminformation$)/;
export const outsideOnlyInEffects: HouseRule = (sources) =>
  eachImport(sources, ({ path }, { from }) => {
    return OUTSIDE.test(from) && !outside(path)
      ? "what touches the outside is imported in agent/effects/node and config/fleet/effects.ts only"
      : undefined;
  });

const ONCE = [/^yaml$/, /^zod(\/|$)/, /^protobufjs(\/|$)/];
export const importedOnce: HouseRule = (sources) =>
  ONCE.flatMap((name) => {
    const importers = sources.filter(({ path, imports }) => !inTest(path) && imports.some(({ from }) => name.test(from)));
    const paths = importers.map(({ path }) => path);
    return paths.length === 1 ? [] : [`${name.source} is imported by ${paths.length} files: ${paths.join(", ")}`];
  });

export const literalImports: HouseRule = (sources) =>
  eachImport(sources, ({ path }, { from, dynamic }) => {
    if (inTest(path) || inPackaging(path) || !dynamic) return undefined;
    return from === "" || from.startsWith("file:") ? "no program loads code by a path that it makes up" : undefined;
  });

type Ban = { readonly what: string; readonly pattern: RegExp; readonly free: (path: string) => boolean };
const outside = (path: string): boolean =>
  inTest(path) || inPackaging(path) || inNodeEffects(path) || inFleetEffects(path) || TOOLS[path] !== undefined;
const BANS: readonly Ban[] = [
  { what: "Date.now", pattern: /\bDate\s*\.\s*now\b/g, free: outside },
  { what: "the present time by new Date()", pattern: /\bnew\s+Date\s*(?:\(\s*\)|(?![\w(]))|(?<!new\s)\bDate\(\)/g, free: outside },
  { what: "a timer", pattern: /\b(?:setTimeout|setInterval|setImmediate)\b/g, free: outside },
  { what: "Math.random", pattern: /\bMath\s*\.\s*random\b/g, free: outside },
  { what: "console", pattern: /(?<![\w.#])console\s*[.[]/g, free: outside },
  { what: "process", pattern: /(?<![\w.#])process\s*[.[]/g, free: outside },
  { what: "performance.now", pattern: /(?<![\w.#])performance\s*\.\s*now\b/g, free: outside },
  { what: "globalThis", pattern: /\bglobalThis\b/g, free: outside },
  { what: "a require", pattern: /\bmodule\s*\.\s*require\b|(?<![\w.])require\s*\(|\bcreateRequire\b/g, free: outside },
  { what: "eval", pattern: /(?<![\w.])eval\s*\(|\bnew\s+Function\b/g, free: inTest },
  {
    what: "an empty catch",
    pattern: /\bcatch\s*(?:\([^)]*\))?\s*\{\s*\}|\.catch\(\s*(?:\([^)]*\)|\w+)\s*=>\s*\{\s*\}\s*\)/g,
    free: inTest,
  },
  { what: "a bare Error", pattern: /(?<!class \w+ extends )\b(?:new\s+)?(?<![\w.])Error\s*\(/g, free: inTest },
  { what: "a thrown value that is no error", pattern: /\bthrow\s*["'`{[\d]/g, free: inTest },
  { what: "module state that changes", pattern: /^(?:export\s+)?(?:let|var)\s/gm, free: outside },
];
export const bannedCalls: HouseRule = (sources) =>
  sources.flatMap((source) =>
    BANS.filter(({ free }) => !free(source.path)).flatMap(({ what, pattern }) =>
      [...source.code.matchAll(pattern)].map((match) => `${place(source, match.index)}: ${what}`),
    ),
  );

/** `any` only under a biome-ignore that says why. */
export const noAny: HouseRule = (sources) =>
  sources.flatMap((source) =>
    [...source.code.matchAll(/[:<|&,=]\s*any\b(?!\s*[:(])|\bas\s+any\b|\bany\[\]/g)]
      .filter((match) => !isIgnored(source, match.index, "noExplicitAny"))
      .map((match) => `${place(source, match.index)}: any`),
  );

function isIgnored(source: Source, at: number, rule: string): boolean {
  const line = lineOf(source.text, at);
  const before = source.text.split("\n")[line - 2] ?? "";
  return new RegExp(`biome-ignore lint/\\w+/${rule}: \\w`).test(before);
}

const FILE_LINES = 400;
const LINE_COLUMNS = 140;
const FUNCTION_LINES = 60;
export const sizes: HouseRule = (sources) =>
  sources.flatMap((source) => {
    const { path, text } = source;
    if (isTable(path)) return [];
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    const codes = source.code.split("\n");
    const tooLong = lines.flatMap((line, index) => (line.length > LINE_COLUMNS && !isText(line, codes[index]!) ? [index + 1] : []));
    return [
      ...(lines.length > FILE_LINES ? [`${path}: ${lines.length} lines`] : []),
      ...tooLong.map((line) => `${path}:${line}: longer than ${LINE_COLUMNS} columns`),
      ...longFunctions(source),
    ];
  });

/** A line that holds a text, or lies in one, cannot be broken without breaking what it says. */
const isText = (line: string, code: string): boolean => (code.trim() === "" ? !/^\s*(?:\/\/|\/?\*)/.test(line) : /["'`]/.test(code));

/** A function that is written within another counts for itself. */
function longFunctions({ path, code }: Source): string[] {
  const opened: { readonly line: number; readonly counts: boolean; within: number }[] = [];
  const found: string[] = [];
  code.split("\n").forEach((line, index) => {
    for (let at = 0; at < line.length; at++) {
      if (line[at] === "{") {
        const counts = line.slice(at + 1).trim() === "" && beginsFunction(line.slice(0, at));
        opened.push({ line: index + 1, counts, within: 0 });
      }
      const begun = line[at] === "}" ? opened.pop() : undefined;
      if (begun === undefined) continue;
      const length = index + 2 - begun.line;
      if (begun.counts && length - begun.within > FUNCTION_LINES) found.push(`${path}:${begun.line}: a function of ${length} lines`);
      const outer = opened.at(-1);
      if (outer !== undefined) outer.within += begun.counts ? length : begun.within;
    }
  });
  return found;
}

const NO_FUNCTION = new RegExp(
  ["\\}?\\s*(?:else|catch|finally)", "if|for|while|switch|do|try", "suite|describe", "(?:export\\s+)?(?:class|interface|type)"]
    .map((words) => `^\\s*(?:${words})\\b`)
    .join("|"),
);
function beginsFunction(before: string): boolean {
  return /(?:\)|=>|[\w>\]}])\s*$/.test(before) && !NO_FUNCTION.test(before) && (/[)(]/.test(before) || /=>\s*$/.test(before));
}

/** Data only, one row a line. */
export const tables: HouseRule = (sources) =>
  sources
    .filter(({ path }) => isTable(path))
    .flatMap((source) =>
      [...source.code.matchAll(/=>|\bfunction\b|\b(?:if|for|while|switch|new)\b\s*\(?|\?\s*[^:?]+:\s/g)]
        .filter((match) => !/^\s*(?:\*|\/)/.test(match[0]))
        .map((match) => `${place(source, match.index)}: logic in a table`),
    );

const OWNERLESS = /(^|\/)(utils?|common|helpers?|lib|docs?|types)\//;
export const noOwnerlessFolders = (paths: readonly string[]): readonly string[] => paths.filter((path) => OWNERLESS.test(path));

/** Fixed by the owner, with what git, npm, the editor and a reader of a repository look for at its top. */
const TOP_LEVEL = new Set(
  (
    "agent config drivers proto test README.md package.json tsconfig.json build.sh package-lock.json biome.json " +
    "LICENSE NOTICE CHANGELOG.md SECURITY.md .ci .editorconfig .gitattributes .gitignore"
  ).split(" "),
);
export const topLevel = (paths: readonly string[]): readonly string[] => [
  ...new Set(paths.map((path) => path.split("/")[0]!).filter((name) => !TOP_LEVEL.has(name))),
];

function eachImport(sources: readonly Source[], broken: (source: Source, one: Import) => string | undefined): string[] {
  return sources.flatMap((source) =>
    source.imports.flatMap((one) => {
      const why = broken(source, one);
      return why === undefined ? [] : [`${source.path}:${one.line}: imports ${one.from === "" ? "what is not written" : one.from}; ${why}`];
    }),
  );
}

const place = ({ path, text }: Source, at: number): string => `${path}:${lineOf(text, at)}`;
