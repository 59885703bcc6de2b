import { ALIAS } from "../settings/yaml-mistakes.ts";
import { parseYaml } from "../yaml.ts";

/** A file that people write is no longer than this. */
const TEXT_MAX = 2 * 1024 * 1024;

/** The value of a YAML text, or its mistakes with line and column. */
export function readYaml(text: string): { readonly value: unknown } | { readonly mistakes: readonly string[] } {
  if (text.length > TEXT_MAX) return { mistakes: [`it is longer than ${TEXT_MAX} bytes`] };
  const parsed = parseYaml(text);
  if (!("errors" in parsed)) return { value: parsed.value };
  const told = parsed.errors.map(({ code, message }) =>
    code === ALIAS ? message : (message.split("\n\n")[0] ?? message).replace(/:$/, ""),
  );
  return { mistakes: [...new Set(told)] };
}
