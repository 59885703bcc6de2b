import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Capture, readCapture } from "../../agent/capture/capture-file.ts";
import { driverById } from "../../drivers/index.ts";
import { type Fault, type FaultScript, faultsOf, scriptOf, scriptText, seedOf, timeOf } from "../../drivers/kit/emulator-fault-words.ts";
import { type EmulatedDevice, startEmulatedDevice } from "../support/emulated-device.ts";
import { startEmulatedMonitor } from "../support/emulated-monitor.ts";
import { DEVICES, deviceNamed, type FaultyDevice, faulty } from "./devices.ts";
import { type Playback, playback } from "./playback.ts";

/** `./build.sh dev emulate`: a device on a pseudo-terminal, with whatever faults one wishes. */
export type EmulateWords = {
  readonly device: string | undefined;
  readonly fault: readonly string[];
  readonly script: string | undefined;
  readonly record: string | undefined;
  readonly seed: string | undefined;
  readonly for: string | undefined;
  readonly speed?: string | undefined;
  /** On the network instead. */
  readonly udp?: boolean | undefined;
};
const SEED_USUAL = 1;

/** Refused words are answered with a text: what was wrong, and what was expected. */
export async function emulate(words: EmulateWords): Promise<number | string> {
  if (words.device?.endsWith(".jsonl") === true) return emulateCapture(words.device, words);
  if (words.speed !== undefined) return "--speed goes with a capture; a device has its own";
  const script = words.script === undefined ? { faults: [] } : readScript(words.script);
  if ("mistake" in script) return script.mistake;
  const name = words.device ?? script.device;
  if (name === undefined) return "emulate needs a device, for example  ./build.sh dev emulate nonin";
  if (script.device !== undefined && script.device !== name) return `the script is for ${script.device}, not for ${name}`;
  const kind = deviceNamed(name);
  if (kind === undefined) return `there is no emulated device "${name}"; there are: ${Object.keys(DEVICES).join(", ")}`;
  if (words.udp === true && driverById(kind.emulator.id)?.lan === undefined)
    return `${name} is on no network: --udp is for philips-intellivue`;
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
    return words.udp === true ? await playUdp(played, device, time) : await play(played, device, time);
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
  tell(scriptText(script).trimEnd());
  const stopped = untilStopped(time);
  const device = await startEmulatedDevice({
    emulator,
    seed: script.seed ?? SEED_USUAL,
    link: join(ownFolder(), script.device ?? emulator.id),
    unplugs,
    onFault: (what) => tell(`! ${what}`),
    ...TOLD,
  });
  process.stdout.write(`${device.path}\n`);
  await stopped;
  await device.stop();
  tellEnd(device);
  return 0;
}

/** Prints its address, as  udp:  under  ports:  takes it. */
async function playUdp(script: FaultScript, { emulator, unplugs }: FaultyDevice, time: number | undefined): Promise<number> {
  if (unplugs.length > 0) throw new RangeError("nothing can be unplugged on the network");
  tell(scriptText(script).trimEnd());
  const stopped = untilStopped(time);
  const monitor = await startEmulatedMonitor({ emulator, seed: script.seed ?? SEED_USUAL, onFault: (what) => tell(`! ${what}`), ...TOLD });
  process.stdout.write(`${monitor.address}\n`);
  await stopped;
  await monitor.stop();
  tell(`${monitor.sent.length} datagrams left, ${monitor.heard.length} were heard`);
  return 0;
}

// ── A capture ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** From the last byte to the end of the port: who reads it has read it then. */
const END_MS = 1000;
const LOOK_MS = 20;

/** Exit code 1 where the device was not asked what the recorded one was asked. */
async function emulateCapture(path: string, { fault, script, record, seed, for: forText, speed }: EmulateWords): Promise<number | string> {
  if (fault.length > 0 || [script, record, seed].some((one) => one !== undefined))
    return "a capture is played as it is: no --fault, --script, --record or --seed";
  const faster = speed === undefined ? 1 : Number(speed);
  if (!(faster > 0 && faster <= FASTER_MAX)) return `--speed takes a number up to ${FASTER_MAX}: 2 is twice as fast as recorded`;
  const time = forText === undefined ? undefined : timeOf(forText);
  if (forText !== undefined && time === undefined) return `--for takes a time such as 20s, 500ms or 2min, not "${forText}"`;
  try {
    const capture = readCapture(readFileSync(path, "utf8"));
    return "mistake" in capture ? `${path}, ${capture.mistake}` : await playCapture(capture, faster, time);
  } catch (caught) {
    if (isFileError(caught)) return (caught as Error).message;
    throw caught;
  }
}
const FASTER_MAX = 100;

async function playCapture(capture: Capture, faster: number, time: number | undefined): Promise<number> {
  let device: EmulatedDevice | undefined;
  const emulator = playback(capture, { faster, held: () => (device?.holders() ?? []).length > 0 });
  let state: Playback = emulator.start(0);
  const watched = { ...emulator, step: (...given: Parameters<typeof emulator.step>) => seen(emulator.step(...given)) };
  const seen = (turn: ReturnType<typeof emulator.step>) => {
    ({ state } = turn);
    return turn;
  };
  const stopped = untilStopped(time);
  device = await startEmulatedDevice({
    emulator: watched,
    seed: 0,
    link: join(ownFolder(), emulator.id),
    onFault: (what) => tell(`! ${what}`),
    ...TOLD,
  });
  process.stdout.write(`${device.path}\n`);
  await Promise.race([stopped, untilOver(() => state.phase === "ended" || state.phase === "failed")]);
  if (state.phase === "ended") await Promise.race([stopped, untilOver(quietFor(device, END_MS))]);
  await device.stop();
  tellEnd(device);
  if (state.phase === "failed") tell(`FAILED: ${state.failed}`);
  else tell(state.phase === "ended" ? "The capture has ended." : "Ended before the capture.");
  return state.phase === "failed" ? 1 : 0;
}

/** Resolves when it is so; never, where it is never so, which keeps nothing from ending. */
const untilOver = (so: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!so()) return;
      clearInterval(timer);
      resolve();
    }, LOOK_MS);
    timer.unref();
  });

/** Whether nothing has left for so long. */
function quietFor(device: EmulatedDevice, ms: number): () => boolean {
  let sent = device.bytesSent();
  let since = Date.now();
  return () => {
    if (device.bytesSent() !== sent) {
      sent = device.bytesSent();
      since = Date.now();
    }
    return Date.now() - since >= ms;
  };
}

// ── Both ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const tell = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
const TOLD = {
  onSent: (bytes: Uint8Array) => tell(`→ ${Buffer.from(bytes).toString("hex")}`),
  onHeard: (bytes: Uint8Array) => tell(`← ${Buffer.from(bytes).toString("hex")}`),
};
const tellEnd = (device: EmulatedDevice): void =>
  tell(`${device.bytesSent()} bytes left, ${device.bytesHeard()} were heard; ${device.ledger.length} units left whole`);

function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bedside-emulate-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const untilStopped = (time: number | undefined): Promise<void> =>
  new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
    if (time !== undefined) setTimeout(resolve, time);
  });
