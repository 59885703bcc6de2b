import { mistakeLines } from "../../config/bodies.ts";
import { type Mistake, readFileSettings, type Settings } from "../../config/schema.ts";
import { yamlMistakes } from "../../config/settings/yaml-mistakes.ts";
import { parseYaml, type YamlValue } from "../../config/yaml.ts";
import { readSmallFile } from "../effects/node/small-file.ts";
import { Fault } from "../fault/fault.ts";

/** A configuration file is no longer than this. */
export const CONFIG_MAX = 256 * 1024;

/** Reads the text of a configuration file. Throws Fault `config.invalid` that names every mistake with its path. */
export function readConfigText(text: string, name: string): Settings {
  const yaml = readYaml(text);
  if ("mistakes" in yaml) throw configInvalid(name, mistakeLines(yaml.mistakes));
  const read = readFileSettings(yaml.value);
  if ("settings" in read) return read.settings;
  throw configInvalid(name, mistakeLines(read.mistakes));
}

/** Throws Fault `config.unreadable` or `config.invalid`. */
export async function readConfigFile(path: string): Promise<Settings> {
  return readConfigText(new TextDecoder().decode(await readConfigBytes(path)), path);
}

/** Throws Fault `config.unreadable`. */
export const readConfigBytes = async (path: string): Promise<Uint8Array> =>
  (await readSmallFile(path, { max: CONFIG_MAX, key: "config.unreadable" })).bytes;

export const configInvalid = (name: string, lines: readonly string[]): Fault =>
  new Fault(
    "config.invalid",
    `${name} has ${lines.length === 1 ? "a mistake" : `${lines.length} mistakes`}\n${lines.map((one) => `           ${one}`).join("\n")}`,
    { mistakes: lines.length },
  );

/** What a text of YAML says, or its mistakes in plain words. */
export function readYaml(text: string): YamlValue | { readonly mistakes: readonly Mistake[] } {
  if (text.length > CONFIG_MAX) return { mistakes: [{ path: "", message: `it is longer than ${CONFIG_MAX} bytes` }] };
  const parsed = parseYaml(text);
  return "errors" in parsed ? { mistakes: yamlMistakes(parsed.errors) } : parsed;
}
