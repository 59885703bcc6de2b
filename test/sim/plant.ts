import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Edit } from "./small.table.ts";

const ROOT = join(import.meta.dirname, "../..");
const COPIED = ["agent", "drivers", "proto", "config", "test/sim", "package.json", "tsconfig.json"];

/**
 * A copy of the source with other text in it, in a folder of its own; whoever asks removes it. Throws RangeError where a text
 * does not stand exactly once: the table is out of date then, and a test that changes nothing proves nothing.
 */
export function plant(edits: readonly Edit[]): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "bedside-sim-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    for (const path of COPIED) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    for (const { file, find, replace } of edits) {
      const source = readFileSync(join(folder, file), "utf8");
      const times = source.split(find).length - 1;
      if (times !== 1) throw new RangeError(`${JSON.stringify(find)} stands ${times} times in ${file}, not once; mend the table`);
      writeFileSync(
        join(folder, file),
        source.replace(find, () => replace),
      );
    }
  } catch (caught) {
    remove();
    throw caught;
  }
  return { folder, remove };
}
