import { type Document, parseDocument } from "yaml";
import { readSettings, type Settings } from "../../config/schema.ts";
import { DRIVERS } from "../../drivers/index.ts";
import { Fault } from "../fault/fault.ts";

/** A configuration file is no longer than this. */
export const CONFIG_MAX = 256 * 1024;

/** Reads the text of a configuration file. Throws Fault `config.invalid` that names every mistake with its path. */
export function readConfigText(text: string, name: string): Settings {
  if (text.length > CONFIG_MAX) throw new Fault("config.invalid", `${name} is longer than ${CONFIG_MAX} bytes`);
  const document = parseDocument(text, { prettyErrors: true, strict: true, uniqueKeys: true, stringKeys: true });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0)
    throw invalid(name, [...new Set(broken.map((error) => (error.message.split("\n\n")[0] ?? error.message).replace(/:$/, "")))]);
  const read = readSettings(plainValue(document, name), { drivers: DRIVERS.map(({ id }) => id) });
  if ("settings" in read) return read.settings;
  throw invalid(
    name,
    read.mistakes.map(({ path, message }) => `${path === "" ? "(the whole file)" : path}: ${message}`),
  );
}

/** An alias of nothing, or one that multiplies itself without end, is found only here. */
function plainValue(document: Document, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (caught) {
    if (caught instanceof ReferenceError) throw invalid(name, [caught.message]);
    throw caught;
  }
}

const invalid = (name: string, mistakes: readonly string[]): Fault =>
  new Fault(
    "config.invalid",
    `${name} has ${mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`}\n${mistakes.map((one) => `           ${one}`).join("\n")}`,
    { mistakes: mistakes.length },
  );
