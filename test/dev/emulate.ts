import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Fault, type FaultScript, faultsOf, scriptOf, scriptText, seedOf, timeOf } from "../../drivers/kit/emulator-fault-words.ts";
import { startEmulatedDevice } from "../support/emulated-device.ts";
import { DEVICES, deviceNamed, type FaultyDevice, faulty } from "./devices.ts";

/** `./build.sh dev emulate`: a device on a pseudo-terminal, with whatever faults one wishes. */
export type EmulateWords = {
  readonly device: string | undefined;
  readonly fault: readonly string[];
  readonly script: string | undefined;
  readonly record: string | undefined;
  readonly seed: string | undefined;
  readonly for: string | undefined;
};
const SEED_USUAL = 1;

/** Refused words are answered with a text: what was wrong, and what was expected. */
export async function emulate(words: EmulateWords): Promise<number | string> {
  const script = words.script === undefined ? { faults: [] } : readScript(words.script);
  if ("mistake" in script) return script.mistake;
  const name = words.device ?? script.device;
  if (name === undefined) return "emulate needs a device, for example  ./build.sh dev emulate nonin";
  if (script.device !== undefined && script.device !== name) return `the script is for ${script.device}, not for ${name}`;
  const kind = deviceNamed(name);
  if (kind === undefined) return `there is no emulated device "${name}"; there are: ${Object.keys(DEVICES).join(", ")}`;
  const seed = words.seed === undefined ? (script.seed ?? SEED_USUAL) : seedOf(words.seed);
  if (seed === undefined) return `--seed takes a whole number from 0 to 4294967295, not "${words.seed}"`;
  const time = words.for === undefined ? undefined : timeOf(words.for);
  if (words.for !== undefined && time === undefined) return `--for takes a time such as 20s, 500ms or 2min, not "${words.for}"`;
  const faults: Fault[] = [...script.faults];
  for (const one of words.fault) {
    const read = faultsOf(one);
    if ("mistake" in read) return read.mistake;
    faults.push(...read.faults);
  }
  const played: FaultScript = { device: name, seed, faults };
  try {
    const device = faulty(kind.emulator, faults);
    if (words.record !== undefined) writeFileSync(words.record, scriptText(played));
    return await play(played, device, time);
  } catch (caught) {
    // What is wrong with the words, or with a file that they name.
    if (caught instanceof RangeError || isFileError(caught)) return (caught as Error).message;
    throw caught;
  }
}

const isFileError = (caught: unknown): boolean => caught instanceof Error && "syscall" in caught && "path" in caught;

function readScript(path: string): FaultScript | { readonly mistake: string } {
  try {
    const script = scriptOf(readFileSync(path, "utf8"));
    return "mistake" in script ? { mistake: `${path}, ${script.mistake}` } : script;
  } catch (caught) {
    return { mistake: `the script cannot be read: ${caught instanceof Error ? caught.message : String(caught)}` };
  }
}

async function play(script: FaultScript, { emulator, unplugs }: FaultyDevice, time: number | undefined): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "bedside-emulate-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const tell = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  tell(scriptText(script).trimEnd());
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
    if (time !== undefined) setTimeout(resolve, time);
  });
  const device = await startEmulatedDevice({
    emulator,
    seed: script.seed ?? SEED_USUAL,
    link: join(folder, script.device ?? emulator.id),
    unplugs,
    onFault: (what) => tell(`! ${what}`),
    onSent: (bytes) => tell(`→ ${Buffer.from(bytes).toString("hex")}`),
    onHeard: (bytes) => tell(`← ${Buffer.from(bytes).toString("hex")}`),
  });
  process.stdout.write(`${device.path}\n`);
  await stopped;
  await device.stop();
  tell(`${device.bytesSent()} bytes left, ${device.bytesHeard()} were heard; ${device.ledger.length} units left whole`);
  return 0;
}
