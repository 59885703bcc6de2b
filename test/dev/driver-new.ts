import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyEmulator } from "../../drivers/kit/emulator.ts";
import { make } from "../support/emulated-captures.ts";

/**
 * `./build.sh dev driver-new NAME`: a driver that works, made of test/dev/template, registered, and proved. Where anything fails,
 * the tree is as it was before.
 */

const ROOT = join(import.meta.dirname, "../..");
const TEMPLATE = join(import.meta.dirname, "template");
const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/;
const NAME_MAX = 40;
const CAPTURE_MS = 12_000;

/** The exit code, or what is wrong with the name. */
export async function driverNew(name: string): Promise<number | string> {
  if (/^[a-z0-9-]+$/.test(name) && existsSync(join(ROOT, "drivers", name))) return `drivers/${name} is there already; nothing was changed`;
  if (!NAME.test(name) || name.length > NAME_MAX)
    return `"${name}" is no name for a driver: vendor-model in small letters and digits, at most ${NAME_MAX}, for example  acme-spo2`;
  const folder = join(ROOT, "drivers", name);
  const before = REGISTERS.map((path) => [path, readFileSync(join(ROOT, path), "utf8")] as const);
  const page = readFileSync(join(ROOT, PAGE), "utf8");
  if (before.some(([, text]) => new RegExp(`\\b${identifier(name)}(?:Emulator)?\\b`).test(text)))
    return `another driver is called ${identifier(name)} in the code; nothing was changed`;
  // Ctrl-C ends the proofs, and what was made is taken back below.
  const ignore = (): void => undefined;
  process.on("SIGINT", ignore);
  let done = false;
  try {
    await writeDriver(name, folder);
    for (const [path, text] of before) writeFileSync(join(ROOT, path), registered(path, text, name));
    run("node_modules/.bin/biome", ["check", "--write", `drivers/${name}`, "drivers/index.ts", "test/dev/devices.ts"], "pipe");
    run(process.execPath, ["test/dev/drivers-table.ts"], "pipe");
    run(process.execPath, ["test/dev/dev.ts", "driver-test", name], "inherit");
    done = true;
  } finally {
    process.off("SIGINT", ignore);
    if (!done) {
      rmSync(folder, { recursive: true, force: true });
      for (const [path, text] of [...before, [PAGE, page] as const]) writeFileSync(join(ROOT, path), text);
    }
  }
  process.stdout.write(NEXT(name));
  return 0;
}

const NEXT = (name: string): string => `
drivers/${name} is there, registered, and every proof holds. Next:
  1. drivers/${name}/README.md: the device's facts, numbered, with their sources
  2. drivers/${name}/emulator.ts: the device, from the paper alone;  driver.ts: what reads it;  captures: what a real one sent
  3. ./build.sh dev driver-test ${name}     after each step
     ./build.sh dev emulate ${name} --fault garbage,unplug@10s+3s
     ./build.sh check
`;

/** acme-spo2 → acmeSpo2, as the code calls it, and Acme Spo2, as a person does. */
const identifier = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
const title = (name: string): string =>
  name.replace(/(^|-)(.)/g, (_, dash: string, letter: string) => (dash === "" ? "" : " ") + letter.toUpperCase());

function fromTemplate(file: string, name: string): string {
  const type = identifier(name).replace(/^./, (letter) => letter.toUpperCase());
  return readFileSync(join(TEMPLATE, file), "utf8")
    .replaceAll("../../../drivers/kit/", "../kit/")
    .replaceAll("../../../config/", "../../config/")
    .replaceAll("vendor-model", name)
    .replaceAll("vendorModel", identifier(name))
    .replaceAll("VendorModel", type)
    .replaceAll("Vendor Model", title(name));
}

async function writeDriver(name: string, folder: string): Promise<void> {
  mkdirSync(join(folder, "captures"), { recursive: true });
  for (const file of ["driver.ts", "emulator.ts", "README.md"]) writeFileSync(join(folder, file), fromTemplate(file, name));
  const module = (await import(pathToFileURL(join(folder, "emulator.ts")).href)) as Readonly<Record<string, AnyEmulator>>;
  const emulator = module[`${identifier(name)}Emulator`]!;
  const note = "an emulated device; replace it by what a real one sent";
  const made = make({ name: "ordinary", note, emulator, state: emulator.start(1), lastMs: CAPTURE_MS });
  writeFileSync(join(folder, "captures", `${made.name}.capture.jsonl`), made.capture);
  writeFileSync(join(folder, "captures", `${made.name}.expected.jsonl`), made.expected);
}

const REGISTERS = ["drivers/index.ts", "test/dev/devices.ts"] as const;
/** Made of the registry. */
const PAGE = "drivers/README.md";

function registered(path: (typeof REGISTERS)[number], text: string, name: string): string {
  const word = identifier(name);
  switch (path) {
    case "drivers/index.ts":
      return imported(
        replaced(path, text, /(DRIVERS: readonly AnyDriver\[\] = \[[^\]]*?),?\s*\]/, `$1, ${word}]`),
        `{ ${word} } from "./${name}/driver.ts"`,
      );
    case "test/dev/devices.ts": {
      const row = `  "${name}": { emulator: ${word}Emulator, says: "${title(name)}" },`;
      const rows = replaced(path, text, /(const DEVICES[^=]*= \{[\s\S]*?)\n\};/, `$1\n${row}\n};`);
      return imported(rows, `{ ${word}Emulator } from "../../drivers/${name}/emulator.ts"`);
    }
  }
}
/** Behind the last import; the formatter puts it in its place. */
const imported = (text: string, what: string): string => text.replace(/((?:^import [^\n]*\n)+)/m, `$1import ${what};\n`);

function replaced(path: string, text: string, pattern: RegExp, by: string): string {
  const result = text.replace(pattern, by);
  if (result === text) throw new RangeError(`${path} has no place where a driver is registered; nothing was changed`);
  return result;
}

function run(command: string, words: readonly string[], output: "pipe" | "inherit"): void {
  const { status, error, stderr } = spawnSync(command, words, { cwd: ROOT, stdio: ["ignore", output, output], encoding: "utf8" });
  if (status === 0) return;
  const why = error?.message ?? stderr?.trim() ?? "";
  throw new RangeError(`${command} ${words.join(" ")} failed${why === "" ? "" : `: ${why}`}; everything is as it was before`);
}
