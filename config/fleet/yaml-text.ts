import type { Mistake } from "../settings/mistakes.ts";
import { yamlMistakes } from "../settings/yaml-mistakes.ts";
import { parseYaml, type YamlValue } from "../yaml.ts";

/** A file that people write is no longer than this. */
const TEXT_MAX = 2 * 1024 * 1024;

/** The value of a YAML text, or its mistakes, as `bedside config check` tells them. */
export function readYaml(text: string): YamlValue | { readonly mistakes: readonly Mistake[] } {
  if (text.length > TEXT_MAX) return { mistakes: [{ path: "", message: `it is longer than ${TEXT_MAX} characters` }] };
  const parsed = parseYaml(text);
  return "errors" in parsed ? { mistakes: yamlMistakes(parsed.errors) } : parsed;
}
