import type { Mistake } from "./mistakes.ts";
import { YAML_ALIAS_BOMB, YAML_ALIAS_OF_NOTHING, YAML_WORDS } from "./yaml-words.table.ts";

/** As the library tells it. */
export type YamlError = {
  readonly code: string;
  readonly message: string;
  readonly linePos?: readonly { readonly line: number }[] | undefined;
};

/** An alias of nothing, or one that multiplies itself without end: the library finds it only when the values are made. */
export const ALIAS = "ALIAS";

/** More mistakes than these are one mistake and its consequences. */
const TOLD_MAX = 20;

/** In plain words, each once, by line. */
export function yamlMistakes(errors: readonly YamlError[]): readonly Mistake[] {
  const told = errors.map(({ code, message, linePos }): Mistake => {
    if (code === ALIAS) return { path: "", message: message.includes("Unresolved") ? YAML_ALIAS_OF_NOTHING : YAML_ALIAS_BOMB };
    const line = linePos?.[0]?.line;
    const own = (message.split("\n\n")[0] ?? message).replace(/(?: at line \d+, column \d+)?:?$/, "");
    return { path: line === undefined ? "" : `line ${line}`, message: YAML_WORDS[code] ?? own };
  });
  return [...new Map(told.map((one) => [`${one.path} ${one.message}`, one])).values()].slice(0, TOLD_MAX);
}
