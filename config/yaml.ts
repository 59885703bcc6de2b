import { type Document, isMap, isSeq, LineCounter, parseDocument } from "yaml";
import { ALIAS, type YamlError } from "./settings/yaml-mistakes.ts";

const ALIASES_MAX = 100;

/** `lineOf` finds the line of a path such as "rules[0].when". */
export type YamlValue = { readonly value: unknown; readonly lineOf: (path: string) => number | undefined };

/** What a text of YAML says; duplicate keys, alias bombs and unknown tags are errors. */
export function parseYaml(text: string): YamlValue | { readonly errors: readonly YamlError[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: true, strict: true, uniqueKeys: true, stringKeys: true, lineCounter: lines });
  const errors = [...document.errors, ...document.warnings];
  if (errors.length > 0) return { errors };
  try {
    return { value: document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown, lineOf: (path) => lineOf(document, lines, path) };
  } catch (caught) {
    if (caught instanceof ReferenceError) return { errors: [{ code: ALIAS, message: caught.message }] };
    throw caught;
  }
}

/** Of the key itself, or of the last one on the way to it that is there. */
function lineOf(document: Document, lines: LineCounter, path: string): number | undefined {
  let node: unknown = document.contents;
  let at: number | undefined;
  for (const step of path.split(/[.[\]]+/).filter((one) => one !== "")) {
    let next: unknown;
    if (isSeq(node)) {
      next = node.items[Number(step)];
      at = offsetOf(next) ?? at;
    } else if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(key) === step);
      next = pair?.value;
      at = offsetOf(pair?.key) ?? at;
    }
    if (next === undefined) break;
    node = next;
  }
  return at === undefined ? undefined : lines.linePos(at).line;
}

const offsetOf = (node: unknown): number | undefined =>
  typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range) ? Number(node.range[0]) : undefined;
