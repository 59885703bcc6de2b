import { type Document, parseDocument } from "yaml";

/** A file that people write is no longer than this. */
const TEXT_MAX = 2 * 1024 * 1024;
const ALIASES_MAX = 100;

/** The value of a YAML text, or its mistakes with line and column. Duplicate keys, alias bombs and unknown tags are mistakes. */
export function readYaml(text: string): { readonly value: unknown } | { readonly mistakes: readonly string[] } {
  if (text.length > TEXT_MAX) return { mistakes: [`it is longer than ${TEXT_MAX} bytes`] };
  const document = parseDocument(text, { prettyErrors: true, strict: true, uniqueKeys: true, stringKeys: true });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0)
    return { mistakes: [...new Set(broken.map((error) => (error.message.split("\n\n")[0] ?? error.message).replace(/:$/, "")))] };
  return plainValue(document);
}

/** An alias of nothing, or one that multiplies itself without end, is found only here. */
function plainValue(document: Document): { readonly value: unknown } | { readonly mistakes: readonly string[] } {
  try {
    return { value: document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown };
  } catch (caught) {
    if (caught instanceof ReferenceError) return { mistakes: [caught.message] };
    throw caught;
  }
}
