import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "regressions");

/** Inputs that once broke a law, one a file: regressions/PARSER/WHAT.hex; a line that begins with # is a remark. */
export function regressionsOf(parser: string): readonly { readonly name: string; readonly input: Uint8Array }[] {
  const folder = join(FOLDER, parser);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => {
    const hex = readFileSync(join(folder, name), "utf8").replaceAll(/^#.*$/gm, "").replaceAll(/\s/g, "");
    return { name: name.replace(/\.hex$/, ""), input: Uint8Array.from(Buffer.from(hex, "hex")) };
  });
}
export const regressionFolders = (): readonly string[] => (existsSync(FOLDER) ? readdirSync(FOLDER) : []);
