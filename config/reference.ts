import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { madeFiles } from "./reference/texts.ts";

/** `node config/reference.ts`: writes the JSON Schemas, the reference page and the examples anew, and says which have changed. */
for (const [name, text] of Object.entries(madeFiles())) {
  const path = join(import.meta.dirname, name);
  if (textOf(path) === text) continue;
  writeFileSync(path, text);
  process.stdout.write(`config/${name} is written\n`);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw caught;
  }
}
