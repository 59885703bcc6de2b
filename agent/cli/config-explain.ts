import { EXIT } from "../../config/command-line.ts";
import { allEntries, type Entry, findEntries } from "../../config/reference/entries.ts";
import type { Self } from "../effects/node/process.ts";
import { Fault } from "../fault/fault.ts";
import type { Words } from "./words.ts";

/** `bedside config explain KEY`: its entry of the reference; without a key a line for each. Throws Fault `word.unknown`. */
export function configExplain({ operand, json }: Words, self: Self): number {
  const entries = operand === undefined ? allEntries() : entriesNamed(operand);
  if (json) self.out(`${JSON.stringify(entries)}\n`);
  else if (operand === undefined) self.out(entries.map(({ path, title }) => `${path.padEnd(26)} ${title}\n`).join(""));
  else self.out(entries.map(entryText).join("\n"));
  return EXIT.ok;
}

function entriesNamed(word: string): readonly Entry[] {
  const read = findEntries(word);
  if ("found" in read) return read.found;
  const near = read.near === undefined ? "" : `; did you mean "${read.near}"?`;
  throw new Fault("word.unknown", `There is no setting ${JSON.stringify(word)}${near}`, { word });
}

function entryText({ path, title, what, type, needed, unit, bounds, fallback, examples, documents }: Entry): string {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["type", type],
    ["needed", needed ? "yes" : undefined],
    ["unit", unit],
    ["bounds", bounds],
    ["default", fallback],
    ["example", examples.length === 0 ? undefined : examples.join("   ")],
    ["stands in", documents.map((one) => (one === "file" ? "the gateway's file" : `documents of kind ${one}`)).join(", ")],
  ];
  const told = rows.flatMap(([name, text]) => (text === undefined ? [] : [`  ${name.padEnd(10)} ${text}\n`]));
  return `${path}    ${title}\n  ${what}\n${told.join("")}`;
}
