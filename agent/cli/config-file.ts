import { type Document, isMap, isSeq, LineCounter, parseDocument } from "yaml";
import { mistakeLines } from "../../config/bodies.ts";
import { type Mistake, readSettings, type Settings } from "../../config/schema.ts";
import { aliasMistake, yamlMistakes } from "../../config/settings/yaml-mistakes.ts";
import { DRIVERS } from "../../drivers/index.ts";
import { Fault } from "../fault/fault.ts";

/** A configuration file is no longer than this. */
export const CONFIG_MAX = 256 * 1024;
const ALIASES_MAX = 100;

/** Reads the text of a configuration file. Throws Fault `config.invalid` that names every mistake with its path. */
export function readConfigText(text: string, name: string): Settings {
  const yaml = readYaml(text);
  if ("mistakes" in yaml) throw configInvalid(name, mistakeLines(yaml.mistakes));
  const read = readSettings(yaml.value, { drivers: DRIVERS.map(({ id }) => id) });
  if ("settings" in read) return read.settings;
  throw configInvalid(name, mistakeLines(read.mistakes));
}

export const configInvalid = (name: string, lines: readonly string[]): Fault =>
  new Fault(
    "config.invalid",
    `${name} has ${lines.length === 1 ? "a mistake" : `${lines.length} mistakes`}\n${lines.map((one) => `           ${one}`).join("\n")}`,
    { mistakes: lines.length },
  );

/** What a text of YAML says, or its mistakes in plain words. `lineOf` finds the line of a path such as "rules[0].when". */
export function readYaml(
  text: string,
): { readonly value: unknown; readonly lineOf: (path: string) => number | undefined } | { readonly mistakes: readonly Mistake[] } {
  if (text.length > CONFIG_MAX) return { mistakes: [{ path: "", message: `it is longer than ${CONFIG_MAX} bytes` }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: true, strict: true, uniqueKeys: true, stringKeys: true, lineCounter: lines });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) return { mistakes: yamlMistakes(broken) };
  try {
    return { value: document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown, lineOf: (path) => lineOf(document, lines, path) };
  } catch (caught) {
    // An alias of nothing, or one that multiplies itself without end, is found only here.
    if (caught instanceof ReferenceError) return { mistakes: [aliasMistake(caught.message)] };
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
